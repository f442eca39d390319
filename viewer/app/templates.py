"""The device templates of this computer, kept in one file beside the settings."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from viewer.app.settings import settings_file
from viewer.dicom.errors import BadSelector
from viewer.pixels.device_templates import (
    DeviceTemplate,
    Match,
    manners,
    matched,
    read_templates,
    template_of,
    write_templates,
)
from viewer.pixels.devices import Proposal, device_facts, sector_proposal, table_proposals
from viewer.pixels.regions import Manner, Region, Shape

NAME: Final = "device-templates.json"


class Templates:
    """Owns the file. A damaged one is not written over: it is told of, and nothing can be saved."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or settings_file().with_name(NAME)
        self.trouble = ""
        try:
            self.all: tuple[DeviceTemplate, ...] = read_templates(self._path) if self._path.exists() else ()
        except BadSelector as error:
            self.all, self.trouble = (), str(error)

    def save(self, name: str, dataset: Dataset, regions: Sequence[Region]) -> DeviceTemplate:
        """Keep the regions of an image as a template; one of the same name for the same device gives way."""
        made = template_of(name, device_facts(dataset), regions, date.today().isoformat())
        self._put([one for one in self.all if not _same_place(one, made)] + [made])
        return made

    def remove(self, template: DeviceTemplate) -> None:
        """Forget a template."""
        self._put([one for one in self.all if one is not template])

    def take_in(self, path: Path) -> int:
        """Add the templates of a file and return how many; raises BadSelector."""
        found = read_templates(path)
        others = [one for one in self.all if not any(_same_place(one, new) for new in found)]
        self._put([*others, *found])
        return len(found)

    def give_away(self, path: Path) -> None:
        """Write all templates to a file; raises UnsafeDestination."""
        write_templates(self.all, path)

    def _put(self, templates: Sequence[DeviceTemplate]) -> None:
        if self.trouble:
            raise BadSelector(f"The templates here cannot be read, so nothing is saved. {self.trouble}")
        write_templates(templates, self._path)
        self.all = tuple(templates)


def _same_place(a: DeviceTemplate, b: DeviceTemplate) -> bool:
    return (a.name, a.manufacturer, a.model, a.rows, a.columns) == (
        *(b.name, b.manufacturer, b.model),
        *(b.rows, b.columns),
    )


def offers(
    templates: Sequence[DeviceTemplate], dataset: Dataset
) -> list[tuple[Proposal, tuple[tuple[Shape, Manner], ...], DeviceTemplate | None]]:
    """Return what may be used on an image: templates that fit first, then the image's own regions, the table.

    Templates for other devices come last, so that a person sees why they do not fit.
    """
    facts = device_facts(dataset)
    matches: list[Match] = [matched(template, facts) for template in templates]
    found = [(m.proposal, manners(m.template), m.template) for m in matches]
    others = [*table_proposals(facts)]
    sector = sector_proposal(facts)
    proposals = [*([sector] if sector else []), *others]
    offered = [(p, tuple((shape, Manner("black", p.keep)) for shape in p.shapes), None) for p in proposals]
    fitting = [one for one in found if one[0].fits]
    return [*fitting, *offered, *(one for one in found if not one[0].fits)]
