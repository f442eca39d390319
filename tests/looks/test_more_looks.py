"""More pictures of the real window: narrow, own choices, refused files, work set aside."""

from pathlib import Path

import pytest

from viewer.app.row_model import Column
from viewer.app.workspace import Workspace
from viewer.dicom.decisions import Action
from viewer.pixels.regions import Box, ScopeKind
from viewer.rules.profiles import shipped_profiles
from viewer.rules.surrogates import Keyring
from viewer.ui.main_window import MainWindow


@pytest.fixture
def window(qtbot, tmp_path):
    made = MainWindow(Workspace(Keyring(b"looks" * 8), shipped_profiles()[0]), tmp_path / "settings.json")
    qtbot.addWidget(made)
    made.set_dark(False)
    made.show()
    yield made
    made.close()


def show(qtbot, window, folder, modality):
    with qtbot.waitSignal(window.workspace.catalog_changed):
        window.open_paths([folder])
    window.workspace.select(next(i for i in window.workspace.catalog.instances if i.modality == modality))
    qtbot.waitUntil(lambda: window.images.before.picture_shown and window.tags.model.rowCount() > 0)
    qtbot.wait(400)


def test_narrow_window(qtbot, window, grab, sample):
    show(qtbot, window, sample, "US")
    window.workspace.add_region(Box(0, 0, 480, 24), ScopeKind.SERIES)
    window.workspace.waive(window.workspace.blockers()[1], "looked at on the console")
    window.resize(860, 600)
    qtbot.wait(200)
    grab(window, "12-narrow")
    assert window.export_button.mapTo(window, window.export_button.rect().topRight()).x() < window.width()
    assert window.tags.table.columnViewportPosition(Column.NEW) > 0


def test_own_choices(qtbot, window, grab, sample):
    show(qtbot, window, sample, "DX")
    window.workspace.override("(0008,0080)", Action.KEEP)
    window.workspace.override("(0010,0010)", Action.REPLACE, "教学病例 7")
    model = window.tags.model
    row = next(r for r in range(model.rowCount()) if model.index(r, Column.TAG).data() == "(0010,0010)")
    window.tags.table.selectRow(row)
    window.images.set_view(1)
    qtbot.wait(200)
    grab(window, "13-own-choices")
    assert model.index(row, Column.NEW).data() == "教学病例 7"
    assert "changed" in window.profile.currentText()


def test_refused_files(qtbot, window, grab, sample, tmp_path):
    folder = tmp_path / "病例"
    folder.mkdir()
    film = Path(sample / "chest-film" / "IM0001.dcm").read_bytes()
    (folder / "胸片.dcm").write_bytes(film)
    (folder / "报告.txt").write_text("no image")
    (folder / "empty.dcm").write_bytes(b"")
    show(qtbot, window, folder, "DX")
    window.lists.setCurrentIndex(1)
    grab(window, "14-refused-files")
    lines = [window.lists.findings.item(n).text() for n in range(window.lists.findings.count())]
    assert any("报告.txt" in line for line in lines)
    assert any("empty" in line for line in lines)
