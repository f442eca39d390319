"""Text found in pixels, and the face of a head: lists, boxes, words on hover, the dialog."""

from pathlib import Path

import pytest

from tests.factories import to_bytes, write
from tests.finders.phantom import write_head
from tests.looks.test_looks import opened, settled, window  # noqa: F401
from tests.release.test_text import NAME, screen
from viewer.finders.identity import Kind
from viewer.pixels.regions import ScopeKind
from viewer.ui.face_dialog import FaceDialog

pytestmark = pytest.mark.text

LINES = {
    (30, 30): NAME,
    (30, 70): "DOB 03.12.1961",
    (30, 110): "ROOM 7  SOMETHING",
    (470, 30): "12.5 MHz",
    (440, 360): "Portable L",
}


@pytest.fixture
def searched(qtbot, window, tmp_path: Path):  # noqa: F811
    write(tmp_path / "in" / "1.dcm", to_bytes(screen(LINES)))
    write(tmp_path / "in" / "2.dcm", to_bytes(screen({(30, 30): NAME}, 2)))
    opened(qtbot, window, tmp_path / "in")
    qtbot.waitUntil(lambda: not window.text.running and window.text.done == 2, timeout=30_000)
    window.lists.setCurrentWidget(window.lists.text)
    settled(qtbot, window)
    return window


def test_text_is_listed_decided_and_drawn(qtbot, searched, grab) -> None:
    panel, workspace = searched.lists.text, searched.workspace
    image = workspace.selection.instance
    kinds = [p.verdict.kind for p in searched.text.open_on(image)]
    assert kinds[:2] == [Kind.PHI, Kind.PHI]
    assert panel.table.rowCount() == len(kinds) >= 3
    assert "SOMETHING" in " ".join(panel.table.item(r, 1).text() for r in range(panel.table.rowCount()))
    grab(searched, "90-text-found")
    panel.table.selectRow(0)
    panel.cover.click()
    settled(qtbot, searched)
    (region,) = workspace.recipe.regions
    assert region.scope.kind is ScopeKind.IMAGE
    grab(searched, "91-text-one-accepted")
    panel.table.selectRow(panel.table.rowCount() - 1)
    panel.harmless.click()
    assert len(workspace.recipe.dismissed) == 1
    panel.mask_series.trigger()
    settled(qtbot, searched)
    assert not any(
        p.verdict.kind in (Kind.PHI, Kind.PHI_LIKE) for p in searched.text.open_on(image)
    )
    panel.marks.click()
    settled(qtbot, searched)
    grab(searched, "92-text-decided-marks-shown")
    searched.set_dark(True)
    searched.mask_action.setChecked(True)
    settled(qtbot, searched)
    grab(searched, "93-text-dark-masked")
    searched.set_dark(False)


def test_without_the_networks_it_is_said(qtbot, window, grab, monkeypatch) -> None:  # noqa: F811
    trouble = "The networks that find text in pixels are not installed."
    monkeypatch.setattr("viewer.app.text_search.text_search_trouble", lambda: trouble)
    opened(qtbot, window)
    window.lists.setCurrentWidget(window.lists.text)
    settled(qtbot, window)
    assert trouble in window.lists.text._state.text()
    grab(window, "94-text-not-installed")


def test_a_face_is_told_of_and_taken_off(qtbot, window, grab, tmp_path: Path) -> None:  # noqa: F811
    write_head(tmp_path / "head", "CT")
    opened(qtbot, window, tmp_path / "head")
    qtbot.waitUntil(lambda: any(b.key.startswith("face-") for b in window.workspace.blockers()), timeout=20_000)
    (blocker,) = (b for b in window.workspace.blockers() if b.key.startswith("face-"))
    settled(qtbot, window)
    row = next(r for r in range(window.left.list.count()) if "face" in window.left.list.item(r).text())
    window.left.list.setCurrentRow(row)
    assert window.left.face.isVisible()
    grab(window, "95-face-told")
    dialog = FaceDialog(window.faces, window.faces.series_of(blocker), window)
    dialog.show()
    qtbot.waitUntil(dialog.remove.isEnabled, timeout=20_000)
    grab(dialog, "96-face-dialog")
    dialog.remove.click()
    window.workspace.select(blocker.instance)
    settled(qtbot, window)
    assert not any(b.key.startswith("face-") for b in window.workspace.blockers())
    assert all(r.features for r in window.workspace.recipe.regions)
    grab(window, "97-face-taken-off")
    window.workspace.history.undo()
    assert any(b.key.startswith("face-") for b in window.workspace.blockers())
