"""libturbojpeg, where it is found: the same blanking of blocks as our own code, many times as fast."""

import ctypes
import ctypes.util
from ctypes import CFUNCTYPE, POINTER, Structure, c_int, c_short, c_ubyte, c_ulong, c_void_p
from functools import cache
from typing import Any, Final

import numpy as np

from viewer.pixels.jpeg_sequential import Wish
from viewer.pixels.jpeg_stream import Jpeg

_COPY_NOTHING: Final = 64
"""TJXOPT_COPYNONE: no comments or application segments."""


class _Region(Structure):
    _fields_ = (("x", c_int), ("y", c_int), ("w", c_int), ("h", c_int))


_FILTER = CFUNCTYPE(c_int, c_void_p, _Region, _Region, c_int, c_int, c_void_p)


class _Transform(Structure):
    _fields_ = (
        ("r", _Region),
        ("op", c_int),
        ("options", c_int),
        ("data", c_void_p),
        ("customFilter", _FILTER),
    )


@cache
def _library() -> Any:
    """Return the library with the types of what is called, None when there is none."""
    name = ctypes.util.find_library("turbojpeg")
    if not name:
        return None
    try:
        found = ctypes.CDLL(name)
        found.tjInitTransform.restype = c_void_p
        found.tjTransform.argtypes = (
            *(c_void_p, c_void_p, c_ulong, c_int),
            *(POINTER(c_void_p), POINTER(c_ulong), POINTER(_Transform), c_int),
        )
        found.tjDestroy.argtypes = (c_void_p,)
        found.tjFree.argtypes = (c_void_p,)
    except (OSError, AttributeError):
        return None
    return found


def is_there() -> bool:
    """Return whether the library is found on this machine."""
    return _library() is not None


def can(jpeg: Jpeg) -> bool:
    """Return whether the library is there and takes such a stream."""
    frame = jpeg.frame
    usual = {(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)}
    factors = [(one.h, one.v) for one in frame.components]
    plain = factors[0] in usual and set(factors[1:]) <= {(1, 1)}
    return frame.precision == 8 and len(factors) in (1, 3) and plain and _library() is not None


def blanked(data: bytes, jpeg: Jpeg, wish: Wish) -> bytes | None:
    """Return the stream with blocks blanked, None when the library does not take it.

    The library may warn about damage and go on: then it is not believed either.
    """
    library, frame = _library(), jpeg.frame
    rows = [np.repeat(wish.touched.any(axis=1), one.v) for one in frame.components]
    reached: set[tuple[int, int]] = set()

    def filter_(pointer: int, part: _Region, plane: _Region, number: int, index: int, this: int) -> int:
        component = frame.components[number]
        first, last = part.y // 8, min((part.y + part.h) // 8, len(rows[number]))
        if not rows[number][first:last].any():
            return 0
        wide = part.w // 8
        shown = (c_short * (wide * (part.h // 8) * 64)).from_address(pointer)
        blocks = np.frombuffer(shown, np.int16).reshape(part.h // 8, wide, 64)
        for y in range(first, last):
            mcus = np.repeat(wish.touched[y // component.v], component.h)[:wide]
            where = np.flatnonzero(mcus)
            blocks[y - first, where] = 0
            blocks[y - first, where, 0] = np.repeat(wish.levels[number][y // component.v], component.h)[where]
            reached.add((number, y))
        return 0

    made = _transformed(library, data, _FILTER(filter_))
    # An error in a filter is printed and lost: so count what was done.
    wanted = {
        (n, y) for n, one in enumerate(frame.components) for y in np.flatnonzero(rows[n][: one.high]).tolist()
    }
    return _with_markers(made, jpeg) if made is not None and reached >= wanted else None


def _transformed(library: Any, data: bytes, own_filter: Any) -> bytes | None:
    handle = library.tjInitTransform()
    if not handle:
        return None
    source = (c_ubyte * len(data)).from_buffer_copy(data)
    result, size = c_void_p(None), c_ulong(0)
    wanted = _Transform(_Region(0, 0, 0, 0), 0, _COPY_NOTHING, None, own_filter)
    try:
        failed = library.tjTransform(
            *(handle, ctypes.addressof(source), len(data), 1),
            *(ctypes.byref(result), ctypes.byref(size), ctypes.byref(wanted), 0),
        )
        return None if failed or not result.value else ctypes.string_at(result.value, size.value)
    finally:
        if result.value:
            library.tjFree(result)
        library.tjDestroy(handle)


def _with_markers(made: bytes, jpeg: Jpeg) -> bytes:
    """Return a stream with the source's colour segments and sampling factors, which the library changes.

    Of one component it writes the factors 1, 1: its blocks are the same.
    """
    begin = _after_texts(made, 2)
    at = begin
    while not 0xC0 <= made[at + 1] <= 0xC2:
        at += 2 + int.from_bytes(made[at + 2 : at + 4], "big")
    if len(jpeg.frame.components) == 1:
        made = made[: at + 11] + bytes((jpeg.frame.components[0].factors,)) + made[at + 12 :]
    return made[:2] + jpeg.colours + made[begin:]


def _after_texts(made: bytes, at: int) -> int:
    while 0xE0 <= made[at + 1] <= 0xEF:
        at += 2 + int.from_bytes(made[at + 2 : at + 4], "big")
    return at
