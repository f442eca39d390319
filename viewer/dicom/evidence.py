"""What bytes plainly are, whatever a file declares: UTF-8, Chinese, Japanese or Korean text, or nothing."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from viewer.dicom.charset import CHINESE, JAPANESE, KOREAN, TRADITIONAL, UTF8

_HAN: Final = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA: Final = "\u3040-\u30ff"
_HANGUL: Final = "\uac00-\ud7a3"
_FULL_WIDTH: Final = (
    "\u3000-\u303f\uff00-\uff60\uffe0-\uffef\u00b7\u2014\u2018-\u201d\u2026\u2103\u00d7\u00b0\u00b1"
)
_HAN_RUN: Final = re.compile(f"[{_HAN}]+")
_KANA_RUN: Final = re.compile(f"[{_KANA}]")
_EAST_ASIAN: Final = re.compile(f"[{_HAN}{_KANA}{_HANGUL}]")
_WRITTEN: Final = re.compile(
    "[\\x00-\\x7f\u00a0-\u024f\u0300-\u036f\u0370-\u03ff\u0400-\u052f\u0590-\u06ff\u0e00-\u0e7f\u1e00-\u1fff"
    f"\u2000-\u22ff\ufb50-\ufdff\ufe70-\ufeff{_HAN}{_KANA}{_HANGUL}{_FULL_WIDTH}\uff61-\uff9f]*"
)
"""Characters of the scripts that DICOM has sets for, and of symbols in reports."""
_FEWEST: Final = 2
"""East Asian characters without which nothing is plain: two Latin letters in a row read as one."""
_LONG_KOREAN: Final = 12
"""Hangul from which on chance does not make Chinese: all of these bytes are Chinese characters too."""


class _Script(NamedTuple):
    """An encoding of two bytes per character, and the first bytes of its everyday characters."""

    codec: str
    everyday: range
    letters: str


_SIMPLIFIED: Final = _Script(CHINESE, range(0xB0, 0xD8), _HAN)
_SHIFTED: Final = _Script(JAPANESE, range(0x88, 0x99), _HAN + _KANA)
_BIG: Final = _Script(TRADITIONAL, range(0xA4, 0xC7), _HAN)


def plain_encoding(values: Sequence[bytes], hints: Sequence[str] = ()) -> str:
    """Return the encoding that all of these values plainly are in, an empty text when it cannot be told.

    `values` hold bytes above 0x7F; `hints` are encodings that the file names, though not for these bytes.
    """
    if is_utf8(values):
        return UTF8
    for hint in hints:
        if hint == KOREAN and _is_korean(values, 1):
            return KOREAN
    if _is_korean(values, _LONG_KOREAN):
        return KOREAN
    for script in (_SIMPLIFIED, _SHIFTED, _BIG):
        if _is_in(script, values):
            return script.codec
    return ""


def is_utf8(values: Sequence[bytes], *, east_asian: bool = False) -> bool:
    """Return whether all values are UTF-8 in known scripts; the last character of one may be cut off.

    `east_asian` asks for one such character at least, where the bytes of others are common in the set that
    is declared.
    """
    read = [_as_utf8(value) for value in values]
    if any(text is None or not _WRITTEN.fullmatch(text) for text in read):
        return False
    beyond = "".join(letter for text in read for letter in text or "" if letter > "\x7f")
    return bool(_EAST_ASIAN.search(beyond)) if east_asian else bool(beyond)


def _as_utf8(value: bytes) -> str | None:
    try:
        return value.decode(UTF8)
    except UnicodeDecodeError as error:
        cut_off = error.reason == "unexpected end of data" and error.start > 2
        return value[: error.start].decode(UTF8) if cut_off else None


def decodes(values: Sequence[bytes], encoding: str) -> bool:
    """Return whether all values are valid in an encoding and hold no control characters of C1."""
    try:
        return not any("\x7f" < letter < "\xa0" for value in values for letter in value.decode(encoding))
    except (UnicodeDecodeError, LookupError):
        return False


def _is_korean(values: Sequence[bytes], fewest: int) -> bool:
    pairs = [pair for value in values for pair in re.findall(rb"[\x80-\xff]+", value)]
    hangul = sum(len(pair) // 2 for pair in pairs)
    if hangul < fewest or any(len(pair) % 2 for pair in pairs):
        return False
    if fewest == 1:
        return all(_EAST_ASIAN.search(value.decode(KOREAN, "ignore")) for value in values) and decodes(
            values, KOREAN
        )
    return all(0xB0 <= lead <= 0xC8 for pair in pairs for lead in pair[::2]) and decodes(values, KOREAN)


def _is_in(script: _Script, values: Sequence[bytes]) -> bool:
    """Return whether all values make words in a script that Latin-1 text would not give by chance.

    `Müller` is valid GB 18030 too, but there a lone Han character stands inside a Latin word. Asked for:
    only letters of the script above ASCII, no lone one next to a Latin letter, two different ones at least,
    and half of them everyday characters.
    """
    letters: list[str] = []
    for value in values:
        text = _as_words(script, value)
        if text is None:
            return False
        letters += re.findall(f"[{script.letters}]", text)
    everyday = sum(_is_everyday(letter, script) for letter in letters)
    kana = sum(bool(_KANA_RUN.match(letter)) for letter in letters)
    if script is _BIG and sum(_is_high(letter) for letter in letters) * 3 < len(letters):
        return False
    return (kana > 0 or len(set(letters)) >= _FEWEST) and everyday * 2 + kana >= len(letters)


def _is_high(letter: str) -> bool:
    """Return whether both bytes of a Big5 character are above ASCII; `µm` is one with a plain letter."""
    return min(letter.encode(TRADITIONAL)) > 0x7F


def _as_words(script: _Script, value: bytes) -> str | None:
    try:
        text = value.decode(script.codec)
    except UnicodeDecodeError:
        return None
    if re.sub(f"[\\x00-\\x7f{script.letters}{_FULL_WIDTH}]", "", text):
        return None
    runs = re.finditer(f"[{script.letters}]+", text)
    return text if all(_stands_alone(text, run, script) for run in runs) else None


def _stands_alone(text: str, run: re.Match[str], script: _Script) -> bool:
    around = text[max(run.start() - 1, 0) : run.start()] + text[run.end() : run.end() + 1]
    in_latin_word = any(letter.isascii() and letter.isalpha() for letter in around)
    if not in_latin_word:
        return True
    of_high_bytes = script is not _SIMPLIFIED or min(run[0].encode(script.codec)) > 0x7F
    return len(run[0]) > 1 and of_high_bytes


def _is_everyday(letter: str, script: _Script) -> bool:
    pair = letter.encode(script.codec)
    if len(pair) != 2 or pair[0] not in script.everyday:
        return False
    return script is not _SIMPLIFIED or pair[1] >= 0xA1
