"""Where burned-in text is likely, by class and attributes; never a proof that there is none."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from viewer.dicom.catalog import Instance
from viewer.pixels.devices import DeviceFacts, table_proposals
from viewer.rules.standard import table

_HIGH: Final = "high"
_ACQUIRED: Final = frozenset(("ORIGINAL", "PRIMARY"))
"""Image Type of what a device measured (PS3.3 C.7.6.1.1.2): its description may say 3D, or protocol."""


@dataclass(frozen=True, slots=True)
class Risk:
    """Whether text in the pixels is likely, and the rule that says so."""

    likely: bool
    why: str = ""


@cache
def _rules() -> tuple[dict[str, str], ...]:
    rules: list[dict[str, Any]] = table("burned_in_risk.json")
    return tuple(r for r in rules if r["risk"] == _HIGH and r["kind"] in ("class_rule", "attribute_rule"))


def burned_in_risk(instance: Instance) -> Risk:
    """Return whether burned-in text is likely, from the rules of the table that the catalog can answer."""
    if instance.frames == 0:
        return Risk(likely=False)
    if instance.burned_in_annotation.strip().upper() == "YES":
        return Risk(likely=True, why="Burned In Annotation YES")
    for rule in _rules():
        if _matches(rule, instance):
            return Risk(likely=True, why=rule["label"])
    device = _device_rule(
        *(instance.manufacturer, instance.model, instance.modality, instance.sop_class_uid),
        *(instance.image_type, instance.conversion_type, instance.series_description),
    )
    return Risk(likely=bool(device), why=device)


@lru_cache(maxsize=4096)
def _device_rule(
    manufacturer: str,
    model: str,
    modality: str,
    sop_class_uid: str,
    image_type: tuple[str, ...],
    conversion_type: str,
    series_description: str,
) -> str:
    """Return the rule of a device that burns text in, for images of any size; "" when there is none."""
    told = {
        "Manufacturer": manufacturer,
        "ManufacturerModelName": model,
        "Modality": modality,
        "SOPClassUID": sop_class_uid,
        "ConversionType": conversion_type,
        "SeriesDescription": series_description,
    }
    values = {name: (value,) for name, value in told.items() if value}
    facts = DeviceFacts({**values, "ImageType": image_type}, 0, 0)
    return next((proposal.name for proposal in table_proposals(facts)), "")


def _matches(rule: dict[str, str], instance: Instance) -> bool:
    """Return whether every condition of a rule holds; rules with conditions not in the catalog do not."""
    if rule["other_condition"]:
        return _other(rule["label"], instance)
    if rule["manufacturer"] or rule["model"]:
        return False
    conditions = []
    if rule["series_description"]:
        says = re.compile(rf"(?<![a-z])(?:{rule['series_description']})(?![a-z])", re.IGNORECASE)
        acquired = {value.upper() for value in instance.image_type} >= _ACQUIRED
        conditions.append(not acquired and says.search(instance.series_description) is not None)
    if rule["kind"] == "class_rule":
        conditions.append(rule["sop_class_uid"] == instance.sop_class_uid)
    elif rule["modality"]:
        conditions.append(instance.modality in rule["modality"].split("|"))
    if rule["image_type"]:
        kinds = {value.upper() for value in instance.image_type}
        conditions.append(any(set(option.split("\\")) <= kinds for option in rule["image_type"].split("|")))
    if rule["conversion_type"]:
        conditions.append(rule["conversion_type"] == instance.conversion_type)
    return bool(conditions) and all(conditions)


def _other(label: str, instance: Instance) -> bool:
    colour = not instance.photometric.startswith("MONOCHROME") and instance.photometric != ""
    if label == "Colour pixels in a greyscale modality":
        return colour and instance.modality in ("CT", "MR", "PT", "CR", "DX", "MG")
    return False
