"""The pixels of shapes as few rectangles: exact integer geometry, row by row (contract in `Blank`)."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import isqrt
from typing import TypeAlias

from viewer.dicom.decisions import Blank

Span: TypeAlias = tuple[int, int]
"""Columns of one row, the last one exclusive."""
Row: TypeAlias = tuple[Span, ...]
"""Spans of one row, rising and apart."""


def areas(blanks: Sequence[Blank], rows: int, columns: int) -> list[tuple[slice, slice, Blank]]:
    """Return what is filled in one frame as rectangles inside the image, later shapes after earlier ones.

    `blanks`: of one frame, with points. All shapes that are kept count as one, whose outside is filled at
    the place of the first of them, with its fill.
    """
    kept = [blank for blank in blanks if blank.keep]
    found: list[tuple[slice, slice, Blank]] = []
    for blank in blanks:
        if not blank.keep:
            lines = spans(blank, rows, columns)
        elif blank is kept[0]:
            lines = _outside([spans(one, rows, columns) for one in kept], columns)
        else:
            continue
        found += [(down, across, blank) for down, across in _rectangles(lines)]
    return found


def spans(blank: Blank, rows: int, columns: int) -> list[Row]:
    """Return the pixels of a shape, row by row; raises ValueError for a shape that is not known."""
    if blank.shape == "rectangle":
        left, top, right, bottom = blank.points
        span = _clipped([(left, right)], columns)
        return [span if top <= y < bottom else () for y in range(rows)]
    if blank.shape == "ellipse":
        return [_clipped(_across_ellipse(blank.points, y), columns) for y in range(rows)]
    if blank.shape == "polygon":
        return _polygon(blank.points, rows, columns)
    raise ValueError("a shape that is not known")


def _clipped(found: Iterable[Span], columns: int) -> Row:
    """Return spans inside the image, those that touch or overlap joined."""
    row: list[Span] = []
    for start, stop in sorted((max(a, 0), min(b, columns)) for a, b in found):
        if start >= stop:
            continue
        if row and start <= row[-1][1]:
            row[-1] = row[-1][0], max(row[-1][1], stop)
        else:
            row.append((start, stop))
    return tuple(row)


def _across_ellipse(points: Sequence[int], y: int) -> list[Span]:
    """Return the columns of one row whose centres lie in the ellipse of a box; counted in half pixels."""
    left, top, right, bottom = points
    wide, high, middle = right - left, bottom - top, left + right
    off = (2 * y + 1 - top - bottom) * wide
    rest = (wide * high) ** 2 - off * off
    if rest < 0 or high <= 0 or wide <= 0:
        return []
    reach = isqrt(rest) // high
    return [(-((reach - middle + 1) // 2), (middle + reach - 1) // 2 + 1)]


def _polygon(points: Sequence[int], rows: int, columns: int) -> list[Row]:
    """Return the pixels of a polygon: from an edge with an odd number to the next one."""
    corners = list(zip(points[::2], points[1::2], strict=True))
    edges = [
        (*a, *b) if a[1] < b[1] else (*b, *a) for a, b in pairwise([*corners, corners[0]]) if a[1] != b[1]
    ]
    edges.sort(key=lambda edge: edge[1])
    starts = [edge[1] for edge in edges]
    lines: list[Row] = []
    for y in range(rows):
        # Edges that begin above the middle of this row; all corners lie between rows.
        passing = [edge for edge in edges[: bisect_left(starts, y + 1)] if edge[3] > y]
        lines.append(_clipped(_between(passing, y), columns))
    return lines


def _between(edges: Sequence[tuple[int, int, int, int]], y: int) -> Iterator[Span]:
    """Yield the columns between pairs of edges at the middle of a row; a centre on an edge belongs to it."""
    crossings = []
    for x0, y0, x1, y1 in edges:
        # Where the edge is, in half pixels, as a fraction: centres of pixels are odd numbers.
        over, under = 2 * x0 * (y1 - y0) + (2 * y + 1 - 2 * y0) * (x1 - x0), y1 - y0
        crossings.append((over / under, -((under - over) // (2 * under)), (over - under) // (2 * under)))
    crossings.sort()
    for (_, first, _), (_, _, last) in zip(crossings[::2], crossings[1::2], strict=True):
        yield first, last + 1
    for _, first, last in crossings:
        if first == last:  # a centre lies on this edge
            yield first, last + 1


def _outside(shapes: Sequence[Sequence[Row]], columns: int) -> list[Row]:
    """Return what no shape covers."""
    lines: list[Row] = []
    for parts in zip(*shapes, strict=True):
        inside = _clipped([span for row in parts for span in row], columns)
        bounds = [0, *(at for span in inside for at in span), columns]
        lines.append(tuple((a, b) for a, b in zip(bounds[::2], bounds[1::2], strict=True) if a < b))
    return lines


def _rectangles(lines: Sequence[Row]) -> Iterator[tuple[slice, slice]]:
    """Yield rectangles that make up the rows; rows with the same spans go together."""
    first = 0
    for y in range(1, len(lines) + 1):
        if y == len(lines) or lines[y] != lines[first]:
            for start, stop in lines[first]:
                yield slice(first, y), slice(start, stop)
            first = y
