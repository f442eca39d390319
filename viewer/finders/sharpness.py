"""Where a picture changes within one or two pixels, as drawn letters do and anatomy does not.

Burned-in strokes are sharp in both directions; straight edges of a collimator are so in one, and anatomy on
X-ray films in none. What is kept of films is looked at by the network, two to five parts in a hundred; of
frames it is what a glance (glance.py) leaves. Large letters with soft edges are sharp only where a film is
made smaller; they are looked at in that size.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.finders.components import components

Grey: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
"""A picture of one frame: (rows, columns), whatever its polarity."""

_Cells: TypeAlias = tuple[int, int, int, int]
"""A rectangle of cells: y0, x0, y1, x1."""

HALF: Final = 0.5
CELL: Final = 8
"""Pixels of one cell, at the scale that is looked at."""
_SMALLEST: Final = 32
"""Sides of the smallest picture that the network is asked about."""
_LARGE: Final = 1400
"""From this long side on, means of 2 x 2 pixels are looked at."""
_OVER_NOISE: Final = 2.0
"""How much sharper than the middle of the picture a cell has to be."""
_OVER_NOISE_COARSE: Final = 2.0
"""The same where a film is made smaller."""
_LOWEST: Final = 4
"""Grey levels of 255 that no cell with text stays under."""
_LONE: Final = 3
"""A single cell counts when it is so many times over the limit."""
_NEIGHBOURHOOD: Final = 16
"""Cells (each way) over which noise is taken to be alike."""


@dataclass(frozen=True, slots=True, eq=False)
class SharpMap:
    """How sharp each cell of a picture is.

    `strength`: (cells down, cells across), above 1 is sharp; `cell`: pixels of its side; `darkest`,
    `brightest`: the range of the picture; `coarse`: the same of a film made smaller.
    """

    strength: NDArray[np.float32]
    cell: int
    darkest: float
    brightest: float
    coarse: "SharpMap | None" = None

    @property
    def level(self) -> float:
        """Return one of 255 levels of the picture's range, in its own units."""
        return (self.brightest - self.darkest) / 255


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of the picture in pixels, ends not included, and its strongest cell.

    `scale`: it is looked at made so many times larger. `whole`: stretched to the range of the picture, not to
    its own. `faint`: so faint beside the rest of the picture that only what reads as text counts there.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    strength: float
    scale: float = 1.0
    whole: bool = False
    faint: bool = False

    @property
    def area(self) -> int:
        """Return the number of pixels that are looked at."""
        return int((self.x1 - self.x0) * (self.y1 - self.y0) * self.scale**2)


def sharp_map(grey: Grey) -> SharpMap:
    """Return how sharp each cell of a picture is, beside the noise round it."""
    grey = framed(grey)
    large = max(grey.shape) > _LARGE
    darkest, brightest = _range(grey)
    unit = (brightest - darkest) / 255
    if not large:
        return SharpMap(_strength(grey, unit, _OVER_NOISE), CELL, darkest, brightest)
    half = halved(grey)
    strength = _strength(halved(half), unit, _OVER_NOISE_COARSE)
    coarse = SharpMap(strength, 4 * CELL, darkest, brightest)
    return SharpMap(_strength(half, unit, _OVER_NOISE), 2 * CELL, darkest, brightest, coarse)


def framed(grey: Grey) -> Grey:
    """Return a picture whose sides are long enough to be looked at: short ones go on as they end."""
    down, across = (max(0, _SMALLEST - side) for side in grey.shape)
    if not down and not across:
        return grey
    last_rows, last_columns = (
        np.minimum(np.arange(n + more), n - 1) for n, more in zip(grey.shape, (down, across), strict=True)
    )
    longer: Grey = grey[last_rows][:, last_columns]
    return longer


def widened(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each cell the largest of it and its eight neighbours."""
    rows, columns = cells.shape
    framed = np.pad(cells, 1, mode="edge")
    wide: NDArray[np.float32] = np.maximum.reduce(
        [framed[i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    )
    return wide


def _strength(grey: Grey, unit: float, over_noise: float) -> NDArray[np.float32]:
    """Return how many times sharper each cell of a picture is than the limit at its place."""
    sharpness = sharpness_of(grey)
    middle = float(np.median(sharpness))
    lowest = max(over_noise * middle, _LOWEST * unit)
    limit = np.clip(
        over_noise * 1.1 * _noise(sharpness),
        max(_LOWEST * unit, 0.5 * lowest),
        max(2.2 * over_noise * middle, 14 * unit),
    )
    strength: NDArray[np.float32] = sharpness / limit
    return strength


def _range(grey: Grey) -> tuple[float, float]:
    if grey.dtype == np.uint8:
        return 0.0, 255.0
    low, high = np.percentile(grey[::9, ::9], (0.2, 99.8))
    return float(low), max(float(high), float(low) + 1)


def halved(grey: Grey) -> Grey:
    """Return the means of 2 x 2 pixels; an odd last row or column is left to its neighbour."""
    rows, columns = grey.shape[0] // 2 * 2, grey.shape[1] // 2 * 2
    wide = np.uint16 if grey.dtype == np.uint8 else np.uint32
    both = np.add(grey[0:rows:2], grey[1:rows:2], dtype=wide)
    four = both[:, 0:columns:2] + both[:, 1:columns:2]
    smaller: Grey = np.right_shift(four, 2).astype(grey.dtype)
    return smaller


def sharpness_of(grey: Grey) -> NDArray[np.float32]:
    """Return for each cell the smaller of its largest second differences along rows and along columns."""
    small = grey.dtype == np.uint8 or int(grey.max(initial=0)) < 8000
    values: NDArray[Any] = grey.astype(np.int16 if small else np.int32)
    twice = values[2:-2, 2:-2] * 2
    across = np.abs(twice - values[2:-2, :-4] - values[2:-2, 4:])
    down = np.abs(twice - values[:-4, 2:-2] - values[4:, 2:-2])
    return np.minimum(_largest(across, grey.shape), _largest(down, grey.shape)).astype(np.float32)


def _largest(inner: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the maximum of each cell; the two outermost rows and columns, which have no value, repeat."""
    rows, columns = shape
    to_cells = ((2, 2 + -rows % CELL), (2, 2 + -columns % CELL))
    padded = np.pad(inner, to_cells, mode="edge")
    by_row = np.maximum.reduce([padded[i::CELL] for i in range(CELL)])
    largest: NDArray[Any] = np.maximum.reduce([by_row[:, i::CELL] for i in range(CELL)])
    return largest


def _noise(sharpness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sharpness that a third of the cells round each stays under, smoothed."""
    n = _NEIGHBOURHOOD
    rows, columns = sharpness.shape
    padded = np.pad(sharpness, ((0, -rows % n), (0, -columns % n)), mode="edge")
    down, across = padded.shape[0] // n, padded.shape[1] // n
    blocks = padded.reshape(down, n, across, n).transpose(0, 2, 1, 3).reshape(down, across, n * n)
    third = int(0.35 * (n * n - 1))
    quiet = np.partition(blocks, third, axis=2)[..., third]
    framed = np.pad(quiet, 1, mode="edge")
    smooth = np.mean(
        [framed[i : i + down, j : j + across] for i in range(3) for j in range(3)], axis=0, dtype=np.float32
    )
    whole: NDArray[np.float32] = smooth.repeat(n, 0).repeat(n, 1)[:rows, :columns]
    return whole


# Pieces ----------------------------------------------------------------------------------------------


def sharp_cells(found: SharpMap, among: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Return the sharp cells: in groups of two or more, or far over the limit; gaps of one are closed.

    `among`: only these cells count.
    """
    sharp = found.strength > 1 if among is None else (found.strength > 1) & among
    parts = components(sharp)
    for box, size in zip(parts.boxes.tolist(), parts.sizes().tolist(), strict=True):
        x0, y0, x1, y1 = box
        if size < 2 and found.strength[y0, x0] <= _LONE:
            sharp[y0:y1, x0:x1] = False
    wider = sharp.copy()
    wider[:, 1:] |= sharp[:, :-1]
    wider[:, :-1] |= sharp[:, 1:]
    closed = wider.copy()
    closed[:, 1:] &= wider[:, :-1]
    closed[:, :-1] &= wider[:, 1:]
    return sharp | closed


def pieces(
    found: SharpMap,
    shape: tuple[int, ...],
    *,
    margin: int,
    among: NDArray[np.bool_] | None = None,
    scale: float = 1.0,
) -> list[Piece]:
    """Return rectangles that hold all sharp cells, grown by `margin` pixels, the strongest first."""
    cells = sharp_cells(found, among)
    return _pieces(found, shape, _rectangles(cells), margin=margin, scale=scale)


def islands(
    found: SharpMap, shape: tuple[int, ...], *, margin: int, among: NDArray[np.bool_] | None = None
) -> list[Piece]:
    """Return rectangles round sharp cells as `pieces` does, one round all that are near each other."""
    return _pieces(found, shape, _islands(sharp_cells(found, among)), margin=margin, scale=1.0)


def _pieces(
    found: SharpMap, shape: tuple[int, ...], places: Iterable[_Cells], *, margin: int, scale: float
) -> list[Piece]:
    rows, columns = shape
    made = []
    for y0, x0, y1, x1 in places:
        strength = float(found.strength[y0:y1, x0:x1].max())
        left, top = max(0, x0 * found.cell - margin), max(0, y0 * found.cell - margin)
        right, bottom = min(columns, x1 * found.cell + margin), min(rows, y1 * found.cell + margin)
        if right > left and bottom > top:
            made.append(Piece(left, top, right, bottom, strength, scale))
    return sorted(made, key=lambda p: -p.strength)


def _islands(cells: NDArray[np.bool_]) -> Iterator[_Cells]:
    """Yield rectangles round groups of set cells; groups have three empty cells or more between them."""
    near = widened(cells.astype(np.float32)) > 0
    for x0, y0, x1, y1 in components(near).boxes.tolist():
        inside = cells[y0:y1, x0:x1]
        down, across = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        yield y0 + int(down[0]), x0 + int(across[0]), y0 + int(down[-1]) + 1, x0 + int(across[-1]) + 1


_FILLED: Final = 0.3
_SMALL: Final = 6


def _rectangles(cells: NDArray[np.bool_]) -> Iterator[_Cells]:
    """Yield rectangles round all set cells, cut until they are well filled or small."""
    waiting = [(0, 0, *cells.shape)]
    while waiting:
        y0, x0, y1, x1 = waiting.pop()
        down = np.flatnonzero(cells[y0:y1, x0:x1].any(1))
        if not len(down):
            continue
        across = np.flatnonzero(cells[y0:y1, x0:x1].any(0))
        y0, y1 = y0 + int(down[0]), y0 + int(down[-1]) + 1
        x0, x1 = x0 + int(across[0]), x0 + int(across[-1]) + 1
        inside = cells[y0:y1, x0:x1]
        if inside.mean() >= _FILLED or max(inside.shape) <= _SMALL:
            yield y0, x0, y1, x1
            continue
        along, at = max((_cut(inside, 0), _cut(inside, 1)), key=lambda cut: cut[0])[1:]
        if along == 0:
            waiting += [(y0, x0, y0 + at, x1), (y0 + at, x0, y1, x1)]
        else:
            waiting += [(y0, x0, y1, x0 + at), (y0, x0 + at, y1, x1)]


def _cut(cells: NDArray[np.bool_], axis: int) -> tuple[float, int, int]:
    """Return (worth, axis, place) of the best cut: in the widest empty gap, or where least is set."""
    filled = cells.mean(1 - axis)
    length = len(filled)
    if length < 2:
        return -1.0, axis, 0
    empty = np.flatnonzero(filled == 0)
    if len(empty):
        gaps = np.split(empty, np.flatnonzero(np.diff(empty) > 1) + 1)
        widest = max(gaps, key=len)
        return 10.0 * len(widest), axis, int(widest[0] + len(widest) // 2)
    inner = filled[length // 4 : max(length // 4 + 1, 3 * length // 4)]
    return length / max(cells.shape), axis, max(1, int(np.argmin(inner)) + length // 4)
