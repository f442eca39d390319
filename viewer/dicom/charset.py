"""Texts out of bytes and back: the sets of Specific Character Set, and names as people write them."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from viewer.dicom.iso2022 import ESCAPE, pieces

UNDECLARED: Final = "iso8859"
"""Python's name for Latin-1, pydicom's for the default repertoire, where bytes above 0x7F mean nothing."""
LATIN: Final = "latin_1"
UTF8: Final = "utf-8"
CHINESE: Final = "gb18030"
"""Decodes GB 2312 and GBK as well, both of which it contains."""
JAPANESE, KOREAN, TRADITIONAL = "shift_jis", "euc_kr", "big5"
KANJI, RARE_KANJI = "iso2022_jp", "iso2022_jp_2"
STAND_ALONE: Final = frozenset((UTF8, CHINESE, TRADITIONAL))
"""Sets without code extensions (PS3.3 Table C.12-5)."""
TEXTS: Final = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
"""VRs to which Specific Character Set applies (PS3.5 6.1.2.3)."""
ONE_VALUE: Final = frozenset(("LT", "ST", "UR", "UT"))

_BY_NUMBER: Final = {
    6: UNDECLARED,
    13: JAPANESE,
    58: CHINESE,
    87: KANJI,
    100: LATIN,
    101: "iso8859_2",
    109: "iso8859_3",
    110: "iso8859_4",
    126: "iso8859_7",
    127: "iso8859_6",
    138: "iso8859_8",
    144: "iso8859_5",
    148: "iso8859_9",
    149: KOREAN,
    159: RARE_KANJI,
    166: "iso8859_11",
    192: UTF8,
    203: "iso8859_15",
}
CODECS: Final = tuple(dict.fromkeys((UTF8, CHINESE, TRADITIONAL, *_BY_NUMBER.values())))
"""Python's names of every set that is understood."""
_LEGAL: Final = {"": UNDECLARED, "GB18030": CHINESE, "GBK": CHINESE} | {
    f"{prefix} {number}": codec
    for number, codec in _BY_NUMBER.items()
    for prefix in (
        ("ISO_IR",) if number == 192 else ("ISO 2022 IR",) if number in (58, 87, 149, 159) else
        ("ISO_IR", "ISO 2022 IR")
    )
}  # fmt: skip
"""Defined Terms of (0008,0005) (PS3.3 Tables C.12-2 to C.12-5), and ISO_IR 6 for the default."""
_NUMBERED: Final = re.compile(r"(?:ISO)? ?(?:2022)? ?(?:IR)? ?0*(\d{1,3})")
_MULTI_BYTE: Final = re.compile(r"2022.*\b(?:58|87|149|159)\b")
"""Terms that stand behind another one, be it empty: their sets have no letters but by an escape."""
_NAMED: Final = {
    "GB18030": CHINESE,
    "GBK": CHINESE,
    "ISO 2022 GBK": CHINESE,
    "GB2312": CHINESE,
    "CP936": CHINESE,
    "UTF 8": UTF8,
    "UTF8": UTF8,
    "BIG5": TRADITIONAL,
    "SHIFT JIS": JAPANESE,
    "SJIS": JAPANESE,
    "EUC KR": KOREAN,
    "ISO 8859 1": LATIN,
    "LATIN1": LATIN,
    "ASCII": UNDECLARED,
    "US ASCII": UNDECLARED,
}

_HAN: Final = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_EAST_ASIAN: Final = re.compile(f"[{_HAN}\u3040-\u30ff\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3 ]+")


class Declared(NamedTuple):
    """What the terms of Specific Character Set say: Python's names in order, the first one the default."""

    encodings: tuple[str, ...]
    is_legal: bool
    """Every term is a Defined Term, spelt as one, and they may stand together in this order."""


@lru_cache(maxsize=256)
def declared_by(terms: tuple[str, ...]) -> Declared:
    """Return what the values of (0008,0005) say, misspelt ones included (PS3.3 C.12.1.1.2)."""
    found = tuple(_encoding(term) for term in terms)
    legal = all(term.strip(" \0") in _LEGAL for term in terms)
    pairs = zip(found, terms, strict=True)
    alone = [codec for codec, term in pairs if codec in STAND_ALONE and not _MULTI_BYTE.search(term)]
    if alone:
        return Declared((alone[0],), legal and len(terms) == 1)
    if not any(found):
        return Declared((UNDECLARED,), legal)
    out_of_order = bool(_MULTI_BYTE.search(terms[0]))
    ordered = dict.fromkeys((found[0] or UNDECLARED, *filter(None, found)))
    return Declared(tuple(ordered), legal and not out_of_order)


def _encoding(term: str) -> str:
    """Return Python's name for a term, however it is spelt; an empty one where it cannot be told."""
    bare = term.strip("\0 ")
    if bare in _LEGAL:
        return _LEGAL[bare]
    plain = re.sub(r"[\s_\-]+", " ", bare.upper())
    if plain in _NAMED:
        return _NAMED[plain]
    numbered = _NUMBERED.fullmatch(plain)
    return _BY_NUMBER.get(int(numbered[1]), "") if numbered else ""


def decoded(value: bytes, encodings: Sequence[str], *, is_name: bool = False) -> str:
    """Return the text of bytes in known encodings; code extensions are followed, declared or not.

    `is_name` says that the value is a PN, whose `=` and `^` end a code extension. What cannot be decoded
    becomes U+FFFD; nothing is raised and nothing is stripped.
    """
    if ESCAPE in value:
        parts = pieces(value, _initial(encodings[0]), is_name=is_name)
        return "".join("\ufffd" * bool(p.codec) if p.text is None else p.text for p in parts)
    try:
        return value.decode(encodings[0], errors="replace")
    except LookupError:
        return value.decode(LATIN)


def proven(value: bytes, encodings: Sequence[str], *, is_name: bool = False) -> str | None:
    """Return the text of bytes if it, written in the same encoding again, gives exactly these bytes.

    None where it does not: then the bytes were not understood, and may not be written in another set.
    """
    if ESCAPE in value:
        parts = pieces(value, _initial(encodings[0]), is_name=is_name)
        exact = all(part.is_exact for part in parts)
        return "".join(part.text or "" for part in parts) if exact else None
    try:
        text = value.decode(encodings[0])
        same = text.encode(encodings[0]) == value
    except (UnicodeError, LookupError):
        return None
    return text if same else None


def _initial(encoding: str) -> str:
    """Return what bytes above 0x7F mean before any escape, an empty text for nothing."""
    if encoding in (UNDECLARED, KANJI, RARE_KANJI):
        return ""
    return "jis x 0201" if encoding == JAPANESE else encoding


def display_name(name: str) -> str:
    """Return a person name as people write it: `ZHANG^SAN=张^三` becomes `ZHANG SAN 张三`.

    Groups follow one another without repeats; East Asian components are joined without a space (PS3.5 6.2.1).
    """
    groups = [_display_group(group) for group in name.split("=")]
    return " ".join(dict.fromkeys(group for group in groups if group))


def _display_group(group: str) -> str:
    parts = [" ".join(part.split()) for part in group.split("^")]
    spaced = " ".join(part for part in parts if part)
    return spaced.replace(" ", "") if _EAST_ASIAN.fullmatch(spaced) else spaced
