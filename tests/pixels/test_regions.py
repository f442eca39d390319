"""Shapes that a person draws: bounds, stretching, fans as polygons, and how they are blanked."""

import math
from itertools import pairwise

import pytest

from viewer.dicom.decisions import Blank
from viewer.pixels.regions import Box, Ellipse, Fan, Polygon, Region, Scope, ScopeKind, fitted

SCOPE = Scope(ScopeKind.IMAGE, "1.2", 600, 800)
FOUR = Fan(((300, 50), (500, 50), (700, 400), (100, 400)))
THREE = Fan(((400, 20), (100, 400), (700, 400)))


def test_a_fan_has_arcs_round_the_place_where_its_sides_meet() -> None:
    apex = (400, -125)  # where the sides of FOUR meet
    points = FOUR.outline()
    distances = [math.dist(apex, point) for point in points]
    inner, outer = math.dist(apex, (300, 50)), math.dist(apex, (100, 400))
    assert all(min(abs(d - inner), abs(d - outer)) <= 1 for d in distances)
    lowest = max(points, key=lambda p: p[1])
    assert lowest[0] == pytest.approx(400, abs=40)
    assert lowest[1] == pytest.approx(apex[1] + outer, abs=1)
    for a, b in pairwise(points):  # half a pixel off and half a pixel rounded
        middle = math.dist(apex, ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2))
        on_side = abs(math.dist(a, apex) - math.dist(b, apex)) > 5
        assert on_side or min(abs(middle - inner), abs(middle - outer)) <= 1.5


def test_the_order_of_the_corners_does_not_matter() -> None:
    turned = Fan((FOUR.points[2], FOUR.points[3], FOUR.points[0], FOUR.points[1]))
    assert set(turned.outline()) == set(FOUR.outline())
    assert THREE.outline()[0] == (400, 20)
    assert THREE.bounds.y == 20


def test_sides_that_do_not_meet_make_a_plain_polygon() -> None:
    linear = Fan(((100, 50), (300, 50), (300, 400), (100, 400)))
    assert set(linear.outline()) == set(linear.points)


@pytest.mark.parametrize("shape", [Box(10, 20, 30, 40), Ellipse(Box(10, 20, 30, 40)), FOUR, THREE])
def test_stretching_to_its_own_bounds_changes_nothing_much(shape) -> None:
    again = fitted(shape, shape.bounds)
    if isinstance(shape, (Box, Ellipse)):
        assert again == shape
    assert abs(again.bounds.width - shape.bounds.width) <= 2


def test_a_polygon_moves_with_its_box() -> None:
    polygon = Polygon(((10, 10), (30, 10), (30, 50)))
    assert fitted(polygon, Box(110, 10, 20, 40)).points == ((110, 10), (130, 10), (130, 50))
    assert fitted(polygon, Box(10, 10, 40, 80)).points == ((10, 10), (50, 10), (50, 90))


@pytest.mark.parametrize("points", [(), ((1, 1), (2, 2)), ((1, 1), (1, 5), (1, 9)), ((1, 4), (2, 4), (9, 4))])
def test_points_that_enclose_nothing_are_refused(points) -> None:
    with pytest.raises(ValueError, match="three"):
        Polygon(points)
    with pytest.raises(ValueError, match="three"):
        Fan(points)


def test_regions_become_blanks() -> None:
    box = Box(3, 4, 10, 20)
    assert Region(box, SCOPE).blank((0, 2)) == Blank("rectangle", (3, 4, 13, 24), (0, 2))
    assert Region(Ellipse(box), SCOPE, "mean").blank((0,)) == Blank(
        "ellipse", (3, 4, 13, 24), (0,), False, "mean"
    )
    fan = Region(FOUR, SCOPE, keep=True).blank((0,))
    assert (fan.shape, fan.keep, fan.fill) == ("polygon", True, "black")
    assert fan.points[:2] in {(x, y) for x, y in FOUR.outline()}
