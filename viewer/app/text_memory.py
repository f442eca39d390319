"""Where text stood on images of a device, kept as a template that is proposed for its next images."""

from collections.abc import Sequence
from typing import Final

from viewer.app.templates import Templates
from viewer.app.text_search import OpenText
from viewer.dicom.catalog import Instance
from viewer.dicom.errors import DeidError
from viewer.dicom.parsing import LARGE, parse
from viewer.dicom.sources import source_in_place
from viewer.finders.image_text import Layer
from viewer.pixels.device_templates import manners
from viewer.pixels.devices import device_facts
from viewer.pixels.regions import Region, Scope, ScopeKind, Shape

TITLE: Final = "Text accepted on this device"
_MOST: Final = 60


def remember(templates: Templates, accepted: Sequence[OpenText]) -> str:
    """Add accepted boxes to what is known of their devices; returns why that was not possible, or ""."""
    boxes: dict[tuple[str, str, int, int], tuple[Instance, list[Shape]]] = {}
    for one in accepted:
        image = one.instance
        if one.proposal.layer is Layer.PIXELS and image.manufacturer and image.model:
            device = (image.manufacturer, image.model, image.rows, image.columns)
            boxes.setdefault(device, (image, []))[1].append(one.proposal.box)
    try:
        for image, shapes in boxes.values():
            _add(templates, image, shapes)
    except DeidError as error:
        return str(error)
    return ""


def _add(templates: Templates, image: Instance, shapes: list[Shape]) -> None:
    dataset = parse(source_in_place(image.source, large=LARGE))
    facts = device_facts(dataset)
    device = (facts.text("Manufacturer"), facts.text("ManufacturerModelName"), facts.rows, facts.columns)
    known: list[Shape] = []
    for template in templates.all:
        if template.name == TITLE and device == (
            *(template.manufacturer, template.model),
            *(template.rows, template.columns),
        ):
            known += [shape for shape, _ in manners(template)]
    new = [shape for shape in dict.fromkeys(shapes) if not any(_holds(old, shape) for old in known)]
    if new:
        scope = Scope(ScopeKind.IMAGE, image.sop_instance_uid, image.rows, image.columns)
        templates.save(TITLE, dataset, [Region(shape, scope) for shape in (*known, *new)[-_MOST:]])


def _holds(old: Shape, new: Shape) -> bool:
    """Return whether a box lies within another one, but for a few pixels."""
    a, b = old.bounds, new.bounds
    return (
        a.x - 4 <= b.x
        and a.y - 4 <= b.y
        and b.x + b.width <= a.x + a.width + 4
        and b.y + b.height <= a.y + a.height + 4
    )
