"""The index of what was opened: patients, studies, series, instances; frozen, made by a scan."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """One file on disk. `size` (bytes) and `mtime_ns` tell whether it changed since the scan.

    `member` is the name inside the ZIP at `path`, empty for a plain file. Hidden in `repr`.
    """

    path: Path = field(repr=False)
    size: int
    mtime_ns: int
    member: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Instance:
    """What the list needs to know of one file; texts are decoded, missing ones are empty."""

    number: int
    """Catalog number, 1-based; the only name of an instance in reports, logs and messages."""
    source: Source
    sop_class_uid: str
    sop_instance_uid: str = field(repr=False)
    transfer_syntax_uid: str
    modality: str
    instance_number: int | None
    rows: int
    columns: int
    frames: int
    """0 when the instance has no pixel data; of an encapsulated PDF its pages, 0 when it cannot be opened."""
    photometric: str
    image_type: tuple[str, ...] = ()
    conversion_type: str = ""
    burned_in_annotation: str = ""
    manufacturer: str = field(default="", repr=False)
    model: str = field(default="", repr=False)
    series_description: str = field(default="", repr=False)
    position: tuple[float, float, float] | None = None
    orientation: tuple[float, ...] | None = None
    pixel_offset: int | None = None
    """Byte offset of the value of an uncompressed (7FE0,0010), for fetching without a parser."""
    pixel_length: int | None = None
    media_type: str = field(default="", repr=False)
    """Of an encapsulated document, else empty."""


@dataclass(frozen=True, slots=True)
class Series:
    """Instances of one Series Instance UID, in display order (position along the normal, then number)."""

    uid: str = field(repr=False)
    number: int | None
    modality: str
    description: str = field(repr=False)
    instances: tuple[Instance, ...]

    @property
    def frames(self) -> int:
        """Return the number of frames in all instances."""
        return sum(i.frames for i in self.instances)


@dataclass(frozen=True, slots=True)
class Study:
    """Series of one Study Instance UID. Texts hold identity: on screen only, hidden in `repr`."""

    uid: str = field(repr=False)
    patient_id: str = field(repr=False)
    patient_name: str = field(repr=False)
    date: str = field(repr=False)
    description: str = field(repr=False)
    series: tuple[Series, ...]
    mixed_patients: bool = False
    """Instances of this study carry different Patient IDs."""

    @property
    def instances(self) -> Iterator[Instance]:
        """Yield every instance in display order."""
        for series in self.series:
            yield from series.instances


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that is not in the catalog, and why, in one sentence without its name."""

    source: Source
    reason: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything that one scan found."""

    studies: tuple[Study, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    duplicates: frozenset[int] = frozenset()
    """Catalog numbers of instances whose SOP Instance UID occurs more than once."""

    @property
    def instances(self) -> Iterator[Instance]:
        """Yield every instance in the order of the studies; catalog numbers rise by one."""
        for study in self.studies:
            yield from study.instances
