"""From choosing a folder to its first image on the screen, in the real window."""

from statistics import median
from time import perf_counter

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from PySide6.QtWidgets import QApplication

from viewer.app.workspace import Workspace
from viewer.rules.profiles import shipped_profiles
from viewer.rules.surrogates import Keyring
from viewer.ui.main_window import MainWindow

GOALS_MS = {"300 CT slices of 512 x 512": 100, "1 film of 3000 x 3000": 200}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A CT series of 300 slices, and one film of 3000 x 3000 in 16 bits; both uncompressed."""
    template = dcmread(get_testdata_file("CT_small.dcm", download=False))
    made = {}
    for name, count, size in (("300 CT slices of 512 x 512", 300, 512), ("1 film of 3000 x 3000", 1, 3000)):
        folder = made[name] = tmp_path_factory.mktemp("folder")
        template.Rows = template.Columns = size
        template.PixelData = np.random.default_rng(2).integers(-900, 900, (size, size), np.int16).tobytes()
        for number in range(1, count + 1):
            template.InstanceNumber = number
            template.SOPInstanceUID = f"1.3.6.1.4.1.5962.1.1.{size}.{number}"
            template.file_meta.MediaStorageSOPInstanceUID = template.SOPInstanceUID
            template.save_as(folder / f"{number:04}.dcm")
    return made


@pytest.mark.bench
@pytest.mark.parametrize("name", list(GOALS_MS))
def test_time_to_first_image(qtbot, folders, tmp_path, name) -> None:
    times = []
    for _ in range(7):
        window = MainWindow(Workspace(Keyring(b"b" * 32), shipped_profiles()[0]), tmp_path / "settings.json")
        window.show()
        QApplication.processEvents()
        began = perf_counter()
        window.open_paths([folders[name]])
        while not window.images.before.picture_shown:
            QApplication.processEvents()
        window.images.before.repaint()
        times.append(1000 * (perf_counter() - began))
        window.close()
    print(f"\n{name}: first image after {median(times):.0f} ms (goal {GOALS_MS[name]})")
    assert median(times) < 3 * GOALS_MS[name]
