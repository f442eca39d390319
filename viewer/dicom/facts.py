"""The facts that the list needs of one data set, made from the raw bytes of its elements."""

import math
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from viewer.dicom.charset import TEXTS, decoded
from viewer.dicom.reading import judged, not_plain

UNDEFINED: Final = 0xFFFFFFFF
"""The length of a value that ends with a delimiter (PS3.5 7.1.1)."""

PIXEL_DATA: Final = 0x7FE00010
PIXELS: Final = {0x7FE00008: b"OF", 0x7FE00009: b"OD", PIXEL_DATA: b"OW"}
DIRECTORY_RECORDS: Final = 0x00041220
CHARACTER_SET: Final = 0x00080005
WANTED: Final = {
    0x00041220: b"SQ",
    0x00080005: b"CS",
    0x00080008: b"CS",
    0x00080016: b"UI",
    0x00080018: b"UI",
    0x00080020: b"DA",
    0x00080060: b"CS",
    0x00080064: b"CS",
    0x00080070: b"LO",
    0x00081030: b"LO",
    0x0008103E: b"LO",
    0x00081090: b"LO",
    0x00100010: b"PN",
    0x00100020: b"LO",
    0x0020000D: b"UI",
    0x0020000E: b"UI",
    0x00200011: b"IS",
    0x00200013: b"IS",
    0x00200032: b"DS",
    0x00200037: b"DS",
    0x00280004: b"CS",
    0x00280008: b"IS",
    0x00280010: b"US",
    0x00280011: b"US",
    0x00280301: b"CS",
    0x00420012: b"LO",
}
"""The elements that the facts are made of, and the VR that PS3.6 gives them."""

_TEXTS: Final = tuple(tag for tag, vr in WANTED.items() if vr.decode() in TEXTS)

Values: TypeAlias = dict[int, bytes]


class Pixels(NamedTuple):
    """Which pixel element there is, and the byte offset and length of its value."""

    tag: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Header:
    """What the list needs of one data set. Texts are decoded and stripped, missing ones are empty."""

    sop_class_uid: str
    sop_instance_uid: str = field(repr=False)
    transfer_syntax_uid: str
    """Empty when the file does not say."""
    modality: str
    instance_number: int | None
    rows: int
    columns: int
    frames: int
    """0 without pixel data, otherwise at least 1."""
    photometric: str
    image_type: tuple[str, ...]
    conversion_type: str
    burned_in_annotation: str
    manufacturer: str = field(repr=False)
    model: str = field(repr=False)
    position: tuple[float, float, float] | None
    orientation: tuple[float, ...] | None
    pixel_offset: int | None
    """Byte offset of an uncompressed little endian (7FE0,0010) that lies wholly inside the file."""
    pixel_length: int | None
    patient_id: str = field(repr=False)
    patient_name: str = field(repr=False)
    study_uid: str = field(repr=False)
    study_date: str = field(repr=False)
    study_description: str = field(repr=False)
    series_uid: str = field(repr=False)
    series_number: int | None
    series_description: str = field(repr=False)
    media_type: str = field(default="", repr=False)
    """Of an encapsulated document (PS3.3 C.24.2)."""
    is_directory: bool = False
    """A DICOMDIR (PS3.3 F.3): an index of files, not an instance."""


def header_of(
    values: Values,
    pixels: Pixels | None,
    syntax: str,
    *,
    is_directory: bool,
    size: int,
    little: bool = True,
) -> Header:
    """Return the facts that the raw values hold; a value that makes no sense counts as missing."""
    terms = tuple(part.strip(" \0") for part in ascii_text(values.get(CHARACTER_SET, b"")).split("\\"))
    encodings = judged(not_plain(values[tag] for tag in _TEXTS if tag in values), terms).encodings

    def code(tag: int) -> str:
        return ascii_text(values.get(tag, b""))

    def text(tag: int) -> str:
        return decoded(values.get(tag, b""), encodings, is_name=WANTED[tag] == b"PN").strip(" \0")

    position = _decimals(code(0x00200032), 3)
    frames = max(_integer(code(0x00280008)) or 1, 1)
    fetchable = little and pixels is not None and _is_fetchable(pixels, syntax, size)
    return Header(
        sop_class_uid=code(0x00080016),
        sop_instance_uid=code(0x00080018),
        transfer_syntax_uid=syntax,
        modality=code(0x00080060),
        instance_number=_integer(code(0x00200013)),
        rows=_short(values.get(0x00280010, b""), little),
        columns=_short(values.get(0x00280011, b""), little),
        frames=frames if pixels and pixels.length else 0,
        photometric=code(0x00280004),
        image_type=tuple(part.strip() for part in code(0x00080008).split("\\")) if code(0x00080008) else (),
        conversion_type=code(0x00080064),
        burned_in_annotation=code(0x00280301),
        manufacturer=text(0x00080070),
        model=text(0x00081090),
        position=(position[0], position[1], position[2]) if position else None,
        orientation=_decimals(code(0x00200037), 6),
        pixel_offset=pixels.offset if pixels and fetchable else None,
        pixel_length=pixels.length if pixels and fetchable else None,
        patient_id=text(0x00100020),
        patient_name=text(0x00100010).rstrip("="),
        study_uid=code(0x0020000D),
        study_date=code(0x00080020),
        study_description=text(0x00081030),
        series_uid=code(0x0020000E),
        series_number=_integer(code(0x00200011)),
        series_description=text(0x0008103E),
        media_type=bare_type(text(0x00420012)),
        is_directory=is_directory,
    )


def _is_fetchable(pixels: Pixels, syntax: str, size: int) -> bool:
    if pixels.tag != PIXEL_DATA or pixels.length in (0, UNDEFINED) or pixels.offset + pixels.length > size:
        return False
    return syntax in ("", ImplicitVRLittleEndian, ExplicitVRLittleEndian)


def bare_type(text: str) -> str:
    """Return a media type in lower case, without parameters (RFC 2045)."""
    return text.partition(";")[0].strip(" \0").lower()


def ascii_text(value: bytes) -> str:
    """Return a value of a VR without character sets (UI, CS, DA, IS, DS), stripped of padding."""
    return value.decode("latin_1").strip(" \0")


def _integer(text: str) -> int | None:
    """Return an IS; None for anything else, several values included."""
    try:
        return int(text) if len(text) <= 12 else None
    except ValueError:
        return None


def _decimals(text: str, count: int) -> tuple[float, ...] | None:
    """Return `count` finite numbers of a DS, or None."""
    parts = text.split("\\")
    if len(parts) != count:
        return None
    try:
        numbers = tuple(float(part) for part in parts)
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _short(value: bytes, little: bool) -> int:
    """Return an US, also one that was stored as UL; 0 for anything else."""
    return int.from_bytes(value, "little" if little else "big") if len(value) in (2, 4) else 0
