"""Overlay planes (60xx): where they lie over the image, their bits, boxes cleared in them (PS3.3 C.9.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.decisions import Blank
from viewer.dicom.elements import converted
from viewer.dicom.errors import Unsupported
from viewer.dicom.frames import byte_pairs_swapped, decode_frame
from viewer.dicom.pixel_format import LARGEST_FRAME, PixelFormat, number, pixel_bytes, pixel_format
from viewer.pixels.strokes import SHAPES, strokes
from viewer.pixels.unused_bits import has_spare_bits

GROUPS: Final = tuple(range(0x6000, 0x6020, 2))
_UNREADABLE: Final = "An overlay over the image cannot be read."


@dataclass(frozen=True, slots=True)
class Plane:
    """An overlay with data of its own. `top`, `left`: 0-based place of its corner in the image.

    `first`: 0-based image frame of its first frame; None when one drawing lies over every frame.
    `bits`: uint8 0 or 1, (frames, rows, columns).
    """

    group: int
    top: int
    left: int
    first: int | None
    bits: NDArray[np.uint8]
    swapped: bool


def plane(dataset: Dataset, group: int) -> Plane:
    """Return the overlay of a group such as 0x6000; raises Unsupported when it cannot be read exactly."""
    tag = group << 16
    rows, columns = number(dataset, tag | 0x10), number(dataset, tag | 0x11)
    frames, first = number(dataset, tag | 0x15, 1), number(dataset, tag | 0x51, 1)
    sensible = 0 < rows <= 65535 and 0 < columns <= 65535 and frames >= 1 and first >= 1
    plain = number(dataset, tag | 0x100, 1) == 1 and number(dataset, tag | 0x102, 0) == 0
    count = rows * columns * frames
    if not (sensible and plain) or count > LARGEST_FRAME:
        raise Unsupported(_UNREADABLE)
    element = dataset.get_item(tag | 0x3000)
    swapped = dataset.original_encoding[1] is False and element is not None and element.VR == "OW"
    data = pixel_bytes(dataset, tag | 0x3000)
    if 8 * len(data) < count:
        raise Unsupported(_UNREADABLE)
    if swapped:
        data = byte_pairs_swapped(data)
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=count, bitorder="little")
    top, left = _origin(dataset, tag | 0x50)
    alone = frames == 1 and tag | 0x15 not in dataset
    return Plane(group, top, left, None if alone else first - 1, bits.reshape(frames, rows, columns), swapped)


def _origin(dataset: Dataset, tag: int) -> tuple[int, int]:
    """Return row and column of the first bit, 0-based; the standard counts from 1 (60xx,0050)."""
    whole = converted(dataset.get_item(tag), ["ascii"]) if tag in dataset else None
    try:
        row, column = (int(v) for v in whole.value) if whole is not None else (1, 1)
    except (TypeError, ValueError) as error:
        raise Unsupported(_UNREADABLE) from error
    return row - 1, column - 1


def cleaned(overlay: Plane, made: PixelFormat, blanks: Iterable[Blank]) -> bytes:
    """Return the value of Overlay Data without what lies in boxes, outside the image or on no frame of it.

    Nobody can have seen what lies outside. A drawing over every frame loses the boxes of every frame.
    """
    kept = np.zeros_like(overlay.bits)
    of_frame = strokes([blank for blank in blanks if blank.shape in SHAPES], made)
    for index, bits in enumerate(overlay.bits):
        frame = None if overlay.first is None else overlay.first + index
        if frame is not None and frame >= made.frames:
            continue
        shown = _part(overlay, 0, 0, made.columns, made.rows)
        kept[index][shown] = bits[shown]
        mine = of_frame.values() if frame is None else [of_frame.get(frame, ())]
        for (down, across), _ in chain.from_iterable({id(parts): parts for parts in mine}.values()):
            kept[index][_part(overlay, across.start, down.start, across.stop, down.stop)] = 0
    packed = np.packbits(kept, axis=None, bitorder="little").tobytes()
    packed += b"\0" * (len(packed) % 2)
    return byte_pairs_swapped(packed) if overlay.swapped else packed


def _part(overlay: Plane, left: int, top: int, right: int, bottom: int) -> tuple[slice, slice]:
    """Return the rows and columns of an overlay that lie in a box of the image."""
    rows = slice(max(top - overlay.top, 0), max(bottom - overlay.top, 0))
    return rows, slice(max(left - overlay.left, 0), max(right - overlay.left, 0))


class Drawn(IntEnum):
    """What draws at a pixel of an overlay picture."""

    NOTHING = 0
    PLANE = 1
    HIDDEN = 2
    """Unused bits of the pixel data: it never stays."""


def has_overlays(dataset: Dataset) -> bool:
    """Return whether any overlay, of its own data or in unused bits, belongs to an image."""
    return bool(_groups(dataset))


def _groups(dataset: Dataset) -> list[int]:
    return [g for g in GROUPS if any(g << 16 | part in dataset for part in (0x3000, 0x0102))]


def drawn_over(dataset: Dataset, frame: int) -> NDArray[np.uint8] | None:
    """Return where overlays draw over a frame (0-based): Drawn, (rows, columns); None where none does.

    One that cannot be read is passed over: it does not stay either.
    """
    groups = _groups(dataset)
    if not groups:
        return None
    made = pixel_format(dataset)
    drawn = np.zeros((made.rows, made.columns), np.uint8)
    for group in groups:
        try:
            if group << 16 | 0x3000 in dataset:
                _draw(drawn, plane(dataset, group), frame)
            else:
                _draw_hidden(drawn, dataset, made, number(dataset, group << 16 | 0x0102), frame)
        except Unsupported:
            continue
    return drawn if drawn.any() else None


def _draw(drawn: NDArray[np.uint8], overlay: Plane, frame: int) -> None:
    index = 0 if overlay.first is None else frame - overlay.first
    if not 0 <= index < len(overlay.bits):
        return
    rows, columns = drawn.shape
    part = overlay.bits[index][_part(overlay, 0, 0, columns, rows)]
    top, left = max(overlay.top, 0), max(overlay.left, 0)
    drawn[top : top + part.shape[0], left : left + part.shape[1]][part == 1] = Drawn.PLANE


def _draw_hidden(
    drawn: NDArray[np.uint8], dataset: Dataset, made: PixelFormat, position: int, frame: int
) -> None:
    """Draw a bit outside of Bits Stored (PS3.5 8.1.2)."""
    within = made.high_bit - made.bits_stored < position <= made.high_bit
    if made.samples != 1 or not has_spare_bits(made) or within or not 0 <= position < made.bits_allocated:
        return
    bits = decode_frame(dataset, frame).astype(np.int64) >> position & 1
    drawn[(bits == 1) & (drawn == Drawn.NOTHING)] = Drawn.HIDDEN
