"""Private elements that nobody knows, once per creator and element, to be judged once for the whole site."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from viewer.app.workspace import Workspace
from viewer.dicom.catalog import Catalog, Instance
from viewer.dicom.elements import is_private
from viewer.dicom.errors import BadSelector, UnreadableFile
from viewer.dicom.parsing import LARGE, parse
from viewer.dicom.sources import source_in_place
from viewer.rules import private
from viewer.rules.plan import plan
from viewer.rules.recipe import Profile, Recipe
from viewer.rules.rows import Row, rows
from viewer.rules.site_list import PrivateChoice, PrivateKey, SiteList, read_site_list, write_site_list
from viewer.rules.surrogates import Keyring

PRIVATE: Final = "private queue"
_LOOKED_AT: Final = 3
"""Images of a series that are read: the first, the middle and the last."""
_SAMPLES: Final = 3
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Question:
    """One private element that neither table nor file knows. `samples` may hold identity."""

    key: PrivateKey
    vr: str
    samples: tuple[str, ...] = field(repr=False)
    images: int
    """In how many of the images that were read it stands."""

    @property
    def name(self) -> str:
        """Return creator and element, as PS3.15 Table E.3.10-1 writes them."""
        creator, group, element = self.key
        return f"{creator} ({group:04X},xx{element:02X})"


class PrivateQueue(QObject):
    """Finds the questions of what is open in the background, and keeps what was decided in the site list."""

    changed = Signal()

    def __init__(self, workspace: Workspace, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._path = workspace, path
        self.questions: tuple[Question, ...] = ()
        try:
            workspace.take_site(read_site_list(path))
        except BadSelector as error:
            workspace.noticed.emit(str(error))
        workspace.catalog_changed.connect(self.refresh)

    @property
    def open_questions(self) -> int:
        """Return how many elements nobody has judged."""
        return sum(self.judged(question) is None for question in self.questions)

    def judged(self, question: Question) -> bool | None:
        """Return whether an element was judged safe, None when it was not judged."""
        return self._workspace.recipe.site.judged(*question.key)

    def refresh(self) -> None:
        """Read some images of every series in the background, and ask for what is unknown in them."""
        catalog, keyring = self._workspace.catalog, self._workspace.keyring
        self._workspace.tasks.start(
            PRIVATE,
            lambda _, cancelled: questions_in(_some(catalog), keyring, cancelled),
            self._take,
            failed=self._workspace.noticed.emit,
        )

    def _take(self, found: tuple[Question, ...]) -> None:
        self.questions = found
        self.changed.emit()

    def judge(self, questions: Iterable[Question], safe: bool) -> None:
        """Remember for all studies of this site whether elements are safe."""
        choices = (PrivateChoice(*question.key, safe) for question in questions)
        self._keep(self._workspace.recipe.site.with_private(*choices))

    def forget(self, questions: Iterable[Question]) -> None:
        """Ask again for elements that were judged."""
        self._keep(self._workspace.recipe.site.without_private(*(q.key for q in questions)))

    def _keep(self, site: SiteList) -> None:
        try:
            write_site_list(site, self._path)
        except OSError as error:
            self._workspace.noticed.emit(f"The site list cannot be written ({type(error).__name__}).")
            return
        self._workspace.take_site(site)
        self.changed.emit()


def _some(catalog: Catalog) -> list[Instance]:
    found = []
    for study in catalog.studies:
        for series in study.series:
            count = len(series.instances)
            numbers = dict.fromkeys((0, count // 2, count - 1))
            found += [series.instances[number] for number in list(numbers)[:_LOOKED_AT]]
    return found


def questions_in(
    instances: Iterable[Instance], keyring: Keyring, cancelled: Callable[[], bool]
) -> tuple[Question, ...]:
    """Return the private elements of some images that neither table nor file knows, in order."""
    found: dict[PrivateKey, Question] = {}
    for instance in instances:
        if cancelled():
            break
        try:
            here = dict(_unknown(instance, keyring))
        except UnreadableFile:
            continue  # said when it is selected, and held at the export
        for key, row in here.items():
            one = found.get(key) or Question(key, row.vr, (), 0)
            samples = tuple(dict.fromkeys((*one.samples, row.old[:_LONGEST])))[:_SAMPLES]
            found[key] = replace(one, samples=samples, images=one.images + 1)
    return tuple(found[key] for key in sorted(found))


def _unknown(instance: Instance, keyring: Keyring) -> Iterator[tuple[PrivateKey, Row]]:
    dataset = parse(source_in_place(instance.source, large=LARGE))
    if not any(tag & 0x10000 for tag in dataset.keys()):  # noqa: SIM118
        return
    declared = private.declared_blocks(dataset)
    for row in rows(dataset, plan(dataset, Recipe(Profile("private")), keyring)):
        tag = row.path[-1]
        if not is_private(tag) or private.is_creator(tag) or not row.creator or row.vr == "SQ":
            continue
        if not private.is_known(tag, row.creator, declared):
            yield (row.creator, tag >> 16, tag & 0xFF), row
