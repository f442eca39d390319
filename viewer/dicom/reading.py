"""In which encodings the texts of a data set really are: as declared, or as all of its bytes say together."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from viewer.dicom.charset import (
    CHINESE,
    JAPANESE,
    KANJI,
    KOREAN,
    LATIN,
    RARE_KANJI,
    TEXTS,
    UNDECLARED,
    UTF8,
    declared_by,
    decoded,
)
from viewer.dicom.elements import (
    CONVERSION_ERRORS,
    Element,
    character_set,
    dictionary_vr,
    items_fit,
    raw_elements,
)
from viewer.dicom.evidence import decodes, is_utf8, plain_encoding
from viewer.dicom.iso2022 import ESCAPE, escapes_in, undesignated

_ALIKE: Final = frozenset((LATIN, "iso8859_2", "iso8859_3", "iso8859_4", "iso8859_9", "iso8859_15"))
"""Sets of Latin letters, whose words East Asian bytes do not look like."""
_RAW_OF: Final = {KANJI: JAPANESE, RARE_KANJI: JAPANESE}
"""What writers leave the escapes out of."""
_DEEPEST: Final = 32
_ITEM: Final = b"\xfe\xff\x00\xe0"
_FRAME: Final = re.compile(rb"\xfe\xff[\x00\x0d\xdd]\xe0|\xff\xff\xff\xff")
"""What a sequence is made of besides its values, in little endian (PS3.5 7.5)."""
_LOOKED_AT: Final = TEXTS | {"SQ", "UN", None}


class State(Enum):
    """How what a file declares stands to what its bytes are."""

    DECLARED = "declared"
    UNDECLARED = "undeclared"
    MISDECLARED = "misdeclared"


@dataclass(frozen=True, slots=True)
class Reading:
    """How the texts of one level are read: Python's names of its encodings, the first one the default."""

    encodings: tuple[str, ...] = (UNDECLARED,)
    terms: tuple[str, ...] = ()
    """Values of (0008,0005) as they stand in the file."""
    state: State = State.DECLARED
    certain: bool = True
    """False where the bytes are not what is declared, and nothing else plainly either."""

    @property
    def is_wrong(self) -> bool:
        """Return whether the bytes plainly are something else than what is declared."""
        return self.certain and self.state is not State.DECLARED


DEFAULT: Final = Reading()


def reading_of(dataset: Dataset, above: Reading = DEFAULT) -> Reading:
    """Return how the texts of a data set or item are read (PS3.3 C.12.1.1.2).

    An item without a Specific Character Set of its own is read like what it stands in. All texts that one
    declaration covers are looked at together: one value alone often fits several encodings.
    """
    terms = character_set(dataset)
    if terms is None and above is not DEFAULT:
        return above
    return judged(list(beyond_ascii(dataset)), terms or ())


def not_plain(values: Iterable[bytes]) -> list[bytes]:
    """Return those of some texts that are not plain ASCII (escapes are not), without their padding."""
    return [value.rstrip(b" \0") for value in values if not is_plain(value)]


def is_plain(value: bytes) -> bool:
    """Return whether bytes are ASCII without escapes: the same text in every set."""
    return value.isascii() and ESCAPE not in value


def judged(values: Sequence[bytes], terms: tuple[str, ...]) -> Reading:
    """Return how these values are read, which are not plain ASCII (escapes count as not plain)."""
    if not values:
        return Reading(declared_by(terms).encodings, terms)
    extended = [value for value in values if ESCAPE in value]
    plain = [value for value in values if ESCAPE not in value]
    made = _plain(plain, terms)
    asked = sorted(set().union(*map(escapes_in, extended)) - set(made.encodings) - {""}) if extended else []
    if not asked:
        return made
    undeclared = declared_by(terms).encodings == (UNDECLARED,)
    state = State.UNDECLARED if undeclared else State.MISDECLARED
    bare = b"".join(map(undesignated, extended))
    if not bare:
        return Reading((*made.encodings, *asked), terms, state, made.certain)
    kana = not plain and all(0xA1 <= letter <= 0xDF for letter in bare)
    if kana and not {KANJI, RARE_KANJI}.isdisjoint(asked):
        return Reading((JAPANESE, *asked), terms, state)
    return Reading((*made.encodings, *asked), terms, state, certain=False)


def _plain(values: Sequence[bytes], terms: tuple[str, ...]) -> Reading:
    """Return how values without escapes are read."""
    encodings, legal = declared_by(terms)
    first = encodings[0]
    right = Reading(encodings, terms, State.DECLARED if legal else State.MISDECLARED)
    wrong = State.UNDECLARED if encodings == (UNDECLARED,) else State.MISDECLARED
    if not values:
        return right
    better = _better(values, encodings)
    if better:
        return Reading((better, *encodings[1:]), terms, wrong)
    if first not in (UNDECLARED, KANJI, RARE_KANJI) and decodes(values, first):
        return right
    return Reading(encodings, terms, wrong, certain=False)


def _better(values: Sequence[bytes], encodings: tuple[str, ...]) -> str:
    """Return the encoding that the bytes plainly are in, an empty text where the declared one is as good."""
    first = encodings[0]
    if first in (UTF8, CHINESE, KOREAN, "big5"):
        if first != UTF8 and is_utf8(values, east_asian=True):
            return UTF8
        return "" if decodes(values, first) else plain_encoding(values)
    if first == JAPANESE:
        return _instead_of_kana(values)
    hints = [_RAW_OF.get(codec, codec) for codec in encodings]
    if first in (UNDECLARED, KANJI, RARE_KANJI):
        return plain_encoding(values, hints) or _hinted(values, hints)
    if first in _ALIKE:
        return plain_encoding(values, hints)
    return UTF8 if is_utf8(values) and sum(map(_high, values)) > 3 else ""


def _high(value: bytes) -> int:
    return sum(letter > 0x7F for letter in value)


def _instead_of_kana(values: Sequence[bytes]) -> str:
    """Return what bytes are under ISO_IR 13: one byte each of kana, or else of something that is not said."""
    if all(letter < 0x80 or 0xA1 <= letter <= 0xDF for value in values for letter in value):
        return ""
    plain = UTF8 if is_utf8(values, east_asian=True) else plain_encoding(values)
    return plain or (JAPANESE if decodes(values, JAPANESE) else "")


def _hinted(values: Sequence[bytes], hints: Sequence[str]) -> str:
    """Return the extension that is declared and was used without its escapes."""
    others = [codec for codec in dict.fromkeys(hints) if _is_one_byte(codec) and decodes(values, codec)]
    return others[0] if len(others) == 1 else ""


def _is_one_byte(codec: str) -> bool:
    return codec == LATIN or (codec.startswith("iso8859") and codec != UNDECLARED)


def vr_of(tag: int, element: Element) -> str:
    """Return the VR that an element is written with, the dictionary's where it says none."""
    vr = element.VR
    return str(vr) if vr is not None and vr != "UN" else dictionary_vr(tag)


def beyond_ascii(dataset: Dataset, depth: int = 0) -> Iterator[bytes]:
    """Yield the texts that the declaration of a level covers and that are not plain ASCII.

    Private sequences are not looked into.
    """
    for tag, element in raw_elements(dataset):
        value, vr = element.value, element.VR
        if vr not in _LOOKED_AT or (isinstance(value, bytes) and _holds_none(value)):
            continue
        vr = vr_of(tag, element)
        if vr == "SQ" and not tag & 0x10000 and depth < _DEEPEST:
            for item in items_at(dataset, tag, element):
                if character_set(item) is None:
                    yield from beyond_ascii(item, depth + 1)
        elif vr in TEXTS and isinstance(value, bytes):
            yield value.rstrip(b" \0")


def _holds_none(value: bytes) -> bool:
    """Return whether a text has no letter beyond ASCII, nor a short sequence besides its frame."""
    if value.isascii():
        return ESCAPE not in value
    return value.startswith(_ITEM) and is_plain(_FRAME.sub(b"", value))


def items_at(dataset: Dataset, tag: int, element: Element) -> Sequence[Dataset]:
    """Return the items of a sequence, none where pydicom would have to guess at them."""
    if isinstance(element, RawDataElement) and not items_fit(element):
        return ()
    try:
        value = dataset[tag].value
    except CONVERSION_ERRORS:
        return ()
    return [item for item in value if isinstance(item, Dataset)] if isinstance(value, Sequence) else ()


def decode_text(value: bytes, terms: Sequence[str], *, is_name: bool = False) -> str:
    """Return the text of one value on its own for display; nothing is raised and nothing is stripped.

    Where the declared set is wrong or missing and the bytes plainly are something else, this wins.
    """
    reading = judged(not_plain([value]), tuple(terms))
    return decoded(value, reading.encodings, is_name=is_name)
