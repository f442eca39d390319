"""Lines found on an image as boxes that a person may accept: where, which words, and why."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from viewer.finders.identity import Identity, Kind, Verdict, judge
from viewer.finders.image_text import ImageText, Layer, TextLine
from viewer.finders.text_box import TextBox
from viewer.pixels.regions import Box, Region, Scope, ScopeKind
from viewer.rules.recipe import Dismissal

_ACROSS, _ALONG = 0.2, 0.4
"""Of a line's height that its box grows by on each side: large letters stand out of the find."""
_UNREADABLE: Final = 0.5
"""A line whose characters are less sure than this on average counts as not read."""
ORDER: Final = (Kind.PHI, Kind.PHI_LIKE, Kind.UNKNOWN, Kind.HARMLESS)


@dataclass(frozen=True, slots=True)
class TextProposal:
    """A box over a line of text. `box`: stored pixels of its layer; `frames`: None for all of them.

    `words` are what was read, which may be wrong; they hold identity.
    """

    box: Box
    layer: Layer
    frames: frozenset[int] | None
    words: str = field(repr=False)
    verdict: Verdict

    @property
    def to_mask(self) -> bool:
        """Return whether it is proposed for masking: all but what is known to be harmless."""
        return self.verdict.kind is not Kind.HARMLESS

    def dismissal(self, uid: str) -> Dismissal:
        """Return the mark that a person found it harmless on the image of this SOP Instance UID."""
        return Dismissal(uid, self.layer.name, self.box)

    def regions(self, uid: str, rows: int, columns: int) -> tuple[Region, ...]:
        """Return what blanks it on an image of this UID (or content key) and size."""
        if self.layer is Layer.ICON:
            return ()
        if self.frames is None:
            return (Region(self.box, Scope(ScopeKind.IMAGE, uid, rows, columns)),)
        return tuple(
            Region(self.box, Scope(ScopeKind.FRAMES, uid, rows, columns, span))
            for span in _spans(sorted(self.frames))
        )


def proposals(found: ImageText, identity: Identity, rows: int, columns: int) -> tuple[TextProposal, ...]:
    """Return a box for each line, those that identify first; boxes that lie in another line's are joined."""
    made = [_proposal(line, identity, rows, columns) for line in _joined(found.lines)]
    return tuple(sorted(made, key=lambda p: (ORDER.index(p.verdict.kind), p.box.y, p.box.x)))


def _proposal(line: TextLine, identity: Identity, rows: int, columns: int) -> TextProposal:
    verdict = judge(line.line.text, identity)
    if line.line.sure < _UNREADABLE and verdict.kind is not Kind.PHI:
        verdict = Verdict(Kind.UNKNOWN, "it could not be read")
    box = line.box
    wide, high = box.x1 - box.x0, box.y1 - box.y0
    x, y = (_ALONG, _ACROSS) if wide >= high else (_ACROSS, _ALONG)
    by_x, by_y = math.ceil(x * min(wide, high)), math.ceil(y * min(wide, high))
    grown = Box(box.x0 - by_x, box.y0 - by_y, wide + 2 * by_x, high + 2 * by_y)
    inside = grown.clipped(rows, columns) if line.layer is not Layer.ICON else grown
    return TextProposal(inside or grown, line.layer, line.frames, line.line.text, verdict)


def _spans(frames: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of frames."""
    first = last = frames[0]
    for frame in frames[1:]:
        if frame != last + 1:
            yield first, last
            first = frame
        last = frame
    yield first, last


def is_dismissed(proposal: TextProposal, dismissed: Iterable[Dismissal]) -> bool:
    """Return whether a person found harmless what stands at the place of a proposal."""
    box = proposal.box
    for one in dismissed:
        wide = min(box.x + box.width, one.box.x + one.box.width) - max(box.x, one.box.x)
        high = min(box.y + box.height, one.box.y + one.box.height) - max(box.y, one.box.y)
        shared = max(0, wide) * max(0, high)
        if one.layer == proposal.layer.name and 2 * shared >= box.width * box.height:
            return True
    return False


def _joined(lines: Iterable[TextLine]) -> list[TextLine]:
    """Return lines without those that another one of the same frames holds nearly whole, the larger first."""
    kept: list[TextLine] = []
    for line in sorted(lines, key=lambda one: -_area(one.box)):
        alike = (k for k in kept if k.layer is line.layer and k.frames == line.frames)
        if not any(_shared(line.box, k.box) >= 0.9 * _area(line.box) and _says(k, line) for k in alike):
            kept.append(line)
    return kept


def _says(large: TextLine, small: TextLine) -> bool:
    """Return whether all that was read in the smaller box was read in the larger one too."""
    return small.line.text.strip() in large.line.text


def _area(box: TextBox) -> int:
    return (box.x1 - box.x0) * (box.y1 - box.y0)


def _shared(a: TextBox, b: TextBox) -> int:
    wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    return max(0, wide) * max(0, high)
