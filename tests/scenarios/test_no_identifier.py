"""Regions on images without a SOP Instance UID, which are known by their content."""

from pathlib import Path

import pytest

from tests.dicom.pictures import KINDS, picture, values
from tests.outside.matrix import write
from viewer.cli import run
from viewer.dicom.scan import scan
from viewer.pixels.box_text import regions_from
from viewer.release.batch import Job, export
from viewer.rules.profiles import shipped_profiles
from viewer.rules.recipe import Recipe
from viewer.rules.surrogates import Keyring


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images that differ in their pixels only."""
    (tmp_path / "in").mkdir()
    for seed in (1, 2):
        made = picture(KINDS["mono8"], pixels=values(KINDS["mono8"], seed=seed))
        path = write(made, tmp_path / "in" / f"{seed}.dcm")
        content = path.read_bytes()
        # The identifier goes from the data set and from the file meta information.
        path.write_bytes(content.replace(b"2.25.13\0", bytes(8)))
    return tmp_path


def test_each_gets_its_own_box(folder: Path) -> None:
    catalog = scan([folder / "in"])
    instances = sorted(catalog.instances, key=lambda i: i.source.path)
    assert [i.sop_instance_uid for i in instances] == ["", ""]
    (region,) = regions_from(f"2,2,5,4@instance={instances[0].number}", catalog.studies)
    recipe = Recipe(shipped_profiles()[0], (region,))
    report = export(Job(tuple(instances), catalog.duplicates, recipe, Keyring(bytes(32)), folder / "out"))
    touched = {i.number: getattr(i, "pixels", None) and i.pixels.pixels_blanked for i in report.instances}
    assert touched == {instances[0].number: 20, instances[1].number: 0}


def test_a_box_for_all_reaches_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["clean", str(folder / "in"), "--out", str(folder / "out"), "--box", "2,2,5,4"]
    assert run([*arguments, "--key-file", str(folder / "key")]) == 0
    assert "written 2, held 0" in capsys.readouterr().out
