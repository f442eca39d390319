"""Which JPEG frames are checked block by block, and what their components must hold in a region."""

import struct
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from viewer.release.verify_fill import Ground, allowed
from viewer.release.verify_jpeg import jpeg_problem
from viewer.release.verify_shapes import Filled

_RECOMPRESSION: Final = "1.2.840.10008.1.2.4.111"
_DCT: Final = (0xC0, 0xC1, 0xC2)


def jpeg_of(dataset: Dataset, data: bytes) -> bytes | None:
    """Return the JPEG stream of coefficients that a frame is, also packed as JPEG XL; None for others."""
    if dataset.file_meta.TransferSyntaxUID == _RECOMPRESSION:
        data = bytes(imagecodecs.jpegxl_decode_jpeg(data))  # type: ignore[call-arg]
    return data if data[:2] == b"\xff\xd8" and _frame(data)[0] in _DCT else None


def _frame(data: bytes) -> tuple[int, bytes, str]:
    """Return the marker and body of the frame header, and what markers before it say of colours."""
    at, colours = 2, ""
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        (size,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + size]
        if marker == 0xEE and body.startswith(b"Adobe"):
            colours = "YBR" if body[11] else "RGB"
        elif marker == 0xE0 and body.startswith(b"JFIF\0"):
            colours = colours or "YBR"
        elif (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or marker == 0xF7:
            return marker, body, colours
        at += 2 + size
    raise ValueError("no frame header")


def blocks_problem(source: Dataset, old: bytes, new: bytes | None, parts: Sequence[Filled]) -> str:
    """Return what is wrong with the blocks of a changed JPEG frame as a short code, "" when nothing is."""
    if new is None:
        return "syntax-changed"
    _, body, colours = _frame(old)
    precision, components = body[0], body[5]
    fills = []
    for part in parts:
        ground = Ground(source, _photometric(source, body, colours), encapsulated=True)
        inside = _components(old, components)[part.covered] if part.blank.fill == "mean" else np.empty((0, 1))
        words = allowed(part.blank, ground, inside)
        if len(words) != components:
            return "box-not-blank"
        values = tuple(min(v % (1 << precision) for v in sample) for sample in words)
        fills.append((part.shown, values))
    mask = np.any([part.shown for part in parts], axis=0)
    return jpeg_problem(old, new, mask, fills) or ""


def _photometric(source: Dataset, body: bytes, colours: str) -> str:
    """Return what the components are: names, markers and halving tell before the data set does."""
    said = str(source.get("PhotometricInterpretation", ""))
    if body[5] != 3:
        return said
    names, factors = body[6:15:3], body[7:15:3]
    if names.upper() == b"RGB" or colours == "RGB":
        return "RGB"
    return "YBR_FULL" if colours or len(set(factors)) > 1 or said.startswith("YBR") else "RGB"


def _components(data: bytes, components: int) -> NDArray[Any]:
    """Return the components of a frame as they are: (rows, columns, components)."""
    try:
        image = Image.open(BytesIO(data))
        image.draft("YCbCr" if components == 3 else "L", None)
        samples = np.asarray(image)
        if components == 3 and image.mode != "YCbCr":
            raise ValueError("colours were converted")
    except (OSError, ValueError):
        space: dict[str, Any] = {"colorspace": "YCBCR", "outcolorspace": "YCBCR"} if components == 3 else {}
        samples = np.asarray(imagecodecs.jpeg8_decode(data, **space))
    return samples.reshape(*samples.shape[:2], -1)
