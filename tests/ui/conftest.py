"""The window over the sample study."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from viewer.app.workspace import Workspace
from viewer.rules.profiles import shipped_profiles
from viewer.rules.surrogates import Keyring
from viewer.ui.main_window import MainWindow


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """The window of a new user: own settings, own key, light theme."""
    made = MainWindow(Workspace(Keyring(b"k" * 32), shipped_profiles()[0]), tmp_path / "settings.json")
    made.set_dark(False)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()


@pytest.fixture
def opened(window: MainWindow, qtbot: QtBot, sample: Path) -> MainWindow:
    """The window with the chest film of the sample study selected and its tags shown."""
    with qtbot.waitSignal(window.workspace.catalog_changed):
        window.open_paths([sample])
    film = next(i for i in window.workspace.catalog.instances if i.modality == "DX")
    with qtbot.waitSignal(window.tags.rows_shown):  # not those of the image that was selected first
        window.workspace.select(film)
    qtbot.waitUntil(lambda: window.tags.model.rowCount() > 0 and window.images.before.picture_shown)
    return window
