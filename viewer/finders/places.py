"""Which pieces of a frame go before the network."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from viewer.finders.sharpness import HALF, Grey, Piece, SharpMap, islands, pieces

_MARGIN: Final = 12
"""Pixels round sharp cells that are looked at too."""
_CANVAS: Final = 1_000_000
"""Pixels of pieces on one canvas."""
_LARGEST_CANVAS: Final = 1_200_000
_ENLARGED: Final = 480_000
"""What stands on frames of fewer pixels is enlarged as if the frame were to have so many: letters are small
there, and lie on speckle."""
_LINES_ENLARGED: Final = 800_000
"""The same for single lines."""
_LARGEST_SCALE: Final = 1.5
_BLOCK: Final = 200
"""Pixels of height from which a piece is no line of letters."""
_ROOM: Final = 100
"""Pixels of height, with what lies round them, that lines are enlarged to at most: the network does not know
letters much larger."""
_TILE, _OVERLAP = 1024, 128
_LONGEST: Final = 2000
"""Pixels of a piece's longer side: on a very long canvas the known line of text gets lost."""


def all_places(
    found: SharpMap,
    grey: Grey,
    letters: NDArray[np.bool_] | None = None,
    pale: NDArray[np.bool_] | None = None,
) -> list[Piece]:
    """Return the pieces to look at. `letters`, `pale`: what a glance told of the cells of a frame."""
    shape = grey.shape
    if found.coarse is None:
        apart = islands(found, shape, margin=_MARGIN, among=letters)
        wanted = [strip for island in apart for strip in _strips(_enlarged(island, grey.size))]
        faint = [] if pale is None or not pale.any() else pieces(found, shape, margin=_MARGIN, among=pale)
        return wanted + [replace(tile, faint=True) for piece in faint for tile in _tiles(piece)]
    sharp = pieces(found, shape, margin=_MARGIN)
    wanted = [tile for piece in sharp for tile in _tiles(piece)]
    among = ~_held(sharp, found.coarse)
    soft = pieces(found.coarse, shape, margin=2 * _MARGIN, among=among, scale=HALF)
    return wanted + [tile for piece in soft for tile in _tiles(piece)]


def _enlarged(piece: Piece, size: int) -> Piece:
    """Return a piece of a frame of so many pixels in the scale that it is looked at."""
    short, long = sorted((piece.x1 - piece.x0, piece.y1 - piece.y0))
    height = short if long > 3 * short else min(long, 1.5 * short)  # single letters are higher than wide
    block, lines = _scale(_ENLARGED, size), _scale(_LINES_ENLARGED, size)
    scale = block if height > _BLOCK else min(lines, max(1.0, _ROOM / height))
    return replace(piece, scale=scale, whole=True)


def _scale(most: int, size: int) -> float:
    return min(_LARGEST_SCALE, max(1.0, math.sqrt(most / size)))


def strongest_places(found: SharpMap, grey: Grey, most: int) -> list[Piece]:
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


def groups(wanted: Sequence[Piece]) -> list[list[Piece]]:
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


def _held(sharp: Sequence[Piece], coarse: SharpMap) -> NDArray[np.bool_]:
    """Return the cells of a coarse map that lie in pieces as a whole."""
    held = np.zeros(coarse.strength.shape, np.bool_)
    cell = coarse.cell
    for piece in sharp:
        held[-(-piece.y0 // cell) : piece.y1 // cell, -(-piece.x0 // cell) : piece.x1 // cell] = True
    return held


def _strips(piece: Piece) -> list[Piece]:
    """Return one large piece cut across its longer side into as few as canvases hold; they overlap."""
    wide = piece.x1 - piece.x0 >= piece.y1 - piece.y0
    start, end = (piece.x0, piece.x1) if wide else (piece.y0, piece.y1)
    length = end - start
    count = max(-(-piece.area // _LARGEST_CANVAS), math.ceil(length * piece.scale / _LONGEST))
    half = round(_OVERLAP / piece.scale / 2) if count > 1 else 0
    made = []
    for index in range(count):
        first = max(start, start + length * index // count - half)
        last = min(end, start + length * (index + 1) // count + half)
        made.append(replace(piece, x0=first, x1=last) if wide else replace(piece, y0=first, y1=last))
    return made


def _tiles(piece: Piece) -> list[Piece]:
    """Return a piece that is too large or long for a canvas as several; they overlap by a line's height."""
    if piece.area <= _CANVAS and max(piece.x1 - piece.x0, piece.y1 - piece.y0) * piece.scale <= _LONGEST:
        return [piece]
    tile, overlap = round(_TILE / piece.scale), round(_OVERLAP / piece.scale)
    downs = range(piece.y0, max(piece.y0 + 1, piece.y1 - overlap), tile - overlap)
    acrosses = range(piece.x0, max(piece.x0 + 1, piece.x1 - overlap), tile - overlap)
    return [
        replace(piece, x0=x, y0=y, x1=min(x + tile, piece.x1), y1=min(y + tile, piece.y1))
        for y in downs
        for x in acrosses
    ]
