"""The facts of files that the strict parser refuses: pydicom reads them, guarded against hostile ones."""

import re
import warnings
import zlib
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from struct import error as StructError  # noqa: N812 - it is a class
from threading import Lock
from typing import Final, Protocol

from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian, MediaStorageDirectoryStorage

from viewer.dicom.errors import UnreadableFile
from viewer.dicom.facts import (
    CHARACTER_SET,
    DIRECTORY_RECORDS,
    PIXELS,
    UNDEFINED,
    WANTED,
    Header,
    Pixels,
    Values,
    ascii_text,
    header_of,
)
from viewer.dicom.tails import is_no_element

_LONGEST_VALUE: Final = 1 << 20
_HEADER_READS: Final = (1, 2, 4, 6, 8)
"""How many bytes pydicom asks for outside values; fewer there are at the end of every file."""

_GROUP_LENGTH: Final = b"\2\0\0\0UL\4\0"
_TRANSFER_SYNTAX: Final = 0x00020010
_META_CLASS: Final = 0x00020002
_PIECE: Final = 1 << 18
_INFLATED_LIMIT: Final = 2 << 30
_UID: Final = re.compile(r"[0-9][0-9.]{4,63}")
_CODE: Final = re.compile(r"[A-Z0-9_ ]{1,16}")

PYDICOM_FAILS: Final = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    StructError,
    TypeError,
    ValueError,
    zlib.error,
)
"""What pydicom is known to raise over damaged bytes."""
_DAMAGED: Final = "This file is damaged: it cannot be read as DICOM."
_NOT_DICOM: Final = "This is not a DICOM file."
_CUT: Final = "This file ends in the middle of its header: it is damaged or was not copied completely."
_BLOATED: Final = "This file unpacks to more than this program accepts."

_one_at_a_time = Lock()
"""pydicom in two threads is slower than in one, and the filter of warnings belongs to the whole process."""


class ByteStream(Protocol):
    """A binary file opened for reading that can seek."""

    def read(self, count: int = -1, /) -> bytes:
        """Return up to `count` bytes."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to an offset and return it."""

    def tell(self) -> int:
        """Return the present offset."""


class _Bounded:
    """A file that never asks the system for more bytes than there are, and notes whether it was asked to."""

    def __init__(self, file: ByteStream, size: int) -> None:
        self._file, self.size, self._position = file, size, 0
        self.overrun = False
        file.seek(0)

    def read(self, count: int = -1, /) -> bytes:
        left = max(self.size - self._position, 0)
        if count > left and count not in _HEADER_READS:
            self.overrun = True
        data = self._file.read(left if count < 0 else min(count, left))
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._position = offset if not whence else offset + (self._position, self.size)[whence - 1]
        self.overrun = self.overrun or self._position > self.size
        return self._file.seek(self._position)

    def tell(self) -> int:
        return self._position


class _Watcher:
    """Sees every top-level element that pydicom passes, and stops it at compressed pixel data."""

    def __init__(self, file: _Bounded) -> None:
        self._file = file
        self._explicit = False
        self.elements = 0
        self.has_directory_records = False
        self.pixels: Pixels | None = None
        self.was_cut = False

    def __call__(self, tag: BaseTag, vr: str | None, length: int, /) -> bool:
        left = self._file.size - self._file.tell()
        if self.elements > 1 and is_no_element(tag, vr, length, left, explicit=self._explicit):
            return True
        self._explicit = self._explicit or vr is not None
        self.elements += 1
        self.has_directory_records |= tag == DIRECTORY_RECORDS
        if tag in PIXELS:
            self.pixels = Pixels(int(tag), self._file.tell(), length)
            self.was_cut = self._file.overrun
            return length == UNDEFINED
        return False


def read_any_header(file: ByteStream, size: int) -> Header:
    """Return the facts of any file that pydicom can read, also without preamble, file meta or SOP UIDs.

    Raises UnreadableFile with the sentence to show when it is not DICOM, is damaged, or ends in its header.
    """
    bounded = _Bounded(file, size)
    watcher = _Watcher(bounded)
    has_prefix = _has_prefix(bounded)
    try:
        if has_prefix:
            _refuse_bloated(bounded)
        dataset = _partial(bounded, watcher)
    except PYDICOM_FAILS:
        raise UnreadableFile(_DAMAGED if has_prefix else _NOT_DICOM) from None
    header = header_of(
        _values(dataset),
        watcher.pixels,
        _meta_text(dataset, _TRANSFER_SYNTAX),
        is_directory=watcher.has_directory_records
        or _meta_text(dataset, _META_CLASS) == MediaStorageDirectoryStorage,
        size=size,
        little=dataset.original_encoding[1] is not False,
    )
    if not (watcher.elements if has_prefix else _is_plausible(header)):
        raise UnreadableFile(_CUT if has_prefix else _NOT_DICOM)
    if _ends_in_header(dataset, bounded, watcher):
        raise UnreadableFile(_CUT)
    return header


def read_elements(content: bytes, tags: Iterable[int]) -> FileDataset:
    """Return the elements of a file's top level with these tags; raises PYDICOM_FAILS over damaged bytes."""
    wanted: list[BaseTag | int] = list(tags)
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_partial(BytesIO(content), force=True, specific_tags=wanted)


def _ends_in_header(dataset: FileDataset, file: _Bounded, watcher: _Watcher) -> bool:
    if watcher.was_cut or (watcher.pixels is None and file.overrun):
        return True
    raw = (element for element in dataset.values() if isinstance(element, RawDataElement))
    return any(isinstance(found.value, bytes) and len(found.value) < found.length for found in raw)


def _meta_text(dataset: FileDataset, tag: int) -> str:
    value = next((found.value for found in dataset.file_meta.values() if found.tag == tag), b"")
    return ascii_text(value) if isinstance(value, bytes) else str(value or "")


def _has_prefix(file: _Bounded) -> bool:
    file.seek(0)
    found = file.read(132)[128:] == b"DICM"
    file.seek(0)
    file.overrun = False
    return found


def _partial(file: _Bounded, watcher: _Watcher) -> FileDataset:
    wanted: list[BaseTag | int] = [tag for tag in WANTED if tag != DIRECTORY_RECORDS]
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_partial(
            file,  # type: ignore[arg-type]  # it is all that pydicom uses of a file
            stop_when=watcher,
            defer_size=_LONGEST_VALUE,
            force=True,
            specific_tags=wanted,
        )


def _refuse_bloated(file: _Bounded) -> None:
    """Raise UnreadableFile when a deflated data set (PS3.5 A.5) would fill the memory."""
    head = file.read(4096)
    if DeflatedExplicitVRLittleEndian.encode() in head and head[132:140] == _GROUP_LENGTH:
        file.seek(144 + int.from_bytes(head[140:144], "little"))
        with suppress(zlib.error):
            _inflate(file)
    file.seek(0)
    file.overrun = False


def _inflate(file: _Bounded) -> None:
    """Unpack the rest of a file into nothing."""
    inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while not inflater.eof and (data := inflater.unconsumed_tail or file.read(_PIECE)):
        total += len(inflater.decompress(data, _PIECE))
        if total > _INFLATED_LIMIT:
            raise UnreadableFile(_BLOATED)


def _values(dataset: FileDataset) -> Values:
    """Return the wanted values as bytes; pydicom itself converts none but the character sets."""
    values: Values = {}
    for element in dataset.values():
        tag, raw = int(element.tag), element.value
        if isinstance(raw, bytes):
            values[tag] = raw
        elif tag == CHARACTER_SET and raw:
            terms = [raw] if isinstance(raw, str) else [str(term) for term in raw]
            values[tag] = "\\".join(terms).encode("latin_1", errors="replace")
    return values


def _is_plausible(header: Header) -> bool:
    """Return whether bytes without the DICM prefix are a data set: one value that text would not give."""
    uids = (header.sop_class_uid, header.sop_instance_uid, header.study_uid, header.series_uid)
    if any(_UID.fullmatch(uid) for uid in uids):
        return True
    has_size = header.rows > 0 and header.columns > 0 and bool(_CODE.fullmatch(header.photometric))
    return has_size or (bool(_CODE.fullmatch(header.modality)) and header.frames > 0)
