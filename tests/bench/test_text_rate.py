"""How long text takes: finding and reading on films and frames, a loop, and a whole film to a verified file.

The networks work in two threads. What is drawn is synthetic; decoding and writing are measured apart, but for
the last, which is everything from the file on disk to the checked file.
"""

import resource as process
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.factories import _pixels, base, to_bytes, write
from tests.finders.drawn import frame
from viewer.dicom.scan import scan
from viewer.finders.many_frames import Eyes, Way, text_of_frames
from viewer.release.batch import Job, export
from viewer.release.text_before import outcomes
from viewer.rules.profiles import BASIC
from viewer.rules.recipe import PixelText, Recipe
from viewer.rules.surrogates import Keyring

pytestmark = [pytest.mark.bench, pytest.mark.text]

FIVE = {
    (60, 60): "QUENBERT OSWALDINE", (60, 120): "DOB 03.12.1961", (2300, 60): "SAINT EKATERIN HOSPITAL",
    (2300, 2860): "2024-05-17 10:11", (60, 2860): "MRN HOSP-778341",
}  # fmt: skip
GOALS = {"film": 0.3, "frame": 0.1, "loop": 1.0, "whole": 1.0}
"""Seconds."""


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    return Eyes.open(threads=2)


def film() -> np.ndarray:
    """A film of 3000 x 3000 in 16 bits with soft anatomy, noise and five lines."""
    eight = frame(FIVE, (3000, 3000), size=40, noise=0)
    noise = np.random.default_rng(4).normal(0, 60, eight.shape)
    return np.clip(eight.astype(np.float32) * 200 + noise, 0, 65535).astype(np.uint16)


def ultrasound(shape: tuple[int, int], seed: int = 1) -> np.ndarray:
    """A frame with speckle in a sector and five lines in its corners."""
    rows, columns = shape
    lines = {
        (10, 8): "QUENBERT OSWALDINE", (10, 30): "HOSP-778341", (columns - 190, 8): "17.05.2024",
        (columns - 190, 30): "10:11:12", (10, rows - 30): "7.5 MHz",
    }  # fmt: skip
    drawn = frame(lines, shape, size=16, ground=0, noise=0)
    drawn[drawn < 60] = 0
    down, across = np.mgrid[:rows, :columns]
    sector = (np.abs(across - columns / 2) < 0.42 * down) & (down > 60) & (down < 0.9 * rows)
    speckle = np.random.default_rng(seed).rayleigh(42, shape)
    return np.where(sector, np.clip(speckle, 0, 255), drawn).astype(np.uint8)


def told(benchmark, what: str, goal: str) -> None:
    median = benchmark.stats["median"]
    print(f"\n{what}: {1000 * median:.0f} ms (goal {1000 * GOALS[goal]:.0f})")
    assert median < 4 * GOALS[goal]


def test_film(benchmark, eyes) -> None:
    grey = film()
    lines, _ = benchmark.pedantic(eyes.lines, (grey,), rounds=7, warmup_rounds=1)
    assert len(lines) >= 5
    told(benchmark, "film of 3000 x 3000, five lines", "film")


@pytest.mark.parametrize("shape", [(480, 640), (600, 800), (768, 1024)], ids=lambda s: f"{s[1]}x{s[0]}")
def test_ultrasound(benchmark, eyes, shape) -> None:
    grey = ultrasound(shape)
    lines, _ = benchmark.pedantic(eyes.lines, (grey,), rounds=7, warmup_rounds=1)
    assert len(lines) >= 5
    told(benchmark, f"ultrasound {shape[1]} x {shape[0]}, {len(lines)} lines", "frame")


def test_loop(benchmark, eyes) -> None:
    frames = [ultrasound((600, 800), seed) for seed in range(100)]
    found = benchmark.pedantic(
        text_of_frames, (frames.__getitem__, 100, eyes), {"way": Way.LOOP}, rounds=3, warmup_rounds=1
    )
    assert len(found.lines) >= 5
    told(benchmark, "loop of 100 frames of 800 x 600", "loop")


def test_film_to_verified_file(benchmark, tmp_path: Path) -> None:
    """Scan, find, read, mask, clean the header, write, check, read again."""
    made = _pixels(base("1.2.840.10008.5.1.4.1.1.1.1", "DX"), film(), "MONOCHROME2")
    write(tmp_path / "in" / "film.dcm", to_bytes(made))
    recipe = Recipe(replace(BASIC, text=PixelText.BLANK))
    rounds = iter(range(100))

    def whole() -> None:
        catalog = scan([tmp_path / "in"])
        text = outcomes(catalog, recipe, progress=lambda done, total: None, cancelled=lambda: False)
        job = Job(
            tuple(catalog.instances),
            catalog.duplicates,
            recipe,
            Keyring(b"k" * 32),
            tmp_path / f"out{next(rounds)}",
            text=text,
            read_again=True,
        )
        assert export(job).counts == {"written": 1, "held": 0, "rejected": 0}

    benchmark.pedantic(whole, rounds=5, warmup_rounds=1)
    told(benchmark, "film of 3000 x 3000 from file to verified file", "whole")
    print(f"most memory so far: {process.getrusage(process.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
