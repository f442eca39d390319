"""Search a written file for what identified the patient: every reading, every encoding, every byte."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Final

import msgspec
from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import Dataset

from viewer.dicom.content_tree import FORM_WORDS, is_form
from viewer.dicom.decisions import Action, Basis, Decision, Finding, Identity, Plan, Severity
from viewer.dicom.elements import (
    CONVERSION_ERRORS,
    Element,
    ElementPath,
    dictionary_vr,
    encodings_of,
    keyword,
    path_text,
    raw_elements,
    texts,
)
from viewer.dicom.pixel_value import InFile, PixelValue
from viewer.dicom.reading import Reading, reading_of
from viewer.release.disguises import respelt, transcribed
from viewer.release.needles import Needle, count, encoded, inflated, matches
from viewer.resources import resource

_CORE: Final = frozenset(
    (
        0x00080050, 0x00080080, 0x00080081, 0x00080090, 0x00081048, 0x00081050, 0x00081060, 0x00081070,
        0x00100010, 0x00100020, 0x00100030, 0x00101000, 0x00101001, 0x00101005, 0x00101040, 0x00101060,
        0x00102154, 0x00102160, 0x00102297, 0x00181000, 0x00080018, 0x0020000D, 0x0020000E, 0x00380010,
    )
)  # fmt: skip
"""Attributes that always identify, whatever a plan says of them, at any depth."""
_DUMMIES: Final = frozenset(("19000101", "19000101000000", "REMOVED", "Anonymous"))
_KINDS: Final = {0x00080080: "institution", 0x00080081: "institution", 0x00181000: "device number"}
_WORDLESS: Final = frozenset(("LO", "SH", "ST", "LT", "UT", "UC", "AE"))
_LONGEST: Final = 256
_LONG_WORD: Final = 6
"""Letters from which on a name is found inside other words too."""


@cache
def _ordinary_words() -> frozenset[str]:
    words: list[str] = msgspec.json.decode(resource("standard", "vocabulary.json").read_bytes())
    own = resource("vocabulary", "technique.txt").read_text(encoding="utf-8").split()
    return frozenset(words) | frozenset(own)


def identity_of(source: Dataset) -> frozenset[Needle]:
    """Return what identifies the patient of a source, whatever may have been planned for it.

    Names, identifiers, and every date and UID at any depth.
    """
    reading = reading_of(source)
    made = set(_needles(source, Plan(()), reading))
    for path, element, encodings in _all(source, (), reading):
        vr = dictionary_vr(path[-1])
        structural = vr == "UI" and keyword(path[-1]).endswith(("ClassUID", "SyntaxUID"))
        if vr in ("DA", "DT", "UI") and not structural:
            made.update(_needles_of(path[-1], vr, _readings(element, encodings)))
    return frozenset(made)


def kinds_in(content: bytes | InFile, name: str, written: Dataset, needles: Iterable[Needle]) -> set[str]:
    """Return the kinds of identity ("name", "UID" …) among the needles that a file or its name holds."""
    wanted = set(needles)
    found = _in_name(name, wanted)
    found |= matches(inflated(content, written), written, wanted, encodings_of(written))
    return {needle.kind for needle in found}


def residue(
    content: bytes | InFile, name: str, source: Dataset, written: Dataset, plan: Plan
) -> list[Finding]:
    """Return an ERROR for every kind of identity of the source that is still in the file or in its name.

    `content` is the whole file; a deflated data set is searched inflated. What the plan keeps because an
    option or a person says so, and the new values themselves, may contain it.
    """
    reading = reading_of(source)
    needles = set(_needles(source, plan, reading))
    named = _in_name(name, needles)
    stream = inflated(content, written)
    found = matches(stream, written, needles, reading.encodings)
    if not found and not named:
        return []
    left = {n for n in found if count(stream, n, reading) > _allowed(source, plan, n, reading)}
    places = _places(written, left) | {needle: "the file's name" for needle in named}
    return [
        Finding("identity-left", Severity.ERROR, place, f"The {kind} of the source is still in the file.")
        for kind, place in sorted({(n.kind, places.get(n, "")) for n in left | named})
    ]


def _needles(source: Dataset, plan: Plan, reading: Reading) -> Iterator[Needle]:
    """Yield what to look for: identifying values of the source that are not meant to stay."""
    kept = {d.path for d in plan.decisions if _by_choice(d)}
    leaving = {
        d.path for d in plan.decisions if not _stays(d) and d.identity in (Identity.DIRECT, Identity.QUASI)
    }
    for path, element, encodings in _all(source, (), reading):
        tag = path[-1]
        vr = dictionary_vr(tag) or str(element.VR or "")
        if path not in kept and (path in leaving or tag in _CORE or vr == "PN"):
            yield from _needles_of(tag, vr, _readings(element, encodings))


def _stays(decision: Decision) -> bool:
    return decision.action is Action.KEEP or decision.why.basis is Basis.CHARACTER_SET


def _by_choice(decision: Decision) -> bool:
    """Return whether a value stays because an option or a person says so, be it in other letters."""
    basis, detail = decision.why.basis, decision.why.detail
    if basis is Basis.CHARACTER_SET:
        return detail in (Basis.OPTION.value, Basis.OVERRIDE.value)
    return decision.action is Action.KEEP and basis in (Basis.OPTION, Basis.OVERRIDE)


def _all(
    dataset: Dataset, parent: ElementPath, reading: Reading
) -> Iterator[tuple[ElementPath, Element, tuple[str, ...]]]:
    for tag, element in raw_elements(dataset):
        path = (*parent, tag)
        if element.VR == "SQ" or dictionary_vr(tag) == "SQ":
            for number, item in enumerate(_items(dataset, tag)):
                yield from _all(item, (*path, number), reading_of(item, reading))
        elif not tag & 0x10000:
            yield path, element, reading.encodings


def _items(dataset: Dataset, tag: int) -> list[Dataset]:
    try:
        value = dataset[tag].value
    except CONVERSION_ERRORS:
        return []
    return [item for item in value if isinstance(item, Dataset)] if isinstance(value, Iterable) else []


def _readings(element: Element, encodings: Sequence[str]) -> set[str]:
    found = set(texts(element, encodings))
    raw = element.value
    if isinstance(raw, bytes) and not raw.isascii():
        for guess in ("utf-8", "gb18030"):
            try:
                found.update(raw.decode(guess).split("\\"))
            except UnicodeDecodeError:
                continue
    cut = (unicodedata.normalize("NFC", t.strip(" \0"))[:_LONGEST] for t in found)
    return {t for t in cut if t and "\ufffd" not in t}


def _needles_of(tag: int, vr: str, values: Iterable[str]) -> Iterator[Needle]:
    for text in values:
        if text in _DUMMIES or len(set(text)) < (2 if any(map(str.isalpha, text)) else 3):
            continue  # what this program itself puts in; "xxxx", "00000000", "--.--"
        if vr == "PN":
            yield from _name_needles(text)
        elif vr == "UI":
            if len(text) >= 12 and text not in UID_dictionary:
                yield Needle(text, "UID", whole=True)
        elif vr in ("DA", "DT"):
            if re.fullmatch(r"(?:18|19|20)\d{6}.*", text):
                yield from _date_needles(text[:8])
        elif vr in _WORDLESS and _telling(text):
            kind = _KINDS.get(tag, "identifier")
            yield Needle(text, kind, whole=len(text) < 8)
            if kind == "identifier":
                yield from (Needle(form, kind, whole=True) for form in respelt(text))


def _telling(text: str) -> bool:
    if not text.isascii():
        return len(text) >= 2
    return len(text) >= (6 if text.isdigit() else 4) and text.lower() not in _ordinary_words()


def _name_needles(name: str) -> Iterator[Needle]:
    for group in name.split("="):
        parts = [p for p in re.split(r"[\^,;\s]+", group) if p]
        for part in parts:
            if len(part) >= (4 if part.isascii() else 2) and part.lower() not in _ordinary_words():
                yield Needle(part, "name", whole=part.isascii() and len(part) < _LONG_WORD)
        if len(parts) > 1:
            for joint in ("^", " ", ", ", ""):
                for order in (parts, parts[::-1]):
                    joined = joint.join(order)
                    if len(joined) >= 6:
                        yield Needle(joined, "name", whole=False)
        yield from (Needle(form, "name", whole=True) for form in transcribed(group))


def _date_needles(day: str) -> Iterator[Needle]:
    year, month, number = day[:4], day[4:6], day[6:]
    yield Needle(day, "date", whole=True)
    for joint in "-/.":
        yield Needle(joint.join((year, month, number)), "date", whole=True)
    yield Needle(f"{year}年{int(month)}月{int(number)}日", "date", whole=False)


def _in_name(name: str, needles: Iterable[Needle]) -> set[Needle]:
    """Return the needles in a file name; short ones as whole words, for surrogates are random letters."""
    lowered = name.lower()
    parts = set(re.split(r"[^0-9a-z]+", lowered))
    found = set()
    for needle in needles:
        text = needle.text.lower()
        if len(text) > 2 and (text in parts if needle.whole and text.isalnum() else text in lowered):
            found.add(needle)
    return found


def _allowed(source: Dataset, plan: Plan, needle: Needle, reading: Reading) -> int:
    """Return how often identity may occur: in new values, and in what an option or a person keeps.

    Words such as TEXT that hold the tree of a report together are no names, though somebody may have one.
    Not in cleaned texts: those are made of the original, and cleaning them is what is being checked.
    """
    new = [d.value for d in plan.decisions if d.value is not None and d.action is not Action.CLEAN]
    parts = [repr(value).encode("utf-8", "replace") for value in new]
    kept = {
        d.path
        for d in plan.decisions
        if _by_choice(d) or (d.action is Action.KEEP and d.path[-1] in FORM_WORDS)
    }
    if kept:
        for path, element, encodings in _all(source, (), reading):
            if path in kept and (path[-1] not in FORM_WORDS or is_form(path[-1], texts(element, encodings))):
                value = element.value
                parts.append(value if isinstance(value, bytes) else str(value).encode("utf-8", "replace"))
    parts.append(plan.sop_instance_uid.encode() * 2)
    return count(b"\n".join(parts), needle, reading)


def _places(written: Dataset, left: Iterable[Needle]) -> dict[Needle, str]:
    """Return where in the file each needle stands, as a path without values."""
    places: dict[Needle, str] = {}
    for path, element, encodings in _all(written, (), reading_of(written)):
        raw = element.value
        if isinstance(raw, PixelValue):
            continue
        content = raw if isinstance(raw, bytes) else str(raw).encode("utf-8", "replace")
        for needle in left:
            if any(p in content.lower() for p in encoded(needle, tuple(encodings))):
                places.setdefault(needle, path_text(path))
    return places
