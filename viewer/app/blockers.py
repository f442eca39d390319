"""What is left to do before an export: derived from facts and intent, each with the place to jump to."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from viewer.dicom.catalog import Catalog, Instance, Series, Study
from viewer.dicom.scan import scan
from viewer.finders.risk import burned_in_risk
from viewer.pixels.regions import ON_ONE_IMAGE, Region, ScopeKind
from viewer.rules.documents import shows_pixels
from viewer.rules.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing to do. `key` names it in waivers and holds no identity; `instance` is where to jump."""

    key: str
    sentence: str
    instance: Instance = field(repr=False)


def likely_text(catalog: Catalog) -> frozenset[int]:
    """Return the catalog numbers of images on which burned-in text is likely (30 us per image: keep it)."""
    return frozenset(i.number for i in catalog.instances if burned_in_risk(i).likely)


def scanned(
    paths: Sequence[Path], progress: Callable[[int, int], None], cancelled: Callable[[], bool]
) -> tuple[Catalog, frozenset[int]]:
    """Return what a scan found, and on which images text is likely."""
    catalog = scan(paths, progress=progress, cancelled=cancelled)
    return catalog, likely_text(catalog)


def blockers(
    catalog: Catalog, recipe: Recipe, likely: frozenset[int], more: Iterable[Blocker] = ()
) -> tuple[Blocker, ...]:
    """Return what is neither done nor waived, the riskiest first; `likely` as `likely_text` gives it.

    `more`: what others found; it comes before images that were only not looked at.
    """
    waived = {w.blocker for w in recipe.waivers}
    found = (*_mixed(catalog), *_other_sizes(catalog, recipe), *more, *_unseen(catalog, recipe, likely))
    return tuple(b for b in found if b.key not in waived)


def _numbered(catalog: Catalog) -> Iterator[tuple[int, Study, Series]]:
    pairs = [(study, series) for study in catalog.studies for series in study.series]
    for number, (study, series) in enumerate(pairs, start=1):
        yield number, study, series


def _mixed(catalog: Catalog) -> Iterator[Blocker]:
    for number, study in enumerate(catalog.studies, start=1):
        if study.mixed_patients:
            sentence = f"Study {number} holds images of different patients: check that it is one person."
            yield Blocker(f"mixed-{number}", sentence, next(iter(study.instances)))


def _unseen(catalog: Catalog, recipe: Recipe, likely: frozenset[int]) -> Iterator[Blocker]:
    """Yield the series with images that nobody has looked at, those with likely text first."""
    waiting = []
    for number, _, series in _numbered(catalog):
        shown = [i for i in series.instances if shows_pixels(i, recipe.profile)]
        unseen = [i for i in shown if i.sop_instance_uid not in recipe.reviewed]
        if unseen:
            risky = any(i.number in likely for i in unseen)
            text = "burned-in text is likely" if risky else "not looked at yet"
            images = f"{len(unseen)} image" + ("" if len(unseen) == 1 else "s")
            sentence = f"Series {number} ({series.modality or 'unknown'}, {images}): {text}."
            waiting.append((not risky, Blocker(f"unseen-{number}", sentence, unseen[0])))
    for _, blocker in sorted(waiting, key=lambda pair: pair[0]):
        yield blocker


def _other_sizes(catalog: Catalog, recipe: Recipe) -> Iterator[Blocker]:
    """Yield the series in which a box was drawn for images of another size."""
    wide = [r for r in recipe.regions if r.scope.kind not in ON_ONE_IMAGE]
    narrow: dict[str, list[Region]] = {}
    for region in recipe.regions:
        if region.scope.kind in ON_ONE_IMAGE:
            narrow.setdefault(region.scope.uid, []).append(region)
    for number, study, series in _numbered(catalog):
        # A region for a device is for images of its size only.
        uids = {ScopeKind.STUDY: study.uid, ScopeKind.SERIES: series.uid, ScopeKind.DEVICE: None}
        here = [r for r in wide if r.scope.uid == uids[r.scope.kind]]
        for instance in series.instances:
            boxes = (*here, *narrow.get(instance.sop_instance_uid, ()))
            if shows_pixels(instance, recipe.profile) and any(_is_of_other_size(r, instance) for r in boxes):
                sentence = f"Series {number}: a box was drawn on an image of another size; draw it here too."
                yield Blocker(f"size-{number}", sentence, instance)
                break


def _is_of_other_size(region: Region, instance: Instance) -> bool:
    return (region.scope.rows, region.scope.columns) != (instance.rows, instance.columns)
