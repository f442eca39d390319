"""Video: shown and changed with ffmpeg where it is installed, held with a sentence where it is not."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from tests.dicom.pictures import KINDS, picture, values
from tests.factories import instance_of
from tests.outside.matrix import write
from viewer.dicom import ffmpeg
from viewer.dicom.errors import Unsupported
from viewer.dicom.video import video_frame
from viewer.pixels.regions import Box, Ellipse, Region, Scope, ScopeKind
from viewer.release.report import Held, InstanceReport, Written
from viewer.release.run import Task, run_instance
from viewer.release.verify_pixels import check_pixels
from viewer.rules.profiles import shipped_profiles
from viewer.rules.recipe import Recipe
from viewer.rules.surrogates import Keyring

ROWS, COLUMNS, FRAMES = 96, 128, 10
ENCODERS = {
    "mpeg2video": ("-c:v", "mpeg2video", "-q:v", "3"),
    "h264": ("-c:v", "libx264", "-bsf:v", "filter_units=remove_types=6"),
    "hevc": ("-c:v", "libx265", "-x265-params", "log-level=none"),
}
CLIPS = [
    ("mpeg2video", "mpeg2video", "100"),
    ("mpeg2video", "mpegts", "101"),
    ("h264", "mp4", "102"),
    ("h264", "mpegts", "103"),
    ("hevc", "mp4", "107"),
    ("hevc", "hevc", "108"),
]
SCOPE = Scope(ScopeKind.IMAGE, "2.25.13", ROWS, COLUMNS)
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def clip(folder: Path, codec: str, container: str, frames: int = FRAMES) -> bytes:
    out = folder / f"clip-{frames}"
    pattern = ("-f", "lavfi", "-i", f"testsrc2=size={COLUMNS}x{ROWS}:rate=25", "-frames:v", str(frames))
    coding = ("-pix_fmt", "yuv420p", *ENCODERS[codec], "-f", container)
    subprocess.run(["ffmpeg", "-y", "-v", "error", *pattern, *coding, str(out)], check=True)
    return out.read_bytes()


def video(stream: bytes, number: str) -> Dataset:
    dataset = picture(KINDS["rgb"], pixels=values(KINDS["rgb"], 1, rows=ROWS, columns=COLUMNS))
    dataset.file_meta.TransferSyntaxUID = UID(f"1.2.840.10008.1.2.4.{number}")
    dataset.PhotometricInterpretation, dataset.NumberOfFrames = "YBR_PARTIAL_420", FRAMES
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionRatio, dataset.LossyImageCompressionMethod = "20", "ISO_14496_10"
    dataset.add_new(0x7FE00010, "OB", encapsulate([stream], has_bot=False))
    dataset["PixelData"].is_undefined_length = True
    return dataset


def cleaned(folder: Path, dataset: Dataset, *regions: Region, hold: bool = False) -> InstanceReport:
    path = write(dataset, folder / "in.dcm")
    profile = replace(shipped_profiles()[0], hold_lossy=hold)
    task = Task(instance_of(path, dataset), Recipe(profile, regions), Keyring(bytes(32)), folder / "out")
    return run_instance(task)


@needs_ffmpeg
@pytest.mark.parametrize(("codec", "container", "number"), CLIPS, ids=[f"{c}-{b}" for c, b, _ in CLIPS])
def test_shapes_are_black_on_every_frame(tmp_path: Path, codec: str, container: str, number: str) -> None:
    source = video(clip(tmp_path, codec, container), number)
    before = [video_frame(source, n) for n in (0, FRAMES - 1)]
    report = cleaned(
        tmp_path, source, Region(Box(8, 6, 50, 20), SCOPE), Region(Ellipse(Box(70, 40, 40, 40)), SCOPE)
    )
    assert isinstance(report, Written), getattr(report, "reason", "")
    assert (report.pixels.basis, report.pixels.frames) == ("video", FRAMES)
    assert "lossy-region" in {finding.code for finding in report.findings}
    written = dcmread(tmp_path / "out" / report.name)
    assert next(str(v) for v in written.LossyImageCompressionMethod) == "ISO_14496_10"
    assert len(written.LossyImageCompressionRatio) == 2
    for n, old in zip((0, FRAMES - 1), before, strict=True):
        new = video_frame(written, n)
        assert new[8:24, 10:56].max() < 40
        assert new[58:62, 88:92].max() < 40
        assert np.abs(new[30:38, :60].astype(int) - old[30:38, :60]).mean() < 8
    with pytest.raises(Unsupported):
        video_frame(written, FRAMES)


@needs_ffmpeg
def test_what_cannot_be_done_to_a_video_is_held(tmp_path: Path) -> None:
    source = video(clip(tmp_path, "h264", "mp4"), "102")
    some = replace(SCOPE, kind=ScopeKind.FRAMES, frames=(0, 3))
    for region, words in (
        (Region(Box(1, 1, 9, 9), some), "all of its frames"),
        (Region(Box(1, 1, 9, 9), SCOPE, "mean"), "only be black"),
    ):
        report = cleaned(tmp_path, source, region)
        assert isinstance(report, Held)
        assert words in report.reason
    held = cleaned(tmp_path, source, Region(Box(1, 1, 9, 9), SCOPE), hold=True)
    assert isinstance(held, Held)
    damaged = cleaned(
        tmp_path, video(b"\0\0\0\x18ftypmp42" + bytes(400), "102"), Region(Box(1, 1, 9, 9), SCOPE)
    )
    assert isinstance(damaged, Held)


def test_without_ffmpeg_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg.shutil, "which", lambda name: None)
    source = video(b"\0\0\x01\xb3" + bytes(64), "100")
    with pytest.raises(Unsupported, match="ffmpeg, which is not installed"):
        video_frame(source, 0)
    report = cleaned(tmp_path, source, Region(Box(1, 1, 9, 9), SCOPE))
    assert isinstance(report, Held)
    assert "ffmpeg" in report.reason


@needs_ffmpeg
def test_the_checker_of_videos_notices(tmp_path: Path) -> None:
    stream = clip(tmp_path, "h264", "mp4")
    source = video(stream, "102")
    region = Region(Box(8, 6, 50, 20), SCOPE)
    report = cleaned(tmp_path, source, region)
    assert isinstance(report, Written)
    written = dcmread(tmp_path / "out" / report.name)
    blank = region.blank(tuple(range(FRAMES)))
    moved = Region(Box(8, 40, 50, 20), SCOPE).blank(tuple(range(FRAMES)))

    def codes(made: Dataset, *blanks: object) -> list[str]:
        return [f.code for f in check_pixels(source, made, blanks)[1]]  # type: ignore[arg-type]

    assert codes(written, blank) == []
    assert codes(written, moved) == ["box-not-blank"]
    assert codes(source, blank) == ["history-wrong"]
    for wrong, code in (
        (clip(tmp_path, "h264", "mp4"), "box-not-blank"),
        (clip(tmp_path, "h264", "mp4", frames=FRAMES - 2), "frame-missing"),
        (clip(tmp_path, "h264", "mpegts"), "syntax-changed"),
        (b"no video at all", "pixels-unreadable"),
    ):
        other = dcmread(tmp_path / "out" / report.name)
        other.PixelData = encapsulate([wrong], has_bot=False)
        other["PixelData"].is_undefined_length = True
        assert codes(other, blank)[0] in (code, "box-not-blank"), code
