"""Draws identity into pixels and overlays at known places, and compares pixels before and after."""

import hashlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset
from pydicom.pixels import pixel_array

from tests.factories import put_raw
from tests.midi.checks import Check
from tests.midi.headers import Planter
from viewer.pixels.regions import Box

_NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
PIXEL_DATA = 0x7FE00010


@dataclass(frozen=True)
class Drawn:
    """A text in the pixels of every frame of an image."""

    box: Box
    text: str


def _letters(text: str, room: tuple[int, int]) -> np.ndarray | None:
    """Return a mask of letters that fits into rows and columns, None when there is no room."""
    for size in (24, 18, 12, 9):
        font = ImageFont.load_default(size)
        left, top, right, bottom = font.getbbox(text)
        width, height = int(right - left) + 4, int(bottom - top) + 4
        if height < room[0] // 2 and width < room[1] - 4:
            picture = Image.new("L", (width, height))
            ImageDraw.Draw(picture).text((2 - left, 2 - top), text, fill=255, font=font)
            return np.asarray(picture) > 100
    return None


def draw(to: Planter) -> Drawn | None:
    """Burn a name into every frame of an uncompressed image; return where, None when it cannot be done."""
    data = to.dataset
    if str(data.file_meta.TransferSyntaxUID) not in _NATIVE or PIXEL_DATA not in data:
        return None
    rows, columns, allocated = (data.get(k) or 0 for k in ("Rows", "Columns", "BitsAllocated"))
    samples, frames = int(data.get("SamplesPerPixel") or 1), int(data.get("NumberOfFrames") or 1)
    plain = data.get("PlanarConfiguration") in (None, 0) and "422" not in str(
        data.get("PhotometricInterpretation")
    )
    content = bytes(data[PIXEL_DATA].value or b"")
    size = rows * columns * samples * frames * allocated // 8
    if allocated not in (8, 16) or not plain or not 0 < size <= len(content) or len(content) > size + 1:
        return None
    text = f"{to.person.family} {to.person.identifier}"
    mask = _letters(text, (rows, columns))
    if mask is None:
        return None
    kind = "i" if data.get("PixelRepresentation") else "u"
    array = (
        np.frombuffer(content[:size], f"<{kind}{allocated // 8}")
        .reshape(frames, rows, columns, samples)
        .copy()
    )
    stored = int(data.get("BitsStored") or allocated)
    high = 2 ** (stored - 1) - 1 if kind == "i" else 2**stored - 1
    y, x = to.rng.randrange(rows - mask.shape[0]), to.rng.randrange(columns - mask.shape[1])
    area = array[:, y : y + mask.shape[0], x : x + mask.shape[1]]
    area[:, mask] = high
    put_raw(data, PIXEL_DATA, "OW" if allocated == 16 else "OB", array.tobytes() + content[size:])
    return Drawn(Box(x, y, mask.shape[1], mask.shape[0]), text)


def plant_overlay(to: Planter) -> bool:
    """Put an overlay with a name and a description into an image that has none (PS3.3 C.9.2)."""
    data = to.dataset
    if PIXEL_DATA not in data or any(tag >> 16 == 0x6000 for tag in data.keys()):  # noqa: SIM118
        return False
    rows, columns = int(data.get("Rows") or 0), int(data.get("Columns") or 0)
    mask = _letters(f"{to.person.family} {to.person.given}", (rows, columns))
    if mask is None:
        return False
    plane = np.zeros((rows, columns), bool)
    plane[: mask.shape[0], : mask.shape[1]] = mask
    bits = np.packbits(plane, axis=None, bitorder="little").tobytes()
    for tag, vr, value in (
        (0x60000010, "US", rows.to_bytes(2, "little")),
        (0x60000011, "US", columns.to_bytes(2, "little")),
        (0x60000022, "LO", f"{to.person.given} {to.person.family}".encode()),
        (0x60000040, "CS", b"G "),
        (0x60000050, "SS", b"\1\0\1\0"),
        (0x60000100, "US", b"\1\0"),
        (0x60000102, "US", b"\0\0"),
        (0x60003000, "OW", bits + b"\0" * (len(bits) % 2)),
    ):
        put_raw(data, tag, vr, value + b" " * (len(value) % 2))
    for tag in ("3000", "0022"):
        to.checks.append(Check(to.instance, f"<(6000,{tag})>", "element_absent", "", "", "dicom"))
    return True


def digest(dataset: Dataset) -> str:
    return hashlib.md5(bytes(dataset[PIXEL_DATA].value)).hexdigest()


def holds_overlay(dataset: Dataset) -> bool:
    """Return whether unused bits of the pixels are said to hold an overlay (PS3.5 8.1.2)."""
    positions = (group << 16 | 0x0102 for group in range(0x6000, 0x6100, 2))
    return any(dataset[tag].value for tag in positions if tag in dataset)


def decoded(dataset: Dataset) -> np.ndarray:
    """Return frames, rows, columns, samples as stored, without unused bits; raises what pydicom raises."""
    array = pixel_array(dataset, raw=True)
    if array.dtype.kind == "u" and dataset.BitsStored < dataset.BitsAllocated:
        array = array & array.dtype.type(2**dataset.BitsStored - 1)
    if int(dataset.get("NumberOfFrames") or 1) == 1:
        array = array[np.newaxis]
    return array if array.ndim == 4 else array[..., np.newaxis]


def is_hidden(array: np.ndarray, box: Box) -> bool:
    """Return whether nothing but one value is left in a box, in every frame."""
    part = array[:, box.y : box.y + box.height, box.x : box.x + box.width]
    return all((frame == frame[0, 0]).all() for frame in part)


def same_outside(before: np.ndarray, after: np.ndarray, box: Box | None) -> bool:
    if before.shape != after.shape:
        return False
    equal = before == after
    if before.dtype.kind == "f":
        equal |= np.isnan(before) & np.isnan(after)
    if box is not None:
        equal[:, box.y : box.y + box.height, box.x : box.x + box.width] = True
    return bool(equal.all())
