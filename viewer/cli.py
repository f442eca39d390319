"""The same engine without a window: inspect, clean, verify, demo; no Qt."""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from viewer import PRODUCT, VERSION
from viewer.custody.vault import file_keyring, site_keyring
from viewer.dicom.catalog import Catalog
from viewer.dicom.decisions import Action
from viewer.dicom.errors import BadSelector, DeidError, UnreadableFile
from viewer.dicom.quiet import keep_values_out_of_logs
from viewer.dicom.scan import scan
from viewer.finders.risk import burned_in_risk
from viewer.pixels.box_text import regions_from
from viewer.release.batch import Job, export
from viewer.release.recheck import Checked, recheck
from viewer.release.report import Held, Report
from viewer.release.report_file import report_json, write_report
from viewer.resources import resource
from viewer.rules.profiles import profile_named, shipped_profiles
from viewer.rules.recipe import CHOICES, Option, Override, Profile, Recipe, read_profile

FOUND, WRONG_USE = 1, 2
_OPTION_NAMES = {option.name.lower().replace("_", "-"): option for option in Option}
_PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
_notes = Console(stderr=True, highlight=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name=PRODUCT)
def commands() -> None:
    """De-identify DICOM studies: header, pixels, and proof. Without a command the window opens."""


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Give a progress(done, total) that draws a bar on the terminal and nothing into a pipe."""
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_notes, transient=True, disable=not _notes.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _scanned(paths: Sequence[Path]) -> Catalog:
    with _progress("Reading") as progress:
        return scan(paths, progress=progress)


@commands.command()
@_PATHS
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def inspect(paths: tuple[Path, ...], as_json: bool) -> None:
    """List what is in files, folders, DICOMDIRs and ZIPs. Shows patient data: for your eyes only."""
    catalog = _scanned(paths)
    if as_json:
        click.echo(json.dumps(_listing(catalog), ensure_ascii=False, indent=2))
    else:
        _print_catalog(catalog)
    sys.exit(FOUND if catalog.rejected else 0)


def _listing(catalog: Catalog) -> dict[str, Any]:
    instances = [
        {
            "number": i.number,
            "patient": study.patient_name,
            "study_date": study.date,
            "series": number,
            "modality": i.modality,
            "rows": i.rows,
            "columns": i.columns,
            "frames": i.frames,
            "transfer_syntax": i.transfer_syntax_uid,
            "burned_in_text_likely": burned_in_risk(i).likely,
            "file": str(i.source.path),
            "member": i.source.member,
        }
        for number, (study, series) in enumerate(((t, s) for t in catalog.studies for s in t.series), start=1)
        for i in series.instances
    ]
    rejected = [{"file": str(r.source.path), "reason": r.reason} for r in catalog.rejected]
    return {"instances": instances, "rejected": rejected}


def _print_catalog(catalog: Catalog) -> None:
    table = Table("Patient", "Study date", "Series", "", "Images", "Numbers", "Size", "Text likely", box=None)
    number = 0
    for study in catalog.studies:
        for series in study.series:
            number += 1
            first, last = series.instances[0], series.instances[-1]
            likely = sum(burned_in_risk(i).likely for i in series.instances)
            span = f"{first.number}-{last.number}"
            size = f"{first.columns}x{first.rows}" if first.frames else ""
            row = (study.patient_name, study.date, str(number), series.modality, str(len(series.instances)))
            table.add_row(*row, span, size, str(likely or ""))
    console = Console(highlight=False)
    console.print(table)
    for rejected in catalog.rejected:
        console.print(
            f"not opened: {rejected.source.path.name}: {rejected.reason}", markup=False, soft_wrap=True
        )


@commands.command()
@_PATHS
@click.option("--out", "destination", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option("--profile", "profile_name", default="basic", help="Name of a profile, or a profile file.")
@click.option("--option", "options", multiple=True, help="PS3.15 option: " + ", ".join(_OPTION_NAMES))
@click.option("--set", "settings", multiple=True, help="SELECTOR=ACTION (replace:VALUE gives a value).")
@click.option(
    "--box", "boxes", multiple=True, help="X,Y,W,H[@modality=US;series=2;instance=7;size=CxR;frame=1-9]"
)
@click.option("--key-file", type=click.Path(path_type=Path), help="Key for surrogates; made if missing.")
@click.option("--report", "report_file", type=click.Path(path_type=Path), help="Write the JSON report here.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--replace", "replace_existing", is_flag=True, help="Replace different files of the same name.")
@click.option("--workers", default=1, type=click.IntRange(1, 64), help="Processes to run.")
def clean(
    paths: tuple[Path, ...],
    destination: Path,
    profile_name: str,
    options: tuple[str, ...],
    settings: tuple[str, ...],
    boxes: tuple[str, ...],
    key_file: Path | None,
    report_file: Path | None,
    as_json: bool,
    replace_existing: bool,
    workers: int,
) -> None:
    """Write cleaned copies of DICOM files; what cannot be cleaned and proved is held, with a reason."""
    profile = _profile(profile_name, options, settings)
    keyring = file_keyring(key_file) if key_file else site_keyring()
    catalog = _scanned(paths)
    if not catalog.studies:
        raise UnreadableFile("No DICOM images were found there; nothing was written.")
    regions = [region for box in boxes for region in regions_from(box, catalog.studies)]
    recipe = Recipe(profile, tuple(regions))
    reasons = tuple(r.reason for r in catalog.rejected)
    instances = tuple(catalog.instances)
    job = Job(instances, catalog.duplicates, recipe, keyring, destination, replace_existing, reasons)
    report = _exported(job, workers)
    content = report_json(report, product=f"{PRODUCT} {VERSION}", recipe=recipe)
    if report_file:
        write_report(content, report_file)
    if as_json:
        click.echo(content.decode())
    else:
        _print_report(report)
    sys.exit(FOUND if report.counts["held"] or report.counts["rejected"] else 0)


def _exported(job: Job, workers: int) -> Report:
    spawn = get_context("spawn")
    pool = ProcessPoolExecutor(workers, spawn, keep_values_out_of_logs) if workers > 1 else nullcontext()
    with _progress("Cleaning") as progress, pool as executor:
        return export(job, progress=progress, executor=executor)


def _profile(name: str, options: Sequence[str], settings: Sequence[str]) -> Profile:
    """Return the profile that the command line describes; raises BadSelector with what is possible."""
    profile = profile_named(name) or (read_profile(Path(name)) if Path(name).is_file() else None)
    if profile is None:
        names = ", ".join(p.name for p in shipped_profiles())
        raise BadSelector(f"There is no profile “{name}”. Choose one of: {names}; or name a profile file.")
    unknown = [o for o in options if o not in _OPTION_NAMES]
    if unknown:
        raise BadSelector(f"There is no option “{unknown[0]}”. Choose among: {', '.join(_OPTION_NAMES)}.")
    overrides = tuple(_override(text) for text in settings)
    chosen = profile.options | {_OPTION_NAMES[o] for o in options}
    return replace(profile, options=chosen, overrides=profile.overrides + overrides)


def _override(text: str) -> Override:
    selector, sign, action = text.rpartition("=")
    name, _, value = action.partition(":")
    names = [a.value for a in CHOICES]
    if not sign or name not in names or (name == "replace") != bool(value):
        raise BadSelector(f"Write SELECTOR=ACTION with {', '.join(names)}; replace needs replace:VALUE.")
    return Override(selector, Action(name), value)


def _print_report(report: Report) -> None:
    console = Console(highlight=False)
    counts = report.counts
    for instance in report.instances:
        if isinstance(instance, Held):
            console.print(f"held      {instance.number:>5}  {instance.reason}", markup=False, soft_wrap=True)
    for reason in report.rejected:
        console.print(f"rejected         {reason}", markup=False, soft_wrap=True)
    written = [i for i in report.instances if not isinstance(i, Held)]
    warned = Counter(f.message for one in written for f in one.findings)
    for message, times in warned.items():
        console.print(f"warning   {times:>5}  {message}", markup=False, soft_wrap=True)
    unseen = [i.number for i in written if i.burned_in_text_likely and not i.looked_at]
    if unseen:
        console.print(
            f"look at them: burned-in text is likely in {len(unseen)} written: {_numbers(unseen)}",
            soft_wrap=True,
        )
    blind = sum(1 for i in written if not i.looked_at and i.pixels.basis != "none")
    console.print(
        f"no person has looked at the pixels of {blind} of {len(written)} written files", soft_wrap=True
    )
    console.print(
        f"written {counts['written']}, held {counts['held']}, rejected {counts['rejected']}", soft_wrap=True
    )


def _numbers(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:20]))
    return shown + (f" and {len(numbers) - 20} more" if len(numbers) > 20 else "")


@commands.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--against", multiple=True, type=click.Path(exists=True, path_type=Path), help="The sources.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(folder: Path, against: tuple[Path, ...], as_json: bool) -> None:
    """Check every file of an output folder again, on its own or against the studies it came from."""
    sources = tuple(_scanned(against).instances) if against else ()
    if against and not sources:
        raise UnreadableFile("No source study was found to check against.")
    with _progress("Checking") as progress:
        checked = recheck(folder, sources, progress=progress)
    wrong = [c for c in checked if c.findings]
    if as_json:
        click.echo(json.dumps(_findings(checked), ensure_ascii=False, indent=2))
    else:
        for one in wrong:
            for finding in one.findings:
                click.echo(f"{one.name}: {finding.message} {finding.where}".rstrip())
        click.echo(f"checked {len(checked)} files, {len(wrong)} with findings")
    sys.exit(FOUND if wrong else 0)


def _findings(checked: Sequence[Checked]) -> list[dict[str, Any]]:
    return [{"name": c.name, "findings": [[f.code, f.where, f.message] for f in c.findings]} for c in checked]


@commands.command()
@click.pass_context
def demo(context: click.Context) -> None:
    """Open the bundled sample study; without a display, clean it into a new folder and print the report."""
    from viewer.display import has_display

    sample = resource("sample")
    if has_display():
        from viewer.ui.main import run_window

        sys.exit(run_window([str(sample)]))
    destination = Path(tempfile.mkdtemp(prefix=f"{PRODUCT}-"))
    click.echo("No display was found, so the sample study is cleaned without a window.")
    click.echo(f"Cleaned files: {destination}")
    context.invoke(clean, paths=(sample,), destination=destination, profile_name="teaching", workers=1)


def run(arguments: Sequence[str]) -> int:
    """Return the exit code of a command line: 0 done, 1 something held or found, 2 wrong use or set-up."""
    keep_values_out_of_logs()
    try:
        commands.main(args=list(arguments), prog_name=PRODUCT, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return WRONG_USE
    except DeidError as error:
        _notes.print(str(error), markup=False, soft_wrap=True)
        return WRONG_USE
    except OSError as error:
        _notes.print(
            f"A file or folder cannot be used ({type(error).__name__}).", markup=False, soft_wrap=True
        )
        return WRONG_USE
    except click.Abort:
        _notes.print("Stopped; nothing unfinished was left behind.")
        return FOUND
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0
