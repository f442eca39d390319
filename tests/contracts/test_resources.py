"""What is in resources/ is whole: tables match their manifest, the sample study is there and is synthetic."""

import hashlib
import json
from pathlib import Path

import pydicom
import pytest

from viewer.resources import resource

STANDARD = resource("standard")
SAMPLE = sorted(resource("sample").rglob("*.dcm"))


def manifests() -> list[Path]:
    return sorted(resource().rglob("manifest.json"))


@pytest.mark.parametrize("manifest", manifests(), ids=lambda p: p.parent.name)
def test_files_are_those_of_the_manifest(manifest: Path) -> None:
    listed = json.loads(manifest.read_bytes())["files"]
    assert listed
    for name, entry in listed.items():
        assert hashlib.sha256((manifest.parent / name).read_bytes()).hexdigest() == entry["sha256"], name


def test_every_table_of_the_standard_is_listed_and_has_its_notice() -> None:
    listed = set(json.loads((STANDARD / "manifest.json").read_bytes())["files"])
    there = {p.name for p in STANDARD.iterdir() if p.suffix in (".json", ".gz")} - {"manifest.json"}
    assert listed == there
    notice = (STANDARD / "NOTICE.md").read_text(encoding="utf-8")
    assert "trademark" in notice
    assert all(f"`{name}`" in notice for name in there)


def test_the_sample_is_small_and_complete() -> None:
    assert len(SAMPLE) == 14
    assert sum(p.stat().st_size for p in SAMPLE) < 4_200_000
    read = [pydicom.dcmread(p) for p in SAMPLE]
    assert {d.Modality for d in read} == {"DX", "CT", "US"}
    assert {str(d.PatientName) for d in read} == {"Zhang^San=张^三", "Müller^Jörg", "Li^Mei=李^梅"}
    assert all(d.SOPInstanceUID.startswith("2.25.") for d in read)
    assert len({d.SOPInstanceUID for d in read}) == len(read)


@pytest.mark.parametrize("path", SAMPLE, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_the_sample_decodes(path: Path) -> None:
    dataset = pydicom.dcmread(path)
    pixels = dataset.pixel_array
    frame = pixels[0, :, :, 0] if pixels.ndim == 4 else pixels
    assert frame.shape == (dataset.Rows, dataset.Columns)
    assert pixels.max() > pixels.min()


def test_the_sample_has_something_of_everything() -> None:
    """Private blocks with a name in them, names in sequences, text in the pixels, references."""
    read = {p.parent.name + p.stem: pydicom.dcmread(p) for p in SAMPLE}
    film, slice_2, loop = read["chest-filmIM0001"], read["ct-seriesIM0002"], read["ultrasoundIM0001"]
    assert film.private_block(0x0019, "SAMPLE VENDOR 1.0")[0x01].value.startswith("张三")
    reference = slice_2.ReferencedImageSequence[0]
    assert reference.ReferencedSOPInstanceUID == read["ct-seriesIM0001"].SOPInstanceUID
    assert slice_2.pixel_array.min() < 0
    assert loop.NumberOfFrames == len(loop.pixel_array) == 8
    assert (film.pixel_array[20:110, 20:220] == 3950).sum() > 500
    assert film.OperatorIdentificationSequence[0].PersonIdentificationCodeSequence


def test_icons_are_there() -> None:
    assert resource("icons", "deid-viewer.ico").is_file()
    assert {p.stem.rpartition("-")[2] for p in resource("icons").glob("*.png")} >= {"16", "32", "64", "256"}
