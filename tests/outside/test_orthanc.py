"""A PACS takes the written studies and shows the hierarchy that stands in them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.outside import orthanc

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(not orthanc.installed(), reason="Orthanc or dcmtk is not installed.")


@pytest.mark.parametrize("by", ["rest", "c-store"])
def test_a_pacs_takes_what_was_written(by, tmp_path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "viewer", "clean", "resources/sample", "--out", str(out), "--profile"]
    subprocess.run([*command, "teaching file"], cwd=ROOT, check=False, capture_output=True)
    assert len(list(out.rglob("*.dcm"))) == 14
    script = [sys.executable, "tests/outside/orthanc.py", str(out), "--by", by]
    result = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "the same hierarchy" in result.stdout
