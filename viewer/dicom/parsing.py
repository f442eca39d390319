"""The data set of a file: read as a whole, or with its pixel data left where it is."""

import io
import struct
from typing import Final

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, STANDARD_VR

from viewer.dicom.elements import Element
from viewer.dicom.errors import UnreadableFile
from viewer.dicom.pixel_value import InFile, InMemory, PixelValue
from viewer.dicom.tails import tail_start

LARGE: Final = 64 << 20
"""Bytes of a file from which on its pixel data is left on disk."""
_PIXELS: Final = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
_UNDEFINED: Final = 0xFFFFFFFF
_CUT_SHORT: Final = "It is cut short: the file ends inside an element."


class AsFile(io.BufferedReader):
    """A value as a file of its own, for libraries that ask for one."""

    def __init__(self, content: PixelValue) -> None:
        super().__init__(_Raw(content), 1 << 16)


class _Raw(io.RawIOBase):
    name = ""
    """pydicom asks for one."""

    def __init__(self, content: PixelValue) -> None:
        self._content, self._at = content, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._content)}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._content.read(self._at, self._at + len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def parse(content: bytes | PixelValue) -> Dataset:
    """Return the data set of a file; raises UnreadableFile when it is damaged or cut short.

    pydicom only warns when a file ends inside an element, and returns what came before. Of an `InFile` the
    pixel data elements hold an `InFile` too: it has to stay open.
    """
    try:
        dataset = dataset_of(content)
    except Exception as error:  # pydicom raises many kinds on damaged files
        raise UnreadableFile(f"It is damaged and cannot be read ({type(error).__name__}).") from error
    elements = list(dataset.values())
    start = tail_start(elements, len(content))
    if start is not None:
        return parse(content.part(0, start) if isinstance(content, InFile) else _bytes(content)[:start])
    if not elements or any(map(_is_short, elements)) or _ends_in_a_head(elements[-1], len(content)):
        raise UnreadableFile(_CUT_SHORT)
    return dataset


def dataset_of(content: bytes | PixelValue, *, force: bool = True) -> FileDataset:
    """Return what pydicom makes of a file, with the pixel data of an `InFile` left where it is.

    `force`: also without a preamble. Raises what pydicom raises on damaged files.
    """
    if isinstance(content, InFile):
        return _in_place(content, force=force)
    return dcmread(io.BytesIO(_bytes(content)), force=force)


def _bytes(content: bytes | PixelValue) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, InMemory) and isinstance(content.data, bytes):
        return content.data
    return bytes(content.read(0, len(content)))


def _in_place(content: InFile, *, force: bool) -> FileDataset:
    file = AsFile(content)
    dataset = dcmread(file, stop_before_pixels=True, force=force)
    implicit, little = dataset.original_encoding
    if dataset.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        return dcmread(io.BytesIO(_bytes(content)), force=force)
    elements = dict(dataset._dict)
    while element := _pixel_element(file, content, implicit=bool(implicit), little=bool(little)):
        elements[element.tag] = element
        rest = data_element_generator(file, bool(implicit), bool(little), stop_when=_is_pixel_data)
        elements |= {e.tag: e for e in rest}
    dataset._dict = elements
    return dataset


def _is_pixel_data(tag: BaseTag, vr: str | None, length: int) -> bool:
    return int(tag) in _PIXELS


def _pixel_element(file: AsFile, content: InFile, *, implicit: bool, little: bool) -> RawDataElement | None:
    """Return the pixel data element that begins here, the file behind it; None where another one does."""
    start, order = file.tell(), "<" if little else ">"
    head = file.read(8)
    if len(head) < 8:
        return None
    group, number, vr, length = struct.unpack(f"{order}HH2sH", head)
    tag = group << 16 | number
    name = None if implicit else vr.decode("latin-1")
    if tag not in _PIXELS:
        file.seek(start)
        return None
    if implicit:
        (length,) = struct.unpack_from(f"{order}L", head, 4)
    elif name in EXPLICIT_VR_LENGTH_32:
        (length,) = struct.unpack(f"{order}L", file.read(4))
    first = file.tell()
    last = _end_of_items(file) if length == _UNDEFINED else min(first + length, len(content))
    file.seek(len(content) if last is None else last + (8 if length == _UNDEFINED else 0))
    value = None if last is None else content.part(first, last)
    return RawDataElement(BaseTag(tag), name, length, value, first, implicit, little)  # type: ignore[arg-type]


def _end_of_items(file: AsFile) -> int | None:
    """Return where the items of encapsulated pixel data end with a delimiter (PS3.5 A.4), or None."""
    while len(head := file.read(8)) == 8:
        tag, length = struct.unpack("<LL", head)
        if tag == 0xE0DDFFFE:
            return file.tell() - 8
        if tag != 0xE000FFFE:
            return None
        file.seek(length, io.SEEK_CUR)
    return None


def _is_short(element: Element) -> bool:
    if not isinstance(element, RawDataElement):
        return False
    if element.value is None and element.VR is not None and element.VR not in STANDARD_VR:
        return True  # pydicom cannot even look at it
    if element.length == _UNDEFINED:  # pydicom found no end of it
        return element.value is None
    return len(element.value or b"") < element.length


def _ends_in_a_head(last: Element, size: int) -> bool:
    """Return whether one to seven bytes follow the last element: the beginning of another one's head."""
    if not isinstance(last, RawDataElement) or last.value is None:
        return False
    end = last.value_tell + len(last.value) + (8 if last.length == _UNDEFINED else 0)
    return 0 < size - end < 8
