"""demo: the bundled sample study, in the window or without one."""

import sys
import tempfile
from pathlib import Path

import click

from viewer import PRODUCT
from viewer.commands.clean import clean
from viewer.resources import resource


@click.command()
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
