"""Templates of regions for one device that staff make, keep, give away and take in as one file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from viewer.dicom.errors import BadSelector, UnsafeDestination
from viewer.pixels.devices import Condition, DeviceFacts, Proposal, Rect
from viewer.pixels.regions import Box, Ellipse, Fan, Manner, Polygon, Region, Shape

_FORMAT: Final = "device templates of deid-viewer"
_VERSION: Final = 1
_NOT_ONE: Final = "This is no file of device templates."
_LARGEST: Final = 4 << 20


class TemplateShape(msgspec.Struct, frozen=True):
    """One shape: `kind` "box", "ellipse" (x, y, width, height), "polygon" or "fan" (x, y, x, y, ...)."""

    kind: str
    numbers: tuple[int, ...]
    fill: str | int = "black"
    keep: bool = False

    def shape(self) -> Shape:
        """Return the shape; raises ValueError when the numbers make none."""
        if self.kind in ("box", "ellipse"):
            x, y, width, height = self.numbers
            box = Box(x, y, width, height)
            return box if self.kind == "box" else Ellipse(box)
        points = tuple(zip(self.numbers[::2], self.numbers[1::2], strict=True))
        if self.kind not in ("polygon", "fan"):
            raise ValueError("a shape that is not known")
        return Polygon(points) if self.kind == "polygon" else Fan(points)


class DeviceTemplate(msgspec.Struct, frozen=True):
    """Regions for images of one device. Nothing in it is of a patient or of one machine of a kind.

    `software`: "" for any version. `layout`: the ultrasound regions that the image had.
    """

    name: str
    manufacturer: str
    model: str
    software: str
    rows: int
    columns: int
    photometric: str
    layout: tuple[Rect, ...]
    shapes: tuple[TemplateShape, ...]
    made: str
    """Day, YYYY-MM-DD."""


class _File(msgspec.Struct, frozen=True):
    format: str
    version: int
    templates: tuple[DeviceTemplate, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A template and what of it fits an image."""

    template: DeviceTemplate
    proposal: Proposal


def template_of(
    name: str, facts: DeviceFacts, regions: Sequence[Region], made: str, *, any_software: bool = True
) -> DeviceTemplate:
    """Return a template of regions drawn on an image; raises BadSelector when it says too little."""
    maker, model = facts.text("Manufacturer"), facts.text("ManufacturerModelName")
    if not maker or not model:
        raise BadSelector("This image does not say of which manufacturer and model its device is.")
    if not regions:
        raise BadSelector("There are no regions on this image that a template could be made of.")
    if not name.strip():
        raise BadSelector("A template needs a name.")
    return DeviceTemplate(
        name.strip()[:64],
        maker,
        model,
        "" if any_software else facts.text("SoftwareVersions"),
        facts.rows,
        facts.columns,
        facts.text("PhotometricInterpretation"),
        facts.layout,
        tuple(_shape_of(region) for region in regions),
        made,
    )


def _shape_of(region: Region) -> TemplateShape:
    shape = region.shape
    if isinstance(shape, (Box, Ellipse)):
        box = shape.bounds
        numbers: tuple[int, ...] = (box.x, box.y, box.width, box.height)
        kind = "box" if isinstance(shape, Box) else "ellipse"
    else:
        kind = "fan" if isinstance(shape, Fan) else "polygon"
        numbers = tuple(value for point in shape.points for value in point)
    return TemplateShape(kind, numbers, region.fill, region.keep)


def matched(template: DeviceTemplate, facts: DeviceFacts) -> Match:
    """Return what of a template fits an image; of another size it warns and must not be used."""
    size = (facts.columns, facts.rows) == (template.columns, template.rows)
    conditions = [
        _same("Manufacturer", template.manufacturer, facts.text("Manufacturer")),
        _same("Model", template.model, facts.text("ManufacturerModelName")),
        Condition(f"Size is {template.columns} × {template.rows}", size, of_size=True),
        _same("Photometric Interpretation", template.photometric, facts.text("PhotometricInterpretation")),
    ]
    if template.software:
        conditions.append(_same("Software Versions", template.software, facts.text("SoftwareVersions")))
    if template.layout:
        conditions.append(Condition("Ultrasound regions lie as they did", template.layout == facts.layout))
    warning = "" if size else f"It is for another size; this image has {facts.columns} × {facts.rows}."
    shapes = tuple(shape.shape() for shape in template.shapes)
    return Match(
        template, Proposal(template.name, tuple(conditions), shapes, origin="a template", warning=warning)
    )


def _same(title: str, wanted: str, found: str) -> Condition:
    met = " ".join(wanted.casefold().split()) == " ".join(found.casefold().split())
    return Condition(f"{title} is {wanted}", met)


def manners(template: DeviceTemplate) -> tuple[tuple[Shape, Manner], ...]:
    """Return the shapes of a template with how each is blanked."""
    return tuple((shape.shape(), Manner(shape.fill, shape.keep)) for shape in template.shapes)


def read_templates(path: Path) -> tuple[DeviceTemplate, ...]:
    """Return the templates in a file; raises BadSelector when it is none, or has a shape that is none."""
    try:
        if path.stat().st_size > _LARGEST:
            raise BadSelector(_NOT_ONE)
        found = msgspec.json.decode(path.read_bytes(), type=_File)
        for template in found.templates:
            _check(template)
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise BadSelector(_NOT_ONE) from error
    if found.format != _FORMAT:
        raise BadSelector(_NOT_ONE)
    if found.version != _VERSION:
        raise BadSelector("This file of device templates was made by another version of the program.")
    return found.templates


def _check(template: DeviceTemplate) -> None:
    if not (0 < template.rows <= 65535 and 0 < template.columns <= 65535 and template.shapes):
        raise ValueError("no size or no shapes")
    for shape in template.shapes:
        shape.shape()
        if isinstance(shape.fill, str) and shape.fill not in ("black", "mean"):
            raise ValueError("no fill")
        if any(abs(number) > 1 << 20 for number in shape.numbers):
            raise ValueError("far outside")


def write_templates(templates: Iterable[DeviceTemplate], path: Path) -> None:
    """Write templates as one file; raises UnsafeDestination when that is not possible."""
    content = msgspec.json.format(msgspec.json.encode(_File(_FORMAT, _VERSION, tuple(templates))), indent=2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        raise UnsafeDestination("The templates cannot be written there.") from error
