"""clean: write cleaned and checked copies."""

import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from viewer import PRODUCT, VERSION
from viewer.commands.templates import regions_of_templates
from viewer.commands.terminal import FOUND, PATHS, progress_bar, scanned
from viewer.custody.vault import file_keyring, site_keyring
from viewer.dicom.catalog import Catalog
from viewer.dicom.decisions import Action
from viewer.dicom.errors import BadSelector, UnreadableFile
from viewer.dicom.quiet import keep_values_out_of_logs
from viewer.finders.faces import Chance, face_risk
from viewer.finders.networks import NoTextSearch, text_search_trouble
from viewer.pixels.box_text import regions_from
from viewer.release.batch import Job, export
from viewer.release.channels import CHANNELS, KINDS, Cell
from viewer.release.report import Held, Report
from viewer.release.report_file import report_json, write_report
from viewer.release.text_before import TextOutcome, outcomes
from viewer.rules.profiles import profile_named, shipped_profiles, title_of
from viewer.rules.recipe import CHOICES, Documents, Option, Override, PixelText, Profile, Recipe, read_profile
from viewer.rules.site_list import SiteList, read_site_list

_OPTION_NAMES = {option.name.lower().replace("_", "-"): option for option in Option}


@click.command()
@PATHS
@click.option("--out", "destination", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option("--profile", "profile_name", default="basic", help="Name of a profile, or a profile file.")
@click.option("--option", "options", multiple=True, help="PS3.15 option: " + ", ".join(_OPTION_NAMES))
@click.option("--set", "settings", multiple=True, help="SELECTOR=ACTION (replace:VALUE gives a value).")
@click.option(
    "--box",
    "boxes",
    multiple=True,
    help="X,Y,W,H or ellipse:X,Y,W,H or polygon:X,Y X,Y X,Y… or fan:X,Y X,Y X,Y[ X,Y], then "
    "[@modality=US;series=2;instance=7;size=CxR;frame=1-9;keep=inside;fill=black|mean|NUMBER]",
)
@click.option(
    "--templates",
    "template_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Device templates (a file exported from the window) for every image that they fit.",
)
@click.option(
    "--documents",
    type=click.Choice([d.value for d in Documents]),
    help="PDF inside: an empty one instead, or pages as pictures (held until a person looks at them).",
)
@click.option(
    "--text",
    "text",
    type=click.Choice([t.value for t in PixelText]),
    help="Text in pixels: off; propose holds images on which some is found; blank masks all but what is "
    "known to be harmless. Both read what was written again.",
)
@click.option("--hold-lossy", is_flag=True, help="Hold lossy images on which a region lies.")
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Certificate (PEM) for whom the originals are encrypted into the output.",
)
@click.option(
    "--site-list",
    "site_file",
    type=click.Path(exists=True, path_type=Path),
    help="What the site decided once: words, private elements (the window keeps site-list.json).",
)
@click.option("--key-file", type=click.Path(path_type=Path), help="Key for surrogates; made if missing.")
@click.option("--report", "report_file", type=click.Path(path_type=Path), help="Write the JSON report here.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--replace", "replace_existing", is_flag=True, help="Replace different files of the same name.")
@click.option("--disc", is_flag=True, help="Write a file-set for a disc, with a new DICOMDIR.")
@click.option("--workers", default=1, type=click.IntRange(1, 64), help="Processes to run.")
def clean(
    paths: tuple[Path, ...],
    destination: Path,
    profile_name: str,
    options: tuple[str, ...],
    settings: tuple[str, ...],
    boxes: tuple[str, ...],
    template_files: tuple[Path, ...],
    documents: str | None,
    text: str | None,
    hold_lossy: bool,
    recipients: tuple[Path, ...],
    site_file: Path | None,
    key_file: Path | None,
    report_file: Path | None,
    as_json: bool,
    replace_existing: bool,
    disc: bool,
    workers: int,
) -> None:
    """Write cleaned copies of DICOM files; what cannot be cleaned and proved is held, with a reason."""
    profile = profile_of(profile_name, options, settings)
    profile = replace(profile, documents=Documents(documents)) if documents else profile
    profile = replace(profile, hold_lossy=hold_lossy or profile.hold_lossy)
    profile = replace(profile, text=PixelText(text)) if text else profile
    if profile.text is not PixelText.OFF and text_search_trouble():
        raise NoTextSearch(text_search_trouble())
    certificates = tuple(path.read_text(encoding="utf-8", errors="replace") for path in recipients)
    profile = replace(profile, recipients=profile.recipients + certificates)
    keyring = file_keyring(key_file) if key_file else site_keyring()
    catalog = scanned(paths)
    if not catalog.studies:
        raise UnreadableFile("No DICOM images were found there; nothing was written.")
    regions = [region for box in boxes for region in regions_from(box, catalog.studies)]
    regions += regions_of_templates(template_files, catalog.instances)
    site = read_site_list(site_file) if site_file else SiteList()
    recipe = Recipe(profile, tuple(regions), site=site)
    reasons = tuple(r.reason for r in catalog.rejected)
    instances = tuple(catalog.instances)
    job = Job(
        instances,
        catalog.duplicates,
        recipe,
        keyring,
        destination,
        replace_existing,
        reasons,
        text=_text(catalog, recipe),
        read_again=profile.text is not PixelText.OFF,
        disc=disc,
    )
    faces = _faces(catalog)
    report = _exported(job, workers)
    report = replace(report, notes=(*report.notes, *faces))
    content = report_json(report, product=f"{PRODUCT} {VERSION}", recipe=recipe)
    if report_file:
        write_report(content, report_file)
    if as_json:
        click.echo(content.decode())
    else:
        _print_report(report)
    sys.exit(FOUND if report.counts["held"] or report.counts["rejected"] else 0)


def _text(catalog: Catalog, recipe: Recipe) -> dict[int, TextOutcome]:
    if recipe.profile.text is PixelText.OFF:
        return {}
    with progress_bar("Looking for text") as progress:
        return outcomes(catalog, recipe, progress=progress, cancelled=lambda: False)


def _faces(catalog: Catalog) -> list[str]:
    """Return a sentence for each series that a face could be rendered from; only a person takes one off."""
    series = (s for study in catalog.studies for s in study.series)
    told = ((number, face_risk(one)) for number, one in enumerate(series, 1))
    advice = {Chance.LIKELY: "the window offers to take it off", Chance.UNKNOWN: "look at it in the window"}
    return [
        f"series {number}: {risk.chance.value} ({risk.why}); {advice[risk.chance]}"
        for number, risk in told
        if risk.chance is Chance.LIKELY or (risk.chance is Chance.UNKNOWN and risk.named)
    ]


def _exported(job: Job, workers: int) -> Report:
    spawn = get_context("spawn")
    pool = ProcessPoolExecutor(workers, spawn, keep_values_out_of_logs) if workers > 1 else nullcontext()
    with progress_bar("Cleaning") as progress, pool as executor:
        return export(job, progress=progress, executor=executor)


def profile_of(name: str, options: Sequence[str], settings: Sequence[str]) -> Profile:
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
    for note in report.notes:
        console.print(f"note             {note}", markup=False, soft_wrap=True)
    _print_search(console, report)
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


def _print_search(console: Console, report: Report) -> None:
    """Print in which channel of the outputs which kind of identity was searched for, and what came of it."""
    cells = report.search_table()
    kinds = [kind for kind in KINDS if any(key[1] == kind for key in cells)]
    if not kinds:
        return
    table = Table(box=None, pad_edge=False)
    for head in ("searched again", *(_HEADS.get(kind, kind) for kind in kinds)):
        table.add_column(head, no_wrap=True)
    for channel in (c for c in CHANNELS if any(key[0] == c for key in cells)):
        table.add_row(channel, *(_cell(cells.get((channel, kind))) for kind in kinds))
    console.print(table)
    reasons = sorted({title_of(reason) for cell in cells.values() for reason in cell.reasons})
    if reasons:
        console.print(f"kept because of: {', '.join(reasons)}", markup=False, soft_wrap=True)


_HEADS = {
    "identifier": "ID",
    "institution": "inst.",
    "device number": "device",
    "patient characteristic": "traits",
}


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    return "HELD" if cell.held else "kept" if cell.waived else "clean"


def _numbers(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:20]))
    return shown + (f" and {len(numbers) - 20} more" if len(numbers) > 20 else "")
