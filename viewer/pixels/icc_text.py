"""ICC profiles with their texts made neutral; every number that colours are worked out with stays."""

import struct
from typing import Final

from viewer.dicom.errors import Unsupported

NOT_UNDERSTOOD: Final = "It has a colour profile that cannot be read; it could hold text, so it is held."
_NUMBERS: Final = frozenset(
    (
        *(b"XYZ ", b"curv", b"para", b"mft1", b"mft2", b"mAB ", b"mBA ", b"mpet", b"sf32", b"uf32"),
        *(b"ui08", b"ui16", b"ui32", b"ui64", b"fl16", b"fl32", b"fl64", b"sig ", b"dtim", b"chrm"),
        *(b"meas", b"view", b"clro", b"cicp", b"vcgt", b"ndin"),
    )
)
"""Types of numbers (ICC.1 10)."""
_HEAD: Final = 128


def neutral_profile(profile: bytes) -> bytes:
    """Return a profile of the same length (ICC.1 7) with neutral texts, and zeros where no tag points to.

    Descriptions, copyright, makers, models and unknown types are texts; so are the gaps between tags. The
    checksum, which no longer fits, is zeroed (7.2.18 allows it). Raises Unsupported when it cannot be read.
    """
    size, count = _checked(profile)
    end_of_table = _HEAD + 4 + 12 * count
    made = bytearray(len(profile))
    made[:84], made[_HEAD:end_of_table] = profile[:84], profile[_HEAD:end_of_table]
    for place in range(_HEAD + 4, end_of_table, 12):
        start, length = struct.unpack_from(">LL", profile, place + 4)
        if start < end_of_table or start + length > size or length < 8:
            raise Unsupported(NOT_UNDERSTOOD)
        made[start : start + length] = _neutral(profile[start : start + length])
    return profile if made == profile else bytes(made)


def _checked(profile: bytes) -> tuple[int, int]:
    """Return the stated size and the number of tags."""
    if len(profile) < _HEAD + 4 or profile[36:40] != b"acsp":
        raise Unsupported(NOT_UNDERSTOOD)
    size, count = int.from_bytes(profile[:4], "big"), int.from_bytes(profile[128:132], "big")
    if size > len(profile) or _HEAD + 4 + 12 * count > size:
        raise Unsupported(NOT_UNDERSTOOD)
    return size, count


def _neutral(tag: bytes) -> bytes:
    kind = tag[:4]
    if kind in _NUMBERS:
        return tag
    head = kind + b"\0\0\0\0"
    if kind == b"text":
        return head + b"-" * (len(tag) - 9) + b"\0" * (len(tag) > 8)
    if kind == b"desc" and len(tag) >= 12:
        return _description(head, tag)
    if kind == b"mluc" and len(tag) >= 16:
        return _languages(head, tag)
    return head + bytes(len(tag) - 8)


def _description(head: bytes, tag: bytes) -> bytes:
    """Return a description of dashes (ICC.1:2001 6.5.17), without its readings in other alphabets."""
    letters = int.from_bytes(tag[8:12], "big")
    if 12 + letters > len(tag):
        raise Unsupported(NOT_UNDERSTOOD)
    made = head + tag[8:12] + b"-" * max(letters - 1, 0)
    return made + bytes(len(tag) - len(made))


def _languages(head: bytes, tag: bytes) -> bytes:
    """Return texts of dashes in every language (ICC.1 10.15)."""
    count, size = struct.unpack_from(">LL", tag, 8)
    start = 16 + 12 * count
    if size != 12 or start > len(tag):
        raise Unsupported(NOT_UNDERSTOOD)
    made = bytearray(head + tag[8:start] + bytes(len(tag) - start))
    for record in range(16, start, 12):
        length, place = struct.unpack_from(">LL", tag, record + 4)
        if place < start or place + length > len(tag):
            raise Unsupported(NOT_UNDERSTOOD)
        made[place : place + length] = b"\0-" * (length // 2) + b"\0" * (length % 2)
    return bytes(made)
