"""Which overlay planes may stay under Clean Graphics, and what is cleared in them (PS3.15 E.3.3)."""

from collections.abc import Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from viewer.dicom.decisions import Action, Basis, Blank, Decision
from viewer.dicom.errors import Unsupported
from viewer.dicom.pixel_format import pixel_format
from viewer.pixels.overlays import GROUPS, cleaned, plane
from viewer.rules.recipe import Option, Recipe


def groups_to_stay(dataset: Dataset, recipe: Recipe, sop_instance: str) -> frozenset[int]:
    """Return the groups whose drawing may stay: a person saw it over the image, and it can be read."""
    seen = Option.CLEAN_GRAPHICS in recipe.profile.options and sop_instance in recipe.reviewed
    with_data = [group for group in GROUPS if seen and group << 16 | 0x3000 in dataset]
    return frozenset(group for group in with_data if _is_readable(dataset, group))


def _is_readable(dataset: Dataset, group: int) -> bool:
    try:
        pixel_format(dataset)
        plane(dataset, group)
    except Unsupported:
        return False
    return True


def cleared(decisions: Sequence[Decision], dataset: Dataset, blanks: Sequence[Blank]) -> list[Decision]:
    """Return the decisions with boxes, and what nobody could see, cleared in overlays that stay."""
    return [_cleared(d, dataset, blanks) if _stays(d) else d for d in decisions]


def _stays(decision: Decision) -> bool:
    tag = decision.path[-1]
    option = decision.why.basis is Basis.OPTION and decision.action is Action.KEEP
    return tag >> 16 in GROUPS and tag & 0xFFFF == 0x3000 and option


def _cleared(decision: Decision, dataset: Dataset, blanks: Sequence[Blank]) -> Decision:
    tag = decision.path[-1]
    value = cleaned(plane(dataset, tag >> 16), pixel_format(dataset), blanks)
    if value == dataset.get_item(tag).value:
        return decision
    return replace(decision, action=Action.CLEAN, value=value)
