"""Large files are read, changed, written and checked frame by frame, with the same result as small ones."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)

from tests.dicom.pictures import KINDS, label, picture
from tests.factories import instance_of
from tests.outside.matrix import stream_of, write
from tests.pixels.test_lossy import lossy
from viewer.dicom.errors import UnreadableFile
from viewer.pixels import redact as redaction
from viewer.pixels import spool
from viewer.pixels.regions import Box, Ellipse, Region, Scope, ScopeKind
from viewer.release import run
from viewer.release.report import Held, Written
from viewer.rules.profiles import shipped_profiles
from viewer.rules.recipe import Recipe
from viewer.rules.surrogates import Keyring

SYNTAXES = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
]


def cleaned(path: Path, out: Path, *regions: Region) -> bytes:
    dataset = dcmread(path, force=True)
    task = run.Task(
        instance_of(path, dataset), Recipe(shipped_profiles()[0], regions), Keyring(bytes(32)), out
    )
    report = run.run_instance(task)
    assert isinstance(report, Written), getattr(report, "reason", "")
    return (out / report.name).read_bytes()


@pytest.fixture
def all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is a large one."""
    for module in (run, redaction):
        monkeypatch.setattr(module, "LARGE", 1)
    monkeypatch.setattr(spool, "_IN_MEMORY", 0)


def regions(rows: int, columns: int) -> tuple[Region, ...]:
    scope = Scope(ScopeKind.FRAMES, "2.25.13", rows, columns, (1, 2))
    image = Scope(ScopeKind.IMAGE, "2.25.13", rows, columns)
    return Region(Box(2, 2, 9, 5), scope), Region(Ellipse(Box(5, 4, 9, 8)), image, "mean")


@pytest.mark.parametrize("syntax", SYNTAXES, ids=label)
@pytest.mark.parametrize("name", ["mono8", "mono12s", "rgb"])
@pytest.mark.parametrize("boxes", [True, False], ids=["boxes", "none"])
def test_the_result_is_the_same_as_in_memory(
    request: pytest.FixtureRequest, tmp_path: Path, syntax, name: str, boxes: bool
) -> None:
    path = write(picture(KINDS[name], syntax, frames=4), tmp_path / "in.dcm")
    chosen = regions(13, 22) if boxes else ()
    small = cleaned(path, tmp_path / "small", *chosen)
    request.getfixturevalue("all_large")
    assert cleaned(path, tmp_path / "large", *chosen) == small
    assert np.asarray(dcmread(path).pixel_array).shape[0] == 4


def test_frames_of_jpeg_blocks_too(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    source = lossy("mono8", JPEGBaseline8Bit, lambda f: stream_of(KINDS["mono8"], JPEGBaseline8Bit, f), 4)
    path = write(source, tmp_path / "in.dcm")
    chosen = regions(50, 70)
    small = cleaned(path, tmp_path / "small", *chosen)
    request.getfixturevalue("all_large")
    assert cleaned(path, tmp_path / "large", *chosen) == small


def test_a_file_that_changes_meanwhile_is_held(
    all_large: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(picture(KINDS["mono8"], frames=4), tmp_path / "in.dcm")
    instance = instance_of(path, dcmread(path))
    honest = run.verify

    def meanwhile(*arguments: object) -> object:
        path.write_bytes(path.read_bytes()[:-60])
        return honest(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "verify", meanwhile)
    task = run.Task(instance, Recipe(shipped_profiles()[0]), Keyring(bytes(32)), tmp_path / "out")
    report = run.run_instance(task)
    assert isinstance(report, Held)
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert issubclass(UnreadableFile, Exception)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux counts it")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """300 MB of frames are cleaned with a box in far less memory than that."""
    kind = KINDS["rgb"]
    path = write(picture(kind, frames=1), tmp_path / "one.dcm")
    dataset = dcmread(path)
    rows, columns, frames = 1000, 1000, 100
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = rows, columns, frames
    dataset.PixelData = b""
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path)
    head = path.read_bytes()
    large = tmp_path / "in" / "large.dcm"
    large.parent.mkdir()
    frame = np.random.default_rng(1).integers(0, 255, rows * columns * 3, np.uint8).tobytes()
    with large.open("wb") as file:
        file.write(head[:-4] + (frames * len(frame)).to_bytes(4, "little"))
        for _ in range(frames):
            file.write(frame)
    program = (
        "import sys\n"
        "from viewer.cli import run\n"
        "code = run(sys.argv[1:])\n"
        # Not getrusage(): that remembers the process that started this one.
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print('PEAK', int(status['VmHWM'].split()[0]) // 1024, code)\n"
    )
    arguments = ["clean", str(large.parent), "--out", str(tmp_path / "out"), "--box", "10,10,300,40"]
    arguments += ["--key-file", str(tmp_path / "key")]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    peak, code = done.stdout.split("PEAK ")[1].split()
    assert code in ("0", "None"), done.stdout
    assert int(peak) < 260, "MB"
