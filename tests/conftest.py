"""What every test gets: an offscreen screen, repeatable examples, a place for pictures, the corpus."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

ROOT = Path(__file__).resolve().parents[1]

# Before anything imports Qt: a test run must never open windows on somebody's desktop.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# The same examples each time, so that what fails on a build machine fails here too; slowness is no failure.
# `HYPOTHESIS_PROFILE=search` looks for new counterexamples.
_patient = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", derandomize=True, print_blob=True, max_examples=60, **_patient)
settings.register_profile("search", max_examples=1000, **_patient)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def _looks_folder() -> Path:
    return Path(os.environ.get("DEID_LOOKS", ROOT / "looks"))


@pytest.fixture(scope="session")
def looks() -> Path:
    """The folder where pictures of the window are kept for a person to look at."""
    folder = _looks_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def grab(looks: Path) -> Callable[["QWidget", str], Path]:
    """`grab(widget, name)` saves what the widget shows as looks/name.png and returns the path."""

    def save(widget: "QWidget", name: str) -> Path:
        path = looks / f"{name}.png"
        assert widget.grab().save(str(path)), f"the picture {name} could not be written"
        return path

    return save


@pytest.fixture(autouse=True)
def garbage_between_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Windows of former tests are not taken apart in the middle of a test: see viewer/app/garbage.py."""
    if not {"qtbot", "qapp"} & set(request.fixturenames):
        yield
        return
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def without_text_search(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only tests marked `text` search pixels: what the others are about must not depend on what it finds."""
    if request.node.get_closest_marker("text") is None:
        for name in ("viewer.app.text_search", "viewer.app.workspace"):
            if name in sys.modules:
                monkeypatch.setattr(
                    f"{name}.text_search_trouble", lambda: "The text search is not installed."
                )


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real DICOM files, which does not come with the project."""
    folder = Path(os.environ.get("DEID_CORPUS", ROOT / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip("The larger corpus is not here; set DEID_CORPUS to its folder to run this test.")
    return folder


@pytest.fixture(scope="session")
def sample() -> Path:
    """The sample study that comes with the program (read-only)."""
    return ROOT / "resources" / "sample"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the folder of the pictures, so that somebody looks at them."""
    pictures = sorted(_looks_folder().glob("*.png"))
    if pictures:
        terminalreporter.write_line(f"{len(pictures)} pictures of the window are in {_looks_folder()}")
