"""Search a written file for what identified the patient: every reading, every encoding, every byte."""

import hashlib
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

import msgspec
from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind
from pydicom._uid_dict import UID_dictionary
from pydicom.dataelem import RawDataElement
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
from viewer.dicom.reading import Reading, reading_of
from viewer.release.disguises import as_text_of_bytes, respelt, transcribed
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
_SMALL_BINARY: Final = 1024
_SAFE_IN_BINARY: Final = 6
"""Bytes that a needle must have to mean something inside pixel data and other large binary values."""
_GUESSES: Final = ("utf-8", "gb18030")
_ESCAPES: Final = re.compile(rb"\x1b[\x20-\x2f]+[\x30-\x7e]")
"""Of code extensions (PS3.5 6.1.2.5): writers set them at different places."""
_AT_ONCE: Final = 52
_PADDING: Final = tuple(hashlib.sha256(bytes([i])).digest()[:12] for i in range(60))


@dataclass(frozen=True, slots=True)
class Needle:
    """A text to look for, as it is written; `whole` demands that no letter or digit adjoins."""

    text: str = field(repr=False)
    kind: str
    whole: bool


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


def kinds_in(content: bytes, name: str, written: Dataset, needles: Iterable[Needle]) -> set[str]:
    """Return the kinds of identity ("name", "UID" …) among the needles that a file or its name holds."""
    wanted = set(needles)
    found = _in_name(name, wanted)
    stream = _inflated(content, written)
    found |= _matches(stream.lower(), wanted, encodings_of(written), _binary_ranges(written))
    return {needle.kind for needle in found}


def residue(content: bytes, name: str, source: Dataset, written: Dataset, plan: Plan) -> list[Finding]:
    """Return an ERROR for every kind of identity of the source that is still in the file or in its name.

    `content` is the whole file; a deflated data set is searched inflated. What the plan keeps because an
    option or a person says so, and the new values themselves, may contain it.
    """
    reading = reading_of(source)
    needles = set(_needles(source, plan, reading))
    named = _in_name(name, needles)
    stream = _inflated(content, written)
    found = _matches(stream.lower(), needles, reading.encodings, _binary_ranges(written))
    if not found and not named:
        return []
    left = {n for n in found if _count(stream, n, reading) > _allowed(source, plan, n, reading)}
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


@lru_cache(maxsize=4096)
def _encoded(needle: Needle, encodings: tuple[str, ...]) -> frozenset[bytes]:
    """Return the bytes in which a needle may stand, ASCII letters lower-cased, three at least.

    Letters beyond ASCII have a byte form per case; the stream is lower-cased for ASCII only.
    The UTF-16 form of a Latin text is cut of its last zero byte, so that it fits both byte orders.
    """
    made: set[bytes] = set()
    text = needle.text
    forms = {text} if text.isascii() else {text, text.lower(), text.upper(), text.title()}
    for form in forms:
        for encoding in dict.fromkeys((*encodings, *_GUESSES)):
            try:
                written = form.encode(encoding).lower()
            except (UnicodeEncodeError, LookupError):
                continue
            made.update((written, _ESCAPES.sub(b"", written)) if b"\x1b" in written else (written,))
        if needle.kind != "date" or text.isdigit():
            made.add(form.encode("utf-16-le", "ignore").lower().removesuffix(b"\0"))
            if not text.isascii():
                made.add(form.encode("utf-16-be", "ignore").lower())
    if text.isascii() and (needle.kind == "identifier" or "^" in text):
        made.update(as_text_of_bytes(text))
    return frozenset(m for m in made if len(m) >= 3)


def _matches(
    lowered: bytes, needles: set[Needle], encodings: Sequence[str], binary: Iterable[tuple[int, int]]
) -> set[Needle]:
    """Return the needles that occur in lower-cased bytes, short ones only outside the binary ranges."""
    owners: dict[bytes, Needle] = {}
    for needle in sorted(needles, key=lambda n: (n.whole, n.text, n.kind)):
        for pattern in _encoded(needle, tuple(encodings)):
            owners.setdefault(pattern, needle)
    if not _touched(lowered, list(owners)):
        return set()
    long = {p: n for p, n in owners.items() if _safe_in_binary(p)}
    found: set[Needle] = set()
    position = 0
    for low, high in [*binary, (len(lowered), len(lowered))]:
        found |= _hits(lowered, position, low, owners)
        found |= _hits(lowered, low, high, long)
        position = high
    return found


def _safe_in_binary(pattern: bytes) -> bool:
    """Return whether chance will not find a pattern in pixels; UTF-16 looks like small 16-bit samples."""
    return len(pattern) >= (2 * _SAFE_IN_BINARY - 1 if b"\0" in pattern else _SAFE_IN_BINARY)


def _touched(lowered: bytes, patterns: list[bytes]) -> bool:
    """Return whether any pattern occurs at all; the way nearly every file goes.

    Sixty patterns at once, of which some are random bytes, and leftmost matching let the library compare
    sixteen bytes per step. Fewer, or only texts in UTF-16, make it look for single rare bytes instead,
    and zero is not rare in pixels: fifty times slower.
    """
    for first in range(0, len(patterns), _AT_ONCE):
        some = patterns[first : first + _AT_ONCE]
        padded = [*some, *_PADDING[len(some) :]]
        search = BytesAhoCorasick(padded, MatchKind.LeftmostFirst, Implementation.ContiguousNFA)
        if search.find_matches_as_indexes(lowered):
            return True
    return False


def _hits(lowered: bytes, low: int, high: int, owners: Mapping[bytes, Needle]) -> set[Needle]:
    """Return the needles whose patterns occur in a part of the bytes, overlapping ones too."""
    if low >= high or not owners:
        return set()
    patterns = list(owners)
    search = BytesAhoCorasick(patterns, implementation=Implementation.ContiguousNFA)
    found = set()
    for index, start, end in search.find_matches_as_indexes(memoryview(lowered)[low:high], overlapping=True):
        needle = owners[patterns[index]]
        if not needle.whole or _stands_alone(lowered, low + start, low + end, needle):
            found.add(needle)
    return found


def _stands_alone(lowered: bytes, start: int, end: int, needle: Needle) -> bool:
    """Return whether no character of the needle's own kind adjoins: digits for dates, both for words."""
    before, after = lowered[start - 1 : start], lowered[end : end + 1]
    if needle.kind == "date":
        return not before.isdigit()
    adjoining = before + after
    if needle.kind == "UID":
        return not any(c in b"0123456789." for c in adjoining)
    return not any(c < 128 and chr(c).isalnum() for c in adjoining)


def _binary_ranges(written: Dataset) -> list[tuple[int, int]]:
    """Return (first byte, byte after the last) of every large binary value of the top level, rising."""
    found = []
    for _, element in raw_elements(written):
        if isinstance(element, RawDataElement) and isinstance(element.value, bytes):
            binary = element.VR is None or element.VR in ("OB", "OW", "OD", "OF", "OL", "OV", "UN")
            if binary and len(element.value) > _SMALL_BINARY:
                found.append((element.value_tell, element.value_tell + len(element.value)))
    return found


def _inflated(content: bytes, written: Dataset) -> bytes:
    if written.file_meta.TransferSyntaxUID != "1.2.840.10008.1.2.1.99":
        return content
    start = 144 + int(written.file_meta.FileMetaInformationGroupLength)
    return content[:start] + zlib.decompress(content[start:], -zlib.MAX_WBITS)


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
    return _count(b"\n".join(parts), needle, reading)


def _count(stream: bytes, needle: Needle, reading: Reading) -> int:
    lowered = stream.lower()
    patterns = _encoded(needle, reading.encodings)
    if not needle.whole:
        return sum(lowered.count(pattern) for pattern in patterns)
    found = (m for pattern in patterns for m in re.finditer(re.escape(pattern), lowered))
    return sum(_stands_alone(lowered, m.start(), m.end(), needle) for m in found)


def _places(written: Dataset, left: Iterable[Needle]) -> dict[Needle, str]:
    """Return where in the file each needle stands, as a path without values."""
    places: dict[Needle, str] = {}
    for path, element, encodings in _all(written, (), reading_of(written)):
        raw = element.value
        content = raw if isinstance(raw, bytes) else str(raw).encode("utf-8", "replace")
        for needle in left:
            if any(p in content.lower() for p in _encoded(needle, tuple(encodings))):
                places.setdefault(needle, path_text(path))
    return places
