"""A glance at a frame tells letters from speckle and bone, which are as sharp as letters are.

A small network of our own (resources/glance) answers for each cell of the sharpness map; large letters it
sees on a picture of half the size. Where it sees none, the detector, which takes fifteen times as long, is
not asked; what it is sure of and the detector does not find is a line all the same. A line of known text
stands under each picture that it gets: where the glance misses that, its answer does not count, and all that
is sharp is looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from viewer.finders.canvas import STEP, canvas, stretched
from viewer.finders.components import components
from viewer.finders.networks import GLANCE, Network, NoTextSearch, load_network
from viewer.finders.sharpness import CELL, Grey, SharpMap, halved, sharpness_of, widened
from viewer.finders.text_box import TextBox

_LETTERS, _LIKELY = 0.2, 0.8
"""From the first answer on letters may stand in a cell and in those round it, if it is the second near by."""
_LARGE, _LARGE_LIKELY = 0.5, 0.95
"""The same for large letters. On pictures of half the size more of the speckle looks like letters."""
_SURE: Final = 0.98
"""From this answer on they do."""
_CLEAR, _PALE = 1.5, 20
"""Strength from which a cell is no noise; sharpness, in 255 levels of the frame's range, below which letters
are too faint for the glance, or lie beyond that range."""
_INK: Final = 200
_SEEN: Final = 0.7
"""Share of the cells with letters of the known line that has to be seen."""
_CELLS, _FILLED, _LONG, _HIGH = 4, 0.6, 1.6, 6
"""Cells of a line at least, their share of its box, how many times as long as high it is, and its height in
cells at most."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a glance tells: the sharpness of a frame, 0 where no letters are, and lines that it is sure of.

    `letters`: cells in which it sees some; `pale`: sharp ones that stay because they lose their contrast in
    the range of the frame. Both are None without an answer.
    """

    found: SharpMap
    lines: tuple[TextBox, ...] = ()
    letters: NDArray[np.bool_] | None = None
    pale: NDArray[np.bool_] | None = None


class Glance:
    """Owns the small network. A second thread may use the same one."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @classmethod
    def load(cls, *, threads: int = 2) -> "Glance":
        """Return a glance with the installed network; raises NoTextSearch, also when it misses its sample."""
        made = cls(load_network(GLANCE, threads=threads))
        if made._likely(np.full((STEP, STEP), 128, np.uint8)) is None:
            raise NoTextSearch("The search for text in the pixels does not find its own sample.")
        return made

    def at(self, grey: Grey, found: SharpMap) -> Glimpse:
        """Return what is seen on a frame, (rows, columns), of that sharpness.

        Films stay as they are: little of them is sharp. Raises NoTextSearch when the network cannot be run.
        """
        if found.coarse is not None:
            return Glimpse(found)
        pixels = stretched(grey, found.darkest, found.brightest, found.level)
        even = np.pad(pixels, [(0, side % 2) for side in pixels.shape], mode="edge")
        likely, large = self._likely(pixels), self._likely(halved(even).astype(np.uint8))
        if likely is None or large is None:
            return Glimpse(found)
        rows, columns = found.strength.shape
        likely = likely[:rows, :columns]
        letters = _letters(likely, _LETTERS, _LIKELY)
        letters |= _letters(large, _LARGE, _LARGE_LIKELY).repeat(2, 0).repeat(2, 1)[:rows, :columns]
        sharp = found.strength > 1
        faint = (found.strength > _CLEAR) & (sharpness_of(pixels) < _PALE)
        pale = sharp & (widened(faint.astype(np.float32)) > 0)
        strength = np.where(letters | pale, found.strength, np.float32(0))
        lines = tuple(_lines(likely, sharp, grey.shape))
        return Glimpse(replace(found, strength=strength), lines, letters, pale)

    def _likely(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Return for each cell how likely letters stand in it, None when the sample is missed."""
        made = canvas([pixels])
        likely = self._network.at(made.pixels)
        lines = STEP // CELL
        ink = made.pixels[made.height :].reshape(lines, CELL, -1, CELL).max(axis=(1, 3)) > _INK
        seen = likely[-lines:][ink] > _LETTERS
        return likely[:-lines] if seen.sum() >= max(1, _SEEN * seen.size) else None


def _letters(likely: NDArray[np.float32], least: float, most: float) -> NDArray[np.bool_]:
    """Return cells that are, or lie beside, `least` likely letters, near others that are `most` likely so."""
    wide = widened(likely)
    letters: NDArray[np.bool_] = wide > least
    parts = components(letters)
    unlikely = np.array(
        [wide[y0:y1, x0:x1].max() < most for x0, y0, x1, y1 in parts.boxes.tolist()], np.bool_
    )
    runs = unlikely[parts.owners]
    for row, start, stop in zip(parts.rows[runs], parts.starts[runs], parts.stops[runs], strict=True):
        letters[row, start:stop] = False
    return letters


def _lines(
    likely: NDArray[np.float32], sharp: NDArray[np.bool_], shape: tuple[int, ...]
) -> Iterator[TextBox]:
    """Yield the lines that are sure, as far as they are sharp: cells beside letters are sure too."""
    parts = components(likely > _SURE)
    for (x0, y0, x1, y1), size in zip(parts.boxes.tolist(), parts.sizes().tolist(), strict=True):
        long, high = max(x1 - x0, y1 - y0), min(x1 - x0, y1 - y0)
        inside = sharp[y0:y1, x0:x1]
        if (
            size < max(_CELLS, _FILLED * long * high)
            or long < _LONG * high
            or high > _HIGH
            or not inside.any()
        ):
            continue
        down, across = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        box = TextBox(
            (x0 + int(across[0])) * CELL, (y0 + int(down[0])) * CELL,
            (x0 + int(across[-1]) + 1) * CELL, (y0 + int(down[-1]) + 1) * CELL, _SURE,
        )  # fmt: skip
        yield box.clipped(shape[0], shape[1]) or box
