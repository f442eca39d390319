"""The tag table's model: filters, classes, mask, choices."""

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from viewer.app.row_model import ACTION_WORDS, SHAPES, WORDS, Column, RowModel, Show
from viewer.dicom.decisions import Action, Identity
from viewer.rules.rows import Row

DIRECT, QUASI, HARMLESS = Identity.DIRECT, Identity.QUASI, Identity.HARMLESS
NAME = Row(
    (0x100010,), "(0010,0010)", "Patient's Name", "PN", "张^三", "ANON-7F", Action.REPLACE, DIRECT, "w"
)
DATE = Row((0x080020,), "(0008,0020)", "Study Date", "DA", "20240517", "(empty)", Action.EMPTY, QUASI, "why")
KVP = Row((0x180060,), "(0018,0060)", "KVP", "DS", "120", "120", Action.KEEP, HARMLESS, "why")
ADDED = Row(
    (0x120062,), "(0012,0062)", "Patient Identity Removed", "CS", "", "YES", Action.ADD, HARMLESS, "w"
)
INNER = Row(
    (0x101002, 0, 0x100020),
    "(0010,0020)",
    "Patient ID",
    "LO",
    "W-1",
    "",
    Action.REMOVE,
    DIRECT,
    "w",
    False,
    True,
)
ROWS = (DATE, NAME, INNER, ADDED, KVP)


@pytest.fixture
def model(qtmodeltester) -> RowModel:
    made = RowModel()
    made.set_rows(ROWS)
    made.set_show(Show.ALL)
    return made


def names(model: RowModel) -> list[str]:
    return [model.index(row, Column.NAME).data().strip() for row in range(model.rowCount())]


def test_it_is_a_proper_model(model: RowModel, qtmodeltester) -> None:
    qtmodeltester.check(model, force_py=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("0010,0010", ["Patient's Name"]),
        ("patient", ["Patient's Name", "Patient ID", "Patient Identity Removed"]),
        ("张", ["Patient's Name"]),
        ("anon-7f", ["Patient's Name"]),
        ("study 2024", ["Study Date"]),
        ("  ", ["Study Date", "Patient's Name", "Patient ID", "Patient Identity Removed", "KVP"]),
        ("nothing like it", []),
    ],
)
def test_search_looks_at_tag_name_and_both_values(model: RowModel, words: str, expected: list[str]) -> None:
    model.set_filter(words)
    assert names(model) == expected


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        (Show.IDENTIFYING, ["Study Date", "Patient's Name", "Patient ID"]),
        (Show.DIRECT, ["Patient's Name", "Patient ID"]),
        (Show.QUASI, ["Study Date"]),
        (Show.UNKNOWN, []),
    ],
)
def test_classes(model: RowModel, show: Show, expected: list[str]) -> None:
    model.set_show(show)
    assert names(model) == expected


def test_changes_only(model: RowModel) -> None:
    model.set_changes_only(True)
    assert "KVP" not in names(model)
    assert model.rowCount() == 4


def test_class_is_told_by_shape_colour_and_word(model: RowModel) -> None:
    model.set_colours({DIRECT: QColor("red"), QUASI: QColor("blue")})
    cell = model.index(1, Column.CLASS)
    assert cell.data() == SHAPES[DIRECT]
    assert cell.data(Qt.ItemDataRole.ForegroundRole) == QColor("red")
    assert WORDS[DIRECT] in cell.data(Qt.ItemDataRole.ToolTipRole)
    assert WORDS[DIRECT] in model.index(1, Column.OLD).data(Qt.ItemDataRole.AccessibleTextRole)
    assert len(set(SHAPES.values())) == len(Identity), "every class has its own shape"


def test_the_mask_hides_originals_but_not_what_is_made_up(model: RowModel) -> None:
    model.set_masked(True)
    assert model.index(1, Column.OLD).data() == "••••••"
    assert model.index(1, Column.NEW).data() == "ANON-7F"
    for column in Column:
        shown = model.index(1, column)
        assert "张" not in f"{shown.data()} {shown.data(Qt.ItemDataRole.ToolTipRole)}"
    assert model.index(4, Column.OLD).data() == "120", "harmless values stay"


def test_items_are_indented_and_have_no_choice_in_a_removed_sequence(model: RowModel) -> None:
    assert model.index(2, Column.NAME).data().startswith(" ")
    assert model.index(2, Column.ACTION).data() == "with it"
    assert model.index(2, Column.OLD).data(Qt.ItemDataRole.FontRole).strikeOut()
    editable = [
        bool(model.flags(model.index(r, Column.ACTION)) & Qt.ItemFlag.ItemIsEditable) for r in range(5)
    ]
    assert editable == [True, True, False, False, True]


def test_a_choice_is_handed_on_and_changes_nothing_by_itself(model: RowModel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(model.action_chosen) as caught:
        assert model.setData(model.index(1, Column.ACTION), "keep")
    assert caught.args == [NAME, "keep"]
    assert model.index(1, Column.ACTION).data() == ACTION_WORDS[Action.REPLACE]
    assert not model.setData(QModelIndex(), "keep")


def test_new_values_at_the_same_places_do_not_reset_the_view(model: RowModel, qtbot: QtBot) -> None:
    kept = Row(NAME.path, NAME.tag, NAME.name, "PN", "张^三", "张^三", Action.KEEP, DIRECT, "w", True)
    with qtbot.assertNotEmitted(model.modelReset), qtbot.waitSignal(model.dataChanged):
        model.set_rows((DATE, kept, INNER, ADDED, KVP))
    cell = model.index(1, Column.ACTION)
    assert cell.data() == "keep"
    assert cell.data(Qt.ItemDataRole.FontRole).bold(), "a person's choice is marked"
