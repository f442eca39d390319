"""What is to be blanked in each frame of an image, worked out from the shapes of a plan."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.decisions import Blank
from viewer.dicom.errors import Unsupported
from viewer.dicom.pixel_format import PixelFormat
from viewer.pixels.areas import areas
from viewer.pixels.fill import fill_value

Area: TypeAlias = tuple[slice, slice]
"""Rows and columns of one rectangle inside the image."""
Strokes: TypeAlias = tuple[tuple[Area, Blank], ...]
"""What is filled in one frame, one after another; the blank says with what."""
Painted: TypeAlias = tuple[Area, tuple[int | float, ...]]
"""One rectangle and the stored value, one per sample, that fills it."""

SHAPES: Final = ("rectangle", "ellipse", "polygon")
"""Shapes that have points; the others stand for parts of the pixel data that no place shows."""


def strokes(blanks: Sequence[Blank], made: PixelFormat) -> dict[int, Strokes]:
    """Return what is filled in each touched frame; frames with the same shapes share it.

    Raises Unsupported for shapes that are not known or have no area, and for frames that do not exist.
    """
    of_frame: dict[int, list[Blank]] = {}
    for blank in blanks:
        _refuse(blank, made)
        for frame in blank.frames:
            of_frame.setdefault(frame, []).append(blank)
    known: dict[tuple[Blank, ...], Strokes] = {}
    found: dict[int, Strokes] = {}
    for frame, mine in of_frame.items():
        key = tuple(mine)
        if key not in known:
            parts = areas(key, made.rows, made.columns)
            known[key] = tuple(((rows, columns), blank) for rows, columns, blank in parts)
        if known[key]:
            found[frame] = known[key]
    return found


def _refuse(blank: Blank, made: PixelFormat) -> None:
    if blank.shape not in SHAPES:
        raise Unsupported("A region has a shape that this version cannot blank.")
    if any(not 0 <= frame < made.frames for frame in blank.frames):
        raise Unsupported("A region is meant for a frame that the image does not have.")
    if has_no_area(blank):
        raise Unsupported("A region has no area.")


def has_no_area(blank: Blank) -> bool:
    """Return whether the points of a shape enclose nothing, or are no points of such a shape."""
    xs, ys = blank.points[::2], blank.points[1::2]
    if blank.shape == "polygon":
        return len(xs) != len(ys) or len(xs) < 3 or len(set(xs)) < 2 or len(set(ys)) < 2
    return len(blank.points) != 4 or xs[1] <= xs[0] or ys[1] <= ys[0]


def painted(parts: Strokes, frame: NDArray[Any], made: PixelFormat, dataset: Dataset) -> list[Painted]:
    """Return rectangles of one frame with the stored values that fill them.

    `frame`: its stored values before anything is blanked, (rows, columns) or (rows, columns, samples).
    """
    values: dict[Blank, tuple[int | float, ...]] = {}
    for blank in dict.fromkeys(blank for _, blank in parts):
        inside = frame[:0, 0]
        if blank.fill == "mean":
            own = [area for area, of in parts if of == blank]
            covered = np.zeros(frame.shape[:2], np.bool_)
            for area in own:
                covered[area] = True
            inside = frame[covered]
        values[blank] = fill_value(dataset, made, blank.fill, inside)
    return [(area, values[blank]) for area, blank in parts]


def is_plain(parts: Strokes) -> bool:
    """Return whether what fills the areas does not depend on the frame."""
    return all(blank.fill != "mean" for _, blank in parts)
