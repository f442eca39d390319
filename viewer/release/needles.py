"""Search the bytes of a file for texts that identify: in every encoding, piece by piece where it is large."""

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from viewer.dicom.elements import raw_elements
from viewer.dicom.pixel_value import InFile, PixelValue
from viewer.dicom.reading import Reading
from viewer.release.disguises import as_text_of_bytes
from viewer.release.verify_values import windows

_SMALL_BINARY: Final = 1024
_SAFE_IN_BINARY: Final = 6
"""Bytes that a needle must have to mean something inside pixel data and other large binary values."""
_GUESSES: Final = ("utf-8", "gb18030")
_ESCAPES: Final = re.compile(rb"\x1b[\x20-\x2f]+[\x30-\x7e]")
"""Of code extensions (PS3.5 6.1.2.5): writers set them at different places."""
_AT_ONCE: Final = 52
_PADDING: Final = tuple(hashlib.sha256(bytes([i])).digest()[:12] for i in range(60))
_WINDOW: Final = 8 << 20
_OVERLAP: Final = 4096
"""Bytes; more than any text that is looked for has in any encoding."""


@dataclass(frozen=True, slots=True)
class Needle:
    """A text to look for, as it is written; `whole` demands that no letter or digit adjoins."""

    text: str = field(repr=False)
    kind: str
    whole: bool


@lru_cache(maxsize=4096)
def encoded(needle: Needle, encodings: tuple[str, ...]) -> frozenset[bytes]:
    """Return the bytes in which a needle may stand, ASCII letters lower-cased, three at least.

    Letters beyond ASCII have a byte form per case; the stream is lower-cased for ASCII only.
    The UTF-16 form of a Latin text is cut of its last zero byte, so that it fits both byte orders.
    """
    made: set[bytes] = set()
    text = needle.text
    forms = {text} if text.isascii() else {text, text.lower(), text.upper(), text.title()}
    for form in forms:
        for encoding in dict.fromkeys((*encodings, *_GUESSES)):
            try:
                written = form.encode(encoding).lower()
            except (UnicodeEncodeError, LookupError):
                continue
            made.update((written, _ESCAPES.sub(b"", written)) if b"\x1b" in written else (written,))
        if needle.kind != "date" or text.isdigit():
            made.add(form.encode("utf-16-le", "ignore").lower().removesuffix(b"\0"))
            if not text.isascii():
                made.add(form.encode("utf-16-be", "ignore").lower())
    if text.isascii() and (needle.kind == "identifier" or "^" in text):
        made.update(as_text_of_bytes(text))
    return frozenset(m for m in made if len(m) >= 3)


def matches(
    content: bytes | InFile, written: Dataset, needles: set[Needle], encodings: Sequence[str]
) -> set[Needle]:
    """Return the needles that occur in a file, short ones only outside large binary values.

    `content`: the whole file, a data set that was deflated inflated; `written`: what it reads as.
    """
    owners: dict[bytes, Needle] = {}
    for needle in sorted(needles, key=lambda n: (n.whole, n.text, n.kind)):
        for pattern in encoded(needle, tuple(encodings)):
            owners.setdefault(pattern, needle)
    long = {p: n for p, n in owners.items() if _safe_in_binary(p)}
    binary = _binary_ranges(written)
    found: set[Needle] = set()
    for start, part in windows(content, _WINDOW, _OVERLAP):
        lowered = bytes(part).lower()
        if _touched(lowered, list(owners)):
            found |= _in_window(lowered, owners, long, _clipped(binary, start, len(lowered)))
    return found


def _in_window(
    lowered: bytes,
    owners: Mapping[bytes, Needle],
    long: Mapping[bytes, Needle],
    binary: Iterable[tuple[int, int]],
) -> set[Needle]:
    found: set[Needle] = set()
    position = 0
    for low, high in [*binary, (len(lowered), len(lowered))]:
        found |= _hits(lowered, position, low, owners)
        found |= _hits(lowered, low, high, long)
        position = high
    return found


def _clipped(ranges: Iterable[tuple[int, int]], start: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of ranges that lie in a window, counted from its beginning."""
    for low, high in ranges:
        first, last = max(low - start, 0), min(high - start, size)
        if first < last:
            yield first, last


def _safe_in_binary(pattern: bytes) -> bool:
    """Return whether chance will not find a pattern in pixels; UTF-16 looks like small 16-bit samples."""
    return len(pattern) >= (2 * _SAFE_IN_BINARY - 1 if b"\0" in pattern else _SAFE_IN_BINARY)


def _touched(lowered: bytes, patterns: list[bytes]) -> bool:
    """Return whether any pattern occurs at all; the way nearly every file goes.

    Sixty patterns at once, of which some are random bytes, and leftmost matching let the library compare
    sixteen bytes per step. Fewer, or only texts in UTF-16, make it look for single rare bytes instead,
    and zero is not rare in pixels: fifty times slower.
    """
    for first in range(0, len(patterns), _AT_ONCE):
        some = patterns[first : first + _AT_ONCE]
        padded = [*some, *_PADDING[len(some) :]]
        search = BytesAhoCorasick(padded, MatchKind.LeftmostFirst, Implementation.ContiguousNFA)
        if search.find_matches_as_indexes(lowered):
            return True
    return False


def _hits(lowered: bytes, low: int, high: int, owners: Mapping[bytes, Needle]) -> set[Needle]:
    """Return the needles whose patterns occur in a part of the bytes, overlapping ones too."""
    if low >= high or not owners:
        return set()
    patterns = list(owners)
    search = BytesAhoCorasick(patterns, implementation=Implementation.ContiguousNFA)
    found = set()
    for index, start, end in search.find_matches_as_indexes(memoryview(lowered)[low:high], overlapping=True):
        needle = owners[patterns[index]]
        if not needle.whole or _stands_alone(lowered, low + start, low + end, needle):
            found.add(needle)
    return found


def _stands_alone(lowered: bytes, start: int, end: int, needle: Needle) -> bool:
    """Return whether no character of the needle's own kind adjoins: digits for dates, both for words."""
    before, after = lowered[start - 1 : start], lowered[end : end + 1]
    if needle.kind == "date":
        return not before.isdigit()
    adjoining = before + after
    if needle.kind == "UID":
        return not any(c in b"0123456789." for c in adjoining)
    return not any(c < 128 and chr(c).isalnum() for c in adjoining)


def _binary_ranges(written: Dataset) -> list[tuple[int, int]]:
    """Return (first byte, byte after the last) of every large binary value of the top level, rising."""
    found = []
    for _, element in raw_elements(written):
        if isinstance(element, RawDataElement) and isinstance(element.value, (bytes, PixelValue)):
            binary = element.VR is None or element.VR in ("OB", "OW", "OD", "OF", "OL", "OV", "UN")
            if binary and len(element.value) > _SMALL_BINARY:
                found.append((element.value_tell, element.value_tell + len(element.value)))
    return found


def inflated(content: bytes | InFile, written: Dataset) -> bytes | InFile:
    """Return a file with its data set inflated, where its transfer syntax deflates it."""
    if written.file_meta.TransferSyntaxUID != "1.2.840.10008.1.2.1.99":
        return content
    content = content if isinstance(content, bytes) else bytes(content)
    start = 144 + int(written.file_meta.FileMetaInformationGroupLength)
    return content[:start] + zlib.decompress(content[start:], -zlib.MAX_WBITS)


def count(content: bytes | InFile, needle: Needle, reading: Reading) -> int:
    """Return how often a needle occurs in a file."""
    patterns, times = encoded(needle, reading.encodings), 0
    for _, part in windows(content, _WINDOW, _OVERLAP):
        lowered = bytes(part).lower()
        last = len(lowered) if isinstance(content, bytes) else _WINDOW
        found = (m for pattern in patterns for m in re.finditer(re.escape(pattern), lowered))
        times += sum(
            m.start() < last and (not needle.whole or _stands_alone(lowered, m.start(), m.end(), needle))
            for m in found
        )
    return times
