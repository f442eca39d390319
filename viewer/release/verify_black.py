"""What black is, worked out for the checker alone: no code is shared with what blanks pixels."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

_PIXEL_DATA: Final = 0x7FE00010
_LUMA: Final = (299, 587, 114)


def black_words(dataset: Dataset, photometric: str, *, encapsulated: bool) -> tuple[frozenset[int], ...]:
    """Return per sample the words that are black, read as unsigned; nothing when that is not known.

    Floating point pixels have no range; black is 0. `photometric`: as decoded.
    """
    stored, allocated = int(dataset.get("BitsStored", 1)), int(dataset.get("BitsAllocated", 1))
    signed = dataset.get("PixelRepresentation", 0) == 1
    shift = int(dataset.get("HighBit", stored - 1)) - stored + 1
    lowest = -(2 ** (stored - 1)) if signed else 0
    highest = lowest + 2**stored - 1
    if _PIXEL_DATA not in dataset:
        values: list[list[int]] = [[0]]
    elif photometric in ("MONOCHROME1", "MONOCHROME2"):
        values = [[highest if photometric == "MONOCHROME1" else lowest]]
    elif photometric in ("RGB", "YBR_RCT", "YBR_ICT", "XYB"):
        values = [[0]] * 3
    elif photometric in ("YBR_FULL", "YBR_FULL_422"):
        values = [[0], [2 ** (stored - 1)], [2 ** (stored - 1)]]
    elif photometric == "PALETTE COLOR":
        values = [_darkest(dataset, lowest, highest)]
    else:
        return ()
    words = [{(v << shift) % 2**allocated for v in sample} for sample in values]
    if encapsulated:
        # A stream without signs may hold only the stored bits.
        words = [w | {v % 2**stored for v in w} for w in words]
    return tuple(frozenset(w) for w in words)


def _darkest(dataset: Dataset, lowest: int, highest: int) -> list[int]:
    """Return every index whose colour is the darkest of the palette."""
    values = np.arange(lowest, highest + 1)
    luma = palette_colours(dataset, lowest, highest) @ np.array(_LUMA)
    return [int(v) for v in values[luma == luma.min()]]


def palette_colours(dataset: Dataset, lowest: int, highest: int) -> NDArray[np.int64]:
    """Return the colour of every index from the lowest to the highest: (n, 3)."""
    values = np.arange(lowest, highest + 1, dtype=np.int32)
    implicit, little = dataset.original_encoding
    part = Dataset()
    part.set_original_encoding(implicit, little, "iso8859")
    for tag in (0x00280103, *range(0x00281101, 0x00281104), *range(0x00281201, 0x00281224)):
        if tag in dataset:
            part[tag] = dataset[tag]
    entries = int(part[0x00281101].value[0]) or 65536
    for tag in (0x00281201, 0x00281202, 0x00281203):
        if tag in part:
            value = dataset[tag].value
            if not little:
                value = np.frombuffer(value, ">u2").astype("<u2").tobytes()
            part[tag] = DataElement(tag, "OW", value[:entries] if len(value) < 2 * entries else value)
    return apply_color_lut(values, part)[:, :3].astype(np.int64)
