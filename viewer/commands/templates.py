"""Device templates on the command line: for every image that fits, the regions that a person once drew."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from viewer.dicom.catalog import Instance
from viewer.dicom.errors import DeidError
from viewer.dicom.parsing import LARGE, dataset_of
from viewer.dicom.sources import open_source
from viewer.pixels.device_templates import DeviceTemplate, manners, matched, read_templates
from viewer.pixels.devices import DeviceFacts, device_facts, device_key
from viewer.pixels.regions import Region, Scope, ScopeKind


def regions_of_templates(files: Sequence[Path], instances: Iterable[Instance]) -> list[Region]:
    """Return the regions of all templates on all images that they fit; raises BadSelector for other files."""
    by_device: dict[tuple[str, int, int], list[DeviceTemplate]] = {}
    for template in (one for file in files for one in read_templates(file)):
        place = device_key(template.manufacturer, template.model), template.rows, template.columns
        by_device.setdefault(place, []).append(template)
    found: list[Region] = []
    for instance in instances if by_device else ():
        place = device_key(instance.manufacturer, instance.model), instance.rows, instance.columns
        if instance.frames and place in by_device:
            found += _on(instance, by_device[place])
    return found


def _on(instance: Instance, templates: Iterable[DeviceTemplate]) -> list[Region]:
    facts = _facts(instance)
    if facts is None:
        return []  # cleaning it will say why
    scope = Scope(ScopeKind.IMAGE, instance.sop_instance_uid, instance.rows, instance.columns)
    fitting = [template for template in templates if matched(template, facts).proposal.fits]
    return [
        Region(shape, scope, manner.fill, manner.keep)
        for template in fitting
        for shape, manner in manners(template)
    ]


def _facts(instance: Instance) -> DeviceFacts | None:
    try:
        with open_source(instance.source, large=LARGE) as content:
            return device_facts(dataset_of(content))
    except DeidError:
        return None
