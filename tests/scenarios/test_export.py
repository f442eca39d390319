"""Whole exports: what belongs together stays together, and nothing half done is ever left."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.factories import ILLI, KEYRING, KINDS, OSWALDINE, ct_slice, instance_of, to_bytes, write
from viewer.dicom.errors import UnsafeDestination
from viewer.dicom.scan import scan
from viewer.release.batch import Job, export
from viewer.release.recheck import recheck
from viewer.release.report import Held, Report, Written
from viewer.release.run import Task, run_instance
from viewer.rules.profiles import BASIC, profile_named
from viewer.rules.recipe import Profile, Recipe

ROOT = Path(__file__).resolve().parents[2]


def job(source: Path, destination: Path, profile: Profile = BASIC, **how) -> Job:
    catalog = scan([source])
    return Job(tuple(catalog.instances), catalog.duplicates, Recipe(profile), KEYRING, destination, **how)


def files(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def names(report: Report) -> list[str]:
    return [i.name for i in report.instances if isinstance(i, Written)]


def fill(folder: Path, *, who=OSWALDINE, series=(1, 2), numbers=(1, 2, 3)) -> Path:
    for one in series:
        for number in numbers:
            content = to_bytes(ct_slice(who, one, number))
            write(folder / f"{who.identifier}-{one}-{number}.dcm", content)
    return folder


def test_one_study_two_series(tmp_path) -> None:
    report = export(job(fill(tmp_path / "in"), tmp_path / "out"))
    assert report.counts == {"written": 6, "held": 0, "rejected": 0}
    written = [dcmread(tmp_path / "out" / name) for name in names(report)]
    assert len({w.StudyInstanceUID for w in written}) == 1
    assert len({w.SeriesInstanceUID for w in written}) == 2
    assert len({w.SOPInstanceUID for w in written}) == 6
    assert len({w.FrameOfReferenceUID for w in written}) == 1
    assert len({name.rsplit("/", 1)[0] for name in names(report)}) == 2
    assert set(files(tmp_path / "out")) == set(names(report))


def test_references_between_files_still_lead_somewhere(tmp_path) -> None:
    """Peers left nested references to the old UIDs: structure sets lost their images."""
    source = fill(tmp_path / "in", series=(1,))
    for kind in ("SR", "PR", "SEG"):
        write(source / f"{kind}.dcm", to_bytes(KINDS[kind]()))
    profile = Profile("p", frozenset(profile_named("sharing").options))
    report = export(job(source, tmp_path / "out", profile))
    assert report.counts["held"] == 0
    written = [dcmread(tmp_path / "out" / name) for name in names(report)]
    there = {w.SOPInstanceUID for w in written if w.Modality == "CT"}
    for modality in ("SR", "PR"):  # Source Image Sequence of Type 2 is emptied in a SEG: X/Z/U* -> Z
        (one,) = (w for w in written if w.Modality == modality)
        pointed = {e.value for e in one.iterall() if e.keyword == "ReferencedSOPInstanceUID"}
        assert pointed
        assert pointed <= there
        series = {e.value for e in one.iterall() if e.keyword == "SeriesInstanceUID"}
        assert series <= {w.SeriesInstanceUID for w in written}


def test_two_patients_are_apart_and_a_patient_who_comes_back_is_the_same(tmp_path) -> None:
    fill(tmp_path / "in", series=(1,), numbers=(1,))
    fill(tmp_path / "in", who=ILLI, series=(1,), numbers=(1,))
    later = ct_slice(series=9)
    later.StudyInstanceUID, later.StudyDate = f"{OSWALDINE.study}.5", "20250101"
    write(tmp_path / "later" / "1.dcm", to_bytes(later))
    research = profile_named("research")
    first = export(job(tmp_path / "in", tmp_path / "out", research))
    second = export(job(tmp_path / "later", tmp_path / "out2", research))
    written = [dcmread(tmp_path / "out" / name) for name in names(first)]
    again = dcmread(tmp_path / "out2" / names(second)[0])
    assert len({w.PatientID for w in written}) == 2
    (same,) = (w for w in written if w.PatientID == again.PatientID)
    assert same.PatientName == again.PatientName
    assert same.StudyInstanceUID != again.StudyInstanceUID
    assert names(second)[0].split("/")[0] in {name.split("/")[0] for name in names(first)}


def test_the_order_makes_no_difference(tmp_path) -> None:
    made = job(fill(tmp_path / "in"), tmp_path / "a")
    export(made)
    export(Job(made.instances[::-1], made.duplicates, made.recipe, KEYRING, tmp_path / "b"))
    assert files(tmp_path / "a") == files(tmp_path / "b") != {}


def test_a_second_run_changes_nothing(tmp_path) -> None:
    made = job(fill(tmp_path / "in", series=(1,)), tmp_path / "out")
    export(made)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*.dcm")}
    report = export(made)
    assert report.counts["written"] == 3
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*.dcm")} == before


def test_processes_give_the_same_bytes(tmp_path) -> None:
    source = fill(tmp_path / "in")
    export(job(source, tmp_path / "one"))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        report = export(job(source, tmp_path / "two"), executor=pool)
    assert report.counts == {"written": 6, "held": 0, "rejected": 0}
    assert [i.number for i in report.instances] == [1, 2, 3, 4, 5, 6]
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_duplicates_are_all_written(tmp_path) -> None:
    first, second = ct_slice(), ct_slice()
    second.SliceThickness = "7"
    write(tmp_path / "in" / "a.dcm", to_bytes(first))
    write(tmp_path / "in" / "b.dcm", to_bytes(second))
    report = export(job(tmp_path / "in", tmp_path / "out"))
    assert len(set(names(report))) == 2
    assert {str(dcmread(tmp_path / "out" / n).SliceThickness) for n in names(report)} == {"5", "7"}


# --- when something goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["content", "length", "gone"])
def test_a_source_that_changed_meanwhile_is_held(tmp_path, change) -> None:
    source = fill(tmp_path / "in", series=(1,))
    made = job(source, tmp_path / "out")
    path = made.instances[1].source.path
    if change == "gone":
        path.unlink()
    else:
        content = to_bytes(ct_slice(ILLI))
        path.write_bytes(content if change == "content" else content + b"\0\0")
        os.utime(path, ns=(1, 1))
    report = export(made)
    assert report.counts == {"written": 2, "held": 1, "rejected": 0}
    assert report.instances[1] == Held(made.instances[1].number, report.instances[1].reason)
    assert len(files(tmp_path / "out")) == 2


def test_a_full_disk_holds_and_leaves_nothing(tmp_path, monkeypatch) -> None:
    made = job(fill(tmp_path / "in", series=(1,)), tmp_path / "out")

    def full(handle, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    report = export(made)
    monkeypatch.undo()
    assert report.counts == {"written": 0, "held": 3, "rejected": 0}
    assert all("full" in i.reason for i in report.instances)
    assert not (tmp_path / "out").exists() or files(tmp_path / "out") == {}


def test_a_disk_that_fills_up_half_way_leaves_whole_files_only(tmp_path, monkeypatch) -> None:
    made = job(fill(tmp_path / "in"), tmp_path / "out")
    real, space = os.write, [4000]

    def write_some(handle, data):
        if space[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        space[0] -= real(handle, bytes(data[:700]))
        return min(len(data), 700)

    monkeypatch.setattr(os, "write", write_some)
    report = export(made)
    monkeypatch.undo()
    assert 0 < report.counts["written"] < 6
    assert set(files(tmp_path / "out")) == set(names(report))
    assert [c for c in recheck(tmp_path / "out") if c.findings] == []


def test_a_destination_that_cannot_be_made_or_lies_among_the_sources_is_refused(tmp_path) -> None:
    source = fill(tmp_path / "in", series=(1,), numbers=(1,))
    blocked = write(tmp_path / "file", b"")
    for destination in (source, source / "out", source / "a" / ".." / "out", blocked, blocked / "out"):
        with pytest.raises(UnsafeDestination):
            export(job(source, destination))
    assert list(files(source)) == ["HOSP-778341-1-1.dcm"]
    link = tmp_path / "link"
    link.symlink_to(source)
    with pytest.raises(UnsafeDestination):
        export(job(source, link / "out"))


def test_a_missing_destination_is_made(tmp_path) -> None:
    """Peers failed, or printed a sentence and ended with 0, when the folder was missing."""
    source = fill(tmp_path / "in", series=(1,), numbers=(1,))
    assert export(job(source, tmp_path / "a" / "b" / "c")).counts["written"] == 1


@pytest.mark.parametrize("replace_existing", [False, True])
def test_a_different_file_of_the_same_name(tmp_path, replace_existing) -> None:
    made = job(fill(tmp_path / "in", series=(1,)), tmp_path / "out", replace_existing=replace_existing)
    victim = tmp_path / "out" / names(export(made))[0]
    victim.write_bytes(b"somebody's work")
    report = export(made)
    assert report.counts["held"] == (0 if replace_existing else 1)
    assert (victim.read_bytes() == b"somebody's work") is not replace_existing
    assert len(files(tmp_path / "out")) == 3


def test_cancelled_half_way(tmp_path) -> None:
    done: list[int] = []
    report = export(
        job(fill(tmp_path / "in"), tmp_path / "out"),
        progress=lambda n, total: done.append(n),
        cancelled=lambda: len(done) > 2,
    )
    assert report.cancelled
    assert len(report.instances) == 2
    assert set(files(tmp_path / "out")) == set(names(report))


def test_an_error_inside_holds_one_instance_and_tells_no_value(tmp_path, monkeypatch) -> None:
    dataset = ct_slice()
    path = write(tmp_path / "in" / "1.dcm", to_bytes(dataset))

    def broken(*arguments):
        raise ValueError(f"bad value {OSWALDINE.name}")

    monkeypatch.setattr("viewer.release.run.plan", broken)
    result = run_instance(Task(instance_of(path, dataset), Recipe(BASIC), KEYRING, tmp_path / "out"))
    assert isinstance(result, Held)
    assert "QUENBERT" not in repr(result)


@pytest.mark.parametrize("cut", [1, 3, 0.9])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_file_cut_short_is_rejected_or_held_and_nothing_is_raised(tmp_path, kind, cut) -> None:
    content = to_bytes(KINDS[kind]())
    missing = cut if cut >= 1 else int(len(content) * cut)
    write(tmp_path / "in" / "1.dcm", content[:-missing])
    report = export(job(tmp_path / "in", tmp_path / "out"))
    assert report.counts["written"] == 0


_CHILD = """
import sys
from pathlib import Path
from tests.scenarios.test_export import job
from viewer.release.batch import export
export(job(Path(sys.argv[1]), Path(sys.argv[2])), progress=lambda n, t: print(n, flush=True))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="This system knows no SIGKILL.")
def test_killed_half_way_leaves_whole_and_clean_files_only(tmp_path) -> None:
    source = fill(tmp_path / "in", series=range(1, 21), numbers=range(1, 16))
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(source), str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    for line in child.stdout:
        if int(line) >= 40:
            break
    time.sleep(0.013)
    child.kill()
    child.wait()
    child.stdout.close()
    left = files(tmp_path / "out")
    assert 40 <= len(left) < 300
    assert all(name.endswith(".dcm") for name in left)
    checked = recheck(tmp_path / "out", scan([source]).instances)
    assert [c for c in checked if c.findings] == []
    report = export(job(source, tmp_path / "out"))
    assert report.counts == {"written": 300, "held": 0, "rejected": 0}
    digests = {name: hashlib.sha256(content).digest() for name, content in left.items()}
    after = files(tmp_path / "out")
    assert {name: hashlib.sha256(after[name]).digest() for name in left} == digests
