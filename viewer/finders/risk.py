"""Where burned-in text is likely, by class and attributes; never a proof that there is none."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from viewer.dicom.catalog import Instance
from viewer.rules.standard import table

_HIGH: Final = "high"


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
    return Risk(likely=False)


def _matches(rule: dict[str, str], instance: Instance) -> bool:
    """Return whether every condition of a rule holds; rules with conditions not in the catalog do not."""
    if rule["other_condition"]:
        return _other(rule["label"], instance)
    if rule["manufacturer"] or rule["model"] or rule["series_description"]:
        return False
    conditions = []
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
