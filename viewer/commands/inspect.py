"""inspect: what is in files, folders, DICOMDIRs and ZIPs."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from viewer.commands.terminal import FOUND, PATHS, scanned
from viewer.dicom.catalog import Catalog
from viewer.finders.risk import burned_in_risk


@click.command()
@PATHS
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def inspect(paths: tuple[Path, ...], as_json: bool) -> None:
    """List what is in files, folders, DICOMDIRs and ZIPs. Shows patient data: for your eyes only."""
    catalog = scanned(paths)
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
