"""The tree of a structured report or a key object selection as plain data (PS3.3 C.17.3), damage or not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from viewer.dicom.elements import CONVERSION_ERRORS, ElementPath, encodings_of, items_fit, texts

CONTENT: Final = 0x0040A730
CONCEPT_NAME: Final = 0x0040A043
RELATIONSHIP, VALUE_TYPE = 0x0040A010, 0x0040A040
DEEPEST: Final = 60
"""Levels that are read; a report has ten at most."""
MOST: Final = 20_000
"""Items that are read; the largest real trees have a few thousand."""

FORM_WORDS: Final = {
    RELATIONSHIP: frozenset(
        ("CONTAINS", "HAS OBS CONTEXT", "HAS ACQ CONTEXT", "HAS CONCEPT MOD", "HAS PROPERTIES",
         "INFERRED FROM", "SELECTED FROM")
    ),
    VALUE_TYPE: frozenset(
        ("CODE", "COMPOSITE", "CONTAINER", "DATE", "DATETIME", "IMAGE", "NUM", "PNAME", "SCOORD",
         "SCOORD3D", "TABLE", "TCOORD", "TEXT", "TIME", "UIDREF", "WAVEFORM")
    ),
    0x0040A050: frozenset(("SEPARATE", "CONTINUOUS")),
}  # fmt: skip
"""Enumerated words that say how a tree is built; they tell nobody, even where somebody is called Code."""

_TEXT, _NAME, _UID, _CODE = 0x0040A160, 0x0040A123, 0x0040A124, 0x0040A168
_DATE_TIME, _DATE, _TIME, _RANGE = 0x0040A120, 0x0040A121, 0x0040A122, 0x0040A13A
_MEASURED, _NUMBER, _UNITS = 0x0040A300, 0x0040A30A, 0x004008EA
_REFERENCES, _INSTANCE, _FRAMES, _BY_NUMBER = 0x00081199, 0x00081155, 0x00081160, 0x0040DB73
_GRAPHIC_TYPE, _UNFORMATTED = 0x00700023, 0x00700006
_PLAIN: Final = (_TEXT, _NAME, _DATE_TIME, _DATE, _TIME, _UID, _RANGE, _GRAPHIC_TYPE, _UNFORMATTED)
_MEANING: Final = 0x00080104
_CODE_VALUES: Final = (0x00080100, 0x00080119, 0x00080120)


def is_form(tag: int, words: tuple[str, ...]) -> bool:
    """Return whether an element says how a tree is built, in a word that the standard enumerates."""
    return tag in FORM_WORDS and all(word in FORM_WORDS[tag] for word in words)


@dataclass(frozen=True, slots=True)
class ContentItem:
    """One line of a report. `path` ends with the item's number; the root's is empty.

    `values` are the elements of the item that make up its value, as (path, text).
    """

    relationship: str
    value_type: str
    concept: str = field(repr=False)
    values: tuple[tuple[ElementPath, str], ...] = field(repr=False)
    path: ElementPath
    children: "tuple[ContentItem, ...]" = ()

    @property
    def value(self) -> str:
        """Return the value as one text."""
        return " ".join(text for _, text in self.values if text)

    def walk(self) -> "Iterator[ContentItem]":
        """Yield this item and those below it, top down."""
        yield self
        for child in self.children:
            yield from child.walk()


def content_tree(dataset: Dataset) -> ContentItem | None:
    """Return the tree of a data set, None where it has no Content Sequence; what is damaged is left out."""
    if CONTENT not in dataset:
        return None
    return _item(dataset, (), ["iso8859"], [MOST])


def _item(item: Dataset, path: ElementPath, above: Sequence[str], left: list[int]) -> ContentItem:
    encodings = encodings_of(item, above)
    children = []
    if len(path) < 2 * DEEPEST:
        for number, child in enumerate(_items(item, CONTENT)):
            if left[0] <= 0:
                break
            left[0] -= 1
            children.append(_item(child, (*path, CONTENT, number), encodings, left))
    return ContentItem(
        _text(item, RELATIONSHIP, encodings),
        _text(item, VALUE_TYPE, encodings),
        _meaning(item, CONCEPT_NAME, encodings)[1],
        tuple(_values(item, path, encodings)),
        path,
        tuple(children),
    )


def _values(item: Dataset, path: ElementPath, encodings: list[str]) -> Iterator[tuple[ElementPath, str]]:
    for tag in _PLAIN:
        if tag in item:
            yield (*path, tag), _text(item, tag, encodings)
    if _CODE in item:
        below, text = _meaning(item, _CODE, encodings)
        yield (*path, *below), text
    for number, measured in enumerate(_items(item, _MEASURED)):
        inner = (*path, _MEASURED, number)
        yield (*inner, _NUMBER), _text(measured, _NUMBER, encodings)
        below, unit = _meaning(measured, _UNITS, encodings)
        yield (*inner, *below), unit
    for number, reference in enumerate(_items(item, _REFERENCES)):
        inner = (*path, _REFERENCES, number)
        yield (*inner, _INSTANCE), _text(reference, _INSTANCE, encodings)
        if _FRAMES in reference:
            yield (*inner, _FRAMES), f"[{_text(reference, _FRAMES, encodings)}]"


def _meaning(item: Dataset, tag: int, encodings: list[str]) -> tuple[ElementPath, str]:
    """Return the meaning of a code, or the code where it has none, with the path from the item to it."""
    for code in _items(item, tag)[:1]:
        own = encodings_of(code, encodings)
        for part in (_MEANING, *_CODE_VALUES):
            text = _text(code, part, own)
            if text:
                return (tag, 0, part), text
    return (tag,), ""


def _items(item: Dataset, tag: int) -> list[Dataset]:
    """Return the items of a sequence, none where it cannot be read."""
    if tag not in item:
        return []
    raw = item.get_item(tag)
    if isinstance(raw, RawDataElement) and (raw.VR not in ("SQ", "UN", None) or not items_fit(raw)):
        return []
    try:
        value = item[tag].value
    except CONVERSION_ERRORS:
        return []
    if value is None or isinstance(value, (bytes, str)):
        return []
    try:
        return [one for one in value if isinstance(one, Dataset)]
    except TypeError:
        return []


def _text(item: Dataset, tag: int, encodings: list[str]) -> str:
    """Return the values of an element as one text, "" where it cannot be read."""
    try:
        found = texts(item.get_item(tag), encodings) if tag in item else ()
    except CONVERSION_ERRORS:
        return ""
    return " \\ ".join(found)
