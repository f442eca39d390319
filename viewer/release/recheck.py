"""Check files that were written before: on their own, and against the studies they came from."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError

from viewer.dicom.catalog import Instance
from viewer.dicom.decisions import Finding, Severity
from viewer.dicom.elements import CONVERSION_ERRORS, path_text, tag_text, texts, walk
from viewer.dicom.errors import DeidError
from viewer.dicom.sources import read_source
from viewer.release.dicomdir import NAME as DICOMDIR
from viewer.release.dicomdir import dicomdir_findings
from viewer.release.needles import Needle
from viewer.release.residue import identity_of, kinds_in
from viewer.rules.standard import standard

_SAFE_PRIVATE: Final = "113111"
_ALLOWED_BY: Final = {
    "113106": {"date"},
    "113107": {"date"},
    "113109": {"device number", "date"},
    "113110": {"UID"},
    "113112": {"institution"},
}
"""Kinds of identity that a method code in the file says were kept."""
_PLACEHOLDERS: Final = ("ANON", "Anonymous", "REMOVED")


@dataclass(frozen=True, slots=True)
class Checked:
    """One file of an output folder: its relative name and what is wrong with it."""

    name: str
    findings: tuple[Finding, ...]


def recheck(
    folder: Path, sources: Iterable[Instance] = (), *, progress: Callable[[int, int], None] | None = None
) -> list[Checked]:
    """Return what is wrong with every file below a folder.

    With `sources`, every file is searched for the identity of every source: names, identifiers, dates
    and UIDs, in every encoding, but for the kinds that its own method codes say were kept. A source that
    cannot be read is a finding of its own: nothing was searched for it.
    """
    needles: set[Needle] = set()
    checked = []
    for instance in sources:
        identity = _identity(instance)
        needles |= identity or set()
        if identity is None:
            message = "This source cannot be read, so its identity was not searched for."
            checked.append(Checked(f"source {instance.number}", (_error("source-unread", message),)))
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    for number, path in enumerate(files, start=1):
        name = path.relative_to(folder).as_posix()
        checked.append(Checked(name, tuple(_check(path, name, frozenset(needles)))))
        if progress:
            progress(number, len(files))
    return checked


def _identity(instance: Instance) -> frozenset[Needle] | None:
    try:
        return identity_of(dcmread(io.BytesIO(read_source(instance.source)), force=True))
    except (DeidError, *CONVERSION_ERRORS):
        return None


def _error(code: str, message: str, where: str = "") -> Finding:
    return Finding(code, Severity.ERROR, where, message)


def _check(path: Path, name: str, needles: frozenset[Needle]) -> list[Finding]:
    try:
        content = path.read_bytes()
        written = dcmread(io.BytesIO(content))
        # before anything converts the elements: their places in the file are needed
        kinds = kinds_in(content, name, written, needles) if needles else set()
        index = path.name == DICOMDIR
        found = dicomdir_findings(content, path.parent) if index else [*_alone(content, written)]
    except (InvalidDicomError, *CONVERSION_ERRORS):
        return [_error("unreadable", "This is not a DICOM file that can be read.")]
    kept = {kind for code in _codes(written) for kind in _ALLOWED_BY.get(code, ())}
    left = sorted(kinds - kept)
    found.extend(_error("identity-left", f"It still holds of a source: {kind}.") for kind in left)
    return found


def _codes(written: FileDataset) -> set[str]:
    return {
        str(item.get("CodeValue", "")) for item in written.get("DeidentificationMethodCodeSequence") or ()
    }


def _alone(content: bytes, written: FileDataset) -> Iterable[Finding]:
    """Yield what is wrong without knowing the source."""
    if content[:128] != bytes(128):
        yield _error("preamble", "The 128 bytes before the file are not empty.")
    if str(written.get("PatientIdentityRemoved", "")) != "YES":
        yield _error("not-removed", "It does not say that the identity was removed.", "(0012,0062)")
    meta_uid = str(written.file_meta.get("MediaStorageSOPInstanceUID", ""))
    if meta_uid != str(written.get("SOPInstanceUID", "")):
        yield _error("file-meta", "The SOP Instance UIDs of file and data set differ.")
    codes = _codes(written)
    for path, element in walk(written):
        tag = path[-1]
        if tag & 0x10000 and _SAFE_PRIVATE not in codes:
            yield _error("private", "It holds a private element.", path_text(path))
        row = standard().rows.get(tag)
        if row is not None and row.basic == "X" and not row.codes and not tag & 0x10000:
            yield _error(
                "identifying", f"It holds {tag_text(tag)}, which is always removed.", path_text(path)
            )
        if element.VR == "PN" and not all(t.startswith(_PLACEHOLDERS) for t in texts(element, ["utf-8"])):
            yield _error("name", "It holds a person's name that is no pseudonym.", path_text(path))
