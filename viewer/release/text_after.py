"""The pixels of a written file are read once more: a name that still stands there holds the file."""

import multiprocessing
from dataclasses import dataclass, field
from enum import Enum
from functools import cache

from pydicom.dataset import Dataset

from viewer.dicom.decisions import Finding, Severity
from viewer.finders.identity import Kind, identity_of
from viewer.finders.image_text import Layer, text_of_image
from viewer.finders.many_frames import Eyes
from viewer.finders.networks import NoTextSearch
from viewer.finders.proposals import TextProposal, is_dismissed, proposals
from viewer.pixels.regions import Region
from viewer.rules.recipe import PixelText, Recipe


class Reading(Enum):
    """How hard the pixels of a written file are read again."""

    NONE = "not read again"
    STRONGEST = "its strongest marks read again"
    FULL = "read again"


@cache
def eyes_of_process() -> Eyes:
    """Return the networks of this process, loaded once: one thread in a worker, for each core has one.

    Raises NoTextSearch.
    """
    return Eyes.open(threads=1 if multiprocessing.parent_process() else 2)


@dataclass(frozen=True, slots=True)
class Left:
    """What a second look at the pixels of a written image found.

    `regions`: what masks it too, where the recipe has all text masked.
    """

    findings: tuple[Finding, ...] = ()
    regions: tuple[Region, ...] = field(default=(), repr=False)


def left_in_pixels(written: Dataset, source: Dataset, recipe: Recipe, uid: str, reading: Reading) -> Left:
    """Return an ERROR when text of a written image tells who it is, or could not be looked for.

    `uid`: of the source, or its content key. What a person dismissed at that place is left alone. Without the
    networks it is a WARNING, unless the recipe asks for the search.
    """
    if reading is Reading.NONE or not any(tag in written for tag in ("PixelData", "EncapsulatedDocument")):
        return Left()
    severity = Severity.WARNING if recipe.profile.text is PixelText.OFF else Severity.ERROR
    try:
        eyes = eyes_of_process() if reading is Reading.FULL else eyes_of_process().quick()
        found = text_of_image(written, eyes)
    except NoTextSearch as error:
        return Left((Finding("text-not-read", severity, "", f"Its pixels were not read again. {error}"),))
    rows, columns = written.get("Rows") or 1 << 16, written.get("Columns") or 1 << 16
    dismissed = [d for d in recipe.dismissed if d.uid == uid]
    hits = [
        one
        for one in proposals(found, identity_of([source]), rows, columns)
        if _is_hit(one, recipe.profile.text) and not is_dismissed(one, dismissed)
    ]
    if hits:
        where = hits[0]
        message = f"Read again, its pixels still hold {where.verdict.why} ({where.layer.value})."
        inside = [h for h in hits if h.layer is Layer.PIXELS and recipe.profile.text is PixelText.BLANK]
        more = tuple(region for hit in inside for region in hit.regions(uid, rows, columns))
        return Left((Finding("text-left", Severity.ERROR, "", message),), more)
    if found.trouble:
        message = f"Its pixels were not read again: {found.trouble}"
        return Left((Finding("text-not-read", severity, "", message),))
    return Left()


def _is_hit(one: TextProposal, policy: PixelText) -> bool:
    """Return whether a line holds the file: identity always, what looks like it where all text is masked."""
    kinds = (Kind.PHI, Kind.PHI_LIKE) if policy is PixelText.BLANK else (Kind.PHI,)
    return one.verdict.kind in kinds
