"""Texts with code extensions: which bytes belong to which set, by their escapes (PS3.5 6.1.2.5, ISO 2022)."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

ESCAPE: Final = b"\x1b"
ASCII: Final = "ascii"
_KANJI: Final = "jis x 0208"
_RARE_KANJI: Final = "jis x 0212"
_KANA: Final = "jis x 0201"

_LOW: Final = {
    b"(B": ASCII,
    b"(J": ASCII,
    b"(I": _KANA,
    b"$@": _KANJI,
    b"$B": _KANJI,
    b"$(B": _KANJI,
    b"$(D": _RARE_KANJI,
}
"""What the bytes below 0x80 mean after an escape: the code element G0."""
_HIGH: Final = {
    b")I": _KANA,
    b"-A": "latin_1",
    b"-B": "iso8859_2",
    b"-C": "iso8859_3",
    b"-D": "iso8859_4",
    b"-F": "iso8859_7",
    b"-G": "iso8859_6",
    b"-H": "iso8859_8",
    b"-L": "iso8859_5",
    b"-M": "iso8859_9",
    b"-T": "iso8859_11",
    b"-b": "iso8859_15",
    b"$)A": "gb18030",
    b"$)C": "euc_kr",
}
"""What the bytes from 0x80 on mean after an escape: the code element G1."""
_FOLLOWING: Final = re.compile(rb"[\x20-\x2f]+[\x30-\x7e]|\$[@AB]")
_RESETS: Final = b"\t\n\x0c\r\\"
_RESETS_IN_NAME: Final = _RESETS + b"^="

CODECS: Final = {"jis x 0208": "iso2022_jp", "jis x 0212": "iso2022_jp_2", "jis x 0201": "shift_jis"}
"""Names for Python, of the sets that have another name here."""


class Piece(NamedTuple):
    """Bytes that are of one set; an escape is a piece without a text. `text` is None where they make none."""

    raw: bytes
    codec: str
    text: str | None

    @property
    def is_exact(self) -> bool:
        """Return whether the text, written in the same set again, gives the same bytes."""
        return self.text is not None and (not self.text or _encode(self.text, self.codec) == self.raw)


def pieces(value: bytes, initial: str, *, is_name: bool) -> list[Piece]:
    """Return a value in pieces of one set each, in order; nothing is raised.

    `initial` is Python's name of the set that holds from 0x80 on before any escape; an empty one means that
    nothing is declared there, and the last escape goes on past a delimiter.
    """
    made: list[Piece] = []
    low, high = ASCII, initial
    resets = _RESETS_IN_NAME if is_name else _RESETS
    for part in re.split(rb"(?=\x1b)", value):
        body = part
        if part.startswith(ESCAPE):
            found = _FOLLOWING.match(part, 1)
            escape = found[0] if found else b""
            known = escape in _LOW or escape in _HIGH
            low, high = _LOW.get(escape, low), _HIGH.get(escape, high)
            made.append(Piece(ESCAPE + escape, "", "" if known else None))
            body = part[1 + len(escape) :]
        for piece in _runs(body, low, high, initial, resets):
            made.append(piece)
            if _ends(piece, resets):
                low, high = ASCII, initial or high
    return made


def _runs(body: bytes, low: str, high: str, initial: str, resets: bytes) -> Iterator[Piece]:
    """Yield what stands between two escapes; a delimiter ends what was designated."""
    while body:
        if low in (_KANJI, _RARE_KANJI):
            found = re.match(rb"(?:[\x21-\x7e]{2})+", body)
        else:
            found = re.match(rb"[\x80-\xff]+|[^\x80-\xff%s]+" % re.escape(resets), body)
        size = len(found[0]) if found else 1
        raw, body = body[:size], body[size:]
        codec = high or "latin_1" if raw[0] >= 0x80 else low
        piece = Piece(raw, codec, _decode(raw, codec))
        if _ends(piece, resets):
            low, high = ASCII, initial or high
            piece = Piece(raw, ASCII, raw.decode(ASCII))
        yield piece


def _ends(piece: Piece, resets: bytes) -> bool:
    return len(piece.raw) == 1 and piece.raw in resets


def _decode(raw: bytes, codec: str) -> str | None:
    try:
        if codec == _KANJI:
            return raw.translate(_RAISED).decode("euc_jp") if len(raw) % 2 == 0 else None
        if codec == _RARE_KANJI:
            pairs = [raw[i : i + 2].translate(_RAISED) for i in range(0, len(raw), 2)]
            return b"".join(b"\x8f" + pair for pair in pairs).decode("euc_jp")
        if codec == _KANA:
            return raw.translate(_RAISED).decode("shift_jis") if _is_kana(raw) else None
        return raw.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return None


def _is_kana(raw: bytes) -> bool:
    return all(0xA1 <= letter | 0x80 <= 0xDF for letter in raw)


def _encode(text: str, codec: str) -> bytes:
    """Return the bytes of a text as they stand between escapes, empty ones where that cannot be."""
    try:
        if codec == _KANJI:
            return text.encode("euc_jp").translate(_LOWERED)
        if codec == _RARE_KANJI:
            return text.encode("euc_jp").replace(b"\x8f", b"").translate(_LOWERED)
        if codec == _KANA:
            return text.encode("shift_jis")
        return text.encode(codec)
    except UnicodeEncodeError:
        return b""


_RAISED: Final = bytes(i | 0x80 for i in range(256))
_LOWERED: Final = bytes(i & 0x7F for i in range(256))


def escapes_in(value: bytes) -> set[str]:
    """Return Python's names of the sets that the escapes of a value ask for, "" for an unknown one."""
    found = set()
    for part in value.split(ESCAPE)[1:]:
        escape = _FOLLOWING.match(part)
        known = _LOW.get(escape[0]) or _HIGH.get(escape[0]) if escape else None
        if known != ASCII:
            found.add(CODECS.get(known, known) if known else "")
    return found


def undesignated(value: bytes) -> bytes:
    """Return the bytes above 0x7F that stand before any escape says what they are."""
    head, *parts = value.split(ESCAPE)
    found = [head]
    for part in parts:
        escape = _FOLLOWING.match(part)
        if escape and escape[0] in _HIGH:
            break
        found.append(part)
    return bytes(letter for part in found for letter in part if letter > 0x7F)
