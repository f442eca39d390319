"""One frame of an image as the picture that text is looked for in."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.frames import decode_frame, decode_rgb
from viewer.dicom.pixel_format import pixel_format
from viewer.finders.sharpness import Grey
from viewer.pixels.render import is_colour

_WEIGHTS: Final = (77, 150, 29)
"""Red, green, blue of brightness, in 256th (ITU-R BT.601)."""


def grey_frame(dataset: Dataset, index: int) -> Grey:
    """Return frame `index` (0-based) as greys: (rows, columns) uint8 or uint16; raises Unsupported.

    Values keep their order, not their meaning: no window, no look-up table but a palette, no inversion.
    """
    if is_colour(dataset):
        return brightness(decode_rgb(dataset, index))
    return greys(decode_frame(dataset, index), bits=pixel_format(dataset).bits_stored)


def brightness(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the brightness of colours of shape (rows, columns, 3)."""
    red, green, blue = (colours[..., i].astype(np.uint16) * w for i, w in enumerate(_WEIGHTS))
    grey: NDArray[np.uint8] = ((red + green + blue) >> 8).astype(np.uint8)
    return grey


def greys(values: NDArray[np.generic], *, bits: int) -> Grey:
    """Return stored values of shape (rows, columns) as greys; bits above Bits Stored do not count."""
    if values.dtype.kind == "f" or values.dtype.itemsize > 2:
        return _spread(values)
    stored = 8 * values.dtype.itemsize
    whole = values.view(f"u{values.dtype.itemsize}")
    if bits < stored:
        whole = whole & np.array((1 << bits) - 1, whole.dtype)
    if values.dtype.kind == "i":
        whole = whole ^ np.array(1 << min(bits, stored) - 1, whole.dtype)
    if bits == 1:
        whole = whole * np.uint8(255)
    return whole


def _spread(values: NDArray[np.generic]) -> NDArray[np.uint16]:
    """Return values that do not fit in 16 bits spread over them; what is no number is the lowest."""
    real = values.astype(np.float64)
    finite = np.isfinite(real)
    if not finite.any():
        return np.zeros(values.shape, np.uint16)
    low, high = np.percentile(real[finite], (0.05, 99.95))
    scaled = (np.where(finite, real, low) - low) * (65535 / max(high - low, np.finfo(np.float32).tiny))
    spread: NDArray[np.uint16] = np.clip(scaled, 0, 65535).astype(np.uint16)
    return spread
