"""Paints what lies over the picture: boxes, handles and texts that stay legible on black and on white."""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

import numpy as np
from PySide6.QtCore import QLine, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPen

from viewer.app.tools import HANDLES, BoxArray, Placement
from viewer.pixels.regions import Box, Shape, fitted
from viewer.ui.shape_paint import Drawing

DARK: Final = QColor(0, 0, 0)
LIGHT: Final = QColor(255, 255, 255)
HANDLE: Final = 4
"""Half the side of a handle, in units."""
_RIM: Final = 16
"""Device pixels by which a line may stand out from its box."""
_TEXTS_KEPT: Final = 64


class BoxState(Enum):
    """What a box is: it differs in colour and in the kind of line."""

    ACCEPTED = auto()
    PROPOSED = auto()
    OTHER_SIZE = auto()
    MARK = auto()


class Preview(Enum):
    """What is shown: the picture as it is, or as it will be written."""

    BEFORE = auto()
    AFTER = auto()


@dataclass(frozen=True, slots=True)
class BoxItem:
    """A shape to show, and the box round it. `label` may hold identity: it is hidden on a masked screen.

    `shape`: None for a box. `keep`, `fill`: as in a Region; a grey picture's fill is an index of its.
    """

    box: Box
    state: BoxState
    label: str = ""
    shape: Shape | None = None
    keep: bool = False
    fill: str | int = "black"

    @property
    def is_plain(self) -> bool:
        """Return whether it is a box that is blanked black."""
        return self.shape is None and not self.keep and self.fill == "black"


# Colours of the Okabe-Ito set, which stay apart for every kind of colour vision.
COLOURS: Final = {
    BoxState.ACCEPTED: QColor(255, 176, 0),
    BoxState.PROPOSED: QColor(86, 196, 255),
    BoxState.OTHER_SIZE: QColor(230, 140, 190),
    BoxState.MARK: QColor(160, 220, 120),
}
_DASHES: Final = {
    BoxState.ACCEPTED: [],
    BoxState.PROPOSED: [4.0, 3.0],
    BoxState.OTHER_SIZE: [1.0, 2.0],
    BoxState.MARK: [1.0, 3.0],
}


@dataclass(frozen=True, slots=True, eq=False)
class BoxLayer:
    """Boxes as one array, with the rows of each state."""

    items: tuple[BoxItem, ...]
    array: BoxArray
    rows: dict[BoxState, BoxArray]
    """Of plain boxes; the others are painted one by one."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Which boxes stand out, by number, -1 for none. `unit`: device pixels of a hairline."""

    selected: int
    hovered: int
    preview: Preview
    unit: int


def box_layer(items: Sequence[BoxItem]) -> BoxLayer:
    """Return the layer of these boxes."""
    rows = [(i.box.x, i.box.y, i.box.width, i.box.height) for i in items]
    array = np.array(rows, dtype=np.int64).reshape(-1, 4)
    states = [i.state if i.is_plain else None for i in items]
    chosen = {
        s: np.array([n for n, state in enumerate(states) if state is s], dtype=np.int64) for s in BoxState
    }
    return BoxLayer(tuple(items), array, chosen)


def drawings(layer: BoxLayer, fill: Callable[[Shape, str | int], QColor]) -> list[Drawing]:
    """Return what is painted one by one, plain boxes left out. `fill`: the colour of a fill."""
    return [
        Drawing(
            item.shape or item.box,
            item.keep,
            COLOURS[item.state],
            fill(item.shape or item.box, item.fill),
            item.state is BoxState.ACCEPTED,
            tuple(_DASHES[item.state]),
        )
        for item in layer.items
        if not item.is_plain
    ]


def with_box(layer: BoxLayer, index: int, box: Box) -> BoxLayer:
    """Return the layer with one box replaced, for while it is being dragged."""
    items = list(layer.items)
    shape = items[index].shape
    items[index] = replace(items[index], box=box, shape=None if shape is None else fitted(shape, box))
    array = layer.array.copy()
    array[index] = (box.x, box.y, box.width, box.height)
    return BoxLayer(tuple(items), array, layer.rows)


def screen_rect(box: Box, place: Placement) -> QRect:
    """Return the device pixels that a box covers."""
    left, top = (math.floor(v) for v in place.screen_point(box.x, box.y))
    right, bottom = (math.floor(v) for v in place.screen_point(box.x + box.width, box.y + box.height))
    return QRect(left, top, max(right - left, 1), max(bottom - top, 1))


def paint_layer(
    painter: QPainter, layer: BoxLayer, place: Placement, exposed: list[QRect], marks: Marks
) -> None:
    """Paint all boxes that touch the exposed device pixels; the hovered and the selected one last."""
    if not len(layer.array):
        return
    if marks.preview is Preview.AFTER:
        fills = _rects(layer.array[layer.rows[BoxState.ACCEPTED]], place, exposed)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(DARK)
        painter.drawRects(fills)
    else:
        for state in BoxState:
            rects = _rects(layer.array[layer.rows[state]], place, exposed)
            paint_outlines(painter, rects, state, marks.unit)
    paint_chosen(painter, layer, place, marks)


def paint_chosen(painter: QPainter, layer: BoxLayer, place: Placement, marks: Marks) -> None:
    """Paint the hovered and the selected box so that they stand out, over everything else."""
    for index in dict.fromkeys((marks.hovered, marks.selected)):
        if 0 <= index < len(layer.items):
            item = layer.items[index]
            tinted = marks.preview is Preview.BEFORE
            paint_standing_out(painter, screen_rect(item.box, place), item.state, marks.unit, tinted=tinted)
    if 0 <= marks.selected < len(layer.items):
        paint_handles(painter, screen_rect(layer.items[marks.selected].box, place), marks.unit)


def _rects(array: BoxArray, place: Placement, exposed: list[QRect]) -> list[QRect]:
    low = np.floor(array[:, :2] * place.scale + (place.left, place.top))
    high = np.floor((array[:, :2] + array[:, 2:]) * place.scale + (place.left, place.top))
    high = np.maximum(high, low + 1)
    seen = np.zeros(len(array), dtype=bool)
    for area in exposed:
        begin, end = (area.left() - _RIM, area.top() - _RIM), (area.right() + _RIM, area.bottom() + _RIM)
        seen |= np.all((high >= begin) & (low <= end), axis=1)
    low, high = low[seen], high[seen]
    # Qt's coordinates are 32 bits wide; far outside the view a side may lie anywhere.
    corners = np.clip(np.hstack((low, high - low)), -(1 << 24), 1 << 25).astype(np.int64)
    return [QRect(*row) for row in corners.tolist()]


def paint_outlines(painter: QPainter, rects: list[QRect], state: BoxState, unit: int) -> None:
    """Paint a dark line with a coloured one on it, so that one of the two shows on any picture."""
    if not rects:
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(
        QPen(DARK, 4 * unit, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap, Qt.PenJoinStyle.MiterJoin)
    )
    painter.drawRects(rects)
    pen = QPen(COLOURS[state], 2 * unit)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if _DASHES[state]:
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setDashPattern(_DASHES[state])
    painter.setPen(pen)
    painter.drawRects(rects)
    if state is BoxState.OTHER_SIZE:
        painter.drawLines([line for r in rects for line in _cross(r)])


def _cross(rect: QRect) -> tuple[QLine, QLine]:
    return QLine(rect.topLeft(), rect.bottomRight()), QLine(rect.bottomLeft(), rect.topRight())


def paint_standing_out(painter: QPainter, rect: QRect, state: BoxState, unit: int, *, tinted: bool) -> None:
    """Paint the hovered, selected or unfinished box: a thicker line, a tint that lets text through."""
    if tinted:
        tint = QColor(COLOURS[state])
        tint.setAlpha(48)
        painter.fillRect(rect, tint)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((DARK, 8 * unit), (LIGHT, 6 * unit), (COLOURS[state], 2 * unit)):
        painter.setPen(
            QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap, Qt.PenJoinStyle.MiterJoin)
        )
        painter.drawRect(rect)


def paint_handles(painter: QPainter, rect: QRect, unit: int) -> None:
    """Paint the eight handles of the selected box."""
    half = HANDLE * unit
    painter.setPen(QPen(DARK, unit))
    painter.setBrush(LIGHT)
    center = rect.center()
    x = {-1: rect.left(), 0: center.x(), 1: rect.right() + 1}
    y = {-1: rect.top(), 0: center.y(), 1: rect.bottom() + 1}
    spots = [QPoint(x[part.across], y[part.down]) for part in HANDLES]
    painter.drawRects([QRect(s.x() - half, s.y() - half, 2 * half, 2 * half) for s in spots])


class HaloTexts:
    """Texts with a dark rim, kept as small images because drawing them anew costs more than the picture."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[object, ...], QImage] = OrderedDict()

    def image(
        self, lines: tuple[str, ...], font: QFont, *, right: bool = False, widest: int = 1 << 20
    ) -> QImage:
        """Return the lines as an image in device pixels; `font` has its size in device pixels.

        Lines wider than `widest` end in an ellipsis; `right` aligns them to the right.
        """
        key = (lines, font.pixelSize(), right, widest)
        if key in self._made:
            self._made.move_to_end(key)
        else:
            self._made[key] = _halo_image(lines, font, right, widest)
            while len(self._made) > _TEXTS_KEPT:
                self._made.popitem(last=False)
        return self._made[key]


def _halo_image(lines: tuple[str, ...], font: QFont, right: bool, widest: int) -> QImage:
    metrics = QFontMetrics(font)
    rim = max(1, round(font.pixelSize() / 10))
    shown = [metrics.elidedText(line, Qt.TextElideMode.ElideRight, widest) for line in lines]
    width = max((metrics.horizontalAdvance(line) for line in shown), default=0) + 2 * rim + 2
    step = metrics.lineSpacing()
    image = QImage(width, step * len(shown) + 2 * rim, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setFont(font)
    around = [(x, y) for x in (-rim, 0, rim) for y in (-rim, 0, rim) if (x, y) != (0, 0)]
    for colour, offsets in ((DARK, around), (LIGHT, [(0, 0)])):
        painter.setPen(colour)
        for number, line in enumerate(shown):
            left = width - rim - 1 - metrics.horizontalAdvance(line) if right else rim + 1
            for dx, dy in offsets:
                painter.drawText(left + dx, rim + metrics.ascent() + number * step + dy, line)
    painter.end()
    return image
