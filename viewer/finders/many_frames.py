"""Text on loops and series: a few frames in full, all others by what is sharp on them and was not before.

A loop is looked at as the median of up to ten frames, in which letters stand and speckle is gone, and as its
first frame. Of a series the first, the middle and the last image are. Every other frame is checked for marks
that are sharper than anything that stood there; those go before the network, so that late labels and moving
clocks are found.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.errors import Unsupported
from viewer.finders.canvas import cut_out
from viewer.finders.doubtful import lengthened, maybe_lines, reads_as_text
from viewer.finders.lone_marks import without_lone_marks
from viewer.finders.places import groups
from viewer.finders.reading import LineReader, ReadLine
from viewer.finders.sharpness import Grey, Piece, SharpMap, pieces, sharp_map, widened
from viewer.finders.text import Looked, NoSample, TextFinder
from viewer.finders.text_box import TextBox

SAMPLES: Final = 10
"""Frames of a loop that its median is made of."""
_NEW: Final = 1.5
"""How much sharper than before a cell has to be to be a new mark."""
_MARGIN: Final = 12
_QUICK: Final = 60_000
_TOGETHER: Final = 12
"""Frames whose new marks are looked at together."""
_FAILURES: Final = 16
"""Frames in a row that cannot be decoded, after which the rest is not tried: the count may be wrong."""
_STILL_THERE: Final = 0.5
"""Share of a line's sharpness that a frame has to have at its place, for the line to stand there too."""


class Way(Enum):
    """How frames belong together, which says how they are looked at and what a line counts for."""

    LOOP = "frames of one picture that moves: a line counts for all of them"
    SERIES = "pictures of one kind: a line counts for those that are as sharp at its place"
    EACH = "pictures that have nothing in common: each is looked at in full, a line counts for its own"


class Care(Enum):
    """How well a frame was looked at."""

    FULL = "looked at"
    MARKS = "checked for new marks"
    STRONGEST = "its strongest marks looked at"
    NOT = "not looked at"


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A line of text as it was read on one frame, and the frames (0-based) where it stands."""

    line: ReadLine
    frames: frozenset[int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FramesText:
    """The text of all frames. `care`: one for each frame; `trouble`: why some were not looked at."""

    lines: tuple[FoundLine, ...]
    care: tuple[Care, ...]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Eyes:
    """What finds and what reads."""

    finder: TextFinder
    reader: LineReader
    strongest: int = 0
    """Pixels round the sharpest marks that are looked at of each frame, 0 for all where letters may stand."""

    @classmethod
    def open(cls, *, threads: int = 2) -> "Eyes":
        """Return what finds and what reads, with their networks; raises NoTextSearch."""
        return cls(TextFinder.load(threads=threads), LineReader.load(threads=threads))

    def quick(self) -> "Eyes":
        """Return what looks at the sharpest marks only: some 20 ms for a frame."""
        return replace(self, strongest=_QUICK)

    def find(self, grey: Grey, found: SharpMap, *, seconds: float = np.inf) -> Looked:
        """Return the boxes on one frame; raises NoTextSearch."""
        return self.finder.find(grey, seconds=seconds, found=found, strongest=self.strongest)

    def lines(self, grey: Grey, *, seconds: float = np.inf) -> tuple[list[ReadLine], bool]:
        """Return the lines on one frame, and whether all of it was looked at; raises NoTextSearch."""
        found = sharp_map(grey)
        looked = self.find(grey, found, seconds=seconds)
        lines = self.read(grey, looked.boxes, found, doubtful=looked.doubtful)
        return without_lone_marks(lines, side=min(grey.shape)), not looked.unseen

    def read(
        self, grey: Grey, boxes: Sequence[TextBox], found: SharpMap, *, doubtful: Sequence[TextBox] = ()
    ) -> list[ReadLine]:
        """Return what finds on a frame say; of the doubtful ones those that read as text."""
        lines = self.reader.read(grey, boxes, level=found.level)
        maybe = maybe_lines(doubtful, boxes, *grey.shape)
        lines += filter(reads_as_text, self.reader.read(grey, maybe, level=found.level))
        return [lengthened(line, doubtful, *grey.shape) if reads_as_text(line) else line for line in lines]


def text_of_frames(
    frame: Callable[[int], Grey],
    count: int,
    eyes: Eyes,
    *,
    way: Way,
    seconds: float = np.inf,
    cancelled: Callable[[], bool] = lambda: False,
) -> FramesText:
    """Return the text on frames of one size. `frame(i)` gives frame `i`; it may raise Unsupported.

    `seconds`: for each frame that is looked at in full. Raises NoTextSearch.
    """
    return _Search(frame, count, eyes, way, seconds, cancelled).run()


class _Search:
    """One pass over the frames; keeps the sharpness of what it has seen."""

    def __init__(
        self,
        frame: Callable[[int], Grey],
        count: int,
        eyes: Eyes,
        way: Way,
        seconds: float,
        cancelled: Callable[[], bool],
    ) -> None:
        self._frame, self._count, self._eyes, self._way = frame, count, eyes, way
        self._loop = way is Way.LOOP
        self._seconds, self._cancelled = seconds, cancelled
        self._care = [Care.NOT] * count
        self._lines: list[tuple[ReadLine, int, float]] = []
        self._strength: dict[int, NDArray[np.float32]] = {}
        self._before: NDArray[np.float32] | None = None
        self._cell = 0
        self._failures = 0
        self._unseen: set[int] = set()
        self._waiting: list[tuple[Grey, SharpMap, list[Piece], int]] = []
        self._trouble = ""

    def run(self) -> FramesText:
        if self._loop and self._count > 2:
            self._look_at_median()
        for index in self._in_full():
            grey = self._read(index)
            if grey is not None and not self._cancelled():
                self._look_at(grey, index)
        for index in range(self._count):
            if self._before is None or self._failures > _FAILURES or self._cancelled():
                break
            if self._care[index] is Care.NOT and index not in self._unseen:
                grey = self._read(index)
                if grey is not None:
                    self._check(grey, index)
        self._look_at_waiting()
        if Care.NOT in self._care and not self._trouble:
            self._trouble = "The search was stopped."
        return FramesText(tuple(self._found()), tuple(self._care), self._trouble)

    def _in_full(self) -> Iterable[int]:
        if self._count <= 3 or self._way is Way.EACH:
            return range(self._count)
        return (0,) if self._loop else (0, self._count // 2, self._count - 1)

    def _read(self, index: int) -> Grey | None:
        try:
            grey = self._frame(index)
        except Unsupported as error:
            self._trouble = str(error)
            self._failures += 1
            return None
        self._failures = 0
        return grey

    def _look_at_median(self) -> None:
        """Look at the median of some frames; their own sharpness is what new marks are measured against."""
        chosen = sorted({round(i * (self._count - 1) / (SAMPLES - 1)) for i in range(SAMPLES)})
        greys = [g for g in map(self._read, chosen) if g is not None]
        if not greys or any(g.shape != greys[0].shape for g in greys):
            return
        middle = median(greys)
        found = self._note(middle, -1)
        self._add(middle, found, self._find(middle, found), -1)

    def _look_at(self, grey: Grey, index: int) -> None:
        found = self._note(grey, index)
        looked = self._find(grey, found)
        self._add(grey, found, looked, index)
        if looked.unseen:
            self._trouble = looked.trouble
            self._unseen.add(index)
        else:
            self._care[index] = Care.STRONGEST if self._eyes.strongest else Care.FULL

    def _find(self, grey: Grey, found: SharpMap) -> Looked:
        """Return the finds on a noted frame; what was not looked at is a new mark on other frames."""
        looked = self._eyes.find(grey, found, seconds=self._seconds)
        if self._before is not None:
            for piece in looked.unseen:
                cell = found.cell
                self._before[
                    piece.y0 // cell : -(-piece.y1 // cell), piece.x0 // cell : -(-piece.x1 // cell)
                ] = 0
        return looked

    def _note(self, grey: Grey, index: int) -> SharpMap:
        found = sharp_map(grey)
        self._cell = found.cell
        self._keep(found, index)
        wide = widened(found.strength)
        if self._before is None or self._before.shape != wide.shape:
            self._before = wide
        else:
            self._before = np.maximum(self._before, wide)
        return found

    def _keep(self, found: SharpMap, index: int) -> None:
        if self._way is Way.SERIES:
            self._strength[index] = found.strength

    def _add(self, grey: Grey, found: SharpMap, looked: Looked, index: int) -> None:
        new, doubtful = (
            [box for box in boxes if not (self._loop and self._is_known(box))]
            for boxes in (looked.boxes, looked.doubtful)
        )
        known = [line.box for line, _, _ in self._lines]
        read = self._eyes.read(grey, new, found, doubtful=doubtful)
        for line in without_lone_marks(read, known, side=min(grey.shape)):
            self._lines.append((line, index, _sharpness_at(found.strength, line.box, found.cell)))

    def _is_known(self, box: TextBox) -> bool:
        return any(_covers(line.box, box) for line, _, _ in self._lines)

    def _check(self, grey: Grey, index: int) -> None:
        """Look at the marks of a frame that are sharper than what was there before."""
        found = sharp_map(grey)
        self._keep(found, index)
        before = self._before
        if before is None or before.shape != found.strength.shape:
            self._look_at(grey, index)
            return
        among = (found.strength > _NEW * before) & ~self._covered(found)
        new = pieces(found, grey.shape, margin=_MARGIN, among=among) if among.any() else []
        self._care[index] = Care.MARKS
        if new:
            self._before = np.maximum(before, widened(np.where(among, found.strength, 0)))
            self._waiting.append((grey, found, new, index))
            if len(self._waiting) >= _TOGETHER:
                self._look_at_waiting()

    def _covered(self, found: SharpMap) -> NDArray[np.bool_]:
        """Return the cells that lie within lines found so far."""
        covered = np.zeros(found.strength.shape, np.bool_)
        for line, _, _ in self._lines:
            box, cell = line.box, found.cell
            covered[-(-box.y0 // cell) : box.y1 // cell, -(-box.x0 // cell) : box.x1 // cell] = True
        return covered

    def _look_at_waiting(self) -> None:
        """Look at the new marks of several frames at once: most of a small look is the known line of text."""
        waiting, self._waiting = self._waiting, []
        boxes: list[list[TextBox]] = [[] for _ in waiting]
        owners = iter([at for at, (_, _, new, _) in enumerate(waiting) for _ in new])
        for group in groups([piece for _, _, new, _ in waiting for piece in new]):
            of = [next(owners) for _ in group]
            crops = [cut_out(*waiting[at][:2], piece) for at, piece in zip(of, group, strict=True)]
            try:
                finds = self._eyes.finder.find_in(crops)
            except NoSample as error:
                self._not_seen({waiting[at][3] for at in of}, str(error))
                continue
            for number, box in finds:
                at, piece = of[number], group[number]
                inside = box.moved(piece.x0, piece.y0).clipped(*waiting[at][0].shape)
                boxes[at] += [inside] if inside is not None else []
        for (grey, found, _, index), mine in zip(waiting, boxes, strict=True):
            self._add(grey, found, Looked(tuple(mine)), index)

    def _not_seen(self, frames: Iterable[int], why: str) -> None:
        """Note that marks of frames were not looked at, and all later frames: theirs may be the same."""
        self._trouble, self._before = why, None
        for index in frames:
            self._care[index] = Care.NOT
            self._unseen.add(index)

    def _found(self) -> Iterable[FoundLine]:
        if not self._lines:
            return
        everywhere = frozenset(range(self._count))
        for line, index, sharpness in self._lines:
            if self._loop or index < 0:
                yield FoundLine(line, everywhere)
                continue
            if self._way is Way.EACH:
                yield FoundLine(line, frozenset((index,)))
                continue
            there = {
                at
                for at, strength in self._strength.items()
                if _sharpness_at(strength, line.box, self._cell) >= _STILL_THERE * sharpness
            }
            yield FoundLine(line, frozenset(there | {index}))


def median(greys: Sequence[Grey]) -> Grey:
    """Return the middle value of each pixel over frames of one shape (the lower one of two)."""
    stack = np.stack(greys)
    at = (len(greys) - 1) // 2
    middle: Grey = np.partition(stack, at, axis=0)[at]
    return middle


def _sharpness_at(strength: NDArray[np.float32], box: TextBox, cell: int) -> float:
    part = strength[box.y0 // cell : -(-box.y1 // cell), box.x0 // cell : -(-box.x1 // cell)]
    return float(part.mean()) if part.size else 0.0


def _covers(a: TextBox, b: TextBox) -> bool:
    """Return whether one box holds at least four fifths of another."""
    wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    return wide > 0 and high > 0 and wide * high >= 0.8 * (b.x1 - b.x0) * (b.y1 - b.y0)
