"""Which pixels the shapes of a plan cover, worked out for the checker alone: every pixel is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.decisions import Blank


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """Pixels of one blank, (rows, columns): `covered` by its shape, `shown` where no later one lies."""

    blank: Blank
    covered: NDArray[np.bool_]
    shown: NDArray[np.bool_]
    rows: slice
    """From the first row in which it is shown to the last."""


def _rows(shown: NDArray[np.bool_]) -> slice:
    down = np.flatnonzero(shown.any(axis=1))
    return slice(int(down[0]), int(down[-1]) + 1) if down.size else slice(0, 0)


def filled(blanks: Sequence[Blank], rows: int, columns: int) -> list[Filled]:
    """Return what every blank of one frame fills; raises ValueError for shapes that are not known.

    Shapes that are kept count as one, whose outside is filled at the place of the first of them.
    """
    kept = [blank for blank in blanks if blank.keep]
    layers: list[tuple[Blank, NDArray[np.bool_]]] = []
    for blank in blanks:
        if not blank.keep:
            layers.append((blank, covered(blank, rows, columns)))
        elif blank is kept[0]:
            inside = np.any([covered(one, rows, columns) for one in kept], axis=0)
            layers.append((blank, ~inside))
    found, later = [], np.zeros((rows, columns), np.bool_)
    for blank, mask in reversed(layers):
        shown = mask & ~later
        found.append(Filled(blank, mask, shown, _rows(shown)))
        later |= mask
    return found[::-1]


def covered(blank: Blank, rows: int, columns: int) -> NDArray[np.bool_]:
    """Return the pixels whose centre lies in a shape or on its edge; counted in half pixels."""
    points = blank.points
    mask = np.zeros((rows, columns), np.bool_)
    if len(points) < 4 or len(points) % 2:
        raise ValueError("a shape without points")
    left, right = max(min(points[::2]), 0), min(max(points[::2]), columns)
    top, bottom = max(min(points[1::2]), 0), min(max(points[1::2]), rows)
    if left >= right or top >= bottom:
        return mask
    x = 2 * np.arange(left, right, dtype=np.int64)[None, :] + 1
    y = 2 * np.arange(top, bottom, dtype=np.int64)[:, None] + 1
    part = mask[top:bottom, left:right]
    if blank.shape == "rectangle":
        part[:] = True
    elif blank.shape == "ellipse":
        part[:] = _in_ellipse(x, y, points)
    elif blank.shape == "polygon" and len(points) >= 6:
        part[:] = _in_polygon(x, y, points)
    else:
        raise ValueError("a shape that is not known")
    return mask


def _in_ellipse(x: NDArray[np.int64], y: NDArray[np.int64], points: Sequence[int]) -> NDArray[np.bool_]:
    left, top, right, bottom = points
    wide, high = right - left, bottom - top
    # Beyond 64 bits for the largest images: Python's own integers for what depends on the row alone.
    across = ((x - (left + right)) * high).astype(object) ** 2
    down = ((y - (top + bottom)) * wide).astype(object) ** 2
    limits = (wide * high) ** 2 - down.ravel()
    reach = np.array([int(np.count_nonzero(across.ravel() <= limit)) for limit in limits])
    # The pixels inside a row are those nearest to the middle column.
    order = np.argsort(np.argsort(np.abs(x.ravel() - (left + right)), kind="stable"), kind="stable")
    return np.asarray(order[None, :] < reach[:, None])


def _in_polygon(x: NDArray[np.int64], y: NDArray[np.int64], points: Sequence[int]) -> NDArray[np.bool_]:
    """Return even-odd membership: an edge counts where it passes to the left of a centre at its height."""
    corners = [(2 * a, 2 * b) for a, b in zip(points[::2], points[1::2], strict=True)]
    odd = np.zeros((y.size, x.size), np.bool_)
    edge = np.zeros_like(odd)
    for (x0, y0), (x1, y1) in pairwise([*corners, corners[0]]):
        if y0 == y1:
            continue  # between the centres of two rows
        if y0 > y1:
            (x0, y0), (x1, y1) = (x1, y1), (x0, y0)
        rows = (y.ravel() > y0) & (y.ravel() < y1)
        side = (x - x0) * (y1 - y0) - (y[rows] - y0) * (x1 - x0)
        odd[rows] ^= side > 0
        edge[rows] |= side == 0
    return odd | edge
