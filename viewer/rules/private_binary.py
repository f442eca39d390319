"""Binary private values that would stay are searched for identity first (PS3.15 E.3.10)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation

from viewer.rules.words import vocabulary

_ENCODINGS: Final = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
_SHORTEST: Final = 3
_SMALL: Final = 1024
_SAFE_IN_LARGE: Final = 6
"""Bytes that a pattern must have to mean something in a large value, where chance finds shorter ones."""

_DATASET: Final = re.compile(
    rb"DICM\x02\x00|\x08\x00[\x05\x16\x18]\x00(?:CS|UI)|\x10\x00[\x10\x20\x30]\x00(?:PN|LO|DA)"
)
"""A DICOM file inside a value, or the first elements and patient elements of an explicit data set."""
_CONTAINERS: Final = re.compile(
    rb"%PDF-|PK\x03\x04|PK\x05\x06|\x1f\x8b\x08|\xff\xd8\xff[\xc0-\xfe]|\x89PNG\r\n|BZh[1-9]1AY|7z\xbc\xaf\x27\x1c"
    rb"|GIF8[79]a|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\xfd7zXZ\x00|\xff\x4f\xff\x51\x00|\x00\x00\x00\x0cjP  "
)
"""Documents, archives and pictures: what they hold cannot be searched here."""
_ZLIB: Final = re.compile(rb"\A.{0,16}\x78[\x01\x5e\x9c\xda]", re.DOTALL)

_RUN: Final = re.compile(rb"[\x20-\x7e]{6,}")
_WIDE_RUN: Final = re.compile(rb"(?:[\x20-\x7e]\x00){6,}")
_WIDE_RUN_BE: Final = re.compile(rb"(?:\x00[\x20-\x7e]){6,}")
_PERSONAL: Final = re.compile(
    r"""
    (?<![\d.])(?:18|19|20)\d\d([-/.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])                # a day
    | (?<![\d.])(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|1[0-2])[-/.](?:19|20)\d\d(?!\d)       # 17.05.2024
    | (?<![\d.])\d{6,}(?![\d.])                                                               # a long number
    | (?<![\d.])\d+(?:\.\d+){4,}                                                              # a UID
    | \b[A-Z]{1,5}[-_]?\d{5,}\b                                                               # AB-12345
    | [\w.%+-]+@(?:[\w-]+\.)+[A-Za-z]{2,24}                                                   # e-mail
    | (?<![\w.])\+?\d[\d ()-]{7,}\d(?![\w.])                                                  # telephone
    | \b(?:Dr|Prof|Mrs?|Ms|Miss)\b\.?\s*[A-Z][A-Za-z'-]+                                      # Mrs Doe
    """,
    re.VERBOSE,
)
_NAME: Final = re.compile(r"\b(?:[A-Z][a-z'-]+|[A-Z][A-Z'-]+)\^(?:[A-Z][a-z'-]*|[A-Z][A-Z'-]*)(?![A-Za-z])")
_TWO_WORDS: Final = re.compile(r"\b([A-Z][a-z'-]{2,}|[A-Z]{3,})(?:,\s?|\s)([A-Z][a-z'-]{2,}|[A-Z]{3,})\b")
_LARGE: Final = 65_536
_SURE_NAME: Final = 10
"""Letters of a name that chance does not make in a large value."""


@dataclass(frozen=True, slots=True)
class IdentitySearch:
    """Looks for what a header tells of the patient in bytes of unknown encoding."""

    small: BytesAhoCorasick | None = field(repr=False)
    large: BytesAhoCorasick | None = field(repr=False)

    def finds(self, value: bytes) -> bool:
        """Return whether a value holds identity, in ASCII, UTF-8, GB18030 or UTF-16, any case."""
        search = self.small if len(value) <= _SMALL else self.large
        return search is not None and bool(search.find_matches_as_indexes(value.lower()))


def identity_search(texts: Iterable[str]) -> IdentitySearch:
    """Return a search for texts that identify; names and numbers of a header, as they are written."""
    patterns: set[bytes] = set()
    for text in texts:
        for form in {text, text.lower(), text.upper(), text.title()}:
            for encoding in _ENCODINGS:
                patterns.add(form.encode(encoding, "ignore").lower())
    wanted = sorted(p for p in patterns if len(p) >= _SHORTEST)
    return IdentitySearch(_automaton(wanted), _automaton([p for p in wanted if len(p) >= _SAFE_IN_LARGE]))


def _automaton(patterns: list[bytes]) -> BytesAhoCorasick | None:
    return BytesAhoCorasick(patterns, implementation=Implementation.ContiguousNFA) if patterns else None


def suspicion(value: bytes) -> str:
    """Return why a binary value should not stay ("object", "text"), or "" when nothing speaks against it.

    A key of `private.WHY`. What the header does not tell is judged by its looks: names, days, numbers.
    """
    if _DATASET.search(value) or _CONTAINERS.search(value) or _ZLIB.search(value[:32]):
        return "object"
    runs = [run.decode("ascii") for run in _RUN.findall(value)]
    runs += [run.decode("utf-16-le") for run in _WIDE_RUN.findall(value)]
    runs += [run.decode("utf-16-be") for run in _WIDE_RUN_BE.findall(value)]
    shortest = _SURE_NAME if len(value) > _LARGE else 0
    return "text" if any(_PERSONAL.search(run) or _holds_name(run, shortest) for run in runs) else ""


def _holds_name(run: str, shortest: int) -> bool:
    """Return whether letters look like a name: NAME^GIVEN, or two words that are not both known."""
    if any(len(found[0]) >= shortest for found in _NAME.finditer(run)):
        return True
    ordinary = vocabulary()
    return any(
        len(found[0]) >= shortest and not {found[1].lower(), found[2].lower()} <= ordinary
        for found in _TWO_WORDS.finditer(run)
    )
