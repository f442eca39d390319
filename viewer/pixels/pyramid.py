"""Ever smaller copies of a picture, so that a fitted view reads few pixels."""

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

SMALLEST_LEVEL: Final = 256
"""The pyramid stops when the longer side of a level is this or less, in pixels."""

Pixel = TypeVar("Pixel", np.uint8, np.uint16)


def pyramid(image: NDArray[Pixel]) -> tuple[NDArray[Pixel], ...]:
    """Return the image (rows, columns[, samples]) and its halvings, contiguous and read-only."""
    levels = [np.ascontiguousarray(image)]
    while max(levels[-1].shape[:2]) > SMALLEST_LEVEL:
        levels.append(halved(levels[-1]))
    for level in levels:
        level.flags.writeable = False
    return tuple(levels)


def halved(image: NDArray[Pixel]) -> NDArray[Pixel]:
    """Return an image of half the size (odd sides rounded up), same type, at most one step low."""
    rows = _averaged(image[0::2], image[1::2])
    columns = _averaged(rows[:, 0::2].swapaxes(0, 1), rows[:, 1::2].swapaxes(0, 1))
    return np.ascontiguousarray(columns.swapaxes(0, 1))


def _averaged(even: NDArray[Pixel], odd: NDArray[Pixel]) -> NDArray[Pixel]:
    """Return the means along the first axis; a last line without a partner stays as it is.

    No wider type is needed: the bits that both have, plus half of those in which they differ.
    """
    paired = even[: len(odd)]
    mean = paired ^ odd
    mean >>= 1
    mean += paired & odd
    return mean if len(odd) == len(even) else np.concatenate((mean, even[len(odd) :]))
