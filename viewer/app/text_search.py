"""Looks for text in the pixels of all that is open, in the background, and keeps what was found."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from viewer.app.blockers import Blocker
from viewer.app.region_scopes import Selection, regions_for_image
from viewer.app.workspace import Workspace
from viewer.dicom.catalog import Catalog, Instance, Series, Study
from viewer.finders.covered import is_covered
from viewer.finders.identity import Kind
from viewer.finders.image_text import Layer
from viewer.finders.many_frames import Care, Eyes
from viewer.finders.networks import text_search_trouble
from viewer.finders.proposals import TextProposal
from viewer.finders.study_text import ImageProposals, groups, identity_of_study, look_at
from viewer.pixels.regions import Box

TEXT: Final = "text in pixels"
_PAUSE_MS: Final = 150
_TURN: Final = 0.001
"""Seconds that the search sleeps after each frame."""


@dataclass(frozen=True, slots=True)
class OpenText:
    """One proposal for one image that nobody has decided yet."""

    instance: Instance
    proposal: TextProposal = field(repr=False)


class TextSearch(QObject):
    """Owns what was found. `changed`: there is more, or something was decided; `accepted`: these were."""

    changed = Signal()
    accepted = Signal(object)

    def __init__(
        self,
        workspace: Workspace,
        parent: QObject | None = None,
        *,
        open_eyes: Callable[[], Eyes] = lambda: Eyes.open(threads=1),
    ) -> None:
        super().__init__(parent)
        self._workspace, self._open_eyes = workspace, open_eyes
        self._found: dict[int, ImageProposals] = {}
        self._homes: dict[int, tuple[Study, Series]] = {}
        self._arrived: SimpleQueue[ImageProposals] = SimpleQueue()
        self.done, self.total = 0, 0
        self.trouble = ""
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self._tell)
        workspace.add_blockers(self.blockers)
        workspace.catalog_changed.connect(self.start)
        workspace.recipe_changed.connect(self._later.start)

    # Searching -----------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Return whether the search is under way."""
        return self._workspace.tasks.running(TEXT)

    def start(self) -> None:
        """Forget what was found, and look at all that is open."""
        self._workspace.tasks.cancel(TEXT)
        catalog, likely = self._workspace.catalog, self._workspace.likely()
        self._found = {}
        self._homes = {i.number: (s, r) for s in catalog.studies for r in s.series for i in r.instances}
        arrived: SimpleQueue[ImageProposals] = SimpleQueue()
        self._arrived, open_eyes = arrived, self._open_eyes
        self.done = 0
        self.total = sum(1 for i in catalog.instances if i.frames)
        self.trouble = text_search_trouble() if self.total else ""
        if self.total and not self.trouble:
            self._workspace.tasks.start(
                TEXT,
                lambda progress, cancelled: _search(catalog, likely, open_eyes, arrived, progress, cancelled),
                lambda _: self._finished(""),
                failed=self._finished,
                progress=self._progressed,
            )
        self._later.start()

    def _progressed(self, done: int, _total: int) -> None:
        self.done = done
        if not self._later.isActive():
            self._later.start()

    def _finished(self, trouble: str) -> None:
        self.trouble = trouble
        self._tell()

    def _tell(self) -> None:
        while True:
            try:
                one = self._arrived.get_nowait()
            except Empty:
                break
            self._found[one.instance.number] = one
        self._workspace.forget_blockers()
        self.changed.emit()

    # What was found ------------------------------------------------------------------------------

    def found_on(self, instance: Instance) -> ImageProposals | None:
        """Return what was found on an image, None while it was not looked at."""
        return self._found.get(instance.number)

    def open_on(self, instance: Instance) -> tuple[TextProposal, ...]:
        """Return the proposals for an image that are neither covered by a region nor dismissed."""
        found = self._found.get(instance.number)
        if found is None:
            return ()
        recipe = self._workspace.recipe
        waiting = [
            p
            for p in found.proposals
            if p.to_mask and p.dismissal(instance.sop_instance_uid) not in recipe.dismissed
        ]
        if not waiting:
            return ()
        study, series = self._homes[instance.number]
        regions = regions_for_image(Selection(study, series, instance), recipe.regions)
        return tuple(
            p for p in waiting if not is_covered(p, regions, instance.rows, instance.columns, instance.frames)
        )

    def open_here(self) -> tuple[TextProposal, ...]:
        """Return the open proposals of the frame on screen."""
        chosen = self._workspace.selection
        if chosen.instance is None:
            return ()
        return tuple(p for p in self.open_on(chosen.instance) if p.frames is None or chosen.frame in p.frames)

    def open_in(self, series: Series) -> list[OpenText]:
        """Return the open proposals of all images of a series."""
        return [OpenText(i, p) for i in series.instances for p in self.open_on(i)]

    def care_text(self, instance: Instance) -> tuple[Care, ...]:
        """Return how well each frame of an image was looked at; empty while it was not."""
        found = self._found.get(instance.number)
        return found.text.care if found is not None else ()

    # Deciding ------------------------------------------------------------------------------------

    def accept(self, chosen: Sequence[OpenText]) -> None:
        """Make regions of proposals, in one step that can be undone."""
        regions = [
            region
            for one in chosen
            for region in one.proposal.regions(
                one.instance.sop_instance_uid, one.instance.rows, one.instance.columns
            )
            if one.instance.sop_instance_uid
        ]
        if len(regions) < len(chosen):
            self._workspace.noticed.emit(
                "Some boxes cannot be kept: text in an icon, or an image without an identifier."
            )
        self._workspace.take_boxes("text boxes", regions, ())
        self.accepted.emit(list(chosen))

    def accept_as(self, one: OpenText, box: Box) -> None:
        """Make a region of a proposal with another box than was proposed."""
        self.accept([replace(one, proposal=replace(one.proposal, box=box))])

    def dismiss(self, chosen: Sequence[OpenText]) -> None:
        """Note that proposals are harmless, in one step that can be undone."""
        marks = (one.proposal.dismissal(one.instance.sop_instance_uid) for one in chosen)
        self._workspace.take_boxes("harmless text", (), marks)

    # What is left to do --------------------------------------------------------------------------

    def blockers(self) -> list[Blocker]:
        """Return the series with proposals that nobody has decided, and the search while it runs."""
        made = []
        first = next(iter(self._workspace.catalog.instances), None)
        if self.running and first is not None:
            words = f"The pixels are still being searched for text ({self.done} of {self.total} images)."
            made.append(Blocker("text-search", words, first))
        number = 0
        for study in self._workspace.catalog.studies:
            for series in study.series:
                number += 1
                made += _of_series(number, self.open_in(series))
        return made


def _of_series(number: int, waiting: Sequence[OpenText]) -> Iterable[Blocker]:
    pixels = [one for one in waiting if one.proposal.layer is Layer.PIXELS]
    if not pixels:
        return
    surest = min(pixels, key=lambda one: list(Kind).index(one.proposal.verdict.kind))
    names = sum(one.proposal.verdict.kind is Kind.PHI for one in pixels)
    words = f"Series {number}: {len(pixels)} text-like areas not decided"
    words += f", {names} of them identify." if names else "."
    yield Blocker(f"text-{number}", words, surest.instance)


def _search(
    catalog: Catalog,
    likely: frozenset[int],
    open_eyes: Callable[[], Eyes],
    arrived: "SimpleQueue[ImageProposals]",
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> None:
    """Look at everything in order of risk; results arrive one by one. Raises NoTextSearch."""
    waiting = groups(catalog, likely)
    total = sum(len(group.instances) for group in waiting)
    if not waiting:
        return
    eyes = open_eyes()

    def stopped() -> bool:
        """Ask, and let the window have its turn: small frames would keep the interpreter to themselves."""
        time.sleep(_TURN)
        return cancelled()

    identities = {n: identity_of_study(catalog.studies[n]) for n in {group.study for group in waiting}}
    done = 0
    for group in waiting:
        if cancelled():
            return
        before = done

        def told(here: int, before: int = before) -> None:
            progress(before + here, total)

        identity = identities[group.study]
        for found in look_at(group, identity, eyes, progress=told, cancelled=stopped):
            arrived.put(found)
        done += len(group.instances)
        progress(done, total)
