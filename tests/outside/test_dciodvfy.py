"""Cleaned files have no error, in the eyes of dciodvfy, that their source had not."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.outside import dciodvfy

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = (
    "CT_small.dcm",
    "MR_small.dcm",
    "rtplan.dcm",
    "test-SR.dcm",
    "waveform_ecg.dcm",
    "liver_1frame.dcm",
)
FROM_CORPUS = (
    "burned-in/us-doe-john-rle.dcm",
    "header-phi/mr-bigendian-geiis.dcm",
    "modality/pt-siemens-icon.dcm",
    "modality/sr-enhanced-utf8.dcm",
)

pytestmark = pytest.mark.skipif(not dciodvfy.installed(), reason="dciodvfy (dicom3tools) is not installed.")


def clean(source: Path, out: Path) -> Path:
    """Return the one file that `clean` wrote for a source."""
    command = [sys.executable, "-m", "viewer", "clean", str(source), "--out", str(out)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    (written,) = out.rglob("*.dcm")
    return written


def check(sources: list[Path], folder: Path) -> dict[str, list[str]]:
    """Return the unexplained new errors of each source that has some."""
    if not (ROOT / "viewer" / "__main__.py").is_file():
        pytest.skip("The program has no command line.")

    def one(numbered: tuple[int, Path]) -> list[str]:
        number, source = numbered
        return dciodvfy.unexplained(source, clean(source, folder / str(number)))

    with ThreadPoolExecutor(2) as pool:
        found = pool.map(one, enumerate(sources))
        return {source.name: errors for source, errors in zip(sources, found, strict=True) if errors}


def test_sample_study(sample: Path, tmp_path: Path) -> None:
    sources = [sample / f"{folder}/IM0001.dcm" for folder in ("chest-film", "ct-series", "ultrasound")]
    assert check(sources, tmp_path) == {}


def test_files_bundled_in_pydicom(tmp_path: Path) -> None:
    sources = [Path(str(get_testdata_file(name, download=False))) for name in BUNDLED]
    assert check([s for s in sources if s.is_file()], tmp_path) == {}


@pytest.mark.corpus
def test_files_of_the_corpus(corpus: Path, tmp_path: Path) -> None:
    assert check([corpus / name for name in FROM_CORPUS], tmp_path) == {}


def test_a_spoiled_file_is_noticed(sample: Path, tmp_path: Path) -> None:
    """The check must be able to fail: take away what the standard requires, and it says so."""
    source = sample / "ct-series/IM0002.dcm"
    spoiled = pydicom.dcmread(source)
    del spoiled.ImageOrientationPatient
    spoiled.PatientSex = "Z"
    spoiled.save_as(tmp_path / "spoiled.dcm")
    errors = dciodvfy.unexplained(source, tmp_path / "spoiled.dcm")
    assert any("ImageOrientationPatient" in e and "Missing attribute" in e for e in errors)
    assert any("PatientSex" in e for e in errors)
    assert dciodvfy.new_errors(source, source) == []


def test_deflated_files_are_inflated_first(sample: Path, tmp_path: Path) -> None:
    source = sample / "chest-film/IM0001.dcm"
    deflated = pydicom.dcmread(source)
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    deflated.save_as(tmp_path / "deflated.dcm")
    assert dciodvfy.new_errors(source, tmp_path / "deflated.dcm") == []


def test_every_accepted_difference_has_a_reason() -> None:
    assert all(len(why.split()) > 8 for _, why in dciodvfy.ACCEPTED)
    assert dciodvfy.reason("/PatientID(0010,0020): Missing attribute for Type 2 Required") is None


def test_values_are_no_part_of_an_error_kind() -> None:
    before = (
        "Error - </A(0040,a730)[3]/DateOfBirth(0010,0030)[1]> - Value invalid for this VR [DA] = <12> - x"
    )
    after = "Error - </A(0040,a730)[7]/DateOfBirth(0010,0030)[1]> - Value invalid for this VR [DA] = <99> - x"
    assert dciodvfy.kind(before) == dciodvfy.kind(after)
    assert "[DA]" in dciodvfy.kind(before)
    assert "12" not in dciodvfy.kind(before)
    assert "Module=<Patient>" in dciodvfy.kind(
        "Error - </B(0010,0010)> - Missing attribute - Module=<Patient>"
    )
