"""Private sequences that are not written as such (UN, implicit VR): opened, judged, and closed again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from struct import Struct
from typing import Final, NamedTuple, cast

from pydicom import config
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_sequence
from pydicom.filewriter import write_data_element
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32

from viewer.dicom.decisions import Action, Decision, Items, NewElement
from viewer.dicom.elements import (
    CONVERSION_ERRORS,
    Element,
    ElementPath,
    converted,
    dictionary_vr,
    encodings_of,
    items_fit,
    raw_elements,
)
from viewer.rules import private

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED: Final = 0xFFFFFFFF
_DEEPEST: Final = 32
_STARTS: Final = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
_UNREADABLE: Final = b"\0"
"""Stands for the bytes of a sequence that would have to be guessed at."""
_WAYS: Final = ((True, True), (False, True), (False, False))
"""Implicit VR and little endian, as PS3.5 6.2.2 has it in UN; then what some write instead."""
_BYTEWISE: Final = private.BINARY - {"OD", "OF", "OL", "OV", "OW"} | EXPLICIT_VR_LENGTH_16 - {
    "AT", "FD", "FL", "SL", "SS", "UL", "US",
} | {"UC", "UR", "UT"}  # fmt: skip
"""VRs whose bytes do not depend on the byte order."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A data set in which private sequences can be walked; what is to be closed again."""

    dataset: Dataset = field(repr=False)
    folds: Mapping[ElementPath, Element] = field(default_factory=dict, repr=False)
    """Sequences that the output holds as bytes of VR UN: as they were found, by path."""


def opened(dataset: Dataset) -> Opened:
    """Return a data set in which UN and implicit VR are told apart in private elements; the source stays."""
    folds: dict[ElementPath, Element] = {}
    return Opened(_level(dataset, (), {}, folds, False), folds)


def _level(
    dataset: Dataset,
    parent: ElementPath,
    above: Mapping[tuple[str, int], private.Block],
    folds: dict[ElementPath, Element],
    folded: bool,
) -> Dataset:
    """Return one level with its private elements told apart; the same object where nothing changes."""
    creators = private.creators(dataset)
    declared = {**above, **private.declared_blocks(dataset)}
    fresh: dict[BaseTag, Element] = {}
    for tag, element in raw_elements(dataset):
        if tag & 0x10000:
            creator = creators.get(private.block_key(tag), "")
            made = _told_apart(tag, element, creator, declared) if creator and private.is_legal(tag) else None
        else:
            made = _public(dataset, tag, element)
        if made is None:
            continue
        path, items = (*parent, tag), _items_of(made)
        folds_here = items is not None and bool(tag & 0x10000) and _must_fold(dataset, element, items)
        if folds_here and not folded:
            folds[path] = element
        if items is not None:
            inner = [
                _level(i, (*path, n), declared, folds, folded or folds_here) for n, i in enumerate(items)
            ]
            same = all(new is old for new, old in zip(inner, items, strict=True))
            made = made if same else DataElement(BaseTag(tag), "SQ", Sequence(inner))
        if made is not element:
            fresh[BaseTag(tag)] = made
    return _with(dataset, fresh) if fresh else dataset


def _with(dataset: Dataset, fresh: Mapping[BaseTag, Element]) -> Dataset:
    """Return a shallow copy of a data set with other elements, put in as they are."""
    made: Dataset = object.__new__(type(dataset))
    made.__dict__.update(dataset.__dict__)
    made._dict = {**dataset._dict, **fresh}
    return made


def _public(dataset: Dataset, tag: int, element: Element) -> Element | None:
    """Return a public sequence so that its items can be looked into, None for all else."""
    if element.VR != "SQ" and dictionary_vr(tag) != "SQ":
        return None
    if isinstance(element, RawDataElement) and not items_fit(element):
        return None  # the plan says what becomes of it
    try:
        return dataset[tag] if isinstance(dataset[tag].value, Sequence) else None
    except CONVERSION_ERRORS:
        return None


def _told_apart(
    tag: int, element: Element, creator: str, declared: Mapping[tuple[str, int], private.Block]
) -> Element | None:
    """Return a private element as what it is: a sequence opened, a value with its VR; None if unchanged."""
    if not isinstance(element, RawDataElement):
        return element if element.VR == "SQ" else None
    value = element.value
    if element.VR not in (None, "UN", "SQ") or not isinstance(value, bytes):
        return None
    if value[:4] in _STARTS:
        return _as_sequence(tag, value) or element._replace(VR="SQ", value=_UNREADABLE)
    vr = private.vr_of(tag, creator, declared)
    return element._replace(VR=vr) if vr and element.VR != "SQ" else None


def _as_sequence(tag: int, value: bytes) -> DataElement | None:
    for implicit, little in _WAYS:
        if fits(value, implicit, little):
            try:
                items = read_sequence(BytesIO(value), implicit, little, len(value), "iso8859")
            except CONVERSION_ERRORS:
                continue
            return DataElement(BaseTag(tag), "SQ", items)
    return None


def _items_of(element: Element) -> list[Dataset] | None:
    return list(element.value or ()) if element.VR == "SQ" and not isinstance(element.value, bytes) else None


def _must_fold(dataset: Dataset, found: Element, items: list[Dataset]) -> bool:
    """Return whether a private sequence cannot be written as one here: not VR SQ, or encoded otherwise."""
    if found.VR != "SQ" or dataset.original_encoding[0]:
        return True
    return any(_is_foreign(item, dataset.original_encoding) for item in items)


def _is_foreign(item: Dataset, encoding: tuple[bool | None, bool | None]) -> bool:
    return any(
        element.is_implicit_VR != encoding[0] or element.is_little_endian != encoding[1]
        if isinstance(element, RawDataElement)
        else element.VR == "SQ" and any(_is_foreign(i, encoding) for i in element.value or ())
        for _, element in raw_elements(item)
    )


# Is it a sequence? ---------------------------------------------------------------------------------


class _Way(NamedTuple):
    """How the bytes of a value are read."""

    implicit: bool
    delimiter: Struct
    short: Struct
    long: Struct


def fits(value: bytes, implicit: bool, little: bool) -> bool:
    """Return whether bytes are items of a sequence, every element inside of them too (PS3.5 7.5).

    pydicom takes any bytes for items and leaves out what it cannot read.
    """
    order = "<" if little else ">"
    way = _Way(implicit, Struct(f"{order}HHL"), Struct(f"{order}HH2sH"), Struct(f"{order}L"))
    try:
        return bool(value) and _after_items(value, 0, len(value), way, 0, False) == len(value)
    except _Unfit:
        return False


class _Unfit(Exception):
    """The bytes are not what they were taken for."""


def _head(value: bytes, at: int, end: int, way: _Way) -> tuple[int, int]:
    if at + 8 > end:
        raise _Unfit
    group, number, length = way.delimiter.unpack_from(value, at)
    return group << 16 | number, length


def _after_items(value: bytes, at: int, end: int, way: _Way, depth: int, delimited: bool) -> int:
    """Return where a run of items ends."""
    if depth > _DEEPEST:
        raise _Unfit
    while at < end:
        tag, length = _head(value, at, end, way)
        at += 8
        if tag == _SEQUENCE_END and delimited and not length:
            return at
        if tag == _SEQUENCE_END and not length and at == end:
            return at
        if tag != _ITEM or (length != _UNDEFINED and at + length > end):
            raise _Unfit
        if length == _UNDEFINED:
            at = _after_elements(value, at, end, way, depth, True)
        elif _after_elements(value, at, at + length, way, depth, False) != at + length:
            raise _Unfit
        else:
            at += length
    if delimited:
        raise _Unfit
    return at


def _after_elements(value: bytes, at: int, end: int, way: _Way, depth: int, delimited: bool) -> int:
    """Return where the elements of an item end; their tags must rise."""
    last = 0
    while at < end:
        tag, length = _head(value, at, end, way)
        if tag == _ITEM_END and delimited and not length:
            return at + 8
        if tag <= last or tag >> 16 == 0xFFFE:
            raise _Unfit
        last = tag
        vr, length, at = _value(value, at, end, way)
        if length == _UNDEFINED:
            at = _after_items(value, at, end, way, depth + 1, True)
        elif at + length > end:
            raise _Unfit
        elif vr == "SQ" and length:
            if _after_items(value, at, at + length, way, depth + 1, False) != at + length:
                raise _Unfit
            at += length
        else:
            at += length
    if delimited:
        raise _Unfit
    return at


def _value(value: bytes, at: int, end: int, way: _Way) -> tuple[str, int, int]:
    """Return VR ("" if implicit), length and place of a value; undefined length is for sequences only."""
    if way.implicit:
        vr, length, at = "", way.delimiter.unpack_from(value, at)[2], at + 8
    else:
        vr = way.short.unpack_from(value, at)[2].decode("latin-1")
        if vr in EXPLICIT_VR_LENGTH_16:
            length, at = way.short.unpack_from(value, at)[3], at + 8
        elif vr in EXPLICIT_VR_LENGTH_32 and at + 12 <= end:
            length, at = way.long.unpack_from(value, at + 8)[0], at + 12
        else:
            raise _Unfit
    if length == _UNDEFINED and vr not in ("", "SQ"):
        raise _Unfit
    return vr, length, at


# Closing it again ----------------------------------------------------------------------------------


def closed(decisions: list[Decision], source: Opened) -> list[Decision]:
    """Return the decisions with those inside an opened sequence put together as its new bytes, VR UN.

    Bytes stay as they are where nothing in them changes (PS3.5 6.2.2: UN is implicit VR little endian).
    """
    by_path = {d.path: d for d in decisions}
    within: dict[ElementPath, dict[ElementPath, Decision]] = {}
    for d in decisions if source.folds else ():
        for end in range(1, len(d.path) - 1, 2):
            if d.path[:end] in source.folds:
                within.setdefault(d.path[:end], {})[d.path] = d
    for path, found in source.folds.items():
        own = by_path.get(path)
        if own is None:
            continue  # it stood in a sequence that goes
        inner = within.get(path, {})
        for gone in inner:
            del by_path[gone]
        if own.action is Action.KEEP and own.vr == "SQ":
            by_path[path] = _folded(own, found, inner, source.dataset)
    return list(by_path.values())


def _folded(own: Decision, found: Element, inner: Mapping[ElementPath, Decision], root: Dataset) -> Decision:
    untouched = all(d.action is Action.KEEP for d in inner.values())
    if untouched and isinstance(found, RawDataElement):
        return replace(own, vr="UN")
    level, encodings = root, encodings_of(root)
    for at in range(0, len(own.path) - 1, 2):
        level = level[own.path[at]].value[own.path[at + 1]]
        encodings = encodings_of(level, encodings)
    items = level[own.path[-1]].value or ()
    value = b"".join(_item(_content(item, (*own.path, n), inner, encodings)) for n, item in enumerate(items))
    return replace(own, vr="UN", action=Action.CLEAN, value=value)


def _item(content: bytes) -> bytes:
    return Struct("<HHL").pack(0xFFFE, 0xE000, len(content)) + content


def _content(
    item: Dataset, parent: ElementPath, inner: Mapping[ElementPath, Decision], above: list[str]
) -> bytes:
    """Return what the decisions leave of an item, as implicit VR little endian."""
    encodings = encodings_of(item, above)
    parts: list[bytes] = []
    for tag, element in raw_elements(item):
        decision = inner.get((*parent, tag))
        if decision is None or decision.action is Action.REMOVE:
            continue
        parts += _element(tag, element, decision, item, inner, encodings)
    return b"".join(parts)


def _element(
    tag: int,
    element: Element,
    decision: Decision,
    item: Dataset,
    inner: Mapping[ElementPath, Decision],
    encodings: list[str],
) -> Iterator[bytes]:
    if decision.action is not Action.KEEP:
        yield _encoded(_new(NewElement(tag, decision.vr, decision.value)), encodings)
    elif decision.vr == "SQ":
        items = item[tag].value or ()
        value = b"".join(
            _item(_content(i, (*decision.path, n), inner, encodings)) for n, i in enumerate(items)
        )
        yield _implicit(tag, value)
    elif isinstance(element, RawDataElement) and (element.is_little_endian or element.VR in _BYTEWISE):
        yield _implicit(tag, element.value or b"")
    else:
        whole = converted(element, encodings)
        if whole is not None:
            yield _encoded(whole, encodings)


def _new(element: NewElement) -> DataElement:
    value: object = element.value
    if element.vr == "SQ":
        items = cast("Items", element.value or ())
        value = Sequence([Dataset({BaseTag(e.tag): _new(e) for e in item}) for item in items])
    elif isinstance(element.value, tuple):
        value = list(element.value)
    return DataElement(BaseTag(element.tag), element.vr, value, validation_mode=config.IGNORE)


def _implicit(tag: int, value: bytes) -> bytes:
    even = value + b"\0" * (len(value) % 2)
    return Struct("<HHL").pack(tag >> 16, tag & 0xFFFF, len(even)) + even


def _encoded(element: DataElement, encodings: list[str]) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = True, True
    write_data_element(buffer, element, encodings)
    return buffer.getvalue()
