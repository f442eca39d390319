"""What a source's pixel data would be without the bits outside Bits Stored: for the checker only."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.release.verify_values import value_of

UNUSED_BITS: Final = "unused bits"
"""Shape of a Blank that clears every bit outside Bits Stored; it has no points."""
_BITS_STORED: Final = 0x00280101
_HIGH_BIT: Final = 0x00280102
_PIXEL_DATA: Final = 0x7FE00010
_PADDING: Final = (0x00280120, 0x00280121)


def without_unused_bits(source: Dataset, words: NDArray[Any]) -> NDArray[Any]:
    """Return unsigned words of an uncompressed frame in which unused bits are zero, or the sign.

    Pixel Padding Value stays. Raises ValueError when words have no spare bits.
    """
    allocated, stored, high = _depth(source)
    wide = words.astype(np.uint64)
    kept = wide & _mask(stored, high)
    if int(source.get("PixelRepresentation") or 0):
        kept[_is_negative(wide, high)] |= np.uint64(((1 << allocated) - 1) ^ ((1 << (high + 1)) - 1))
    exempt = _is_padding(source, wide)
    kept[exempt] = wide[exempt]
    cleared: NDArray[Any] = kept.astype(words.dtype)
    return cleared


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
        value = value_of(written, _PIXEL_DATA)
        size = int(written.Rows) * int(written.Columns) * int(written.get("SamplesPerPixel") or 1)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False  # nothing spare, or no pixels
    step = max(size * allocated // 8, 1)
    order = "<" if written.original_encoding[1] else ">"
    for at in range(0, len(value), step):
        part = value.read(at, min(at + step, len(value)))
        words = np.frombuffer(part, f"{order}u{allocated // 8}", len(part) // (allocated // 8))
        if words.size and _tells(written, words, int(_mask(stored, high))):
            return True
    return False


def _tells(written: Dataset, words: NDArray[Any], mask: int) -> bool:
    allocated, stored, _ = _depth(written)
    spare = words.dtype.type(((1 << allocated) - 1) & ~mask)
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
