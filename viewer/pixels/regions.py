"""Shapes that a person draws: integer geometry in stored pixels, and the images a shape is meant for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from viewer.dicom.decisions import Blank

Point: TypeAlias = tuple[int, int]
"""A corner between pixels: x to the right, y down, from the image's top left corner."""
_ARC_ERROR: Final = 0.5
"""Pixels by which a drawn arc may differ from the true one."""


class ScopeKind(Enum):
    """How far a region reaches."""

    FRAME = "this frame"
    FRAMES = "frames from … to"
    IMAGE = "this image"
    SERIES = "this series"
    STUDY = "this study"
    DEVICE = "this device and size"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in stored pixels: `x`, `y` of the first column and row (0-based), width and height."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError("a box is at least one pixel wide and high")

    @property
    def bounds(self) -> "Box":
        """Return the smallest box round the shape."""
        return self

    def clipped(self, rows: int, columns: int) -> "Box | None":
        """Return the part inside an image of that size, or None when nothing is inside."""
        x0, y0 = max(self.x, 0), max(self.y, 0)
        x1, y1 = min(self.x + self.width, columns), min(self.y + self.height, rows)
        return Box(x0, y0, x1 - x0, y1 - y0) if x1 > x0 and y1 > y0 else None


@dataclass(frozen=True, slots=True)
class Ellipse:
    """The ellipse that fills a box."""

    bounds: Box


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed line through at least three corners."""

    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        _bounds(self.points)

    @property
    def bounds(self) -> Box:
        """Return the smallest box round the shape."""
        return _bounds(self.points)


@dataclass(frozen=True, slots=True)
class Fan:
    """The sector of an ultrasound image, by three or four corners in the order in which they go round.

    Three: the apex, then the two ends of the outer arc. Four: the ends of the inner arc and those of the
    outer one; the sides, made longer, meet in the apex. Sides that do not meet make a plain polygon.
    """

    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        _bounds(self.points)
        if len(self.points) not in (3, 4):
            raise ValueError("a fan has three or four corners")

    @property
    def bounds(self) -> Box:
        """Return the smallest box round the shape."""
        return _bounds(self.outline())

    def outline(self) -> tuple[Point, ...]:
        """Return the corners of the polygon that it is blanked or kept as; arcs are off by half a pixel."""
        upper, lower = _sides(self.points)
        apex = _meeting(upper[0], lower[0], upper[1], lower[1])
        if apex is None:
            return (*upper, lower[1], lower[0])
        outer = _arc(apex, lower[0], lower[1])
        inner = upper[:1] if upper[0] == upper[1] else _arc(apex, upper[1], upper[0])
        return tuple(dict.fromkeys((*inner, *outer)))


Shape: TypeAlias = Box | Ellipse | Polygon | Fan


def _bounds(points: Sequence[Point]) -> Box:
    """Return the box round points; raises ValueError when they enclose nothing."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    if len(points) < 3 or len(set(xs)) < 2 or len(set(ys)) < 2:
        raise ValueError("a shape has at least three corners that do not lie on one line")
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def _sides(points: Sequence[Point]) -> tuple[tuple[Point, Point], tuple[Point, Point]]:
    """Return the ends of the inner and of the outer arc, left ones first."""
    if len(points) == 3:
        apex = min(points, key=lambda p: (p[1], p[0]))
        ends = sorted(p for p in points if p is not apex)
        return (apex, apex), (ends[0], ends[1])
    by_height = sorted(points, key=lambda p: (p[1], p[0]))
    upper, lower = sorted(by_height[:2]), sorted(by_height[2:])
    return (upper[0], upper[1]), (lower[0], lower[1])


def _meeting(a: Point, b: Point, c: Point, d: Point) -> tuple[float, float] | None:
    """Return where the lines a–b and c–d meet above their lower ends, None where they do not."""
    if a == c:
        return float(a[0]), float(a[1])
    ux, uy, vx, vy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    across = ux * vy - uy * vx
    if across == 0:
        return None
    along = ((c[0] - a[0]) * vy - (c[1] - a[1]) * vx) / across
    apex = a[0] + along * ux, a[1] + along * uy
    return apex if apex[1] < min(b[1], d[1]) else None


def _arc(apex: tuple[float, float], start: Point, end: Point) -> tuple[Point, ...]:
    """Return points on the arc round the apex from one end to the other."""
    radius = (math.dist(apex, start) + math.dist(apex, end)) / 2
    first = math.atan2(start[1] - apex[1], start[0] - apex[0])
    turn = math.atan2(end[1] - apex[1], end[0] - apex[0]) - first
    turn = (turn + math.pi) % (2 * math.pi) - math.pi
    step = 2 * math.acos(max(1 - _ARC_ERROR / max(radius, 1), 0))
    count = max(math.ceil(abs(turn) / step), 1)
    return tuple(
        (
            round(apex[0] + radius * math.cos(first + turn * n / count)),
            round(apex[1] + radius * math.sin(first + turn * n / count)),
        )
        for n in range(count + 1)
    )


def fitted(shape: Shape, box: Box) -> Shape:
    """Return a shape moved and stretched so that a box goes round it; a fan may miss by its arcs."""
    if isinstance(shape, Box):
        return box
    if isinstance(shape, Ellipse):
        return Ellipse(box)
    old = shape.bounds

    def moved(x: int, y: int) -> Point:
        across = box.x + round((x - old.x) * box.width / old.width)
        return across, box.y + round((y - old.y) * box.height / old.height)

    return type(shape)(tuple(moved(x, y) for x, y in shape.points))


@dataclass(frozen=True, slots=True)
class Scope:
    """The images a region is for. `uid` is the SOP Instance, Series or Study Instance UID by kind.

    For DEVICE it is the key of a device (`devices.device_key`): every image of that device and size.

    `frames`: 0-based first and last frame for FRAME and FRAMES, else None (every frame).
    `rows`, `columns`: size of the image it was drawn on; an image of another size is never changed
    silently: its plan carries an ERROR finding.
    """

    kind: ScopeKind
    uid: str = field(repr=False)
    rows: int
    columns: int
    frames: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How a shape is blanked. `keep`: what lies outside, not what lies inside; `fill`: as in a Blank."""

    fill: str | int = "black"
    keep: bool = False


BLACK_INSIDE: Final = Manner()


@dataclass(frozen=True, slots=True)
class Region:
    """One shape with its scope: intent of a person (or of a command line), keyed by original UIDs.

    `keep`: what lies outside is blanked, not what lies inside. `fill`: as in a Blank. `features`: it takes a
    recognizable face off this image (PS3.15 E.3.2), which the output then claims; moved, it claims no more.
    """

    shape: Shape
    scope: Scope
    fill: str | int = "black"
    keep: bool = False
    features: bool = False

    @property
    def box(self) -> Box:
        """Return the smallest box round the shape."""
        return self.shape.bounds

    def blank(self, frames: tuple[int, ...]) -> Blank:
        """Return what is blanked in these frames."""
        if isinstance(self.shape, (Box, Ellipse)):
            name = "rectangle" if isinstance(self.shape, Box) else "ellipse"
            box = self.shape.bounds
            points: tuple[int, ...] = (box.x, box.y, box.x + box.width, box.y + box.height)
        else:
            name = "polygon"
            points = tuple(value for point in outline(self.shape) for value in point)
        return Blank(name, points, frames, self.keep, self.fill)


def outline(shape: Polygon | Fan) -> tuple[Point, ...]:
    """Return the corners of the polygon that a shape is."""
    return shape.outline() if isinstance(shape, Fan) else shape.points


ON_ONE_IMAGE: Final = (ScopeKind.FRAME, ScopeKind.FRAMES, ScopeKind.IMAGE)
"""Scopes that are keyed by SOP Instance UID."""
