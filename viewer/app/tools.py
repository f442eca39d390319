"""What tools work with: where the image lies, boxes as they are drawn and moved, what a gesture brings about.

Positions on the screen are device pixels, positions on the image are stored pixels (0 = left or top edge).
"""

import math
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.pixels.regions import Box
from viewer.pixels.render import Window

SMALLEST_SCALE: Final = 1 / 64
LARGEST_SCALE: Final = 64.0
CLICK: Final = 4
"""A press that moves less than this many device pixels is a click."""
_WINDOW_TRAVEL: Final = 300.0
"""Device pixels of travel over which a window drag doubles the width."""

BoxArray: TypeAlias = NDArray[np.int64]
"""Boxes as (n, 4) rows of x, y, width, height in stored pixels."""


class Tool(Enum):
    """What the left button does."""

    SELECT = auto()
    BOX = auto()
    ELLIPSE = auto()
    POLYGON = auto()
    FAN = auto()
    WINDOW = auto()
    PAN = auto()
    ZOOM = auto()


DRAWS: Final = (Tool.BOX, Tool.ELLIPSE, Tool.POLYGON, Tool.FAN)
"""Tools that make regions."""


class Button(Enum):
    """A mouse button; middle always pans, right always windows."""

    LEFT = auto()
    MIDDLE = auto()
    RIGHT = auto()


class Placement(NamedTuple):
    """Where the image lies: screen = left/top + scale * image, in device pixels."""

    scale: float
    left: float
    top: float

    def image_point(self, x: float, y: float) -> tuple[float, float]:
        """Return the stored-pixel position under a screen position."""
        return (x - self.left) / self.scale, (y - self.top) / self.scale

    def screen_point(self, x: float, y: float) -> tuple[float, float]:
        """Return the screen position of a stored-pixel position."""
        return self.left + self.scale * x, self.top + self.scale * y


class Size(NamedTuple):
    """Rows and columns, of an image in stored pixels or of a view in device pixels."""

    rows: int
    columns: int


class Part(NamedTuple):
    """The part of a box that was hit: -1, 0 or 1 across and down; (0, 0) is the inside."""

    across: int
    down: int


INSIDE: Final = Part(0, 0)
HANDLES: Final = tuple(Part(a, d) for d in (-1, 0, 1) for a in (-1, 0, 1) if (a, d) != (0, 0))


def fitted(image: Size, view: Size, above_and_below: int = 0) -> Placement:
    """Return the placement that shows the whole image, centred.

    `above_and_below`: device pixels left free there, so that corner texts do not hide text in the image.
    """
    rows = max(view.rows - 2 * above_and_below, 1)
    scale = min(view.columns / image.columns, rows / image.rows)
    scale = min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)
    return centred(image, view, scale)


def centred(image: Size, view: Size, scale: float) -> Placement:
    """Return the placement of that scale with the image in the middle; 1:1 lies on whole pixels."""
    left, top = (view.columns - image.columns * scale) / 2, (view.rows - image.rows * scale) / 2
    return Placement(scale, math.floor(left), math.floor(top))


def zoomed(place: Placement, factor: float, x: float, y: float) -> Placement:
    """Return the placement scaled by `factor`, with what lies under the screen position staying there."""
    scale = min(max(place.scale * factor, SMALLEST_SCALE), LARGEST_SCALE)
    if place.scale < 1 < scale or scale < 1 < place.scale or abs(scale - 1) < 1e-9:
        scale = 1.0  # never step over 1:1
    ratio = scale / place.scale
    return Placement(scale, x - (x - place.left) * ratio, y - (y - place.top) * ratio)


def panned(place: Placement, dx: float, dy: float) -> Placement:
    """Return the placement moved by device pixels."""
    return Placement(place.scale, place.left + dx, place.top + dy)


def kept_in_sight(place: Placement, image: Size, view: Size) -> Placement:
    """Return the placement moved just so far that some of the image can be seen and grasped."""
    rim_x = min(image.columns * place.scale, view.columns) / 4
    rim_y = min(image.rows * place.scale, view.rows) / 4
    left = min(max(place.left, rim_x - image.columns * place.scale), view.columns - rim_x)
    top = min(max(place.top, rim_y - image.rows * place.scale), view.rows - rim_y)
    return Placement(place.scale, left, top)


def drawn_box(start: tuple[float, float], end: tuple[float, float], image: Size) -> Box | None:
    """Return the box over every stored pixel between two image positions, None when outside the image."""
    x0, x1 = sorted((math.floor(start[0]), math.floor(end[0])))
    y0, y1 = sorted((math.floor(start[1]), math.floor(end[1])))
    return Box(x0, y0, x1 - x0 + 1, y1 - y0 + 1).clipped(image.rows, image.columns)


def moved_box(box: Box, dx: int, dy: int, image: Size) -> Box:
    """Return the box moved by stored pixels, stopped at the edges of the image with its size kept."""
    x = min(max(box.x + dx, 0), max(image.columns - box.width, 0))
    y = min(max(box.y + dy, 0), max(image.rows - box.height, 0))
    return Box(x, y, box.width, box.height)


def resized_box(box: Box, part: Part, dx: int, dy: int, image: Size) -> Box:
    """Return the box with the sides of that handle moved; at least one pixel, clipped to the image."""
    left, right = _stretched(box.x, box.x + box.width, part.across, dx, image.columns)
    top, bottom = _stretched(box.y, box.y + box.height, part.down, dy, image.rows)
    return Box(left, top, right - left, bottom - top)


def _stretched(low: int, high: int, side: int, by: int, end: int) -> tuple[int, int]:
    if side < 0:
        low = min(max(low + by, 0), end)
    elif side > 0:
        high = min(max(high + by, 0), end)
    low, high = min(low, high), max(low, high)
    return (low, high) if high > low else (min(low, end - 1), min(low, end - 1) + 1)


def box_at(boxes: BoxArray, x: float, y: float) -> int:
    """Return the number of the smallest box over an image position, -1 when there is none."""
    if not len(boxes):
        return -1
    left, top, width, height = boxes.T
    over = (left <= x) & (x < left + width) & (top <= y) & (y < top + height)
    areas = np.where(over, width * height, np.iinfo(np.int64).max)
    best = int(areas.argmin())
    return best if over[best] else -1


def part_at(box: Box, place: Placement, x: float, y: float, reach: float) -> Part | None:
    """Return the handle or inside of a box at a screen position; handles reach that many device pixels."""
    left, top = place.screen_point(box.x, box.y)
    right, bottom = place.screen_point(box.x + box.width, box.y + box.height)
    across, down = _side(x, left, right, reach), _side(y, top, bottom, reach)
    return None if across is None or down is None else Part(across, down)


def _side(at: float, low: float, high: float, reach: float) -> int | None:
    """Return which side of a span is near (-1, 1), 0 between them, None outside."""
    if not low - reach <= at <= high + reach:
        return None
    # In a small box the handles would cover the inside: a third of it stays free for moving.
    near = min(reach, (high - low) / 3)
    if at <= low + near:
        return -1
    return 1 if at >= high - near else 0


def dragged_window(window: Window, dx: float, dy: float) -> Window:
    """Return the window after a drag: right widens, down raises the center (a darker picture)."""
    step = max(window.width, 1.0) / _WINDOW_TRAVEL
    width = max(window.width + dx * step, min(window.width, 1.0), 1e-6)
    return Window(window.center + dy * step, width)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a gesture starts from. `selected` is a row of `boxes` or -1; `window` None when there is none.

    `reach`: how far from a handle it can still be grasped, in device pixels.
    """

    image: Size
    place: Placement
    boxes: BoxArray = field(repr=False)
    selected: int = -1
    window: Window | None = None
    reach: float = 8.0

    def box(self, index: int) -> Box:
        """Return one box."""
        x, y, width, height = self.boxes[index].tolist()
        return Box(x, y, width, height)


@dataclass(frozen=True, slots=True)
class Placed:
    """The view is to move."""

    place: Placement


@dataclass(frozen=True, slots=True)
class Windowed:
    """The window is to change."""

    window: Window


@dataclass(frozen=True, slots=True)
class Outlined:
    """A box is being drawn (index -1) or changed; None shows nothing. Nothing is decided yet."""

    index: int
    box: Box | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A box was drawn."""

    box: Box


@dataclass(frozen=True, slots=True)
class Pointed:
    """A corner of a shape was set, in stored pixels."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Changed:
    """A box was moved or resized."""

    index: int
    box: Box


@dataclass(frozen=True, slots=True)
class Selected:
    """A box was chosen; -1 is none."""

    index: int


Effect: TypeAlias = Placed | Windowed | Outlined | Drawn | Pointed | Changed | Selected
