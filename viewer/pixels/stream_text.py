"""Texts that compressed pixel data carry beside the picture: found, and overwritten where they stand.

Nothing changes its length, so frames, offset tables and coded data stay byte for byte as they were.
"""

import re
import struct
import zlib
from collections.abc import Generator, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import imagecodecs
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from viewer.dicom.errors import Unsupported
from viewer.dicom.pixel_format import PIXEL_DATA, number, pixel_value
from viewer.dicom.pixel_value import PixelValue
from viewer.pixels import video_text
from viewer.pixels.plain_comments import is_plain

SHAPE: Final = "stream text"
"""Shape of a Blank that overwrites texts in the compressed stream; it has no points."""
_ITEM: Final = b"\xfe\xff\x00\xe0"
_SOI, _SOC, _JP2 = b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  "
_NO_OPERATION: Final = 0x80
"""A byte of an RLE segment that stands for no pixel (PS3.5 G.3.1)."""
_BROKEN: Final = (IndexError, ValueError, struct.error)
_DEFLATED_FRAME: Final = "1.2.840.10008.1.2.8.1"
_BEGINNINGS: Final = (_SOI, _SOC, _JP2, b"\0\0\0\x0cJXL ")
_ONE_EACH: Final = (RLELossless, _DEFLATED_FRAME)
"""Syntaxes whose frames have one fragment each, and no mark of their own."""


class Part(NamedTuple):
    """Bytes of the pixel data from `start` to before `end` that are overwritten with one value."""

    start: int
    end: int
    fill: int


def hidden_parts(dataset: Dataset) -> tuple[Part, ...] | None:
    """Return what is to be overwritten in the value of Pixel Data; None when a stream cannot be followed.

    Uncompressed pixel data have none. What encoders usually write about themselves may stay.
    """
    value = _encapsulated(dataset)
    if value is None:
        return ()
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", ""))
    try:
        pixels = number(dataset, 0x00280010, 0) * number(dataset, 0x00280011, 0)
        return tuple(p for stream in _streams(value, syntax) for p in _in_stream(stream, syntax, pixels))
    except _BROKEN:
        return None


def _encapsulated(dataset: Dataset) -> PixelValue | None:
    try:
        value = pixel_value(dataset) if PIXEL_DATA in dataset else None
    except Unsupported:  # nothing in it, or nothing that can be read: other checks hold that
        return None
    return None if value is None or value.read(0, 4) != _ITEM else value


def offset_table_tells(dataset: Dataset) -> bool:
    """Return whether the basic offset table holds letters instead of offsets (PS3.5 A.4)."""
    value = _encapsulated(dataset)
    if value is None or len(value) < 8:
        return False
    (length,) = struct.unpack("<L", value.read(4, 8))
    return _LETTERS.search(value.read(8, 8 + length)) is not None


# Streams --------------------------------------------------------------------------------------------


class _Stream(NamedTuple):
    """One coded picture or video, and where its bytes stand: (first in the stream, first in the value)."""

    data: bytes
    places: tuple[tuple[int, int], ...]

    def parts(self, start: int, end: int, fill: int) -> Iterator[Part]:
        """Yield where bytes of the stream stand in the value; fragments may cut them."""
        bounds = [*(at for at, _ in self.places), len(self.data)]
        for (at, place), stop in zip(self.places, bounds[1:], strict=True):
            first, last = max(start, at), min(end, stop)
            if first < last:
                yield Part(place + first - at, place + last - at, fill)


def _streams(value: PixelValue, syntax: str) -> Iterator[_Stream]:
    """Yield the streams of encapsulated pixel data (PS3.5 A.4); each begins where a fragment does so."""
    (length,) = struct.unpack("<L", value.read(4, 8))
    at, group = 8 + length, list[tuple[int, int]]()
    while at + 8 <= len(value) and value.read(at, at + 4) == _ITEM:
        (length,) = struct.unpack("<L", value.read(at + 4, at + 8))
        begins = bytes(value.read(at + 8, at + 16)).startswith(_BEGINNINGS) or syntax in _ONE_EACH
        if group and begins:
            yield _joined(value, group)
            group = []
        group.append((at + 8, at + 8 + length))
        at += 8 + length
    if group:
        yield _joined(value, group)


def _joined(value: PixelValue, group: list[tuple[int, int]]) -> _Stream:
    places, size = [], 0
    for start, end in group:
        places.append((size, start))
        size += end - start
    return _Stream(b"".join(value.read(start, end) for start, end in group), tuple(places))


def _in_stream(stream: _Stream, syntax: str, pixels: int) -> Iterator[Part]:
    data = stream.data
    if data.startswith(_SOI):
        found = jpeg_parts(data)
    elif data.startswith(_SOC):
        found = codestream_parts(data)
    elif data.startswith(_JP2):
        found = box_parts(data)
    elif data.startswith(_JXL_STARTS):
        found = jpeg_xl_parts(data)
    elif syntax == RLELossless:
        found = rle_parts(data, pixels)
    elif syntax in video_text.SYNTAXES:
        found = (Part(*part) for part in video_text.parts(data))
    elif syntax == _DEFLATED_FRAME:
        found = deflated_parts(data)
    else:
        raise ValueError("a stream of an unknown kind")
    for part in found:
        yield from stream.parts(*part)


# JPEG, JPEG Lossless, JPEG-LS ----------------------------------------------------------------------


def jpeg_parts(data: bytes) -> Iterator[Part]:
    """Yield comments, application segments and what follows the end of a JPEG stream (ISO 10918-1 B.2.4).

    A plain JFIF, Adobe, SPIFF or colour transform segment stays: decoding rests on it.
    """
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            raise ValueError("no marker")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker == 0xD9:
            yield from _tail(data, at + 2)
            return
        elif marker == 0x01 or 0xD0 <= marker <= 0xD7:
            at += 2
        else:
            (length,) = struct.unpack_from(">H", data, at + 2)
            end = at + 2 + length
            if length < 2 or end > len(data):
                raise ValueError("a segment that does not fit")
            yield from _segment(data, marker, at + 4, end)
            at = _after_scan(data, end) if marker == 0xDA else end


_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_NEXT_IN_LS: Final = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")


def _after_scan(data: bytes, at: int) -> int:
    """Return where the marker after coded data begins, the end where none does (no EOI was written).

    0xFF00 and restart markers belong to the data; in JPEG-LS every byte below 0x80 after 0xFF does so too
    (ISO 14495-1 A.1).
    """
    pattern = _NEXT_MARKER if data.find(b"\xff\xf7", 0, at) < 0 else _NEXT_IN_LS
    found = pattern.search(data, at)
    return found.start() if found else len(data)


def _segment(data: bytes, marker: int, start: int, end: int) -> Iterator[Part]:
    body = data[start:end]
    if marker == 0xFE:
        if not is_plain(body):
            yield Part(start, end, 0x20)
    elif 0xE0 <= marker <= 0xEF:
        kept = _kept_of_application(marker, body)
        if may_tell(body[kept:]):
            yield Part(start + kept, end, 0)


def _kept_of_application(marker: int, body: bytes) -> int:
    """Return how many bytes of an application segment are its plain form; 0 for one that is not needed."""
    if marker == 0xE0 and body.startswith(b"JFIF\0"):
        return 12
    if marker == 0xEE and body.startswith(b"Adobe"):
        return 12
    if marker == 0xE8 and body.startswith(b"SPIFF\0"):
        return 30
    return 5 if marker == 0xE8 and body.startswith(b"mrfx") else 0


def _tail(data: bytes, start: int) -> Iterator[Part]:
    if may_tell(data[start:]):
        yield Part(start, len(data), 0)


# JPEG 2000, HTJ2K -----------------------------------------------------------------------------------


def codestream_parts(data: bytes, offset: int = 0, stop: int | None = None) -> Iterator[Part]:
    """Yield comments in main and tile-part headers and what follows the end (ISO 15444-1 A.9.2, A.4.4)."""
    end = len(data) if stop is None else stop
    at = offset + 2
    while True:
        marker, length = struct.unpack_from(">HH", data, at)
        if marker == 0xFFD9:
            yield from _tail(data[:end], at + 2)
            return
        if marker == 0xFF90:
            at = yield from _tile_part(data, at, end)
            if data[at : at + 2] == b"\xff\xd9" or at >= end:
                yield from _tail(data[:end], at + 2)
                return
            continue
        yield from _comment(data, marker, at, length)
        at += 2 + length


def _comment(data: bytes, marker: int, at: int, length: int) -> Iterator[Part]:
    if marker < 0xFF00 or length < 2:
        raise ValueError("no marker")
    if marker == 0xFF64 and not is_plain(data[at + 6 : at + 2 + length]):
        yield Part(at + 6, at + 2 + length, 0x20)


def _tile_part(data: bytes, start: int, end: int) -> Generator[Part, None, int]:
    """Yield the comments in the header of a tile-part; return where the next one begins."""
    size = int(struct.unpack_from(">L", data, start + 6)[0])
    at = start + 12
    while data[at : at + 2] != b"\xff\x93":
        marker, length = struct.unpack_from(">HH", data, at)
        yield from _comment(data, marker, at, length)
        at += 2 + length
    if size == 0:  # the last one: up to the end of the code stream
        last = data.rfind(b"\xff\xd9", at, end)
        return end if last < 0 else last
    return start + size


_KEPT_BOXES: Final = (b"jP  ", b"ftyp", b"jp2h", b"jp2c", b"rreq")


def box_parts(data: bytes, kept: tuple[bytes, ...] = _KEPT_BOXES) -> Iterator[Part]:
    """Yield the boxes of a JP2 file that decoding does not need, and comments in its code stream (I.4)."""
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">L4s", data, at)
        head = 16 if length == 1 else 8
        size = struct.unpack_from(">Q", data, at + 8)[0] if length == 1 else length or len(data) - at
        if size < head or at + size > len(data):
            raise ValueError("a box that does not fit")
        if kind == b"jp2c":
            yield from codestream_parts(data, at + head, at + size)
        elif kind not in kept and may_tell(data[at + head : at + size]):
            yield Part(at + head, at + size, 0)
        at += size
    yield from _tail(data, at)


# JPEG XL --------------------------------------------------------------------------------------------

_JXL_STARTS: Final = (b"\xff\x0a", b"\0\0\0\x0cJXL ")
_JXL_BOXES: Final = (b"JXL ", b"ftyp", b"jxll", b"jxlc", b"jxlp", b"jbrd")
_SENTENCE: Final = re.compile(rb"[\x20-\x7e]{24}")


def jpeg_xl_parts(data: bytes) -> Iterator[Part]:
    """Yield the boxes of a JPEG XL file that decoding does not need (ISO 18181-2).

    Raises ValueError when text may stand where it cannot be overwritten: in a code stream without boxes, or
    in what is kept of a JPEG picture to make it again.
    """
    if _SENTENCE.search(data):
        raise ValueError("text in compressed data")
    if data.startswith(b"\xff\x0a"):
        return
    yield from box_parts(data, _JXL_BOXES)
    if b"jbrd" in data:
        try:
            unpacked = bytes(imagecodecs.jpegxl_decode_jpeg(data))  # type: ignore[call-arg]
        except RuntimeError as error:
            raise ValueError("no JPEG picture in it") from error
        if any(jpeg_parts(unpacked)):
            raise ValueError("text beside the JPEG picture in it")


# RLE ------------------------------------------------------------------------------------------------


def rle_parts(data: bytes, pixels: int) -> Iterator[Part]:
    """Yield unused offsets, and what looks like text after the runs of a segment (PS3.5 G.4, G.5).

    `pixels`: of one frame; a segment holds one byte for each.
    """
    count, *offsets = struct.unpack_from("<16L", data)
    if not 1 <= count <= 15 or offsets[0] < 64:
        raise ValueError("no RLE header")
    if data[4 + 4 * count : offsets[0]].strip(b"\0"):
        yield Part(4 + 4 * count, offsets[0], 0)
    for start, end in pairwise((*offsets[:count], len(data))):
        filled = start + len(data[start:end].rstrip(_FILL))
        near = _LETTERS.search(data, max(start, filled - _LOOKED_AT), filled)
        if near or _MANY_LETTERS.search(data, start, filled):
            last = _after_runs(data, start, end, pixels)
            if data[last:end].strip(b"\0"):
                yield Part(last, end, _NO_OPERATION)


def deflated_parts(data: bytes) -> Iterator[Part]:
    """Yield what follows the end of a deflated frame (PS3.5 A.4.13)."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for at in range(0, len(data), _DEFLATED_AT_ONCE):
        part = data[at : at + _DEFLATED_AT_ONCE]
        try:
            inflater.decompress(part)
        except zlib.error as error:
            raise ValueError("no deflated frame") from error
        if inflater.eof:
            yield from _tail(data, at + len(part) - len(inflater.unused_data))
            return
    raise ValueError("a deflated frame without an end")


_DEFLATED_AT_ONCE: Final = 1 << 16
_LETTERS: Final = re.compile(rb"[\x20-\x7e]{6}")
_MANY_LETTERS: Final = re.compile(rb"[\x20-\x7e]{16}")
_FILL: Final = b"\0\x80"
_LOOKED_AT: Final = 1024
"""Bytes at the end of a segment in which letters are looked for before its runs are counted (slow)."""


def may_tell(extra: bytes) -> bool:
    """Return whether bytes that no decoder needs are more than a few chance ones."""
    filled = extra.strip(b"\0")
    return len(filled) > _CHANCE or _LETTERS.search(filled) is not None


_CHANCE: Final = 16


def _after_runs(data: bytes, at: int, end: int, pixels: int) -> int:
    """Return where the runs end that make the bytes of one segment (PS3.5 G.3.2)."""
    while pixels > 0 and at < end:
        head = data[at]
        if head == _NO_OPERATION:
            at += 1
        elif head < _NO_OPERATION:
            at, pixels = at + 2 + head, pixels - head - 1
        else:
            at, pixels = at + 2, pixels - 257 + head
    return min(at, end)
