"""The picture with its boxes and corner texts: it shows what it is given and reports what a person does."""

from collections.abc import Sequence
from time import perf_counter
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontInfo, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from viewer.app import gestures
from viewer.app.tools import Placement, Size, Tool
from viewer.pixels.regions import Box, Shape
from viewer.pixels.render import Grey, Picture, Preset, Table, Window, display_table, value_text
from viewer.ui.corner_texts import Corner, CornerLine, CornerTexts
from viewer.ui.image_input import ImageInput
from viewer.ui.image_paint import DrawingPainter, PicturePainter, fill_colour, image_rect
from viewer.ui.overlay_paint import (
    DARK,
    BoxItem,
    BoxState,
    HaloTexts,
    Marks,
    Preview,
    box_layer,
    drawings,
    paint_chosen,
    paint_layer,
    paint_standing_out,
    screen_rect,
    with_box,
)
from viewer.ui.shape_paint import paint_shapes, paint_sketch

BACKGROUND: Final = QColor(22, 24, 27)
_QUIET: Final = QColor(196, 202, 208)
_FOCUS: Final = QColor(86, 196, 255)
_INVERTED: Final[Table] = np.arange(255, -1, -1, dtype=np.uint8)
_SLOW: Final = 0.016
"""Seconds; a window drag whose events take longer goes on with a quarter of the pixels."""


class ImageView(ImageInput):
    """Shows one picture. It never changes a box by itself: it reports, and is given the new boxes.

    `box_drawn(Box)`, `box_changed(int, Box)`, `box_removed(int)` and `box_selected(int)` (-1: none) speak in
    stored pixels, clipped to the image, and in numbers of the sequence given to `set_boxes`.
    `frame_step_requested(int)`: frames to go; `window_changed(center, width)`; `pixel_hovered(column, row)`,
    (-1, -1) when the pointer leaves the image; `place_changed(Placement)` for a second view beside it.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(120, 90)
        self._message = ""
        self._table_for: tuple[object, ...] = ()
        self._table: Table | None = None
        self._pixels = PicturePainter()
        self._drawing = DrawingPainter()
        self._overlays_shown, self._overlays_stay = True, False
        self.overlays_toggled.connect(self.toggle_overlays)
        self._texts = HaloTexts()
        self._corners = CornerTexts()
        self._frame = (0, 0)
        self._step = 1
        self._filled_in: tuple[object, object] = (None, None)
        self._fills: dict[tuple[Shape, str | int], QColor] = {}
        self._name()

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    @property
    def preview(self) -> Preview:
        """What is to be shown while the peek key is not held."""
        return self._preview

    @property
    def display_window(self) -> Window | None:
        """The window in use; None for colour, for no picture, and while a VOI LUT is shown."""
        if not isinstance(self._picture, Grey):
            return None
        return self._window or (None if self._picture.mapping.voi is not None else self._picture.window)

    @property
    def picture_shown(self) -> bool:
        """Whether a picture is on screen, not a sentence."""
        return self._picture is not None

    @property
    def selected(self) -> int:
        """The number of the selected box, -1 for none."""
        return self._selected

    @property
    def place(self) -> Placement:
        """Where the image lies, in device pixels."""
        return self._place

    def set_picture(self, picture: Picture | None, message: str = "") -> None:
        """Show a picture, or a sentence in its place; without a sentence, how to open something.

        Place and window stay while the size stays the same (`reset` for a new series).
        """
        changed = picture is None or self._picture is None or picture.size != self._picture.size
        if changed:
            self.cancel_gesture()
        if picture is None:
            self._pixels = PicturePainter()
        self._picture, self._message = picture, message
        if changed and picture is not None:
            self.fit()
        self._name()
        self.update()

    def reset(self) -> None:
        """Forget window, inversion, place and hidden overlays: for a new series."""
        self._overlays_shown = True
        self._window, self._inverted = None, False
        self.fit()

    def set_boxes(self, items: Sequence[BoxItem]) -> None:
        """Show these boxes; a box being changed keeps its number, so the drag is given up if they differ."""
        if tuple(items) == self._layer.items:
            return
        if isinstance(self._gesture, gestures.Shaping):
            self.cancel_gesture()
        self._layer = box_layer(items)
        self._hovered = -1
        if self._selected >= len(items):
            self._selected = -1
        self._name()
        self.update()

    def set_selected(self, index: int) -> None:
        """Select a box by number, -1 for none; reports nothing."""
        self._selected = index if 0 <= index < len(self._layer.items) else -1
        self.update()

    def set_preview(self, preview: Preview) -> None:
        """Show outlines, or the accepted boxes black as they will be written."""
        self._preview = preview
        self.update()

    def set_overlays_stay(self, stay: bool) -> None:
        """Say whether overlays will be written: only then are they part of the picture after."""
        self._overlays_stay = stay
        self.update()

    def toggle_overlays(self) -> None:
        """Show or hide what overlays draw, to see what lies under it."""
        self._overlays_shown = not self._overlays_shown
        self.update()

    def set_display_window(self, window: Window | None) -> None:
        """Use a window, None for each picture's own; reports nothing."""
        self._window = window
        self.update()

    def set_presets(self, presets: Sequence[Preset]) -> None:
        """Put these windows on the number keys from 1."""
        self._presets = tuple(presets)

    def set_corner(self, corner: Corner, lines: Sequence[CornerLine | str]) -> None:
        """Show lines in a corner; plain texts count as identifying and are masked."""
        self._corners.put(corner, lines)
        height = (2 * self.fontMetrics().lineSpacing() + 8) * self.devicePixelRatioF()
        self._text_room = round(height) if self._corners.used else 0
        self._refit()
        self.update()

    def set_masked(self, masked: bool) -> None:
        """Hide identifying corner lines and the labels of boxes."""
        self._corners.masked = masked
        self.update()

    def set_frame(self, number: int, count: int) -> None:
        """Show which frame it is (1-based) and of how many; 0 of 0 shows nothing."""
        self._frame = (number, count)
        self._name()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        began = perf_counter()
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        painter.scale(1 / ratio, 1 / ratio)
        exposed = _scaled(event.rect(), ratio)
        if self._picture is None:
            self._paint_message(painter, exposed)
        else:
            self._paint_picture(painter, self._picture, exposed)
            areas = [_scaled(a, ratio) for a in event.region()]  # type: ignore[attr-defined]
            self._paint_boxes(painter, areas)
            self._corners.paint(painter, self._view_rect(), self._text_font(), self._texts, self._readouts())
        if self.hasFocus():
            painter.setPen(_FOCUS)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self._view_rect().adjusted(0, 0, -1, -1))
        painter.end()
        if isinstance(self._gesture, gestures.Windowing) and perf_counter() - began > _SLOW:
            self._step = 2

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._refit()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._name()
        super().changeEvent(event)

    def gesture_ended(self) -> None:
        """Go back to full resolution."""
        self._step = 1
        super().gesture_ended()

    def _paint_picture(self, painter: QPainter, picture: Picture, exposed: QRect) -> None:
        image = image_rect(self._place, Size(*picture.size))
        if not image.contains(QRectF(exposed)):
            painter.fillRect(exposed, BACKGROUND)
        painter.setClipRect(image.toAlignedRect() & exposed)
        table = self._current_table()
        if isinstance(self._gesture, gestures.Windowing) and isinstance(picture, Grey) and table is not None:
            self._pixels.paint_live(painter, picture, self._place, self._view_rect(), table, step=self._step)
        else:
            self._pixels.paint(painter, picture, self._place, self._view_rect(), table)
        if picture.overlay is not None and self._overlays_shown and self._has_overlay():
            before = self._shown_preview() is Preview.BEFORE
            self._drawing.paint(painter, picture.overlay, self._place, hidden=before)
        painter.setClipRect(exposed)

    def _has_overlay(self) -> bool:
        """Return whether overlays are part of what is shown: after, only those that will be written."""
        if self._picture is None or self._picture.overlay is None:
            return False
        return self._overlays_stay or self._shown_preview() is Preview.BEFORE

    def _current_table(self) -> Table | None:
        """Return the table of the picture; for colour None, or any table when it is inverted."""
        picture = self._picture
        if not isinstance(picture, Grey):
            return _INVERTED if self._inverted else None
        wanted = (picture.mapping, self.display_window, self._inverted)
        if self._table_for != wanted:
            self._table = display_table(picture.mapping, self.display_window, inverted=self._inverted)
            self._table_for = wanted
        return self._table

    def _paint_boxes(self, painter: QPainter, exposed: list[QRect]) -> None:
        outlined = self._outlined
        layer = self._layer
        if outlined is not None and outlined.box is not None and outlined.index >= 0:
            layer = with_box(layer, outlined.index, outlined.box)
        unit = self._unit()
        marks = Marks(self._selected, self._hovered, self._shown_preview(), unit)
        paint_layer(painter, layer, self._place, exposed, marks)
        shapes = drawings(layer, self._fill_colour)
        if shapes and self._picture is not None:
            image = image_rect(self._place, Size(*self._picture.size)).toAlignedRect()
            after = marks.preview is Preview.AFTER
            paint_shapes(painter, shapes, self._place, image, after=after, unit=unit)
            paint_chosen(painter, layer, self._place, marks)
        if self._sketch.points:
            line = self._sketch.line(as_fan=self.tool is Tool.FAN)
            paint_sketch(painter, line, self._sketch.points, self._place, unit)
        if outlined is not None and outlined.box is not None:
            rect = screen_rect(outlined.box, self._place)
            if outlined.index < 0:
                paint_standing_out(painter, rect, BoxState.ACCEPTED, unit, tinted=True)
            self._paint_note(painter, rect, self._size_text(outlined.box))
        elif self._hovered >= 0 and not self._corners.masked and layer.items[self._hovered].label:
            item = layer.items[self._hovered]
            self._paint_note(painter, screen_rect(item.box, self._place), item.label)

    def _fill_colour(self, shape: Shape, fill: str | int) -> QColor:
        """Return what a fill shows in this picture: a mean is that of the screen, near enough to judge by."""
        picture = self._picture
        if fill == "black" or picture is None:
            return DARK
        table = self._current_table()
        if self._filled_in[0] is not picture or self._filled_in[1] is not table:
            self._filled_in, self._fills = (picture, table), {}
        if (shape, fill) not in self._fills:
            self._fills[shape, fill] = fill_colour(picture, table, shape, fill)
        return self._fills[shape, fill]

    def _paint_note(self, painter: QPainter, rect: QRect, text: str) -> None:
        note = self._texts.image((text,), self._text_font(), widest=self._view_rect().width() // 2)
        painter.drawImage(self._note_rect(rect, note.size()).topLeft(), note)

    def _note_rect(self, rect: QRect, size: QSize) -> QRect:
        """Return where a note stands: below the box, or where there is room in the view."""
        view, gap = self._view_rect(), 6 * self._unit()
        top = rect.bottom() + gap
        if top + size.height() > view.bottom():
            top = max(rect.top() - gap - size.height(), view.top())
        left = max(view.left(), min(rect.left(), view.right() - size.width()))
        return QRect(QPoint(left, top), size)

    def _outline_area(self) -> QRect:
        """Return the device pixels that the unfinished box and its note take."""
        if self._outlined is None or self._outlined.box is None:
            return QRect()
        rect = screen_rect(self._outlined.box, self._place)
        note = self._texts.image((self._size_text(self._outlined.box),), self._text_font()).size()
        rim = 6 * self._unit()
        return rect.adjusted(-rim, -rim, rim, rim) | self._note_rect(rect, note)

    def _corner_area(self) -> QRect:
        view = self._view_rect()
        lines = len(self._corners.shown(Corner.BOTTOM_RIGHT)) + 4
        height = lines * QFontMetrics(self._text_font()).lineSpacing()
        return QRect(view.width() // 2, view.height() - height, view.width() // 2, height)

    def _size_text(self, box: Box) -> str:
        return f"{box.width} × {box.height}"

    def _readouts(self) -> dict[Corner, tuple[str, ...]]:
        window = self.display_window
        left = [] if window is None else [f"W {_short(window.width)}  L {_short(window.center)}"]
        if window is None and isinstance(self._picture, Grey):
            left = [self.tr("Table of the image")]
        if self._shown_preview() is Preview.AFTER:
            left.insert(0, self.tr("As it will be written"))
        left.append(self.tr("Zoom {0} %").format(_short(self._place.scale * 100)))
        right = []
        if self._hovered_pixel is not None and self._picture is not None:
            x, y = self._hovered_pixel
            right.append(f"{x}, {y}: {value_text(self._picture, x, y)}")
        if self._has_overlay():
            shown = self.tr("Overlay (O hides it)") if self._overlays_shown else self.tr("Overlay hidden (O)")
            right.append(shown)
        if self._frame[1]:
            right.append(self.tr("Frame {0} of {1}").format(*self._frame))
        return {Corner.BOTTOM_LEFT: tuple(left), Corner.BOTTOM_RIGHT: tuple(right)}

    def _paint_message(self, painter: QPainter, exposed: QRect) -> None:
        painter.fillRect(exposed, BACKGROUND)
        view = self._view_rect()
        font = self._text_font()
        font.setPixelSize(round(font.pixelSize() * 1.25))
        painter.setFont(font)
        painter.setPen(_QUIET)
        inner = view.adjusted(view.width() // 8, view.height() // 8, -view.width() // 8, -view.height() // 8)
        words = self._message or self.tr("Open a folder or drop files here to begin.")
        painter.drawText(inner, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)

    def _text_font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(max(8, round(QFontInfo(self.font()).pixelSize() * self.devicePixelRatioF())))
        return font

    def _name(self) -> None:
        self.setAccessibleName(self.tr("Image"))
        if self._picture is None:
            self.setAccessibleDescription(self._message or self.tr("No image is open."))
            return
        rows, columns = self._picture.size
        words = self.tr("{0} by {1} pixels, boxes: {2}, frame {3} of {4}")
        self.setAccessibleDescription(words.format(columns, rows, len(self._layer.items), *self._frame))


def _scaled(area: QRect, ratio: float) -> QRect:
    """Return an area of the widget in device pixels, rounded outwards."""
    exact = QRectF(area)
    return QRectF(exact.topLeft() * ratio, exact.size() * ratio).toAlignedRect()


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.3g}"
