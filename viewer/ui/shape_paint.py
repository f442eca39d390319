"""Paints shapes that are not plain boxes: ellipses, polygons, fans, and what keeps its inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from viewer.app.tools import Placement
from viewer.pixels.regions import Box, Ellipse, Fan, Point, Polygon, Shape, outline

DARK: Final = QColor(0, 0, 0)
_SHADE: Final = QColor(0, 0, 0, 130)
_HATCH: Final = QColor(255, 176, 0, 90)


@dataclass(frozen=True, slots=True)
class Drawing:
    """One shape to paint. `fill`: what it will hold, if it is `accepted`; `dash`: of its line."""

    shape: Shape
    keep: bool
    colour: QColor
    fill: QColor
    accepted: bool = True
    dash: tuple[float, ...] = ()


def path_of(shape: Shape, place: Placement) -> QPainterPath:
    """Return the edge of a shape in device pixels."""
    path = QPainterPath()
    if isinstance(shape, (Box, Ellipse)):
        box = shape.bounds
        left, top = place.screen_point(box.x, box.y)
        rect = QRectF(left, top, box.width * place.scale, box.height * place.scale)
        if isinstance(shape, Box):
            path.addRect(rect)
        else:
            path.addEllipse(rect)
    elif isinstance(shape, (Polygon, Fan)):
        path.addPolygon(_on_screen(outline(shape), place))
        path.closeSubpath()
    return path


def _on_screen(points: Sequence[Point], place: Placement) -> QPolygonF:
    return QPolygonF([QPointF(*place.screen_point(x, y)) for x, y in points])


def paint_shapes(
    painter: QPainter, shapes: Sequence[Drawing], place: Placement, image: QRect, *, after: bool, unit: int
) -> None:
    """Paint shapes over the image: their edges and what will be blanked, or with `after` what they will hold.

    All shapes that keep their inside count as one: what lies outside of every one of them goes.
    """
    painter.save()
    painter.setClipRect(image, Qt.ClipOperation.IntersectClip)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    kept = [drawing for drawing in shapes if drawing.keep and (drawing.accepted or not after)]
    if kept:
        outside = QPainterPath()
        outside.addRect(QRectF(image))
        for drawing in kept:
            outside = outside.subtracted(path_of(drawing.shape, place))
        _fill(painter, outside, kept[0].fill if after else None)
    for drawing in shapes:
        path = path_of(drawing.shape, place)
        if after and drawing.accepted and not drawing.keep:
            _fill(painter, path, drawing.fill)
        elif not after:
            _paint_edge(painter, path, drawing, unit)
    painter.restore()


def _fill(painter: QPainter, path: QPainterPath, colour: QColor | None) -> None:
    """Fill a part; without a colour shade it, so that what will go can still be seen."""
    if colour is not None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillPath(path, colour)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        return
    painter.fillPath(path, _SHADE)
    painter.save()
    painter.setBrush(Qt.BrushStyle.BDiagPattern)
    brush = painter.brush()
    brush.setColor(_HATCH)
    painter.fillPath(path, brush)
    painter.restore()


def _paint_edge(painter: QPainter, path: QPainterPath, drawing: Drawing, unit: int) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(DARK, 4 * unit))
    painter.drawPath(path)
    pen = QPen(drawing.colour, 2 * unit)
    if drawing.dash:
        pen.setDashPattern(list(drawing.dash))
    painter.setPen(pen)
    painter.drawPath(path)


def paint_sketch(
    painter: QPainter, line: Sequence[Point], corners: Sequence[Point], place: Placement, unit: int
) -> None:
    """Paint a shape that is being drawn: its line, closed with a thin one, and its corners."""
    if not line:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path = QPainterPath()
    path.addPolygon(_on_screen(line, place))
    edge = Drawing(Polygon(((0, 0), (1, 0), (0, 1))), False, QColor(255, 176, 0), DARK)
    _paint_edge(painter, path, edge, unit)
    first, last = QPointF(*place.screen_point(*line[0])), QPointF(*place.screen_point(*line[-1]))
    painter.setPen(QPen(QColor(255, 255, 255), unit, Qt.PenStyle.DashLine))
    painter.drawLine(last, first)
    painter.setPen(QPen(DARK, unit))
    painter.setBrush(QColor(255, 255, 255))
    for corner in corners:
        painter.drawEllipse(QPointF(*place.screen_point(*corner)), 4 * unit, 4 * unit)
    painter.restore()
