"""Stored values to an 8-bit picture: index images, and one table that holds every display step."""

import math
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.pixels.luts import (
    TABLE_SIZE,
    code,
    header_curve,
    header_rescale,
    integer,
    modality_lut,
    number,
    voi_lut,
)
from viewer.pixels.luts import Curve as Curve
from viewer.pixels.luts import Window as Window
from viewer.pixels.luts import header_window as header_window
from viewer.pixels.pyramid import pyramid

SIGN_OFFSET: Final = 32768
"""Added to signed stored values to make an index."""

_RAMP: Final = np.arange(TABLE_SIZE, dtype=np.float64)
_SAMPLE: Final = 60_000
"""About how many pixels are looked at for percentiles."""
_FARTHEST: Final = 1e30
"""Floating point pixels beyond this are shown as this."""

Table: TypeAlias = NDArray[np.uint8]
IndexImage: TypeAlias = NDArray[np.uint16]


class Preset(NamedTuple):
    """A named window."""

    name: str
    window: Window


CT_PRESETS: Final = (
    Preset("Brain", Window(35, 110)),
    Preset("Abdomen", Window(50, 320)),
    Preset("Mediastinum", Window(80, 400)),
    Preset("Bone", Window(350, 2000)),
    Preset("Lung", Window(-500, 1500)),
)
"""Windows on the number keys 1 to 5, in Hounsfield units."""


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """What an index means: value = index * slope + intercept, or a Modality LUT; then how it is shown.

    `modality`: float64, one value per index, or None when slope and intercept say it all.
    `voi`: uint8, the VOI LUT's grey per index, or None. `padding`: the index shown black.
    """

    slope: float = 1.0
    intercept: float = 0.0
    modality: NDArray[np.float64] | None = None
    voi: Table | None = None
    curve: Curve = Curve.LINEAR
    inverse: bool = False
    padding: int | None = None

    @property
    def nbytes(self) -> int:
        """Return the size of the tables in bytes."""
        return sum(t.nbytes for t in (self.modality, self.voi) if t is not None)


@dataclass(frozen=True, slots=True, eq=False)
class Grey:
    """A grey picture. `levels`: read-only uint16 index images (rows, columns), each half of the one before.

    `window` is the one to begin with; when `mapping.voi` is there, the picture begins with that instead.
    """

    levels: tuple[IndexImage, ...]
    mapping: Mapping
    window: Window
    overlay: NDArray[np.uint8] | None = None
    """What overlays draw over it, (rows, columns) of `overlays.Drawn`; None where none does."""

    @property
    def size(self) -> tuple[int, int]:
        """Return (rows, columns)."""
        return self.levels[0].shape[0], self.levels[0].shape[1]

    @property
    def nbytes(self) -> int:
        """Return the memory it takes, in bytes."""
        drawn = 0 if self.overlay is None else self.overlay.nbytes
        return sum(level.nbytes for level in self.levels) + self.mapping.nbytes + drawn


@dataclass(frozen=True, slots=True, eq=False)
class Colour:
    """A colour picture. `levels`: read-only uint8 (rows, columns, 4) as blue, green, red, 255.

    That is the memory layout of a 32-bit screen pixel, so a level is painted without conversion.
    """

    levels: tuple[NDArray[np.uint8], ...]
    overlay: NDArray[np.uint8] | None = None
    """As in `Grey`."""

    @property
    def size(self) -> tuple[int, int]:
        """Return (rows, columns)."""
        return self.levels[0].shape[0], self.levels[0].shape[1]

    @property
    def nbytes(self) -> int:
        """Return the memory it takes, in bytes."""
        return sum(level.nbytes for level in (*self.levels, self.overlay) if level is not None)


Picture: TypeAlias = Grey | Colour


def is_colour(dataset: Dataset) -> bool:
    """Return whether frames have to be decoded to RGB rather than to stored values."""
    return (
        integer(dataset, "SamplesPerPixel", 1) > 1
        or code(dataset, "PhotometricInterpretation") == "PALETTE COLOR"
    )


def prepare(stored: NDArray[np.generic], dataset: Dataset, frame: int = 0) -> Picture:
    """Return the picture of one frame, ready to paint.

    `stored`: (rows, columns) stored values of any integer or float type, or (rows, columns, 3) RGB in
    uint8. `frame` is 0-based and chooses the functional group. Header values that make no sense are
    passed over; a frame of any other shape raises ValueError.
    """
    if stored.ndim == 3 and stored.shape[2] == 3 and stored.dtype == np.uint8:
        return Colour(pyramid(_screen_pixels(stored)))
    if stored.ndim == 3 and stored.shape[2] == 1:
        stored = stored[:, :, 0]
    if stored.ndim != 2 or 0 in stored.shape:
        raise ValueError("a frame has rows and columns, and one sample or RGB in 8 bits")
    index, mapping = _indexed(stored, dataset, frame)
    declared = header_window(dataset, frame)
    if declared is None:
        mapping = _with_voi_lut(mapping, dataset, frame)
    return Grey(pyramid(index), mapping, declared or _percentile_window(index, mapping, dataset))


def initial_window(stored: NDArray[np.generic], dataset: Dataset, frame: int = 0) -> Window:
    """Return the window to begin with: from the header, else from percentiles of the stored values."""
    return header_window(dataset, frame) or _percentile_window(*_indexed(stored, dataset, frame), dataset)


def window_between(low: float, high: float) -> Window:
    """Return the LINEAR window that is black at `low` and white at `high`."""
    return Window((low + high + 1) / 2, high - low + 1)


def display_table(mapping: Mapping, window: Window | None, *, inverted: bool = False) -> Table:
    """Return the uint8 grey of each of the 65,536 indexes (PS3.3 C.11.2.1.2, C.11.2.1.3).

    `window` None shows the VOI LUT, or a full linear range when there is none. `inverted` is the user's
    switch, on top of MONOCHROME1 and Presentation LUT Shape INVERSE. Padding stays black.
    """
    if window is None and mapping.voi is not None:
        table = mapping.voi.copy()
    else:
        table = _curved(modality_values(mapping), window or _full_range(mapping), mapping.curve)
    if mapping.inverse != inverted:
        np.subtract(255, table, out=table)
    if mapping.padding is not None:
        table[mapping.padding] = 0
    return table


def modality_values(mapping: Mapping) -> NDArray[np.float64]:
    """Return the value behind each index, in output units of the Modality LUT, as float64."""
    if mapping.modality is not None:
        return mapping.modality
    return _RAMP * mapping.slope + mapping.intercept


def value_text(picture: Picture, x: int, y: int) -> str:
    """Return the value at a column and row as text: modality units, or red, green, blue."""
    if isinstance(picture, Colour):
        blue, green, red = picture.levels[0][y, x, :3].tolist()
        return f"{red}, {green}, {blue}"
    mapping, index = picture.mapping, int(picture.levels[0][y, x])
    if mapping.modality is not None:
        return f"{float(mapping.modality[index]):.6g}"
    return f"{index * mapping.slope + mapping.intercept:.6g}"


def _curved(values: NDArray[np.float64], window: Window, curve: Curve) -> Table:
    center, width = window
    if not (math.isfinite(center) and math.isfinite(width)):
        center, width = 0.0, 1.0
    center = min(max(center, -_FARTHEST), _FARTHEST)
    if curve is Curve.SIGMOID:
        exponent = np.clip(-4.0 * (values - center) / max(width, 1e-6), -700, 700)
        return (255.0 / (1.0 + np.exp(exponent)) + 0.5).astype(np.uint8)
    if curve is Curve.LINEAR:
        center, width = center - 0.5, width - 1.0
    grey = values - center
    if width < 1e-6:
        return np.where(grey > 0, 255, 0).astype(np.uint8)
    grey *= 255.0 / width
    grey += 128.0  # the middle of the range, and one half for rounding
    np.clip(grey, 0.5, 255.5, out=grey)
    return grey.astype(np.uint8)


def _full_range(mapping: Mapping) -> Window:
    values = modality_values(mapping)
    return window_between(float(values.min()), float(values.max()))


def _indexed(stored: NDArray[np.generic], dataset: Dataset, frame: int) -> tuple[IndexImage, Mapping]:
    """Return the index image and what its indexes mean; values wider than 16 bits are spread over 65,536."""
    slope, intercept = header_rescale(dataset, frame)
    mapping = Mapping(
        curve=header_curve(dataset, frame),
        inverse=code(dataset, "PhotometricInterpretation") == "MONOCHROME1"
        or code(dataset, "PresentationLUTShape") == "INVERSE",
    )
    bits = _stored_bits(stored, dataset)
    if stored.dtype.kind == "f" or bits > 16:
        index, step, low = _spread(stored)
        return index, replace(mapping, slope=step * slope, intercept=low * slope + intercept)
    signed = integer(dataset, "PixelRepresentation", 0) == 1
    offset = SIGN_OFFSET if signed else 0
    look_up = modality_lut(dataset)
    mapping = replace(
        mapping,
        slope=slope,
        intercept=intercept - offset * slope,
        modality=None if look_up is None else look_up.of(_RAMP - offset).astype(np.float64),
        padding=_padding(dataset, offset),
    )
    return _masked(stored, dataset, bits, signed=signed), mapping


def _stored_bits(stored: NDArray[np.generic], dataset: Dataset) -> int:
    room = 8 * stored.dtype.itemsize
    return min(max(integer(dataset, "BitsStored", room), 1), room)


def _masked(stored: NDArray[np.generic], dataset: Dataset, bits: int, *, signed: bool) -> IndexImage:
    """Return the stored bits alone (overlays may sit above them); signed values are moved up by 32,768."""
    shift = integer(dataset, "HighBit", bits - 1) + 1 - bits
    if 0 < shift <= 8 * stored.dtype.itemsize - bits and stored.dtype.kind in "iu":
        index = np.right_shift(stored, shift).astype(np.uint16)
    else:
        index = stored.astype(np.uint16)
    index &= np.uint16((1 << bits) - 1)
    if signed:
        # Flipping the sign bit adds half the range; the rest moves it to the middle of the table.
        half = 1 << (bits - 1)
        index ^= np.uint16(half)
        index += np.uint16(SIGN_OFFSET - half)
    return index


def _spread(stored: NDArray[np.generic]) -> tuple[IndexImage, float, float]:
    """Return (index image, value per step, value of index 0); what is no number becomes the lowest."""
    values = stored.astype(np.float64)
    finite = values[np.isfinite(values)]
    low = float(max(finite.min(), -_FARTHEST)) if finite.size else 0.0
    high = float(min(finite.max(), _FARTHEST)) if finite.size else 0.0
    step = (high - low) / (TABLE_SIZE - 1) or 1.0
    values = np.clip(np.nan_to_num(values, nan=low, posinf=high, neginf=low), low, high)
    return np.clip(np.rint((values - low) / step), 0, TABLE_SIZE - 1).astype(np.uint16), step, low


def _padding(dataset: Dataset, offset: int) -> int | None:
    """Return the index of Pixel Padding Value; a range limit is not blacked out, text may lie in it."""
    value = number(dataset, "PixelPaddingValue")
    return None if value is None else int(value + offset) % TABLE_SIZE


def _with_voi_lut(mapping: Mapping, dataset: Dataset, frame: int) -> Mapping:
    look_up = voi_lut(dataset, frame)
    if look_up is None:
        return mapping
    entries = look_up.of(modality_values(mapping))
    # The descriptor's bit depth is often too small; a table that needs more shows it by its values.
    top = max((1 << look_up.bits) - 1, int(look_up.entries.max()))
    return replace(mapping, voi=(entries * (255.0 / top) + 0.5).astype(np.uint8))


def _percentile_window(index: IndexImage, mapping: Mapping, dataset: Dataset) -> Window:
    """Return the window from the 0.5th to the 99.5th percentile, padding left out.

    Pictures of up to 8 bits keep their full range, as a screen would show them.
    """
    step = max(1, int(math.sqrt(index.size / _SAMPLE)))
    seen = index[::step, ::step].ravel()
    kept = seen if mapping.padding is None else seen[seen != mapping.padding]
    values = modality_values(mapping)[kept if kept.size else seen]
    bits = integer(dataset, "BitsStored", 16)
    if bits <= 8 and mapping.modality is None and mapping.slope == 1:
        return _screen_range(values, float((1 << max(bits, 1)) - 1))
    low, high = (float(p) for p in np.percentile(values, (0.5, 99.5)))
    return window_between(low, high) if high > low else _full_span(values)


def _full_span(values: NDArray[np.float64]) -> Window:
    return window_between(float(values.min()), float(values.max()))


def _screen_range(values: NDArray[np.float64], top: float) -> Window:
    """Return 0 to `top`, or to the brightest pixel when that is dark (label maps)."""
    peak = float(values.max())
    return window_between(min(0.0, float(values.min())), top if peak > top / 4 else max(peak, 1.0))


def _screen_pixels(rgb: NDArray[np.generic]) -> NDArray[np.uint8]:
    whole = np.empty((*rgb.shape[:2], 4), dtype=np.uint8)
    whole[:, :, :3] = rgb[:, :, ::-1]
    whole[:, :, 3] = 255
    return whole
