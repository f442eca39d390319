"""Puts the pixels of a picture on the screen: only those that are seen, from one of two sources."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from viewer.app.tools import Placement, Size
from viewer.pixels.areas import areas
from viewer.pixels.overlays import Drawn
from viewer.pixels.regions import Region, Scope, ScopeKind, Shape
from viewer.pixels.render import Colour, Grey, Picture, Table

DRAWING: Final = QColor(86, 230, 160)
"""Colour of overlays, light green: boxes are orange and blue."""
BLOCK: Final = 64
"""Rows looked up at a time: `take` makes an 8-byte copy of its indexes, which then stays in the cache."""
MARGIN: Final = 0.15
"""Share of the view by which a patch is wider, so that small pans need no new one."""


def level_for(scale: float, levels: int) -> int:
    """Return the pyramid level that comes closest to the screen; its own scale is then about 0.7 to 1.4."""
    return min(max(round(-math.log2(scale)), 0), levels - 1)


def image_rect(place: Placement, image: Size) -> QRectF:
    """Return where the image lies, in device pixels."""
    return QRectF(place.left, place.top, image.columns * place.scale, image.rows * place.scale)


def fill_colour(picture: Picture, table: Table | None, shape: Shape, fill: str | int) -> QColor:
    """Return the colour of a mean or of a value; `fill`: for a grey picture an index."""
    pixels = picture.levels[0]
    if isinstance(fill, int):
        if isinstance(picture, Grey) and table is not None:
            grey = int(table[min(max(fill, 0), len(table) - 1)])
            return QColor(grey, grey, grey)
        grey = min(max(fill, 0), 255)
        return QColor(grey, grey, grey)
    scope = Scope(ScopeKind.IMAGE, "", *picture.size)
    parts = areas([Region(shape, scope).blank((0,))], *picture.size)
    inside = [pixels[rows, columns].reshape(-1, *pixels.shape[2:]) for rows, columns, _ in parts]
    if not inside:
        return QColor(0, 0, 0)
    found = np.concatenate(inside)
    if isinstance(picture, Colour):
        blue, green, red = found[:, :3].mean(axis=0).round().astype(int).tolist()
        return QColor(red, green, blue)
    index = int(found.mean() + 0.5)
    grey = int(table[index]) if table is not None else 0
    return QColor(grey, grey, grey)


class PicturePainter:
    """Paints one picture. `live` sources serve a window drag, patches everything else."""

    def __init__(self) -> None:
        self._live = _LiveSource()
        self._patch = _Patch()
        self._whole = _WholeLevels()

    def paint(
        self, painter: QPainter, picture: Picture, place: Placement, view: QRect, table: Table | None
    ) -> None:
        """Paint the picture at rest; for colour, any table means inverted and None means as it is."""
        level = level_for(place.scale, len(picture.levels))
        scale = place.scale * 2**level
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale != 1.0 and place.scale < 1)
        image: QImage | None
        if isinstance(picture, Colour):
            image, corner = self._whole.image(picture, level, table), QPoint(0, 0)
        else:
            image, corner = self._patch.image(
                picture, level, _seen(place, scale, picture, level, view), table
            )
        if image is not None:
            target = QRectF(
                place.left + corner.x() * scale,
                place.top + corner.y() * scale,
                image.width() * scale,
                image.height() * scale,
            )
            painter.drawImage(target, image, QRectF(image.rect()))

    def paint_live(
        self, painter: QPainter, picture: Grey, place: Placement, view: QRect, table: Table, *, step: int
    ) -> None:
        """Paint the picture during a window drag, one sample per `step` device pixels."""
        self._live.paint(painter, picture, place, view, table, step)


def _seen(place: Placement, scale: float, picture: Picture, level: int, view: QRect) -> QRect:
    """Return the part of a level that lies in the view, in pixels of the level."""
    rows, columns = picture.levels[level].shape[:2]
    x0, y0 = (view.left() - place.left) / scale, (view.top() - place.top) / scale
    x1, y1 = x0 + view.width() / scale, y0 + view.height() / scale
    seen = QRect(
        math.floor(x0), math.floor(y0), math.ceil(x1) - math.floor(x0), math.ceil(y1) - math.floor(y0)
    )
    return seen & QRect(0, 0, columns, rows)


def shade(index: NDArray[np.uint16], table: NDArray[np.generic], out: NDArray[np.generic]) -> None:
    """Write table[index] into `out`, block by block."""
    for row in range(0, len(index), BLOCK):
        np.take(table, index[row : row + BLOCK], out=out[row : row + BLOCK], mode="clip")


class _Patch:
    """A part of one pyramid level as 32-bit screen pixels, a bit wider than the view."""

    def __init__(self) -> None:
        self._made_for: tuple[Grey, int, Table] | None = None
        self._area = QRect()
        self._pixels = np.empty((0, 0), dtype=np.uint32)
        self._image: QImage | None = None

    def image(
        self, picture: Grey, level: int, seen: QRect, table: Table | None
    ) -> tuple[QImage | None, QPoint]:
        """Return the image and its corner in pixels of the level."""
        if table is None or seen.isEmpty():
            return None, QPoint()
        made_for = (picture, level, table)
        same = self._made_for is not None and all(
            a is b for a, b in zip(made_for, self._made_for, strict=True)
        )
        if not same or not self._area.contains(seen):
            self._made_for = made_for
            self._build(picture.levels[level], seen, table)
        return self._image, self._area.topLeft()

    def _build(self, pixels: NDArray[np.uint16], seen: QRect, table: Table) -> None:
        wider, higher = int(seen.width() * MARGIN), int(seen.height() * MARGIN)
        area = seen.adjusted(-wider, -higher, wider, higher) & QRect(0, 0, pixels.shape[1], pixels.shape[0])
        shape = (area.height(), area.width())
        self._image = None  # it looks into the buffer that is about to change
        if self._pixels.shape != shape:
            self._pixels = np.empty(shape, dtype=np.uint32)
        colours = table.astype(np.uint32) * np.uint32(0x010101) | np.uint32(0xFF000000)
        part = pixels[area.top() : area.top() + shape[0], area.left() : area.left() + shape[1]]
        shade(part, colours, self._pixels)
        stride = self._pixels.strides[0]
        self._image = QImage(self._pixels.data, shape[1], shape[0], stride, QImage.Format.Format_RGB32)
        self._area = area


class _WholeLevels:
    """Levels of a colour picture as images on its own memory; inverted ones are copies."""

    def __init__(self) -> None:
        self._picture: Colour | None = None
        self._made: dict[tuple[int, bool], tuple[QImage, NDArray[np.generic]]] = {}

    def image(self, picture: Colour, level: int, table: Table | None) -> QImage:
        """Return one level; any table means inverted."""
        if picture is not self._picture:
            self._picture, self._made = picture, {}
        key = (level, table is not None)
        if key not in self._made:
            pixels = picture.levels[level] if table is None else ~picture.levels[level]
            rows, columns = pixels.shape[:2]
            image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
            self._made[key] = image, pixels
        return self._made[key][0]


class _LiveSource:
    """Raw pixels picked for exactly the device pixels of the view; each drag event only looks them up."""

    def __init__(self) -> None:
        self._made_for: tuple[Placement, QRect, int] | None = None
        self._picture: Grey | None = None
        self._target = QRect()
        self._index = np.empty((0, 0), dtype=np.uint16)
        self._pixels = np.empty((0, 0), dtype=np.uint8)

    def paint(
        self, painter: QPainter, picture: Grey, place: Placement, view: QRect, table: Table, step: int
    ) -> None:
        """Paint with one sample per `step` device pixels."""
        if self._picture is not picture or self._made_for != (place, view, step):
            self._picture, self._made_for = picture, (place, QRect(view), step)
            self._pick(picture, place, view, step)
        rows, stride = self._pixels.shape
        columns = -(-self._target.width() // step)
        if not rows or columns < 1:
            return
        shade(self._index, table, self._pixels)
        image = QImage(self._pixels.data, columns, rows, stride, QImage.Format.Format_Grayscale8)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        if step == 1:
            painter.drawImage(self._target.topLeft(), image)
        else:
            painter.drawImage(QRect(self._target.topLeft(), image.size() * step), image)

    def _pick(self, picture: Grey, place: Placement, view: QRect, step: int) -> None:
        self._target = image_rect(place, Size(*picture.size)).toAlignedRect() & view
        level = level_for(place.scale, len(picture.levels))
        pixels, scale = picture.levels[level], place.scale * 2**level
        across = np.arange(self._target.left(), self._target.left() + self._target.width(), step)
        down = np.arange(self._target.top(), self._target.top() + self._target.height(), step)
        # A row of a QImage takes a multiple of 4 bytes: the last column is repeated to fill it.
        across = np.pad(across, (0, -len(across) % 4), mode="edge") if len(across) else across
        columns = np.clip((across + step / 2 - place.left) / scale, 0, pixels.shape[1] - 1).astype(np.intp)
        rows = np.clip((down + step / 2 - place.top) / scale, 0, pixels.shape[0] - 1).astype(np.intp)
        self._index = pixels.take(rows, axis=0).take(columns, axis=1)
        if self._pixels.shape != self._index.shape:
            self._pixels = np.empty(self._index.shape, dtype=np.uint8)


class DrawingPainter:
    """Paints what overlays draw over a picture, in one colour."""

    def __init__(self) -> None:
        self._made_for: tuple[NDArray[np.uint8], bool] | None = None
        self._pixels = np.empty((0, 0), dtype=np.uint32)
        self._image = QImage()

    def paint(self, painter: QPainter, drawn: NDArray[np.uint8], place: Placement, *, hidden: bool) -> None:
        """Paint a picture of `overlays.Drawn`; `hidden`: what stands in unused bits too."""
        made_for = self._made_for
        if made_for is None or made_for[0] is not drawn or made_for[1] != hidden:
            self._made_for = drawn, hidden
            seen = drawn != Drawn.NOTHING if hidden else drawn == Drawn.PLANE
            self._pixels = np.where(seen, np.uint32(DRAWING.rgba()), np.uint32(0))
            rows, columns = drawn.shape
            stride = self._pixels.strides[0]
            # The image looks into the pixels, which are kept beside it.
            self._image = QImage(self._pixels.data, columns, rows, stride, QImage.Format.Format_ARGB32)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, place.scale < 1)
        painter.drawImage(image_rect(place, Size(*drawn.shape)), self._image, QRectF(self._image.rect()))
