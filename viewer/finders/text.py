"""Where text is burned into a picture: sharp pieces, stretched and packed, in front of one network.

PP-OCRv6 (DBNet family) gives for every pixel how likely it belongs to a line of text. The film is never
shrunk, and the network never sees all of it. What was not looked at is told; where the decoy is not found,
the search has failed.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from viewer.finders.canvas import Canvas, canvas, cut_out, decoy
from viewer.finders.components import components
from viewer.finders.networks import DETECTOR, Network, NoTextSearch, load_network
from viewer.finders.sharpness import Grey, Piece, SharpMap, pieces, sharp_map

_MARGIN: Final = 12
"""Pixels round sharp cells that are looked at too."""
_CANVAS: Final = 1_000_000
"""Pixels of pieces on one canvas."""
_WHOLE: Final = 2_200_000
"""A frame of up to so many pixels is looked at as a whole when most of it is sharp."""
_MOST: Final = 0.8
_TILE, _OVERLAP = 1024, 128
_SMALLEST: Final = 32
"""Sides of the smallest picture the network is asked about; smaller ones are framed."""

_PIXEL: Final = 0.25
_LINE: Final = 0.4
_GROWTH: Final = 1.8
_TALLEST: Final = 110
"""Pixels of the shorter side above which a find is an organ, not a line of text."""
_SEEN: Final = 0.3
"""Share of the decoy's letters that has to be found. Alone on a canvas 0.6 are: finds are slim."""


@dataclass(frozen=True, slots=True)
class TextBox:
    """A line of text in pixels of the frame, ends not included; `score`: 0 to 1, how sure the network is."""

    x0: int
    y0: int
    x1: int
    y1: int
    score: float = 1.0

    def moved(self, x: int, y: int) -> "TextBox":
        """Return it `x` pixels further right and `y` further down."""
        return TextBox(self.x0 + x, self.y0 + y, self.x1 + x, self.y1 + y, self.score)

    def clipped(self, rows: int, columns: int) -> "TextBox | None":
        """Return what of it lies on a frame of that size, None when nothing does."""
        x0, y0, x1, y1 = max(0, self.x0), max(0, self.y0), min(columns, self.x1), min(rows, self.y1)
        return TextBox(x0, y0, x1, y1, self.score) if x0 < x1 and y0 < y1 else None


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at one frame found. `unseen`: pieces that the time did not reach: not looked at."""

    boxes: tuple[TextBox, ...]
    unseen: tuple[Piece, ...] = ()
    looked_at: tuple[Piece, ...] = field(default=(), repr=False)
    """The pieces that the network saw; elsewhere nothing is as sharp as drawn letters."""


class TextFinder:
    """Owns the detector. One call after the other; a second thread may use the same finder."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @classmethod
    def load(cls, *, threads: int = 2) -> "TextFinder":
        """Return a finder with the installed network; raises NoTextSearch."""
        return cls(load_network(DETECTOR, threads=threads))

    def find(
        self,
        grey: Grey,
        *,
        seconds: float = math.inf,
        found: SharpMap | None = None,
        strongest: int = 0,
    ) -> Looked:
        """Return the lines of text on a picture of one frame, (rows, columns) uint8 or uint16.

        `seconds`: after these no further canvas is begun. `found`: its sharpness, when known. `strongest`:
        only about so many pixels round the sharpest marks, 0 for all. Raises NoTextSearch when the search
        does not work, which it proves each time on known text.
        """
        began = time.monotonic()
        rows, columns = grey.shape
        framed = _framed(grey)
        if found is None or framed is not grey:
            found = sharp_map(framed)
        wanted, whole = (_strongest(found, framed, strongest), False) if strongest else _wanted(found, framed)
        boxes: list[TextBox] = []
        seen: list[Piece] = []
        for group in _groups(wanted):
            if seen and time.monotonic() - began > seconds:
                break
            crops = [cut_out(framed, found, piece, whole=whole) for piece in group]
            boxes += [box.moved(group[at].x0, group[at].y0) for at, box in self.find_in(crops)]
            seen += group
        inside = (box.clipped(rows, columns) for box in boxes)
        return Looked(tuple(b for b in inside if b is not None), tuple(wanted[len(seen) :]), tuple(seen))

    def find_in(self, crops: Sequence[NDArray[np.uint8]]) -> list[tuple[int, TextBox]]:
        """Return the lines on crops that are looked at together, each with the number of its crop.

        Boxes are in pixels of their crop and may reach beyond it. Raises NoTextSearch.
        """
        made = canvas(crops)
        values = made.pixels.astype(np.float32)
        values *= 1 / 127.5
        values -= 1
        likely = self._network.run(np.broadcast_to(values, (1, 3, *values.shape)))[0, 0]
        if not _decoy_found(likely[made.height :]):
            raise NoTextSearch("The search for text in the pixels did not find its own sample.")
        return _boxes(likely, made)


def _framed(grey: Grey) -> Grey:
    down, across = (max(0, _SMALLEST - side) for side in grey.shape)
    if not down and not across:
        return grey
    last_rows, last_columns = (
        np.minimum(np.arange(n + more), n - 1) for n, more in zip(grey.shape, (down, across), strict=True)
    )
    framed: Grey = grey[last_rows][:, last_columns]
    return framed


def _wanted(found: SharpMap, grey: Grey) -> tuple[list[Piece], bool]:
    """Return the pieces to look at, and whether they are the whole frame instead."""
    rows, columns = grey.shape
    sharp = pieces(found, (rows, columns), margin=_MARGIN)
    if sum(p.area for p in sharp) > _MOST * grey.size and grey.size < _WHOLE:
        return [Piece(0, 0, columns, rows, sharp[0].strength)], True
    return [tile for piece in sharp for tile in _tiles(piece)], False


def _strongest(found: SharpMap, grey: Grey, most: int) -> list[Piece]:
    """Return pieces round the sharpest cells, of about `most` pixels together."""
    cells = max(1, most // (4 * found.cell * found.cell))
    strength = found.strength.ravel()
    least = float(np.partition(strength, -cells)[-cells]) if cells < strength.size else 0.0
    made: list[Piece] = []
    for piece in pieces(found, grey.shape, margin=_MARGIN, among=found.strength >= least):
        if made and sum(p.area for p in made) + piece.area > 2 * most:
            break
        made += _tiles(piece)
    return made


def _tiles(piece: Piece) -> list[Piece]:
    """Return a piece that is too large for a canvas as several that overlap by more than a line's height."""
    if piece.area <= _CANVAS:
        return [piece]
    downs = range(piece.y0, max(piece.y0 + 1, piece.y1 - _OVERLAP), _TILE - _OVERLAP)
    acrosses = range(piece.x0, max(piece.x0 + 1, piece.x1 - _OVERLAP), _TILE - _OVERLAP)
    return [
        Piece(x, y, min(x + _TILE, piece.x1), min(y + _TILE, piece.y1), piece.strength)
        for y in downs
        for x in acrosses
    ]


def _groups(wanted: Sequence[Piece]) -> list[list[Piece]]:
    """Return pieces in their order, as many together as a canvas is to hold."""
    made: list[list[Piece]] = []
    area = 0
    for piece in wanted:
        if not made or area + piece.area > _CANVAS:
            made.append([])
            area = 0
        made[-1].append(piece)
        area += piece.area
    return made


def _decoy_found(likely: NDArray[np.float32]) -> bool:
    line = decoy()
    letters = np.tile(line > 128, -(-likely.shape[1] // line.shape[1]))[:, : likely.shape[1]]
    return bool((likely[letters] > _PIXEL).mean() >= _SEEN) if letters.any() else False


def _boxes(likely: NDArray[np.float32], made: Canvas) -> list[tuple[int, TextBox]]:
    """Return the finds on a canvas, each on every crop that it touches, without what lies on others."""
    likely = np.ascontiguousarray(likely[: made.height])
    inside = np.zeros(likely.shape, np.bool_)
    for x0, y0, x1, y1 in made.spots:
        inside[y0:y1, x0:x1] = likely[y0:y1, x0:x1] > _PIXEL
    parts = components(inside)
    boxes = []
    for part, score in zip(parts.boxes.tolist(), parts.means(likely).tolist(), strict=True):
        x0, y0, x1, y1 = part
        wide, high = x1 - x0, y1 - y0
        grown = wide * high * _GROWTH / (2 * (wide + high))
        if min(wide, high) < 2 or score < _LINE or min(wide, high) + 2 * grown >= _TALLEST:
            continue
        spots = made.spots
        touched = (spots[:, 0] < x1) & (spots[:, 2] > x0) & (spots[:, 1] < y1) & (spots[:, 3] > y0)
        for at in np.flatnonzero(touched).tolist():
            boxes.append((at, _on_crop(part, spots[at].tolist(), grown, score)))
    return boxes


def _on_crop(part: Sequence[int], spot: Sequence[int], grown: float, score: float) -> TextBox:
    return TextBox(
        math.floor(max(part[0], spot[0]) - spot[0] - grown),
        math.floor(max(part[1], spot[1]) - spot[1] - grown),
        math.ceil(min(part[2], spot[2]) - spot[0] + grown),
        math.ceil(min(part[3], spot[3]) - spot[1] + grown),
        round(score, 3),
    )
