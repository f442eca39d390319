"""Finds that are no text: one mark, about as wide as high, that reads as nothing or as one character.

One letter or digit alone names nobody; a Chinese character may be a name, unless it is unsure. Speckle,
screws, calipers and the tips of an ECG look like that. They stay among the text-like marks that a person can
have shown. A mark beside a line that was read is a part of it, and stays.
"""

from collections.abc import Sequence
from typing import Final

from viewer.finders.line_ends import are_one_line
from viewer.finders.reading import ReadLine
from viewer.finders.text_box import TextBox

_STROKES: Final = frozenset("1Il|!i一丨丿亅丅十二三八人入个口日工-–—~.,:;·•'`\"/\\()[]")
"""What strokes and dots read as, however sure."""
_SIDES: Final = frozenset("RL")
_SURE: Final = 0.9
_LONGEST: Final = 3.0
"""A mark that is so many times as long as wide may be a whole line that could not be read."""
_SQUARE, _HALF_SURE = 2.0, 0.5
_TINY, _SURE_OF_TINY = 11, 0.7
"""Letters of fewer pixels are guessed, not read."""
_TALL, _OF_SIDE = 40, 14
"""Pixels, and the part of a frame's shorter side, from which on letters are large."""
_UNREAD: Final = 0.25
_NEXT: Final = 1.5
"""Heights between a mark and the line it belongs to."""


def without_lone_marks(
    lines: Sequence[ReadLine], known: Sequence[TextBox] = (), *, side: int = 0
) -> list[ReadLine]:
    """Return the lines of a frame without marks that are no text.

    `known`: lines found before; `side`: pixels of the frame's shorter side, 0 when finds of any height count.
    """
    marks = [_is_mark(line) or _is_tall_and_unread(line, side) for line in lines]
    lone = [line for line, mark in zip(lines, marks, strict=True) if mark]
    read = [line for line, mark in zip(lines, marks, strict=True) if not mark]
    whole = [*known, *(line.box for line in read)]
    return read + [mark for mark in lone if any(are_one_line(mark.box, box, gap=_NEXT) for box in whole)]


def _is_mark(line: ReadLine) -> bool:
    wide, high = line.box.x1 - line.box.x0, line.box.y1 - line.box.y0
    ratio = max(wide, high) / max(1, min(wide, high))
    if line.text in _STROKES or (line.text and not any(c.isalnum() for c in line.text)):
        return ratio < _LONGEST or line.sure >= _HALF_SURE  # a long one that is sure is a drawn line
    if len(line.text) <= 1:
        letter = line.text.isascii() and line.text not in _SIDES
        return ratio < _LONGEST and (line.sure < _SURE or letter)
    if line.text.isascii() and line.sure < _HALF_SURE:
        return ratio < _LONGEST
    tiny = min(wide, high) < _TINY and line.sure < _SURE_OF_TINY
    return ratio < _SQUARE and (line.sure < _HALF_SURE or tiny)


def _is_tall_and_unread(line: ReadLine, side: int) -> bool:
    """Return whether a find is so large on its frame that it could be read, were it text."""
    height = min(line.box.x1 - line.box.x0, line.box.y1 - line.box.y0)
    return side > 0 and height >= max(_TALL, side // _OF_SIDE) and line.sure < _UNREAD
