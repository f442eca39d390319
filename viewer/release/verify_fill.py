"""What a filled region must hold, worked out for the checker alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.decisions import Blank
from viewer.release.verify_black import black_words, palette_colours

_FLOATS: Final = {0x7FE00008: 4, 0x7FE00009: 8}
_RGB: Final = ("RGB", "YBR_RCT", "YBR_ICT", "XYB")
_YBR: Final = ("YBR_FULL", "YBR_FULL_422")

Allowed: TypeAlias = tuple[frozenset[int], ...]
"""Per sample the words that are right, read as unsigned; nothing when that is not known."""


@dataclass(frozen=True, slots=True)
class Ground:
    """How the words of an image are to be read. `photometric`: as decoded."""

    dataset: Dataset
    photometric: str
    encapsulated: bool

    @property
    def float_bytes(self) -> int:
        """Return the bytes of a floating point sample, 0 for integers."""
        return next((size for tag, size in _FLOATS.items() if tag in self.dataset), 0)


def allowed(blank: Blank, ground: Ground, inside: NDArray[Any]) -> Allowed:
    """Return the words that may stand in a region.

    `inside`: the words of the source there, (n, samples), of which a mean is made.
    """
    if blank.fill == "black":
        return black_words(ground.dataset, ground.photometric, encapsulated=ground.encapsulated)
    if ground.float_bytes:
        return _of_floats(blank.fill, ground.float_bytes, inside)
    if ground.photometric == "PALETTE COLOR" and blank.fill == "mean":
        return _as_words(_nearest(ground, _values(ground.dataset, inside)), ground)
    if blank.fill == "mean":
        values = _values(ground.dataset, inside)
        return _as_words([{_mean(column)} for column in values.T], ground)
    if not isinstance(blank.fill, int):
        return ()
    if ground.photometric in _YBR:
        half = 1 << int(ground.dataset.BitsStored) - 1
        return _as_words([{blank.fill}, {half}, {half}], ground)
    return _as_words([{blank.fill}] * (3 if ground.photometric in _RGB else 1), ground)


def _mean(column: NDArray[Any]) -> int:
    """Return the mean of integers, rounded half up."""
    total, count = int(column.sum(dtype=np.int64)), column.size
    return (2 * total + count) // (2 * count)


def _values(dataset: Dataset, words: NDArray[Any]) -> NDArray[np.int64]:
    """Return stored values: the lowest Bits Stored of each word, with their sign."""
    stored = int(dataset.BitsStored)
    values = words.astype(np.int64) % (1 << stored)
    if dataset.get("PixelRepresentation") == 1:
        values[values >= 1 << (stored - 1)] -= 1 << stored
    return values


def _as_words(values: Iterable[Iterable[int]], ground: Ground) -> Allowed:
    stored, bits = int(ground.dataset.BitsStored), int(ground.dataset.BitsAllocated)
    shift = int(ground.dataset.get("HighBit", stored - 1)) - stored + 1
    words = [{(v << shift) % 2**bits for v in sample} for sample in map(set, values)]
    if ground.encapsulated:
        # A stream without signs may hold only the stored bits.
        words = [w | {v % 2**stored for v in w} for w in words]
    return tuple(map(frozenset, words))


def _nearest(ground: Ground, indices: NDArray[np.int64]) -> list[set[int]]:
    """Return every index whose colour is as near as can be to the mean colour of a region."""
    stored = int(ground.dataset.BitsStored)
    low = -(1 << (stored - 1)) if ground.dataset.get("PixelRepresentation") == 1 else 0
    colours = palette_colours(ground.dataset, low, low + (1 << stored) - 1)
    of_region = colours[indices.ravel() - low]
    mean = np.array([_mean(column) for column in of_region.T])
    distance = np.square(colours - mean).sum(axis=1)
    return [{int(i) + low for i in np.flatnonzero(distance == distance.min())}]


def _of_floats(fill: str | int, size: int, inside: NDArray[Any]) -> Allowed:
    """Return the bit patterns of a floating point fill: for a mean also those right beside it."""
    kind = np.dtype(f"f{size}").type
    if isinstance(fill, int):
        near = [kind(fill)]
    else:
        samples = inside.astype(f"u{size}").view(f"f{size}").astype(np.float64)
        middle = kind(np.nan_to_num(samples).mean())
        near = [middle]
        for direction in (-np.inf, np.inf):
            value = middle
            for _ in range(4):
                value = np.nextafter(value, kind(direction))
                near.append(value)
    return (frozenset(int(np.array(v, f"f{size}").view(f"u{size}")) for v in near),)
