"""Clean free text: take the identity out, leave the anatomy and the technique in (PS3.15 E.3.5)."""

import re
from typing import Final

from viewer.rules.identifiers import identifiers
from viewer.rules.known import KnownIdentity, finder_of
from viewer.rules.plain_text import Span, plain_text, without
from viewer.rules.site_list import SiteList
from viewer.rules.words import han_pattern, han_vocabulary, vocabulary
from viewer.rules.written_dates import written_dates

_CJK: Final = "\u3400-\u9fff\uf900-\ufaff"
_NOWHERE: Final = SiteList()
_PROSE: Final = frozenset(("LT", "ST", "UC", "UT"))
_MORE: Final = re.compile(
    r"""
    (?<![A-Za-z\d])\d{1,3}\s*-?\s*(?:(?:yo|y/o|yrs?|years?|months?|mo|weeks?|wks?|days?|[YMF])\b|岁|周岁|月龄|个月)
      (?:\s*-?\s*old)?(?:\s*/?\s*(?:male|female|[MF男女])\b)?      # age and sex
    | (?i:(?<![A-Za-z])(?:age|aged|年龄)\s*[:=]?\s*\d{1,3}\s*(?:y|yrs?|years?|岁)?)(?![\d.])
    | (?i:(?<![A-Za-z])(?:male|female)(?![A-Za-z]))\s*,?\s*\d{1,3}(?![\d.]) | [男女]\s*,?\s*\d{1,3}\s*岁?
    | [^\s_^,;/()\[\]]*(?<![bB])\d{4,}[^\s_^,;/()\[\]]*                # four digits or more in a row
    | [^\s_^,;()]*\d(?:[-\s./]?\d){6,}[^\s_^,;()]*                       # seven digits with joints
    """,
    re.VERBOSE,
)
_COUNTED: Final = re.compile(r"\d{1,2}([a-z]{3,})|([a-z]{3,})\d{1,2}")
"""Two echoes in one word: 3scan, echo2."""
_TOKENS: Final = re.compile(
    rf"(?i:\bw/o?\b)|(?i:\bT2\*)|[{_CJK}]+|[A-Za-z0-9]+(?:['’][A-Za-z]+)?|[^\sA-Za-z0-9{_CJK}]+|\s+"
)
_TITLES: Final = frozenset(("Dr", "dr", "Prof", "prof", "Mr", "mr", "Mrs", "mrs", "Ms", "Miss", "Md", "Rn"))
_MEASURE: Final = re.compile(
    r"\d{1,3}(?:mm|cm|m|s|ms|sec|min|kv|kvp|ma|mas|hu|t|hz|mhz|ml|mg|kg|x|d|ch|st|nd|rd|th|w|p|v|deg)?"
    r"|[a-z]\d{1,2}[a-z]?|[a-z]{2}\d[a-z]|(?:te|tr|ti|fa|b|bh|ph|fov|et|ax|br|bl|sl|st|mip|fs|dl|iso|hr|p)\d{1,4}",
    re.IGNORECASE,
)
_JOINTS: Final = frozenset(("-", "+", "/", ",", ".", "(", ")", "&", ":"))
_PASSES: Final = 4


def take_out(text: str, terms: frozenset[str]) -> str:
    """Return the text without these terms; everything else stays."""
    finder = finder_of(terms)
    cut = finder.sub(" ", text) if finder else text
    return text if cut == text else _tidied(cut)


def swept(text: str, known: KnownIdentity, vr: str) -> str:
    """Return a text that stays, without the identity that the header knows and sure identifiers.

    Dates that the header does not know are taken out of prose only: a date in a short text may be a
    version. Codes and addresses of resources lose nothing but known identity.
    """
    plain = plain_text(text)
    found = known.spans(plain.text, every_word=False)
    if vr not in ("CS", "UR", "PN", "AE"):
        found += identifiers(plain.text, sure_only=True)
    if known.dates_go and vr in _PROSE:
        dates = (d for d in written_dates(plain.text) if d.full)
        found += [Span(d.start, d.end, "date") for d in dates]
    return _tidied(without(text, [plain.back(span) for span in found])) if found else text


def _tidied(text: str) -> str:
    return re.sub(r"[ \t]{2,}", " ", text).strip(" ^,;-_/")


def clean_text(text: str, known: KnownIdentity, site: SiteList = _NOWHERE) -> str:
    """Return only what is known to be harmless: vocabulary, short numbers, the punctuation between.

    First goes identity: what the header knows in every form, also where it is a word of anatomy (a patient
    named Hand loses every "hand": better a word too few than a name too many), identifiers, dates, ages,
    names after titles and labels. Then goes every word that neither the vocabulary nor the site's list
    holds. What is left is cleaned again until nothing changes.
    """
    for _ in range(_PASSES):
        made = _cleaned_once(text, known, site)
        if made == text:
            return made
        text = made
    return text if _cleaned_once(text, known, site) == text else ""


def _cleaned_once(text: str, known: KnownIdentity, site: SiteList) -> str:
    plain = plain_text(text).text.replace("_", " ")
    found = known.spans(plain, every_word=True) + identifiers(plain, sure_only=False)
    found += [Span(d.start, d.end, "date") for d in written_dates(plain)]
    refused = finder_of(frozenset(word.lower() for word in site.remove_words))
    if refused:
        found += [Span(m.start(), m.end(), "site") for m in refused.finditer(plain)]
    rest = _MORE.sub(" ", without(plain, found)).replace("^", " ")
    allowed = frozenset(word.lower() for word in site.keep_words)
    kept = [_kept(token, allowed) for token in _TOKENS.findall(rest)]
    joined = re.sub(r"\s+", " ", "".join(kept)).strip(" -,;:/.+()[]&")
    return joined if any(c.isalnum() for c in joined) else ""


def _kept(token: str, allowed: frozenset[str]) -> str:
    if re.match(rf"[{_CJK}]", token):
        return _kept_han(token, allowed)
    if not token[0].isalnum():
        return token if token.isspace() or token in _JOINTS else " "
    word = token.lower()
    if word in allowed or word in ("w/", "w/o"):
        return token
    if token in _TITLES:
        return ""
    return token if _means_something(word) else ""


def _means_something(word: str) -> bool:
    """Return whether a word in lower case is of the vocabulary, a plural of it, counted, or a measure."""
    if word in vocabulary() or _MEASURE.fullmatch(word) or word == "t2*":
        return True
    letters = _COUNTED.fullmatch(word)
    stem = letters[1] or letters[2] if letters else word
    return (stem != word and stem in vocabulary()) or (stem.endswith("s") and stem[:-1] in vocabulary())


def _kept_han(run: str, allowed: frozenset[str]) -> str:
    """Return the known words of a run of ideographs; one of one character only where no unknown one adjoins.

    A name such as 张心怡 must not leave its 心 behind.
    """
    words = han_pattern(han_vocabulary() | allowed) if allowed else han_pattern(han_vocabulary())
    matches = list(words.finditer(run))
    starts, ends = {m.start() for m in matches} | {len(run)}, {m.end() for m in matches} | {0}
    return "".join(m[0] for m in matches if len(m[0]) > 1 or (m.start() in ends and m.end() in starts))
