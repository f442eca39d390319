"""The real window, grabbed into the looks folder so that a person can judge it; each test also probes it."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QMessageBox

from viewer.app.row_model import Column
from viewer.app.workspace import Workspace
from viewer.dicom.decisions import Action
from viewer.pixels.regions import Box, ScopeKind
from viewer.resources import resource
from viewer.rules.profiles import shipped_profiles
from viewer.rules.surrogates import Keyring
from viewer.ui.main import show_unexpected
from viewer.ui.main_window import MainWindow
from viewer.ui.options_dialog import OptionsDialog


@pytest.fixture
def window(qtbot, tmp_path):
    """The window as a new user gets it, with its own settings and key."""
    made = MainWindow(Workspace(Keyring(b"looks" * 8), shipped_profiles()[0]), tmp_path / "settings.json")
    qtbot.addWidget(made)
    made.set_dark(False)
    made.show()
    yield made
    made.close()


def opened(qtbot, window, *paths):
    window.open_paths(list(paths or [resource("sample")]))
    qtbot.waitUntil(lambda: window.images.before.picture_shown and window.tags.model.rowCount() > 0)
    settled(qtbot, window)


def settled(qtbot, window):
    """Wait for thumbnails and the last paint."""
    qtbot.wait(400)
    QApplication.processEvents()


def choose(qtbot, window, modality):
    for study in window.workspace.catalog.studies:
        for series in study.series:
            if series.modality == modality:
                window.workspace.select_series(series)
                qtbot.waitUntil(lambda: window.images.before.picture_shown)
                settled(qtbot, window)
                return series
    raise AssertionError(f"the sample has no {modality}")


def film(qtbot, window):
    for modality in ("DX", "CR"):
        if any(s.modality == modality for t in window.workspace.catalog.studies for s in t.series):
            return choose(qtbot, window, modality)
    raise AssertionError("the sample has no film")


def test_empty_window(qtbot, window, grab):
    assert not window.export_button.isEnabled()
    assert window.tags.model.rowCount() == 0
    grab(window, "01-empty")


def test_chest_film_with_boxes(qtbot, window, grab):
    opened(qtbot, window)
    series = film(qtbot, window)
    image = series.instances[0]
    window.workspace.add_region(Box(20, 20, image.columns // 3, image.rows // 9), ScopeKind.IMAGE)
    window.workspace.add_region(Box(image.columns - 300, image.rows - 90, 280, 70), ScopeKind.SERIES)
    table = window.tags.table
    table.setCurrentIndex(window.tags.model.index(3, Column.OLD))
    settled(qtbot, window)
    assert window.lists.boxes.count() == 2
    names = [window.tags.model.index(r, Column.NAME).data() for r in range(window.tags.model.rowCount())]
    assert "Patient's Name" in [n.strip() for n in names]
    grab(window, "02-chest-film")
    window.images.set_view(2)
    settled(qtbot, window)
    grab(window, "02b-side-by-side")
    window.resize(QSize(1100, 700))
    settled(qtbot, window)
    grab(window, "02c-small-window")


def test_chinese_study(qtbot, window, grab):
    opened(qtbot, window)
    film(qtbot, window)
    old = {
        window.tags.model.index(r, Column.NAME).data(): window.tags.model.index(r, Column.OLD).data()
        for r in range(window.tags.model.rowCount())
    }
    assert any("\u4e00" <= c <= "\u9fff" for c in old["Patient's Name"])
    grab(window, "03-chinese")


def test_ultrasound_loop(qtbot, window, grab):
    opened(qtbot, window)
    series = choose(qtbot, window, "US")
    window.workspace.select(series.instances[0], 4)
    qtbot.waitUntil(lambda: window.images.before.picture_shown)
    settled(qtbot, window)
    assert window.images.bar.count == series.frames > 1
    assert window.images.bar.frame == 4
    grab(window, "04-ultrasound")


def test_blockers(qtbot, window, grab):
    opened(qtbot, window)
    waiting = window.workspace.blockers()
    assert waiting
    assert not window.export_button.isEnabled()
    window.show_next()
    settled(qtbot, window)
    assert window.statusBar().currentMessage() == waiting[0].sentence
    grab(window, "05-blockers")
    for study in window.workspace.catalog.studies:
        for series in study.series:
            window.workspace.mark_reviewed(series.instances)
    settled(qtbot, window)
    assert window.export_button.isEnabled()
    grab(window, "05b-nothing-left")


def test_export(qtbot, window, grab, tmp_path):
    opened(qtbot, window)
    dialog = window.export_dialog()
    qtbot.addWidget(dialog)
    dialog.show()
    grab(dialog, "06-export-choose")
    dialog.folder.setText(str(tmp_path / "教学病例" / "cleaned"))
    seen = []
    show = dialog._progress

    def watched(done, total):
        show(done, total)
        if done == total // 2 and not seen:
            seen.append(done)
            grab(dialog, "06b-export-during")

    dialog._progress = watched
    dialog.begin()
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == 2, timeout=30_000)
    assert seen
    report = window.workspace.report
    assert report is not None
    assert report.counts["written"] == sum(1 for _ in window.workspace.catalog.instances)
    assert len(list(Path(tmp_path).rglob("*.dcm"))) == report.counts["written"]
    grab(dialog, "07-export-after")
    grab(window, "07b-report")


def test_export_into_the_source_is_refused(qtbot, window, grab):
    opened(qtbot, window)
    dialog = window.export_dialog()
    qtbot.addWidget(dialog)
    dialog.show()
    source = next(window.workspace.catalog.instances).source.path.parent
    dialog.folder.setText(str(source))
    dialog.begin()
    assert dialog.pages.currentIndex() == 0
    grab(dialog, "08-export-refused")


def test_unexpected_error(qtbot, window, grab, monkeypatch):
    shown = []

    def instead(box):
        box.show()
        shown.append(box)
        grab(box, "08b-error")
        return 0

    monkeypatch.setattr(QMessageBox, "exec", instead)
    try:
        raise RuntimeError("ZHANG SAN")
    except RuntimeError as error:
        show_unexpected(type(error), error, error.__traceback__)
    assert "ZHANG" not in shown[0].detailedText() + shown[0].text() + shown[0].informativeText()


def test_nothing_found(qtbot, window, grab, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    window.open_paths([tmp_path])
    qtbot.waitUntil(lambda: "No DICOM" in window.statusBar().currentMessage())
    window.lists.setCurrentIndex(1)
    grab(window, "08c-nothing-found")
    assert window.lists.findings.count() == 2


def test_dark_theme_and_mask(qtbot, window, grab):
    opened(qtbot, window)
    film(qtbot, window)
    window.set_dark(True)
    window.set_masked(True)
    settled(qtbot, window)
    values = [window.tags.model.index(r, Column.OLD).data() for r in range(window.tags.model.rowCount())]
    assert not any("ZHANG" in v.upper() for v in values)
    grab(window, "09-dark-masked")
    window.set_dark(False)


def test_options(qtbot, window, grab):
    opened(qtbot, window)
    dialog = OptionsDialog(window.workspace, window)
    qtbot.addWidget(dialog)
    dialog.show()
    before = window.workspace.recipe
    grab(dialog, "10-options")
    next(iter(dialog.switches.values())).click()
    assert window.workspace.recipe != before
    window.workspace.history.undo()
    assert window.workspace.recipe == before


def test_tags_over_a_series(qtbot, window, grab):
    opened(qtbot, window)
    choose(qtbot, window, "CT")
    window.tags.show_series(True)
    qtbot.waitUntil(
        lambda: any(
            "different values" in window.tags.model.index(r, Column.OLD).data()
            for r in range(window.tags.model.rowCount())
        )
    )
    window.workspace.override("StudyDescription", Action.KEEP)
    settled(qtbot, window)
    grab(window, "11-series-tags")
