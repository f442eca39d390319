"""Boxes as text for the command line: `X,Y,W,H` with conditions on the images they are for."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from viewer.dicom.catalog import Instance, Series, Study
from viewer.dicom.content_key import content_key
from viewer.dicom.errors import BadSelector, DeidError
from viewer.dicom.parsing import LARGE, parse
from viewer.dicom.sources import source_in_place
from viewer.pixels.regions import Box, Ellipse, Fan, Polygon, Region, Scope, ScopeKind, Shape

_HELP: Final = (
    "Write a box as X,Y,W,H in pixels, or ellipse:X,Y,W,H, polygon:X,Y X,Y X,Y …, fan:X,Y X,Y X,Y [X,Y]; "
    "then optionally @ and conditions joined by ; (modality=US, series=2, instance=7, size=800x600, "
    "frame=1-10, keep=inside, fill=black, fill=mean or fill=NUMBER)."
)
_OWN: Final = ("frame", "keep", "fill")
"""Conditions that say how, not where."""
_Condition = Callable[[int, Series, Instance, str], bool]
_CONDITIONS: Final[Mapping[str, _Condition]] = {
    "modality": lambda number, series, instance, value: instance.modality == value.upper(),
    "series": lambda number, series, instance, value: str(number) == value,
    "instance": lambda number, series, instance, value: str(instance.number) == value,
    "size": lambda number, series, instance, value: f"{instance.columns}x{instance.rows}" == value.lower(),
}


def regions_from(text: str, studies: Iterable[Study]) -> list[Region]:
    """Return one region per image that a box text names; `series` counts all series from 1, `frame` from 1.

    Raises BadSelector when the text is not understood or no image fits.
    """
    numbers, _, conditions = text.partition("@")
    shape = _shape(numbers)
    wanted = dict(_condition(part) for part in conditions.split(";") if part.strip())
    frames, keep = _frames(wanted.pop("frame", "")), wanted.pop("keep", "")
    fill = _fill(wanted.pop("fill", "black"))
    if keep not in ("", "inside"):
        raise BadSelector(_HELP)
    found = [
        Region(shape, _scope(instance, frames), fill, keep == "inside")
        for number, series in enumerate((s for study in studies for s in study.series), start=1)
        for instance in series.instances
        if instance.frames and all(_CONDITIONS[k](number, series, instance, v) for k, v in wanted.items())
    ]
    if not found:
        raise BadSelector(f"No image fits the box “{text}”.")
    return found


def _shape(text: str) -> Shape:
    kind, colon, numbers = text.strip().rpartition(":")
    try:
        if not colon or kind == "ellipse":
            box = _box(numbers)
            return Ellipse(box) if colon else box
        points = tuple(_point(part) for part in numbers.split())
        if kind == "polygon":
            return Polygon(points)
        if kind == "fan":
            return Fan(points)
    except ValueError as error:
        raise BadSelector(_HELP) from error
    raise BadSelector(_HELP)


def _box(text: str) -> Box:
    parts = re.fullmatch(r"\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*", text)
    if parts is None:
        raise BadSelector(_HELP)
    return Box(*(int(p) for p in parts.groups()))


def _point(text: str) -> tuple[int, int]:
    parts = re.fullmatch(r"(-?\d{1,6}),(-?\d{1,6})", text)
    if parts is None:
        raise BadSelector(_HELP)
    return int(parts[1]), int(parts[2])


def _fill(text: str) -> str | int:
    if text in ("black", "mean"):
        return text
    if re.fullmatch(r"-?\d{1,10}", text) is None:
        raise BadSelector(_HELP)
    return int(text)


def _condition(part: str) -> tuple[str, str]:
    key, _, value = (p.strip() for p in part.partition("="))
    if (key not in _CONDITIONS and key not in _OWN) or not value:
        raise BadSelector(_HELP)
    return key, value


def _frames(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    parts = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if parts is None or int(parts[1]) < 1:
        raise BadSelector(_HELP)
    return int(parts[1]) - 1, int(parts[2] or parts[1]) - 1


def _scope(instance: Instance, frames: tuple[int, int] | None) -> Scope:
    kind = ScopeKind.IMAGE if frames is None else ScopeKind.FRAMES
    return Scope(kind, _key(instance), instance.rows, instance.columns, frames)


def _key(instance: Instance) -> str:
    """Return what an image is known by; without an identifier its content, "" when it cannot be read."""
    if instance.sop_instance_uid:
        return instance.sop_instance_uid
    try:
        return content_key(parse(source_in_place(instance.source, large=LARGE)))
    except DeidError:
        return ""
