"""Garbage is collected from the event loop only, as long as a window is there."""

import gc
import weakref

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from viewer.app import garbage
from viewer.app.garbage import GuiGarbage


class Cycle:
    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def alone_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test before left open does not count here."""
    monkeypatch.setattr(garbage, "_collecting", set())
    monkeypatch.setattr(garbage, "_EACH_MS", 5)


def thrown_away() -> "weakref.ref[Cycle]":
    """A cycle that nobody holds, and much more of it: Python would collect by itself."""
    gone = weakref.ref(Cycle())
    for _ in range(20 * gc.get_threshold()[0]):
        Cycle()
    return gone


def test_it_is_collected_from_the_event_loop_and_not_before(qtbot: QtBot) -> None:
    owner = QObject()
    made = GuiGarbage(lambda: False, owner)
    try:
        gone = thrown_away()
        assert not gc.isenabled()
        assert gone() is not None
        qtbot.waitUntil(lambda: gone() is None)
        assert not gc.isenabled()
    finally:
        made.end()
    assert gc.isenabled()


def test_while_something_is_busy_the_oldest_wait(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda generation=2: collected.append(generation) or 0)
    monkeypatch.setattr(gc, "get_count", lambda: (9999, 9999, 9999))
    owner, busy = QObject(), [True]
    made = GuiGarbage(lambda: busy[0], owner)
    try:
        qtbot.waitUntil(lambda: len(collected) > 2)
        assert set(collected) == {1}
        busy[0] = False
        qtbot.waitUntil(lambda: 2 in collected)
    finally:
        made.end()
        monkeypatch.undo()


def test_python_collects_again_when_the_last_one_ends(qtbot: QtBot) -> None:
    owner = QObject()
    first, second = GuiGarbage(lambda: False, owner), GuiGarbage(lambda: False, owner)
    first.end()
    assert not gc.isenabled()
    second.end()
    assert gc.isenabled()
