"""What the header says about display: windows and look-up tables; nonsense in it is passed over."""

import math
import struct
from enum import Enum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

TABLE_SIZE: Final = 65536
LARGEST: Final = 1e15
"""Numbers of the header beyond this make no picture and are passed over."""


class Curve(Enum):
    """VOI LUT Function (0028,1056), PS3.3 C.11.2.1.3."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


class Window(NamedTuple):
    """Window Center and Window Width in output units of the Modality LUT, PS3.3 C.11.2.1.2."""

    center: float
    width: float


class LookUp(NamedTuple):
    """A LUT sequence item: first value mapped, its entries (uint16), bits per entry."""

    first: int
    entries: NDArray[np.uint16]
    bits: int

    def of(self, values: NDArray[np.float64]) -> NDArray[np.uint16]:
        """Return the entry for each value; values outside get the first or last entry (PS3.3 C.11.1.1)."""
        first = self.first
        if first > 0x7FFF and values.min() < 0:
            first -= TABLE_SIZE  # the descriptor was written as unsigned although values are signed
        places = np.clip(np.rint(values) - first, 0, len(self.entries) - 1).astype(np.intp)
        return self.entries[places]


def header_window(dataset: Dataset, frame: int = 0) -> Window | None:
    """Return the first window of the header or of the frame's functional group, None when none is usable."""
    for item in places_of(dataset, frame, "FrameVOILUTSequence"):
        center, width = number(item, "WindowCenter"), number(item, "WindowWidth")
        if center is not None and width is not None and width > 0:
            return Window(center, width)
    return None


def header_curve(dataset: Dataset, frame: int) -> Curve:
    """Return the VOI LUT Function; LINEAR when there is none or an unknown one."""
    for item in places_of(dataset, frame, "FrameVOILUTSequence"):
        name = code(item, "VOILUTFunction")
        if name in Curve.__members__:
            return Curve[name]
    return Curve.LINEAR


def header_rescale(dataset: Dataset, frame: int) -> tuple[float, float]:
    """Return slope and intercept (PS3.3 C.11.1, C.7.6.16.2.9); 1 and 0 when missing or without sense."""
    for item in places_of(dataset, frame, "PixelValueTransformationSequence"):
        slope, intercept = number(item, "RescaleSlope"), number(item, "RescaleIntercept")
        if slope is not None or intercept is not None:
            return slope or 1.0, intercept or 0.0
    return 1.0, 0.0


def modality_lut(dataset: Dataset) -> LookUp | None:
    """Return the Modality LUT (PS3.3 C.11.1), None when there is none that makes sense."""
    return next((_look_up(i) for i in items(dataset, "ModalityLUTSequence")), None)


def voi_lut(dataset: Dataset, frame: int) -> LookUp | None:
    """Return the first VOI LUT (PS3.3 C.11.2) of the frame, None when there is none that makes sense."""
    for place in places_of(dataset, frame, "FrameVOILUTSequence"):
        for item in items(place, "VOILUTSequence")[:1]:
            found = _look_up(item)
            if found is not None:
                return found
    return None


def places_of(dataset: Dataset, frame: int, group: str) -> list[Dataset]:
    """Return where an attribute may stand, nearest first: frame's group, shared group, data set itself."""
    groups = items(dataset, "PerFrameFunctionalGroupsSequence")[frame : frame + 1] if frame >= 0 else []
    groups += items(dataset, "SharedFunctionalGroupsSequence")[:1]
    return [item for g in groups for item in items(g, group)[:1]] + [dataset]


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; none when it is missing or is no sequence."""
    value = _read(dataset, keyword)
    return list(value) if isinstance(value, Sequence) else []


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first value of an attribute as a number, None when it is not one or beyond all sense."""
    value = _read(dataset, keyword)
    first = value[0] if isinstance(value, MultiValue | list) and value else value
    try:
        result = float(first) if isinstance(first, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return None
    return result if abs(result) <= LARGEST else None


def integer(dataset: Dataset, keyword: str, default: int) -> int:
    """Return the first value of an attribute as a whole number, or the default."""
    found = number(dataset, keyword)
    return default if found is None else int(found)


def code(dataset: Dataset, keyword: str) -> str:
    """Return an attribute as a coded text: upper case, no spaces around it, empty when missing."""
    value = _read(dataset, keyword)
    return value.strip().upper() if isinstance(value, str) else ""


def _read(dataset: Dataset, keyword: str) -> object:
    """Return a value, or None where pydicom cannot convert it (it converts on access)."""
    try:
        return dataset.get(keyword)
    except (ValueError, TypeError, OverflowError, NotImplementedError, struct.error):
        return None


def _look_up(item: Dataset) -> LookUp | None:
    descriptor, data = _read(item, "LUTDescriptor"), _read(item, "LUTData")
    if not isinstance(descriptor, MultiValue | list) or len(descriptor) != 3:
        return None
    if not all(isinstance(n, int) for n in descriptor):
        return None
    count, first, bits = descriptor
    entries = _entries(data, (count & 0xFFFF) or TABLE_SIZE, bits)
    return LookUp(first, entries, min(max(bits, 1), 16)) if entries.size else None


def _entries(data: object, count: int, bits: int) -> NDArray[np.uint16]:
    """Return LUT Data as uint16, at most `count` entries; 8-bit tables may come packed two to a word."""
    if isinstance(data, bytes):
        packed = bits <= 8 and len(data) < 2 * count
        whole = data if packed else data[: len(data) // 2 * 2]
        return np.frombuffer(whole, dtype=np.uint8 if packed else "<u2")[:count].astype(np.uint16)
    numbers = list(data[:count]) if isinstance(data, MultiValue | list) else [data]
    words = [n & 0xFFFF for n in numbers if isinstance(n, int)]
    return np.array(words if len(words) == len(numbers) else [], dtype=np.uint16)
