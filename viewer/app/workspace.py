"""The state behind the window: facts, selection, recipe and its history; verbs down, signals up."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from viewer.app import region_scopes
from viewer.app.blockers import Blocker, blockers, scanned
from viewer.app.region_scopes import Frames, Selection
from viewer.app.series_rows import rows_of
from viewer.app.tasks import Tasks
from viewer.dicom.catalog import Catalog, Instance, Series, Study
from viewer.dicom.content_key import content_key
from viewer.dicom.decisions import Action, Plan, Severity
from viewer.dicom.errors import BadSelector, ConflictingOptions, UnreadableFile
from viewer.dicom.parsing import LARGE, parse
from viewer.dicom.sources import source_in_place
from viewer.finders.networks import text_search_trouble
from viewer.pixels.regions import BLACK_INSIDE, Box, Manner, Region, ScopeKind, Shape, fitted
from viewer.pixels.render import SIGN_OFFSET
from viewer.release.batch import Job, check_destination, export
from viewer.release.report import PixelProof, Report, Written
from viewer.rules.plan import plan
from viewer.rules.recipe import Dismissal, Option, Override, Profile, Recipe, Waiver
from viewer.rules.rows import Row, rows
from viewer.rules.site_list import SiteList
from viewer.rules.surrogates import Keyring

SCAN: Final = "scan"
EXPORT: Final = "export"
SERIES_ROWS: Final = "series rows"


@dataclass(frozen=True, slots=True)
class Inspected:
    """The selected instance with its plan; derived, kept for the selection only."""

    dataset: Dataset
    plan: Plan
    rows: tuple[Row, ...]


class _Change(QUndoCommand):
    """One step of intent: the former recipe and the new one."""

    def __init__(self, text: str, workspace: "Workspace", before: Recipe, after: Recipe) -> None:
        super().__init__(text)
        self._workspace, self._before, self._after = workspace, before, after

    def redo(self) -> None:
        self._workspace.take_recipe(self._after)

    def undo(self) -> None:
        self._workspace.take_recipe(self._before)


class Workspace(QObject):
    """Holds facts, selection and intent. A slot that listens here only reads and paints."""

    catalog_changed = Signal()
    selection_changed = Signal()
    recipe_changed = Signal()
    noticed = Signal(str)

    def __init__(self, keyring: Keyring, profile: Profile, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.catalog = Catalog()
        self.selection = Selection()
        self.recipe = Recipe(profile)
        self.history = QUndoStack(self)
        self.tasks = Tasks(self)
        self.keyring = keyring
        self.report: Report | None = None
        self._reported_for: Recipe | None = None
        self._likely: frozenset[int] = frozenset()
        self._blockers: tuple[Blocker, ...] | None = None
        self._more_blockers: list[Callable[[], Sequence[Blocker]]] = []
        self._inspected: Inspected | None = None
        self._dataset: tuple[Instance, Dataset] | None = None

    # Facts -------------------------------------------------------------------------------------

    def open(self, paths: Sequence[Path], progress: Callable[[int, int], None]) -> None:
        """Scan paths in the background; the catalog, boxes and marks of what was open are put away."""
        wanted = tuple(paths)
        self.tasks.start(
            SCAN,
            lambda report, cancelled: scanned(wanted, report, cancelled),
            lambda found: self._take_catalog(*found),
            failed=self.noticed.emit,
            progress=progress,
        )

    def stop_opening(self) -> None:
        self.tasks.cancel(SCAN)

    def _take_catalog(self, catalog: Catalog, likely: frozenset[int]) -> None:
        if self.catalog.studies and not catalog.studies:
            self.noticed.emit("No DICOM images were found there. What was open stays open.")
            return
        self.catalog, self._likely, self._blockers = catalog, likely, None
        self.report = None
        self.history.clear()
        self._forget()
        self.recipe = Recipe(self.recipe.profile, site=self.recipe.site)
        self.selection = Selection()
        self.catalog_changed.emit()
        self.recipe_changed.emit()
        first = next(iter(catalog.instances), None)
        if first is not None:
            self.select(first)
        else:
            self.selection_changed.emit()
            self.noticed.emit("No DICOM images were found there.")

    # Selection ---------------------------------------------------------------------------------

    def select(self, instance: Instance, frame: int = 0) -> None:
        study, series = self._home_of(instance)
        chosen = Selection(study, series, instance, min(max(frame, 0), max(instance.frames - 1, 0)))
        if chosen != self.selection:
            if chosen.instance is not self.selection.instance:
                self._forget()
            self.selection = chosen
            self.selection_changed.emit()

    def select_series(self, series: Series) -> None:
        self.select(series.instances[0])

    def _home_of(self, instance: Instance) -> tuple[Study, Series]:
        for study in self.catalog.studies:
            for series in study.series:
                if any(i is instance for i in series.instances):
                    return study, series
        raise LookupError("the instance is not in the catalog")

    def inspected(self) -> Inspected | None:
        """Return the selected instance with its plan and rows, or None; a problem is noticed once."""
        instance = self.selection.instance
        if instance is None:
            return None
        if self._inspected is None:
            dataset = self._read(instance)
            if dataset is None:
                return None
            made = plan(dataset, self.recipe, self.keyring)
            self._inspected = Inspected(dataset, made, rows(dataset, made))
        return self._inspected

    def _read(self, instance: Instance) -> Dataset | None:
        if self._dataset is None or self._dataset[0] is not instance:
            try:
                dataset = parse(source_in_place(instance.source, large=LARGE))
            except UnreadableFile as error:
                self.noticed.emit(f"Image {instance.number}: {error}")
                return None
            self._dataset = (instance, dataset)
        return self._dataset[1]

    def _forget(self) -> None:
        self._inspected = None
        self._dataset = None

    def series_rows(self, done: Callable[[tuple[Row, ...]], None]) -> None:
        """Derive the rows of the whole selected series in the background."""
        series, recipe, keyring = self.selection.series, self.recipe, self.keyring
        if series is None:
            done(())
            return
        self.tasks.start(
            SERIES_ROWS,
            lambda progress, cancelled: rows_of(series, recipe, keyring, cancelled),
            done,
            failed=self.noticed.emit,
        )

    def stop_series_rows(self) -> None:
        """Drop a sum over a series that nobody waits for any more."""
        self.tasks.cancel(SERIES_ROWS)

    # Intent ------------------------------------------------------------------------------------

    def take_recipe(self, recipe: Recipe) -> None:
        """Put a recipe in place; only the history calls this. What the site decided is no part of it."""
        self.recipe = replace(recipe, site=self.recipe.site)
        self._inspected = self._blockers = None
        self.recipe_changed.emit()

    def take_site(self, site: SiteList) -> None:
        """Put in place what the site decided once for all studies; it cannot be undone step by step."""
        self.recipe = replace(self.recipe, site=site)
        self._inspected = None
        self.recipe_changed.emit()

    def _change(self, text: str, recipe: Recipe) -> None:
        if recipe != self.recipe:
            self.history.push(_Change(text, self, self.recipe, recipe))

    def set_profile(self, profile: Profile) -> None:
        self._change("profile", replace(self.recipe, profile=profile))

    def set_option(self, option: Option, wanted: bool) -> None:
        """Switch one option; of the two that exclude each other the newer one stays."""
        options = self.recipe.profile.options | {option} if wanted else self.recipe.profile.options - {option}
        dates = {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES}
        if wanted and option in dates:
            options = options - dates | {option}
        try:
            self.set_profile(replace(self.recipe.profile, options=frozenset(options)))
        except ConflictingOptions as error:
            self.noticed.emit(str(error))

    def set_keep_weekday(self, wanted: bool) -> None:
        """Shift dates by whole weeks, so that a Monday stays a Monday."""
        self.set_profile(replace(self.recipe.profile, keep_weekday=wanted))

    def override(self, selector: str, action: Action, value: str = "") -> None:
        try:
            chosen = Override(selector, action, value)
        except BadSelector as error:
            self.noticed.emit(str(error))
            return
        self._change("tag choice", self.recipe.with_override(chosen))
        inspected = self.inspected()
        if action is Action.REPLACE and inspected is not None:
            for finding in inspected.plan.findings:
                if finding.severity is Severity.ERROR:
                    self.noticed.emit(f"This image will be held: {finding.message}")

    def clear_override(self, selector: str) -> None:
        self._change("tag choice", self.recipe.without_override(selector))

    def add_region(
        self, shape: Shape, kind: ScopeKind, *, manner: Manner = BLACK_INSIDE, frames: Frames = (0, 0)
    ) -> None:
        """Add a shape for the selected frame, image, series or study; `frames`: for FRAMES."""
        self.add_regions([(shape, manner)], kind, frames=frames)

    def add_regions(
        self, shapes: Sequence[tuple[Shape, Manner]], kind: ScopeKind, *, frames: Frames = (0, 0)
    ) -> None:
        """Add shapes in one step; those that lie outside of the image are told of, not added."""
        made = [
            (region_scopes.region_for(self.selection, shape, kind, frames, key=self._key()), manner)
            for shape, manner in shapes
        ]
        kept = [replace(r, fill=m.fill, keep=m.keep) for r, m in made if r is not None]
        if len(kept) < len(made):
            self.noticed.emit(
                "A box cannot be kept here: this image has no identifier, or the box is outside."
            )
        if kept:
            self._change("box", replace(self.recipe, regions=(*self.recipe.regions, *kept)))

    def change_region(self, region: Region, box: Box) -> None:
        inside = box.clipped(region.scope.rows, region.scope.columns)
        if inside is None:
            self.remove_region(region)
            return
        shape = fitted(region.shape, inside if isinstance(region.shape, Box) else box)
        new = replace(region, shape=shape, features=region.features and shape == region.shape)
        moved = tuple(new if r is region else r for r in self.recipe.regions)
        self._change("box", replace(self.recipe, regions=moved))

    def remove_region(self, region: Region) -> None:
        left = tuple(r for r in self.recipe.regions if r is not region)
        self._change("box", replace(self.recipe, regions=left))

    def mark_reviewed(self, instances: Sequence[Instance], seen: bool = True) -> None:
        """Note that a person has looked at every frame of these images (or take that back)."""
        uids = {i.sop_instance_uid for i in instances if i.sop_instance_uid and i.frames}
        marks = self.recipe.reviewed | uids if seen else self.recipe.reviewed - uids
        self._change("looked at", replace(self.recipe, reviewed=frozenset(marks)))

    def take_boxes(self, text: str, regions: Sequence[Region], dismissed: Iterable[Dismissal]) -> None:
        """Add regions that were proposed, and note proposals found harmless, in one step."""
        marks = self.recipe.dismissed | frozenset(dismissed)
        new = tuple(region for region in regions if region not in self.recipe.regions)
        self._change(text, replace(self.recipe, regions=(*self.recipe.regions, *new), dismissed=marks))

    def waive(self, blocker: Blocker, reason: str) -> None:
        """Set a blocker aside with a reason that goes to the report."""
        if not reason.strip():
            self.noticed.emit("A reason is needed to set this aside.")
            return
        waivers = (*self.recipe.waivers, Waiver(blocker.key, reason.strip()))
        self._change("set aside", replace(self.recipe, waivers=waivers))

    # Consequences ------------------------------------------------------------------------------

    def blockers(self) -> tuple[Blocker, ...]:
        """Return what is left to do, the riskiest first."""
        if self._blockers is None:
            more = [blocker for source in self._more_blockers for blocker in source()]
            self._blockers = blockers(self.catalog, self.recipe, self._likely, more)
        return self._blockers

    def add_blockers(self, source: Callable[[], Sequence[Blocker]]) -> None:
        """Ask for further blockers there too, each time they are worked out."""
        self._more_blockers.append(source)

    def forget_blockers(self) -> None:
        """Work out anew what is left to do: what a source of blockers knows has changed."""
        self._blockers = None

    def likely(self) -> frozenset[int]:
        """Return the catalog numbers of images on which burned-in text is likely."""
        return self._likely

    def is_text_likely(self, instance: Instance) -> bool:
        """Return whether burned-in text is likely on an image; looked up, not worked out."""
        return instance.number in self._likely

    def regions_here(self) -> tuple[Region, ...]:
        """Return the regions whose scope holds the selected image and frame, other sizes included."""
        return region_scopes.regions_on(self.selection, self.recipe.regions, key=self._key())

    def _key(self) -> str:
        inspected = self.inspected() if region_scopes.needs_key(self.selection) else None
        return content_key(inspected.dataset) if inspected is not None else ""

    def pixels_to_change(self) -> tuple[int, int]:
        """Return how many pixels of the selected frame will be filled, and how many it has."""
        image = self.selection.instance
        if image is None or not image.frames:
            return 0, 0
        return region_scopes.filled_pixels(
            self.regions_here(), image.rows, image.columns
        ), image.rows * image.columns

    def shown_fill(self, fill: str | int) -> str | int:
        """Return a fill as the picture on screen has it: negative stored values move up."""
        inspected = self.inspected() if isinstance(fill, int) else None
        signed = inspected is not None and inspected.dataset.get("PixelRepresentation") == 1
        return fill + SIGN_OFFSET if signed and isinstance(fill, int) else fill

    def proof(self) -> PixelProof | None:
        """Return what was shown about the selected image when it was written as it stands now."""
        image = self.selection.instance
        if image is None or self.report is None or self._reported_for != self.recipe:
            return None
        written = (i for i in self.report.instances if isinstance(i, Written) and i.number == image.number)
        return next((i.pixels for i in written), None)

    # Release -----------------------------------------------------------------------------------

    def job(self, destination: Path, *, disc: bool = False) -> Job:
        reasons = tuple(r.reason for r in self.catalog.rejected)
        instances = tuple(self.catalog.instances)
        return Job(
            instances,
            self.catalog.duplicates,
            self.recipe,
            self.keyring,
            destination,
            rejected=reasons,
            read_again=not text_search_trouble(),
            disc=disc,
        )

    def check_destination(self, destination: Path) -> None:
        """Raise UnsafeDestination when nothing can or should be written there."""
        check_destination(self.job(destination))

    def export(
        self,
        destination: Path,
        progress: Callable[[int, int], None],
        done: Callable[[Report], None],
        failed: Callable[[str], None],
        *,
        disc: bool = False,
    ) -> None:
        """Export everything in the background; the only act that cannot be undone."""
        job = self.job(destination, disc=disc)

        def finished(report: Report) -> None:
            self.report, self._reported_for = report, job.recipe
            done(report)
            self.recipe_changed.emit()

        self.tasks.start(
            EXPORT,
            lambda report, cancelled: export(job, progress=report, cancelled=cancelled),
            finished,
            failed=failed,
            progress=progress,
        )

    def stop_export(self) -> None:
        """Stop after the image under way; what was finished stays and is reported."""
        self.tasks.request_stop(EXPORT)

    def close(self) -> None:
        self.tasks.close()
