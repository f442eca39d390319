"""From headers to the catalog: studies, series and instances in an order that no file system decides."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, NamedTuple, TypeAlias

from viewer.dicom.catalog import Catalog, Instance, Rejected, Series, Source, Study
from viewer.dicom.facts import Header

_PARALLEL: Final = 1e-3
"""Two orientations agree when no direction cosine differs by more."""

_SAME_PLACE_DECIMALS: Final = 2
"""Positions along the normal are told apart to 0.01 mm, so that echoes of one slice stay together."""

_DIGITS: Final = re.compile(r"([0-9]+)")
_LAST: Final = 1 << 62

NaturalKey: TypeAlias = tuple[tuple[int, str], ...]
_Key: TypeAlias = tuple[str, str]
"""A UID, or an empty text and the folder that stands in for it."""


class Record(NamedTuple):
    """One readable file: where it is and what its header says."""

    source: Source
    header: Header
    order: tuple[NaturalKey, str, str]
    """Rank among all sources, from `source_order`."""


@dataclass(frozen=True, slots=True)
class _SeriesGroup:
    """Records of one series in display order."""

    records: tuple[Record, ...]

    @property
    def first(self) -> Header:
        return self.records[0].header


def source_order(source: Source) -> tuple[NaturalKey, str, str]:
    """Return a sort key of sources: by path and member, digits by their value (IM2 before IM10)."""
    path = source.path.as_posix()
    return natural_key(f"{path}\0{source.member}"), path, source.member


def build_catalog(records: Iterable[Record], rejected: Iterable[Rejected] = ()) -> Catalog:
    """Return the catalog of all records; numbers are 1..N along its order.

    Studies stand by patient name, patient ID, date and UID; series by number and UID; instances as in
    `_in_display_order`. A missing Study or Series Instance UID is replaced by the folder for grouping only.
    """
    studies = sorted(
        (_in_series(group) for group in _grouped(records, _study_key).values()), key=_study_order
    )
    numbers = iter(range(1, _LAST))
    built = tuple(_study(study, numbers) for study in studies)
    return Catalog(
        built,
        tuple(sorted(rejected, key=lambda item: source_order(item.source))),
        _duplicates(built),
    )


def natural_key(text: str) -> NaturalKey:
    """Return a sort key that ignores case and takes digits by their value."""
    parts = _DIGITS.split(text.casefold())
    return tuple(
        (len(part.lstrip("0")), part.lstrip("0")) if index % 2 else (0, part)
        for index, part in enumerate(parts)
    )


def _folder(source: Source) -> str:
    inside = PurePosixPath(source.member.replace("\\", "/")).parent.as_posix()
    return f"{source.path}\0{inside}" if source.member else str(source.path.parent)


def _study_key(record: Record) -> _Key:
    uid = record.header.study_uid
    return (uid, "") if uid else ("", _folder(record.source))


def _series_key(record: Record) -> _Key:
    uid = record.header.series_uid
    return (uid, "") if uid else ("", _folder(record.source))


def _grouped(
    records: Iterable[Record], key: Callable[[Record], tuple[str, str]]
) -> dict[tuple[str, str], list[Record]]:
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return groups


def _in_series(records: Sequence[Record]) -> tuple[_SeriesGroup, ...]:
    groups = (_SeriesGroup(_in_display_order(found)) for found in _grouped(records, _series_key).values())
    return tuple(sorted(groups, key=_series_order))


def _series_order(group: _SeriesGroup) -> tuple[object, ...]:
    first = group.first
    return _number_order(first.series_number), first.series_uid, group.records[0].order


def _study_order(study: tuple[_SeriesGroup, ...]) -> tuple[object, ...]:
    first = study[0].first
    return first.patient_name, first.patient_id, first.study_date, first.study_uid, study[0].records[0].order


def _number_order(number: int | None) -> int:
    return _LAST if number is None else number


def _in_display_order(records: Sequence[Record]) -> tuple[Record, ...]:
    """Return one series sorted by position along the normal, then Instance Number, then source.

    The position counts if all images are parallel (PS3.3 C.7.6.2.1.1).
    """
    by_source = sorted(records, key=lambda record: record.order)
    depths = _depths([record.header for record in by_source])
    ranks = sorted(
        range(len(by_source)),
        key=lambda i: (depths[i], _number_order(by_source[i].header.instance_number), i),
    )
    return tuple(by_source[i] for i in ranks)


def _depths(headers: Sequence[Header]) -> list[float]:
    """Return the distance of each image along the common normal in mm; all 0 when there is none."""
    flat = [0.0] * len(headers)
    first = headers[0].orientation
    if first is None:
        return flat
    normal = _normal(first)
    depths: list[float] = []
    for header in headers:
        if header.position is None or header.orientation is None:
            return flat
        if any(abs(a - b) > _PARALLEL for a, b in zip(first, header.orientation, strict=True)):
            return flat
        depth = sum(a * b for a, b in zip(normal, header.position, strict=True))
        depths.append(round(depth, _SAME_PLACE_DECIMALS))
    return depths


def _normal(cosines: tuple[float, ...]) -> tuple[float, float, float]:
    ax, ay, az, bx, by, bz = cosines
    return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx


def _study(groups: tuple[_SeriesGroup, ...], numbers: Iterator[int]) -> Study:
    headers = [record.header for group in groups for record in group.records]
    first = headers[0]
    return Study(
        uid=first.study_uid,
        patient_id=_first_text(header.patient_id for header in headers),
        patient_name=_first_text(header.patient_name for header in headers),
        date=_first_text(header.study_date for header in headers),
        description=_first_text(header.study_description for header in headers),
        series=tuple(_series(group, numbers) for group in groups),
        mixed_patients=len({header.patient_id for header in headers}) > 1,
    )


def _series(group: _SeriesGroup, numbers: Iterator[int]) -> Series:
    headers = [record.header for record in group.records]
    return Series(
        uid=group.first.series_uid,
        number=group.first.series_number,
        modality=_first_text(header.modality for header in headers),
        description=_first_text(header.series_description for header in headers),
        instances=tuple(_instance(next(numbers), record) for record in group.records),
    )


def _first_text(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")


def _instance(number: int, record: Record) -> Instance:
    header, in_zip = record.header, bool(record.source.member)
    return Instance(
        number=number,
        source=record.source,
        sop_class_uid=header.sop_class_uid,
        sop_instance_uid=header.sop_instance_uid,
        transfer_syntax_uid=header.transfer_syntax_uid,
        modality=header.modality,
        instance_number=header.instance_number,
        rows=header.rows,
        columns=header.columns,
        frames=header.frames,
        photometric=header.photometric,
        image_type=header.image_type,
        conversion_type=header.conversion_type,
        burned_in_annotation=header.burned_in_annotation,
        manufacturer=header.manufacturer,
        model=header.model,
        series_description=header.series_description,
        position=header.position,
        orientation=header.orientation,
        # An offset into the unpacked member would be taken for one into the archive.
        pixel_offset=None if in_zip else header.pixel_offset,
        pixel_length=None if in_zip else header.pixel_length,
        media_type=header.media_type,
    )


def _duplicates(studies: Iterable[Study]) -> frozenset[int]:
    instances = [instance for study in studies for instance in study.instances]
    times = Counter(instance.sop_instance_uid for instance in instances)
    return frozenset(i.number for i in instances if i.sop_instance_uid and times[i.sop_instance_uid] > 1)
