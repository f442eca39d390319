"""Plants identity outside of the data set proper: preamble, file meta, comments in streams, padding."""

import struct
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence

from tests.factories import item, put_raw
from tests.midi.checks import Check
from tests.midi.headers import Planter

JPEG = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70, 80, 81))
JPEG_2000 = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 201, 202, 203))
TRAILING_PADDING = 0xFFFCFFFC


def plant_meta(to: Planter) -> None:
    """Write identity into the preamble and into the file meta information (PS3.10 7.1)."""
    meta = to.dataset.file_meta
    text = f"{to.person.given.upper()[:10]}_AE"
    meta.SourceApplicationEntityTitle = text
    meta.PrivateInformationCreatorUID = "1.2.826.0.1.3680043.99999.7"
    meta.PrivateInformation = f"{to.person.family} {to.person.identifier} ".encode()
    to.dataset.preamble = f"{to.person.given} {to.person.identifier}".encode().ljust(128, b"\0")
    for tag, value in ((16, text), (100, meta.PrivateInformationCreatorUID), (102, to.person.identifier)):
        to.checks.append(Check(to.instance, f"<(0002,{tag:04d})>", "meta_replaced", value, value, "dicom"))
    to.checks.append(Check(to.instance, "preamble", "preamble_replaced", to.person.given, "", "dicom"))


def plant_comment(to: Planter) -> bool:
    """Put a comment with identity into the first frame of a compressed image; return whether it was."""
    syntax = str(to.dataset.file_meta.TransferSyntaxUID)
    if syntax not in (*JPEG, *JPEG_2000) or "PixelData" not in to.dataset:
        return False
    number = int(to.dataset.get("NumberOfFrames") or 1)
    try:
        frames = list(generate_frames(to.dataset.PixelData, number_of_frames=number))
    except ValueError:
        return False
    text = f"Patient {to.person.given} {to.person.identifier}".encode()
    first = _with_comment_2000(frames[0], text) if syntax in JPEG_2000 else _with_comment(frames[0], text)
    if first is None:
        return False
    element = to.dataset["PixelData"]
    put_raw(to.dataset, 0x7FE00010, "OB", encapsulate([first, *frames[1:]]))
    to.dataset["PixelData"].is_undefined_length = element.is_undefined_length
    return True


def _with_comment(frame: bytes, text: bytes) -> bytes | None:
    if frame[:2] != b"\xff\xd8":
        return None
    body = text + b"\0"
    return frame[:2] + b"\xff\xfe" + struct.pack(">H", len(body) + 2) + body + frame[2:]


def _with_comment_2000(frame: bytes, text: bytes) -> bytes | None:
    if frame[:2] != b"\xff\x4f":
        return None
    at = 2
    while frame[at : at + 2] != b"\xff\x90":
        if at + 4 > len(frame) or frame[at] != 0xFF:
            return None
        at += 2 + struct.unpack(">H", frame[at + 2 : at + 4])[0]
    return frame[:at] + b"\xff\x64" + struct.pack(">HH", len(text) + 4, 1) + text + frame[at:]


def plant_icon(to: Planter) -> None:
    """Add a small picture of the image (PS3.3 F.7)."""
    icon = item(SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", Rows=8, Columns=8)
    icon.BitsAllocated, icon.BitsStored, icon.HighBit, icon.PixelRepresentation = 8, 8, 7, 0
    put_raw(icon, 0x7FE00010, "OB", f"{to.person.given:<64}".encode()[:64])
    to.dataset.add_new(0x00880200, "SQ", Sequence([icon]))
    to.checks.append(Check(to.instance, "<(0088,0200)>", "element_absent", "", "", "dicom"))


def plant_padding(to: Planter) -> None:
    """Put identity into the padding at the end of a data set (PS3.10 7.2)."""
    text = f"{to.person.given} {to.person.identifier} "
    put_raw(to.dataset, TRAILING_PADDING, "OB", text.encode() + b" " * (len(text) % 2))


def written(dataset: Dataset) -> bytes:
    """Return a data set as a file, with its preamble and meta information."""
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()
