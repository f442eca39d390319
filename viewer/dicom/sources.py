"""Opening what was found: plain files and members of ZIP archives, never changed or unpacked on disk."""

import os
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import FileIO
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from viewer.dicom.catalog import Rejected, Source
from viewer.dicom.errors import UnreadableFile
from viewer.dicom.pixel_value import InFile

CHANGED: Final = "This file changed since it was opened."
MISSING: Final = "This file cannot be found."
FORBIDDEN: Final = "This file cannot be read: permission is missing, or the disk or network does not answer."
NOT_A_FILE: Final = "This is neither a file nor a folder."
DAMAGED_ZIP: Final = "This ZIP archive is damaged: it cannot be read."

_LOCAL_HEADER: Final = struct.Struct("<4s22xHH")
_EXTENDED: Final = "\\\\?\\"
_LONG_ON_WINDOWS: Final = 240
"""Below MAX_PATH (260) by the 12 characters that Windows wants to have left for a file in a folder."""


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """What a ZIP may hold. An archive beyond one of them is refused as a whole."""

    members: int = 200_000
    member_bytes: int = 4 << 30
    total_bytes: int = 64 << 30
    ratio: int = 200
    """Unpacked to packed size; asked for above `ratio_floor` bytes only, as a blank image packs 1000:1."""
    ratio_floor: int = 256 << 20


LIMITS: Final = ZipLimits()


def extended_path(path: str) -> str:
    r"""Return an absolute Windows path in the form that may exceed 260 characters (`\\?\`)."""
    if path.startswith(_EXTENDED) or len(path) < _LONG_ON_WINDOWS:
        return path
    plain = path.replace("/", "\\")
    return f"{_EXTENDED}UNC{plain[1:]}" if plain.startswith("\\\\") else _EXTENDED + plain


def system_path(path: Path) -> str:
    """Return what to hand to the operating system for this path."""
    return extended_path(os.path.abspath(path)) if os.name == "nt" else os.fspath(path)


def source_of(path: Path) -> Source:
    """Return the identity of a plain file; raises UnreadableFile when there is none to read."""
    try:
        found = os.stat(system_path(path))
    except FileNotFoundError:
        raise UnreadableFile(MISSING) from None
    except (OSError, ValueError):
        raise UnreadableFile(FORBIDDEN) from None
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableFile(NOT_A_FILE)
    return Source(path, found.st_size, found.st_mtime_ns)


def read_source(source: Source) -> bytes:
    """Return all bytes of a plain file or ZIP member, just as they were when it was scanned.

    Raises UnreadableFile when it is gone, cannot be read, or has another size or time than at the scan.
    """
    if source.member:
        return read_member(source)
    try:
        with open(system_path(source.path), "rb", buffering=0) as file:
            _check_unchanged(file, source)
            data = file.read()
            _check_unchanged(file, source)
    except FileNotFoundError:
        raise UnreadableFile(MISSING) from None
    except OSError:
        raise UnreadableFile(FORBIDDEN) from None
    if len(data) != source.size:
        raise UnreadableFile(CHANGED)
    return data


@contextmanager
def open_source(source: Source, *, large: int) -> Iterator[bytes | InFile]:
    """Give the bytes of a source, or an open file where a plain one has at least `large` bytes.

    Raises UnreadableFile as `read_source`, at the end too when a large file changed in the meantime.
    """
    if source.member or source.size < large:
        yield read_source(source)
        return
    try:
        file = open(system_path(source.path), "rb", buffering=0)  # noqa: SIM115 - closed below
    except FileNotFoundError:
        raise UnreadableFile(MISSING) from None
    except OSError:
        raise UnreadableFile(FORBIDDEN) from None
    with file:
        _check_unchanged(file, source)
        yield InFile(file, 0, source.size)
        _check_unchanged(file, source)


def source_in_place(source: Source, *, large: int) -> bytes | InFile:
    """Return the bytes of a source, or where a plain one has at least `large` bytes a value read on demand.

    No file stays open: each read opens it, and raises UnreadableFile when it has changed.
    """
    if source.member or source.size < large:
        return read_source(source)
    return InFile(cast("BinaryIO", _Reopened(source)), 0, source.size)


class _Reopened:
    """Just so much of a file as `InFile` needs."""

    def __init__(self, source: Source) -> None:
        self._source, self._at = source, 0

    def seek(self, at: int) -> None:
        self._at = at

    def read(self, size: int) -> bytes:
        try:
            with open(system_path(self._source.path), "rb", buffering=0) as file:
                _check_unchanged(file, self._source)
                file.seek(self._at)
                return file.read(size)
        except FileNotFoundError:
            raise UnreadableFile(MISSING) from None
        except OSError:
            raise UnreadableFile(FORBIDDEN) from None


def read_member(source: Source, limit: int | None = None) -> bytes:
    """Return a ZIP member's bytes, or its first `limit` ones; raises UnreadableFile.

    A whole member is checked against its CRC. The central directory is read once per archive.
    """
    try:
        info = _directory(system_path(source.path), source.mtime_ns).get(source.member)
        with open(system_path(source.path), "rb") as file:
            if os.fstat(file.fileno()).st_mtime_ns != source.mtime_ns or info is None:
                raise UnreadableFile(CHANGED)
            data = _inflate(file, info, limit)
    except FileNotFoundError:
        raise UnreadableFile(MISSING) from None
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, UnicodeDecodeError):
        raise UnreadableFile(DAMAGED_ZIP) from None
    except OSError:
        raise UnreadableFile(FORBIDDEN) from None
    if info.file_size != source.size:
        raise UnreadableFile(CHANGED)
    return data


def list_members(path: Path, limits: ZipLimits = LIMITS) -> tuple[list[Source], list[Rejected]]:
    """Return the members of a ZIP that may be read, and those that may not, with the reason.

    A member's `Source` has the size of the unpacked member and the time of the archive; its name is a key
    and never becomes a path on disk. Raises UnreadableFile when the archive cannot be read or exceeds
    `limits`.
    """
    archive = source_of(path)
    try:
        with zipfile.ZipFile(system_path(path)) as opened:
            members = [info for info in opened.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, struct.error, NotImplementedError, UnicodeDecodeError, ValueError):
        raise UnreadableFile(DAMAGED_ZIP) from None
    except OSError:
        raise UnreadableFile(FORBIDDEN) from None
    _refuse_bomb(members, limits)
    times = Counter(info.filename for info in members)
    readable: list[Source] = []
    rejected: list[Rejected] = []
    for info in {info.filename: info for info in members}.values():
        source = Source(path, info.file_size, archive.mtime_ns, info.filename)
        reason = _why_not(info, times[info.filename])
        if reason:
            rejected.append(Rejected(source, reason))
        else:
            readable.append(source)
    return readable, rejected


def _refuse_bomb(members: list[zipfile.ZipInfo], limits: ZipLimits) -> None:
    if len(members) > limits.members:
        raise UnreadableFile(f"This ZIP archive holds more than {limits.members:,} files.")
    total = sum(info.file_size for info in members)
    if total > limits.total_bytes or any(info.file_size > limits.member_bytes for info in members):
        raise UnreadableFile("This ZIP archive unpacks to more than this program accepts.")
    packed = sum(info.compress_size for info in members)
    if total > limits.ratio_floor and total > limits.ratio * packed:
        raise UnreadableFile("This ZIP archive is packed more tightly than images can be: it may be harmful.")


def _why_not(info: zipfile.ZipInfo, occurrences: int) -> str:
    if info.flag_bits & 0x1:
        return "This file is locked with a password inside the ZIP archive: unpack it first."
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "This file is packed in an unusual way inside the ZIP archive: unpack it first."
    if occurrences > 1 or not info.filename:
        return "Several files have the same name inside the ZIP archive: unpack it first."
    return ""


@lru_cache(maxsize=8)
def _directory(path: str, mtime_ns: int) -> dict[str, zipfile.ZipInfo]:
    """Return the central directory of an archive; its time makes a changed one be read anew."""
    with zipfile.ZipFile(path) as archive:
        return {info.filename: info for info in archive.infolist()}


def _inflate(file: BinaryIO, info: zipfile.ZipInfo, limit: int | None) -> bytes:
    """Return what one entry holds; never more bytes than the central directory states."""
    file.seek(info.header_offset)
    mark, name_length, extra_length = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if mark != b"PK\x03\x04":
        raise zipfile.BadZipFile
    file.seek(name_length + extra_length, os.SEEK_CUR)
    wanted = info.file_size if limit is None else min(limit, info.file_size)
    if info.compress_type == zipfile.ZIP_STORED:
        data = file.read(min(wanted, info.compress_size))
    else:
        data = _decompress(file, info.compress_size, wanted)
    if len(data) != wanted or (limit is None and zlib.crc32(data) != info.CRC):
        raise zipfile.BadZipFile
    return data


def _decompress(file: BinaryIO, packed: int, wanted: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    parts: list[bytes] = []
    while wanted > 0 and not inflater.eof:
        chunk = inflater.unconsumed_tail
        if not chunk:
            chunk = file.read(min(packed, 1 << 16))
            packed -= len(chunk)
        if not chunk:
            break
        parts.append(inflater.decompress(chunk, wanted))
        wanted -= len(parts[-1])
    return b"".join(parts)


def _check_unchanged(file: IO[bytes] | FileIO, source: Source) -> None:
    found = os.fstat(file.fileno())
    if (found.st_size, found.st_mtime_ns) != (source.size, source.mtime_ns):
        raise UnreadableFile(CHANGED)
