"""Private elements to be judged, words struck out of a text, rules beside the options: in the real window."""

from pathlib import Path

import pytest
from pydicom import dcmread

from tests.factories import ct_slice, put_raw, to_bytes, write
from tests.looks.test_looks import opened, settled, window  # noqa: F401
from viewer.app.row_model import Column
from viewer.rules.recipe import BirthDate, Option
from viewer.rules.site_list import read_site_list
from viewer.ui.options_dialog import OptionsDialog


@pytest.fixture
def vendor_file(tmp_path: Path) -> Path:
    made = ct_slice()
    put_raw(made, 0x00090010, "LO", b"ACME HEALTH 1.1 ")
    put_raw(made, 0x00091001, "LO", b"coil A, phase 2 ")
    put_raw(made, 0x00091002, "DS", b"12.75 ")
    put_raw(made, 0x00091003, "LO", b"Mrs Quenbert")
    put_raw(made, 0x00091004, "OB", b"\1\2\3\4" * 40)
    made.StudyDescription = "CT chest abdomen 55F Dr. Smith for Mrs Quenbert"
    return write(tmp_path / "in" / "a.dcm", to_bytes(made))


def test_private_elements_are_judged_once(qtbot, window, grab, vendor_file, tmp_path) -> None:  # noqa: F811
    opened(qtbot, window, vendor_file)
    panel = window.lists.private
    qtbot.waitUntil(lambda: panel.table.rowCount() == 4)
    window.workspace.set_option(Option.RETAIN_SAFE_PRIVATE, True)
    window.lists.setCurrentWidget(panel)
    panel.table.selectRow(0)
    panel.keep.click()
    assert window.lists.tabText(window.lists.indexOf(panel)) == "Private (3)"
    made = {r.tag: r for r in window.workspace.inspected().rows if r.creator}
    assert [r.action.value for r in made.values() if r.old.startswith("coil")] == ["keep"]
    panel.table.selectRow(0)
    panel.remove.click()
    settled(qtbot, window)
    grab(window, "50-private-queue")
    remembered = read_site_list(tmp_path / "site-list.json")
    assert sorted(choice.safe for choice in remembered.private) == [False, True]
    window.lists.private.set_masked(True)
    assert "coil" not in panel.table.item(3, 2).text() + panel.table.item(0, 2).text()


def test_struck_out_words_stand_in_the_row(qtbot, window, grab, vendor_file) -> None:  # noqa: F811
    opened(qtbot, window, vendor_file)
    model = window.tags.model
    rows = [r for r in range(model.rowCount()) if "Study Description" in model.index(r, Column.NAME).data()]
    window.tags.table.setColumnWidth(Column.OLD, 330)
    window.tags.table.setCurrentIndex(model.index(0, Column.OLD))
    settled(qtbot, window)
    grab(window.tags, "51-struck-out")
    assert model.index(rows[0], Column.NEW).data() == "CT chest abdomen for"


def test_rules_beside_the_options(qtbot, window, grab, vendor_file, tmp_path) -> None:  # noqa: F811
    opened(qtbot, window, vendor_file)
    dialog = OptionsDialog(window.workspace, window)
    qtbot.addWidget(dialog)
    dialog.show()
    more = dialog.more
    more.birth_date.setCurrentIndex(1)
    more.birth_date.activated.emit(1)
    assert window.workspace.recipe.profile.birth_date is BirthDate.YEAR
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    more.take_certificate(bad)
    assert "cannot be read" in more.problem.text()
    assert window.workspace.recipe.profile.recipients == ()
    settled(qtbot, window)
    grab(dialog, "52-more-rules")
    assert dcmread(vendor_file).PatientName
