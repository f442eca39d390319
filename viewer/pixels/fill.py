"""What is put in place of blanked pixels: black, as the photometric interpretation means it."""

from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from viewer.dicom.errors import Unsupported
from viewer.dicom.frames import palette
from viewer.dicom.pixel_format import FLOATS, PixelFormat

_LUMA: Final = np.array((0.299, 0.587, 0.114))
_RGB: Final = frozenset(("RGB", "YBR_RCT", "YBR_ICT"))
"""YBR_RCT and YBR_ICT are RGB once the codec has undone its own transform."""
_YBR: Final = frozenset(("YBR_FULL", "YBR_FULL_422"))


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
