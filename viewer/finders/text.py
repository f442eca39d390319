"""Where text is burned into a picture: sharp pieces, stretched and packed, in front of one network.

PP-OCRv6 (DBNet family) gives for every pixel how likely it belongs to a line of text. The film is never
shrunk, and the network never sees all of it. What was not looked at is told; where the decoy is not found,
the search has failed.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.errors import DeidError
from viewer.finders.canvas import STEP, Canvas, canvas, cut_out, decoy
from viewer.finders.components import components
from viewer.finders.glance import Glance, Glimpse
from viewer.finders.line_ends import closer, ends, joined
from viewer.finders.networks import DETECTOR, Network, NoTextSearch, load_network
from viewer.finders.places import all_places, groups, strongest_places
from viewer.finders.sharpness import Grey, Piece, SharpMap, framed, sharp_map
from viewer.finders.text_box import TextBox

_PIXEL: Final = 0.25
_LINE: Final = 0.4
_DOUBTFUL_PIXEL, _DOUBTFUL = 0.1, 0.12
"""From so low an answer on a place is looked at more closely."""
_GROWTH: Final = 1.8
_ROUNDS: Final = 4
"""How often at most the new ends of lines are looked at."""
_TALLEST: Final = 110
"""Pixels of the shorter side above which a find is an organ, not a line of text."""
_SEEN: Final = 0.3
"""Share of the decoy's letters that has to be found. Alone on a canvas 0.6 are: finds are slim."""
_NO_TIME: Final = "There was not time enough to look at all of it."

_Placed: TypeAlias = list[tuple[int, TextBox]]
"""Boxes, each with the number of the crop it stands on."""


class NoSample(DeidError):
    """The known line of text was not found: nothing on that canvas counts as looked at."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at one frame found. `unseen`: pieces that were not looked at, and `trouble`: why."""

    boxes: tuple[TextBox, ...]
    unseen: tuple[Piece, ...] = ()
    trouble: str = ""
    looked_at: tuple[Piece, ...] = field(default=(), repr=False)
    """The pieces that the detector saw; elsewhere nothing is as sharp as letters, or the glance saw none."""
    doubtful: tuple[TextBox, ...] = field(default=(), repr=False)
    """What may be text too."""


class TextFinder:
    """Owns the detector. One call after the other; a second thread may use the same finder."""

    def __init__(self, network: Network, glance: Glance) -> None:
        self._network = network
        self._glance = glance

    @classmethod
    def load(cls, *, threads: int = 2) -> "TextFinder":
        """Return a finder with the installed network; raises NoTextSearch, also when it finds no sample."""
        made = cls(load_network(DETECTOR, threads=threads), Glance.load(threads=threads))
        try:
            made.find_in([np.full((STEP, STEP), 128, np.uint8)])
        except NoSample as error:
            raise NoTextSearch("The search for text in the pixels does not find its own sample.") from error
        return made

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
        only about so many pixels round the sharpest marks, 0 for all. Pieces beside which the search does not
        find its own sample are unseen. Raises NoTextSearch when the network cannot be run.
        """
        began = time.monotonic()
        rows, columns = grey.shape
        found = found or sharp_map(grey)
        grey = framed(grey)
        glimpse = Glimpse(found) if strongest else self._glance.at(grey, found)
        found = glimpse.found
        if strongest:
            wanted = strongest_places(found, grey, strongest)
        else:
            wanted = all_places(found, grey, glimpse.letters, glimpse.pale)
        boxes: list[TextBox] = []
        doubtful: list[TextBox] = []
        unseen: list[Piece] = []
        trouble = ""
        for at, group in enumerate(groups(wanted)):
            if at and time.monotonic() - began > seconds:
                unseen, trouble = [*unseen, *group], _NO_TIME
                continue
            try:
                finds, doubts = self._on_pieces(grey, found, group)
            except NoSample as error:
                unseen, trouble = [*unseen, *group], str(error)
                continue
            boxes += finds
            doubtful += doubts
        boxes += [line for line in glimpse.lines if not line.is_crossed_out_by(boxes)]
        boxes = joined([box for box in boxes if box.clipped(rows, columns) is not None])
        if not strongest:
            boxes = self._looked_again(grey, found, boxes, doubtful)
        inside = (box.clipped(rows, columns) for box in boxes)
        seen = tuple(piece for piece in wanted if piece not in unseen)
        found_boxes = tuple(box for box in inside if box is not None)
        return Looked(found_boxes, tuple(unseen), trouble, seen, () if strongest else tuple(doubtful))

    def _on_pieces(
        self, grey: Grey, found: SharpMap, group: Sequence[Piece]
    ) -> tuple[list[TextBox], list[TextBox]]:
        """Return the finds on pieces of a picture, and the doubtful ones, in pixels of the picture."""
        finds, doubts = self._look([cut_out(grey, found, piece) for piece in group])
        sure = [(at, box) for at, box in finds if not group[at].faint]
        doubts += [(at, box) for at, box in finds if group[at].faint]
        on_picture, doubtful = (
            [box.scaled(1 / group[at].scale).moved(group[at].x0, group[at].y0) for at, box in some]
            for some in (sure, doubts)
        )
        return on_picture, doubtful

    def _finds(self, grey: Grey, found: SharpMap, group: Sequence[Piece]) -> list[TextBox]:
        """Return the finds of one more look at places that were seen before."""
        try:
            return self._on_pieces(grey, found, group)[0]
        except NoSample:
            return []

    def _looked_again(
        self, grey: Grey, found: SharpMap, boxes: list[TextBox], doubtful: Sequence[TextBox]
    ) -> list[TextBox]:
        """Return boxes with what a closer look past their ends and at doubtful places found."""
        lines, new = boxes, boxes
        places = [closer(box, *grey.shape) for box in doubtful if not box.is_within(boxes)]
        for _ in range(_ROUNDS):
            places += ends(new, found, *grey.shape)
            finds = [box for group in groups(places) for box in self._finds(grey, found, group)]
            before = lines
            lines = joined([*lines, *(box for box in finds if not box.is_within(lines))])
            new, places = [box for box in lines if box not in before], []
            if not new:
                break
        return lines

    def find_in(self, crops: Sequence[NDArray[np.uint8]]) -> list[tuple[int, TextBox]]:
        """Return the lines on crops that are looked at together, each with the number of its crop.

        Boxes are in pixels of their crop and may reach beyond it. Raises NoSample, NoTextSearch.
        """
        return self._look(crops)[0]

    def _look(self, crops: Sequence[NDArray[np.uint8]]) -> tuple[_Placed, _Placed]:
        """Return the finds on crops, and what may be one; beside others a crop may hide the sample."""
        try:
            return self._look_once(crops)
        except NoSample:
            if len(crops) < 2:
                raise
        alone = [self._look_once([crop]) for crop in crops]
        finds, doubts = (
            [(at, box) for at, both in enumerate(alone) for _, box in both[kind]] for kind in (0, 1)
        )
        return finds, doubts

    def _look_once(self, crops: Sequence[NDArray[np.uint8]]) -> tuple[_Placed, _Placed]:
        made = canvas(crops)
        likely = self._network.at(made.pixels)
        if not _decoy_found(likely[made.height :]):
            raise NoSample("Beside it the search for text did not find its own sample.")
        doubts = _boxes(likely, made, _DOUBTFUL_PIXEL, _DOUBTFUL)
        return _boxes(likely, made, _PIXEL, _LINE), doubts


def _decoy_found(likely: NDArray[np.float32]) -> bool:
    line = decoy()
    letters = np.tile(line > 128, -(-likely.shape[1] // line.shape[1]))[:, : likely.shape[1]]
    return bool((likely[letters] > _PIXEL).mean() >= _SEEN) if letters.any() else False


def _boxes(likely: NDArray[np.float32], made: Canvas, pixel: float, line: float) -> list[tuple[int, TextBox]]:
    """Return the finds on a canvas, each on every crop that it touches, without what lies on others."""
    likely = np.ascontiguousarray(likely[: made.height])
    inside = np.zeros(likely.shape, np.bool_)
    for x0, y0, x1, y1 in made.spots:
        inside[y0:y1, x0:x1] = likely[y0:y1, x0:x1] > pixel
    parts = components(inside)
    boxes = []
    for part, score in zip(parts.boxes.tolist(), parts.means(likely).tolist(), strict=True):
        x0, y0, x1, y1 = part
        wide, high = x1 - x0, y1 - y0
        grown = wide * high * _GROWTH / (2 * (wide + high))
        if min(wide, high) < 2 or score < line or min(wide, high) + 2 * grown >= _TALLEST:
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
