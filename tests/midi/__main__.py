"""An own equivalent of MIDI-B: plant identifiers into DICOM files, clean them, and score what was written.

python -m tests.midi FOLDER... --seed 1 --options tcia
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import pydicom.data

from tests.midi.checks import LEAKS, write_key
from tests.midi.expectations import SETS
from tests.midi.generator import Generated, generate
from tests.midi.scorer import Score, score
from viewer.dicom.scan import scan
from viewer.release.batch import Job, export
from viewer.release.report import Held
from viewer.rules.recipe import Option, Profile, Recipe
from viewer.rules.surrogates import Keyring

KEYRING = Keyring(b"a secret for the equivalent of MIDI-B")


def run(
    files: Iterable[Path], work: Path, *, seed: int, options: str, workers: int = 1
) -> tuple[Generated, Score]:
    """Return what was planted into files and how the program did, working in an empty folder."""
    made = generate(files, work / "planted", seed=seed, options=options)
    write_key(made.checks, work / "key.jsonl")
    catalog = scan([work / "planted"])
    profile = Profile(options, frozenset(Option(name) for name in SETS[options]))
    reviewed = frozenset(p.instance for p in made.planted if p.instance not in made.overlaid)
    recipe = Recipe(profile, tuple(made.regions), reviewed)
    rejected = tuple(r.reason for r in catalog.rejected)
    job = Job(
        tuple(catalog.instances), catalog.duplicates, recipe, KEYRING, work / "cleaned", rejected=rejected
    )
    if workers > 1:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            report = export(job, executor=pool)
    else:
        report = export(job)
    by_number = {i.number: i.sop_instance_uid for i in catalog.instances}
    held = {by_number[i.number]: i.reason for i in report.instances if isinstance(i, Held)}
    return made, score(made, (work / "cleaned").rglob("*.dcm"), KEYRING.uid, held)


def bundled() -> list[Path]:
    """Return the DICOM files that come with pydicom."""
    folder = Path(pydicom.data.__file__).parent
    return sorted(
        p for part in ("test_files", "charset_files") for p in (folder / part).rglob("*") if p.is_file()
    )


def print_score(made: Generated, result: Score, *, most: int) -> None:
    """Print passes by action and category, then leaks, losses and held files with their reasons."""
    for action, total in sorted(result.total.items()):
        kind = "leak" if action in LEAKS else "loss"
        click.echo(f"{action:32} {result.passed[action]:>7} of {total:>7}  ({kind} when it fails)")
    for category in sorted({c for c, _ in result.categories}):
        good, bad = result.categories[category, True], result.categories[category, False]
        click.echo(f"category {category:23} {good:>7} of {good + bad:>7}")
    source_of = {p.instance: p.source for p in made.planted}
    for title, failures in (("LEAK", result.leaks), ("LOSS", result.losses)):
        for one in failures[:most]:
            text = one.check.text or one.check.value
            place = f"{Path(one.source).name} {one.check.place}"
            click.echo(f"{title} {place} {one.check.action} {text!r}: {one.found!r}")
    for instance, reason in result.held.items():
        click.echo(f"HELD {Path(source_of.get(instance, '?')).name}: {reason}")
    for reason, times in Counter(made.unreadable.values()).most_common():
        click.echo(f"not planted {times:>4}: {reason}")
    share = len(result.losses) / max(result.checks, 1)
    click.echo(
        f"{len(made.planted)} files planted, {len(result.held)} held, {result.checks} checks: "
        f"{len(result.leaks)} leaks, {len(result.losses)} losses ({share:.3%})"
    )


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--seed", default=1, show_default=True)
@click.option("--options", type=click.Choice(sorted(SETS)), default="tcia", show_default=True)
@click.option(
    "--bundled/--no-bundled", "own", default=True, help="Take the files that come with pydicom too."
)
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Keep planted and cleaned files and the key here."
)
@click.option("--report", type=click.Path(path_type=Path), help="Write every failure as JSON.")
@click.option("--workers", default=2, show_default=True)
@click.option("--most", default=40, show_default=True, help="Failures of each kind to print.")
def main(
    folders: tuple[Path, ...],
    seed: int,
    options: str,
    own: bool,
    keep: Path | None,
    report: Path | None,
    workers: int,
    most: int,
) -> None:
    """Plant identifiers into DICOM files, clean them, and score what was written."""
    files = sorted(p for folder in folders for p in folder.rglob("*") if p.is_file())
    files += bundled() if own else []
    with TemporaryDirectory() as temporary:
        made, result = run(files, keep or Path(temporary), seed=seed, options=options, workers=workers)
    print_score(made, result, most=most)
    if report:
        failures = [asdict(f) for f in result.failures]
        report.write_text(json.dumps(failures, ensure_ascii=False, indent=1), encoding="utf-8")
    sys.exit(1 if result.leaks else 0)


if __name__ == "__main__":
    main()
