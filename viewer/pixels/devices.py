"""Where devices burn text in: the rules of the table, what of a rule fits an image, and boxes as proposals.

A rule that fits is a proposal for a person, never a reason to blank or to trust an image by itself.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from pydicom.dataset import Dataset

from viewer.dicom.elements import CONVERSION_ERRORS, encodings_of, texts
from viewer.pixels.regions import Box, Shape
from viewer.resources import resource

Rect = tuple[int, int, int, int]
_TAGS: Final = {
    "Modality": 0x00080060,
    "SOPClassUID": 0x00080016,
    "ImageType": 0x00080008,
    "ConversionType": 0x00080064,
    "Manufacturer": 0x00080070,
    "ManufacturerModelName": 0x00081090,
    "SoftwareVersions": 0x00181020,
    "SeriesDescription": 0x0008103E,
    "ProtocolName": 0x00181030,
    "BurnedInAnnotation": 0x00280301,
    "CommentsOnRadiationDose": 0x00400310,
    "WindowWidth": 0x00281051,
    "PhotometricInterpretation": 0x00280004,
    "OverlayDescription": 0x60000022,
}
_REGIONS: Final = 0x00186011
_CORNERS: Final = (0x00186018, 0x0018601A, 0x0018601C, 0x0018601E)
_CONTAINS: Final = re.compile(r"(\w+) contains (.+)")
_IS: Final = re.compile(r"(\w+) = (.+)")


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What an image says of the device that made it. `layout`: ultrasound regions, stops exclusive."""

    values: dict[str, tuple[str, ...]]
    rows: int
    columns: int
    layout: tuple[Rect, ...] = ()

    def text(self, name: str) -> str:
        """Return the values of an attribute joined as they stand in a file."""
        return "\\".join(self.values.get(name, ()))


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that a rule asks of an image, in plain words, and whether it is so."""

    words: str
    met: bool
    of_size: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """Shapes that a person may use. `warning`: why they should be looked at with care, "" when nothing."""

    name: str
    conditions: tuple[Condition, ...]
    shapes: tuple[Shape, ...]
    keep: bool = False
    origin: str = ""
    warning: str = ""

    @property
    def fits(self) -> bool:
        """Return whether every condition is met."""
        return all(condition.met for condition in self.conditions)


def device_facts(dataset: Dataset) -> DeviceFacts:
    """Return what a data set says of its device; what cannot be read counts as missing."""
    encodings = encodings_of(dataset)
    found = {}
    for name, tag in _TAGS.items():
        try:
            element = dataset.get_item(tag) if tag in dataset else None
            found[name] = texts(element, encodings) if element is not None else ()
        except CONVERSION_ERRORS:
            found[name] = ()
    rows, columns = (_number(dataset, tag) for tag in (0x00280010, 0x00280011))
    return DeviceFacts(found, rows, columns, _layout(dataset, rows, columns))


def _number(dataset: Dataset, tag: int) -> int:
    try:
        return int(dataset[tag].value) if tag in dataset else 0
    except CONVERSION_ERRORS:
        return 0


def _layout(dataset: Dataset, rows: int, columns: int) -> tuple[Rect, ...]:
    """Return the regions of an ultrasound image (PS3.3 C.8.5.5), as far as they lie in it."""
    found = []
    try:
        for item in dataset[_REGIONS].value if _REGIONS in dataset else ():
            x0, y0, x1, y1 = (int(item[tag].value) for tag in _CORNERS)
            if 0 <= x0 < x1 <= columns and 0 <= y0 < y1 <= rows:
                found.append((x0, y0, min(x1 + 1, columns), min(y1 + 1, rows)))
    except CONVERSION_ERRORS:
        return ()
    return tuple(found)


def device_key(manufacturer: str, model: str) -> str:
    """Return what names a device of one make in a scope; "" when an image does not say."""
    maker, name = (" ".join(text.casefold().split()) for text in (manufacturer, model))
    return f"{maker}\\{name}" if maker and name else ""


# The table ---------------------------------------------------------------------------------------


@cache
def _rules() -> tuple[dict[str, str], ...]:
    rules = json.loads(resource("standard", "burned_in_risk.json").read_bytes())
    return tuple(rule for rule in rules if rule["kind"] == "device_region")


def table_proposals(facts: DeviceFacts) -> tuple[Proposal, ...]:
    """Return the rules of the table that fit this device, those for another size with a warning."""
    grouped: dict[tuple[str, tuple[Condition, ...]], list[dict[str, str]]] = {}
    for rule in _rules():
        conditions = tuple(_conditions(rule, facts))
        if all(condition.met or condition.of_size for condition in conditions):
            grouped.setdefault((str(rule["label"]), conditions), []).append(rule)
    return tuple(_proposal(label, conditions, rules, facts) for (label, conditions), rules in grouped.items())


def _proposal(
    label: str, conditions: tuple[Condition, ...], rules: Iterable[dict[str, str]], facts: DeviceFacts
) -> Proposal:
    rules = list(rules)
    shapes, warning = [], ""
    for rule in rules:
        x0, y0, x1, y1 = (int(rule[name]) for name in ("x0", "y0", "x1", "y1"))
        clipped = Box(x0, y0, x1 - x0, y1 - y0).clipped(facts.rows, facts.columns)
        if clipped is not None:
            shapes.append(clipped)
        if clipped is None or (clipped.width, clipped.height) != (x1 - x0, y1 - y0):
            warning = "It was made for a larger image; what lies outside of this one is left out."
    if any(not condition.met for condition in conditions):
        warning = f"It was made for images of another size; this one has {facts.columns} × {facts.rows}."
    return Proposal(label, conditions, tuple(shapes), origin=str(rules[0]["source"]), warning=warning)


def _conditions(rule: dict[str, str], facts: DeviceFacts) -> Iterator[Condition]:
    """Yield what a rule asks; what the program cannot judge is not met."""
    for column, name in (("modality", "Modality"), ("sop_class_uid", "SOPClassUID")):
        if rule[column]:
            wanted = str(rule[column]).split("|")
            words = f"{'Modality' if column == 'modality' else 'class'} is {' or '.join(wanted)}"
            yield Condition(words, facts.text(name) in wanted)
    for column, name, title in (
        ("manufacturer", "Manufacturer", "Manufacturer"),
        ("model", "ManufacturerModelName", "Model"),
        ("series_description", "SeriesDescription", "Series Description"),
    ):
        if rule[column]:
            wanted = str(rule[column]).split("|")
            met = any(_holds(facts.text(name), text) for text in wanted)
            yield Condition(f"{title} contains {' or '.join(wanted)}", met)
    if rule["image_type"]:
        yield Condition(f"Image Type has {rule['image_type']}", _has_type(rule["image_type"], facts))
    if rule["conversion_type"]:
        met = facts.text("ConversionType") == rule["conversion_type"]
        yield Condition(f"Conversion Type is {rule['conversion_type']}", met)
    for column, title, value in (("rows", "rows", facts.rows), ("columns", "columns", facts.columns)):
        if rule[column]:
            wanted = str(rule[column]).split("|")
            yield Condition(f"{' or '.join(wanted)} {title}", str(value) in wanted, of_size=True)
    if rule["other_condition"]:
        parts = str(rule["other_condition"]).split(" || ")
        yield Condition(" or ".join(parts), any(_other(part, facts) for part in parts))


def _holds(text: str, wanted: str) -> bool:
    """Return whether a text contains another; two letters such as GE only as a word."""
    if len(wanted) <= 2:
        return re.search(rf"\b{re.escape(wanted)}\b", text, re.IGNORECASE) is not None
    return wanted.casefold() in text.casefold()


def _has_type(wanted: str, facts: DeviceFacts) -> bool:
    whole = facts.text("ImageType")
    return any(
        all(_holds(whole, part.strip()) for part in re.split(r"[+&]", option)) for option in wanted.split("|")
    )


def _other(part: str, facts: DeviceFacts) -> bool:
    if found := _CONTAINS.fullmatch(part):
        return found[1] in _TAGS and _holds(facts.text(found[1]), found[2])
    if found := _IS.fullmatch(part):
        return found[1] in _TAGS and facts.text(found[1]) in (found[2], f"{found[2]}.0")
    return False


# Ultrasound regions ------------------------------------------------------------------------------


def sector_proposal(facts: DeviceFacts) -> Proposal | None:
    """Return the proposal to keep the regions that an ultrasound image declares, and nothing else."""
    if not facts.layout:
        return None
    shapes = tuple(Box(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in facts.layout)
    count = len(shapes)
    words = f"Sequence of Ultrasound Regions has {count} region{'' if count == 1 else 's'} in this image"
    return Proposal(
        "Keep the ultrasound regions",
        (Condition(words, True),),
        shapes,
        keep=True,
        origin="the image itself",
        warning="Text inside a region stays: look at it.",
    )
