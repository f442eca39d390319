"""Original x plan -> rows of the tag table: old value, new value, and why; also over many instances."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException

from viewer.dicom.decisions import Action, Basis, Blank, Decision, Identity, Plan, Reason, Value
from viewer.dicom.documents import DOCUMENT
from viewer.dicom.elements import (
    CONVERSION_ERRORS,
    Element,
    ElementPath,
    dictionary_vr,
    is_private,
    keyword,
    path_text,
    raw_elements,
    tag_text,
    texts,
    without_escapes,
)
from viewer.dicom.reading import Reading, reading_of
from viewer.pixels import stream_text, unused_bits
from viewer.rules import private
from viewer.rules.colour_profiles import ICC_TEXTS
from viewer.rules.recipe import Option
from viewer.rules.standard import standard

LONGEST: Final = 200
"""Characters of a value that are shown."""
_BINARY: Final = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
_SEARCHED: Final = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
_PIXELS: Final = frozenset(((0x7FE00008,), (0x7FE00009,), (0x7FE00010,)))
_BOXES: Final = "Your boxes are made black in the image; every pixel outside them stays."
_REDRAWN: Final = "Every page is drawn anew as a picture, your boxes black; texts, links and files in it go."
_HIDDEN: Final = "An overlay in unused bits of the image is cleared; every pixel stays."
_COMMENTS: Final = "Comments beside the picture in its compressed stream are overwritten; every pixel stays."
_CODE_WORDS: Final = {
    "X": "remove",
    "Z": "empty",
    "D": "a made-up value",
    "K": "keep",
    "C": "clean",
    "U": "new UID",
}
_OPTION_WORDS: Final = {option.value: option.name.lower().replace("_", " ") for option in Option}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the tag table; `old` and `new` are texts for the screen only."""

    path: ElementPath
    tag: str
    name: str
    vr: str
    old: str = field(repr=False)
    new: str = field(repr=False)
    action: Action
    identity: Identity
    why: str
    overridden: bool = False
    within_removed: bool = False
    """It stands inside a sequence that goes as a whole."""
    creator: str = ""
    """Private creator of a private element."""

    @property
    def depth(self) -> int:
        """Return how many sequences it stands in."""
        return len(self.path) // 2

    @property
    def is_open(self) -> bool:
        """Return whether a person may choose.

        A private creator follows its elements; an element without one has no name of its own.
        """
        ownerless = is_private(self.path[-1]) and not self.creator
        return not (self.within_removed or self.action is Action.ADD or ownerless)

    @property
    def selector_everywhere(self) -> str:
        """Return the selector of this element at any depth; a private one by its creator (PS3.5 7.8.1)."""
        return _step(self.path[-1], self.creator)

    @property
    def selector_here(self) -> str:
        """Return the selector of this element at this place only."""
        above = path_text((*self.path[:-1], 0)).removesuffix(tag_text(0)) if len(self.path) > 1 else ""
        return f"/{above}{_step(self.path[-1], self.creator)}"

    @property
    def changed(self) -> bool:
        """Return whether the output differs from the source here."""
        return self.action is not Action.KEEP


def _step(tag: int, creator: str) -> str:
    if not creator:
        return tag_text(tag)
    return f"({tag >> 16:04X},xx{tag & 0xFF:02X})@{creator}"


def rows(dataset: Dataset, plan: Plan) -> tuple[Row, ...]:
    """Return the rows of one instance in the order of the tags, sequences before their items."""
    decisions = {d.path: d for d in plan.decisions}
    made: list[Row] = []
    _level(dataset, (), decisions, reading_of(dataset), None, made)
    if plan.blanks:
        made = [_with_boxes(row, plan) if row.path in _PIXELS else row for row in made]
    if plan.pages is not None:
        made = [_with_pages(row, plan.pages) if row.path == (DOCUMENT,) else row for row in made]
    added = [_added(d) for d in plan.decisions if d.action is Action.ADD]
    return tuple(sorted([*made, *added], key=lambda row: row.path)) if added else tuple(made)


def _with_pages(row: Row, blanks: tuple[Blank, ...]) -> Row:
    boxes = "1 box" if len(blanks) == 1 else f"{len(blanks)} boxes"
    return replace(row, action=Action.CLEAN, new=f"pages as pictures, {boxes} made black", why=_REDRAWN)


def _with_boxes(row: Row, plan: Plan) -> Row:
    shapes = {blank.shape for blank in plan.blanks}
    drawn = [b for b in plan.blanks if b.shape not in (unused_bits.SHAPE, stream_text.SHAPE)]
    if not drawn and unused_bits.SHAPE in shapes:
        return replace(row, action=Action.CLEAN, new="hidden drawing cleared", why=_HIDDEN)
    if not drawn:
        return replace(row, action=Action.CLEAN, new="comments in it overwritten", why=_COMMENTS)
    boxes = "1 box" if len(drawn) == 1 else f"{len(drawn)} boxes"
    frames = len({frame for blank in drawn for frame in blank.frames})
    where = "1 frame" if frames == 1 else f"{frames} frames"
    return replace(row, action=Action.CLEAN, new=f"{boxes} made black in {where}", why=_BOXES)


def _level(
    dataset: Dataset,
    parent: ElementPath,
    decisions: Mapping[ElementPath, Decision],
    reading: Reading,
    above: Decision | None,
    made: list[Row],
) -> None:
    creators = private.creators(dataset)
    for tag, element in raw_elements(dataset):
        path = (*parent, tag)
        decision = decisions.get(path) or above
        if decision is None:
            continue
        items = _items(dataset, tag, element)
        row = _row(path, element, decision, reading.encodings, creators, items)
        made.append(replace(row, new="", within_removed=True) if path not in decisions else row)
        goes = decision.action not in (Action.KEEP, Action.CLEAN) or above is not None
        for number, item in enumerate(items or ()):
            inner = reading_of(item, reading)
            _level(item, (*path, number), decisions, inner, decision if goes else None, made)


def _count(number: int) -> str:
    return f"{number} item" + ("" if number == 1 else "s")


def _items(dataset: Dataset, tag: int, element: Element) -> list[Dataset] | None:
    if element.VR != "SQ" and dictionary_vr(tag) != "SQ":
        return None
    try:
        value = dataset[tag].value
    except CONVERSION_ERRORS:
        return None
    return (
        [item for item in value or () if isinstance(item, Dataset)] if not isinstance(value, bytes) else None
    )


def _row(
    path: ElementPath,
    element: Element,
    decision: Decision,
    encodings: Sequence[str],
    creators: Mapping[int, str],
    items: list[Dataset] | None,
) -> Row:
    tag = path[-1]
    old = shown(element, encodings) if items is None else _count(len(items))
    return Row(
        path,
        tag_text(tag),
        name_of(tag, creators),
        str(element.VR or decision.vr) if items is None else "SQ",
        old,
        new_text(decision, old),
        decision.action,
        decision.identity,
        why_text(decision.why, decision.vr),
        _is_chosen(decision.why),
        creator=creators.get(private.block_key(tag), "") if is_private(tag) else "",
    )


def _is_chosen(why: Reason) -> bool:
    if why.basis is Basis.CHARACTER_SET:
        return why.detail == Basis.OVERRIDE.value
    return why.basis is Basis.OVERRIDE


def _added(decision: Decision) -> Row:
    tag = decision.path[-1]
    return Row(
        decision.path,
        tag_text(tag),
        name_of(tag, {}),
        decision.vr,
        "",
        new_text(decision, ""),
        Action.ADD,
        decision.identity,
        why_text(decision.why),
    )


def name_of(tag: int, creators: Mapping[int, str]) -> str:
    """Return the name of an element as staff read it: from the table, the dictionary, or its creator."""
    if is_private(tag):
        if private.is_creator(tag):
            return "Private creator"
        creator = creators.get(private.block_key(tag), "")
        return f"Private ({creator})" if creator else "Private"
    row = standard().rows.get(tag)
    if row is not None and row.name:
        return row.name
    word = keyword(tag)
    return _spaced(word) if word else "Unknown element"


def _spaced(word: str) -> str:
    made = ""
    for before, letter, after in zip(" " + word, word, word[1:] + " ", strict=False):
        starts = letter.isupper() and (before.islower() or (before.isupper() and after.islower()))
        made += (" " if starts and made else "") + letter
    return made


def shown(element: Element, encodings: Sequence[str]) -> str:
    """Return a value as text for the screen, shortened; never raises."""
    value = element.value
    vr = str(element.VR or "")
    if vr in _BINARY and isinstance(value, bytes):
        return _size(len(value))
    if isinstance(element, RawDataElement) and isinstance(value, bytes) and len(value) > 10_000:
        return _size(len(value))
    try:
        joined = " \\ ".join(texts(element, encodings))
    except (*CONVERSION_ERRORS, BytesLengthException):
        return "(cannot be shown)"
    return joined if len(joined) <= LONGEST else joined[: LONGEST - 1] + "…"


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} bytes, binary"
    return f"{count / 1024:.0f} KB, binary" if count < 1 << 20 else f"{count / (1 << 20):.1f} MB, binary"


def new_text(decision: Decision, old: str) -> str:
    """Return what stands in the output, as text for the screen."""
    if decision.action is Action.KEEP:
        return old
    if decision.action is Action.REMOVE:
        return ""
    if decision.value is not None:
        return _value_text(decision.value)
    return "(does not fit)" if decision.action is Action.REPLACE else "(empty)"


def _value_text(value: Value) -> str:
    if isinstance(value, bytes):
        return _size(len(value))
    if isinstance(value, tuple):
        if value and isinstance(value[0], tuple):
            return _count(len(value))
        return " \\ ".join(without_escapes(str(v)) for v in value)
    return str(value)


_STORED: Final = {
    "": "Belongs to how the file is stored.",
    ICC_TEXTS: "Texts in the colour profile are not needed to show colours; its numbers stay.",
}


def why_text(why: Reason, vr: str = "") -> str:
    """Return one sentence about what a decision rests on; `vr` tells whether there was text to search."""
    of_type = f"; Type {why.iod_type} in this kind of object" if why.iod_type else ""
    code = f"{why.code} ({_in_words(why.code)})" if why.code else "nothing"
    searched = "; its text was searched for the patient" if vr in _SEARCHED else ""
    sentences = {
        Basis.TABLE: f"PS3.15 {_table(why.detail)} says {code}{of_type}.",
        Basis.OPTION: f"Option “{_OPTION_WORDS.get(why.detail, why.detail)}” says {code}{of_type}.",
        Basis.OVERRIDE: f"Your choice for {why.detail}.",
        Basis.VALUE_REPRESENTATION: f"Not in the table, but of a kind that identifies{of_type}.",
        Basis.UNLISTED: f"Not identifying by the standard{searched}.",
        Basis.PRIVATE: private.WHY.get(why.detail, private.WHY[""]),
        Basis.UNKNOWN_ELEMENT: "Not in the DICOM dictionary: nobody knows what it holds.",
        Basis.STRUCTURE: _STORED.get(why.detail, _STORED[""]),
        Basis.FOUND_IDENTITY: "The patient or the hospital was found in this text and taken out.",
        Basis.CLAIM: "Says what this program did.",
        Basis.CHARACTER_SET: "Written in UTF-8: the file's own character set does not fit its letters.",
        Basis.RULE: f"A rule of the profile for the {why.detail}.",
    }
    return sentences[why.basis]


def _table(detail: str) -> str:
    """Return the table or section that a decision rests on: that of attributes, unless another is named."""
    return detail if detail.startswith(("Table", "Section")) else "Table E.1-1"


def _in_words(code: str) -> str:
    """Return a code of Table E.1-1 in words; of a compound code the IOD's Type chooses one."""
    words = [_CODE_WORDS.get(letter.strip(" *"), letter) for letter in code.split("/")]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def aggregate(many: Iterable[Sequence[Row]]) -> tuple[Row, ...]:
    """Return one row per path over many instances: the common value, or how many different ones."""
    lists = list(many)
    by_path: dict[ElementPath, list[Row]] = {}
    for one in lists:
        for row in one:
            by_path.setdefault(row.path, []).append(row)
    return tuple(_merged(by_path[path], len(lists)) for path in sorted(by_path))


def _merged(same: Sequence[Row], instances: int) -> Row:
    first = same[0]
    return replace(
        first,
        old=_spread([row.old for row in same], instances),
        new=_spread([row.new for row in same], instances),
        action=max((row.action for row in same), key=lambda a: a is not Action.KEEP),
        overridden=any(row.overridden for row in same),
    )


def _spread(values: Sequence[str], instances: int) -> str:
    different = len(set(values))
    if different == 1 and len(values) == instances:
        return values[0]
    if different == 1:
        return f"{values[0]}  (in {len(values)} of {instances} images)"
    return f"{different} different values in {len(values)} images"
