"""Many instances: one after the other, or on any executor; cancel at any moment, nothing half done."""

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

from viewer.custody.envelope import certificates
from viewer.dicom.catalog import Instance
from viewer.dicom.content_key import PREFIX
from viewer.dicom.errors import DeidError, UnsafeDestination
from viewer.finders.risk import burned_in_risk
from viewer.pixels.regions import ON_ONE_IMAGE, Region
from viewer.release.dicomdir import NAME, write_dicomdir
from viewer.release.report import Held, InstanceReport, Report
from viewer.release.run import Task, run_instance
from viewer.release.text_after import Reading
from viewer.release.text_before import TextOutcome
from viewer.release.unfinished import clear_unfinished
from viewer.rules.recipe import Recipe
from viewer.rules.surrogates import Keyring


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be exported, by which recipe, to where."""

    instances: tuple[Instance, ...]
    duplicates: frozenset[int]
    recipe: Recipe = field(repr=False)
    keyring: Keyring
    destination: Path = field(repr=False)
    replace_existing: bool = False
    rejected: tuple[str, ...] = ()
    """Reasons of files that were never in the catalog, for the report."""
    text: Mapping[int, TextOutcome] = field(default_factory=dict, repr=False)
    """By catalog number what text found in the pixels means."""
    read_again: bool = False
    """Read the pixels of written files again: in full where text is likely or was masked."""
    disc: bool = False
    """Write a file-set for a disc, with a DICOMDIR of everything in the destination (PS3.10 8)."""


def _no_progress(done: int, total: int) -> None:
    """Ignore progress."""


def _never() -> bool:
    return False


def export(
    job: Job,
    *,
    progress: Callable[[int, int], None] = _no_progress,
    cancelled: Callable[[], bool] = _never,
    executor: Executor | None = None,
) -> Report:
    """Return the report of an export; what is not in it as written does not exist in the destination.

    Cancelling ends it after the instances under way. Raises UnsafeDestination, or BadSelector for a
    recipient who cannot be encrypted for, before anything is written.
    """
    check_destination(job)
    certificates(job.recipe.profile.recipients)
    clear_unfinished(job.destination)
    recipe_of = _recipes(job.recipe)
    tasks = [_task(job, i, recipe_of(i)) for i in job.instances]
    began = time.perf_counter()
    reports: list[InstanceReport] = []
    progress(0, len(tasks))
    for report in _run(tasks, executor, cancelled):
        reports.append(report)
        progress(len(reports), len(tasks))
    clear_unfinished(job.destination)
    reports.sort(key=lambda r: r.number)
    stopped = len(reports) < len(tasks)
    notes = _indexed(job) if job.disc else ()
    return Report(tuple(reports), job.rejected, stopped, time.perf_counter() - began, notes)


def _task(job: Job, instance: Instance, recipe: Recipe) -> Task:
    text = job.text.get(instance.number, TextOutcome())
    reading = Reading.NONE
    if job.read_again and instance.frames:
        careful = text.regions or burned_in_risk(instance).likely
        reading = Reading.FULL if careful else Reading.STRONGEST
    return Task(
        instance,
        replace(recipe, regions=(*recipe.regions, *text.regions)) if text.regions else recipe,
        job.keyring,
        job.destination,
        duplicate=instance.number in job.duplicates,
        replace_existing=job.replace_existing,
        reading=reading,
        hold=text.hold,
        disc=job.disc,
    )


def _indexed(job: Job) -> tuple[str, ...]:
    """Write the DICOMDIR of everything that stands in the destination; return what could not be indexed."""
    files = (p.relative_to(job.destination).as_posix() for p in job.destination.rglob("*") if p.is_file())
    try:
        left_out = write_dicomdir(job.destination, [n for n in files if n != NAME], job.keyring)
    except DeidError as error:
        return (str(error),)
    return tuple(f"Not in the index of the disc: {name}" for name in left_out)


def _recipes(recipe: Recipe) -> Callable[[Instance], Recipe]:
    """Return what gives an instance its recipe without the boxes of other images: it is sent to workers."""
    wide = tuple(r for r in recipe.regions if r.scope.kind not in ON_ONE_IMAGE)
    own: dict[str, list[Region]] = {}
    for region in recipe.regions:
        if region.scope.kind in ON_ONE_IMAGE:
            own.setdefault(region.scope.uid, []).append(region)

    def recipe_of(instance: Instance) -> Recipe:
        uid = instance.sop_instance_uid
        # Without an identifier the content tells: which of these it is, the plan finds out.
        mine = own.get(uid, ()) if uid else [r for k in own if not k or k.startswith(PREFIX) for r in own[k]]
        regions = (*wide, *mine)
        dismissed = frozenset(d for d in recipe.dismissed if d.uid == uid)
        return replace(recipe, regions=regions, reviewed=recipe.reviewed & {uid}, dismissed=dismissed)

    return recipe_of


def _run(
    tasks: Iterable[Task], executor: Executor | None, cancelled: Callable[[], bool]
) -> Iterator[InstanceReport]:
    if executor is None:
        for task in tasks:
            if cancelled():
                return
            yield run_instance(task)
        return
    futures = {executor.submit(run_instance, task): task for task in tasks}
    for future in as_completed(futures):
        if cancelled():
            for waiting in futures:
                waiting.cancel()
        if not future.cancelled():
            yield _outcome(future, futures[future])


def _outcome(future: Future[InstanceReport], task: Task) -> InstanceReport:
    error = future.exception()
    if error is None:
        return future.result()
    return Held(task.instance.number, f"The worker that had it was lost ({type(error).__name__}).")


def _root(folders: set[Path]) -> set[Path]:
    """Return the folder that holds all sources, unless it is as wide as a home folder or a drive."""
    if len(folders) < 2:
        return set()
    try:
        common = Path(os.path.commonpath([str(folder) for folder in folders]))
    except ValueError:  # several drives
        return set()
    home = Path.home()
    wide = common in (home, *home.parents) or common.parent in (home, common)
    return set() if wide else {common}


def check_destination(job: Job) -> None:
    """Raise UnsafeDestination unless the folder can be made, can be written and is not a source folder."""
    destination = job.destination.resolve()
    sources = {i.source.path.parent.resolve() for i in job.instances}
    if any(destination == folder or folder in destination.parents for folder in {*sources, *_root(sources)}):
        raise UnsafeDestination("The output folder lies among the source files; choose another one.")
    try:
        destination.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=destination):
            pass
    except OSError as error:
        raise UnsafeDestination("The output folder cannot be made or written; choose another one.") from error
