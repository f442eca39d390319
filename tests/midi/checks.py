"""The answer key: one check per line, the places that it names, and what a data set holds at its places."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

LEAKS = (
    "text_removed",
    "date_shifted",
    "uid_changed",
    "pixels_hidden",
    "element_absent",
    "meta_replaced",
    "preamble_replaced",
    "no_value_anywhere",
)
"""Actions whose failure leaves identity in an output."""
LOSSES = (
    "tag_retained",
    "text_notnull",
    "text_retained",
    "uid_consistent",
    "patid_consistent",
    "date_consistent",
    "pixels_retained",
    "pixels_outside_boxes_unchanged",
    "reference_intact",
    "iod_valid",
    "codes_present",
)
"""Actions whose failure spoils an output."""


@dataclass(frozen=True)
class Check:
    """One thing to look at in one output. `text`: wanted or unwanted; `value`: of the source."""

    instance: str
    place: str
    action: str
    text: str = ""
    value: str = ""
    category: str = ""


def write_key(checks: list[Check], path: Path) -> None:
    with path.open("w", encoding="utf-8") as out:
        for check in checks:
            out.write(json.dumps(asdict(check), ensure_ascii=False) + "\n")


def place(*path: int) -> str:
    """Return the name of a place: tags with item numbers between them."""
    return "".join(
        f"[<{part:04d}>]" if number % 2 else f"<({part >> 16:04x},{part & 0xFFFF:04x})>"
        for number, part in enumerate(path)
    )


def tag_of(place: str) -> int:
    """Return the tag of a place at the top level."""
    return int(place[2:6] + place[7:11], 16)


def listing(dataset: Dataset) -> dict[str, str]:
    """Return the text of every element of a data set by its place; pixels and the like are a marker."""
    return dict(_listed(dataset, ""))


def _listed(dataset: Dataset, above: str) -> Iterator[tuple[str, str]]:
    for element in dataset:
        tag = int(element.tag)
        block = dataset.get(tag & 0xFFFF0000 | (tag >> 8) & 0xFF)
        own = above + place(tag)
        if tag & 0x10000 and tag & 0xFFFF >= 0x1000:
            creator = str(block.value).strip() if block is not None else "?"
            own = f'{above}<({tag >> 16:04x},"{creator.upper()}",{tag & 0xFF:02x})>'
        if element.VR == "SQ":
            yield own, ""
            for number, item in enumerate(element.value or ()):
                yield from _listed(item, f"{own}[<{number:04d}>]")
        else:
            yield own, text_of(element.value)


def text_of(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>" if len(value) > 64 else repr(value)
    if isinstance(value, (list, MultiValue)):
        return "\\".join(map(text_of, value))
    return str(value)
