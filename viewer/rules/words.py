"""Words that mean anatomy or technique: PS3.16 code meanings and our own lists."""

import re
from functools import cache
from typing import Final

from viewer.resources import resource
from viewer.rules.standard import table

_LATIN_LISTS: Final = ("technique.txt", "radiology.txt")
_HAN_LISTS: Final = ("anatomy_zh.txt", "radiology_zh.txt")


def _listed(names: tuple[str, ...]) -> list[str]:
    return [w for n in names for w in resource("vocabulary", n).read_text(encoding="utf-8").split()]


@cache
def vocabulary() -> frozenset[str]:
    """Return the Latin words that descriptions may keep, in lower case."""
    return frozenset(table("vocabulary.json")) | frozenset(_listed(_LATIN_LISTS))


@cache
def han_words() -> re.Pattern[str]:
    """Return a pattern for the Chinese words that descriptions may keep, longer ones first."""
    return han_pattern(frozenset(_listed(_HAN_LISTS)))


@cache
def han_pattern(words: frozenset[str]) -> re.Pattern[str]:
    """Return a pattern for words, longer ones first."""
    return re.compile("|".join(sorted(map(re.escape, words), key=lambda w: (-len(w), w))))


@cache
def han_vocabulary() -> frozenset[str]:
    """Return the Chinese words that descriptions may keep."""
    return frozenset(_listed(_HAN_LISTS))
