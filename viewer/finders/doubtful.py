"""Finds that the network is not sure of: they count where they read as text, and lines go on in them.

Of letters that are faint on speckle the network often gives the middle of a line and doubts its ends, or
doubts the whole line. What can be read is text; speckle and the trace of an ECG cannot.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from viewer.finders.line_ends import joined
from viewer.finders.reading import ReadLine
from viewer.finders.text_box import TextBox

_Span: TypeAlias = tuple[int, int]

_LONG: Final = 1.6
"""How many times as long as high a doubtful find has to be to be read."""
_LOW: Final = 6
"""Pixels of height from which letters can be read."""
_MOST: Final = 10
"""Doubtful finds of one frame that are read, those first that the network doubts least..."""
_CERTAIN: Final = 0.4
"""...and all from this score on: finds on faint pieces."""
_EDGE: Final = 2
_LETTERS, _SURE = 3, 0.7
"""Letters and digits that a line needs to be text, a Chinese character counting for two, and how sure."""
_ASKEW: Final = 0.4
"""Heights by which a doubtful find may stand out above or below the line that goes on in it."""
_APART: Final = 0.8
"""Heights between a line and the doubtful find that it goes on in."""
_REACH: Final = 3.0
"""Heights that a line goes on in doubtful finds at most, at each end."""


def maybe_lines(
    doubtful: Sequence[TextBox], found: Sequence[TextBox], rows: int, columns: int
) -> list[TextBox]:
    """Return what is worth to be read: doubtful finds as parts of lines, on a frame, outside of `found`."""
    made = []
    for box in joined(doubtful):
        along, across = _spans(box)
        height = across[1] - across[0]
        if height >= _LOW and along[1] - along[0] >= _LONG * height and not box.is_within(found):
            grown = replace(
                box, x0=box.x0 - _EDGE, y0=box.y0 - _EDGE, x1=box.x1 + _EDGE, y1=box.y1 + _EDGE
            ).clipped(rows, columns)
            made += [grown] if grown is not None else []
    made.sort(key=lambda box: -box.score)
    return [box for at, box in enumerate(made) if at < _MOST or box.score >= _CERTAIN]


def reads_as_text(line: ReadLine) -> bool:
    """Return whether a line can be read as more than marks."""
    letters = sum(1 if character.isascii() else 2 for character in line.text if character.isalnum())
    return letters >= _LETTERS and line.sure >= _SURE


def lengthened(line: ReadLine, doubtful: Sequence[TextBox], rows: int, columns: int) -> ReadLine:
    """Return a line that was read with the doubtful finds beside it that it goes on in."""
    along, across = _spans(line.box)
    height = across[1] - across[0]
    spans = [_spans(line.box, of=other) for other in doubtful]
    beside = [there for there, over in spans if _is_level(over, across, height)]
    first, last = along
    for there in sorted(beside, key=lambda one: -one[1]):
        if there[0] < first and there[1] > first - _APART * height:
            first = there[0]
    for there in sorted(beside):
        if there[1] > last and there[0] < last + _APART * height:
            last = there[1]
    first, last = max(first, along[0] - int(_REACH * height)), min(last, along[1] + int(_REACH * height))
    if (first, last) == along:
        return line
    lies = along == (line.box.x0, line.box.x1)
    box = replace(line.box, x0=first, x1=last) if lies else replace(line.box, y0=first, y1=last)
    return replace(line, box=box.clipped(rows, columns) or line.box)


def _is_level(over: _Span, across: _Span, height: int) -> bool:
    return over[0] >= across[0] - _ASKEW * height and over[1] <= across[1] + _ASKEW * height


def _spans(box: TextBox, *, of: TextBox | None = None) -> tuple[_Span, _Span]:
    """Return from where to where a find reaches along a line and across it."""
    that = of or box
    x, y = (that.x0, that.x1), (that.y0, that.y1)
    return (x, y) if box.x1 - box.x0 >= box.y1 - box.y0 else (y, x)
