"""What an instance's own header tells about who it is, gathered so that texts can be searched for it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation

from viewer.dicom.elements import Element, texts
from viewer.rules.name_forms import is_long_enough, name_forms
from viewer.rules.plain_text import Span, plain_text
from viewer.rules.words import vocabulary
from viewer.rules.written_dates import written_dates

LONG_WORD: Final = 6
"""Letters from which on a name is found inside other words too."""
_SHORTEST_PHRASE: Final = 4
_SHORTEST_NUMBER: Final = 6
_LONGEST: Final = 256
"""Characters of a value that are looked for; a hostile header may hold a name of 64 KB."""
_GUESSES: Final = ("utf-8", "gb18030")
_UID: Final = re.compile(r"(?<![\d.])[0-2](?:\.\d+){3,}(?![\d.])")
_TRIGGERS: Final = (
    *(
        b"@",
        b"www.",
        b"://",
        b"dr.",
        b"dr ",
        b"prof",
        b"mr.",
        b"mr ",
        b"mrs",
        b"ms.",
        b"miss",
        b"name",
        b"nurse",
    ),
    *(b" by:", b"operator", b"radiographer", b"technologist", b"physician", b"attn", b"c/o"),
)
"""Beginnings of names and addresses in lower case: a text without them and without digits needs no look."""


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """What this instance's own header says about who it is; held in memory only, in lower case.

    `phrases` are whole values (identifiers, addresses, full names), `words` single parts of names,
    `numbers` short numeric identifiers, `uids` what is mapped to new ones.
    """

    phrases: frozenset[str] = field(default=frozenset(), repr=False)
    words: frozenset[str] = field(default=frozenset(), repr=False)
    dates: frozenset[date] = field(default=frozenset(), repr=False)
    numbers: frozenset[str] = field(default=frozenset(), repr=False)
    uids: frozenset[str] = field(default=frozenset(), repr=False)
    dates_go: bool = True
    """Dates that the header does not know are taken out of texts too."""

    @property
    def telling(self) -> frozenset[str]:
        """Return the phrases and words that are not ordinary words of anatomy and technique."""
        return _telling(self.phrases, self.words)

    def spans(self, text: str, *, every_word: bool) -> list[Span]:
        """Return where a text (in plain form) holds this identity.

        `every_word`: parts of the name that are also ordinary words count too (Hand, Brown), and short
        numbers: for descriptions, where a word too few is better than a name too many.
        """
        terms = self.phrases | self.words | self.numbers if every_word else self.telling
        finder = finder_of(terms)
        found = [Span(m.start(), m.end(), "this patient") for m in finder.finditer(text)] if finder else []
        if self.dates:
            dates = (d for d in written_dates(text) if (d.full or every_word) and d.tells(self.dates))
            found.extend(Span(d.start, d.end, "date") for d in dates)
        if self.uids:
            uids = (m for m in _UID.finditer(text) if m[0] in self.uids)
            found.extend(Span(m.start(), m.end(), "UID") for m in uids)
        return found


@lru_cache(maxsize=64)
def _telling(phrases: frozenset[str], words: frozenset[str]) -> frozenset[str]:
    ordinary = vocabulary()
    both = (phrases, (w for w in words if is_long_enough(w)))
    return frozenset(t for some in both for t in some if t.lower() not in ordinary)


@lru_cache(maxsize=64)
def finder_of(terms: frozenset[str]) -> re.Pattern[str] | None:
    """Return a pattern for terms in any case; short Latin ones only as whole words (Ann is in Annulus)."""
    made = [_term(term) for term in sorted(terms, key=lambda t: (-len(t), t))]
    return re.compile("|".join(made), re.IGNORECASE) if made else None


def _term(term: str) -> str:
    digits = re.sub(r"\D", "", term)
    short = len(term) < LONG_WORD or not term.isalpha()
    before = r"(?<![a-z0-9])" if short and term[0].isascii() and term[0].isalnum() else ""
    after = r"(?![a-z0-9])" if short and term[-1].isascii() and term[-1].isalnum() else ""
    if digits and len(digits) >= 7 and re.fullmatch(r"[-+\d ().]+", term):
        body = r"[-. ()]{0,2}".join(digits)
    elif digits and term.isascii():
        body = r"[-_ ./]?".join(re.escape(part) for part in re.split(r"[-_ ./]+", term) if part)
    else:
        body = re.escape(term)
    return before + body + after


@dataclass(slots=True)
class Gathered:
    """Grows while a plan is made: the identifying texts of the elements that will not stay."""

    phrases: set[str] = field(default_factory=set, repr=False)
    words: set[str] = field(default_factory=set, repr=False)
    dates: set[date] = field(default_factory=set, repr=False)
    numbers: set[str] = field(default_factory=set, repr=False)
    uids: set[str] = field(default_factory=set, repr=False)

    def add(self, vr: str, element: Element, encodings: list[str]) -> None:
        """Take in the values of one identifying element; names in every reading of their bytes."""
        for reading in readings(element, encodings):
            text = plain_text(reading).text
            if vr == "PN":
                forms = name_forms(text)
                self.phrases |= forms.phrases
                self.words |= forms.words
            elif vr in ("DA", "DT"):
                self.dates.update(_day(text))
            elif vr == "UI":
                self.uids.add(text)
            else:
                self._add_text(text.lower())

    def _add_text(self, text: str) -> None:
        if text.isdigit() and text.isascii():
            if len(text) >= _SHORTEST_NUMBER:
                self.phrases.update((text, text.lstrip("0")) if len(text.lstrip("0")) > 5 else (text,))
            elif len(text) > 2:
                self.numbers.add(text)
            return
        parts = re.split(r"[\r\n;,，；]+", text) if len(text) > 12 else ()
        for phrase in (text, *(part.strip() for part in parts)):
            if len(phrase) >= (_SHORTEST_PHRASE if phrase.isascii() else 2) and not phrase.isdigit():
                self.phrases.add(phrase)

    def known(self, *, dates_go: bool) -> KnownIdentity:
        """Return what was gathered."""
        return KnownIdentity(
            frozenset(self.phrases),
            frozenset(self.words),
            frozenset(self.dates),
            frozenset(self.numbers),
            frozenset(self.uids),
            dates_go,
        )


def _day(text: str) -> Iterable[date]:
    digits = text.replace(".", "")[:8]
    if re.fullmatch(r"(?:18|19|20)\d{6}", digits, re.ASCII) and digits not in ("19000101",):
        try:
            yield date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            return


def readings(element: Element, encodings: Sequence[str]) -> set[str]:
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


def searcher(known: KnownIdentity, encodings: Iterable[str]) -> BytesAhoCorasick:
    """Return a search in raw, lower-cased bytes for what may tell something; without a hit nothing does."""
    return _searcher(known.telling, frozenset((*encodings, *_GUESSES)))


@lru_cache(maxsize=64)
def _searcher(telling: frozenset[str], encodings: frozenset[str]) -> BytesAhoCorasick:
    needles = set(_TRIGGERS)
    for text in telling:
        for form in {text, text.upper(), text.title()}:
            for encoding in encodings:
                try:
                    needles.add(form.encode(encoding).lower())
                except (UnicodeEncodeError, LookupError):
                    continue
    return BytesAhoCorasick(sorted(needles - {b""}), implementation=Implementation.ContiguousNFA)
