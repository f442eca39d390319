"""Where compressed pixel data may carry text beside the picture: the checker's own reader of streams."""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final, TypeAlias

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from viewer.dicom.decisions import Finding, Severity
from viewer.dicom.elements import raw_elements
from viewer.dicom.pixel_value import Overwritten, PixelValue
from viewer.release.verify_values import value_of

TEXTS: Final = "stream text"
"""Shape of a Blank that overwrites such text; it has no points."""
_PIXEL_DATA: Final = 0x7FE00010
_UNDEFINED: Final = 0xFFFFFFFF
_STARTS: Final = (b"jP  ", b"JXL ")
_RLE: Final = "1.2.840.10008.1.2.5"
_DEFLATED: Final = "1.2.840.10008.1.2.8.1"
Area: TypeAlias = tuple[int, int]

_ENCODERS: Final = re.compile(
    rb"Kakadu|OpenJPEG|JasPer|Kdu-Layer-Info|gd-jpeg|LEAD Technologies|Lav[cf]\d|AccuSoft|Intel\(R\)|OpenJPH"
    rb"|Pegasus Imaging|MITRA_DICOM|AVLT_\d|x264 - core"
)
_LONGEST_NAME: Final = 1300
_RUN: Final = re.compile(rb"[\x20-\x7e]{6}")
_LONG_RUN: Final = re.compile(rb"[\x20-\x7e]{16}")
_ENOUGH: Final = 16


def with_texts_blanked(dataset: Dataset) -> Dataset:
    """Return a data set like this one whose pixel data is blank wherever text may stand beside the picture.

    Source and output must be equal then. Raises ValueError or struct.error when it cannot be followed.
    """
    element, value = dataset.get_item(_PIXEL_DATA), value_of(dataset, _PIXEL_DATA)
    if not isinstance(element, RawDataElement) or not len(value):
        raise ValueError("no compressed pixel data")
    places = areas(value, _syntax(dataset), _pixels(dataset))
    blank = Overwritten(value, [(start, end, 0) for start, end in places])
    elements = {e.tag: e for _, e in raw_elements(dataset)}
    changed = Dataset(elements | {BaseTag(_PIXEL_DATA): element._replace(value=blank)})
    implicit, little = dataset.original_encoding
    changed.set_original_encoding(implicit, little, dataset.original_character_set)
    changed.file_meta = dataset.file_meta
    return changed


def texts_left(dataset: Dataset) -> tuple[Finding, ...]:
    """Return an ERROR when compressed pixel data still carries text that is not an encoder's name."""
    element = dataset.get_item(_PIXEL_DATA) if _PIXEL_DATA in dataset else None
    if not isinstance(element, RawDataElement) or element.length != _UNDEFINED or not element.value:
        return ()
    value = value_of(dataset, _PIXEL_DATA)
    try:
        places = list(areas(value, _syntax(dataset), _pixels(dataset)))
    except (ValueError, IndexError, struct.error):
        return ()  # the plan has told that it cannot be followed
    if any(_tells(bytes(value.read(start, end))) for start, end in places):
        message = "The compressed image still carries text beside the picture."
        return (Finding("stream-text-left", Severity.ERROR, "(7FE0,0010)", message),)
    return ()


def _syntax(dataset: Dataset) -> str:
    return str(dataset.file_meta.get("TransferSyntaxUID", ""))


def _pixels(dataset: Dataset) -> int:
    return int(dataset.get("Rows") or 0) * int(dataset.get("Columns") or 0)


def _tells(found: bytes) -> bool:
    text = found.strip(b"\0 \n\x80")
    if len(text) <= _LONGEST_NAME and _ENCODERS.search(text[:120]):
        return False
    return len(text) > _ENOUGH or _RUN.search(text) is not None


def areas(value: PixelValue, syntax: str, pixels: int) -> Iterator[Area]:
    """Yield where text may stand in the value of encapsulated Pixel Data (PS3.5 A.4).

    `pixels`: rows x columns, which the runs of an RLE segment make.
    """
    fragments, at = [], 0
    while at + 8 <= len(value):
        tag, length = struct.unpack("<LL", value.read(at, at + 8))
        if tag != 0xE000FFFE:
            break
        fragments.append((at + 8, at + 8 + length))
        at += 8 + length
    groups: list[list[Area]] = []
    for area in fragments[1:]:
        start = value.read(area[0], area[0] + 8)
        own = start[:2] == b"\xff\xd8" or start[:4] == b"\xff\x4f\xff\x51" or start[4:] in _STARTS
        if own or not groups or syntax in (_RLE, _DEFLATED):
            groups.append([])
        groups[-1].append(area)
    for group in groups:
        data = b"".join(value.read(a, b) for a, b in group)
        for first, last in _in_stream(data, syntax, pixels):
            yield from _back(group, first, last)


def _back(group: list[Area], start: int, end: int) -> Iterator[Area]:
    """Yield a part of joined fragments as parts of the value."""
    passed = 0
    for a, b in group:
        first, last = max(start - passed, 0), min(end - passed, b - a)
        if first < last:
            yield a + first, a + last
        passed += b - a


def _in_stream(data: bytes, syntax: str, pixels: int) -> Iterator[Area]:
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:4] == b"\xff\x4f\xff\x51":
        return _codestream(data, 0, len(data))
    if data[4:8] in (b"jP  ", b"JXL "):
        return _boxes(data)
    if syntax == _RLE:
        return _rle(data, pixels)
    if syntax == _DEFLATED:
        return _deflated(data)
    return iter(())  # of video only the known identity is looked for


def _jpeg(data: bytes) -> Iterator[Area]:
    """Yield the bodies of COM and APPn segments and what follows the end (ISO 10918-1 B.1.1.3)."""
    position, lossless_ls = 2, b"\xff\xf7" in data[:4096]
    end_of_run = 0x80 if lossless_ls else 0x01
    while position < len(data) and data[position : position + 2] != b"\xff\xd9":
        code = data[position + 1]
        if data[position] != 0xFF or code == 0:
            raise ValueError("no marker where one must be")
        if code == 0xFF or 0xD0 <= code <= 0xD8 or code == 1:
            position += 1 if code == 0xFF else 2
            continue
        size = int.from_bytes(data[position + 2 : position + 4], "big")
        body, after = position + 4, position + 2 + size
        if code == 0xFE:
            yield body, after
        elif code in range(0xE0, 0xF0):
            yield body + min(_needed(data[body:after]), size - 2), after
        position = after
        while code == 0xDA:  # coded data: up to a marker that is neither stuffing nor a restart
            position = data.find(b"\xff", position)
            if position < 0 or position + 1 >= len(data):
                return  # no end was written
            following = data[position + 1]
            if following >= end_of_run and not 0xD0 <= following <= 0xD7 and following != 0xFF:
                break
            position += 1
    yield position + 2, len(data)


def _needed(body: bytes) -> int:
    """Return how many bytes of an application segment a decoder needs."""
    needs = {b"JFIF\0": 12, b"Adobe": 12, b"SPIFF": 30, b"mrfx": 5}
    return next((size for name, size in needs.items() if body.startswith(name)), 0)


def _codestream(data: bytes, first: int, stop: int) -> Iterator[Area]:
    """Yield the comments of a JPEG 2000 code stream and what follows its end (ISO 15444-1 A)."""
    at, tile_ends = first + 2, 0
    while at + 4 <= stop and data[at : at + 2] != b"\xff\xd9":
        marker, size = struct.unpack_from(">HH", data, at)
        if marker == 0xFF90:
            part = int.from_bytes(data[at + 6 : at + 10], "big")
            tile_ends = at + part if part else max(data.rfind(b"\xff\xd9", at, stop), at)
        if marker == 0xFF93:
            if not tile_ends > at:
                raise ValueError("a tile that does not end")
            at = tile_ends
            continue
        if marker < 0xFF00 or size < 2:
            raise ValueError("no marker where one must be")
        if marker == 0xFF64:
            yield at + 6, at + 2 + size
        at += 2 + size
    yield min(at + 2, stop), stop


_PICTURE: Final = (
    *(b"jP  ", b"ftyp", b"jp2h", b"rreq"),
    *(b"JXL ", b"jxll", b"jxlc", b"jxlp", b"jbrd"),
)
"""Boxes that are part of the picture: of JPEG 2000, and of JPEG XL."""


def _boxes(data: bytes) -> Iterator[Area]:
    """Yield the boxes of a JP2 file that are no part of the picture (ISO 15444-1 I)."""
    at = 0
    while at < len(data) - 7:
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        size = size or len(data) - at
        if size < head or at + size > len(data):
            raise ValueError("a box without an end")
        if kind == b"jp2c":
            yield from _codestream(data, at + head, at + size)
        elif kind not in _PICTURE:
            yield at + head, at + size
        at += size
    yield at, len(data)


def _deflated(data: bytes) -> Iterator[Area]:
    """Yield what follows the end of a deflated frame (RFC 1951)."""
    inflater = zlib.decompressobj(-15)
    try:
        inflater.decompress(data)
    except zlib.error as error:
        raise ValueError("no deflated frame") from error
    yield len(data) - len(inflater.unused_data), len(data)


def _rle(data: bytes, pixels: int) -> Iterator[Area]:
    """Yield the offsets that are not used, and what follows the runs of a segment and looks like text."""
    count, *starts = struct.unpack_from("<16L", data)
    if not 0 < count < 16 or starts[0] < 64:
        raise ValueError("no RLE header")
    yield 4 + 4 * count, starts[0]
    starts = [*starts[:count], len(data)]
    for number in range(count):
        at, end = starts[number], starts[number + 1]
        filled = data[at:end].rstrip(b"\x80\0")
        if _RUN.search(filled[-1024:]) or _LONG_RUN.search(filled):
            yield _end_of_runs(data[at:end], pixels) + at, end


def _end_of_runs(segment: bytes, wanted: int) -> int:
    at = made = 0
    while made < wanted and at < len(segment):
        control = int.from_bytes(segment[at : at + 1], "big", signed=True)
        if control >= 0:
            made += control + 1
            at += control + 2
        elif control == -128:
            at += 1
        else:
            made += 1 - control
            at += 2
    return min(at, len(segment))
