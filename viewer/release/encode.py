"""The output data set as the bytes of a file (PS3.10 7.1); raw elements go out as they came in."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, cast

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_dataset, write_file_meta_info
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from viewer.dicom.elements import Element, encodings_of, raw_elements
from viewer.dicom.errors import Unsupported
from viewer.dicom.pixel_value import Buffer, InMemory, Joined, PixelValue

_LONG: Final = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"))
"""VRs with a 32-bit length in explicit VR (PS3.5 Table 7.1-1)."""
_UNDEFINED: Final = 0xFFFFFFFF
_DELIMITER: Final = b"\xfe\xff\xdd\xe0\0\0\0\0"


def encoded(output: FileDataset) -> bytes:
    """Return the bytes of a file; raises Unsupported when the data set cannot be encoded."""
    return b"".join(encoded_pieces(output))


def encoded_pieces(output: FileDataset) -> Iterator[Buffer]:
    """Yield the bytes of a file in pieces; large pixel data is made while it is asked for.

    Raises Unsupported when the data set cannot be encoded. Not by dcmwrite(), which decides anew whether
    pixel data is encapsulated and errs for newer syntaxes.
    """
    buffer = DicomBytesIO()
    buffer.write(bytes(128) + b"DICM")
    try:
        write_file_meta_info(buffer, output.file_meta, enforce_standard=True)
        content = Joined([InMemory(part) if isinstance(part, bytes) else part for part in _parts(output)])
    except Exception as error:  # pydicom raises many kinds here
        raise Unsupported(f"What would be written is not valid DICOM ({type(error).__name__}).") from error
    yield buffer.getvalue()
    if output.file_meta.TransferSyntaxUID != DeflatedExplicitVRLittleEndian:
        yield from content.pieces()
        return
    deflater, size = zlib.compressobj(wbits=-zlib.MAX_WBITS), 0
    for piece in content.pieces():
        packed = deflater.compress(piece)
        size += len(packed)
        yield packed
    packed = deflater.flush()
    yield packed + b"\0" * ((size + len(packed)) % 2)


def _parts(output: Dataset) -> Iterator[bytes | PixelValue]:
    """Yield the data set, parted at values that are not in memory."""
    implicit, little = map(bool, output.original_encoding)
    level: dict[BaseTag, Element] = {}
    for tag, element in raw_elements(output):
        if isinstance(element.value, PixelValue):
            yield _level(output, level, implicit=implicit, little=little)
            yield _head(tag, element, implicit=implicit, little=little)
            yield element.value
            yield _DELIMITER if _is_undefined(element) else b"\0" * (len(element.value) % 2)
            level = {}
        else:
            level[BaseTag(tag)] = element
    yield _level(output, level, implicit=implicit, little=little)


def _is_undefined(element: Element) -> bool:
    if isinstance(element, DataElement):
        return element.is_undefined_length
    return element.length == _UNDEFINED


def _head(tag: int, element: Element, *, implicit: bool, little: bool) -> bytes:
    """Return the head of an element whose value is not in memory; an odd length is padded."""
    size = len(cast("PixelValue", element.value))
    if not _is_undefined(element) and size >= _UNDEFINED - 1:
        raise ValueError("the value is longer than an element can say")
    length = _UNDEFINED if _is_undefined(element) else size + size % 2
    order, group, number = "<" if little else ">", tag >> 16, tag & 0xFFFF
    if implicit:
        return struct.pack(f"{order}HHL", group, number, length)
    return struct.pack(f"{order}HH2sHL", group, number, str(element.VR or "OW").encode("ascii"), 0, length)


def _level(output: Dataset, level: dict[BaseTag, Element], *, implicit: bool, little: bool) -> bytes:
    """Return elements of the top level as bytes."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = implicit, little
    if little and not implicit:
        _write_explicit_little(buffer, output, level)
    else:
        part = Dataset(level)
        part.set_original_encoding(implicit, little, output._character_set)
        write_dataset(buffer, part)
    return buffer.getvalue()


def _write_explicit_little(buffer: DicomBytesIO, output: Dataset, level: dict[BaseTag, Element]) -> None:
    """Write elements: raw ones in one step, in half the time of the general writer."""
    encodings = encodings_of(output)
    for tag, element in level.items():
        if isinstance(element, RawDataElement) and element.VR is not None:
            buffer.write(_raw(tag, element.VR, element))
        else:
            write_data_element(buffer, element, encodings)


def _raw(tag: int, vr: str, element: RawDataElement) -> bytes:
    value = element.value or b""
    length = _UNDEFINED if element.length == _UNDEFINED else len(value)
    name = vr.encode("ascii")
    if vr in _LONG or length == _UNDEFINED:
        head = struct.pack("<HH2sHL", tag >> 16, tag & 0xFFFF, name, 0, length)
    else:
        head = struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, name, length)
    return head + value + (_DELIMITER if length == _UNDEFINED else b"")
