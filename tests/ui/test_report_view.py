"""A report in the window: what stands where, what is hidden, and when the image comes back."""

from pathlib import Path

import pytest
from pydicom.sequence import Sequence
from PySide6.QtCore import QModelIndex, Qt

from tests.factories import KEYRING, code, ct_slice, ecg, item, report, to_bytes, write
from viewer.app.report_model import Column, ReportModel
from viewer.app.report_tree import ReportLine, Status, goes_whole, report_lines
from viewer.dicom.parsing import parse
from viewer.rules.plan import plan
from viewer.rules.recipe import Option, Profile, Recipe
from viewer.ui.report_view import ReportView

TIP, INK = Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.ForegroundRole
BOTH = frozenset((Option.CLEAN_STRUCTURED_CONTENT, Option.CLEAN_DESCRIPTORS))


def joined(made, options=frozenset()) -> tuple[tuple[ReportLine, ...], bool]:
    dataset = parse(to_bytes(made))
    planned = plan(dataset, Recipe(Profile("p", options)), KEYRING)
    return report_lines(dataset, planned), goes_whole(planned)


def cells(model: ReportModel, column: Column) -> list[str]:
    """Return what a column shows, from the top down."""
    found: list[str] = []

    def below(parent: QModelIndex) -> None:
        for row in range(model.rowCount(parent)):
            found.append(model.index(row, column, parent).data() or "")
            below(model.index(row, 0, parent))

    below(QModelIndex())
    return found


# --- lines -------------------------------------------------------------------------------------------------


def test_lines_of_a_cleaned_report() -> None:
    lines, whole = joined(report(), BOTH)
    assert not whole
    root, observer, section, text, image = lines
    assert (observer.before, observer.after, observer.status) == (
        "WOLFRAMSEN^ADA",
        "Anonymous",
        Status.CHANGED,
    )
    assert observer.tells
    assert (section.status, section.children) == (Status.KEPT, (3,))
    assert text.cleaned
    assert "Quenbert" in text.before
    assert "Quenbert" not in text.after
    assert image.after.startswith("2.25.")
    assert [line.parent for line in lines] == [-1, 0, 0, 2, 3]
    assert root.children == (1, 2)


def test_lines_of_a_report_that_goes_whole() -> None:
    lines, whole = joined(report())
    assert whole
    assert [line.status for line in lines[1:-1]] == [Status.REMOVED] * 4
    assert [line.after for line in lines[1:-1]] == [""] * 4
    assert (lines[-1].concept_after, lines[-1].after, lines[-1].parent) == ("Comment", "REMOVED", 0)
    assert lines[0].children[-1] == len(lines) - 1


def test_what_is_put_in_anew_is_readable() -> None:
    made = report()
    measured = item(NumericValue="93", MeasurementUnitsCodeSequence=code("a", "UCUM", "year"))
    made.ContentSequence = Sequence(
        [
            item(
                ValueType="CODE",
                ConceptNameCodeSequence=code("121114", "DCM", "Performing Physician"),
                ConceptCodeSequence=code("17", "99HOSP", "Hand"),
            ),
            item(
                ValueType="NUM",
                ConceptNameCodeSequence=code("121033", "DCM", "Subject Age"),
                MeasuredValueSequence=Sequence([measured]),
            ),
        ]
    )
    lines, _ = joined(made, BOTH)
    assert [(line.after, line.status) for line in lines[1:]] == [
        ("Removed", Status.REMOVED),
        ("", Status.REMOVED),
    ]
    lines, _ = joined(made, BOTH | {Option.RETAIN_PATIENT_CHARACTERISTICS})
    assert (lines[2].before, lines[2].after) == ("93 year", "90 year")


def test_other_objects_have_no_lines() -> None:
    assert joined(ct_slice()) == ((), False)


# --- the view ----------------------------------------------------------------------------------------------


@pytest.fixture
def view(qtbot) -> ReportView:
    made = ReportView()
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.show()
    return made


def test_columns_follow_before_and_after(view) -> None:
    lines, whole = joined(report(), BOTH)
    view.set_report(lines, whole=whole)
    for number, hidden in ((0, [Column.AFTER]), (1, [Column.BEFORE]), (2, [])):
        view.set_view(number)
        assert [c for c in Column if view.tree.isColumnHidden(c)] == hidden


def test_the_mark_has_a_shape_and_a_colour_and_a_word(view) -> None:
    lines, whole = joined(report(), BOTH)
    view.set_report(lines, whole=whole)
    marks = cells(view.model, Column.STATUS)
    assert marks == ["○", "◆", "○", "◆", "◆"]
    root = view.model.index(0, 0)
    index = view.model.index(0, Column.STATUS, root)
    assert index.data(TIP) == "Is changed"
    assert index.data(INK) != view.model.index(0, Column.STATUS).data(INK)


def test_a_masked_screen_shows_nothing_that_identifies(view) -> None:
    lines, whole = joined(report(), BOTH)
    view.set_report(lines, whole=whole)
    assert "WOLFRAMSEN^ADA" in cells(view.model, Column.BEFORE)
    view.set_masked(True)
    shown = " ".join(cells(view.model, Column.BEFORE) + cells(view.model, Column.CONCEPT))
    assert "WOLFRAMSEN" not in shown
    assert "Quenbert" not in shown
    assert "nodule" in " ".join(cells(view.model, Column.AFTER))
    tips = [view.model.index(0, c, view.model.index(0, 0)).data(TIP) or "" for c in Column]
    assert "WOLFRAMSEN" not in " ".join(tips)


def test_a_report_that_goes_whole_says_so(view) -> None:
    lines, whole = joined(report())
    view.set_report(lines, whole=whole)
    assert "whole report goes" in view.note.text()
    root = view.model.index(0, 0)
    view.set_view(1)
    hidden = [view.tree.isRowHidden(row, root) for row in range(view.model.rowCount(root))]
    assert hidden == [True, True, False]
    view.set_view(2)
    assert not view.tree.isRowHidden(0, root)


def test_long_texts_get_as_many_lines_as_they_need(view) -> None:
    made = report()
    made.ContentSequence[1].ContentSequence[0].TextValue = "lung nodule " * 60
    lines, whole = joined(made, BOTH)
    view.set_report(lines, whole=whole)
    section = view.model.index(1, 0, view.model.index(0, 0))
    tall = view.tree.visualRect(view.model.index(0, 0, section)).height()
    assert tall > 4 * view.tree.visualRect(section).height()


def test_nothing_to_show_is_said(view) -> None:
    view.set_report((), whole=False)
    assert "no report" in view.note.text()
    assert not view.tree.isVisible()


def test_the_report_stands_where_images_stand(qtbot, window, tmp_path: Path) -> None:
    made = (("sr", report()), ("ct", ct_slice()), ("ecg", ecg()))
    for name, one in made:
        write(tmp_path / f"{name}.dcm", to_bytes(one))
    window.open_paths([tmp_path])
    qtbot.waitUntil(lambda: len(list(window.workspace.catalog.instances)) == 3)
    by_kind = {i.modality: i for i in window.workspace.catalog.instances}
    panel = window.images
    window.workspace.select(by_kind["SR"])
    assert panel.report.isVisible()
    assert "Findings" in cells(panel.report.model, Column.CONCEPT)
    assert "whole report goes" in panel.report.note.text()
    window.workspace.set_profile(Profile("p", BOTH))
    assert "whole report goes" not in panel.report.note.text()
    window.workspace.select(by_kind["CT"])
    assert not panel.report.isVisible()
    assert panel.scope.isEnabled()
    window.workspace.select(by_kind["ECG"])
    assert not panel.report.isVisible()
