"""Texts in one form before they are searched: full-width letters made plain, invisible ones left out."""

import unicodedata
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_INVISIBLE: Final = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")


class Span(NamedTuple):
    """A part of a text, `start` included, `end` not, and what it is."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text after NFKC (UAX 15) without invisible characters, and where its letters stood before."""

    text: str = field(repr=False)
    origins: tuple[int, ...] | None = field(default=None, repr=False)
    """Per character its position in the original; None where nothing moved."""
    length: int = 0
    """Characters of the original."""

    def back(self, span: Span) -> Span:
        """Return a span of this text as a span of the original."""
        if self.origins is None:
            return span
        start = self.origins[span.start]
        end = self.origins[span.end] if span.end < len(self.origins) else self.length
        return Span(start, max(end, start + 1), span.kind)


def plain_text(text: str) -> PlainText:
    """Return a text in the form in which patterns are looked for."""
    if text.isascii():
        return PlainText(text, None, len(text))
    letters: list[str] = []
    origins: list[int] = []
    for position, letter in enumerate(text):
        if letter not in _INVISIBLE:
            made = letter if letter.isascii() else unicodedata.normalize("NFKC", letter)
            letters.append(made)
            origins.extend([position] * len(made))
    joined = "".join(letters)
    return (
        PlainText(text, None, len(text)) if joined == text else PlainText(joined, tuple(origins), len(text))
    )


def merged(spans: list[Span]) -> list[Span]:
    """Return spans in order of their place; those that touch or overlap become one, of the first's kind."""
    made: list[Span] = []
    for span in sorted(spans):
        if made and span.start <= made[-1].end:
            last = made[-1]
            made[-1] = Span(last.start, max(last.end, span.end), last.kind)
        else:
            made.append(span)
    return made


def without(text: str, spans: list[Span]) -> str:
    """Return a text with a space where the spans were."""
    parts, position = [], 0
    for span in merged(spans):
        parts.append(text[position : span.start])
        position = span.end
    return " ".join([*parts, text[position:]]) if parts else text
