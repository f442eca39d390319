"""Values of pixel data for the checker: compared and searched piece by piece, in memory or on disk."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.pixel_value import Buffer, InMemory, PixelValue

_PIECE: Final = 4 << 20


def value_of(dataset: Dataset, tag: int) -> PixelValue:
    """Return the value of an element as it was read, an empty one when there is none."""
    element = dataset.get_item(tag) if tag in dataset else None
    value = element.value if element is not None else None
    return value if isinstance(value, PixelValue) else InMemory(bytes(value or b""))


def same_value(old: bytes | PixelValue, new: bytes | PixelValue) -> bool:
    """Return whether values are equal but for the byte that pads an odd length; nothing large is copied."""
    if len(new) - len(old) not in (0, len(old) % 2):
        return False
    if isinstance(old, bytes) and isinstance(new, bytes):
        return old == new or new[:-1] == old
    return same_part(_as_value(old), _as_value(new), 0, len(old))


def _as_value(value: bytes | PixelValue) -> PixelValue:
    return InMemory(value) if isinstance(value, bytes) else value


def same_part(old: PixelValue, new: PixelValue, start: int, stop: int) -> bool:
    """Return whether two values are equal from `start` to before `stop`."""
    for at in range(start, stop, _PIECE):
        end = min(at + _PIECE, stop)
        if bytes(old.read(at, end)) != bytes(new.read(at, end)):
            return False
    return True


def are_equal(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Return whether two arrays hold the same; eight bytes at a time where they stand in order."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.flags.c_contiguous and b.flags.c_contiguous and a.nbytes and a.nbytes % 8 == 0:
        a, b = (one.reshape(-1).view(np.uint8).view(np.uint64) for one in (a, b))
    return bool(np.array_equal(a, b))


def windows(content: bytes | PixelValue, size: int, overlap: int) -> Iterator[tuple[int, Buffer]]:
    """Yield (where it begins, bytes) of parts that together are the whole and reach into the next one."""
    if isinstance(content, bytes):
        yield 0, content
        return
    for at in range(0, len(content), size):
        yield at, content.read(at, min(at + size + overlap, len(content)))
