"""User data in MPEG-2, H.264 and H.265 streams and in the boxes around them: texts that no decoder needs."""

import re
import struct
from collections.abc import Iterator
from typing import Final

SYNTAXES: Final = frozenset(
    f"1.2.840.10008.1.2.4.{number}"
    for number in (100, 101, 102, 103, 104, 105, 106, 107, 108, "100.1", "101.1", "102.1", "103.1", "104.1")
) | {f"1.2.840.10008.1.2.4.{number}.1" for number in (105, 106)}
_MPEG_2: Final = tuple(f"1.2.840.10008.1.2.4.{n}" for n in ("100", "100.1", "101", "101.1"))
_START: Final = re.compile(rb"\x00\x00\x01(.)", re.DOTALL)
_BLANK: Final = 0x20
_USER_DATA: Final = 0xB2
_SEI: Final = 6
_SEI_265: Final = (39, 40)
_USER_PAYLOADS: Final = (4, 5)
"""Registered and unregistered user data (ITU-T H.264 and H.265, Annex D)."""
_PLAIN: Final = re.compile(rb"[\x00-\xff]{16}x264 - core [\x20-\x7e]{1,1200}\x00?")
_HOLDERS: Final = (b"moov", b"trak", b"mdia", b"minf")
_TEXTS: Final = (b"udta", b"meta", b"uuid", b"free", b"skip")
_SYNC: Final = 0x47
_PACKET: Final = 188


def parts(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, fill) of user data; raises ValueError in a transport stream that holds letters.

    In a transport stream packets may cut a message anywhere, so it is not overwritten.
    """
    if data[4:8] == b"ftyp":
        yield from _in_boxes(data, 0, len(data))
    elif len(data) > 2 * _PACKET and data[0] == data[_PACKET] == data[2 * _PACKET] == _SYNC:
        if any(True for _ in _in_units(data)):
            raise ValueError("user data in packets")
    else:
        yield from _in_units(data)


def _in_boxes(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield what descriptive boxes of an MP4 file hold (ISO 14496-12), and user data in its media."""
    while at + 8 <= end:
        size, kind = struct.unpack_from(">L4s", data, at)
        head = 16 if size == 1 else 8
        size = struct.unpack_from(">Q", data, at + 8)[0] if size == 1 else size or end - at
        if size < head or at + size > end:
            raise ValueError("a box that does not fit")
        if kind in _HOLDERS:
            yield from _in_boxes(data, at + head, at + size)
        elif kind in _TEXTS and data[at + head : at + size].strip(b"\0 "):
            yield at + head, at + size, 0
        at += size


def _in_units(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the user data of units between start codes (ISO 13818-2 6.2.2.2, H.264 7.3.2.3)."""
    marks = [(found.start(), found[1][0]) for found in _START.finditer(data)]
    ends = [*(at for at, _ in marks[1:]), len(data)]
    for (at, kind), end in zip(marks, ends, strict=True):
        if kind == _USER_DATA:
            if data[at + 4 : end].strip(b"\0 "):
                yield at + 4, end, _BLANK
        elif kind & 0x1F == _SEI and not kind & 0x80:
            yield from _messages(data, at + 4, end)
        elif (kind >> 1) & 0x3F in _SEI_265:
            yield from _messages(data, at + 5, end)


def _messages(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield user data among supplemental messages, but for bytes that prevent a start code (H.264 7.4.1)."""
    while at + 2 < end:
        kind, at = _number(data, at)
        size, at = _number(data, at)
        stop = min(at + size + data.count(b"\0\0\3", at, min(at + size, end)), end)
        if kind in _USER_PAYLOADS and not _PLAIN.fullmatch(data[at:stop]):
            for run in re.finditer(rb"(?:(?!\x00\x00\x03).)+", data[at:stop], re.DOTALL):
                if set(run[0]) - {0, 3, _BLANK}:
                    yield at + run.start(), at + run.end(), _BLANK
        at = stop


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a number coded as bytes of 255 and a rest, and where it ends."""
    total = 0
    while data[at] == 0xFF:
        total, at = total + 255, at + 1
    return total + data[at], at + 1
