"""What an instance's own header tells about who it is, gathered so that texts can be searched for it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation

from viewer.dicom.elements import Element, texts
from viewer.rules.descriptors import KnownIdentity, name_parts

_SHORTEST_PHRASE: Final = 4
_SHORTEST_NUMBER: Final = 6
_LONGEST: Final = 256
"""Characters of a value that are looked for; a hostile header may hold a name of 64 KB."""
_GUESSES: Final = ("utf-8", "gb18030")


@dataclass(slots=True)
class Gathered:
    """Grows while a plan is made: the identifying texts of the elements that will not stay."""

    phrases: set[str] = field(default_factory=set, repr=False)
    words: set[str] = field(default_factory=set, repr=False)

    def add(self, vr: str, element: Element, encodings: list[str]) -> None:
        """Take in the values of one identifying element; names in every reading of their bytes."""
        for text in readings(element, encodings):
            if vr == "PN":
                phrases, words = name_parts(text)
                self.phrases |= phrases
                self.words |= words
            elif len(text) >= (
                _SHORTEST_NUMBER if text.isdigit() else _SHORTEST_PHRASE if text.isascii() else 2
            ):
                self.phrases.add(text.lower())

    def known(self) -> KnownIdentity:
        """Return what was gathered."""
        return KnownIdentity(frozenset(self.phrases), frozenset(self.words))


def _shortest(text: str) -> int:
    if text.isdigit():
        return _SHORTEST_NUMBER
    return _SHORTEST_PHRASE if text.isascii() else 2


def _dates(text: str) -> set[str]:
    """Return the ways in which a full date is written; none for other texts."""
    day = text[:8]
    if not re.fullmatch(r"(?:18|19|20)\d{6}", day):
        return set()
    year, month, number = day[:4], day[4:6], day[6:]
    joined = {joint.join((year, month, number)) for joint in ("", "-", "/", ".")}
    return joined | {f"{year}年{int(month)}月{int(number)}日", f"{year}年{month}月{number}日"}


def readings(element: Element, encodings: list[str]) -> set[str]:
    """Return the texts of an element as declared, and as UTF-8 and GB18030 when bytes are not ASCII."""
    found = set(texts(element, encodings))
    raw = element.value
    if isinstance(raw, bytes) and not raw.isascii():
        for guess in _GUESSES:
            try:
                found.update(t.strip(" \0") for t in raw.decode(guess).split("\\"))
            except UnicodeDecodeError:
                continue
    return {re.sub(r"\s+", " ", t[:_LONGEST]) for t in found if t}


def searcher(known: KnownIdentity, encodings: Iterable[str]) -> BytesAhoCorasick | None:
    """Return a search for everything telling in raw, lower-cased bytes, or None when nothing is known."""
    needles = set()
    for text in known.telling:
        for encoding in {*encodings, *_GUESSES}:
            for form in {text, text.lower(), text.upper(), text.title()}:
                try:
                    needles.add(form.encode(encoding).lower())
                except (UnicodeEncodeError, LookupError):
                    continue
    wanted = sorted(needles - {b""})
    return BytesAhoCorasick(wanted, implementation=Implementation.ContiguousNFA) if wanted else None
