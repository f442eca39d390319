"""Boxes as text for the command line: `X,Y,W,H` with conditions on the images they are for."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from viewer.dicom.catalog import Instance, Series, Study
from viewer.dicom.errors import BadSelector
from viewer.pixels.regions import Box, Region, Scope, ScopeKind

_HELP: Final = (
    "Write a box as X,Y,W,H in pixels, optionally with @ and conditions joined by ; "
    "(modality=US, series=2, instance=7, size=800x600, frame=1-10)."
)
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
    box = _box(numbers)
    wanted = dict(_condition(part) for part in conditions.split(";") if part.strip())
    frames = _frames(wanted.pop("frame", ""))
    found = [
        _region(box, instance, frames)
        for number, series in enumerate((s for study in studies for s in study.series), start=1)
        for instance in series.instances
        if instance.frames and all(_CONDITIONS[k](number, series, instance, v) for k, v in wanted.items())
    ]
    if not found:
        raise BadSelector(f"No image fits the box “{text}”.")
    return found


def _box(text: str) -> Box:
    parts = re.fullmatch(r"\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*", text)
    if parts is None or int(parts[3]) < 1 or int(parts[4]) < 1:
        raise BadSelector(_HELP)
    return Box(*(int(p) for p in parts.groups()))


def _condition(part: str) -> tuple[str, str]:
    key, _, value = (p.strip() for p in part.partition("="))
    if (key not in _CONDITIONS and key != "frame") or not value:
        raise BadSelector(_HELP)
    return key, value


def _frames(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    parts = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if parts is None or int(parts[1]) < 1:
        raise BadSelector(_HELP)
    return int(parts[1]) - 1, int(parts[2] or parts[1]) - 1


def _region(box: Box, instance: Instance, frames: tuple[int, int] | None) -> Region:
    kind = ScopeKind.IMAGE if frames is None else ScopeKind.FRAME
    return Region(box, Scope(kind, instance.sop_instance_uid, instance.rows, instance.columns, frames))
