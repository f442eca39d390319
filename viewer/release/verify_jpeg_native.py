"""Coefficients of a JPEG frame read by libturbojpeg, where it is found: the checker's own way to ask it."""

import ctypes
import ctypes.util
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_USUAL: Final = {(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)}
_NO_OUTPUT: Final = 16
"""TJXOPT_NOOUTPUT: look at the coefficients, write nothing."""
_BLOCK: Final = 128
"""Bytes of 64 coefficients."""


class _Area(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_int) for name in ("x", "y", "w", "h"))


_LOOK: Final = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, _Area, _Area, ctypes.c_int, ctypes.c_int, ctypes.c_void_p
)


class _Copy(ctypes.Structure):
    _fields_ = (
        ("area", _Area),
        ("operation", ctypes.c_int),
        ("options", ctypes.c_int),
        ("data", ctypes.c_void_p),
        ("look", _LOOK),
    )


@cache
def library() -> Any:
    """Return the library, None when there is none."""
    name = ctypes.util.find_library("turbojpeg")
    try:
        found = ctypes.CDLL(name) if name else None
        if found is not None:
            found.tjInitTransform.restype = ctypes.c_void_p
            found.tjDestroy.argtypes = found.tjFree.argtypes = (ctypes.c_void_p,)
            found.tjTransform.argtypes = (
                *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_void_p),
                *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int),
            )
    except (OSError, AttributeError):
        return None
    return found


def coefficients(data: bytes, frame: bytes) -> list[NDArray[Any]] | None:
    """Return the coefficients of every component (rows of blocks, columns, 64), None when it cannot."""
    factors = [(b >> 4, b & 15) for b in frame[7::3]]
    known = len(factors) == 1 or (factors[0] in _USUAL and set(factors[1:]) == {(1, 1)})
    if library() is None or frame[0] != 8 or len(factors) not in (1, 3) or not known:
        return None
    rows: list[list[tuple[int, int, bytes]]] = [[] for _ in factors]

    def look(pointer: int, area: _Area, plane: _Area, number: int, index: int, this: int) -> int:
        size = area.w // 8 * (area.h // 8) * _BLOCK
        rows[number].append((area.y, area.w // 8, ctypes.string_at(pointer, size)))
        return 0

    return [_stacked(parts) for parts in rows] if _looked(data, _LOOK(look)) else None


def reads(data: bytes) -> bool:
    """Return whether the library reads a stream without an error or a warning."""
    return _looked(data, _LOOK())


def _looked(data: bytes, look: Any) -> bool:
    found = library()
    handle = found.tjInitTransform()
    result, size = ctypes.c_void_p(None), ctypes.c_ulong(0)
    wish = _Copy(_Area(0, 0, 0, 0), 0, _NO_OUTPUT, None, look)
    try:
        failed = found.tjTransform(
            *(handle, data, len(data), 1, ctypes.byref(result)),
            *(ctypes.byref(size), ctypes.byref(wish), 0),
        )
    finally:
        if result.value:
            found.tjFree(result)
        found.tjDestroy(handle)
    return not failed


def _stacked(parts: list[tuple[int, int, bytes]]) -> NDArray[Any]:
    parts.sort(key=lambda part: part[0])
    return np.concatenate([np.frombuffer(data, np.int16).reshape(-1, wide, 64) for _, wide, data in parts])
