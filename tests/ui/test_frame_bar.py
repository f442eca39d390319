"""The frame bar: what it reports and what it keeps to itself."""

import pytest
from pytestqt.qtbot import QtBot

from viewer.ui.frame_bar import FrameBar


@pytest.fixture
def bar(qtbot: QtBot) -> FrameBar:
    bar = FrameBar()
    qtbot.addWidget(bar)
    bar.set_count(5)
    return bar


def reported(bar: FrameBar) -> list[int]:
    frames: list[int] = []
    bar.frame_chosen.connect(frames.append)
    return frames


def test_it_is_hidden_while_there_is_nothing_to_choose(bar: FrameBar) -> None:
    assert not bar.isHidden()
    bar.set_count(1)
    assert bar.isHidden()


def test_what_the_program_sets_is_not_reported(bar: FrameBar) -> None:
    frames = reported(bar)
    bar.set_frame(3)
    assert bar.frame == 3
    bar.set_frame(99)
    assert bar.frame == 4
    bar.set_count(2)
    assert (bar.frame, frames) == (0, [])


def test_steps_stop_at_the_ends_and_are_reported_once(bar: FrameBar) -> None:
    frames = reported(bar)
    for by in (1, 1, 10, 1, -10):
        bar.step(by)
    assert frames == [1, 2, 4, 0]


def test_the_number_counts_from_one(bar: FrameBar) -> None:
    frames = reported(bar)
    bar._number.setValue(3)
    assert (frames, bar.frame) == ([2], 2)


def test_play_goes_round_and_stops(bar: FrameBar, qtbot: QtBot) -> None:
    bar.set_rate(57)
    bar.set_frame(3)
    frames = reported(bar)
    bar._play.click()
    assert bar.playing
    qtbot.waitUntil(lambda: len(frames) >= 3, timeout=3000)
    bar._play.click()
    assert frames[:3] == [4, 0, 1]
    assert not bar.playing


def test_every_control_has_a_name(bar: FrameBar) -> None:
    for control in (bar._back, bar._on, bar._play, bar._slider, bar._number, bar._rate):
        assert control.accessibleName()
