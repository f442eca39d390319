"""Which pieces of a frame are looked at."""

import numpy as np
import pytest

from tests.finders.drawn import frame
from viewer.finders.places import all_places
from viewer.finders.sharpness import Piece, islands, sharp_cells, sharp_map


def speckled(shape: tuple[int, int], inside: tuple[slice, slice], lines: dict | None = None) -> np.ndarray:
    """A black frame with a sector full of bright and dark speckle, and lines of text."""
    drawn = frame(lines or {}, shape, size=16, ground=0, noise=0)
    random = np.random.default_rng(3)
    bright = (random.random((shape[0] // 8 + 1, shape[1] // 8 + 1)) < 0.5).repeat(8, 0).repeat(8, 1)
    noise = random.rayleigh(60, shape) * (0.1 + bright[: shape[0], : shape[1]])
    drawn[inside] = np.clip(noise[inside], 0, 255)
    return drawn.astype(np.uint8)


def holds(piece: Piece, x: int, y: int) -> bool:
    return piece.x0 <= x < piece.x1 and piece.y0 <= y < piece.y1


def test_a_frame_with_wide_empty_gaps_is_looked_at_in_islands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viewer.finders.places._MOST", 0.6)
    picture = speckled((600, 800), (slice(250, 600), slice(0, 800)), {(20, 10): "QUENBERT OSWALDINE"})
    picture[:200, 600:800] = speckled((200, 200), (slice(0, 200), slice(0, 200)))
    wanted, whole = all_places(sharp_map(picture), picture)
    assert whole
    assert len(wanted) == 3
    assert sum(piece.area for piece in wanted) < 0.8 * picture.size
    assert all(any(holds(p, x, y) for p in wanted) for x, y in ((30, 18), (700, 100), (400, 500)))


def test_a_frame_without_such_gaps_stays_one() -> None:
    picture = speckled((600, 800), (slice(30, 570), slice(30, 770)), {(20, 8): "QUENBERT OSWALDINE"})
    wanted, whole = all_places(sharp_map(picture), picture)
    assert whole
    assert len(wanted) == 1


def test_islands_hold_every_sharp_cell_and_ticks_of_a_ruler_stay_together() -> None:
    picture = speckled((480, 640), (slice(100, 300), slice(100, 500)))
    for y in range(20, 460, 20):
        picture[y : y + 2, 610:630] = 220
    found = sharp_map(picture)
    made = islands(found, picture.shape, margin=12, scale=1.0)
    for y, x in np.argwhere(sharp_cells(found)):
        assert any(holds(piece, 8 * x + 4, 8 * y + 4) for piece in made)
    assert len([piece for piece in made if piece.x0 > 560]) == 1
    assert made == sorted(made, key=lambda piece: -piece.strength)
