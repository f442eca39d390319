"""Overlays hidden in unused bits of the pixel data are cleared, samples stay (PS3.5 8.1.2, retired)."""

from typing import Any, Final

import numpy as np

from viewer.dicom.errors import Unsupported
from viewer.dicom.pixel_format import PixelFormat

SHAPE: Final = "unused bits"
"""Shape of a Blank that clears every bit outside Bits Stored; it has no points."""


def cleared(data: bytes, made: PixelFormat) -> bytes:
    """Return uncompressed pixel data without bits outside Bits Stored; signed samples keep their sign.

    Raises Unsupported for compressed data and for samples that fill their words.
    """
    spare = made.bits_allocated - made.bits_stored
    low = made.high_bit + 1 - made.bits_stored
    if made.encapsulated or made.bits_allocated not in (16, 32) or spare < 1 or low < 0:
        raise Unsupported("A drawing is hidden in bits of the image that cannot be told from its pixels.")
    count = made.data_bytes // (made.bits_allocated // 8)
    words: Any = np.frombuffer(data, made.file_dtype, count).astype(made.dtype)
    above = made.bits_allocated - 1 - made.high_bit
    words <<= above
    words >>= above
    words >>= low
    words <<= low
    return bytes(words.astype(made.file_dtype).tobytes()) + data[made.data_bytes :]
