"""Which images a shape drawn on the selected one is for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from viewer.dicom.catalog import Instance, Series, Study
from viewer.dicom.codecs import SYNTAXES, Way
from viewer.dicom.ffmpeg import SYNTAXES as VIDEO
from viewer.pixels.areas import areas
from viewer.pixels.devices import device_key
from viewer.pixels.regions import ON_ONE_IMAGE, Box, Region, Scope, ScopeKind, Shape

Frames: TypeAlias = tuple[int, int]
"""First and last frame, 0-based."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is on screen; all None when nothing is open."""

    study: Study | None = None
    series: Series | None = None
    instance: Instance | None = None
    frame: int = 0


def region_for(
    chosen: Selection, shape: Shape, kind: ScopeKind, frames: Frames, *, key: str = ""
) -> Region | None:
    """Return a region for the selected frame, frames, image, series or study.

    `key`: what an image without an identifier is known by. None without an image, without anything to key
    it by, or when nothing of it lies in the image.
    """
    image, uid = chosen.instance, _uid(chosen, kind, key)
    inside = shape.bounds.clipped(image.rows, image.columns) if image is not None else None
    if image is None or not uid or inside is None:
        return None
    of = {ScopeKind.FRAME: (chosen.frame, chosen.frame), ScopeKind.FRAMES: frames}.get(kind)
    kept = inside if isinstance(shape, Box) else shape
    return Region(kept, Scope(kind, uid, image.rows, image.columns, of))


def needs_key(chosen: Selection) -> bool:
    """Return whether the selected image has no identifier, so that its content has to tell it."""
    image = chosen.instance
    return image is not None and not image.sop_instance_uid and image.frames > 0


def _uid(chosen: Selection, kind: ScopeKind, key: str) -> str:
    if chosen.instance is None or chosen.series is None or chosen.study is None:
        return ""
    if kind in ON_ONE_IMAGE:
        return chosen.instance.sop_instance_uid or key
    if kind is ScopeKind.DEVICE:
        return device_key(chosen.instance.manufacturer, chosen.instance.model)
    return chosen.series.uid if kind is ScopeKind.SERIES else chosen.study.uid


def filled_pixels(regions: Iterable[Region], rows: int, columns: int) -> int:
    """Return how many pixels of a frame regions fill, those for another size left out."""
    blanks = [r.blank((0,)) for r in regions if (r.scope.rows, r.scope.columns) == (rows, columns)]
    covered = np.zeros((rows, columns), np.bool_)
    for down, across, _ in areas(blanks, rows, columns):
        covered[down, across] = True
    return int(np.count_nonzero(covered))


def _has_size(image: Instance, scope: Scope) -> bool:
    return (image.rows, image.columns) == (scope.rows, scope.columns)


def what_stays(transfer_syntax: str) -> str:
    """Return what becomes of the picture outside of regions, as part of a sentence."""
    if transfer_syntax in VIDEO:
        return "the video is coded anew, close to what it was but not exact"
    syntax = SYNTAXES.get(transfer_syntax)
    if syntax is not None and syntax.way is Way.BLOCKS:
        return "they grow to whole blocks, all other blocks stay as they are"
    return "all others stay as they are"


def regions_on(chosen: Selection, regions: Iterable[Region], *, key: str = "") -> tuple[Region, ...]:
    """Return the regions whose scope holds the selected image and frame, other sizes included."""
    return tuple(
        region
        for region in regions_for_image(chosen, regions, key=key)
        if region.scope.frames is None or region.scope.frames[0] <= chosen.frame <= region.scope.frames[1]
    )


def regions_for_image(chosen: Selection, regions: Iterable[Region], *, key: str = "") -> tuple[Region, ...]:
    """Return the regions whose scope holds an image, whatever its frame, other sizes included."""
    if chosen.instance is None:
        return ()
    return tuple(
        region
        for region in regions
        if region.scope.uid == _uid(chosen, region.scope.kind, key)
        and (region.scope.kind is not ScopeKind.DEVICE or _has_size(chosen.instance, region.scope))
    )
