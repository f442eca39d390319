"""The image view: what is painted, what is reported, and that it never changes a box by itself."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from pydicom.dataset import Dataset
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from viewer.app.tools import Placement, Tool
from viewer.pixels.overlays import Drawn
from viewer.pixels.regions import Box
from viewer.pixels.render import Grey, Picture, Window, display_table, prepare
from viewer.ui.corner_texts import MASK, Corner, CornerLine
from viewer.ui.image_paint import DRAWING, level_for
from viewer.ui.image_view import ImageView
from viewer.ui.overlay_paint import BoxItem, BoxState, Preview

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
NONE = Qt.KeyboardModifier.NoModifier
ACCEPTED, PROPOSED, OTHER = BoxState.ACCEPTED, BoxState.PROPOSED, BoxState.OTHER_SIZE


def header(bits: int = 16) -> Dataset:
    dataset = Dataset()
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits, bits - 1
    return dataset


def ramp(rows: int = 200, columns: int = 300) -> Picture:
    stored = (np.arange(rows)[:, None] * 4 + np.arange(columns)[None, :] * 8).astype(np.uint16)
    return prepare(stored, header(12))


@pytest.fixture
def view(qtbot: QtBot) -> ImageView:
    view = ImageView()
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    view.set_picture(ramp())
    return view


def spot(view: ImageView, x: float, y: float) -> QPoint:
    ratio = view.devicePixelRatioF()
    left, top = view.place.screen_point(x, y)
    return QPoint(round(left / ratio), round(top / ratio))


def shot(view: ImageView) -> QImage:
    return view.grab().toImage()


def colour(view: ImageView, x: float, y: float) -> QColor:
    left, top = view.place.screen_point(x, y)
    return shot(view).pixelColor(int(left), int(top))


def drag(view: ImageView, start: QPoint, end: QPoint, button: Qt.MouseButton = LEFT) -> None:
    QTest.mousePress(view, button, NONE, start)
    QTest.mouseMove(view, (start + end) / 2)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, button, NONE, end)


def reports(view: ImageView, *names: str) -> list[tuple[object, ...]]:
    seen: list[tuple[object, ...]] = []

    def listener(name: str) -> Callable[..., None]:
        return lambda *values: seen.append((name, *values))

    for name in names:
        getattr(view, name).connect(listener(name))
    return seen


def test_the_picture_is_painted_where_it_lies_and_as_windowed(view: ImageView) -> None:
    assert view.place == Placement(2.0, 0, 0)
    view.actual_size()
    view.set_display_window(Window(1000, 2000))
    picture = view._picture
    assert isinstance(picture, Grey)
    table = display_table(picture.mapping, Window(1000, 2000))
    for x, y in ((100, 70), (150, 100), (220, 130)):
        assert colour(view, x + 0.5, y + 0.5).red() == table[picture.levels[0][y, x]]


@pytest.mark.parametrize("scale", [0.37, 1.0, 1.7, 5.0])
def test_a_window_drag_paints_the_same_picture_as_rest(view: ImageView, scale: float) -> None:
    view.set_picture(ramp(900, 1100))
    view.zoom_by(scale / view.place.scale)
    QTest.mousePress(view, RIGHT, NONE, QPoint(300, 200))
    QTest.mouseMove(view, QPoint(330, 210))
    during = shot(view)
    QTest.mouseRelease(view, RIGHT, NONE, QPoint(330, 210))
    after = shot(view)
    for point in (QPoint(300, 200), QPoint(310, 120), QPoint(220, 260)):
        assert abs(during.pixelColor(point).red() - after.pixelColor(point).red()) <= 3


def test_above_one_to_one_pixels_stay_sharp(view: ImageView) -> None:
    board = (np.indices((40, 60)).sum(axis=0) % 2 * 4000).astype(np.uint16)
    view.set_picture(prepare(board, header(12)))
    assert view.place.scale == 10
    image = shot(view)
    row = {image.pixelColor(x, 203).red() for x in range(150, 450)}
    assert row == {0, 255}


def test_colour_and_inverted_colour(view: ImageView) -> None:
    rgb = np.full((200, 300, 3), (200, 100, 50), dtype=np.uint8)
    view.set_picture(prepare(rgb, header()))
    assert colour(view, 150, 100).getRgb()[:3] == (200, 100, 50)
    view.set_inverted(True)
    assert colour(view, 150, 100).getRgb()[:3] == (55, 155, 205)
    assert view.display_window is None


@pytest.mark.parametrize(
    ("scale", "level"), [(8, 0), (1, 0), (0.75, 0), (0.6, 1), (0.5, 1), (0.1, 3), (0.001, 3)]
)
def test_the_level_nearest_to_the_screen_is_read(scale: float, level: int) -> None:
    assert level_for(scale, 4) == level


def test_drawing_reports_stored_pixels_and_adds_nothing(view: ImageView) -> None:
    seen = reports(view, "box_drawn", "box_selected")
    drag(view, spot(view, 20, 30), spot(view, 60, 50))
    assert seen == [("box_drawn", Box(20, 30, 41, 21))]
    assert view._layer.items == ()


def test_drawing_beyond_the_edge_is_clipped(view: ImageView) -> None:
    view.zoom_by(0.5)
    seen = reports(view, "box_drawn")
    drag(view, spot(view, 250, 150), QPoint(599, 399))
    assert seen == [("box_drawn", Box(250, 150, 50, 50))]


def test_size_is_read_out_while_drawing_and_escape_gives_up(view: ImageView) -> None:
    seen = reports(view, "box_drawn", "box_selected")
    before = shot(view)
    QTest.mousePress(view, LEFT, NONE, spot(view, 20, 30))
    QTest.mouseMove(view, spot(view, 60, 50))
    assert view._outlined is not None
    assert view._outlined.box is not None
    assert view._size_text(view._outlined.box) == "41 × 21"
    assert shot(view) != before
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view, LEFT, NONE, spot(view, 90, 90))
    assert seen == []
    assert view._outlined is None


def test_select_move_resize_remove(view: ImageView) -> None:
    view.set_boxes([BoxItem(Box(40, 40, 60, 40), ACCEPTED)])
    seen = reports(view, "box_selected", "box_changed", "box_removed", "box_drawn")
    QTest.mouseClick(view, LEFT, NONE, spot(view, 70, 60))
    drag(view, spot(view, 70, 60), spot(view, 80, 70))
    drag(view, spot(view, 100, 80), spot(view, 110, 90))
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert seen == [
        ("box_selected", 0),
        ("box_changed", 0, Box(50, 50, 60, 40)),
        ("box_changed", 0, Box(40, 40, 70, 50)),
        ("box_removed", 0),
    ]
    assert view._layer.items[0].box == Box(40, 40, 60, 40), "the view owns no box"


def test_a_moved_box_is_shown_where_it_is_held(view: ImageView) -> None:
    view.set_boxes([BoxItem(Box(40, 40, 60, 40), ACCEPTED)])
    view.set_preview(Preview.AFTER)
    view.set_tool(Tool.SELECT)
    assert colour(view, 70, 60) == QColor(0, 0, 0)
    QTest.mousePress(view, LEFT, NONE, spot(view, 70, 60))
    QTest.mouseMove(view, spot(view, 170, 60))
    assert colour(view, 60, 60).red() > 20
    assert colour(view, 170, 60) == QColor(0, 0, 0)
    QTest.mouseRelease(view, LEFT, NONE, spot(view, 170, 60))


def test_boxes_given_during_a_change_end_the_change(view: ImageView) -> None:
    view.set_boxes([BoxItem(Box(40, 40, 60, 40), ACCEPTED)])
    view.set_selected(0)
    seen = reports(view, "box_changed")
    QTest.mousePress(view, LEFT, NONE, spot(view, 70, 60))
    QTest.mouseMove(view, spot(view, 90, 60))
    view.set_boxes([])
    QTest.mouseRelease(view, LEFT, NONE, spot(view, 90, 60))
    assert seen == []
    assert view.selected == -1


@pytest.mark.parametrize("level", [0, 4000])
@pytest.mark.parametrize("state", list(BoxState))
def test_outlines_show_on_black_and_on_white(view: ImageView, level: int, state: BoxState) -> None:
    stored = np.full((200, 300), level, dtype=np.uint16)
    stored[0, :2] = 0, 4095
    view.set_picture(prepare(stored, header(12)))
    view.set_display_window(Window(2000, 4000))
    view.set_boxes([BoxItem(Box(40, 40, 60, 40), state)])
    QTest.mouseMove(view, spot(view, 250, 150))
    image = shot(view)
    background = image.pixelColor(spot(view, 70, 100))
    left, top = (int(v) for v in view.place.screen_point(40, 40))
    edge = [image.pixelColor(x, y) for x in range(left + 5, left + 40) for y in range(top - 3, top + 3)]
    far = max(abs(c.lightness() - background.lightness()) for c in edge)
    assert far > 80


def test_states_differ_in_more_than_colour(view: ImageView) -> None:
    masks = []
    for state in BoxState:
        view.set_boxes([BoxItem(Box(40, 40, 100, 80), state)])
        image = shot(view).convertToFormat(QImage.Format.Format_RGB32)
        left, top = (int(v) for v in view.place.screen_point(40, 40))
        line = [image.pixelColor(x, top).lightness() > 60 for x in range(left + 6, left + 150)]
        masks.append(tuple(line))
    assert len(set(masks)) == len(BoxState)


def test_after_fills_only_accepted_boxes_with_black(view: ImageView) -> None:
    boxes = [BoxItem(Box(140, 40, 40, 40), ACCEPTED), BoxItem(Box(200, 100, 40, 40), PROPOSED),
             BoxItem(Box(40, 100, 40, 40), OTHER)]  # fmt: skip
    view.set_boxes(boxes)
    view.set_preview(Preview.AFTER)
    assert colour(view, 160, 60) == QColor(0, 0, 0)
    assert colour(view, 140.1, 40.1) == QColor(0, 0, 0)
    assert colour(view, 139.9, 60).red() > 20
    assert colour(view, 220, 120).red() > 20
    assert colour(view, 60, 120).red() > 20


def test_a_held_key_peeks_at_the_other_one(view: ImageView) -> None:
    view.set_boxes([BoxItem(Box(140, 40, 40, 40), ACCEPTED)])
    QTest.keyPress(view, Qt.Key.Key_Space)
    assert colour(view, 160, 60) == QColor(0, 0, 0)
    QTest.keyRelease(view, Qt.Key.Key_Space)
    assert colour(view, 160, 60).red() > 20
    assert view.preview is Preview.BEFORE


def test_hovering_tells_the_pixel(view: ImageView) -> None:
    seen = reports(view, "pixel_hovered")
    QTest.mouseMove(view, spot(view, 10, 20))
    QTest.mouseMove(view, spot(view, 33, 44))
    view.zoom_by(0.5)
    QTest.mouseMove(view, QPoint(2, 2))
    assert seen == [("pixel_hovered", 10, 20), ("pixel_hovered", 33, 44), ("pixel_hovered", -1, -1)]


def wheel(view: ImageView, delta: int, keys: Qt.KeyboardModifier = NONE) -> None:
    at = QPointF(spot(view, 50, 50))
    event = QWheelEvent(at, view.mapToGlobal(at), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton, keys,
                        Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    QApplication.sendEvent(view, event)


def test_wheel_steps_frames_and_zooms_with_control(view: ImageView) -> None:
    seen = reports(view, "frame_step_requested")
    for delta in (-120, 120, 60, 60, -360):
        wheel(view, delta)
    assert [s[1] for s in seen] == [1, -1, -1, 3]
    under = view.place.image_point(*(float(v) for v in spot(view, 50, 50).toTuple()))
    point = spot(view, 50, 50)
    wheel(view, 120, Qt.KeyboardModifier.ControlModifier)
    assert view.place.scale == pytest.approx(2.4)
    assert view.place.image_point(point.x(), point.y()) == pytest.approx(under, abs=0.5)


def test_window_drag_reports_and_escape_takes_it_back(view: ImageView) -> None:
    seen = reports(view, "window_changed")
    drag(view, QPoint(100, 100), QPoint(160, 130), RIGHT)
    assert len(seen) >= 2
    changed = view.display_window
    assert seen[-1][1:] == changed
    QTest.mousePress(view, RIGHT, NONE, QPoint(100, 100))
    QTest.mouseMove(view, QPoint(200, 200))
    assert view.display_window != changed
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.display_window == changed
    QTest.mouseRelease(view, RIGHT, NONE, QPoint(200, 200))
    QTest.keyClick(view, Qt.Key.Key_0)
    assert isinstance(view._picture, Grey)
    assert view.display_window == view._picture.window


def test_middle_button_pans_and_the_image_stays_in_sight(view: ImageView) -> None:
    drag(view, QPoint(100, 100), QPoint(130, 80), MIDDLE)
    assert view.place == Placement(2.0, 30, -20)
    for _ in range(5):
        drag(view, QPoint(10, 10), QPoint(590, 390), MIDDLE)
    assert view.place.left < view.width()
    view.fit()
    assert view.place == Placement(2.0, 0, 0)


def test_keys(view: ImageView) -> None:
    seen = reports(view, "frame_step_requested", "window_changed", "box_drawn")
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_5, Qt.Key.Key_Insert):
        QTest.keyClick(view, key)
    assert seen == [
        ("frame_step_requested", 1),
        ("frame_step_requested", -1),
        ("frame_step_requested", 10),
        ("window_changed", -500.0, 1500.0),
        ("box_drawn", Box(112, 75, 76, 51)),
    ]
    QTest.keyClick(view, Qt.Key.Key_A)
    assert view.place.scale == 1.0
    QTest.keyClick(view, Qt.Key.Key_F)
    assert view.place.scale == 2.0
    QTest.keyClick(view, Qt.Key.Key_I)
    assert view.inverted


def test_arrows_move_the_selected_box(view: ImageView) -> None:
    view.set_boxes([BoxItem(Box(40, 40, 60, 40), ACCEPTED), BoxItem(Box(0, 0, 9, 9), PROPOSED)])
    QTest.keyClick(view, Qt.Key.Key_BracketRight)
    seen = reports(view, "box_changed", "frame_step_requested", "box_selected")
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(view, Qt.Key.Key_BracketRight)
    QTest.keyClick(view, Qt.Key.Key_Left)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert seen == [
        ("box_changed", 0, Box(41, 40, 60, 40)),
        ("box_changed", 0, Box(40, 30, 60, 40)),
        ("box_changed", 0, Box(40, 40, 59, 40)),
        ("box_selected", 1),
        ("box_selected", -1),
    ]


def test_place_and_window_stay_while_scrolling_and_reset_forgets(view: ImageView) -> None:
    view.zoom_by(3)
    view.set_display_window(Window(10, 20))
    place = view.place
    view.set_picture(ramp())
    assert (view.place, view.display_window) == (place, Window(10, 20))
    view.set_picture(ramp(100, 100))
    assert view.place.scale == 4
    view.reset()
    assert view.display_window != Window(10, 20)


def test_a_voi_lut_is_left_only_by_a_real_drag(view: ImageView) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [4, 0, 8])
    item.add_new("LUTData", "OW", np.array([0, 80, 160, 255], dtype="<u2").tobytes())
    dataset = header(12)
    dataset.VOILUTSequence = [item]
    view.set_picture(prepare(np.full((200, 300), 2, dtype=np.uint16), dataset))
    QTest.mouseClick(view, RIGHT, NONE, QPoint(50, 50))
    QTest.mousePress(view, RIGHT, NONE, QPoint(50, 50))
    QTest.mouseMove(view, QPoint(80, 50))
    assert view.display_window is not None
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view, RIGHT, NONE, QPoint(80, 50))
    assert view.display_window is None
    assert colour(view, 150, 100).red() == 160
    drag(view, QPoint(50, 50), QPoint(90, 50), RIGHT)
    assert view.display_window is not None


def test_no_picture_means_a_sentence_and_no_input(view: ImageView) -> None:
    seen = reports(view, "box_drawn", "window_changed", "pixel_hovered", "place_changed")
    for message in ("", "This image cannot be shown."):
        view.set_picture(None, message)
        drag(view, QPoint(10, 10), QPoint(90, 90))
        drag(view, QPoint(10, 10), QPoint(90, 90), RIGHT)
        for key in (Qt.Key.Key_A, Qt.Key.Key_1, Qt.Key.Key_Insert, Qt.Key.Key_Delete, Qt.Key.Key_F):
            QTest.keyClick(view, key)
        assert len({shot(view).pixelColor(x, 200).red() for x in range(200, 400)}) > 1
        assert view.accessibleDescription() == (message or "No image is open.")
    assert seen == []


def test_losing_the_picture_ends_the_drag(view: ImageView) -> None:
    seen = reports(view, "box_drawn")
    QTest.mousePress(view, LEFT, NONE, spot(view, 20, 30))
    QTest.mouseMove(view, spot(view, 60, 50))
    view.set_picture(None, "gone")
    QTest.mouseRelease(view, LEFT, NONE, QPoint(90, 90))
    assert seen == []
    shot(view)


def test_corner_texts_are_masked_unless_they_are_harmless(view: ImageView) -> None:
    view.set_corner(Corner.TOP_LEFT, ["张三 ZHANG^SAN", CornerLine("CT", identifying=False), ""])
    clear = shot(view)
    assert view._corners.shown(Corner.TOP_LEFT) == ("张三 ZHANG^SAN", "CT")
    view.set_masked(True)
    assert view._corners.shown(Corner.TOP_LEFT) == (MASK, "CT")
    assert shot(view) != clear


def test_labels_of_boxes_are_hidden_by_the_mask(view: ImageView) -> None:
    view.set_boxes([BoxItem(Box(40, 40, 60, 40), PROPOSED, "ZHANG SAN")])
    QTest.mouseMove(view, spot(view, 70, 60))
    clear = shot(view)
    view.set_masked(True)
    masked = shot(view)
    view.set_boxes([BoxItem(Box(40, 40, 60, 40), PROPOSED, "")])
    QTest.mouseMove(view, spot(view, 71, 60))
    QTest.mouseMove(view, spot(view, 70, 60))
    assert clear != masked == shot(view)


def test_text_is_legible_on_white(view: ImageView) -> None:
    view.set_picture(prepare(np.full((200, 300, 3), 255, dtype=np.uint8), header()))
    view.set_corner(Corner.TOP_LEFT, ["LEGIBLE"])
    image = shot(view)
    tones = {image.pixelColor(x, y).lightness() for x in range(4, 70) for y in range(4, 24)}
    assert min(tones) < 40


def test_screen_readers_hear_what_is_shown(view: ImageView) -> None:
    view.set_frame(3, 60)
    view.set_boxes([BoxItem(Box(1, 1, 2, 2), ACCEPTED)])
    assert view.accessibleName() == "Image"
    assert view.accessibleDescription() == "300 by 200 pixels, boxes: 1, frame 3 of 60"


def test_box_drags_paint_only_their_surroundings(view: ImageView, monkeypatch: pytest.MonkeyPatch) -> None:
    areas: list[int] = []
    monkeypatch.setattr(view, "_update_device", lambda rect: areas.append(rect.width() * rect.height()))
    QTest.mousePress(view, LEFT, NONE, spot(view, 20, 30))
    QTest.mouseMove(view, spot(view, 40, 50))
    QTest.mouseMove(view, spot(view, 44, 52))
    QTest.mouseRelease(view, LEFT, NONE, spot(view, 44, 52))
    assert 0 < max(areas) < 600 * 400 / 3


def test_overlays_are_drawn_before_and_after_only_where_they_stay(view: ImageView) -> None:
    drawn = np.zeros((200, 300), np.uint8)
    drawn[50:60, 100:200], drawn[80:90, 100:200] = Drawn.PLANE, Drawn.HIDDEN
    view.set_picture(replace(ramp(), overlay=drawn))

    def seen() -> tuple[bool, bool]:
        return colour(view, 150, 55) == DRAWING, colour(view, 150, 85) == DRAWING

    assert seen() == (True, True)
    assert colour(view, 150, 70) != DRAWING
    QTest.keyClick(view, Qt.Key.Key_O)
    assert seen() == (False, False)
    view.reset()
    view.set_preview(Preview.AFTER)
    assert seen() == (False, False)
    view.set_overlays_stay(True)
    assert seen() == (True, False)
