"""A line of text on a frame."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

_MOST: Final = 0.8


@dataclass(frozen=True, slots=True)
class TextBox:
    """A line of text in pixels of the frame, ends not included; `score`: 0 to 1, how sure the network is."""

    x0: int
    y0: int
    x1: int
    y1: int
    score: float = 1.0
    parts: "tuple[TextBox, ...]" = field(default=(), compare=False, repr=False)
    """The finds that were taken for characters one above the other, when it was made of such."""

    def moved(self, x: int, y: int) -> "TextBox":
        """Return it `x` pixels further right and `y` further down."""
        return TextBox(self.x0 + x, self.y0 + y, self.x1 + x, self.y1 + y, self.score)

    def scaled(self, by: float) -> "TextBox":
        """Return it on a frame whose sides are `by` times as long."""
        first, last = math.floor, math.ceil
        return TextBox(
            first(self.x0 * by), first(self.y0 * by), last(self.x1 * by), last(self.y1 * by), self.score
        )

    def clipped(self, rows: int, columns: int) -> "TextBox | None":
        """Return what of it lies on a frame of that size, None when nothing does."""
        x0, y0, x1, y1 = max(0, self.x0), max(0, self.y0), min(columns, self.x1), min(rows, self.y1)
        return replace(self, x0=x0, y0=y0, x1=x1, y1=y1) if x0 < x1 and y0 < y1 else None

    def is_within(self, others: Iterable["TextBox"]) -> bool:
        """Return whether more than half of it lies in one of the others."""
        return any(self._is_mostly_in(other) for other in others)

    def is_crossed_out_by(self, others: Iterable["TextBox"]) -> bool:
        """Return whether others lie over most of the line through its middle, along its longer side."""
        lying = self.x1 - self.x0 >= self.y1 - self.y0
        first, last = (self.x0, self.x1) if lying else (self.y0, self.y1)
        middle = (self.y0 + self.y1 if lying else self.x0 + self.x1) // 2
        over = np.zeros(last - first, np.bool_)
        for other in others:
            along, across = ((other.x0, other.x1), (other.y0, other.y1))[:: 1 if lying else -1]
            if across[0] <= middle < across[1]:
                over[max(0, along[0] - first) : max(0, along[1] - first)] = True
        return bool(over.mean() >= _MOST)

    def _is_mostly_in(self, other: "TextBox") -> bool:
        x = min(self.x1, other.x1) - max(self.x0, other.x0)
        y = min(self.y1, other.y1) - max(self.y0, other.y0)
        return x > 0 and y > 0 and 2 * x * y > (self.x1 - self.x0) * (self.y1 - self.y0)
