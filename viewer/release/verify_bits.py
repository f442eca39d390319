"""What a source's pixel data would be without the bits outside Bits Stored: for the checker only."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from viewer.dicom.elements import raw_elements

UNUSED_BITS: Final = "unused bits"
"""Shape of a Blank that clears every bit outside Bits Stored; it has no points."""
_BITS_STORED: Final = 0x00280101
_HIGH_BIT: Final = 0x00280102
_PIXEL_DATA: Final = 0x7FE00010
_PADDING: Final = (0x00280120, 0x00280121)


def without_unused_bits(source: Dataset, tag: int) -> Dataset:
    """Return a data set like the source in which unused bits are zero, or the sign for signed samples.

    Pixel Padding Value stays. Raises ValueError when the pixel data is compressed or has no spare bits.
    """
    allocated, stored, high = _depth(source)
    element = source.get_item(tag)
    if not isinstance(element, RawDataElement) or element.length == 0xFFFFFFFF or element.value is None:
        raise ValueError("compressed pixel data")
    order = "<" if source.original_encoding[1] else ">"
    count = len(element.value) // (allocated // 8)
    words = np.frombuffer(element.value, f"{order}u{allocated // 8}", count).astype(np.uint64)
    kept = words & _mask(stored, high)
    if int(source.get("PixelRepresentation") or 0):
        kept[_is_negative(words, high)] |= np.uint64(((1 << allocated) - 1) ^ ((1 << (high + 1)) - 1))
    exempt = _is_padding(source, words)
    kept[exempt] = words[exempt]
    value = kept.astype(f"{order}u{allocated // 8}").tobytes() + element.value[count * allocated // 8 :]
    changed = Dataset(
        {e.tag: e for _, e in raw_elements(source)} | {BaseTag(tag): element._replace(value=value)}
    )
    implicit, little = source.original_encoding
    changed.set_original_encoding(implicit, little, source.original_character_set)
    changed.file_meta = source.file_meta
    return changed


def as_if_cleared(source: Dataset, old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any] | None:
    """Return decoded words of a source's frame with the unused bits of the written one, None if those tell.

    They must be zero, and one and the same in every negative word: a sign, however far it reaches.
    """
    _, stored, high = _depth(source)
    words, held = old.astype(np.uint64), new.astype(np.uint64)
    mask = _mask(stored, high)
    exempt = _is_padding(source, words)
    negative = _is_negative(held, high) & bool(source.get("PixelRepresentation"))
    outside = held & ~mask
    if outside[~negative & ~exempt].any() or len(np.unique(outside[negative & ~exempt])) > 1:
        return None
    cleared: NDArray[Any] = np.where(exempt, words, (words & mask) | outside).astype(old.dtype)
    return cleared


def is_drawn_in(written: Dataset) -> bool:
    """Return whether unused bits of uncompressed pixel data are more than signs and a little overflow."""
    try:
        allocated, stored, high = _depth(written)
        value = written.get_item(_PIXEL_DATA).value
        count = len(value) // (allocated // 8)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False  # nothing spare, or no pixels
    order = "<" if written.original_encoding[1] else ">"
    words = np.frombuffer(value, f"{order}u{allocated // 8}", count)
    spare = words.dtype.type(((1 << allocated) - 1) & ~int(_mask(stored, high)))
    if not int(np.bitwise_or.reduce(words)) & int(spare):
        return False
    words = words[~_is_padding(written, words)]
    outside = np.unique(words & spare)
    if written.get("PixelRepresentation"):
        # A sign, or the sign of a number beyond the range, fills all of them.
        return not set(map(int, outside)) <= {0, int(spare)}
    # Numbers that run over the range by rounding: a quarter of it at the most.
    return len(outside) > 1 and int(words.max()) - (1 << stored) >= 1 << (stored - 2)


def _depth(source: Dataset) -> tuple[int, int, int]:
    """Return Bits Allocated, Bits Stored and High Bit."""
    allocated, stored, high = int(source.BitsAllocated), int(source[_BITS_STORED].value), 0
    high = int(source[_HIGH_BIT].value) if _HIGH_BIT in source else stored - 1
    if allocated not in (8, 16, 32) or stored >= allocated or high + 1 < stored:
        raise ValueError("no spare bits")
    return allocated, stored, high


def _mask(stored: int, high: int) -> np.uint64:
    return np.uint64(((1 << stored) - 1) << (high + 1 - stored))


def _is_negative(words: NDArray[Any], high: int) -> NDArray[np.bool_]:
    return np.asarray((words >> words.dtype.type(high)) & words.dtype.type(1) == 1)


def _is_padding(source: Dataset, words: NDArray[Any]) -> NDArray[np.bool_]:
    values = [source[tag].value for tag in _PADDING if tag in source]
    width = 1 << int(source.BitsAllocated)
    return np.isin(words, np.array([v % width for v in values if isinstance(v, int)], words.dtype))
