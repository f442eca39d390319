"""The text on everything that is open, in order of risk: which images are looked at together, and how hard.

What a header says decides how hard to look, never that nothing needs looking.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pydicom.dataset import Dataset

from viewer.dicom.catalog import Catalog, Instance, Study
from viewer.dicom.errors import UnreadableFile, Unsupported
from viewer.dicom.parsing import LARGE, parse
from viewer.dicom.sources import source_in_place
from viewer.finders.identity import Identity, identity_of
from viewer.finders.image_text import ImageText, text_of_image, text_of_series
from viewer.finders.many_frames import Care, Eyes
from viewer.finders.proposals import TextProposal, proposals

_SECONDS: Final = 5.0
"""For a frame on which text is not likely; where it is, it takes as long as it takes."""


@dataclass(frozen=True, slots=True)
class Group:
    """Images that are looked at together: of one series, one frame each and of one size; or one alone."""

    study: int
    """0-based, in the catalog."""
    instances: tuple[Instance, ...]
    likely: bool


@dataclass(frozen=True, slots=True)
class ImageProposals:
    """What was found on one image, and the boxes that are proposed for it."""

    instance: Instance
    text: ImageText = field(repr=False)
    proposals: tuple[TextProposal, ...]


def groups(catalog: Catalog, likely: frozenset[int]) -> list[Group]:
    """Return all images with pixels, those on which text is likely (by catalog number) first."""
    made: list[Group] = []
    for number, study in enumerate(catalog.studies):
        for series in study.series:
            alike: dict[tuple[int, int, bool], list[Instance]] = {}
            for instance in series.instances:
                risky = instance.number in likely
                if instance.frames > 1 or (instance.frames and instance.media_type):
                    made.append(Group(number, (instance,), risky))
                elif instance.frames:
                    alike.setdefault((instance.rows, instance.columns, risky), []).append(instance)
            made += [Group(number, tuple(images), key[2]) for key, images in alike.items()]
    return sorted(made, key=lambda group: not group.likely)


def identity_of_study(study: Study) -> Identity:
    """Return who a study is of, by the first image of each of its series."""
    return identity_of(_headers(series.instances[0] for series in study.series))


def _headers(instances: Iterable[Instance]) -> Iterator[Dataset]:
    for instance in instances:
        try:
            yield _parsed(instance)
        except UnreadableFile:
            continue  # told of where it is shown, and held at the export


def _parsed(instance: Instance) -> Dataset:
    return parse(source_in_place(instance.source, large=LARGE))


def look_at(
    group: Group,
    identity: Identity,
    eyes: Eyes,
    *,
    progress: Callable[[int], None] = lambda done: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[ImageProposals]:
    """Yield what was found on each image of a group; raises NoTextSearch when the search does not work."""
    seconds = float("inf") if group.likely else _SECONDS
    first = group.instances[0]
    if first.frames > 1 or first.media_type:
        found = [_on_one(first, eyes, seconds, cancelled)]
    else:
        found = text_of_series(
            lambda index: _read(group.instances[index]),
            len(group.instances),
            eyes,
            each=group.likely,
            seconds=seconds,
            cancelled=cancelled,
            progress=lambda done, _: progress(done),
        )
    for instance, text in zip(group.instances, found, strict=True):
        made = proposals(text, identity, instance.rows, instance.columns)
        yield ImageProposals(instance, text, made)
    progress(len(group.instances))


def _on_one(instance: Instance, eyes: Eyes, seconds: float, cancelled: Callable[[], bool]) -> ImageText:
    try:
        return text_of_image(_read(instance), eyes, seconds=seconds, cancelled=cancelled)
    except Unsupported as error:
        return ImageText((), (Care.NOT,), str(error))


def _read(instance: Instance) -> Dataset:
    try:
        return _parsed(instance)
    except UnreadableFile as error:
        raise Unsupported("It cannot be read any more.") from error
