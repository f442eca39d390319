"""The list of what is left to do: filled where it changed, the chosen entry stays chosen."""

import pytest
from pytestqt.qtbot import QtBot

from viewer.app.blockers import Blocker
from viewer.ui.left_panel import LeftPanel, _changed
from viewer.ui.main_window import MainWindow


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("", "abc", (0, 0)),
        ("abc", "abc", (3, 0)),
        ("abcd", "axcd", (1, 2)),
        ("aa", "aaa", (2, 0)),
        ("abc", "bc", (0, 2)),
    ],
)
def test_what_is_the_same_at_both_ends(old: str, new: str, same: tuple[int, int]) -> None:
    first, last = _changed([(c, None) for c in old], [(c, None) for c in new])
    assert (first, last) == same


def sentences(panel: LeftPanel) -> list[str]:
    return [panel.list.item(row).text() for row in range(panel.list.count())]


def test_entries_come_and_go_and_the_chosen_one_stays(qtbot: QtBot, opened: MainWindow) -> None:
    panel, workspace = opened.left, opened.workspace
    extra: list[Blocker] = []
    workspace.add_blockers(lambda: extra)
    before = sentences(panel)
    assert len(before) > 1
    panel.list.setCurrentRow(len(before) - 1)
    chosen = panel.chosen()
    assert chosen is not None
    instance = next(iter(workspace.catalog.instances))
    extra += [Blocker(f"extra-{n}", f"Entry {n}", instance) for n in range(3)]
    workspace.forget_blockers()
    panel.refresh()
    assert sorted(sentences(panel)) == sorted([*before, "Entry 0", "Entry 1", "Entry 2"])
    assert panel.chosen() == chosen
    extra.clear()
    workspace.forget_blockers()
    panel.refresh()
    assert sentences(panel) == before
    assert panel.chosen() == chosen


def test_when_the_chosen_entry_goes_none_is_chosen(qtbot: QtBot, opened: MainWindow) -> None:
    panel, workspace = opened.left, opened.workspace
    extra = [Blocker("extra", "One more", next(iter(workspace.catalog.instances)))]
    workspace.add_blockers(lambda: extra)
    workspace.forget_blockers()
    panel.refresh()
    panel.list.setCurrentRow(sentences(panel).index("One more"))
    assert panel.aside.isEnabled()
    extra.clear()
    workspace.forget_blockers()
    panel.refresh()
    assert panel.chosen() is None
    assert not panel.aside.isEnabled()
