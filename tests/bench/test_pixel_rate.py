"""How long a box takes: a JPEG frame block by block, a film of 3000 x 3000 decoded, blanked and encoded."""

import imagecodecs
import numpy as np
import pytest
from pydicom.uid import (
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.dicom.pictures import Kind, label, picture
from viewer.dicom.decisions import Blank
from viewer.dicom.parsing import parse
from viewer.pixels.areas import areas
from viewer.pixels.jpeg import blank_blocks
from viewer.pixels.redact import redact
from viewer.release.encode import encoded
from viewer.release.verify_jpeg import jpeg_problem
from viewer.release.verify_jpeg_native import library

ROWS, COLUMNS = 600, 800
AREA = (slice(7, 48), slice(13, 313))
FILL = (0, 128, 128)
FILM = Kind("MONOCHROME2", 16, 14)


@pytest.fixture(scope="module", params=["444", "422", "420"])
def frame(request) -> bytes:
    random = np.random.default_rng(2)
    y, x = np.indices((ROWS, COLUMNS))
    smooth = (110 + 60 * np.sin(x / 30) + 40 * np.cos(y / 25))[..., None]
    noisy = np.clip(smooth + random.normal(0, 10, (ROWS, COLUMNS, 3)), 0, 255).astype(np.uint8)
    return imagecodecs.jpeg8_encode(noisy, 90, subsampling=request.param)


@pytest.mark.bench
@pytest.mark.parametrize("native", [True, False], ids=["native", "own"])
def test_jpeg_frame(benchmark, frame, native) -> None:
    """Goal: 20 ms with libturbojpeg, 300 ms without."""
    if native and library() is None:
        pytest.skip("libturbojpeg is not there")
    made = benchmark.pedantic(
        blank_blocks, args=(frame, [(*AREA, FILL)]), kwargs={"native": native}, rounds=20, warmup_rounds=1
    )
    mask = np.zeros((ROWS, COLUMNS), np.bool_)
    mask[AREA] = True
    assert jpeg_problem(frame, made, mask, [(mask, FILL)]) is None
    assert benchmark.stats.stats.median < 2 * (0.020 if native else 0.300)


@pytest.mark.bench
def test_jpeg_check(benchmark, frame) -> None:
    made = blank_blocks(frame, [(*AREA, FILL)])
    mask = np.zeros((ROWS, COLUMNS), np.bool_)
    mask[AREA] = True
    assert benchmark.pedantic(jpeg_problem, args=(frame, made, mask, [(mask, FILL)]), rounds=20) is None


GOALS = {
    ExplicitVRLittleEndian: 0.1,
    HTJ2KLossless: 0.4,
    RLELossless: 0.5,
    JPEGLosslessSV1: 1.0,
    JPEGLSLossless: 1.3,
    JPEG2000Lossless: 5.0,
}
"""Seconds for one frame of 3000 x 3000, 14 bits; encoding is proved by a second decoder each time."""


@pytest.mark.bench
@pytest.mark.parametrize("syntax", GOALS, ids=label)
def test_film(benchmark, syntax) -> None:
    random = np.random.default_rng(3)
    y, x = np.indices((3000, 3000), sparse=True)
    smooth = 6000 + 3000 * np.sin(x / 400) + 2000 * np.cos(y / 300)
    pixels = (smooth + random.normal(0, 20, (3000, 3000))).astype(np.uint16)[None]
    source = picture(FILM, syntax, pixels=pixels)
    content = encoded(source)
    blank = Blank("rectangle", (100, 50, 900, 180), (0,))
    benchmark.pedantic(redact, setup=lambda: ((parse(content), [blank]), {}), rounds=3, warmup_rounds=1)
    assert benchmark.stats.stats.median < 2 * GOALS[syntax]


@pytest.mark.bench
def test_polygon_over_a_film(benchmark) -> None:
    """Goal: 20 ms."""
    corners = tuple(
        int(v)
        for n in range(12)
        for v in (1500 + 1300 * np.cos(n * 0.5236), 1500 + (900 + 400 * (n % 2)) * np.sin(n * 0.5236))
    )
    benchmark(areas, [Blank("polygon", corners, (0,))], 3000, 3000)
    assert benchmark.stats.stats.median < 0.040
