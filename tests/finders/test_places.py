"""Which pieces of a frame are looked at."""

import numpy as np
import pytest

from tests.finders.drawn import frame, tissue
from viewer.finders.places import all_places
from viewer.finders.sharpness import Piece, islands, sharp_cells, sharp_map


def holds(piece: Piece, x: int, y: int) -> bool:
    return piece.x0 <= x < piece.x1 and piece.y0 <= y < piece.y1


def test_lines_that_are_far_apart_are_looked_at_apart() -> None:
    picture = frame({(30, 20): "QUENBERT OSWALDINE", (500, 500): "DOB 03.12.1961"}, (600, 800))
    wanted = all_places(sharp_map(picture), picture)
    assert len(wanted) == 2
    assert all(piece.whole for piece in wanted)
    assert sum(piece.area for piece in wanted) < 0.1 * picture.size
    assert all(any(holds(p, x, y) for p in wanted) for x, y in ((40, 30), (220, 30), (510, 510)))


def test_pieces_hold_every_sharp_cell() -> None:
    picture = tissue()
    picture[100:130, 300:420] = 0
    found = sharp_map(picture)
    made = islands(found, picture.shape, margin=12)
    assert sharp_cells(found).any()
    for y, x in np.argwhere(sharp_cells(found)):
        assert any(holds(piece, 8 * x + 4, 8 * y + 4) for piece in made)
    assert made == sorted(made, key=lambda piece: -piece.strength)


@pytest.mark.parametrize(("shape", "scale"), [((480, 640), 1.5), ((600, 800), 1.29), ((1000, 1300), 1.0)])
def test_lines_on_small_frames_are_enlarged(shape: tuple[int, int], scale: float) -> None:
    picture = frame({(60, 120): "QUENBERT OSWALDINE"}, shape)
    wanted = all_places(sharp_map(picture), picture)
    assert {round(piece.scale, 2) for piece in wanted} == {scale}


def test_large_letters_are_not_enlarged_beyond_what_the_network_knows() -> None:
    picture = frame({(60, 120): "HMHMH"}, (480, 640), size=100)
    wanted = all_places(sharp_map(picture), picture)
    assert wanted
    assert all((piece.y1 - piece.y0) * piece.scale < 120 for piece in wanted)


def test_speckle_that_fills_a_frame_is_cut_into_strips() -> None:
    picture = np.tile(tissue((350, 350)), (4, 4))
    wanted = all_places(sharp_map(picture), picture)
    assert len(wanted) > 1
    assert all(piece.area <= 1_400_000 for piece in wanted)
    for y, x in np.argwhere(sharp_cells(sharp_map(picture))):
        assert any(holds(piece, 8 * x + 4, 8 * y + 4) for piece in wanted)


def test_pale_cells_are_looked_at_in_their_own_range_however_many_they_are() -> None:
    picture = tissue((400, 496))
    found = sharp_map(picture)
    none = np.zeros(found.strength.shape, np.bool_)
    wanted = all_places(found, picture, none, ~none)
    assert all(piece.faint and not piece.whole for piece in wanted)
    for y, x in np.argwhere(sharp_cells(found)):
        assert any(holds(piece, 8 * x + 4, 8 * y + 4) for piece in wanted)
