"""Pieces of a picture side by side on one canvas, above a line of known text.

The detector has layers that weigh the whole canvas. Without any text in view they light up organs; one line
of text stops that. Whether the line is found also tells, each time, that the search works: where it is not,
nothing was looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewer.finders.sharpness import HALF, Grey, Piece, SharpMap, halved
from viewer.resources import resource

STEP: Final = 32
"""Sides of what the network gets are multiples of this."""
_WIDTHS: Final = (320, 384, 480, 576, 672, 768, 864, 960, 1120, 1280, 1600)
_GREY: Final = 128
_GAP: Final = 4
"""Pixels between crops, so that the letters of one do not go on in the next."""
_FLATTEST: Final = 6
"""A piece is stretched as if it had so many of 255 levels at least: noise is not to look like text."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """`pixels`: (rows, columns) uint8, the decoy in the last STEP rows.

    `spots`: where each crop stands, (crops, 4) as x0, y0, x1, y1, ends not included.
    """

    pixels: NDArray[np.uint8]
    spots: NDArray[np.intp]

    @property
    def height(self) -> int:
        """Return the rows above the decoy."""
        return self.pixels.shape[0] - STEP


@cache
def decoy() -> NDArray[np.uint8]:
    """Return the line of known text: (STEP, columns) uint8, white on black; read-only."""
    with Image.open(resource("text", "decoy.png")) as picture:
        return np.asarray(picture.convert("L"))


def canvas(crops: Sequence[NDArray[np.uint8]]) -> Canvas:
    """Return crops of pictures, already stretched, packed as tightly as a few widths allow."""
    gap = _GAP if len(crops) > 1 else 0
    sizes = [(crop.shape[1] + gap, crop.shape[0] + gap) for crop in crops]
    # Never so narrow that the decoy is cut.
    widest = _stepped(max(decoy().shape[1], *(width for width, _ in sizes)))
    widths = {max(widest, w) for w in _WIDTHS} if len(crops) > 1 else {widest}
    width, places, height = min(
        ((w, *_packed(sizes, w)) for w in sorted(widths)), key=lambda tried: tried[0] * _stepped(tried[2])
    )
    rows = _stepped(height)
    pixels = np.full((rows + STEP, width), _GREY, np.uint8)
    line = decoy()
    pixels[rows:] = np.tile(line, -(-width // line.shape[1]))[:, :width]
    spots = np.array(
        [(x, y, x + w - gap, y + h - gap) for (x, y), (w, h) in zip(places, sizes, strict=True)], np.intp
    )
    for crop, (x0, y0, x1, y1) in zip(crops, spots.tolist(), strict=True):
        pixels[y0:y1, x0:x1] = crop
    return Canvas(pixels, spots)


def cut_out(grey: Grey, found: SharpMap, piece: Piece) -> NDArray[np.uint8]:
    """Return a piece at its scale, stretched to its own range, or to that of the picture."""
    values = grey[piece.y0 : piece.y1, piece.x0 : piece.x1]
    if piece.scale == HALF:
        values = halved(values)
    span = (found.darkest, found.brightest) if piece.whole else (float(values.min()), float(values.max()))
    crop = stretched(values, *span, found.level)
    if piece.scale <= 1:
        return crop
    size = (round(crop.shape[1] * piece.scale), round(crop.shape[0] * piece.scale))
    return np.asarray(Image.fromarray(crop).resize(size, Image.Resampling.BICUBIC))


def stretched(values: Grey, darkest: float, brightest: float, level: float) -> NDArray[np.uint8]:
    """Return values brought to 0 to 255; `level`: one of 255 levels of the picture they are from."""
    span = max(brightest - darkest, _FLATTEST * level)
    if values.dtype == np.uint8 and (darkest, span) == (0, 255):
        return values.astype(np.uint8, copy=False)
    scaled = (values.astype(np.float32) - darkest) * (255 / span)
    return np.clip(scaled, 0, 255).astype(np.uint8)


def _stepped(length: int) -> int:
    return -(-length // STEP) * STEP


def _packed(sizes: Sequence[tuple[int, int]], width: int) -> tuple[list[tuple[int, int]], int]:
    """Return where rectangles (width, height) stand on shelves of a width, and the height of all.

    What is lower than its shelf stands in columns, one above the other.
    """
    places = [(0, 0)] * len(sizes)
    columns: list[_Column] = []
    shelves: list[_Shelf] = []
    total = 0
    for index in sorted(range(len(sizes)), key=lambda i: (-sizes[i][1], -sizes[i][0])):
        wide, high = sizes[index]
        column = next((c for c in columns if c.width >= wide and c.bottom - c.top >= high), None)
        if column is None:
            shelf = next((s for s in shelves if s.height >= high and s.taken + wide <= width), None)
            if shelf is None:
                shelf = _Shelf(total, high)
                shelves.append(shelf)
                total += high
            column = _Column(shelf.taken, wide, shelf.top, shelf.top + shelf.height)
            columns.append(column)
            shelf.taken += wide
        places[index] = (column.x, column.top)
        column.top += high
    return places, total


@dataclass(slots=True)
class _Shelf:
    top: int
    height: int
    taken: int = 0


@dataclass(slots=True)
class _Column:
    """What is left of a column on a shelf: from `top` to `bottom`."""

    x: int
    width: int
    top: int
    bottom: int
