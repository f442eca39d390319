"""Check a written file against its source and its plan; shares no code with what wrote it."""

import zlib
from collections.abc import Iterator, Sequence, Sized
from typing import Final, cast

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from viewer import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION
from viewer.dicom.charset import CODECS, decoded
from viewer.dicom.decisions import Action, Basis, Decision, Finding, Items, Plan, Severity, Value
from viewer.dicom.elements import (
    CONVERSION_ERRORS,
    Element,
    ElementPath,
    converted,
    encodings_of,
    path_text,
    raw_elements,
    texts,
    without_escapes,
)
from viewer.dicom.parsing import dataset_of
from viewer.dicom.pixel_value import InFile
from viewer.release.report import PixelProof
from viewer.release.residue import residue
from viewer.release.verify_document import REDRAWN, check_documents
from viewer.release.verify_envelope import ENCRYPTED, check_envelope
from viewer.release.verify_overlays import check_overlays
from viewer.release.verify_pixels import check_pixels
from viewer.release.verify_profile import ICC_PROFILE, profile_findings
from viewer.release.verify_streams import texts_left
from viewer.release.verify_values import same_value
from viewer.release.verify_video import HISTORY, is_video

_META_ALLOWED: Final = frozenset(
    (0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013)
)
_PIXELS: Final = frozenset((0x7FE00001, 0x7FE00002, 0x7FE00008, 0x7FE00009, 0x7FE00010))
"""Pixel data and its offset tables: compared by check_pixels where regions were asked for."""
_PHOTOMETRIC: Final = 0x00280004
_UNDEFINED: Final = 0xFFFFFFFF
_EMPTY_PIXELS: Final = PixelProof("none")


def verify(
    content: bytes | InFile, name: str, source_content: bytes | InFile, plan: Plan
) -> tuple[PixelProof, tuple[Finding, ...]]:
    """Return the proof about the pixels and everything that is wrong with a written file.

    `content` is what stands on disk, `name` its relative path, `source_content` the source file as it was
    read; large ones are open files, looked at piece by piece. An ERROR among the findings means that the
    file must not be released.
    """
    try:
        written = dataset_of(content, force=False)
        source = dataset_of(source_content)
        findings = [
            *_file_findings(content, source, written, plan),
            *_element_findings(source, written, plan),
        ]
        findings.extend(_type_findings(written, plan))
        findings.extend(check_overlays(source, written, plan))
        findings.extend(residue(content, name, source, written, plan))
        proof, pixel_findings = check_pixels(source, written, plan.blanks)
        of_pages, document_findings = check_documents(source, written, plan)
        findings.extend((*texts_left(written), *check_envelope(written, plan)))
    except (InvalidDicomError, zlib.error, *CONVERSION_ERRORS):
        return _EMPTY_PIXELS, (_error("unreadable", "The written file cannot be read again."),)
    return of_pages or proof, tuple(dict.fromkeys((*findings, *pixel_findings, *document_findings)))


def _error(code: str, message: str, path: ElementPath = ()) -> Finding:
    return Finding(code, Severity.ERROR, path_text(path), message)


def _file_findings(
    content: bytes | InFile, source: FileDataset, written: FileDataset, plan: Plan
) -> Iterator[Finding]:
    """Yield what is wrong before the data set: preamble, file meta information (PS3.10 7.1)."""
    start = content[:132] if isinstance(content, bytes) else bytes(content.read(0, 132))
    if start != bytes(128) + b"DICM":
        yield _error("preamble", "The 128 bytes before the file are not empty.")
    meta = written.file_meta
    for tag in meta.keys():  # noqa: SIM118
        if int(tag) not in _META_ALLOWED:
            yield _error("file-meta", "The file meta information has more than it should.", (int(tag),))
    own = (str(meta.get("ImplementationClassUID")), str(meta.get("ImplementationVersionName")))
    if own != (IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION):
        yield _error("file-meta", "The file meta information does not name this program.")
    if not _right_syntax(source, written):
        yield _error("transfer-syntax", "The file does not say truly how it is encoded.")
    uid = str(written.get("SOPInstanceUID", ""))
    if not str(meta.get("MediaStorageSOPInstanceUID", "")) == uid == plan.sop_instance_uid:
        yield _error("file-meta", "The SOP Instance UIDs of file and data set differ.")
    sop_class = str(written.get("SOPClassUID", meta.get("MediaStorageSOPClassUID")))
    if str(meta.get("MediaStorageSOPClassUID")) != sop_class:
        yield _error("file-meta", "The SOP Class UIDs of file and data set differ.")


def _right_syntax(source: FileDataset, written: FileDataset) -> bool:
    """Return whether the transfer syntax is the source's, or for plain data the one it is really in."""
    declared = str(source.file_meta.get("TransferSyntaxUID", ""))
    now = str(written.file_meta.get("TransferSyntaxUID", ""))
    if _is_encapsulated(source) or declared == DeflatedExplicitVRLittleEndian:
        return now == declared
    implicit, little = source.original_encoding
    plain = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    return now == str(ImplicitVRLittleEndian if implicit else plain) or (
        now == declared and not any(t in written for t in _PIXELS)
    )


def _is_encapsulated(dataset: Dataset) -> bool:
    element = dict(raw_elements(dataset)).get(0x7FE00010)
    return isinstance(element, RawDataElement) and element.length == _UNDEFINED


def _element_findings(source: Dataset, written: Dataset, plan: Plan) -> Iterator[Finding]:
    decisions = {d.path: d for d in plan.decisions}
    # Pixel data and its colours: what may become of them is checked with the pixels.
    touched = _PIXELS | {_PHOTOMETRIC} if plan.blanks else frozenset()
    touched |= HISTORY if is_video(source) and any(blank.points for blank in plan.blanks) else frozenset()
    touched |= REDRAWN if plan.pages is not None else frozenset()
    touched |= {ENCRYPTED} if plan.sealed else frozenset()
    seen: set[ElementPath] = set()
    yield from _level(source, written, (), decisions, seen, touched, ("iso8859",))
    for path, decision in decisions.items():
        if decision.action is not Action.REMOVE and path not in seen:
            yield _error("element-missing", "An element that should be there is missing.", path)


def _level(
    source: Dataset | None,
    written: Dataset,
    parent: ElementPath,
    decisions: dict[ElementPath, Decision],
    seen: set[ElementPath],
    touched: frozenset[int],
    inherited: Sequence[str],
) -> Iterator[Finding]:
    encodings = encodings_of(written, inherited)
    before = dict(raw_elements(source)) if source is not None else {}
    for tag, element in raw_elements(written):
        path = (*parent, tag)
        decision = decisions.get(path)
        seen.add(path)
        if tag == ICC_PROFILE and (decision is None or decision.why.basis is not Basis.OVERRIDE):
            yield from profile_findings(element, path)
        if decision is None or decision.action is Action.REMOVE:
            if parent or tag not in touched - REDRAWN:
                yield _error("element-left", "An element that should be gone is still there.", path)
        elif decision.action is not Action.KEEP and (parent or tag not in touched & REDRAWN):
            yield from _changed(written, element, decision, encodings)
            if decision.why.basis is Basis.CHARACTER_SET and not _says_the_same(before.get(tag), decision):
                yield _error("letters-changed", "A text that only changes its letters' set differs.", path)
        elif decision.vr == "SQ":
            yield from _items(source, written, path, decisions, seen, touched, encodings)
        elif not (parent == () and tag in touched) and not _same(before.get(tag), element):
            yield _error("kept-changed", "An element that should be untouched has changed.", path)


def _items(
    source: Dataset | None,
    written: Dataset,
    path: ElementPath,
    decisions: dict[ElementPath, Decision],
    seen: set[ElementPath],
    touched: frozenset[int],
    inherited: Sequence[str],
) -> Iterator[Finding]:
    tag = path[-1]
    before = list(source[tag].value or ()) if source is not None and tag in source else []
    after = list(written[tag].value or ())
    if len(before) != len(after):
        yield _error("items-changed", "A sequence has another number of items than before.", path)
        return
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        yield from _level(old, new, (*path, number), decisions, seen, touched, inherited)


def _same(original: Element | None, element: Element) -> bool:
    """Return whether a kept element is byte-identical, but for one byte that pads an odd length."""
    if original is None:
        return False
    if isinstance(original, RawDataElement) and isinstance(element, RawDataElement):
        old, new = original.value or b"", element.value or b""
        if original.VR is not None and original.VR != element.VR:
            return False
        if (original.length == _UNDEFINED) != (element.length == _UNDEFINED):
            return False
        return same_value(old, new)
    was, now = converted(original, ["iso8859"]), converted(element, ["iso8859"])
    return was is not None and now is not None and bool(was.value == now.value)


def _changed(
    dataset: Dataset, element: Element, decision: Decision, encodings: list[str]
) -> Iterator[Finding]:
    """Yield an error unless the element holds exactly the planned new value."""
    if decision.action is Action.EMPTY and decision.vr == "SQ":
        right = not dataset[decision.path[-1]].value
    elif decision.action is Action.EMPTY:
        right = not texts(element, encodings)
    elif decision.why.basis is Basis.CHARACTER_SET and decision.action is Action.CLEAN:
        right = _is_in_utf8(element, decision.value)
    elif decision.vr == "SQ":
        right = _items_match(
            list(dataset[decision.path[-1]].value or ()), cast("Items", decision.value or ())
        )
    else:
        right = _value_matches(element, decision.value, encodings)
    if not right:
        yield _error("value-wrong", "An element does not hold the value that was planned.", decision.path)


def _is_in_utf8(element: Element, value: Value) -> bool:
    """Return whether an element holds the planned text in UTF-8, but for one space of padding."""
    raw, many = element.value, value if isinstance(value, tuple) else (value,)
    if not isinstance(raw, bytes):
        return False
    wanted = b"\\".join(str(text).encode() for text in many)
    return raw == wanted + b" " * (len(wanted) % 2)


def _says_the_same(original: Element | None, decision: Decision) -> bool:
    """Return whether a text in UTF-8 is that of the source's bytes in some set (PS3.3 C.12.1.1.2)."""
    if decision.action is not Action.CLEAN:
        return True
    if not isinstance(original, RawDataElement):
        return original is not None
    value = (original.value or b"").rstrip(b" \0")
    many = decision.value if isinstance(decision.value, tuple) else (decision.value,)
    text = "\\".join(map(str, many))
    if b"\x1b" not in value:
        return any(_written_in(codec, text) == value for codec in CODECS)
    is_name = decision.vr == "PN"
    return any(decoded(value, (codec,), is_name=is_name) == text for codec in CODECS)


def _written_in(codec: str, text: str) -> bytes:
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return b""


def _value_matches(element: Element, value: Value, encodings: list[str]) -> bool:
    if isinstance(value, bytes):
        raw = element.value
        return isinstance(raw, bytes) and raw.rstrip(b"\0") == value.rstrip(b"\0")
    found = texts(element, encodings)
    wanted = value if isinstance(value, tuple) else (value,) if value not in (None, "") else ()
    if len(found) != len(wanted):
        return False
    return all(_equal(a, b) for a, b in zip(found, wanted, strict=True))


def _equal(found: str, wanted: object) -> bool:
    if isinstance(wanted, (int, float)):
        try:
            return float(found) == float(wanted)
        except ValueError:
            return False
    return found == without_escapes(str(wanted)).strip()


def _items_match(items: list[Dataset], planned: Items) -> bool:
    """Return whether a sequence that was put in holds the planned items and nothing else."""
    if len(items) != len(planned):
        return False
    for item, elements in zip(items, planned, strict=True):
        if [tag for tag, _ in raw_elements(item)] != sorted(e.tag for e in elements):
            return False
        for new in elements:
            held = item[new.tag]
            if new.vr == "SQ":
                if not _items_match(list(held.value or ()), cast("Items", new.value or ())):
                    return False
            elif not _value_matches(held, new.value, ["ascii"]):
                return False
    return True


def _type_findings(written: Dataset, plan: Plan) -> list[Finding]:
    """Return an ERROR for every Type 1 attribute left without a value and every Type 2 one left out."""
    found = []
    for path, iod_type in plan.types.items():
        element = _at(written, path)
        if element is None:
            found.append(_error("type-2-missing", "A required element is missing.", path))
        elif iod_type.startswith("1") and not _has_value(element):
            found.append(_error("type-1-empty", "A required element has no value.", path))
    return found


def _has_value(element: Element) -> bool:
    value = element.value
    if value is None or isinstance(value, (bytes, str)):
        return bool(value)
    return not (isinstance(value, Sized) and not len(value))


def _at(dataset: Dataset, path: ElementPath) -> Element | None:
    """Return the element at a path as it was read, or None."""
    level = dataset
    for i in range(0, len(path) - 1, 2):
        if path[i] not in level or path[i + 1] >= len(level[path[i]].value or ()):
            return None
        level = level[path[i]].value[path[i + 1]]
    return level.get_item(path[-1]) if path[-1] in level else None
