"""How many files a second are indexed: the parser alone, and a whole scan of 1,000 CT slices."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from viewer.dicom.headers import read_header
from viewer.dicom.scan import scan

COUNT = 1000
PARSER_GOAL = 5000
"""Files a second, warm, in one thread."""

SLOW_MACHINE = 4
"""A shared or older machine may be this many times slower before it counts as a fault."""

pytestmark = pytest.mark.bench


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 1,000 slices of 512x512 that differ in UIDs, number and position only."""
    folder = tmp_path_factory.mktemp("slices")
    path = get_testdata_file("CT_small.dcm", download=False)
    dataset = pydicom.dcmread(path)
    dataset.Rows = dataset.Columns = 512
    dataset.PixelData = bytes(512 * 512 * 2)
    for number in range(1, COUNT + 1):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid(
            entropy_srcs=[str(number)]
        )
        dataset.InstanceNumber = number
        dataset.ImagePositionPatient = [0, 0, number]
        buffer = BytesIO()
        dataset.save_as(buffer)
        (folder / f"IM{number}").write_bytes(buffer.getvalue())
    return folder


def rate(benchmark: Any, work: Callable[[], object]) -> float:
    benchmark.pedantic(work, rounds=5, warmup_rounds=1)
    found = COUNT / benchmark.stats.stats.median
    benchmark.extra_info["files_per_second"] = round(found)
    return found


def test_parser(slices: Path, benchmark: Any) -> None:
    paths = [(path, path.stat().st_size) for path in slices.iterdir()]

    def parse_all() -> int:
        parsed = 0
        for path, size in paths:
            with open(path, "rb", buffering=0) as file:
                parsed += read_header(file, size) is not None
        return parsed

    assert parse_all() == COUNT
    assert rate(benchmark, parse_all) >= PARSER_GOAL / SLOW_MACHINE


def test_scan(slices: Path, benchmark: Any) -> None:
    catalog = scan([slices])
    assert [instance.source.path.name for instance in catalog.instances][-1] == f"IM{COUNT}"
    assert rate(benchmark, lambda: scan([slices])) >= PARSER_GOAL / 2 / SLOW_MACHINE
