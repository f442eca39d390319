# Everything a person or a build machine runs. Needs make and Python 3.11 or newer; the rest is set up in .venv/.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOOKS := $(CURDIR)/looks
OFFSCREEN := QT_QPA_PLATFORM=offscreen DEID_LOOKS="$(LOOKS)"

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test venv lint bench freeze looks sample icons requirements clean distclean
.PHONY: system-run system-test system-freeze

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: venv system-run ## open the bundled sample study (without a display: clean it and print the report)
	$(BIN)/python -m viewer demo

test: venv system-test ## all checks: style, types, imports, tests
	@$(MAKE) --no-print-directory lint
	$(OFFSCREEN) $(BIN)/python -m pytest -m "not bench"

lint: venv ## ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

looks: venv system-test ## grab the pictures of the window into looks/
	$(OFFSCREEN) $(BIN)/python -m pytest tests/looks

bench: venv system-test ## the benchmarks, as one table
	$(OFFSCREEN) $(BIN)/python -m pytest tests/bench -m bench --benchmark-sort=name \
		--benchmark-columns=min,median,max,iqr,ops,rounds

freeze: venv system-freeze ## dist/deid-viewer/, a program that needs no Python, and its self-test
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
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header -c requirements.in pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header -c requirements.in -c requirements.txt --extra dev pyproject.toml -o requirements-dev.txt

system-run system-test system-freeze: system-%:
	@sh .ci/system $*

clean: ## remove what was built or grabbed
	rm -rf build dist looks .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .benchmarks .hypothesis
	find viewer tests resources -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove the environment too
	rm -rf $(VENV)
