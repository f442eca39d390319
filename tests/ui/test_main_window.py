"""The window as a whole: the way from opening to exporting, by mouse and by keyboard."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from viewer.app.row_model import Column
from viewer.dicom.catalog import Instance
from viewer.dicom.decisions import Action
from viewer.pixels.regions import Box, ScopeKind
from viewer.rules.profiles import BASIC
from viewer.ui.main_window import MainWindow

Answer = QMessageBox.StandardButton


def first(window: MainWindow, modality: str) -> Instance:
    return next(i for i in window.workspace.catalog.instances if i.modality == modality)


def visible_texts(window: MainWindow) -> str:
    """Return everything that can be read in the window, but for the picture."""
    found = [widget.text() for widget in window.findChildren(QLabel)]
    found += [widget.text() for widget in window.findChildren(QAbstractButton)]
    tree = window.studies.tree
    for n in range(tree.topLevelItemCount()):
        top = tree.topLevelItem(n)
        found += [top.text(0), top.toolTip(0), *(top.child(c).text(0) for c in range(top.childCount()))]
    for view in (window.lists.boxes, window.lists.findings, window.lists.report, window.left.list):
        found += [view.item(n).text() for n in range(view.count())]
    model = window.tags.model
    for row in range(model.rowCount()):
        for column in Column:
            cell = model.index(row, column)
            found += [str(cell.data()), str(cell.data(Qt.ItemDataRole.ToolTipRole))]
    return "\n".join([*found, window.windowTitle(), window.statusBar().currentMessage()])


def test_dropped_files_are_opened(window: MainWindow, qtbot: QtBot, sample: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(sample / "ultrasound"))])
    drop = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    with qtbot.waitSignal(window.workspace.catalog_changed):
        window.dropEvent(drop)
    assert [i.modality for i in window.workspace.catalog.instances] == ["US"]


def test_the_way_to_export_is_next_looked_at_until_nothing_is_left(opened: MainWindow) -> None:
    for left in (3, 2, 1):
        assert str(left) in opened.next_button.text()
        assert opened.left.title.text() == f"{left} left to do"
        assert not opened.export_button.isEnabled()
        opened.next_button.click()
        opened.studies.seen.click()
    assert opened.export_button.isEnabled()
    assert opened.left.title.text() == "✓ Nothing left to do"
    assert not opened.studies.seen.isEnabled()


def test_one_image_is_marked_and_unmarked(opened: MainWindow) -> None:
    image = opened.workspace.selection.instance
    opened.images.seen.click()
    assert image.sop_instance_uid in opened.workspace.recipe.reviewed
    assert opened.images.seen.text().startswith("✓")
    opened.images.seen.click()
    assert opened.workspace.recipe.reviewed == frozenset()


def test_the_list_leads_to_its_place(opened: MainWindow) -> None:
    entry = opened.left.list.item(0)
    opened.left.list.setCurrentItem(entry)
    opened.left.list.itemClicked.emit(entry)
    assert opened.workspace.selection.instance.modality == "US"


def test_setting_aside_asks_for_a_reason(opened: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("seen on the console", True))
    assert not opened.left.aside.isEnabled()
    opened.left.list.setCurrentRow(0)
    opened.left.aside.click()
    assert [w.reason for w in opened.workspace.recipe.waivers] == ["seen on the console"]
    assert "set aside: seen on the console" in visible_texts(opened)
    opened.workspace.history.undo()
    assert opened.workspace.recipe.waivers == ()


def test_a_reason_that_is_not_given_sets_nothing_aside(
    opened: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("", False))
    opened.set_aside()
    assert len(opened.workspace.blockers()) == 3


def test_the_mask_hides_the_patient_everywhere(opened: MainWindow, qtbot: QtBot) -> None:
    opened.tags._show.setCurrentIndex(0)
    assert "Zhang" in visible_texts(opened)
    opened.mask_action.setChecked(True)
    text = visible_texts(opened)
    for word in ("Zhang", "张三", "李梅", "Müller", "0100482917", "示例市", "19611203"):
        assert word not in text, word


def test_names_of_refused_files_are_masked_too(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "Zhang San.txt").write_text("no image")
    with qtbot.waitSignal(window.workspace.noticed):
        window.open_paths([folder])
    assert "Zhang San.txt" in visible_texts(window)
    window.mask_action.setChecked(True)
    assert "Zhang" not in visible_texts(window)


def test_undo_and_redo_by_key(opened: MainWindow, qtbot: QtBot) -> None:
    opened.workspace.add_region(Box(1, 1, 50, 50), ScopeKind.IMAGE)
    opened.activateWindow()
    QTest.keyClick(opened, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert opened.workspace.recipe.regions == ()
    QTest.keyClick(opened, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert len(opened.workspace.recipe.regions) == 1


def test_a_drawn_box_is_one_step_and_reaches_as_far_as_chosen(opened: MainWindow, qtbot: QtBot) -> None:
    view = opened.images.before
    opened.images.scope.setCurrentIndex(opened.images.scope.findData(ScopeKind.IMAGE))
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    for step in range(1, 6):
        QTest.mouseMove(view, QPoint(200 + 10 * step, 200 + 10 * step))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(260, 260))
    (region,) = opened.workspace.recipe.regions
    assert region.scope.kind is ScopeKind.IMAGE
    assert opened.workspace.history.count() == 1
    assert opened.lists.boxes.count() == 1
    assert "this image" in opened.lists.boxes.item(0).text()


def test_a_box_is_jumped_to_and_removed_from_the_list(opened: MainWindow) -> None:
    workspace = opened.workspace
    workspace.select(first(opened, "US"), 5)
    workspace.add_region(Box(1, 1, 9, 9), ScopeKind.FRAME)
    workspace.select(first(opened, "CT"))
    entry = opened.lists.boxes.item(0)
    opened.lists.boxes.setCurrentItem(entry)
    opened.lists.boxes.itemClicked.emit(entry)
    assert (workspace.selection.instance.modality, workspace.selection.frame) == ("US", 5)
    opened.lists.boxes.setCurrentRow(0)
    opened.lists._remove.click()
    assert workspace.recipe.regions == ()


@pytest.mark.parametrize(("answer", "modalities"), [(Answer.No, 3), (Answer.Yes, 1)])
def test_boxes_and_marks_are_not_put_away_without_asking(
    opened: MainWindow, qtbot: QtBot, sample: Path, monkeypatch: pytest.MonkeyPatch, answer, modalities: int
) -> None:
    asked = []
    monkeypatch.setattr(QMessageBox, "question", lambda *a: asked.append(a[2]) or answer)
    opened.workspace.add_region(Box(1, 1, 9, 9), ScopeKind.IMAGE)
    opened.open_paths([sample / "ultrasound"])
    qtbot.wait(300)
    assert "boxes 1" in asked[0]
    assert len({i.modality for i in opened.workspace.catalog.instances}) == modalities


def test_changing_the_profile_says_that_choices_went_with_it(opened: MainWindow) -> None:
    opened.workspace.override("KVP", Action.REMOVE)
    assert "changed" in opened.profile.currentText()
    index = opened.profile.findText(BASIC.name)
    opened.profile.setCurrentIndex(index)
    opened.profile.activated.emit(index)
    assert opened.workspace.recipe.profile == BASIC
    assert "Undo brings them back" in opened.notice.label.text()
    assert opened.notice.isVisible()
    opened.workspace.history.undo()
    assert len(opened.workspace.recipe.profile.overrides) == 1


def test_next_and_export_stay_in_sight_in_a_narrow_window(opened: MainWindow, qtbot: QtBot) -> None:
    for width in (1440, 1100, 900):
        opened.resize(width, 700)
        qtbot.wait(20)
        for button in (opened.next_button, opened.export_button):
            corner = button.mapTo(opened, button.rect().topRight())
            assert button.isVisible()
            assert corner.x() < opened.width()


def test_choices_are_remembered_but_nothing_of_a_patient(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    opened.workspace.set_profile(BASIC)
    opened.dark.trigger()
    opened.resize(1000, 640)
    opened.close()
    text = (tmp_path / "settings.json").read_text(encoding="utf-8")
    saved = json.loads(text)
    assert (saved["profile"], saved["dark"]) == ("PS3.15 Basic", True)
    assert "Zhang" not in text
    again = MainWindow(opened.workspace, tmp_path / "settings.json")
    qtbot.addWidget(again)
    assert again.workspace.recipe.profile == BASIC
    assert again.dark.isChecked()
    assert again.height() == 640
    again.set_dark(False)


def test_reading_can_be_stopped(opened: MainWindow, qtbot: QtBot, sample: Path) -> None:
    before = opened.workspace.catalog
    opened.open_paths([sample])
    assert opened._stop.isVisible()
    opened._stop.click()
    qtbot.wait(300)
    assert opened.workspace.catalog is before
    assert not opened._busy.isVisible()


def test_what_can_be_operated_has_a_name(opened: MainWindow) -> None:
    nameless = [
        widget
        for kind in (QAbstractButton, QComboBox, QLineEdit)
        for widget in opened.findChildren(kind)
        if widget.isVisible() and not named(widget)
    ]
    assert nameless == []


def named(widget: QWidget) -> bool:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    own = bool(widget.accessibleName() or text or widget.toolTip())
    inner = isinstance(widget.parentWidget(), (QLineEdit, QComboBox)) or widget.objectName().startswith("qt_")
    return own or inner
