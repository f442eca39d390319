"""verify: check an output folder again."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from viewer.commands.terminal import FOUND, progress_bar, scanned
from viewer.dicom.errors import UnreadableFile
from viewer.release.recheck import Checked, recheck


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--against", multiple=True, type=click.Path(exists=True, path_type=Path), help="The sources.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(folder: Path, against: tuple[Path, ...], as_json: bool) -> None:
    """Check every file of an output folder again, on its own or against the studies it came from."""
    sources = tuple(scanned(against).instances) if against else ()
    if against and not sources:
        raise UnreadableFile("No source study was found to check against.")
    with progress_bar("Checking") as progress:
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
