"""Boxes that a person draws: integer geometry in stored pixels, and the images a box is meant for."""

from dataclasses import dataclass, field
from enum import Enum


class ScopeKind(Enum):
    """How far a region reaches."""

    FRAME = "this frame"
    IMAGE = "this image"
    SERIES = "this series"
    STUDY = "this study"


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

    def clipped(self, rows: int, columns: int) -> "Box | None":
        """Return the part inside an image of that size, or None when nothing is inside."""
        x0, y0 = max(self.x, 0), max(self.y, 0)
        x1, y1 = min(self.x + self.width, columns), min(self.y + self.height, rows)
        return Box(x0, y0, x1 - x0, y1 - y0) if x1 > x0 and y1 > y0 else None


@dataclass(frozen=True, slots=True)
class Scope:
    """The images a region is for. `uid` is the SOP Instance, Series or Study Instance UID by kind.

    `frames`: 0-based first and last frame for FRAME, else None (every frame).
    `rows`, `columns`: size of the image it was drawn on; an image of another size is never changed
    silently: its plan carries an ERROR finding.
    """

    kind: ScopeKind
    uid: str = field(repr=False)
    rows: int
    columns: int
    frames: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """One box with its scope: intent of a person (or of a command line), keyed by original UIDs."""

    box: Box
    scope: Scope
