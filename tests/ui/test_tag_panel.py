"""The tag table as it is used: choices become verbs, and scrolling does not wait for tags."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QInputDialog
from pytestqt.qtbot import QtBot

from viewer.app.row_model import Column, Show
from viewer.dicom.decisions import Action
from viewer.ui.main_window import MainWindow
from viewer.ui.tag_panel import TagPanel


@pytest.fixture(autouse=True)
def no_popups(monkeypatch: pytest.MonkeyPatch) -> None:
    """The offscreen screen cannot open lists; what is chosen from them is tested without."""
    monkeypatch.setattr(QComboBox, "showPopup", lambda _self: None)


def row_of(panel: TagPanel, tag: str) -> int:
    model = panel.model
    return next(r for r in range(model.rowCount()) if model.index(r, Column.TAG).data() == tag)


def shown(panel: TagPanel, tag: str, column: Column) -> str:
    return str(panel.model.index(row_of(panel, tag), column).data())


def choose(panel: TagPanel, tag: str, word: str) -> None:
    """Open the list in the Action cell, as a click does, and take a word from it."""
    cell = panel.model.index(row_of(panel, tag), Column.ACTION)
    panel.table.setCurrentIndex(cell)
    panel.table.clicked.emit(cell)
    box = panel.table.findChildren(QComboBox)[-1]
    assert box.currentText() == cell.data(), "it starts at what is"
    box.setCurrentText(word)
    box.activated.emit(box.currentIndex())


def test_an_action_is_chosen_in_the_row_and_can_be_undone(opened: MainWindow) -> None:
    panel = opened.tags
    choose(panel, "(0008,0080)", "keep")
    (override,) = opened.workspace.recipe.profile.overrides
    assert (override.selector, override.action) == ("(0008,0080)", Action.KEEP)
    assert shown(panel, "(0008,0080)", Column.NEW) == shown(panel, "(0008,0080)", Column.OLD)
    opened.workspace.history.undo()
    assert shown(panel, "(0008,0080)", Column.ACTION) == "remove"


def test_replace_asks_for_the_value(opened: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("教学病例 7", True))
    choose(opened.tags, "(0008,1030)", "replace")
    assert shown(opened.tags, "(0008,1030)", Column.NEW) == "教学病例 7"


def test_replace_without_a_value_changes_nothing(opened: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("", True))
    choose(opened.tags, "(0010,0030)", "replace")
    assert opened.workspace.recipe.profile.overrides == ()


def test_back_to_the_profiles_choice(opened: MainWindow) -> None:
    choose(opened.tags, "(0008,0080)", "keep")
    choose(opened.tags, "(0008,0080)", "back to profile")
    assert opened.workspace.recipe.profile.overrides == ()
    assert shown(opened.tags, "(0008,0080)", Column.ACTION) == "remove"


def test_a_choice_for_a_private_element_names_its_creator(opened: MainWindow) -> None:
    choose(opened.tags, "(0019,1002)", "keep")
    (override,) = opened.workspace.recipe.profile.overrides
    assert override.selector == "(0019,xx02)@SAMPLE VENDOR 1.0"


def test_why_is_told_below_the_table(opened: MainWindow) -> None:
    panel = opened.tags
    panel.table.selectRow(row_of(panel, "(0010,0010)"))
    assert "Patient's Name" in panel._why.text()
    assert "PS3.15" in panel._why.text()


def test_old_and_new_are_both_in_sight_at_any_width(opened: MainWindow, qtbot: QtBot) -> None:
    for width, height in ((1440, 900), (1100, 700)):
        opened.resize(width, height)
        qtbot.wait(20)
        table = opened.tags.table
        right = table.columnViewportPosition(Column.NEW) + 40
        assert 0 < right < table.viewport().width()


def test_scrolling_does_not_read_tags_until_it_rests(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, panel = opened.workspace, opened.tags
    calls = []
    inspected = workspace.inspected
    monkeypatch.setattr(workspace, "inspected", lambda: calls.append(1) or inspected())
    series = next(s for t in workspace.catalog.studies for s in t.series if s.modality == "CT")
    for instance in series.instances:
        workspace.select(instance)
    assert calls == []
    qtbot.waitUntil(lambda: bool(calls))
    panel.model.set_show(Show.ALL)
    qtbot.waitUntil(
        lambda: shown(panel, "(0020,0013)", Column.OLD) == str(series.instances[-1].instance_number)
    )


def test_a_series_is_summed_up_once_while_scrolling_through_it(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, panel = opened.workspace, opened.tags
    series = next(s for t in workspace.catalog.studies for s in t.series if s.modality == "CT")
    workspace.select(series.instances[0])
    sums = []
    series_rows = workspace.series_rows
    monkeypatch.setattr(workspace, "series_rows", lambda done: sums.append(1) or series_rows(done))
    panel.show_series(True)
    qtbot.waitUntil(lambda: "12 different" in shown(panel, "(0008,0018)", Column.OLD))
    for instance in series.instances:
        workspace.select(instance)
    qtbot.wait(100)
    assert len(sums) == 1
    panel.show_series(False)
    qtbot.waitUntil(lambda: "different" not in shown(panel, "(0008,0018)", Column.OLD))


def test_a_sum_that_comes_late_does_not_replace_the_rows_of_an_image(
    opened: MainWindow, qtbot: QtBot, sample: Path
) -> None:
    opened.tags.show_series(True)
    opened.tags.show_series(False)
    qtbot.wait(200)
    assert "different" not in shown(opened.tags, "(0008,0018)", Column.OLD)
