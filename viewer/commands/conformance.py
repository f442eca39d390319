"""conformance: the Conformance Statement for de-identification, from the tables and the code."""

from pathlib import Path

import click
from pydicom.uid import UID

from viewer.commands.clean import profile_of
from viewer.dicom.codecs import SYNTAXES, who_does
from viewer.rules.conformance import statement


@click.command()
@click.option("--profile", "profile_name", default="basic", help="Name of a profile, or a profile file.")
@click.option("--option", "options", multiple=True, help="PS3.15 option, as for clean.")
@click.option("--out", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write it here.")
def conformance(profile_name: str, options: tuple[str, ...], file: Path | None) -> None:
    """Print the Conformance Statement (PS3.15 E.1.3) of a profile as Markdown."""
    syntaxes = [
        (UID(uid).name, f"{syntax.capability} {who_does(syntax)}") for uid, syntax in SYNTAXES.items()
    ]
    text = statement(profile_of(profile_name, options, ()), syntaxes)
    if file:
        file.write_text(text, encoding="utf-8")
    else:
        click.echo(text)
