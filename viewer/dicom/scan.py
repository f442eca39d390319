"""Finding DICOM: files, folders, DICOMDIR and ZIP archives become a catalog, refused ones with a reason."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from time import perf_counter, thread_time
from typing import Final, TypeAlias, TypeVar

from pydicom.filereader import dcmread

from viewer.dicom.catalog import Catalog, Rejected, Source
from viewer.dicom.documents import DOCUMENT, DOCUMENT_LENGTH, PDF, document_bytes, layout_of
from viewer.dicom.errors import Cancelled, UnreadableFile, Unsupported
from viewer.dicom.facts import DIRECTORY_RECORDS, Header
from viewer.dicom.grouping import Record, build_catalog, natural_key, source_order
from viewer.dicom.headers import read_header
from viewer.dicom.odd_headers import PYDICOM_FAILS, read_any_header, read_elements
from viewer.dicom.sources import (
    FORBIDDEN,
    MISSING,
    list_members,
    read_member,
    read_source,
    source_of,
    system_path,
)

INDEX_ONLY: Final = "This is an index of a disc, not an image: its files are listed, it is not copied."
EMPTY: Final = "This file is empty."
NESTED_ZIP: Final = "This is a ZIP archive inside a ZIP archive: unpack it first."
CLOSED_FOLDER: Final = "This folder cannot be opened: permission is missing, or the disk does not answer."
OUTSIDE: Final = "The index of the disc names a file outside its own folder: it is not opened."
NOT_ON_DISC: Final = "The index of the disc names this file, but it is not there."
DAMAGED_INDEX: Final = "The index of the disc is damaged: open its folder instead."

_ZIP_MARKS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_MEMBER_HEAD: Final = 65_536
_REFERENCED_FILE: Final = 0x00041500

_SHOWN_EVERY: Final = 0.2
_PAUSE_PER_WORK: Final = 10
_REPORT_EVERY: Final = 0.05
_CHUNK: Final = 32
_SLOW_FILE: Final = 0.0005
"""Seconds of mere waiting per file from which more threads help: a cold disk or a network share."""
_THREADS: Final = 8

_Item = TypeVar("_Item")
Candidate: TypeAlias = Source | Rejected


def _no_progress(done: int, total: int) -> None:
    """Take no notice."""


def _never() -> bool:
    return False


def scan(
    paths: Sequence[Path],
    *,
    progress: Callable[[int, int], None] = _no_progress,
    cancelled: Callable[[], bool] = _never,
    found: Callable[[Catalog], None] | None = None,
) -> Catalog:
    """Return the catalog of everything below these files, folders, DICOMDIRs and ZIP archives.

    `progress(done, total)` counts files; `total` grows while folders are walked. `found` gets the catalog
    so far, at first with the first image and then about every 200 ms at most; catalog numbers are those of
    that catalog only. Nothing is raised for a file: it is in `Catalog.rejected`. Raises Cancelled.
    """
    candidates = _checked(_candidates(paths), cancelled)
    results = _Results(progress, found)
    for candidate in candidates:
        results.add(_examine(candidate), results.done + 1)
        if results.has_image:
            break
    rest: list[Candidate] = []
    for candidate in candidates:
        rest.append(candidate)
        results.report(results.done + len(rest))
    total = results.done + len(rest)
    for result in _checked(_examined(rest), cancelled):
        results.add(result, total)
    progress(results.done, total)
    return results.catalog()


class _Results:
    """What was found so far, and when it was last told."""

    def __init__(self, progress: Callable[[int, int], None], found: Callable[[Catalog], None] | None) -> None:
        self.records: list[Record] = []
        self.rejected: list[Rejected] = []
        self.has_image = False
        self._progress, self._found = progress, found
        self._reported = 0.0
        self._next_shown = perf_counter() + _SHOWN_EVERY

    @property
    def done(self) -> int:
        return len(self.records) + len(self.rejected)

    def catalog(self) -> Catalog:
        return build_catalog(self.records, self.rejected)

    def add(self, result: Record | Rejected, total: int) -> None:
        """Keep one result and tell of it if it is time."""
        first_image = False
        if isinstance(result, Rejected):
            self.rejected.append(result)
        else:
            self.records.append(result)
            first_image = not self.has_image and result.header.frames > 0
            self.has_image = self.has_image or first_image
        self.report(total)
        if first_image or perf_counter() >= self._next_shown:
            self._show()

    def report(self, total: int) -> None:
        """Tell the progress, at most 20 times a second."""
        if perf_counter() - self._reported >= _REPORT_EVERY:
            self._progress(self.done, total)
            self._reported = perf_counter()

    def _show(self) -> None:
        if self._found is None:
            return
        started = perf_counter()
        self._found(self.catalog())
        # A big catalog takes long to build: a tenth of the time at most goes into showing it.
        pause = max(_SHOWN_EVERY, _PAUSE_PER_WORK * (perf_counter() - started))
        self._next_shown = perf_counter() + pause


def _checked(items: Iterable[_Item], cancelled: Callable[[], bool]) -> Iterator[_Item]:
    for item in items:
        if cancelled():
            raise Cancelled("Opening was stopped.")
        yield item


def _candidates(paths: Sequence[Path]) -> Iterator[Candidate]:
    """Yield every file once; folders in natural order, their own files before those of their folders."""
    seen: set[str] = set()
    folders: set[tuple[int, int]] = set()
    for path in paths:
        for candidate in _opened(Path(os.path.abspath(path)), folders):
            source = candidate if isinstance(candidate, Source) else candidate.source
            key = f"{source.path}\0{source.member}"
            if key not in seen:
                seen.add(key)
                yield candidate


def _opened(path: Path, folders: set[tuple[int, int]]) -> Iterator[Candidate]:
    """Yield what a path given by the user leads to."""
    if os.path.isdir(system_path(path)):
        yield from _walk(path, folders)
        return
    try:
        source = source_of(path)
        if _starts_like_zip(path):
            yield from _members(path)
        elif _header(source).is_directory:
            yield from _referenced(source)
        else:
            yield source
    except UnreadableFile as error:
        yield Rejected(_source_or_nothing(path), str(error))


def _walk(top: Path, folders: set[tuple[int, int]]) -> Iterator[Candidate]:
    """Yield the files below a folder; `folders` holds what was walked, so links cannot lead in a circle."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            found = os.stat(system_path(folder))
            if (found.st_dev, found.st_ino) in folders:
                continue
            folders.add((found.st_dev, found.st_ino))
            with os.scandir(system_path(folder)) as entries:
                listed = sorted((natural_key(entry.name), entry.name, _is_folder(entry)) for entry in entries)
        except OSError:
            yield Rejected(Source(folder, 0, 0), CLOSED_FOLDER)
            continue
        for _, name, is_folder in listed:
            if not is_folder:
                yield from _file(folder / name)
        waiting.extend(folder / name for _, name, is_folder in reversed(listed) if is_folder)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _file(path: Path) -> Iterator[Candidate]:
    """Yield a file of a folder, or the members if it is called a ZIP archive and is one."""
    try:
        if path.suffix.lower() == ".zip" and _starts_like_zip(path):
            yield from _members(path)
        else:
            yield source_of(path)
    except UnreadableFile as error:
        yield Rejected(_source_or_nothing(path), str(error))


def _source_or_nothing(path: Path) -> Source:
    try:
        return source_of(path)
    except UnreadableFile:
        return Source(path, 0, 0)


def _starts_like_zip(path: Path) -> bool:
    source_of(path)
    try:
        with open(system_path(path), "rb") as file:
            head = file.read(132)
    except OSError:
        raise UnreadableFile(FORBIDDEN) from None
    return head.startswith(_ZIP_MARKS) and head[128:] != b"DICM"


def _members(path: Path) -> Iterator[Candidate]:
    readable, rejected = list_members(path)
    yield from sorted(readable, key=source_order)
    yield from rejected


def _referenced(index: Source) -> Iterator[Candidate]:
    """Yield the files that a DICOMDIR names (PS3.10 8.5); none may lie outside its folder."""
    folder = index.path.parent
    listings: dict[Path, dict[str, str]] = {}
    for parts in _file_ids(index):
        path = _on_disc(folder, parts, listings)
        if path is None:
            # The name is kept as a name only: it is for showing which entry is meant.
            yield Rejected(Source(folder / "/".join(parts).lstrip("/\\"), 0, 0), OUTSIDE)
            continue
        try:
            yield source_of(path)
        except UnreadableFile as error:
            reason = NOT_ON_DISC if str(error) == MISSING else str(error)
            yield Rejected(Source(path, 0, 0), reason)


def _file_ids(index: Source) -> list[tuple[str, ...]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dcmread(BytesIO(read_source(index)), force=True, specific_tags=[DIRECTORY_RECORDS])
            items = [item.get_item(_REFERENCED_FILE) for item in dataset[DIRECTORY_RECORDS].value or ()]
    except PYDICOM_FAILS:
        raise UnreadableFile(DAMAGED_INDEX) from None
    raw = [getattr(item, "value", None) for item in items]
    texts = [value.decode("latin_1") for value in raw if isinstance(value, bytes)]
    split = (tuple(part.strip(" \0") for part in text.split("\\")) for text in texts)
    return list(dict.fromkeys(parts for parts in split if any(parts)))


def _on_disc(folder: Path, parts: tuple[str, ...], listings: dict[Path, dict[str, str]]) -> Path | None:
    """Return where a File ID lies below `folder`, upper and lower case alike; None when outside of it."""
    if any(part in ("", ".", "..") or set(part) & set("/\\:\0") for part in parts):
        return None
    path = folder
    for part in parts:
        if path not in listings:
            listings[path] = _names(path)
        path = path / listings[path].get(part.casefold(), part)
    inside = os.path.realpath(path).startswith(os.path.join(os.path.realpath(folder), ""))
    return path if inside else None


def _names(folder: Path) -> dict[str, str]:
    """Return the names in a folder by their case-folded form, without the version of ISO 9660 (`;1`)."""
    try:
        names = sorted(os.listdir(system_path(folder)))
    except OSError:
        return {}
    plain = {name.split(";")[0].rstrip(".").casefold(): name for name in names}
    return plain | {name.casefold(): name for name in names}


def _examined(candidates: Sequence[Candidate]) -> Iterator[Record | Rejected]:
    """Yield the results in order; several threads read as soon as reading means waiting."""
    start = 0
    waited = 0.0
    while start < len(candidates) and waited < _SLOW_FILE:
        began, worked = perf_counter(), thread_time()
        chunk = candidates[start : start + _CHUNK]
        results = [_examine(candidate) for candidate in chunk]
        waited = (perf_counter() - began - (thread_time() - worked)) / len(chunk)
        start += len(chunk)
        yield from results
    if start < len(candidates):
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="scan") as pool:
            for first in range(start, len(candidates), 2 * _CHUNK):
                yield from pool.map(_examine, candidates[first : first + 2 * _CHUNK])


def _examine(candidate: Candidate) -> Record | Rejected:
    """Return the record of a file, or why there is none."""
    if isinstance(candidate, Rejected):
        return candidate
    try:
        header = _header(candidate)
        if header.media_type == PDF and not header.frames:
            header = _with_pages(header, candidate)
    except UnreadableFile as error:
        return Rejected(candidate, str(error))
    if header.is_directory:
        return Rejected(candidate, INDEX_ONLY)
    return Record(candidate, header, source_order(candidate))


def _with_pages(header: Header, source: Source) -> Header:
    """Return a header with the pages of an encapsulated PDF as its frames; as it is when none can be shown.

    Counted here, a few milliseconds for each, since everything that speaks of frames goes by the catalog.
    """
    try:
        layout = layout_of(document_bytes(read_elements(read_source(source), (DOCUMENT, DOCUMENT_LENGTH))))
    except (Unsupported, *PYDICOM_FAILS):
        return header
    return replace(header, frames=len(layout.pages), rows=layout.rows, columns=layout.columns)


def _header(source: Source) -> Header:
    if not source.size:
        raise UnreadableFile(EMPTY)
    if source.member:
        return _member_header(source)
    try:
        with open(system_path(source.path), "rb", buffering=0) as file:
            return read_header(file, source.size) or read_any_header(file, source.size)
    except OSError:
        raise UnreadableFile(FORBIDDEN) from None


def _member_header(source: Source) -> Header:
    head = read_member(source, _MEMBER_HEAD)
    if head.startswith(_ZIP_MARKS) and head[128:132] != b"DICM":
        raise UnreadableFile(NESTED_ZIP)
    return read_header(head, source.size) or read_any_header(BytesIO(read_member(source)), source.size)
