"""A shape that is being drawn corner by corner: plain values, without a window."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from viewer.pixels.regions import Box, Fan, Point, Polygon, Shape, outline

Corners: TypeAlias = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Sketch:
    """Corners so far, between stored pixels, and where the pointer is."""

    points: Corners = ()
    end: Point | None = None

    def with_corner(self, x: float, y: float) -> "Sketch":
        """Return the sketch with one more corner; the same one twice counts once."""
        corner = round(x), round(y)
        return self if self.points[-1:] == (corner,) else Sketch((*self.points, corner))

    def towards(self, x: float, y: float) -> "Sketch":
        """Return the sketch with the pointer at a position of the image."""
        return replace(self, end=(round(x), round(y)))

    def back(self) -> "Sketch":
        """Return the sketch without its last corner."""
        return replace(self, points=self.points[:-1])

    def line(self, *, as_fan: bool) -> Corners:
        """Return what to show: the corners and the pointer, for a fan its outline once it has one."""
        whole = self.points if self.end is None or self.end in self.points else (*self.points, self.end)
        if as_fan and len(whole) in (3, 4):
            try:
                return outline(Fan(whole))
            except ValueError:
                return whole
        return whole


def shape_of(corners: Corners, *, as_fan: bool) -> Shape | None:
    """Return the shape that corners make, None when they enclose nothing."""
    try:
        return Fan(corners) if as_fan else Polygon(corners)
    except ValueError:
        return None


def inside_box(box: Box, *, as_fan: bool) -> Shape | None:
    """Return a polygon or fan that fills a box: for those who draw with the keyboard."""
    left, top, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
    third = box.width // 3
    low = top + 4 * box.height // 5
    if as_fan:
        return shape_of(((left + third, top), (right - third, top), (right, low), (left, low)), as_fan=True)
    half = (top + bottom) // 2
    corners = (left + third, top), (right - third, top), (right, half), (right - third, bottom)
    return shape_of((*corners, (left + third, bottom), (left, half)), as_fan=False)
