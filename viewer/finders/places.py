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
_WHOLE: Final = 2_200_000
"""A frame of up to so many pixels is looked at as a whole when most of it is sharp."""
_MOST: Final = 0.8
_ENLARGED: Final = 480_000
"""Pixels that such a frame is enlarged to: the letters of small ones are small, and lie on speckle."""
_LARGEST_SCALE: Final = 1.5
_WORTH_CUTTING: Final = 0.85
"""Share of such a frame that its islands have to stay under to be looked at instead."""
_TILE, _OVERLAP = 1024, 128
_LONGEST: Final = 2000
"""Pixels of a piece's longer side: on a very long canvas the known line of text gets lost."""


def all_places(found: SharpMap, grey: Grey) -> tuple[list[Piece], bool]:
    """Return the pieces to look at, and whether they are (nearly) the whole frame, to be stretched as one."""
    rows, columns = grey.shape
    sharp = pieces(found, (rows, columns), margin=_MARGIN)
    if sum(p.area for p in sharp) > _MOST * grey.size and grey.size < _WHOLE:
        scale = min(_LARGEST_SCALE, max(1.0, math.sqrt(_ENLARGED / grey.size)))
        left, top = min(p.x0 for p in sharp), min(p.y0 for p in sharp)
        right, bottom = max(p.x1 for p in sharp), max(p.y1 for p in sharp)
        frame = Piece(left, top, right, bottom, sharp[0].strength, scale)
        apart = islands(found, (rows, columns), margin=_MARGIN, scale=scale)
        if sum(p.area for p in apart) < _WORTH_CUTTING * frame.area:
            return [strip for island in apart for strip in _strips(island)], True
        return _strips(frame), True
    wanted = [tile for piece in sharp for tile in _tiles(piece)]
    if found.coarse is not None:
        among = ~_held(sharp, found.coarse)
        soft = pieces(found.coarse, (rows, columns), margin=2 * _MARGIN, among=among, scale=HALF)
        wanted += [tile for piece in soft for tile in _tiles(piece)]
    return wanted, False


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
        made.append(replace(piece, **({"x0": first, "x1": last} if wide else {"y0": first, "y1": last})))
    return made


def _tiles(piece: Piece) -> list[Piece]:
    """Return a piece that is too large or long for a canvas as several; they overlap by a line's height."""
    if piece.area <= _CANVAS and max(piece.x1 - piece.x0, piece.y1 - piece.y0) * piece.scale <= _LONGEST:
        return [piece]
    tile, overlap = round(_TILE / piece.scale), round(_OVERLAP / piece.scale)
    downs = range(piece.y0, max(piece.y0 + 1, piece.y1 - overlap), tile - overlap)
    acrosses = range(piece.x0, max(piece.x0 + 1, piece.x1 - overlap), tile - overlap)
    return [
        Piece(x, y, min(x + tile, piece.x1), min(y + tile, piece.y1), piece.strength, piece.scale)
        for y in downs
        for x in acrosses
    ]
