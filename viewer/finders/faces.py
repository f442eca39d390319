"""Whether a face could be rendered from a CT or MR series, and what takes it off: proposals for a person.

Nothing is recognised here. A series is told of when its slices are many and close enough and a head's skin
stands in the field of view; when that cannot be told, it says so.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.catalog import Instance, Series
from viewer.dicom.elements import CONVERSION_ERRORS
from viewer.dicom.errors import UnreadableFile, Unsupported
from viewer.dicom.frames import decode_frame
from viewer.dicom.parsing import LARGE, parse
from viewer.dicom.pixel_format import number
from viewer.dicom.sources import source_in_place
from viewer.finders.face_surface import Stack, kept, portrait, skin
from viewer.pixels.regions import Polygon, Region, Scope, ScopeKind

_CLASSES: Final = ("CT", "MR")
_HEAD: Final = re.compile(
    r"head|brain|neck|face|facial|skull|crani|orbit|sinus|nasal|maxill|mandib|dental|ear|temporal|hypophys|"
    r"pituit|schädel|schaedel|kopf|hals|cerveau|tête|头|头颅|脑|颅|颌|面|鼻|眼|耳|颈",
    re.IGNORECASE,
)
_LIMB: Final = re.compile(
    r"knee|leg|foot|feet|toe|ankle|calcan|calf|thigh|femur|tibia|hip|hand|finger|thumb|wrist|arm|elbow|"
    r"humerus|radius|ulna|extremity|膝|腿|足|踝|髋|手|腕|臂|肘|四肢",
    re.IGNORECASE,
)
"""Parts of the body that measure what a head does, so that only the header tells them apart."""
_FEWEST: Final = 10
_HEAD_LONG: Final = 280.0
"""Millimetres from the upper end of a stack in which a head stands: a body may follow below."""
_FARTHEST, _LEAST_COVER = 6.0, 40.0
"""Millimetres: between slices at most, and along the body at least, for a face to be rendered."""
_STRAIGHT: Final = 0.8
"""Cosine between a slice's normal and the body's axis from which it is axial; a tilted gantry is."""
_HEAD_WIDE, _HEAD_DEEP = (100.0, 230.0), (130.0, 300.0)
"""Millimetres that a head with its skin measures from side to side, and from front to back."""
_CHIN: Final = 60.0
"""Millimetres below the lowest slice of a head's size where a chin may stand over the shoulders."""
_FINE: Final = 1.5
"""Millimetres that a row or column of a stack is looked at in, about."""
_PARTS: Final = 0.4
_SAMPLES: Final = 24
"""Slices that are looked at to tell a risk."""


class Chance(Enum):
    """How likely a face can be rendered."""

    LIKELY = "a face could be rendered from it"
    UNKNOWN = "whether a face could be rendered from it cannot be told"
    UNLIKELY = "no face can be rendered from it"


@dataclass(frozen=True, slots=True)
class FaceRisk:
    """What a series shows of a face, and why that is thought. `named`: its header speaks of head or neck."""

    chance: Chance
    why: str
    named: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FaceRemoval:
    """What takes a face off, for a person to confirm; `slices`: how many images it changes.

    `before`, `after`: the surface from the front, (height, width) uint8.
    """

    regions: tuple[Region, ...] = field(repr=False)
    before: NDArray[np.uint8] = field(repr=False)
    after: NDArray[np.uint8] = field(repr=False)
    slices: int


@dataclass(frozen=True, slots=True, eq=False)
class _Slices:
    """The slices of a series as a stack; `turned`: quarter turns that bring the front to the first row."""

    stack: Stack
    instances: tuple[tuple[Instance, ...], ...]
    turned: int
    step: int
    air: tuple[int, ...]


def face_risk(series: Series, *, cancelled: Callable[[], bool] = lambda: False) -> FaceRisk:
    """Return whether a face could be rendered from a series; its pixels are read only when it may."""
    if series.modality not in _CLASSES or not series.instances:
        return FaceRisk(Chance.UNLIKELY, "it is neither CT nor MR")
    named = False
    try:
        header = _read(series.instances[0])
        named = _names_head(header, series)
        if _LIMB.search(str(header.get("BodyPartExamined") or "")) and not named:
            return FaceRisk(Chance.UNLIKELY, "its header names an arm or a leg")
        risk = _of_stack(_slices(series, cancelled, most=_SAMPLES).stack)
    except _NoStack as reason:
        risk = FaceRisk(reason.chance, str(reason))
    except CONVERSION_ERRORS:
        risk = FaceRisk(Chance.UNKNOWN, "a value of it cannot be read")
    return replace(risk, named=named)


def face_removal(series: Series, *, cancelled: Callable[[], bool] = lambda: False) -> FaceRemoval:
    """Return polygons on the slices of a series that take the facial surface off; raises Unsupported."""
    try:
        slices = _slices(series, cancelled)
    except _NoStack as reason:
        raise Unsupported(f"Nothing can be offered: {reason}.") from reason
    except CONVERSION_ERRORS as error:
        raise Unsupported("Nothing can be offered: a value of it cannot be read.") from error
    if not all(image.sop_instance_uid for images in slices.instances for image in images):
        raise Unsupported("Nothing can be offered: a slice of it has no identifier.")
    stack = slices.stack
    stays = kept(stack) >= 0.5
    head = skin(stack)
    lowest = stack.places[np.argmax(_of_head_size(head, stack.spacing))] - _CHIN
    regions: list[Region] = []
    for index, images in enumerate(slices.instances):
        outline = _outline(stays[index], head[index], slices) if stack.places[index] >= lowest else None
        for image in images if outline is not None else ():
            scope = Scope(ScopeKind.IMAGE, image.sop_instance_uid, image.rows, image.columns)
            regions.append(Region(outline, scope, slices.air[index], features=True))  # type: ignore[arg-type]
    if not regions:
        raise Unsupported("Nothing can be offered: no facial surface was found.")
    after = head & stays
    return FaceRemoval(tuple(regions), portrait(head, stack), portrait(after, stack), len(regions))


class _NoStack(Exception):
    """Why a series is no stack that could be looked at."""

    def __init__(self, reason: str, chance: Chance = Chance.UNLIKELY) -> None:
        super().__init__(reason)
        self.chance = chance


def _of_stack(stack: Stack) -> FaceRisk:
    """Tell from the skin: a head is of a head's size, and its front stands free in the field of view."""
    head = skin(stack)
    sized = _of_head_size(head, stack.spacing)
    if sized.mean() < _PARTS:
        return FaceRisk(Chance.UNLIKELY, "what its slices show has not the size of a head")
    free = ~head[sized, :2].any(axis=(1, 2))
    if free.mean() < _PARTS:
        return FaceRisk(Chance.UNLIKELY, "the front of the head lies outside its field of view")
    cover = float(stack.places[-1] - stack.places[0])
    return FaceRisk(Chance.LIKELY, f"a head with its skin stands in it, over {cover:.0f} mm")


def _of_head_size(head: NDArray[np.bool_], spacing: tuple[float, float]) -> NDArray[np.bool_]:
    """Return for each slice whether what it shows measures what a head with its skin does."""
    sized = np.zeros(len(head), np.bool_)
    for index, one in enumerate(head):
        rows, columns = np.flatnonzero(one.any(1)), np.flatnonzero(one.any(0))
        if len(rows):
            deep, wide = (rows[-1] - rows[0] + 1) * spacing[0], (columns[-1] - columns[0] + 1) * spacing[1]
            sized[index] = _HEAD_WIDE[0] <= wide <= _HEAD_WIDE[1] and _HEAD_DEEP[0] <= deep <= _HEAD_DEEP[1]
    return sized


# Reading ---------------------------------------------------------------------------------------------


def _slices(series: Series, cancelled: Callable[[], bool], *, most: int = 0) -> _Slices:
    """Return the upper end of a series as a stack; raises _NoStack. `most`: of its slices, 0 for all."""
    placed = _placed(series)
    placed = [one for one in placed if one[0] >= placed[-1][0] - _HEAD_LONG]
    if most and len(placed) > most:
        placed = [placed[round(i * (len(placed) - 1) / (most - 1))] for i in range(most)]
    first = placed[0][1][0]
    header = _read(first)
    turned = _turned(first)
    spacing = _spacing(header)
    step = max(1, round(_FINE / min(spacing)))
    values, air = [], []
    for _, images in placed:
        if cancelled():
            raise _NoStack("the search was stopped", Chance.UNKNOWN)
        one, empty = _values(_read(images[0]), step, turned)
        values.append(one)
        air.append(empty)
    if len({one.shape for one in values}) > 1:
        raise _NoStack("its slices are of different sizes", Chance.UNKNOWN)
    sides = spacing if turned % 2 == 0 else spacing[::-1]
    stack = Stack(
        np.stack(values),
        np.array([place for place, _ in placed]),
        (sides[0] * step, sides[1] * step),
        series.modality == "CT",
    )
    return _Slices(stack, tuple(images for _, images in placed), turned, step, tuple(air))


def _placed(series: Series) -> list[tuple[float, tuple[Instance, ...]]]:
    """Return the axial slices by place along the body; several at one place belong together."""
    flat = [i for i in series.instances if i.position and i.orientation and i.frames == 1]
    if any(i.frames > 1 for i in series.instances) and not flat:
        head = Chance.UNKNOWN if series.instances[0].frames >= _FEWEST else Chance.UNLIKELY
        raise _NoStack("its slices are in one file, which is not looked into", head)
    if len(flat) < _FEWEST:
        raise _NoStack("it has too few slices with a place")
    normal = _normal(flat[0])
    alike = [
        i
        for i in flat
        if np.dot(_normal(i), normal) > 0.99 and (i.rows, i.columns) == (flat[0].rows, flat[0].columns)
    ]
    places: dict[float, list[Instance]] = {}
    for one in alike:
        places.setdefault(round(float(np.dot(normal, np.array(one.position))), 2), []).append(one)
    order = sorted(places)
    gap = float(np.median(np.diff(order))) if len(order) > 1 else 0.0
    cover = order[-1] - order[0]
    if len(order) < _FEWEST or cover < _LEAST_COVER:
        raise _NoStack("it has too few slices")
    if gap > _FARTHEST:
        raise _NoStack(f"its slices are {gap:.0f} mm apart")
    if abs(normal[2]) < _STRAIGHT:
        raise _NoStack("its slices are not axial", Chance.UNKNOWN)
    if normal[2] < 0:
        return [(-place, tuple(places[place])) for place in reversed(order)]
    return [(place, tuple(places[place])) for place in order]


def _normal(instance: Instance) -> NDArray[np.float64]:
    cosines = np.array(instance.orientation, np.float64)
    crossed: NDArray[np.float64] = np.cross(cosines[:3], cosines[3:])
    return crossed


def _turned(instance: Instance) -> int:
    """Return the quarter turns (as of numpy.rot90) that bring the front of the body to the first row."""
    cosines = np.array(instance.orientation, np.float64)
    along_row, along_column = cosines[1], cosines[4]  # posterior is positive (PS3.3 C.7.6.2.1.1)
    if max(abs(along_row), abs(along_column)) < _STRAIGHT:
        raise _NoStack("its slices are turned", Chance.UNKNOWN)
    if abs(along_column) >= abs(along_row):
        return 0 if along_column > 0 else 2
    return 3 if along_row > 0 else 1


def _names_head(header: Dataset, series: Series) -> bool:
    keywords = ("BodyPartExamined", "StudyDescription", "ProtocolName", "SeriesDescription")
    texts = (series.description, *(str(header.get(keyword) or "") for keyword in keywords))
    return any(_HEAD.search(text) for text in texts)


def _read(instance: Instance) -> Dataset:
    try:
        return parse(source_in_place(instance.source, large=LARGE))
    except UnreadableFile as error:
        raise _NoStack("a slice of it cannot be read", Chance.UNKNOWN) from error


def _spacing(header: Dataset) -> tuple[float, float]:
    try:
        down, across = (float(v) for v in header.PixelSpacing)
    except (AttributeError, TypeError, ValueError) as error:
        raise _NoStack("it does not tell the size of its pixels", Chance.UNKNOWN) from error
    if not (0.05 < down < 20 and 0.05 < across < 20):
        raise _NoStack("it does not tell the size of its pixels", Chance.UNKNOWN)
    return down, across


def _values(header: Dataset, step: int, turned: int) -> tuple[NDArray[np.float32], int]:
    """Return a slice in units of its modality, each `step` pixels as one, and the stored value of air."""
    try:
        stored = decode_frame(header, 0)
        slope, intercept = float(header.get("RescaleSlope") or 1), float(header.get("RescaleIntercept") or 0)
    except (Unsupported, TypeError, ValueError) as error:
        raise _NoStack("a slice of it cannot be decoded", Chance.UNKNOWN) from error
    is_ct = str(header.get("Modality") or "") == "CT"
    bits = number(header, 0x00280101, 16)
    signed = stored.dtype.kind == "i"
    lowest, highest = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    air = round((-1000 - intercept) / (slope or 1)) if is_ct else max(lowest, min(0, int(stored.min())))
    rows, columns = (n // step * step for n in stored.shape)
    if not rows or not columns:
        raise _NoStack("its slices are smaller than a head")
    blocks = stored[:rows, :columns].reshape(rows // step, step, columns // step, step)
    means = blocks.mean(axis=(1, 3), dtype=np.float32) * np.float32(slope) + np.float32(intercept)
    return np.ascontiguousarray(np.rot90(means, turned)), min(max(air, lowest), highest)


# Outlines --------------------------------------------------------------------------------------------


def _outline(stays: NDArray[np.bool_], head: NDArray[np.bool_], slices: _Slices) -> Polygon | None:
    """Return what lies in front of the part of a slice that stays, from the front edge of the image on."""
    off = head & ~stays
    if off.sum() < 4:
        return None
    columns = np.flatnonzero(off.any(axis=0))
    left, right = int(columns[0]), int(columns[-1])
    heights = []
    for column in range(left, right + 1):
        gone = np.flatnonzero(off[:, column])
        heights.append(int(gone[-1]) + 1 if len(gone) else 0)
    points = [(left, 0), *_steps(heights, left), (right + 1, 0)]
    rows, across = head.shape
    full = [_unturned(x, y, rows, across, slices.turned) for x, y in points]
    step = slices.step
    corners = dict.fromkeys((x * step, y * step) for x, y in full)
    return Polygon(tuple(corners)) if len(corners) > 2 else None


def _steps(heights: Sequence[int], left: int) -> list[tuple[int, int]]:
    made = []
    for index, height in enumerate(heights):
        made += [(left + index, height), (left + index + 1, height)]
    return made


def _unturned(x: int, y: int, rows: int, columns: int, turned: int) -> tuple[int, int]:
    """Return where a corner of a turned slice (`rows` by `columns`) lies on the slice as it is stored."""
    if turned == 1:
        return rows - y, x
    if turned == 2:
        return columns - x, rows - y
    if turned == 3:
        return y, columns - x
    return x, y
