"""Where an element stands: paths through sequences, and selectors that name many elements at once."""

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import TypeAlias

from pydicom.datadict import dictionary_keyword, dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue

from viewer.dicom.charset import ONE_VALUE, TEXTS, UNDECLARED, declared_by, decoded
from viewer.dicom.errors import BadSelector

ElementPath: TypeAlias = tuple[int, ...]
"""Alternating tags and 0-based item numbers, tag first and last: (0x0040A730, 0, 0x0040A123)."""

Element: TypeAlias = DataElement | RawDataElement


def tag_text(tag: int) -> str:
    """Return a tag in the standard's form, `(gggg,eeee)`."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def path_text(path: ElementPath) -> str:
    """Return a path as text with 1-based items, `(0040,A730)[1].(0040,A123)`."""
    parts = [
        tag_text(path[i]) + (f"[{path[i + 1] + 1}]" if i + 1 < len(path) else "")
        for i in range(0, len(path), 2)
    ]
    return ".".join(parts)


def keyword(tag: int) -> str:
    """Return the keyword of PS3.6 for a tag, or an empty text for private and unknown ones."""
    try:
        return dictionary_keyword(tag)
    except KeyError:
        return ""


def is_private(tag: int) -> bool:
    """Return whether a tag belongs to an odd group (PS3.5 7.8)."""
    return bool(tag & 0x10000)


def tags_along(path: ElementPath) -> ElementPath:
    """Return the tags of a path without its item numbers."""
    return path[::2]


def raw_elements(dataset: Dataset) -> Iterator[tuple[int, Element]]:
    """Yield (tag, element) of one level in ascending order, without converting raw elements.

    Stray delimiters (group FFFE, PS3.5 7.5) are no elements and are left out.
    """
    # get_item() makes and compares tag objects: 2 ms per file of 250 elements
    level = [(int(tag), element) for tag, element in dataset._dict.items()]
    level.sort(key=itemgetter(0))
    for tag, element in level:
        if tag >> 16 != 0xFFFE:
            yield tag, element


def items_fit(element: RawDataElement) -> bool:
    """Return whether the bytes of a sequence are items one after another that end where it ends (PS3.5 7.5).

    pydicom takes any bytes for items and leaves out what it cannot read.
    """
    value, order = element.value or b"", "<" if element.is_little_endian else ">"
    position = 0
    while position < len(value):
        if len(value) - position < 8:
            return False
        group, number, length = struct.unpack_from(f"{order}HHL", value, position)
        if (group, number) == (0xFFFE, 0xE0DD):
            return length == 0 and position + 8 == len(value)
        if (group, number) != (0xFFFE, 0xE000):
            return False
        if length == 0xFFFFFFFF:
            return True
        position += 8 + length
    return position == len(value)


def walk(dataset: Dataset, parent: ElementPath = ()) -> Iterator[tuple[ElementPath, DataElement]]:
    """Yield (path, converted element) of every element at every depth, sequences before their items.

    Raises whatever pydicom raises for a value it cannot convert.
    """
    for tag in sorted(dataset.keys()):
        element = dataset[tag]
        path = (*parent, int(tag))
        yield path, element
        if element.VR == "SQ":
            for number, item in enumerate(element.value or ()):
                yield from walk(item, (*path, number))


_HEX = r"[0-9A-Fa-f]"
_STEP = re.compile(
    rf"""^\(?(?P<group>(?:{_HEX}|x){{4}})[, ]?(?P<element>(?:{_HEX}|x){{4}})\)?
    (?:@(?P<creator>[^\[]+?))?(?:\[(?P<item>\d+|\*)\])?$""",
    re.VERBOSE | re.IGNORECASE,
)
_NAMED = re.compile(r"^(?P<keyword>[A-Z][A-Za-z0-9]+)(?:\[(?P<item>\d+|\*)\])?$")


@dataclass(frozen=True, slots=True)
class Step:
    """One level of a selector: `value` and `mask` over the 32-bit tag, the item, the private creator."""

    value: int
    mask: int
    item: int | None = None
    creator: str = ""

    def matches(self, tag: int) -> bool:
        """Return whether the tag fits value and mask."""
        return tag & self.mask == self.value


@dataclass(frozen=True, slots=True)
class Selector:
    """Names elements: one step means "at any depth", several steps or a leading `/` mean "from the top".

    Forms: `(0010,0010)`, `00100010`, `PatientName`, `/PatientName`, `(60xx,3000)`,
    `(0009,xx10)@GEMS_IDEN_01`, `(0040,A730)[2].(0040,A123)`, `ContentSequence[*].PersonName`.
    """

    text: str
    steps: tuple[Step, ...]
    anchored: bool

    def matches(self, path: ElementPath, creator: str = "") -> bool:
        """Return whether the selector names the element at this path (creator: its private creator)."""
        last = self.steps[-1]
        if last.creator and last.creator != creator:
            return False
        if not self.anchored:
            return last.matches(path[-1])
        if len(path) != 2 * len(self.steps) - 1:
            return False
        for i, step in enumerate(self.steps):
            if not step.matches(path[2 * i]):
                return False
            if step.item is not None and 2 * i + 1 < len(path) and path[2 * i + 1] != step.item:
                return False
        return True


def parse_selector(text: str) -> Selector:
    """Return the selector that a text names; raises BadSelector with the sentence to show."""
    body = text.strip()
    parts = body.removeprefix("/").split(".(") if body.startswith(("(", "/(")) else None
    pieces = [parts[0], *("(" + p for p in parts[1:])] if parts else body.removeprefix("/").split(".")
    steps = tuple(_parse_step(piece, text) for piece in pieces)
    return Selector(body, steps, body.startswith("/") or len(steps) > 1)


def _parse_step(piece: str, whole: str) -> Step:
    found = _STEP.match(piece)
    if found:
        digits = (found["group"] + found["element"]).lower()
        value = int(digits.replace("x", "0"), 16)
        mask = int("".join("0" if d == "x" else "f" for d in digits), 16)
        return Step(value, mask, _item(found["item"]), (found["creator"] or "").strip())
    named = _NAMED.match(piece)
    tag = tag_for_keyword(named["keyword"]) if named else None
    if named is None or tag is None:
        raise BadSelector(
            f"“{whole}” names no element: write a tag such as (0010,0010) or a keyword such as PatientName."
        )
    return Step(tag, 0xFFFFFFFF, _item(named["item"]))


def _item(text: str | None) -> int | None:
    return None if text in (None, "*") else int(text) - 1


CONVERSION_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
    struct.error,
    BytesLengthException,
)
"""What pydicom raises for values that it cannot convert."""

_AMBIGUOUS = re.compile(r" or |^$|NONE")


@lru_cache(maxsize=8192)
def dictionary_vr(tag: int) -> str:
    """Return the VR of PS3.6 for a tag, "US or SS" style where it depends, "" for unknown ones."""
    try:
        return str(dictionary_VR(tag))
    except KeyError:
        return ""


def vr_to_write(tag: int, found: str | None) -> str:
    """Return the VR for a value put in: the dictionary's, or the source's where that depends."""
    vr = dictionary_vr(tag)
    if _AMBIGUOUS.search(vr):
        return found if found and found != "UN" else vr.split(" ")[0] or "UN"
    return vr


def character_set(dataset: Dataset) -> tuple[str, ...] | None:
    """Return the values of Specific Character Set (0008,0005), None where a level has none of its own.

    An empty one gives no values (the default repertoire, PS3.3 C.12.1.1.2).
    """
    if 0x00080005 not in dataset:
        return None
    value = dataset.get_item(0x00080005).value
    if isinstance(value, bytes):
        value = value.decode("latin-1").split("\\")
    many = [value] if isinstance(value, str) else value or ()
    terms = tuple(str(term).strip(" \0") for term in many)
    return terms if any(terms) else ()


def encodings_of(dataset: Dataset, inherited: Sequence[str] = (UNDECLARED,)) -> list[str]:
    """Return Python encodings that one level declares (PS3.3 C.12.1.1.2), true or not."""
    terms = character_set(dataset)
    return list(inherited) if terms is None else list(declared_by(terms).encodings)


def converted(element: Element, encodings: Sequence[str]) -> DataElement | None:
    """Return a converted copy of an element without changing the data set, or None when it cannot be."""
    if isinstance(element, DataElement):
        return element
    try:
        return convert_raw_data_element(element, encoding=list(encodings))
    except CONVERSION_ERRORS:
        return None


_ESCAPES = re.compile(r"\x1b[\x20-\x2f]+[\x30-\x7e]")
_ASCII_TEXT = frozenset(("AE", "AS", "CS", "DA", "DT", "LO", "PN", "SH", "TM", "UC", "UI")) | ONE_VALUE


def texts(element: Element, encodings: Sequence[str]) -> tuple[str, ...]:
    """Return the values of an element as texts, trimmed, empty ones left out; bytes of any VR are tried.

    A backslash parts values after decoding only: it is also half a character of GBK and Shift-JIS.
    """
    raw, vr = element.value, element.VR
    if isinstance(raw, bytes) and vr in _ASCII_TEXT and raw.isascii() and b"\x1b" not in raw:
        return _parted(raw.decode("ascii"), vr)
    if isinstance(raw, bytes) and (vr in TEXTS or (vr is None and dictionary_vr(int(element.tag)) in TEXTS)):
        vr = vr or dictionary_vr(int(element.tag))
        return _parted(decoded(raw, encodings, is_name=vr == "PN"), vr)
    whole = converted(element, encodings)
    value = whole.value if whole is not None else element.value
    if isinstance(value, bytes):
        return tuple(t for t in (value.decode("latin-1").strip(" \0"),) if t)
    many = value if isinstance(value, (list, tuple, MultiValue)) else [value]
    plain = (without_escapes(str(v)).strip(" \0") for v in many if v is not None)
    return tuple(text for text in plain if text)


def _parted(text: str, vr: str | None) -> tuple[str, ...]:
    parts = text.split("\\") if vr not in ONE_VALUE else [text]
    return tuple(text for part in parts if (text := part.strip(" \0")))


def without_escapes(text: str) -> str:
    """Return a text without the escape sequences of ISO 2022 that pydicom leaves in it (PS3.5 6.1.2.5)."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def dataset_at(parent: ElementPath, levels: dict[ElementPath, Dataset]) -> Dataset:
    """Return the item that a path leads to; `levels` has the top level under () and is filled on the way."""
    found = levels.get(parent)
    if found is None:
        above = dataset_at(parent[:-2], levels)
        found = levels[parent] = above[parent[-2]].value[parent[-1]]
    return found
