"""Whatever is opened ends up in the catalog, or among the rejected with a sentence."""

import os
import zipfile
from io import BytesIO
from pathlib import Path
from time import sleep

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from viewer.dicom import scan as scanning
from viewer.dicom.catalog import Catalog
from viewer.dicom.errors import Cancelled
from viewer.dicom.scan import (
    CLOSED_FOLDER,
    EMPTY,
    INDEX_ONLY,
    NESTED_ZIP,
    NOT_ON_DISC,
    OUTSIDE,
    scan,
)
from viewer.dicom.sources import MISSING, read_source

CORPUS = Path(os.environ.get("DEID_CORPUS", Path(__file__).resolve().parents[2] / "../shared/data"))
DISC = Path(pydicom.__file__).parent / "data/test_files/dicomdirtests"


def encode(dataset: Dataset) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", "1.2")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "1.2")
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def image(number: int, *, series: str = "1.2.1", uid: str = "") -> bytes:
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = uid or f"1.2.3.{number}"
    dataset.Modality = "OT"
    dataset.PatientName, dataset.PatientID = "Doe^John", "P1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2", series
    dataset.InstanceNumber = number
    dataset.Rows, dataset.Columns, dataset.BitsAllocated = 2, 2, 8
    dataset.add_new(0x7FE00010, "OB", b"\1\2\3\4")
    return encode(dataset)


def disc_index(*file_ids: list[str] | str) -> bytes:
    dataset = Dataset()
    dataset.SOPClassUID = MediaStorageDirectoryStorage
    dataset.FileSetID = "X"
    # Names that the standard forbids shall get in as well.
    with pydicom.config.disable_value_validation():
        records = []
        for file_id in file_ids:
            record = Dataset()
            record.DirectoryRecordType = "IMAGE"
            record.ReferencedFileID = file_id
            records.append(record)
        dataset.DirectoryRecordSequence = records
        return encode(dataset)


def names(catalog: Catalog) -> list[str]:
    return [i.source.member or i.source.path.name for i in catalog.instances]


def reasons(catalog: Catalog) -> dict[str, str]:
    return {item.source.member or item.source.path.name: item.reason for item in catalog.rejected}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five images in two series, an empty file and a text, in folders with Chinese names."""
    top = tmp_path / "教学 病例"
    (top / "系列二").mkdir(parents=True)
    for number in (3, 1, 2):
        (top / f"IM{number}").write_bytes(image(number))
    for number in (5, 4):
        (top / "系列二" / f"图{number}").write_bytes(image(number, series="1.2.2"))
    (top / "empty").write_bytes(b"")
    (top / "说明.txt").write_text("检查所见：未见异常。" * 30, encoding="utf-8")
    return top


def test_a_folder_is_walked_and_every_file_accounted_for(folder: Path) -> None:
    catalog = scan([folder])
    assert names(catalog) == ["IM1", "IM2", "IM3", "图4", "图5"]
    assert [i.number for i in catalog.instances] == [1, 2, 3, 4, 5]
    assert reasons(catalog) == {"empty": EMPTY, "说明.txt": "This is not a DICOM file."}
    assert (catalog.studies[0].patient_name, catalog.duplicates) == ("Doe^John", frozenset())
    for instance in catalog.instances:
        data = read_source(instance.source)
        assert data[instance.pixel_offset :][: instance.pixel_length] == b"\1\2\3\4"


def test_the_order_of_paths_and_of_the_file_system_does_not_matter(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = scan([folder])
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert scan(files) == expected
    assert scan(files[::-1]) == expected
    assert scan([folder / "系列二", folder, folder, *files]) == expected
    real = os.scandir

    class Backwards:
        def __init__(self, path: str) -> None:
            with real(path) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self) -> list[os.DirEntry[str]]:
            return self.entries

        def __exit__(self, *_: object) -> None:
            self.entries = []

    monkeypatch.setattr(os, "scandir", Backwards)
    assert scan([folder]) == expected


@pytest.mark.skipif(os.name == "nt", reason="making symbolic links needs rights on Windows")
def test_links_lead_in_no_circle_and_broken_ones_are_named(folder: Path) -> None:
    (folder / "系列二" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "gone").symlink_to(folder / "nowhere")
    catalog = scan([folder])
    assert len(list(catalog.instances)) == 5
    assert reasons(catalog)["gone"] == MISSING


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_does_not_hold_up_the_scan(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert "neither" in reasons(scan([folder]))["pipe"]
    assert "neither" in reasons(scan([folder / "pipe"]))["pipe"]


def test_what_cannot_be_opened_is_rejected(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: str) -> object:
        if path.endswith("系列二"):
            raise PermissionError
        return real(path)

    real = os.scandir
    monkeypatch.setattr(os, "scandir", closed)
    catalog = scan([folder, folder / "missing"])
    assert reasons(catalog)["系列二"] == CLOSED_FOLDER
    assert reasons(catalog)["missing"] == MISSING
    assert len(list(catalog.instances)) == 3


def test_reasons_name_no_file(folder: Path) -> None:
    (folder / "empty").rename(folder / "leer")
    catalog = scan([folder, folder / "missing"])
    for item in catalog.rejected:
        assert item.reason.endswith(".")
        assert item.source.path.name not in item.reason
    assert "Doe" not in repr(catalog)
    assert "教学" not in repr(catalog)


def test_an_instance_without_sop_uids_is_listed(tmp_path: Path) -> None:
    dataset = Dataset()
    dataset.Modality, dataset.PatientID = "OT", "P1"
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(encode(dataset))
    catalog = scan([tmp_path])
    assert [i.sop_instance_uid for i in catalog.instances] == ["", ""]
    assert (len(catalog.studies), catalog.duplicates) == (1, frozenset())


def test_duplicates_are_listed_twice_and_marked(folder: Path) -> None:
    (folder / "copy").write_bytes(image(2))
    catalog = scan([folder])
    assert {i.source.path.name for i in catalog.instances if i.number in catalog.duplicates} == {
        "IM2",
        "copy",
    }


# Progress


def test_progress_ends_complete_and_never_runs_back(folder: Path) -> None:
    calls: list[tuple[int, int]] = []
    scan([folder], progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (7, 7)
    assert calls == sorted(calls)
    totals = [total for _, total in calls]
    assert totals == sorted(totals)
    assert all(done <= total for done, total in calls)


def test_the_first_image_is_shown_at_once(tmp_path: Path) -> None:
    (tmp_path / "0.txt").write_text("text")
    for number in range(1, 200):
        (tmp_path / f"{number}").write_bytes(image(number))
    shown: list[Catalog] = []
    final = scan([tmp_path], found=shown.append)
    assert names(shown[0]) == ["1"]
    assert len(shown[0].rejected) == 1
    assert len(list(final.instances)) == 199


def test_a_slow_scan_is_shown_as_it_grows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "_SHOWN_EVERY", 0.0)
    monkeypatch.setattr(scanning, "_PAUSE_PER_WORK", 0)
    shown: list[int] = []
    scan([folder], found=lambda catalog: shown.append(len(list(catalog.instances))))
    assert shown == sorted(shown)
    assert set(shown) >= {1, 5}


def test_waiting_for_the_disk_brings_in_more_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(150):
        (tmp_path / f"{number}").write_bytes(image(number))
    expected = scan([tmp_path])
    threads = set()
    real = scanning._header

    def slow(source: scanning.Source) -> object:
        import threading

        threads.add(threading.current_thread().name)
        sleep(0.001)
        return real(source)

    monkeypatch.setattr(scanning, "_header", slow)
    assert scan([tmp_path]) == expected
    assert any(name.startswith("scan") for name in threads)


@pytest.mark.parametrize("after", [0, 1, 5, 10])
def test_cancelling_stops(folder: Path, after: int) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    with pytest.raises(Cancelled):
        scan([folder], cancelled=cancelled)


# ZIP


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "病例.zip"
    inner = BytesIO()
    with zipfile.ZipFile(inner, "w") as nested:
        nested.writestr("x", image(9))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a/b/IM2", image(2))
        made.writestr("IM1", image(1))
        made.writestr("../../IM3", image(3))
        made.writestr("/IM4", image(4)[132:])  # without preamble
        made.writestr("readme", "text")
        made.writestr("inner", inner.getvalue())
        made.writestr("DICOMDIR", disc_index(["IM1"]))
    return path


def test_an_archive_is_read_without_unpacking_it(archive: Path) -> None:
    catalog = scan([archive])
    assert names(catalog) == ["IM1", "a/b/IM2", "../../IM3", "/IM4"]
    assert reasons(catalog) == {
        "readme": "This is not a DICOM file.",
        "inner": NESTED_ZIP,
        "DICOMDIR": INDEX_ONLY,
    }
    assert [read_source(i.source) for i in catalog.instances][1] == image(2)
    assert {i.source.path for i in catalog.instances} == {archive}
    assert list(archive.parent.iterdir()) == [archive]


def test_an_archive_in_a_folder_is_opened_and_office_files_are_not(archive: Path) -> None:
    archive.with_suffix(".docx").write_bytes(archive.read_bytes())
    catalog = scan([archive.parent])
    assert len(list(catalog.instances)) == 4
    assert reasons(catalog)["病例.docx"] == "This is not a DICOM file."
    assert scan([archive, archive.parent]) == catalog


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_opened_twice_is_listed_once(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for content in (image(1), image(2)):
            made.writestr("same", content)
        made.writestr("IM3", image(3))
    catalog = scan([tmp_path / "a.zip"])
    assert names(catalog) == ["IM3"]
    assert "same name" in reasons(catalog)["same"]
    assert scan([tmp_path / "a.zip", tmp_path]) == catalog


def test_a_damaged_archive_is_rejected(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-40])
    catalog = scan([archive])
    assert "damaged" in reasons(catalog)["病例.zip"]
    assert not catalog.studies


def test_large_members_are_read_as_far_as_needed(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(BytesIO(image(1)))
    dataset.private_block(0x0009, "SOMEBODY", create=True).add_new(1, "OB", bytes(200_000))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("big", encode(dataset))
    (instance,) = scan([tmp_path / "a.zip"]).instances
    assert instance.rows == 2


# DICOMDIR


def test_a_folder_with_an_index_is_scanned_as_files(folder: Path) -> None:
    (folder / "DICOMDIR").write_bytes(disc_index(["IM1"]))
    catalog = scan([folder])
    assert len(list(catalog.instances)) == 5
    assert reasons(catalog)["DICOMDIR"] == INDEX_ONLY


def test_an_index_leads_to_its_files_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "Images" / "s1").mkdir(parents=True)
    (tmp_path / "Images" / "s1" / "im1").write_bytes(image(1))
    (tmp_path / "Images" / "s1" / "IM2.;1").write_bytes(image(2))
    (tmp_path / "Images" / "unlisted").write_bytes(image(3))
    (tmp_path / "DICOMDIR").write_bytes(
        disc_index(["IMAGES", "S1", "IM1"], ["IMAGES", "S1", "IM2"], ["IMAGES", "S1", "IM9"])
    )
    catalog = scan([tmp_path / "DICOMDIR"])
    assert names(catalog) == ["im1", "IM2.;1"]
    assert reasons(catalog) == {"IM9": NOT_ON_DISC}


@pytest.mark.parametrize(
    "file_id", [["..", "secret"], "../secret", "/etc/passwd", ["a", ".", "b"], ["C:", "x"]]
)
def test_an_index_cannot_lead_outside(tmp_path: Path, file_id: list[str] | str) -> None:
    (tmp_path / "secret").write_bytes(image(1))
    (tmp_path / "disc").mkdir()
    (tmp_path / "disc" / "DICOMDIR").write_bytes(disc_index(file_id))
    catalog = scan([tmp_path / "disc" / "DICOMDIR"])
    assert not list(catalog.instances)
    assert [item.reason for item in catalog.rejected] == [OUTSIDE]
    assert catalog.rejected[0].source.path.is_relative_to(tmp_path / "disc")


@pytest.mark.skipif(os.name == "nt", reason="making symbolic links needs rights on Windows")
def test_an_index_cannot_lead_outside_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "disc").mkdir()
    (tmp_path / "secret").write_bytes(image(1))
    (tmp_path / "disc" / "LINK").symlink_to(tmp_path / "secret")
    (tmp_path / "disc" / "DICOMDIR").write_bytes(disc_index("LINK"))
    assert [item.reason for item in scan([tmp_path / "disc" / "DICOMDIR"]).rejected] == [OUTSIDE]


@pytest.mark.parametrize("name", ["DICOMDIR", "DICOMDIR-implicit", "DICOMDIR-bigEnd", "DICOMDIR-reordered"])
def test_bundled_discs(name: str) -> None:
    catalog = scan([DISC / name])
    assert len(list(catalog.instances)) == 31
    assert not catalog.rejected


@pytest.mark.corpus
def test_every_file_of_the_corpus_is_accounted_for() -> None:
    if not CORPUS.is_dir():
        pytest.skip("The larger corpus is not here: set DEID_CORPUS to its folder.")
    catalog = scan([CORPUS])
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert len(list(catalog.instances)) + len(catalog.rejected) == len(files)
    assert {len(s.instances) for study in catalog.studies for s in study.series} >= {54, 32, 7}
    refused = {item.source.path.name for item in catalog.rejected}
    assert {"not-dicom.txt", "truncated-sc.dcm", "DICOMDIR"} <= refused
    assert len(list(scan([CORPUS / "dicomdir/large/DICOMDIR"]).rejected)) > 100
