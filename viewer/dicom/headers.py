"""A small strict parser for the usual DICOM file; where it is not sure of everything, it says so."""

from collections.abc import Iterator
from struct import Struct
from typing import Final

from pydicom.uid import (
    AllTransferSyntaxes,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from viewer.dicom.facts import (
    DIRECTORY_RECORDS,
    PIXEL_DATA,
    PIXELS,
    UNDEFINED,
    WANTED,
    Header,
    Pixels,
    Values,
    ascii_text,
    header_of,
)
from viewer.dicom.odd_headers import ByteStream

HEAD_BYTES: Final = 8192
"""What is read at first, and again wherever the parser has to look further on."""

_DEEPEST: Final = 32
_LONGEST_VALUE: Final = 65_536
_FOREIGN: Final = frozenset({DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian})

_EXPLICIT: Final = Struct("<HH2sH").unpack_from
_IMPLICIT: Final = Struct("<HHL").unpack_from
_LENGTH: Final = Struct("<L").unpack_from
_SHORT_VRS: Final = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG_VRS: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_IMPLIED: Final = b""

_LOOKED_AT: Final = WANTED.keys() | PIXELS.keys()

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_TRANSFER_SYNTAX: Final = 0x00020010
_META_CLASS: Final = 0x00020002
_META_LENGTH: Final = 0x00020000


class _Unsure(Exception):
    """The strict parser met something that it does not fully understand."""


class _Window:
    """The part of a file that was read last; positions count from the file's start."""

    def __init__(self, data: "bytes | bytearray | memoryview | ByteStream", size: int) -> None:
        self.size = size
        self.base = 0
        self._file: ByteStream | None = None
        if isinstance(data, (bytes, bytearray, memoryview)):
            self.bytes = bytes(data)
        else:
            self._file = data
            data.seek(0)
            self.bytes = data.read(HEAD_BYTES)

    def index(self, position: int, count: int) -> int:
        """Return where `position` is in `bytes`, reading on to have `count` bytes from there."""
        index = position - self.base
        if index >= 0 and index + count <= len(self.bytes):
            return index
        wanted = min(count, self.size - position)
        if index >= 0 and index + wanted <= len(self.bytes):
            return index
        if self._file is None or wanted <= 0:
            raise _Unsure
        self._file.seek(position)
        self.bytes, self.base = self._file.read(max(count, HEAD_BYTES)), position
        if len(self.bytes) < wanted:
            raise _Unsure
        return 0

    def value(self, position: int, length: int) -> bytes:
        """Return the bytes of one value."""
        if length > _LONGEST_VALUE or position + length > self.size:
            raise _Unsure
        if not length:
            return b""
        index = self.index(position, length)
        return self.bytes[index : index + length]


def read_header(data: bytes | bytearray | memoryview | ByteStream, size: int) -> Header | None:
    """Return the facts of a DICOM file, or None when the strict parser is not sure of every one of them.

    `data` is a file or its first bytes, `size` the length in bytes of the whole file. Read are Implicit and
    Explicit VR Little Endian after a complete file meta group (PS3.10 7.1). Bytes beyond the pixel data of a
    compressed image are not looked at.
    """
    window = _Window(data, size)
    try:
        meta, start = _read_meta(window)
        syntax = ascii_text(meta.get(_TRANSFER_SYNTAX, b""))
        if syntax in _FOREIGN or syntax not in AllTransferSyntaxes:
            return None
        values, pixels = _read_top_level(window, start, syntax != ImplicitVRLittleEndian)
    except _Unsure:
        return None
    return header_of(values, pixels, syntax, is_directory=_is_directory(meta, values), size=size)


def _read_meta(window: _Window) -> tuple[Values, int]:
    """Return the file meta elements and where the data set starts."""
    index = window.index(0, 144)
    if window.bytes[index + 128 : index + 132] != b"DICM":
        raise _Unsure
    values: Values = {}
    position, last = 132, 0
    while position < window.size:
        index = window.index(position, 8)
        if window.bytes[index : index + 2] != b"\2\0":
            break
        tag, vr, length, start = _element(window, position, explicit=True)
        if tag <= last or length == UNDEFINED or vr == b"SQ":
            raise _Unsure
        if tag in (_META_LENGTH, _META_CLASS, _TRANSFER_SYNTAX):
            values[tag] = window.value(start, length)
        position, last = start + length, tag
    stated = values.get(_META_LENGTH)
    if stated is not None and (len(stated) != 4 or int.from_bytes(stated, "little") != position - 144):
        raise _Unsure
    return values, position


def _read_top_level(window: _Window, start: int, explicit: bool) -> tuple[Values, Pixels | None]:
    """Return the wanted values of the data set, and where its pixel data lies."""
    if start >= window.size:
        raise _Unsure
    values: Values = {}
    pixels: Pixels | None = None
    for tag, vr, length, position in _elements(window, start, explicit):
        if tag in PIXELS:
            if vr not in (_IMPLIED, PIXELS[tag], b"OB" if tag == PIXEL_DATA else _IMPLIED):
                raise _Unsure
            pixels = Pixels(tag, position, length)
            if length == UNDEFINED:
                break
        elif tag in WANTED:
            if vr not in (_IMPLIED, WANTED[tag]):
                raise _Unsure
            values[tag] = b"\0" if tag == DIRECTORY_RECORDS else window.value(position, length)
    return values, pixels


def _elements(window: _Window, position: int, explicit: bool) -> Iterator[tuple[int, bytes, int, int]]:
    """Yield (tag, VR, length, offset of the value) of the top level; tags must rise (PS3.5 7.1).

    Of an explicit data set, plain elements that are not wanted are left out.
    """
    last = 0x0002FFFF
    while position < window.size:
        if explicit:
            position, last = _after_plain(window, position, last)
            if position == window.size:
                return
        tag, vr, length, start = _element(window, position, explicit)
        if tag <= last or tag >> 16 == 0xFFFE:
            raise _Unsure
        yield tag, vr, length, start
        if length == UNDEFINED:
            position = _after_items(window, start, explicit and vr != b"UN", 1)
        else:
            position = start + length
        last = tag


def _after_plain(window: _Window, position: int, last: int) -> tuple[int, int]:
    """Return where the first element that needs a closer look stands, and the tag before it.

    Passed over are unwanted elements of short VRs in the bytes at hand: nearly all, so this loop makes the
    speed.
    """
    data, index = window.bytes, position - window.base
    end = len(data) - 12 if index >= 0 else -1
    while index <= end:
        group, number, vr, length = _EXPLICIT(data, index)
        tag = group << 16 | number
        if vr not in _SHORT_VRS or tag <= last or tag in _LOOKED_AT or length & 1:
            break
        index += 8 + length
        last = tag
    if window.base + index > window.size:
        raise _Unsure
    return window.base + index, last


def _element(window: _Window, position: int, explicit: bool) -> tuple[int, bytes, int, int]:
    """Return tag, VR (empty if implied), length and the offset of the value (PS3.5 7.1.2, 7.1.3)."""
    index = window.index(position, 12)
    if position + 8 > window.size:
        raise _Unsure
    if explicit:
        group, number, vr, length = _EXPLICIT(window.bytes, index)
        start = position + 8
        if vr in _LONG_VRS:
            if length or position + 12 > window.size:
                raise _Unsure
            (length,) = _LENGTH(window.bytes, index + 8)
            start += 4
        elif vr not in _SHORT_VRS:
            raise _Unsure
    else:
        group, number, length = _IMPLICIT(window.bytes, index)
        vr, start = _IMPLIED, position + 8
    if length != UNDEFINED and (length & 1 or start + length > window.size):
        raise _Unsure
    if length == UNDEFINED and vr not in (b"SQ", b"UN", b"OB", b"OW", _IMPLIED):
        raise _Unsure
    return group << 16 | number, vr, length, start


def _after_items(window: _Window, position: int, explicit: bool, depth: int) -> int:
    """Return where a sequence of undefined length ends (PS3.5 7.5.1)."""
    if depth > _DEEPEST:
        raise _Unsure
    while True:
        tag, length = _delimiter(window, position)
        position += 8
        if tag == _SEQUENCE_END and not length:
            return position
        if tag != _ITEM:
            raise _Unsure
        if length == UNDEFINED:
            position = _after_item(window, position, explicit, depth)
        elif position + length > window.size:
            raise _Unsure
        else:
            position += length


def _after_item(window: _Window, position: int, explicit: bool, depth: int) -> int:
    """Return where an item of undefined length ends."""
    last = 0
    while True:
        tag, length = _delimiter(window, position)
        if tag == _ITEM_END and not length:
            return position + 8
        tag, vr, length, start = _element(window, position, explicit)
        if tag <= last or tag >> 16 == 0xFFFE:
            raise _Unsure
        last = tag
        nested = length == UNDEFINED
        position = (
            _after_items(window, start, explicit and vr != b"UN", depth + 1) if nested else start + length
        )


def _delimiter(window: _Window, position: int) -> tuple[int, int]:
    index = window.index(position, 8)
    if position + 8 > window.size:
        raise _Unsure
    group, number, length = _IMPLICIT(window.bytes, index)
    return group << 16 | number, length


def _is_directory(meta: Values, values: Values) -> bool:
    return (
        DIRECTORY_RECORDS in values or ascii_text(meta.get(_META_CLASS, b"")) == MediaStorageDirectoryStorage
    )
