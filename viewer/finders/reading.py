"""What lines of text say: pieces of a frame in front of the recogniser (PP-OCRv6 small, a CTC network)."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewer.finders.canvas import stretched
from viewer.finders.networks import RECOGNISER, Network, load_network
from viewer.finders.sharpness import Grey
from viewer.finders.text_box import TextBox

_HEIGHT: Final = 48
"""Rows of what the recogniser gets."""
_NARROWEST, _WIDEST = 96, 1600
_NARROWED: Final = 0.8
"""Lines are made so much narrower: 15 % less time, and 3 of 1,000 lines are read less well."""
_COLUMN: Final = 0.7
"""How sure a column of characters has to be to be one."""
_STANDING: Final = 1.5
"""A box so many times higher than wide is read turned, both ways."""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line of text and what it says. `sure`: 0 to 1, the mean over its characters."""

    box: TextBox
    text: str = field(repr=False)
    sure: float


class LineReader:
    """Owns the recogniser. Lines are read side by side, one by each thread: two on one line are slower."""

    def __init__(self, network: Network, *, threads: int = 1) -> None:
        self._network = network
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="read text")

    @classmethod
    def load(cls, *, threads: int = 2) -> "LineReader":
        """Return a reader with the installed network; raises NoTextSearch."""
        return cls(load_network(RECOGNISER, threads=1), threads=threads)

    @cached_property
    def _characters(self) -> NDArray[np.str_]:
        """What an answer means: 0 is no character, the last one a space."""
        return np.array(("", *self._network.characters, " "))

    def read(self, grey: Grey, boxes: Sequence[TextBox], *, level: float = 1.0) -> list[ReadLine]:
        """Return what stands in boxes of a frame. `level`: one of 255 levels of the frame's range.

        Finds that were taken for one column of characters are read apart where that is surer.
        """
        lines = self._lines(grey, boxes, level)
        for line in [line for line in lines if line.box.parts and line.sure < _COLUMN]:
            inside = [part.clipped(*grey.shape) for part in line.box.parts]
            apart = self._lines(grey, [part for part in inside if part is not None], level)
            if max((part.sure for part in apart), default=0.0) > line.sure:
                lines.remove(line)
                lines += apart
        return lines

    def _lines(self, grey: Grey, boxes: Sequence[TextBox], level: float) -> list[ReadLine]:
        order = sorted(range(len(boxes)), key=lambda at: -_length(boxes[at]))  # or one thread reads it alone
        read = self._pool.map(lambda at: self._line(grey, boxes[at], level), order)
        return [line for _, line in sorted(zip(order, read, strict=True), key=lambda pair: pair[0])]

    def _line(self, grey: Grey, box: TextBox, level: float) -> ReadLine:
        values = grey[box.y0 : box.y1, box.x0 : box.x1]
        crop = stretched(values, float(values.min()), float(values.max()), level)
        best = max((self._text(way) for way in _ways(crop)), key=lambda told: told[1])
        return ReadLine(box, *best)

    def _text(self, crop: NDArray[np.uint8]) -> tuple[str, float]:
        """Return the text of an upright line and how sure each of its characters is on average."""
        parts = [self._told(_scaled(part)) for part in _parts(crop)]
        text = " ".join(text for text, _ in parts if text)
        letters = [(len(text), sure) for text, sure in parts if text]
        total = sum(n for n, _ in letters)
        return text, sum(n * sure for n, sure in letters) / total if total else 0.0

    def _told(self, pixels: NDArray[np.float32]) -> tuple[str, float]:
        """Return the best path: repeated answers are one, and no character is between equal ones."""
        likely = self._network.run(pixels[None, None])[0]
        best = likely.argmax(axis=1)
        kept = (best != 0) & (best != np.concatenate(([-1], best[:-1])))
        sure = likely[np.flatnonzero(kept), best[kept]]
        return "".join(self._characters[best[kept]]).strip(), float(sure.mean()) if len(sure) else 0.0


def _length(box: TextBox) -> float:
    """Return how long a line is at the height that the network wants, both ways of a standing one."""
    wide, high = box.x1 - box.x0, box.y1 - box.y0
    return wide / high if high < _STANDING * wide else 2 * high / wide


def _ways(crop: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    if crop.shape[0] < _STANDING * crop.shape[1]:
        yield crop
    else:
        yield np.rot90(crop, 1)
        yield np.rot90(crop, 3)


def _parts(crop: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return a line in pieces that are not too long for the network."""
    rows, columns = crop.shape
    longest = max(1, int(_WIDEST * rows / _HEIGHT / _NARROWED))
    return [crop[:, x : x + longest] for x in range(0, columns, longest)]


def _scaled(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a line at the height that the network wants, -1 black to 1 white, padded with grey."""
    rows, columns = crop.shape
    width = max(1, min(_WIDEST, round(columns * _HEIGHT / rows * _NARROWED)))
    picture = Image.fromarray(np.ascontiguousarray(crop)).resize((width, _HEIGHT), Image.Resampling.BICUBIC)
    pixels = np.zeros((_HEIGHT, max(_NARROWEST, -(-width // 8) * 8)), np.float32)
    pixels[:, :width] = np.asarray(picture, np.float32) / 127.5 - 1
    return pixels
