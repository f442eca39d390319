"""Clean free text: take the identity out, leave the anatomy and the technique in (PS3.15 E.3.5)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from viewer.resources import resource
from viewer.rules.standard import table

_CJK: Final = "\u3400-\u9fff\uf900-\ufaff"
_SHORTEST_LATIN: Final = 3
LONG_WORD: Final = 6
"""Letters from which on a name is found inside other words too."""
_PATTERNS: Final = re.compile(
    r"""
    [\w.%+-]+@(?:[\w-]+\.)+[A-Za-z]{2,24}                           # e-mail
    | (?:https?|ftp|dicom|file)://\S+ | www\.\S+                    # URL
    | (?i:\b(?:dr|prof|mr|mrs|ms|miss|md|rn)\b\.?)\s*\^?\s*[A-Z][\w'-]*(?:\s+[A-Z][\w'-]+)?   # title and name
    | (?<!\d)\d{1,4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,4}日?(?!\d)  # written dates
    | (?<![A-Za-z\d])\d{1,3}\s*(?:(?:yo|y/o|yrs?|years?|[YMF岁])\b|岁)(?:\s*old)?\s*[MF男女]?  # age and sex
    | \S*\d{4,}\S*                                                  # four digits or more in a row
    | \S*\d(?:[-\s.]?\d){6,}\S*                                     # telephone numbers
    """,
    re.VERBOSE,
)
_TOKENS: Final = re.compile(
    rf"(?i:\bw/o?\b)|[{_CJK}]+|[A-Za-z0-9]+(?:['’][A-Za-z]+)?|[^\sA-Za-z0-9{_CJK}]+|\s+"
)
_TITLES: Final = frozenset(("dr", "prof", "mr", "mrs", "ms", "miss", "md", "rn"))
_MEASURE: Final = re.compile(r"\d{1,3}(?:mm|cm|m|s|ms|kv|kvp|ma|mas|hu|t|hz|mhz|ml|mg|x|d)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """What this instance's own header says about who it is; held in memory only.

    `phrases` are whole values (identifiers, dates, addresses, full names), `words` single parts of names;
    both as they are written and in lower case.
    """

    phrases: frozenset[str] = field(default=frozenset(), repr=False)
    words: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def telling(self) -> frozenset[str]:
        """Return the phrases and words that are not ordinary words of anatomy and technique."""
        ordinary = vocabulary()
        both = (self.phrases, (w for w in self.words if _long_enough(w)))
        return frozenset(t for some in both for t in some if t.lower() not in ordinary)


def name_parts(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return (phrases, words) of a person name with `=` groups and `^` components (PS3.5 6.2.1)."""
    phrases: set[str] = set()
    words: set[str] = set()
    for group in {*name.split("="), *name.lower().split("=")}:
        parts = [p.strip() for p in re.split(r"[\^,;\s]+", group) if p.strip()]
        words.update(p for p in parts if len(p) > 1)
        if len(parts) > 1:
            for joint in (" ", "^", "", ", ", ","):
                phrases.add(joint.join(parts))
                phrases.add(joint.join(reversed(parts)))
    return frozenset(p for p in phrases if _long_enough(p)), frozenset(words)


def _long_enough(text: str) -> bool:
    return len(text) >= (_SHORTEST_LATIN if text.isascii() else 2)


@cache
def vocabulary() -> frozenset[str]:
    """Return the words that descriptions may keep: code meanings of PS3.16, technique and anatomy."""
    own = resource("vocabulary", "technique.txt").read_text(encoding="utf-8").split()
    return frozenset(table("vocabulary.json")) | frozenset(own)


@cache
def _chinese() -> re.Pattern[str]:
    words = resource("vocabulary", "anatomy_zh.txt").read_text(encoding="utf-8").split()
    return re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)))


def _finder(terms: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern for terms; short Latin ones only as whole words, or Ann would be cut from Annulus."""
    made = []
    for term in sorted(terms, key=lambda t: (-len(t), t)):
        short = len(term) < LONG_WORD or not term.isalpha()
        before = r"(?<![a-z0-9])" if short and term[0].isascii() and term[0].isalnum() else ""
        after = r"(?![a-z0-9])" if short and term[-1].isascii() and term[-1].isalnum() else ""
        made.append(before + re.escape(term) + after)
    return re.compile("|".join(made), re.IGNORECASE) if made else None


def take_out(text: str, terms: frozenset[str]) -> str:
    """Return the text without these terms; everything else stays."""
    finder = _finder(terms)
    if finder is None:
        return text
    cut = finder.sub(" ", text)
    return text if cut == text else re.sub(r"[ \t]{2,}", " ", cut).strip(" ^,;-_/")


def clean_text(text: str, known: KnownIdentity) -> str:
    """Return only what is known to be harmless: vocabulary, short numbers, the punctuation between.

    The identity of the header goes first, so that a name that is also a word (Hand, Brown) does not
    stay; then titles with names, dates, ages, numbers of four and more digits, addresses of mail and
    web; then every word that the vocabulary does not hold.
    """
    finder = _finder(known.phrases | known.words)
    rest = finder.sub(" ", text) if finder else text
    rest = _PATTERNS.sub(" ", rest)
    kept = [_kept(token) for token in _TOKENS.findall(rest.replace("^", " ").replace("_", " "))]
    joined = re.sub(r"\s+", " ", "".join(kept)).strip(" -,;:/.+*()[]&")
    return joined if any(c.isalnum() for c in joined) else ""


def _kept(token: str) -> str:
    if re.match(rf"[{_CJK}]", token):
        return "".join(_chinese().findall(token))
    if not token[0].isalnum():
        return token if token.isspace() or token in ("-", "+", "/", ",", ".", "(", ")", "&", ":") else " "
    word = token.lower()
    if word in _TITLES:
        return ""
    if word in ("w/", "w/o"):
        return token
    return token if word in vocabulary() or _MEASURE.fullmatch(word) else ""
