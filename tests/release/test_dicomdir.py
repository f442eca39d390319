"""A file-set for a disc: names, the new index, and what must not be in it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.factories import KEYRING, KINDS, ct_slice, instance_of, to_bytes, write
from viewer.release.batch import Job, export
from viewer.release.dicomdir import NAME, dicomdir_findings, is_file_id
from viewer.release.recheck import recheck
from viewer.release.report import Written
from viewer.rules.profiles import BASIC
from viewer.rules.recipe import Recipe


def exported(tmp_path: Path, datasets, *, duplicates=frozenset(), to: str = "disc"):
    instances = []
    for number, dataset in enumerate(datasets, start=1):
        path = write(tmp_path / "in" / f"{to}{number}.dcm", to_bytes(dataset))
        instances.append(instance_of(path, dataset, number))
    job = Job(tuple(instances), duplicates, Recipe(BASIC), KEYRING, tmp_path / "out" / to, disc=True)
    return export(job), tmp_path / "out" / to


def indexed(folder: Path) -> set[str]:
    records = dcmread(folder / NAME).DirectoryRecordSequence
    return {"/".join(r.ReferencedFileID) for r in records if "ReferencedFileID" in r}


def test_every_written_file_of_every_kind_is_in_the_index_and_nothing_else(tmp_path) -> None:
    report, folder = exported(tmp_path, [make() for make in KINDS.values()])
    names = {i.name for i in report.instances if isinstance(i, Written)}
    assert len(names) == len(KINDS)
    assert all(is_file_id(name) for name in names)
    assert report.notes == ()
    assert indexed(folder) == names
    assert not dicomdir_findings((folder / NAME).read_bytes(), folder)


def test_the_index_holds_no_identity_of_the_source(tmp_path) -> None:
    _, folder = exported(tmp_path, [ct_slice()])
    content = (folder / NAME).read_bytes().lower()
    for text in (str(ct_slice().PatientName), str(ct_slice().PatientID), str(ct_slice().StudyInstanceUID)):
        assert text.lower().encode("gb18030") not in content


def test_a_second_export_into_the_folder_renews_the_index(tmp_path) -> None:
    exported(tmp_path, [ct_slice(number=1)])
    _, folder = exported(tmp_path, [ct_slice(number=1), ct_slice(number=2)])
    assert len(indexed(folder)) == 2


def test_a_second_file_of_the_same_instance_is_written_and_left_out_of_the_index(tmp_path) -> None:
    other = ct_slice()
    other.KVP = "80"
    report, folder = exported(tmp_path, [ct_slice(), other], duplicates=frozenset((1, 2)))
    assert report.counts["written"] == 2
    assert len(indexed(folder)) == 1
    assert len(report.notes) == 1


def test_an_index_that_names_another_file_is_noticed(tmp_path) -> None:
    _, folder = exported(tmp_path, [ct_slice(number=1), ct_slice(number=2)])
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != NAME)
    index = (folder / NAME).read_bytes()
    swapped = files[0].read_bytes()
    files[0].write_bytes(files[1].read_bytes())
    assert dicomdir_findings(index, folder)
    files[0].write_bytes(swapped)
    assert not dicomdir_findings(index, folder)
    files[1].unlink()
    assert dicomdir_findings(index, folder)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy is not installed")
def test_an_outside_checker_has_no_error(tmp_path) -> None:
    _, folder = exported(tmp_path, [make() for make in KINDS.values()])
    said = subprocess.run(["dciodvfy", folder / NAME], capture_output=True, text=True, check=False)
    assert not [line for line in said.stderr.splitlines() if line.startswith("Error")]
    assert str(dcmread(folder / NAME).file_meta.ImplementationVersionName).startswith("DEID")


def test_checking_a_folder_again_checks_its_index_too(tmp_path) -> None:
    _, folder = exported(tmp_path, [ct_slice()])
    assert not [checked for checked in recheck(folder) if checked.findings]
    next(p for p in folder.rglob("*") if p.is_file() and p.name != NAME).unlink()
    assert [checked.name for checked in recheck(folder) if checked.findings] == [NAME]
