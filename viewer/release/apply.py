"""Carry a plan out: build the output data set element by element; nothing that is kept is decoded."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pydicom import config
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from viewer import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION
from viewer.dicom.decisions import Action, Basis, Decision, NewElement, Plan, Value
from viewer.dicom.elements import CONVERSION_ERRORS, Element, ElementPath, raw_elements
from viewer.dicom.errors import Unsupported

_TEXT_PADDED_BY_ZERO: Final = frozenset(("UI", "OB", "UN"))
_UNDEFINED: Final = 0xFFFFFFFF
_PIXEL_DATA: Final = 0x7FE00010


def apply(source: Dataset, plan: Plan) -> FileDataset:
    """Return a new data set that the plan makes of the source; the source is not changed.

    Raises Unsupported when an element has no decision or cannot be carried over exactly.
    """
    decisions = {d.path: d for d in plan.decisions}
    added: dict[ElementPath, list[Decision]] = {}
    for decision in plan.decisions:
        if decision.action is Action.ADD:
            added.setdefault(decision.path[:-1], []).append(decision)
    meta = _file_meta(source, plan)
    elements = _filled(source, (), decisions, added)
    output = FileDataset("", elements, preamble=b"\0" * 128, file_meta=meta)
    _encoding(source)
    _carry_over(source, output)
    return output


def _carry_over(source: Dataset, output: Dataset) -> None:
    """Have pydicom write raw elements as they are: it decodes them where it takes the letters for others."""
    implicit, little = source.original_encoding
    output.set_original_encoding(implicit, little, output._character_set)


def _encoding(source: Dataset) -> tuple[bool, bool]:
    implicit, little = source.original_encoding
    if implicit is None or little is None:
        raise Unsupported("How this file is encoded cannot be told.")
    return implicit, little


def _filled(
    source: Dataset,
    parent: ElementPath,
    decisions: Mapping[ElementPath, Decision],
    added: Mapping[ElementPath, list[Decision]],
) -> dict[BaseTag, Element]:
    """Return what the plan leaves of one level of the source; setting one by one would cost twice."""
    output: dict[BaseTag, Element] = {}
    implicit = bool(source.original_encoding[0])
    for tag, element in raw_elements(source):
        decision = decisions.get((*parent, tag))
        if decision is None:
            raise Unsupported("An element in it was not covered by the plan.")
        if decision.action is Action.REMOVE:
            continue
        if decision.why.basis is Basis.CHARACTER_SET and decision.action is Action.CLEAN:
            kept: Element = _in_utf8(element, decision)
        elif decision.action is not Action.KEEP:
            kept = _element(tag, decision.vr, decision.value)
        elif decision.vr == "SQ":
            kept = _sequence(source[tag], (*parent, tag), decisions, added)
        else:
            kept = _kept(element, implicit=implicit)
        output[BaseTag(tag)] = kept
    for decision in added.get(parent, ()):
        tag = decision.path[-1]
        output[BaseTag(tag)] = _element(tag, decision.vr, decision.value)
    return output


def _sequence(
    element: DataElement,
    path: ElementPath,
    decisions: Mapping[ElementPath, Decision],
    added: Mapping[ElementPath, list[Decision]],
) -> DataElement:
    items = []
    for number, item in enumerate(element.value or ()):
        made = Dataset(_filled(item, (*path, number), decisions, added))
        _carry_over(item, made)
        items.append(made)
    return DataElement(path[-1], "SQ", Sequence(items))


def _kept(element: Element, *, implicit: bool) -> Element:
    """Return an element that is carried over byte for byte; an odd length is padded to even (PS3.5 7.1.1)."""
    if isinstance(element, RawDataElement):
        value, vr = element.value or b"", element.VR
        if len(value) < element.length != _UNDEFINED:
            raise Unsupported("It is cut short: an element in it ends before its stated length.")
        if len(value) % 2 and element.length != _UNDEFINED and isinstance(value, bytes):
            padding = b"\0" if vr in _TEXT_PADDED_BY_ZERO or vr is None else b" "
            element = element._replace(value=value + padding, length=len(value) + 1)
        elif element.value is None:
            element = element._replace(value=b"", length=0)
        if vr is None and not implicit:
            raise Unsupported("An element in it has no value representation.")
    return element


def _in_utf8(element: Element, decision: Decision) -> Element:
    """Return an element whose text stays, byte for byte as UTF-8 has it (PS3.5 6.1.2.3)."""
    if not isinstance(element, RawDataElement):
        return _element(int(element.tag), decision.vr, decision.value)
    many = decision.value if isinstance(decision.value, tuple) else (decision.value,)
    value = "\\".join(map(str, many)).encode("utf-8")
    value += b" " * (len(value) % 2)
    vr = decision.vr if element.VR is not None else None
    return element._replace(value=value, length=len(value), VR=vr)


def _element(tag: int, vr: str, value: Value) -> DataElement:
    """Return a new element; values of the program are legal by construction and are not validated again."""
    if vr == "SQ":
        items = value if isinstance(value, tuple) else ()
        return DataElement(tag, "SQ", Sequence([_item(item) for item in items]))  # type: ignore[arg-type]
    return DataElement(tag, vr, _plain(vr, value), validation_mode=config.IGNORE)


def _plain(vr: str, value: Value) -> Any:
    if isinstance(value, tuple):
        return list(value) if len(value) != 1 else value[0]
    if value is None:
        return b"" if vr in ("OB", "OW", "OD", "OF", "OL", "OV", "UN") else None
    return value


def _item(elements: tuple[NewElement, ...]) -> Dataset:
    item = Dataset()
    for element in elements:
        item[element.tag] = _element(element.tag, element.vr, element.value)
    return item


def _file_meta(source: Dataset, plan: Plan) -> FileMetaDataset:
    """Return new file meta information; nothing of the source's but its syntax (PS3.15 E.1.1 step 7)."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = UID(_sop_class(source))
    meta.MediaStorageSOPInstanceUID = UID(plan.sop_instance_uid)
    meta.TransferSyntaxUID = UID(_transfer_syntax(source))
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    return meta


def _sop_class(source: Dataset) -> str:
    try:
        own = source.get("SOPClassUID")
        return str(own or source.file_meta.MediaStorageSOPClassUID)
    except CONVERSION_ERRORS as error:
        raise Unsupported("It does not say what kind of object it is.") from error


def _transfer_syntax(source: Dataset) -> str:
    """Return the transfer syntax that the data set really is in; the file meta is believed if it fits."""
    implicit, little = _encoding(source)
    meta = getattr(source, "file_meta", None)
    declared = str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""
    plain = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    uncompressed = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
    if _is_encapsulated(source):
        named = re.fullmatch(r"1\.2\.840\.10008\.1\.2(\.\d+)+", declared) and declared not in uncompressed
        if implicit or not little or not named or declared == DeflatedExplicitVRLittleEndian:
            raise Unsupported("Its image is compressed, but it does not say how.")
        return declared
    if not declared or not _known(declared):
        return str(plain)
    if declared in uncompressed:
        return str(plain)
    if declared == DeflatedExplicitVRLittleEndian:
        return declared
    if implicit or not little:
        raise Unsupported("Its transfer syntax and its encoding contradict each other.")
    return declared


def _is_encapsulated(source: Dataset) -> bool:
    if _PIXEL_DATA not in source:
        return False
    element = source.get_item(_PIXEL_DATA)
    if isinstance(element, RawDataElement):
        return element.length == _UNDEFINED
    return bool(element.is_undefined_length)


def _known(uid: str) -> bool:
    return UID(uid).is_transfer_syntax and not UID(uid).is_private
