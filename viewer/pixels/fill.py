"""What is put in place of blanked pixels: black as the photometric interpretation means it, mean, value."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.errors import Unsupported
from viewer.dicom.frames import palette
from viewer.dicom.pixel_format import FLOATS, PixelFormat

_LUMA: Final = np.array((0.299, 0.587, 0.114))
_RGB: Final = frozenset(("RGB", "YBR_RCT", "YBR_ICT"))
"""YBR_RCT and YBR_ICT are RGB once the codec has undone its own transform."""
_YBR: Final = frozenset(("YBR_FULL", "YBR_FULL_422"))


def fill_value(
    dataset: Dataset, made: PixelFormat, fill: str | int, inside: NDArray[Any]
) -> tuple[int | float, ...]:
    """Return the stored value that fills a shape, one per sample.

    `fill`: as in a Blank. `inside`: stored values of the frame inside the shape, (n,) or (n, samples),
    looked at for a mean only. The mean is rounded half up; that of a palette image is the index of the
    colour nearest to the mean colour. Raises Unsupported where the fill has no meaning.
    """
    if fill == "black":
        return black(dataset, made)
    if isinstance(fill, int):
        return _chosen(made, fill)
    if fill != "mean":
        raise Unsupported("A region is to be filled with something that this program does not know.")
    if made.high_bit + 1 != made.bits_stored or not len(inside):
        raise Unsupported("The mean of a region in this kind of image is not known: choose black.")
    if made.photometric == "PALETTE COLOR":
        return (_nearest(palette(dataset, made), inside, _range(made)[0]),)
    return tuple(_means(_stored(inside, made).reshape(len(inside), -1)))


def _means(inside: NDArray[Any]) -> list[int | float]:
    if inside.dtype.kind == "f":
        return [float(np.nan_to_num(column.astype(np.float64)).mean()) for column in inside.T]
    count = len(inside)
    return [(2 * int(column.sum(dtype=np.int64)) + count) // (2 * count) for column in inside.T]


def _stored(words: NDArray[Any], made: PixelFormat) -> NDArray[Any]:
    """Return words without bits above those stored."""
    if words.dtype.kind == "f" or made.bits_stored == 8 * words.dtype.itemsize:
        return words
    low, high = _range(made)
    values = words.astype(np.int64) & (1 << made.bits_stored) - 1
    return np.where(values > high, values - (1 << made.bits_stored), values) if low < 0 else values


def _nearest(table: NDArray[Any], inside: NDArray[Any], low: int) -> int:
    """Return the index whose colour is nearest to the mean colour inside, the lowest of equal ones."""
    colours = table.astype(np.int64)
    mean = np.array(_means(colours[(inside.astype(np.int64) - low) % len(colours)]))
    return low + int(np.argmin(((colours - mean) ** 2).sum(axis=1)))


def _chosen(made: PixelFormat, value: int) -> tuple[int | float, ...]:
    """Return a value chosen by a person: a stored value, or in a colour image a grey."""
    low, high = _range(made)
    raised = made.high_bit + 1 - made.bits_stored
    if made.tag in FLOATS and made.samples == 1:
        return (float(value),)
    if not low <= value <= high:
        raise Unsupported(f"The value chosen to fill a region is not one from {low} to {high}.")
    if made.samples == 1:
        return (value << raised,)
    if not made.signed and not raised and made.photometric in _RGB | _YBR:
        half = 1 << made.bits_stored - 1
        return (value,) * 3 if made.photometric in _RGB else (value, half, half)
    raise Unsupported("What grey is in this kind of image is not known, so it cannot be filled with a value.")


def black(dataset: Dataset, made: PixelFormat) -> tuple[int, ...]:
    """Return the stored value that shows black, one per sample (PS3.3 C.7.6.3.1.2).

    MONOCHROME2: the lowest value that Bits Stored can hold; MONOCHROME1: the highest; palette: the index
    of the darkest colour. Floating point values have no range: 0. The value fills its whole word, so that
    nothing is left in unused bits. Raises Unsupported for other interpretations.
    """
    low, high = _range(made)
    raised = made.high_bit + 1 - made.bits_stored
    if made.tag in FLOATS and made.samples == 1:
        return (0,)
    if made.samples == 1 and made.photometric == "MONOCHROME2":
        return (low << raised,)
    if made.samples == 1 and made.photometric == "MONOCHROME1":
        return (high << raised,)
    if made.samples == 1 and made.photometric == "PALETTE COLOR" and not raised:
        return (low + int(np.argmin(palette(dataset, made) @ _LUMA)),)
    if made.samples == 3 and not made.signed and not raised and made.photometric in _RGB:
        return (0, 0, 0)
    if made.samples == 3 and not made.signed and not raised and made.photometric in _YBR:
        half = 1 << made.bits_stored - 1
        return (0, half, half)
    raise Unsupported("What black is in this kind of image is not known, so it cannot be blanked.")


def _range(made: PixelFormat) -> tuple[int, int]:
    if made.signed:
        half = 1 << made.bits_stored - 1
        return -half, half - 1
    return 0, (1 << made.bits_stored) - 1
