"""Texts read from pixels in the forms in which they are compared: no spaces, accents, look-alikes."""

import unicodedata
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import Levenshtein

from viewer.rules.name_forms import pinyin

_LOOK_ALIKE: Final = str.maketrans(
    {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "|": "1", "S": "5", "B": "8", "Z": "2", "G": "6"}
)
_FUZZY_FROM: Final = 6
"""Letters from which on a misreading is allowed for."""
_PER_ERROR: Final = 8


def folded(text: str) -> str:
    """Return letters and digits only, in capitals, full-width ones made plain, accents taken off."""
    apart = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).upper())
    return "".join(c for c in apart if c.isalnum())


def without_look_alikes(text: str) -> str:
    """Return a folded text in which letters that look like digits are digits: for numbers and dates only."""
    return text.translate(_LOOK_ALIKE)


def errors_allowed(needle: str) -> int:
    """Return in how many characters a folded text may be misread: one in eight, from six on."""
    return 1 + len(needle) // _PER_ERROR if len(needle) >= _FUZZY_FROM else 0


def holds(text: str, needle: str) -> bool:
    """Return whether a folded text holds a folded needle, a few misread characters allowed."""
    if needle in text:
        return True
    errors = errors_allowed(needle)
    size = len(needle)
    if not errors or len(text) < size - errors or not _shares_a_piece(text, needle, errors):
        return False
    return any(
        Levenshtein.distance(text[at : at + length], needle, score_cutoff=errors) <= errors
        for length in range(size - errors, size + errors + 1)
        for at in range(max(1, len(text) - length + 1))
    )


def _shares_a_piece(text: str, needle: str, errors: int) -> bool:
    """Return whether one of errors + 1 pieces of the needle stands in the text, as one has to."""
    step = len(needle) // (errors + 1)
    return any(needle[i * step : (i + 1) * step] in text for i in range(errors + 1))


@lru_cache(maxsize=4096)
def spoken(han: str) -> str:
    """Return Chinese characters in pinyin without tones, in capitals; homophones become equal."""
    syllables = pinyin().lazy_pinyin(han, errors="ignore")
    return "".join(syllables).upper().replace("Ü", "V")
