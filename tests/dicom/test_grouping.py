"""Records become studies, series and instances in one order, whatever order they came in."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from viewer.dicom.catalog import Catalog, Rejected, Source
from viewer.dicom.facts import Header
from viewer.dicom.grouping import Record, build_catalog, source_order

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
PLAIN = Header(
    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    sop_instance_uid="",
    transfer_syntax_uid="1.2.840.10008.1.2.1",
    modality="CT",
    instance_number=None,
    rows=4,
    columns=5,
    frames=1,
    photometric="MONOCHROME2",
    image_type=(),
    conversion_type="",
    burned_in_annotation="",
    manufacturer="",
    model="",
    position=None,
    orientation=None,
    pixel_offset=400,
    pixel_length=40,
    patient_id="P1",
    patient_name="A",
    study_uid="1.1",
    study_date="20200101",
    study_description="",
    series_uid="1.1.1",
    series_number=1,
    series_description="",
)


def record(name: str, *, member: str = "", **facts: object) -> Record:
    source = Source(Path(name), 1, 1, member)
    return Record(source, replace(PLAIN, **facts), source_order(source))


def names(catalog: Catalog) -> list[str]:
    return [instance.source.path.name for instance in catalog.instances]


def test_numbers_rise_along_the_order_and_input_order_does_not_matter() -> None:
    records = [
        record(f"/d/{study}-{series}-{i}", study_uid=study, series_uid=series, instance_number=i % 3)
        for study in ("1", "2")
        for series in ("3", "4")
        for i in range(5)
    ]
    expected = build_catalog(records)
    assert [i.number for i in expected.instances] == list(range(1, 21))
    for seed in range(5):
        random.Random(seed).shuffle(records)
        assert build_catalog(records) == expected


def test_positions_decide_before_instance_numbers() -> None:
    records = [
        record("/a", position=(0.0, 0.0, 5.0), orientation=AXIAL, instance_number=1),
        record("/b", position=(0.0, 0.0, -5.0), orientation=AXIAL, instance_number=3),
        record("/c", position=(9.0, 9.0, 0.0), orientation=AXIAL, instance_number=2),
    ]
    assert names(build_catalog(records)) == ["b", "c", "a"]


def test_echoes_at_one_position_stand_by_number() -> None:
    records = [
        record(f"/{z}{n}", position=(0.0, 0.0, z + n * 1e-6), orientation=AXIAL, instance_number=n)
        for z in (7, 3)
        for n in (2, 1)
    ]
    assert names(build_catalog(records)) == ["31", "32", "71", "72"]


@pytest.mark.parametrize(
    "facts",
    [{"orientation": SAGITTAL, "position": (0.0, 0.0, 9.0)}, {"orientation": None}, {"position": None}],
)
def test_numbers_decide_when_images_are_not_parallel(facts: dict[str, object]) -> None:
    odd = {"position": (0.0, 0.0, 0.0), "orientation": AXIAL, **facts}
    records = [
        record("/a", position=(0.0, 0.0, 9.0), orientation=AXIAL, instance_number=1),
        record("/b", position=(0.0, 0.0, 1.0), orientation=AXIAL, instance_number=2),
        record("/c", **odd, instance_number=3),
    ]
    assert names(build_catalog(records)) == ["a", "b", "c"]


def test_sources_decide_at_last_with_digits_by_value() -> None:
    records = [record(f"/d/{name}") for name in ("IM10", "IM2", "im3", "x")]
    assert names(build_catalog(records)) == ["IM2", "im3", "IM10", "x"]
    records.append(record("/d/z", instance_number=1))
    assert names(build_catalog(records))[0] == "z"


def test_studies_stand_by_patient_then_date_and_series_by_number() -> None:
    records = [
        record("/1", patient_name="B", study_uid="1"),
        record("/2", patient_name="A", patient_id="2", study_uid="2"),
        record("/3", patient_name="A", patient_id="1", study_uid="3", study_date="20210101"),
        record("/4", patient_name="A", patient_id="1", study_uid="4", series_number=None, series_uid="1"),
        record("/5", patient_name="A", patient_id="1", study_uid="4", series_number=10, series_uid="2"),
        record("/6", patient_name="A", patient_id="1", study_uid="4", series_number=9, series_uid="3"),
    ]
    assert names(build_catalog(records)) == ["6", "5", "4", "3", "2", "1"]


def test_missing_uids_make_one_study_and_series_per_folder() -> None:
    nothing = {"study_uid": "", "series_uid": ""}
    records = [
        record("/a/1", **nothing),
        record("/a/2", **nothing),
        record("/b/1", **nothing),
        record("/z.zip", member="a/1", **nothing),
        record("/z.zip", member="b/1", **nothing),
    ]
    catalog = build_catalog(records)
    assert [len(list(study.instances)) for study in catalog.studies] == [2, 1, 1, 1]
    assert {study.uid for study in catalog.studies} == {""}
    assert catalog.duplicates == frozenset()


def test_one_series_uid_in_two_studies_stays_apart() -> None:
    catalog = build_catalog([record("/a", study_uid="1"), record("/b", study_uid="2")])
    assert [len(study.series) for study in catalog.studies] == [1, 1]


def test_duplicates_and_mixed_patients() -> None:
    records = [
        record("/a", sop_instance_uid="1"),
        record("/b", sop_instance_uid="2"),
        record("/c", sop_instance_uid="1", patient_id="P2"),
        record("/d", sop_instance_uid=""),
        record("/e", sop_instance_uid="", study_uid="9"),
    ]
    catalog = build_catalog(records)
    assert catalog.duplicates == {1, 3}
    assert [study.mixed_patients for study in catalog.studies] == [True, False]


def test_offsets_are_for_plain_files_only() -> None:
    plain, zipped = build_catalog([record("/a"), record("/b", member="m")]).instances
    assert (plain.pixel_offset, plain.pixel_length) == (400, 40)
    assert (zipped.pixel_offset, zipped.pixel_length) == (None, None)


def test_rejected_are_sorted_and_nothing_is_shown_in_repr() -> None:
    rejected = [Rejected(Source(Path(f"/d/secret{i}"), 1, 1), "x") for i in (10, 9)]
    catalog = build_catalog([record("/secret", patient_name="SECRET", patient_id="SECRET")], rejected)
    assert [item.source.path.name for item in catalog.rejected] == ["secret9", "secret10"]
    assert "secret" not in repr(catalog).lower()
    assert "SECRET" not in repr(replace(PLAIN, patient_name="SECRET", patient_id="SECRET"))
