"""The rows of a whole series: one background job, from files to one table."""

from collections.abc import Callable

from viewer.dicom.catalog import Series
from viewer.dicom.errors import UnreadableFile
from viewer.dicom.parsing import LARGE, parse
from viewer.dicom.sources import source_in_place
from viewer.rules.plan import plan
from viewer.rules.recipe import Recipe
from viewer.rules.rows import Row, aggregate, rows
from viewer.rules.surrogates import Keyring


def rows_of(
    series: Series, recipe: Recipe, keyring: Keyring, cancelled: Callable[[], bool]
) -> tuple[Row, ...]:
    """Return the rows of all images that can be read, as one table."""
    found = []
    for instance in series.instances:
        if cancelled():
            break
        try:
            dataset = parse(source_in_place(instance.source, large=LARGE))
        except UnreadableFile:
            continue  # said when it is selected, and held at the export
        found.append(rows(dataset, plan(dataset, recipe, keyring)))
    return aggregate(found)
