"""Mouse and keyboard of the image view: events become gestures, gestures become effects and signals."""

from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from viewer.app import gestures, tools
from viewer.app.gestures import Gesture
from viewer.app.sketch import Sketch
from viewer.app.tools import Button, Part, Placement, Scene, Size, Tool
from viewer.pixels.render import CT_PRESETS, Grey, Picture, Preset, Window
from viewer.ui.image_cursors import CURSORS, PART_CURSORS
from viewer.ui.image_keys import ARROWS, PEEK_KEY, ZOOM_STEP, key_table
from viewer.ui.overlay_paint import Preview, box_layer
from viewer.ui.sketch_input import SketchInput

_REACH: Final = 7
_NOTCH: Final = 120

_BUTTONS: Final = {
    Qt.MouseButton.LeftButton: Button.LEFT,
    Qt.MouseButton.MiddleButton: Button.MIDDLE,
    Qt.MouseButton.RightButton: Button.RIGHT,
}


class ImageInput(SketchInput):
    """What the image view holds and how it is handled; painting is in `ImageView`."""

    box_drawn = Signal(object)
    box_changed = Signal(int, object)
    box_removed = Signal(int)
    box_selected = Signal(int)
    frame_step_requested = Signal(int)
    window_changed = Signal(float, float)
    pixel_hovered = Signal(int, int)
    place_changed = Signal(object)
    overlays_toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._picture: Picture | None = None
        self._place = Placement(1.0, 0, 0)
        self._fits = True
        self._text_room = 0
        self._window: Window | None = None
        self._window_before: Window | None = None
        self._inverted = False
        self._presets: tuple[Preset, ...] = CT_PRESETS
        self._layer = box_layer(())
        self._selected = self._hovered = -1
        self._hovered_pixel: tuple[int, int] | None = None
        self._outlined: tools.Outlined | None = None
        self._tool = Tool.BOX
        self._gesture: Gesture | None = None
        self._preview = Preview.BEFORE
        self._peeking = False
        self._wheel = 0
        self._keys = key_table(self)
        self.setCursor(CURSORS[self._tool])

    @property
    def tool(self) -> Tool:
        """What the left button does."""
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        """Choose what the left button does."""
        self.cancel_gesture()
        self._set_sketch(Sketch())
        self._tool = tool
        self.setCursor(CURSORS[tool])

    @property
    def inverted(self) -> bool:
        """Whether black and white are turned round by the user."""
        return self._inverted

    def set_inverted(self, inverted: bool) -> None:
        """Turn black and white round."""
        self._inverted = inverted
        self.update()

    @property
    def fitted(self) -> bool:
        """Whether the whole image is shown and stays so when the view changes its size."""
        return self._fits

    def fit(self) -> None:
        """Show the whole image, and again whenever the view changes its size."""
        self._fits = True
        self._refit()

    def actual_size(self) -> None:
        """Show one stored pixel as one pixel of the screen."""
        if self._picture is not None:
            self.zoom_by(1.0 / self._place.scale)

    def zoom_by(self, factor: float) -> None:
        """Enlarge or shrink about the middle of the view."""
        view = self._view_size()
        self.set_place(tools.zoomed(self._place, factor, view.columns / 2, view.rows / 2))

    def set_place(self, place: Placement) -> None:
        """Move the image; it keeps to whole device pixels and stays in sight."""
        if self._picture is None:
            return
        place = _whole(tools.kept_in_sight(place, Size(*self._picture.size), self._view_size()))
        if place != self._place:
            self._fits = False
            self._move(place)

    def cancel_gesture(self) -> None:
        """Give up a drag and take back what it did."""
        gesture, self._gesture = self._gesture, None
        if gesture is None:
            return
        self._apply(gesture.undone())
        if isinstance(gesture, gestures.Windowing):
            self._window = self._window_before
        self.gesture_ended()

    def gesture_ended(self) -> None:
        """Paint at rest again."""
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        button = _BUTTONS.get(event.button())
        if button is None or self._picture is None or self._gesture is not None:
            return
        x, y = self._device(event.position())
        self._window_before = self._window
        self._set_hovered(-1)
        self._gesture = gestures.begin(self._scene(self._picture), self._tool, button, x, y)
        if isinstance(self._gesture, gestures.Shaping):
            self._select(self._gesture.index)
        elif isinstance(self._gesture, gestures.Panning):
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._sketch.points and event.button() is Qt.MouseButton.LeftButton:
            self.finish_sketch()
        else:
            self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x, y = self._device(event.position())
        if self._gesture is not None:
            self._apply(self._gesture.during(x, y))
        else:
            self._hover(x, y)
        if self._sketch.points:
            self._set_sketch(self._sketch.towards(*self._place.image_point(x, y)))
        self._report_pixel(x, y)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        gesture, self._gesture = self._gesture, None
        if gesture is None:
            return
        x, y = self._device(event.position())
        self._apply(gesture.after(x, y))
        self._hover(x, y)
        self.gesture_ended()

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hovered(-1)
        self._report_pixel(-1e9, -1e9)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hover(*self._device(event.position()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            x, y = self._device(event.position())
            self.set_place(tools.zoomed(self._place, ZOOM_STEP ** (event.angleDelta().y() / _NOTCH), x, y))
            return
        self._wheel += event.angleDelta().y()
        steps = int(self._wheel / _NOTCH)
        self._wheel -= steps * _NOTCH
        if steps:
            self.frame_step_requested.emit(-steps)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.peek(False)
        super().focusOutEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self._keys.get(Qt.Key(event.key()))
        arrow = ARROWS.get(Qt.Key(event.key()))
        if arrow is not None:
            self.step_box_or_frame(*arrow, event.modifiers())
        elif action is not None and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if not (event.isAutoRepeat() and event.key() == PEEK_KEY):
                action()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == PEEK_KEY:
            if not event.isAutoRepeat():
                self.peek(False)
        else:
            super().keyReleaseEvent(event)

    def step_box_or_frame(self, dx: int, dy: int, held: Qt.KeyboardModifier) -> None:
        """Move the selected box (Shift: ten pixels, Control: its lower right corner), else step frames."""
        if self._selected < 0 or self._picture is None:
            self.frame_step_requested.emit(dx + dy)
            return
        image, box = Size(*self._picture.size), self._layer.items[self._selected].box
        far = 10 if held & Qt.KeyboardModifier.ShiftModifier else 1
        if held & Qt.KeyboardModifier.ControlModifier:
            new = tools.resized_box(box, Part(abs(dx), abs(dy)), dx * far, dy * far, image)
        else:
            new = tools.moved_box(box, dx * far, dy * far, image)
        if new != box:
            self.box_changed.emit(self._selected, new)

    def give_up(self) -> None:
        """Cancel the drag, or else the unfinished shape, or else the selection."""
        if self._gesture is not None:
            self.cancel_gesture()
        elif self._sketch.points:
            self._set_sketch(Sketch())
        elif self._selected >= 0:
            self._select(-1)

    def remove_selected(self) -> None:
        """Take back the last corner of an unfinished shape, or ask for the removal of the selected box."""
        if self._sketch.points:
            self._set_sketch(self._sketch.back())
        elif self._selected >= 0 and self._gesture is None:
            self.box_removed.emit(self._selected)

    def insert_box(self) -> None:
        """Draw a box in the middle of what is seen, a quarter as wide and high: for the keyboard."""
        if self._picture is None:
            return
        view = self._view_size()
        start = self._place.image_point(view.columns * 3 / 8, view.rows * 3 / 8)
        end = self._place.image_point(view.columns * 5 / 8, view.rows * 5 / 8)
        box = tools.drawn_box(start, end, Size(*self._picture.size))
        if box is not None:
            self.box_drawn.emit(box)

    def select_next(self, by: int) -> None:
        """Select the next box, or with -1 the one before."""
        count = len(self._layer.items)
        if count:
            start = self._selected if self._selected >= 0 else (-1 if by > 0 else 0)
            self._select((start + by) % count)

    def use_preset(self, number: int) -> None:
        """Use one of the windows on the number keys, 0-based."""
        if number < len(self._presets) and isinstance(self._picture, Grey):
            self._change_window(self._presets[number].window)

    def use_own_window(self) -> None:
        """Go back to the window or table that the image brings with it."""
        if isinstance(self._picture, Grey):
            self._window = None
            self.window_changed.emit(*self._picture.window)
            self.update()

    def peek(self, peeking: bool) -> None:
        """Show before instead of after, or after instead of before, for as long as it is asked for."""
        self._peeking = peeking
        self.update()

    def _shown_preview(self) -> Preview:
        if not self._peeking:
            return self._preview
        return Preview.BEFORE if self._preview is Preview.AFTER else Preview.AFTER

    def _apply(self, effect: tools.Effect) -> None:
        match effect:
            case tools.Placed(place):
                self.set_place(place)
            case tools.Windowed(window):
                self._change_window(window)
            case tools.Outlined():
                self._outline(effect)
            case tools.Drawn(box):
                self._outline(None)
                self.box_drawn.emit(box)
            case tools.Pointed(x, y):
                self._add_corner(x, y, as_fan=self._tool is Tool.FAN)
            case tools.Changed(index, box):
                self._outline(None)
                self.box_changed.emit(index, box)
            case tools.Selected(index):
                self._outline(None)
                self._select(index)

    def _change_window(self, window: Window) -> None:
        if isinstance(self._picture, Grey) and window != (self._window or self._picture.window):
            self._window = window
            self.window_changed.emit(*window)
            self.update()

    def _outline(self, outlined: tools.Outlined | None) -> None:
        """Show or take away the unfinished box; only where it was and where it is, is painted anew."""
        if outlined is None or outlined.box is None:
            outlined = None
        before = self._outline_area()
        self._outlined = outlined
        self._update_device(before | self._outline_area())

    def _select(self, index: int) -> None:
        if index != self._selected:
            self._selected = index
            self.box_selected.emit(index)
            self.update()

    def _hover(self, x: float, y: float) -> None:
        if self._picture is None:
            return
        part = None
        if self._selected >= 0 and self._tool in (Tool.BOX, Tool.ELLIPSE, Tool.SELECT):
            box = self._layer.items[self._selected].box
            part = tools.part_at(box, self._place, x, y, _REACH * self._unit())
        self.setCursor(CURSORS[self._tool] if part is None else PART_CURSORS[part])
        self._set_hovered(tools.box_at(self._layer.array, *self._place.image_point(x, y)))

    def _set_hovered(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.update()

    def _report_pixel(self, x: float, y: float) -> None:
        if self._picture is None:
            return
        column, row = (int(v // 1) for v in self._place.image_point(x, y))
        rows, columns = self._picture.size
        pixel = (column, row) if 0 <= column < columns and 0 <= row < rows else None
        if pixel != self._hovered_pixel:
            self._hovered_pixel = pixel
            self.pixel_hovered.emit(*(pixel or (-1, -1)))
            self._update_device(self._corner_area())

    def _scene(self, picture: Picture) -> Scene:
        window = (self._window or picture.window) if isinstance(picture, Grey) else None
        reach = _REACH * self._unit()
        return Scene(Size(*picture.size), self._place, self._layer.array, self._selected, window, reach)

    def _refit(self) -> None:
        if self._picture is None:
            return
        image, view = Size(*self._picture.size), self._view_size()
        if self._fits:
            self._move(tools.fitted(image, view, min(self._text_room, view.rows // 8)))
        else:
            self._move(_whole(tools.kept_in_sight(self._place, image, view)))

    def _move(self, place: Placement) -> None:
        self._place = place
        self.place_changed.emit(place)
        self.update()

    def _outline_area(self) -> QRect:
        """Return the device pixels of the unfinished box and its note."""
        return QRect()

    def _corner_area(self) -> QRect:
        """Return the device pixels of the readout that follows the pointer."""
        return QRect()

    def _unit(self) -> int:
        """Return the width of a hairline in device pixels."""
        return max(1, round(self.devicePixelRatioF()))

    def _view_rect(self) -> QRect:
        ratio = self.devicePixelRatioF()
        return QRect(0, 0, round(self.width() * ratio), round(self.height() * ratio))

    def _view_size(self) -> Size:
        view = self._view_rect()
        return Size(max(view.height(), 1), max(view.width(), 1))

    def _device(self, position: QPointF) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        return position.x() * ratio, position.y() * ratio

    def _update_device(self, rect: QRect) -> None:
        if not rect.isEmpty():
            ratio = self.devicePixelRatioF()
            area = QRectF(rect.x() / ratio, rect.y() / ratio, rect.width() / ratio, rect.height() / ratio)
            self.update(area.toAlignedRect())


def _whole(place: Placement) -> Placement:
    """Return the placement on whole device pixels, so that 1:1 stays sharp."""
    return Placement(place.scale, round(place.left), round(place.top))
