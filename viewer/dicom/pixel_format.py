"""The image pixel module of one instance, read with distrust: what its header says of its pixel data."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from viewer.dicom.codecs import SYNTAXES
from viewer.dicom.elements import CONVERSION_ERRORS, converted
from viewer.dicom.errors import Unsupported
from viewer.dicom.pixel_value import InMemory, PixelValue
from viewer.dicom.streams import Stream

PIXEL_DATA: Final = 0x7FE00010
FLOATS: Final = {0x7FE00008: 32, 0x7FE00009: 64}
"""Float and Double Float Pixel Data and the bits of one value."""
LARGEST_FRAME: Final = 1 << 30
"""Bytes of one decoded frame; more is not allocated on the word of a header."""
_MOST_FRAMES: Final = 1 << 24
_UNDEFINED: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """The image pixel module of one instance (PS3.3 C.7.6.3) and how its pixel data are encoded.

    `planar`: 1 when uncompressed colours stand plane after plane. `swapped`: bytes change places in pairs
    (8-bit values as OW in a big endian file). `frames`: at least 1.
    """

    syntax: str
    tag: int
    encapsulated: bool
    little_endian: bool
    swapped: bool
    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str
    planar: int
    frames: int

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Return the type of stored values, in the byte order of this machine; uint8 for single bits."""
        if self.tag in FLOATS:
            return np.dtype(f"f{self.bits_allocated // 8}")
        return np.dtype(f"{'i' if self.signed else 'u'}{max(self.bits_allocated // 8, 1)}")

    @property
    def file_dtype(self) -> np.dtype[np.generic]:
        """Return the type of stored values in the byte order of the file."""
        return self.dtype.newbyteorder("<" if self.little_endian else ">")

    @property
    def halved(self) -> bool:
        """Return whether two uncompressed pixels share their chrominance (YBR_FULL_422)."""
        return not self.encapsulated and self.photometric == "YBR_FULL_422" and self.samples == 3

    @property
    def frame_bits(self) -> int:
        """Return the size of one uncompressed frame, in bits: single bits run on from frame to frame."""
        samples = 2 if self.halved else self.samples
        return self.rows * self.columns * samples * self.bits_allocated

    @property
    def data_bytes(self) -> int:
        """Return the length of uncompressed pixel data, without padding."""
        return (self.frame_bits * self.frames + 7) // 8

    def span(self, index: int) -> tuple[int, int]:
        """Return the first byte of an uncompressed frame and the one after its last."""
        return self.frame_bits * index // 8, (self.frame_bits * (index + 1) + 7) // 8


def pixel_format(dataset: Dataset) -> PixelFormat:
    """Return how the pixels of a data set are stored; the data set is not changed.

    Raises Unsupported when there are none, or when the header cannot be true.
    """
    tag = next((t for t in (PIXEL_DATA, *FLOATS) if t in dataset), None)
    if tag is None:
        raise Unsupported("It has no image.")
    syntax, little = _syntax(dataset)
    element = dataset.get_item(tag)
    bits = FLOATS.get(tag) or number(dataset, 0x00280100)
    stored = bits if tag in FLOATS else number(dataset, 0x00280101, bits)
    made = PixelFormat(
        syntax=syntax,
        tag=tag,
        encapsulated=SYNTAXES[syntax].stream is not Stream.NATIVE or _undefined_length(dataset, tag),
        little_endian=little,
        swapped=not little and bits in (1, 8) and element is not None and element.VR == "OW",
        rows=number(dataset, 0x00280010),
        columns=number(dataset, 0x00280011),
        samples=number(dataset, 0x00280002, 1),
        bits_allocated=bits,
        bits_stored=stored,
        high_bit=number(dataset, 0x00280102, stored - 1),
        signed=number(dataset, 0x00280103, 0) == 1,
        photometric=_text(dataset, 0x00280004),
        planar=number(dataset, 0x00280006, 0),
        frames=number(dataset, 0x00280008, 1) or 1,
    )
    _refuse_the_impossible(made)
    return made


def _refuse_the_impossible(made: PixelFormat) -> None:
    widths = (FLOATS[made.tag],) if made.tag in FLOATS else (1, 8, 16, 32)
    sensible = (
        0 < made.rows <= 65535
        and 0 < made.columns <= 65535
        and made.samples in (1, 3)
        and made.bits_allocated in widths
        and made.bits_stored - 1 <= made.high_bit < made.bits_allocated
        and made.bits_stored > 0
        and made.frames <= _MOST_FRAMES
        and made.planar in (0, 1)
    )
    if not sensible:
        raise Unsupported(
            "What it says of the size and depth of its image cannot be true or is not supported."
        )
    if made.frame_bits > 8 * LARGEST_FRAME:
        raise Unsupported("One frame of its image is larger than this program can hold.")


def _syntax(dataset: Dataset) -> tuple[str, bool]:
    """Return (Transfer Syntax UID, whether numbers are little endian)."""
    meta = getattr(dataset, "file_meta", None)
    declared = str(meta.get("TransferSyntaxUID", "") or "") if meta is not None else ""
    little = dataset.original_encoding[1]
    if not declared:
        declared = "1.2.840.10008.1.2" if little in (True, None) else str(ExplicitVRBigEndian)
    if declared not in SYNTAXES:
        raise Unsupported("Its image is compressed or stored in a way that this program cannot read.")
    return declared, declared != ExplicitVRBigEndian if little is None else bool(little)


def _undefined_length(dataset: Dataset, tag: int) -> bool:
    element = dataset.get_item(tag)
    if isinstance(element, RawDataElement):
        return element.length == _UNDEFINED
    return bool(element is not None and element.is_undefined_length)


def _text(dataset: Dataset, tag: int) -> str:
    element = dataset.get_item(tag) if tag in dataset else None
    whole = converted(element, ["ascii"]) if element is not None else None
    return "" if whole is None or whole.value is None else str(whole.value).strip(" \0")


def number(dataset: Dataset, tag: int, missing: int = 0) -> int:
    """Return the value of an integer element; -1, which no check lets pass, when it is no integer."""
    text = _text(dataset, tag)
    if not text:
        return missing
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def pixel_bytes(dataset: Dataset, tag: int) -> bytes:
    """Return the value of a binary element as it stands in the file, without copying it.

    Raises Unsupported when there is none, or it cannot be read.
    """
    value = pixel_value(dataset, tag)
    data = value.data if isinstance(value, InMemory) else value.read(0, len(value))
    return data if isinstance(data, bytes) else bytes(data)


def pixel_value(dataset: Dataset, tag: int = PIXEL_DATA) -> PixelValue:
    """Return the value of a pixel data element as it stands in the file, in memory or not.

    Raises Unsupported when there is none, or it cannot be read.
    """
    try:
        element = dataset.get_item(tag)
    except CONVERSION_ERRORS as error:
        raise Unsupported("Its image cannot be read.") from error
    value = element.value if element is not None else None
    if isinstance(value, PixelValue):
        return value
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise Unsupported("Its image has no data.")
    return InMemory(bytes(value))
