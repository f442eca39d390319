"""Shapes become pixels exactly: compared with fractions, and with the checker's own geometry."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.dicom.decisions import Blank
from viewer.pixels.areas import areas
from viewer.release.verify_shapes import filled

ROWS, COLUMNS = 19, 23


def drawn(blanks: list[Blank]) -> np.ndarray:
    """The number of the blank (from 1) that fills each pixel, 0 for none."""
    picture = np.zeros((ROWS, COLUMNS), int)
    for rows, columns, blank in areas(blanks, ROWS, COLUMNS):
        assert 0 <= rows.start < rows.stop <= ROWS
        assert 0 <= columns.start < columns.stop <= COLUMNS
        picture[rows, columns] = blanks.index(blank) + 1
    return picture


def is_inside(blank: Blank, x: int, y: int) -> bool:
    px, py = Fraction(2 * x + 1, 2), Fraction(2 * y + 1, 2)
    points = blank.points
    if blank.shape == "rectangle":
        return points[0] < px < points[2] and points[1] < py < points[3]
    if blank.shape == "ellipse":
        wide, high = Fraction(points[2] - points[0], 2), Fraction(points[3] - points[1], 2)
        across, down = px - points[0] - wide, py - points[1] - high
        return (across / wide) ** 2 + (down / high) ** 2 <= 1
    corners = list(zip(points[::2], points[1::2], strict=True))
    odd = False
    for (x0, y0), (x1, y1) in pairwise([*corners, corners[0]]):
        if (y0 > py) != (y1 > py):
            at = x0 + (py - y0) * Fraction(x1 - x0, y1 - y0)
            if at == px:
                return True
            odd ^= at > px
    return odd


def expected(blanks: list[Blank]) -> np.ndarray:
    picture = np.zeros((ROWS, COLUMNS), int)
    kept = [b for b in blanks if b.keep]
    for y in range(ROWS):
        for x in range(COLUMNS):
            for number, blank in enumerate(blanks, start=1):
                if blank.keep and blank is kept[0]:
                    covers = not any(is_inside(one, x, y) for one in kept)
                else:
                    covers = not blank.keep and is_inside(blank, x, y)
                if covers:
                    picture[y, x] = number
    return picture


coordinate = st.integers(-6, 30)
boxes = st.tuples(coordinate, coordinate, st.integers(1, 25), st.integers(1, 25)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
corners = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8).map(
    lambda points: tuple(value for point in points for value in point)
)
shapes = st.one_of(
    st.builds(Blank, st.just("rectangle"), boxes, st.just((0,)), st.booleans()),
    st.builds(Blank, st.just("ellipse"), boxes, st.just((0,)), st.booleans()),
    st.builds(Blank, st.just("polygon"), corners, st.just((0,)), st.booleans()),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(shapes, min_size=1, max_size=3, unique=True))
def test_every_pixel_is_as_the_contract_says(blanks: list[Blank]) -> None:
    wanted = expected(blanks)
    np.testing.assert_array_equal(drawn(blanks), wanted)
    checked = np.zeros((ROWS, COLUMNS), int)
    for part in filled(blanks, ROWS, COLUMNS):
        checked[part.shown] = blanks.index(part.blank) + 1
    np.testing.assert_array_equal(checked, wanted)


def test_few_rectangles_for_what_is_plain() -> None:
    assert len(areas([Blank("rectangle", (2, 3, 9, 11), (0,))], ROWS, COLUMNS)) == 1
    assert len(areas([Blank("rectangle", (2, 3, 9, 11), (0,), keep=True)], ROWS, COLUMNS)) == 4
    assert areas([Blank("rectangle", (-9, -9, 90, 90), (0,), keep=True)], ROWS, COLUMNS) == []


def test_the_largest_ellipse_is_exact_in_the_checker_too() -> None:
    blank = Blank("ellipse", (0, 0, 65535, 3), (0,))
    (part,) = filled([blank], 3, 65535)
    covered = np.zeros((3, 65535), bool)
    for rows, columns, _ in areas([blank], 3, 65535):
        covered[rows, columns] = True
    np.testing.assert_array_equal(part.shown, covered)


@pytest.mark.parametrize("shape", ["star", "fan", ""])
def test_unknown_shapes_are_refused(shape: str) -> None:
    with pytest.raises(ValueError, match="not known"):
        areas([Blank(shape, (0, 0, 5, 5), (0,))], ROWS, COLUMNS)
    with pytest.raises(ValueError, match="not known"):
        filled([Blank(shape, (0, 0, 5, 5), (0,))], ROWS, COLUMNS)
