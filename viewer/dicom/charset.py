"""Texts out of bytes: what Specific Character Set declares, or what the bytes plainly are where it errs."""

import re
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from pydicom.charset import CODES_TO_ENCODINGS, decode_bytes, python_encoding
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

_ESCAPE: Final = b"\x1b"
_LATIN: Final = "latin_1"
_UTF8: Final = "utf-8"
_CHINESE: Final = "gb18030"
"""Decodes GB 2312 and GBK as well, both of which it contains."""

_NUMBERED: Final = re.compile(r"(?:ISO)? ?(?:2022)? ?(?:IR)? ?0*(\d{1,3})")
_NAMED: Final = {
    "GB18030": _CHINESE,
    "GBK": _CHINESE,
    "ISO 2022 GBK": _CHINESE,
    "GB2312": _CHINESE,
    "CP936": _CHINESE,
    "UTF 8": _UTF8,
    "UTF8": _UTF8,
    "BIG5": "big5",
    "ISO 8859 1": _LATIN,
}
_CANONICAL: Final = {"iso8859": _LATIN, "UTF8": _UTF8, "iso_ir_58": _CHINESE, "GB2312": _CHINESE}

_HAN: Final = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_FULL_WIDTH: Final = "\u3000-\u303f\uff00-\uffef\u00b7\u2014\u2018-\u201d\u2026"
_HAN_RUN: Final = re.compile(f"[{_HAN}]+")
_LEVEL_ONE: Final = range(0xB0, 0xD8)
"""First bytes of the 3,755 everyday characters of GB 2312."""

_EAST_ASIAN: Final = re.compile(f"[{_HAN}\u3040-\u30ff\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3 ]+")
_LEFT_OVER_ESCAPE: Final = re.compile(r"\x1b(?:\$?[()\-][A-Z]|\$[A-Z])")


def decode_text(value: bytes, terms: Sequence[str], *, is_name: bool = False) -> str:
    """Return the text of a value for display, decoded by Specific Character Set (PS3.3 C.12.1.1.2).

    `terms` are the values of (0008,0005), misspelt ones included; `is_name` says that the value is a PN,
    whose `=` and `^` end a code extension and are kept. Where the declared set is wrong or missing and the
    bytes plainly are UTF-8 or GB 18030, these win, so the text must be used for showing only. What still
    cannot be decoded shows as U+FFFD; nothing is raised and nothing is stripped.
    """
    if _ESCAPE in value:
        return _decode_extended(value, terms, PN_DELIMS | {0x3D} if is_name else TEXT_VR_DELIMS)
    if value.isascii():
        return value.decode("ascii")
    return value.decode(_encoding_of(value, _encodings(tuple(terms))[0]), errors="replace")


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


@lru_cache(maxsize=256)
def _encodings(terms: tuple[str, ...]) -> tuple[str, ...]:
    """Return Python's names of the declared sets, the first of which holds where nothing else is said."""
    return tuple(_encoding(term) for term in terms) or (_LATIN,)


def _encoding(term: str) -> str:
    plain = re.sub(r"[\s_\-]+", " ", term.strip("\0 ").upper())
    if plain in _NAMED:
        return _NAMED[plain]
    numbered = _NUMBERED.fullmatch(plain)
    if not numbered:
        return _LATIN
    found = python_encoding.get(f"ISO_IR {numbered[1]}") or python_encoding.get(f"ISO 2022 IR {numbered[1]}")
    return _CANONICAL.get(found, found) if found else _LATIN


def _encoding_of(value: bytes, declared: str) -> str:
    """Return the encoding to use for bytes without escapes, some of them above 0x7F."""
    if declared == _LATIN:
        if _decoded(value, _UTF8):
            return _UTF8
        return _CHINESE if _is_chinese(value) else _LATIN
    if declared == _UTF8 and not _decoded(value, _UTF8) and _is_chinese(value):
        return _CHINESE
    if declared == _CHINESE and len(_HAN_RUN.findall(_decoded(value, _UTF8))) > 0:
        # Three bytes that are one Han character in UTF-8 are next to never text in GB 18030.
        return _UTF8
    return declared


def _decoded(value: bytes, encoding: str) -> str:
    """Return the text, or an empty one when the bytes are not valid in this encoding."""
    try:
        return value.decode(encoding)
    except UnicodeDecodeError:
        return ""


def _is_chinese(value: bytes) -> bool:
    """Return whether bytes read as GB 18030 make words that Latin-1 text would not give by chance.

    `Müller` is valid GB 18030 too, but there a lone Han character stands inside a Latin word. Asked for:
    only Han and full-width characters above ASCII, no lone one next to a Latin letter, and one everyday
    character at least.
    """
    text = _decoded(value, _CHINESE)
    beyond = re.sub(f"[\\x00-\\x7f{_HAN}{_FULL_WIDTH}]", "", text)
    if not text or beyond:
        return False
    runs = list(_HAN_RUN.finditer(text))
    return all(_stands_alone(text, run) for run in runs) and any(_is_everyday(run[0]) for run in runs)


def _stands_alone(text: str, run: re.Match[str]) -> bool:
    around = text[max(run.start() - 1, 0) : run.start()] + text[run.end() : run.end() + 1]
    in_latin_word = any(letter.isascii() and letter.isalpha() for letter in around)
    return not in_latin_word or (len(run[0]) > 1 and min(run[0].encode(_CHINESE)) > 0x7F)


def _is_everyday(run: str) -> bool:
    return any(
        len(pair) == 2 and pair[0] in _LEVEL_ONE and pair[1] >= 0xA1
        for pair in (letter.encode(_CHINESE) for letter in run)
    )


def _decode_extended(value: bytes, terms: Sequence[str], delimiters: set[int]) -> str:
    """Return a text with ISO 2022 escapes; also an undeclared set is followed."""
    first = _encodings(tuple(terms))[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = decode_bytes(value, [first, *CODES_TO_ENCODINGS.values()], delimiters)
    return _LEFT_OVER_ESCAPE.sub("", text)
