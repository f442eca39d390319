"""How many files of a CT series are cleaned and verified per second in one process."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from viewer.dicom.scan import scan
from viewer.release.batch import Job, export
from viewer.rules.profiles import SHIPPED
from viewer.rules.recipe import Profile, Recipe
from viewer.rules.surrogates import Keyring

FILES = 300
GOAL_PER_SECOND = 120


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """A CT series of 300 slices of 512 x 512 x 16 bit with the header of a real scanner (262 elements)."""
    folder = tmp_path_factory.mktemp("series")
    template = dcmread(get_testdata_file("CT_small.dcm", download=False))
    template.Rows = template.Columns = 512
    noise = np.random.default_rng(1).integers(-1000, 1000, (512, 512), dtype=np.int16)
    for number in range(1, FILES + 1):
        template.PixelData = (noise + number % 7).tobytes()
        template.InstanceNumber = number
        template.SOPInstanceUID = f"1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.{number}"
        template.file_meta.MediaStorageSOPInstanceUID = template.SOPInstanceUID
        template.save_as(folder / f"{number:04}.dcm")
    return scan([folder])


@pytest.mark.bench
@pytest.mark.parametrize("profile", [Profile("PS3.15 Basic"), SHIPPED[0]], ids=["basic", "teaching"])
def test_clean_rate(benchmark, series, tmp_path, profile):
    destinations = iter(range(1000))

    def clean():
        job = Job(
            tuple(series.instances),
            series.duplicates,
            Recipe(profile),
            Keyring(b"k" * 32),
            Path(tmp_path, str(next(destinations))),
        )
        return export(job)

    report = benchmark.pedantic(clean, rounds=4, warmup_rounds=1)
    assert report.counts == {"written": FILES, "held": 0, "rejected": 0}
    rate = FILES / benchmark.stats["median"]
    benchmark.extra_info["files_per_second"] = round(rate)
    print(f"\n{profile.name}: {rate:.0f} files/s (goal {GOAL_PER_SECOND})")
    assert rate > GOAL_PER_SECOND / 2
