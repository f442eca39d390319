"""Lines of which only a part was found: past their ends a second look is taken, and parts are joined.

A line that runs from bone into air changes its contrast on the way. Stretched alone, the part that was too
faint beside the rest is found.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from viewer.finders.sharpness import HALF, Piece, SharpMap
from viewer.finders.text_box import TextBox

_Span: TypeAlias = tuple[int, int]

_BEYOND: Final = 3.5
"""Heights of a line past its end that are looked at."""
_WITHIN: Final = 0.7
"""Heights of a line before its end that are looked at with them, so that letters are not cut."""
_ACROSS: Final = 0.35
_HIGH: Final = 44
"""Pixels of height from which a line is looked at in half its size."""
_LOW: Final = 18
"""Pixels of height up to which a line is looked at enlarged."""
_ENLARGED: Final = 1.5
_AROUND: Final = 12
"""Pixels round a doubtful find that are looked at with it at least."""
_SHARP: Final = 0.5
"""Strength of the sharpest cell past an end from which it is worth a look."""
_COVERED: Final = 0.4
"""Heights round a find in which nothing is worth a look: the last letter stands out of it a little."""
_GAP: Final = 0.7
"""Heights between two parts of one line at most."""
_BESIDE: Final = 0.6
"""Share of the lower of two parts that has to lie beside the other."""
_LEVEL: Final = 0.35
"""Share of the lower one's height that the middles of two parts may differ by."""
_SINGLE: Final = 1.35
"""How many times as long as wide two parts together may be at most to be single characters."""
_CHARACTER: Final = 1.5
"""The same for one of them alone."""
_ALIKE: Final = 1.6
"""How many times as high as the other one part of a line may be."""


def ends(boxes: Sequence[TextBox], found: SharpMap, rows: int, columns: int) -> list[Piece]:
    """Return what lies past the ends of lines on a frame, where anything there is sharp."""
    made = []
    for box in boxes:
        lying = box.x1 - box.x0 >= box.y1 - box.y0
        first, last = (box.x0, box.x1) if lying else (box.y0, box.y1)
        upper, lower = (box.y0, box.y1) if lying else (box.x0, box.x1)
        height = lower - upper
        across = upper - int(_ACROSS * height), lower + int(_ACROSS * height)
        before = first - int(_BEYOND * height), first + int(_WITHIN * height)
        after = last - int(_WITHIN * height), last + int(_BEYOND * height)
        for low, high in (before, after):
            beyond = (low, first) if (low, high) == before else (last, high)
            place = _clipped((low, high), across, lying, rows, columns)
            only = _clipped(beyond, across, lying, rows, columns)
            if place is not None and only is not None and _worth(only, found, boxes):
                made.append(Piece(*place, 1.0, _scale(height)))
    return made


def closer(box: TextBox, rows: int, columns: int) -> Piece:
    """Return the place round a doubtful find, as it is to be looked at again."""
    height = min(box.x1 - box.x0, box.y1 - box.y0)
    more = max(_AROUND, 2 * height)
    x0, y0, x1, y1 = box.x0 - more, box.y0 - more, box.x1 + more, box.y1 + more
    return Piece(max(0, x0), max(0, y0), min(columns, x1), min(rows, y1), 1.0, _scale(height))


def _scale(height: int) -> float:
    """Return how many times larger a line of a height is to be looked at."""
    if height > _HIGH:
        return HALF
    return _ENLARGED if height < _LOW else 1.0


def joined(boxes: Sequence[TextBox]) -> list[TextBox]:
    """Return boxes with the parts of one line made one, again and again until none belong together."""
    waiting, whole = sorted(boxes, key=lambda b: (b.x0, b.y0)), []
    while waiting:
        box = waiting.pop(0)
        other = next((b for b in waiting if are_one_line(box, b)), None)
        if other is None:
            whole.append(box)
            continue
        waiting.remove(other)
        waiting.insert(0, _round(box, other))
    return whole


def _clipped(
    along: tuple[int, int], across: tuple[int, int], lying: bool, rows: int, columns: int
) -> tuple[int, int, int, int] | None:
    x, y = (along, across) if lying else (across, along)
    x0, y0, x1, y1 = max(0, x[0]), max(0, y[0]), min(columns, x[1]), min(rows, y[1])
    return (x0, y0, x1, y1) if x1 - x0 > 3 and y1 - y0 > 3 else None


def _worth(place: tuple[int, int, int, int], found: SharpMap, boxes: Sequence[TextBox]) -> bool:
    """Return whether a place holds sharp cells that are in none of the boxes."""
    x0, y0, x1, y1 = place
    cell = found.cell
    left, top = x0 // cell, y0 // cell
    part = found.strength[top : -(-y1 // cell), left : -(-x1 // cell)] > _SHARP
    if not part.any():
        return False
    part = part.copy()
    for box in boxes:
        if box.x0 < x1 and box.x1 > x0 and box.y0 < y1 and box.y1 > y0:
            more = int(_COVERED * min(box.x1 - box.x0, box.y1 - box.y0))
            part[
                max(0, (box.y0 - more) // cell - top) : max(0, -(-(box.y1 + more) // cell) - top),
                max(0, (box.x0 - more) // cell - left) : max(0, -(-(box.x1 + more) // cell) - left),
            ] = False
    return bool(part.any())


def are_one_line(a: TextBox, b: TextBox, *, gap: float = _GAP) -> bool:
    """Return whether boxes lie one beside the other, at most `gap` times their height apart."""
    wide, high = a.x1 - a.x0 + b.x1 - b.x0, a.y1 - a.y0 + b.y1 - b.y0
    # Characters may stand one above the other; a line and a mark above it are two things.
    alone = all(_length(one) < _CHARACTER for one in (a, b))
    single = alone and max(wide, high) < _SINGLE * min(wide, high)
    if (single or wide >= high) and _in_a_row((a.x0, a.x1), (a.y0, a.y1), (b.x0, b.x1), (b.y0, b.y1), gap):
        return True
    standing = single or wide < high
    return standing and _in_a_row((a.y0, a.y1), (a.x0, a.x1), (b.y0, b.y1), (b.x0, b.x1), gap)


def _length(box: TextBox) -> float:
    """Return how many times as long as wide a box is."""
    wide, high = box.x1 - box.x0, box.y1 - box.y0
    return max(wide, high) / max(1, min(wide, high))


def _in_a_row(along_a: _Span, across_a: _Span, along_b: _Span, across_b: _Span, gap: float) -> bool:
    low, high = sorted((across_a[1] - across_a[0], across_b[1] - across_b[0]))
    beside = min(across_a[1], across_b[1]) - max(across_a[0], across_b[0])
    apart = max(along_a[0], along_b[0]) - min(along_a[1], along_b[1])
    askew = abs(across_a[0] + across_a[1] - across_b[0] - across_b[1]) / 2
    alike = low > 0 and high <= _ALIKE * low and beside >= _BESIDE * low and askew <= _LEVEL * low
    return alike and apart <= gap * low


def _round(a: TextBox, b: TextBox) -> TextBox:
    x0, y0, x1, y1 = min(a.x0, b.x0), min(a.y0, b.y0), max(a.x1, b.x1), max(a.y1, b.y1)
    parts = (*(a.parts or (a,)), *(b.parts or (b,)))
    stacked = y1 - y0 > x1 - x0 and all(_length(part) < _CHARACTER for part in parts)
    return TextBox(x0, y0, x1, y1, max(a.score, b.score), parts if stacked else ())
