"""Other forms in which identity may stand in a file: transcribed, re-spelt, or encoded as text of bytes."""

import base64
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_HAN: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff]+")
_JOINTS: Final = re.compile(r"[-_/. ]")
_SHORTEST: Final = 6
_CERTAIN: Final = 7
"""Letters of Base64 that depend on nothing but the text itself; fewer are found by chance."""


@lru_cache(maxsize=1024)
def transcribed(name: str) -> tuple[str, ...]:
    """Return a Chinese name of two parts or more in pinyin without tones, both orders, joined and apart."""
    parts = [part for part in re.split(r"[\\^ ]+", name) if part]
    if not parts or not all(_HAN.fullmatch(part) for part in parts):
        return ()
    import pypinyin  # its dictionaries take 0.1 s: only who meets a Chinese name waits for them

    if len(parts) == 1:
        parts = [parts[0][:1], parts[0][1:]]
    spelt = ["".join(pypinyin.lazy_pinyin(part)) for part in parts if part]
    orders = (spelt, spelt[::-1]) if len(spelt) > 1 else ()
    return tuple(
        j.join(order) for order in orders for j in ("", " ", "^") if len("".join(order)) >= _SHORTEST
    )


def respelt(identifier: str) -> Iterator[str]:
    """Yield an identifier without its joints and without leading zeros, where enough of it is left."""
    plain = _JOINTS.sub("", identifier)
    for form in {plain, plain.lstrip("0"), identifier.lstrip("0")} - {identifier}:
        if len(form) >= _SHORTEST and any(letter.isdigit() for letter in form):
            yield form


def as_text_of_bytes(text: str) -> Iterator[bytes]:
    """Yield a text in hexadecimal and the middle of it in Base64 at each alignment, in lower case."""
    raw = text.encode()
    if len(raw) < _SHORTEST:
        return
    yield raw.hex().encode()
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + raw)
        first = (0, 2, 3)[shift]
        last = len(raw) + shift
        certain = coded[first : last * 8 // 6]
        if len(certain) >= _CERTAIN:
            yield certain.lower()
