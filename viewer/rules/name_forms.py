"""The ways in which a person's name is written: orders, joints, initials, ideographs and their pinyin."""

import re
from functools import lru_cache
from itertools import islice, product
from types import ModuleType
from typing import Final, NamedTuple

HAN: Final = "\u3400-\u9fff\uf900-\ufaff"
SHORTEST_LATIN: Final = 3
_HAN_NAME: Final = re.compile(f"[{HAN}]{{2,6}}")
_DOUBLE_SURNAMES: Final = frozenset(
    (
        *(
            "欧阳",
            "司马",
            "上官",
            "诸葛",
            "东方",
            "皇甫",
            "尉迟",
            "公孙",
            "慕容",
            "令狐",
            "司徒",
            "夏侯",
            "长孙",
        ),
        *(
            "宇文",
            "轩辕",
            "端木",
            "百里",
            "南宫",
            "西门",
            "独孤",
            "闻人",
            "申屠",
            "钟离",
            "呼延",
            "公冶",
            "宗政",
        ),
        *(
            "濮阳",
            "淳于",
            "单于",
            "太叔",
            "歐陽",
            "司馬",
            "諸葛",
            "東方",
            "尉遲",
            "公孫",
            "長孫",
            "軒轅",
            "南宮",
        ),
        *("西門", "鍾離"),
    )
)
_JOINTS: Final = (" ", "^", "", ", ", ",", "_", "-", ".")
_READINGS: Final = 6
"""Pronunciations that are looked for where a character has several."""


class NameForms(NamedTuple):
    """`phrases`: the name as a whole; `words`: single parts; in lower case."""

    phrases: frozenset[str]
    words: frozenset[str]


@lru_cache(maxsize=512)
def name_forms(name: str) -> NameForms:
    """Return the forms of a person name with `=` groups and `^` components (PS3.5 6.2.1)."""
    phrases: set[str] = set()
    words: set[str] = set()
    lowered = name.lower()
    same = len(lowered) == len(name)  # İ becomes two characters, which no pattern matches with one
    for group in {part for form in {lowered, lowered if same else name} for part in form.split("=") if part}:
        parts = [p.strip(" \0") for p in re.split(r"[\^,;\s·・]+", group) if p.strip(" \0")]
        words.update(p for p in parts if len(p) > 1)
        phrases.update(_joined(parts))
        phrases.update(_with_initials(parts))
        if len(parts) == 1 and _HAN_NAME.fullmatch(parts[0]):
            words.update(w for w in _split_han(parts[0]) if len(w) > 1)
        for spelling in _pinyin(parts):
            phrases.update(_joined(spelling))
            phrases.update(_with_initials(spelling))
    return NameForms(frozenset(p for p in phrases if is_long_enough(p)), frozenset(words))


def is_long_enough(text: str) -> bool:
    """Return whether a text is long enough to mean a person wherever it stands."""
    return len(text) >= (SHORTEST_LATIN if text.isascii() else 2)


def _joined(parts: list[str]) -> set[str]:
    if len(parts) < 2:
        return set()
    orders = [parts, parts[::-1], parts[:2], parts[1::-1]]
    return {joint.join(order) for order in orders for joint in _JOINTS}


def _with_initials(parts: list[str]) -> set[str]:
    """Return such forms as `J. Smith`, `Smith J`, `Smith JA`: the surname with the others' first letters."""
    if len(parts) < 2 or not all(part.isascii() and part[0].isalpha() for part in parts[:3]):
        return set()
    surname, given = parts[0], parts[1:3]
    if len(surname) < SHORTEST_LATIN:
        return set()
    first, all_of = given[0][0], "".join(g[0] for g in given)
    made = set()
    for letters in {first, all_of}:
        made |= {f"{letters} {surname}", f"{letters}. {surname}", f"{letters}.{surname}"}
        made |= {
            f"{surname} {letters}",
            f"{surname}, {letters}",
            f"{surname}^{letters}",
            f"{surname}_{letters}",
        }
    return made


def _split_han(name: str) -> tuple[str, str]:
    cut = 2 if name[:2] in _DOUBLE_SURNAMES and len(name) > 2 else 1
    return name[:cut], name[cut:]


def _pinyin(parts: list[str]) -> list[list[str]]:
    """Return [surname, given name] in pinyin for an ideographic name, given names joined and in two words."""
    whole = "".join(parts)
    if not _HAN_NAME.fullmatch(whole):
        return []
    surname, given = (parts[0], "".join(parts[1:])) if len(parts) > 1 else _split_han(whole)
    if not given:
        return []
    made = []
    for first, rest in islice(product(_spoken(surname), _spoken(given)), _READINGS):
        made += [["".join(first), "".join(rest)], ["".join(first), *rest]]
        made += [["".join(first), " ".join(rest)], ["".join(first), "-".join(rest)]]
    return made


def pinyin() -> ModuleType:
    """Return the pypinyin package; its dictionary takes 30 ms: only who meets such a name waits."""
    import pypinyin

    return pypinyin


def _spoken(text: str) -> list[tuple[str, ...]]:
    """Return the pronunciations of characters, without tones, ü as v and as u."""
    pypinyin = pinyin()
    syllables = pypinyin.pinyin(text, style=pypinyin.Style.NORMAL, heteronym=len(text) == 1)
    spoken = list(islice(product(*(dict.fromkeys(s) for s in syllables)), 3))
    return [
        *spoken,
        *(tuple(s.replace("v", "u") for s in one) for one in spoken if any("v" in s for s in one)),
    ]
