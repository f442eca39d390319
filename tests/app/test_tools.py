"""Gestures without a window: what is drawn, moved, windowed, and what a click means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.app.gestures import Gesture, begin
from viewer.app.tools import (
    INSIDE,
    Button,
    Changed,
    Drawn,
    Outlined,
    Part,
    Placed,
    Placement,
    Scene,
    Selected,
    Size,
    Tool,
    Windowed,
    box_at,
    centred,
    dragged_window,
    drawn_box,
    fitted,
    kept_in_sight,
    moved_box,
    part_at,
    resized_box,
    zoomed,
)
from viewer.pixels.regions import Box
from viewer.pixels.render import Window

IMAGE = Size(rows=100, columns=200)
BOXES = np.array([[10, 10, 40, 20], [20, 15, 5, 5], [100, 50, 30, 30]])
PLACE = Placement(2.0, 50.0, 30.0)


def scene(selected: int = -1, window: Window | None = None) -> Scene:
    return Scene(IMAGE, PLACE, BOXES, selected, window)


def press(tool: Tool, x: float, y: float, *, selected: int = -1, button: Button = Button.LEFT) -> Gesture:
    gesture = begin(scene(selected, Window(40, 400)), tool, button, x, y)
    assert gesture is not None
    return gesture


def at(x: float, y: float) -> tuple[float, float]:
    return PLACE.screen_point(x, y)


def test_a_drawn_box_holds_the_pixels_under_both_ends() -> None:
    assert drawn_box((10.9, 20.1), (12.0, 20.9), IMAGE) == Box(10, 20, 3, 1)
    assert drawn_box((12.0, 20.9), (10.9, 20.1), IMAGE) == Box(10, 20, 3, 1)


def test_a_drawn_box_is_clipped_to_the_image() -> None:
    assert drawn_box((-5, -5), (500, 3.5), IMAGE) == Box(0, 0, 200, 4)
    assert drawn_box((-9, -9), (-2, -1), IMAGE) is None


@given(st.floats(-50, 250), st.floats(-50, 150), st.floats(-50, 250), st.floats(-50, 150))
def test_no_drawn_box_leaves_the_image(x0: float, y0: float, x1: float, y1: float) -> None:
    box = drawn_box((x0, y0), (x1, y1), IMAGE)
    assert box is None or box.clipped(*IMAGE) == box


@given(
    st.integers(0, 190), st.integers(0, 90), st.integers(1, 10), st.integers(1, 10),
    st.sampled_from([Part(a, d) for a in (-1, 0, 1) for d in (-1, 0, 1)]),
    st.integers(-300, 300), st.integers(-300, 300),
)  # fmt: skip
def test_no_changed_box_leaves_the_image(
    x: int, y: int, width: int, height: int, part: Part, dx: int, dy: int
) -> None:
    box = Box(x, y, width, height)
    changed = moved_box(box, dx, dy, IMAGE) if part == INSIDE else resized_box(box, part, dx, dy, IMAGE)
    assert changed.clipped(*IMAGE) == changed
    if part == INSIDE:
        assert (changed.width, changed.height) == (width, height)


def test_resizing_moves_only_the_sides_of_the_handle() -> None:
    box = Box(10, 10, 40, 20)
    assert resized_box(box, Part(1, 0), 5, 99, IMAGE) == Box(10, 10, 45, 20)
    assert resized_box(box, Part(-1, -1), 5, -3, IMAGE) == Box(15, 7, 35, 23)
    assert resized_box(box, Part(-1, 0), 60, 0, IMAGE) == Box(50, 10, 20, 20), "crossing over turns it round"
    assert resized_box(box, Part(1, 0), -40, 0, IMAGE).width == 1


def test_the_smallest_box_under_the_pointer_is_meant() -> None:
    assert box_at(BOXES, 22, 17) == 1
    assert box_at(BOXES, 12, 12) == 0
    assert box_at(BOXES, 50, 12) == -1, "the right edge is outside"
    assert box_at(np.zeros((0, 4), dtype=np.int64), 1, 1) == -1


def test_handles_and_inside() -> None:
    box = Box(10, 10, 40, 20)
    assert part_at(box, PLACE, *at(10, 10), 6) == Part(-1, -1)
    assert part_at(box, PLACE, *at(50, 20), 6) == Part(1, 0)
    assert part_at(box, PLACE, *at(30, 30), 6) == Part(0, 1)
    assert part_at(box, PLACE, *at(30, 20), 6) == INSIDE
    assert part_at(box, PLACE, *at(60, 20), 6) is None


def test_a_tiny_box_can_still_be_moved() -> None:
    assert part_at(Box(10, 10, 3, 3), PLACE, *at(11.5, 11.5), 8) == INSIDE


def test_drawing_shows_then_reports_once() -> None:
    gesture = press(Tool.BOX, *at(60, 40))
    assert gesture.during(*at(60.5, 40.5)) == Outlined(-1, None)
    assert gesture.during(*at(70.5, 45.5)) == Outlined(-1, Box(60, 40, 11, 6))
    assert gesture.after(*at(70.5, 45.5)) == Drawn(Box(60, 40, 11, 6))
    assert gesture.undone() == Outlined(-1, None)


def test_a_box_can_be_drawn_over_another_one() -> None:
    assert press(Tool.BOX, *at(12, 12)).after(*at(20.2, 20.2)) == Drawn(Box(12, 12, 9, 9))


@pytest.mark.parametrize("tool", [Tool.BOX, Tool.SELECT])
def test_a_click_selects(tool: Tool) -> None:
    assert press(tool, *at(22, 17)).after(*at(22.5, 17)) == Selected(1)
    assert press(tool, *at(70, 70)).after(*at(70, 70)) == Selected(-1)
    assert press(tool, *at(22, 17), selected=0).after(*at(22, 17)) == Selected(1), (
        "the box inside the selected"
    )


def test_select_draws_nothing() -> None:
    assert press(Tool.SELECT, *at(60, 40)).during(*at(90, 60)) == Outlined(-1, None)


def test_moving_and_resizing_report_the_change() -> None:
    moved = press(Tool.SELECT, *at(40, 20))
    assert moved.during(*at(45, 22)) == Outlined(0, Box(15, 12, 40, 20))
    assert moved.after(*at(45, 22)) == Changed(0, Box(15, 12, 40, 20))
    resized = press(Tool.BOX, *at(130, 80), selected=2)
    assert resized.after(*at(120, 90)) == Changed(2, Box(100, 50, 20, 40))
    assert resized.after(*at(130, 80)) == Selected(2), "nothing changed"
    assert press(Tool.SELECT, *at(2, 2), selected=-1).after(*at(9, 9)) == Selected(-1)


def test_middle_pans_and_right_windows_with_every_tool() -> None:
    for tool in Tool:
        panned = press(tool, 10, 10, button=Button.MIDDLE).during(15, 3)
        assert panned == Placed(Placement(2.0, 55.0, 23.0))
        assert isinstance(press(tool, 10, 10, button=Button.RIGHT).during(15, 3), Windowed)


def test_windowing_without_a_window_is_nothing() -> None:
    assert begin(scene(), Tool.WINDOW, Button.LEFT, 1, 1) is None


def test_window_drag() -> None:
    wider = dragged_window(Window(40, 300), 30, 0)
    assert wider == Window(40, 330)
    assert dragged_window(Window(40, 300), 0, 30).center == 70
    assert dragged_window(Window(40, 300), -5000, 0).width >= 1
    assert dragged_window(Window(0.1, 0.5), -5000, 0).width > 0
    gesture = press(Tool.WINDOW, 5, 5)
    assert gesture.undone() == Windowed(Window(40, 400))


def test_zoom_keeps_the_point_and_stops_at_one_to_one() -> None:
    place = zoomed(PLACE, 1.5, 80, 60)
    assert place.image_point(80, 60) == pytest.approx(PLACE.image_point(80, 60))
    assert zoomed(Placement(0.9, 0, 0), 1.3, 5, 5).scale == 1.0
    assert zoomed(Placement(1.1, 0, 0), 0.8, 5, 5).scale == 1.0
    assert zoomed(Placement(1.0, 0, 0), 1.3, 5, 5).scale == 1.3
    assert zoomed(PLACE, 1e9, 5, 5).scale == 64
    zoom = press(Tool.ZOOM, 80, 60)
    up = zoom.during(80, 40)
    assert isinstance(up, Placed)
    assert up.place.scale > 2
    assert zoom.undone() == Placed(PLACE)


def test_fit_shows_all_of_it_in_the_middle() -> None:
    place = fitted(IMAGE, Size(rows=500, columns=400))
    assert place == Placement(2.0, 0, 150)
    assert centred(IMAGE, Size(rows=101, columns=201), 1.0) == Placement(1.0, 0, 0)


@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.sampled_from([0.1, 1.0, 8.0]))
def test_the_image_cannot_be_lost(left: float, top: float, scale: float) -> None:
    view = Size(rows=300, columns=400)
    place = kept_in_sight(Placement(scale, left, top), IMAGE, view)
    assert place.left < view.columns
    assert place.top < view.rows
    assert place.left + IMAGE.columns * scale > 0
    assert place.top + IMAGE.rows * scale > 0
