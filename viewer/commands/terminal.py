"""What the sub-commands share: their argument of paths, progress bars, exit codes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from viewer.dicom.catalog import Catalog
from viewer.dicom.scan import scan

FOUND: Final = 1
WRONG_USE: Final = 2
PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
notes = Console(stderr=True, highlight=False)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Give a progress(done, total) that draws a bar on the terminal and nothing into a pipe."""
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def scanned(paths: Sequence[Path]) -> Catalog:
    """Return what is in the paths."""
    with progress_bar("Reading") as progress:
        return scan(paths, progress=progress)
