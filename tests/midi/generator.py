"""Takes real files, puts synthetic people into them, and writes what must become of everything."""

import random
import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.midi import headers, pixels, private, streams
from tests.midi.checks import Check
from tests.midi.expectations import SETS
from tests.midi.headers import Planter
from tests.midi.people import Person, person
from viewer.pixels.regions import Box, Region, Scope, ScopeKind

INDEX = "1.2.840.10008.1.3.10"
_TEXT = ("LO", "SH", "ST", "LT", "UT", "UC", "PN")
_LARGEST = 40_000_000


@dataclass(frozen=True)
class Planted:
    """One file as it is given to the program, and what is known of it."""

    source: str
    path: Path
    instance: str
    person: Person
    box: Box | None
    comment: bool
    """The pixel data holds a comment that must go, so its bytes cannot stay the same."""


@dataclass
class Generated:
    """A folder of planted files with their key."""

    planted: list[Planted] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    overlaid: set[str] = field(default_factory=set)
    """Instances with an overlay that names the patient: nobody marks them as looked at, so it goes."""
    unreadable: dict[str, str] = field(default_factory=dict)


def generate(files: Iterable[Path], folder: Path, *, seed: int, options: str) -> Generated:
    """Write a planted copy of every readable file into a folder; what cannot be read is listed with why."""
    made, seen = Generated(), set[str]()
    for number, path in enumerate(files):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _one(made, path, folder / f"{number:05d}.dcm", seed, SETS[options], seen)
        except Exception as error:  # noqa: BLE001  (damaged files raise anything)
            made.unreadable[str(path)] = f"{type(error).__name__}: {error}"[:120]
    return made


def _one(
    made: Generated, path: Path, target: Path, seed: int, options: frozenset[str], seen: set[str]
) -> None:
    data = _read(path)
    rng = random.Random(f"{seed} {path.name} {len(made.planted)}")
    if str(data.SOPInstanceUID) in seen:
        data.SOPInstanceUID = f"{data.SOPInstanceUID[:56]}.{len(seen)}"
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    seen.add(str(data.SOPInstanceUID))
    who = person(seed, f"{data.get('PatientID')} {data.get('PatientName')}")
    charset = _charset(data, who, rng)
    data = dcmread(BytesIO(streams.written(data)), force=True)  # so that texts are read as they are declared
    to = Planter(data, who, options, rng, charset, str(data.SOPInstanceUID))
    headers.plant_identity(to)
    headers.plant_listed(to)
    headers.plant_unlisted(to)
    headers.plant_nested(to)
    headers.plant_report(to)
    drawn = pixels.draw(to) if rng.random() < 0.6 else None
    comment = streams.plant_comment(to) if rng.random() < 0.6 else False
    overlay = pixels.plant_overlay(to) if rng.random() < 0.2 else False
    if overlay:
        made.overlaid.add(to.instance)
    if rng.random() < 0.2:
        streams.plant_icon(to)
    if rng.random() < 0.1:
        streams.plant_padding(to)
    headers.type_checks(to)
    headers.uid_checks(to)
    headers.keep_checks(to)
    private.plant_private(to)
    streams.plant_meta(to)
    to.check((), "no_value_anywhere", "", "", "hipaa")
    to.check((), "codes_present", "", "", "dicom")
    _pixel_checks(to, drawn, comment=comment)
    content = streams.written(data)
    if rng.random() < 0.05 and not overlay:
        content += f"{who.given} {who.identifier} {who.family} after the end".encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    box = drawn.box if drawn else None
    if box:
        scope = Scope(ScopeKind.IMAGE, to.instance, int(data.Rows), int(data.Columns))
        made.regions.append(Region(box, scope))
    made.planted.append(Planted(str(path), target, to.instance, who, box, comment))
    made.checks += to.checks


def _read(path: Path) -> Dataset:
    if path.stat().st_size > _LARGEST:
        raise ValueError("larger than what is looked at here")
    data = dcmread(path, force=True)
    if not data.get("SOPClassUID"):
        raise ValueError("no SOP Class UID: not a DICOM object")
    if data.SOPClassUID == INDEX:
        raise ValueError("an index of a disc")
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        if not data.get(keyword):
            number = zlib.crc32(f"{keyword} {path.name}".encode())
            setattr(data, keyword, f"1.2.826.0.1.3680043.99999.5.{number}")
    if "TransferSyntaxUID" not in data.file_meta:
        implicit = data.original_encoding[0]
        data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    list(data.iterall())
    return data


def _charset(data: Dataset, who: Person, rng: random.Random) -> str:
    """Return the codec of texts; a data set of ASCII alone is given a set of Chinese characters."""
    if any(e.VR in _TEXT and not str(e.value).isascii() for e in data.iterall()):
        return "ascii"
    if not who.han:
        return "ascii"
    name, codec = rng.choice((("GB18030", "gb18030"), ("ISO_IR 192", "utf-8"), ("ISO_IR 100", "gb18030")))
    for element in [e for e in data.iterall() if e.tag == 0x00080005]:
        element.value = name
    data.SpecificCharacterSet = name
    return codec


def _pixel_checks(to: Planter, drawn: pixels.Drawn | None, *, comment: bool) -> None:
    if pixels.PIXEL_DATA not in to.dataset:
        return
    if drawn:
        to.check((), "pixels_hidden", drawn.text, "", "hipaa")
        to.check((), "pixels_outside_boxes_unchanged", "", "", "tcia")
    elif comment or pixels.holds_overlay(to.dataset):
        to.check((), "pixels_outside_boxes_unchanged", "", "", "tcia")
    else:
        to.check((), "pixels_retained", pixels.digest(to.dataset), "", "tcia")
