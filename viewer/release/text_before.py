"""What a batch does about text in pixels before it writes: look at all images, mask, or hold."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from viewer.dicom.catalog import Catalog, Instance
from viewer.dicom.content_key import content_key
from viewer.dicom.errors import UnreadableFile
from viewer.dicom.parsing import LARGE, parse
from viewer.dicom.sources import source_in_place
from viewer.finders.covered import is_covered
from viewer.finders.image_text import Layer
from viewer.finders.proposals import ORDER, TextProposal
from viewer.finders.risk import burned_in_risk
from viewer.finders.study_text import ImageProposals, groups, identity_of_study, look_at
from viewer.pixels.regions import Region
from viewer.release.text_after import eyes_of_process
from viewer.rules.blanks import regions_on
from viewer.rules.recipe import PixelText, Recipe


@dataclass(frozen=True, slots=True)
class TextOutcome:
    """What becomes of one image: more regions, or the sentence that holds it."""

    regions: tuple[Region, ...] = field(default=(), repr=False)
    hold: str = ""


def outcomes(
    catalog: Catalog,
    recipe: Recipe,
    *,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> dict[int, TextOutcome]:
    """Return by catalog number what text in the pixels means for each image; raises NoTextSearch.

    Text that regions of the recipe blank already means nothing more.
    """
    policy = recipe.profile.text
    if policy is PixelText.OFF:
        return {}
    likely = frozenset(i.number for i in catalog.instances if burned_in_risk(i).likely)
    waiting = groups(catalog, likely)
    total, done = sum(len(group.instances) for group in waiting), 0
    identities = {n: identity_of_study(catalog.studies[n]) for n in {group.study for group in waiting}}
    eyes = eyes_of_process()
    made: dict[int, TextOutcome] = {}
    for group in waiting:
        if cancelled():
            break
        before = done

        def told(here: int, before: int = before) -> None:
            progress(before + here, total)

        for found in look_at(group, identities[group.study], eyes, progress=told, cancelled=cancelled):
            made[found.instance.number] = _outcome(found, recipe)
        done += len(group.instances)
    return made


def _outcome(found: ImageProposals, recipe: Recipe) -> TextOutcome:
    if not found.text.was_looked_at:
        trouble = found.text.trouble or "It could not be decoded."
        return TextOutcome(hold=f"Its pixels were not looked at for text as a whole: {trouble}")
    # Overlays and icons do not stay in a batch; what does is read again after writing.
    mask = [p for p in found.proposals if p.to_mask and p.layer is Layer.PIXELS]
    image = found.instance
    if mask and recipe.regions:
        drawn = regions_on(_header(image), recipe.regions)
        mask = [p for p in mask if not is_covered(p, drawn, image.rows, image.columns, image.frames)]
    if not mask:
        return TextOutcome()
    if recipe.profile.text is PixelText.PROPOSE:
        return TextOutcome(hold=f"Text was found in its pixels ({_kinds(mask)}): look at it, or mask it.")
    uid = image.sop_instance_uid or content_key(_header(image))
    return TextOutcome(tuple(r for p in mask for r in p.regions(uid, image.rows, image.columns)))


def _header(image: Instance) -> Dataset:
    """Return what an image says; nothing when it cannot be read any more, which its task tells."""
    try:
        return parse(source_in_place(image.source, large=LARGE))
    except UnreadableFile:
        return Dataset()


def _kinds(mask: list[TextProposal]) -> str:
    counts = Counter(p.verdict.kind for p in mask)
    return ", ".join(f"{counts[kind]} × {kind.value}" for kind in ORDER if counts[kind])
