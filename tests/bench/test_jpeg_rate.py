"""How long a box in a JPEG frame of 800 x 600 takes: with libturbojpeg, without, and its check."""

import io

import numpy as np
import pytest
from PIL import Image

from viewer.pixels.jpeg import blank_blocks
from viewer.release import verify_jpeg_native
from viewer.release.verify_jpeg import jpeg_problem

ROWS, COLUMNS = 600, 800
AREA = (slice(7, 48), slice(13, 313))
GOAL = {"library": 0.020, "own": 0.300}
"""Seconds for one frame of a sequential stream."""

KINDS: dict[str, dict[str, object]] = {
    "grey": {},
    "444": {"subsampling": 0},
    "422": {"subsampling": 1},
    "420": {"subsampling": 2},
    "420-restarts": {"subsampling": 2, "restart_marker_rows": 1},
    "420-progressive": {"subsampling": 2, "progressive": True},
    "444-progressive": {"subsampling": 0, "progressive": True},
}


def noisy(kind: str) -> bytes:
    """A frame of quality 90 with so much noise that hardly a coefficient is zero."""
    random = np.random.default_rng(3)
    y, x = np.indices((ROWS, COLUMNS))
    shape = (128 + 60 * np.sin(x / 17) + 50 * np.cos(y / 23))[..., None]
    values = np.clip(shape + random.normal(0, 12, (ROWS, COLUMNS, 3)), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    picture = values[..., 0] if kind == "grey" else values
    Image.fromarray(picture).save(buffer, "JPEG", quality=90, **KINDS[kind])
    return buffer.getvalue()


def fill(kind: str) -> tuple[int, ...]:
    return (0,) if kind == "grey" else (0, 128, 128)


@pytest.fixture(params=["library", "own"])
def by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "own":
        monkeypatch.setattr(verify_jpeg_native, "library", lambda: None)
    elif verify_jpeg_native.library() is None:
        pytest.skip("libturbojpeg is not there")
    return str(request.param)


@pytest.mark.bench
@pytest.mark.parametrize("kind", KINDS)
def test_blank_rate(benchmark, by, kind):
    data = noisy(kind)
    areas = [(*AREA, fill(kind))]
    benchmark.pedantic(blank_blocks, (data, areas), {"native": by == "library"}, rounds=7, warmup_rounds=1)
    median = benchmark.stats["median"]
    print(f"\nblank {kind}, {by}: {1000 * median:.1f} ms (goal {1000 * GOAL[by]:.0f})")
    assert median < 2 * GOAL[by] * (2 if "progressive" in kind else 1)


@pytest.mark.bench
@pytest.mark.parametrize("kind", KINDS)
def test_check_rate(benchmark, by, kind):
    data = noisy(kind)
    mask = np.zeros((ROWS, COLUMNS), np.bool_)
    mask[AREA] = True
    made = blank_blocks(data, [(*AREA, fill(kind))], native=by == "library")
    fills = [(mask, fill(kind))]
    found = benchmark.pedantic(jpeg_problem, (data, made, mask, fills), rounds=5, warmup_rounds=1)
    assert found is None
    print(f"\ncheck {kind}, {by}: {1000 * benchmark.stats['median']:.1f} ms")
