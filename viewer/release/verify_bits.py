"""What a source's pixel data would be without the bits outside Bits Stored: for the checker only."""

from typing import Final

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from viewer.dicom.elements import raw_elements

_BITS_STORED: Final = 0x00280101
_HIGH_BIT: Final = 0x00280102


def without_unused_bits(source: Dataset, tag: int) -> Dataset:
    """Return a data set like the source in which unused bits are zero, or the sign for signed samples.

    Worked out with masks, unlike the doer, which shifts. Raises ValueError when the pixel data is
    compressed or has no spare bits.
    """
    allocated, stored = int(source.BitsAllocated), int(source[_BITS_STORED].value)
    high, signed = int(source[_HIGH_BIT].value), int(source.get("PixelRepresentation") or 0)
    element = source.get_item(tag)
    if not isinstance(element, RawDataElement) or element.length == 0xFFFFFFFF or element.value is None:
        raise ValueError("compressed pixel data")
    low = high + 1 - stored
    if allocated not in (16, 32) or stored >= allocated or low < 0:
        raise ValueError("no spare bits")
    order = "<" if source.original_encoding[1] else ">"
    count = len(element.value) // (allocated // 8)
    words = np.frombuffer(element.value, f"{order}u{allocated // 8}", count).astype(np.uint64)
    mask = np.uint64(((1 << stored) - 1) << low)
    kept = words & mask
    if signed:
        negative = (words >> np.uint64(high)) & np.uint64(1) == 1
        kept[negative] |= np.uint64(((1 << allocated) - 1) ^ ((1 << (high + 1)) - 1))
    value = kept.astype(f"{order}u{allocated // 8}").tobytes() + element.value[count * allocated // 8 :]
    changed = Dataset(
        {e.tag: e for _, e in raw_elements(source)} | {BaseTag(tag): element._replace(value=value)}
    )
    implicit, little = source.original_encoding
    changed.set_original_encoding(implicit, little, source.original_character_set)
    changed.file_meta = source.file_meta
    return changed
