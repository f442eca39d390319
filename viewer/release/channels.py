"""The residual search as one table: in which channel of the outputs which kind of identity was looked for."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

from pydicom.dataset import Dataset

from viewer.dicom.decisions import Action, Basis, Decision, Finding, Identity, Plan
from viewer.dicom.elements import dictionary_vr, raw_elements
from viewer.resources import resource

FILE: Final = "preamble and file meta"
LISTED: Final = "listed attributes"
OTHER: Final = "other attributes"
NESTED: Final = "items of sequences"
PRIVATE: Final = "private elements"
BINARY: Final = "binary values"
PIXELS: Final = "pixel data and its streams"
OVERLAYS: Final = "overlays and curves"
ICONS: Final = "icons"
REPORT: Final = "report content"
DRAWN: Final = "drawn texts"
DOCUMENT: Final = "document inside"
ENCRYPTED: Final = "encrypted originals"
NAMES: Final = "file and folder names"
CHANNELS: Final = (
    *(FILE, LISTED, OTHER, NESTED, PRIVATE, BINARY, PIXELS, OVERLAYS, ICONS),
    *(REPORT, DRAWN, DOCUMENT, ENCRYPTED, NAMES),
)
KINDS: Final = ("name", "identifier", "date", "UID", "institution", "device number", "patient characteristic")

_BY_TAG: Final = {
    0x00880200: ICONS,
    0x0040A730: REPORT,
    0x0040A160: REPORT,
    0x00700001: DRAWN,
    0x0040B020: DRAWN,
    0x00420011: DOCUMENT,
    0x04000500: ENCRYPTED,
}
_KIND_BY_TAG: Final = {0x00080080: "institution", 0x00080081: "institution", 0x00181000: "device number"}
_KIND_BY_VR: Final = {"PN": "name", "DA": "date", "DT": "date", "TM": "date", "UI": "UID"}
_KIND_BY_OPTION: Final = {
    "rtn_dev_id": "device number",
    "rtn_inst_id": "institution",
    "rtn_uids": "UID",
    "rtn_pat_chars": "patient characteristic",
    "rtn_long_full_dates": "date",
    "rtn_long_modif_dates": "date",
}
_BINARY_VRS: Final = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
_PLACE: Final = re.compile(r"\(([0-9A-F]{4}),([0-9A-F]{4})\)")


class Waived(NamedTuple):
    """Identity of one kind that stays in one channel, and who says so: an option, or a person."""

    channel: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Searched:
    """Of one written file: the channels that it has, the kinds that were looked for in all of them."""

    channels: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    waived: tuple[Waived, ...] = ()


@dataclass(slots=True)
class Cell:
    """How many files of an export are clean, waived or held for one channel and kind."""

    clean: int = 0
    waived: int = 0
    held: int = 0
    reasons: set[str] = field(default_factory=set)


@cache
def _table() -> frozenset[int]:
    rows = json.loads(resource("standard", "profile.json").read_bytes())
    return frozenset(row["tag"] for row in rows if row["mask"] == 0xFFFFFFFF)


def channel_of(tag: int, vr: str, *, nested: bool) -> str:
    """Return the channel of an element; `nested`: it stands in an item of a sequence."""
    if tag & 0x10000:
        return PRIVATE
    if tag >> 24 in (0x50, 0x60):
        return OVERLAYS
    if tag >> 16 == 0x7FE0:
        return PIXELS
    found = _BY_TAG.get(tag)
    if found or nested or vr == "SQ":
        return found or NESTED
    if vr in _BINARY_VRS:
        return BINARY
    return LISTED if tag in _table() else OTHER


def searched(output: Dataset, plan: Plan) -> Searched:
    """Return what the search of a written file covered: all of its channels, all kinds of the source."""
    there = {FILE, NAMES}
    there.update(
        channel_of(tag, str(e.VR or dictionary_vr(tag)), nested=False) for tag, e in raw_elements(output)
    )
    kinds, waived = set(), set()
    for decision in plan.decisions:
        if decision.identity not in (Identity.DIRECT, Identity.QUASI):
            continue
        if decision.action is Action.KEEP and decision.why.basis in (Basis.OPTION, Basis.OVERRIDE):
            waived.add(_waiver(decision))
        elif decision.action is not Action.ADD:
            kinds.add(kind_of(decision.path[-1], decision.vr))
    order = KINDS.index
    return Searched(
        tuple(name for name in CHANNELS if name in there),
        tuple(sorted(kinds, key=order)),
        tuple(sorted(waived)),
    )


def kind_of(tag: int, vr: str) -> str:
    """Return which kind of identity an attribute holds."""
    return _KIND_BY_TAG.get(tag) or _KIND_BY_VR.get(vr, "identifier")


def _waiver(decision: Decision) -> Waived:
    path, detail = decision.path, decision.why.detail
    by_option = decision.why.basis is Basis.OPTION
    kind = _KIND_BY_OPTION.get(detail) if by_option else None
    channel = channel_of(path[-1], decision.vr, nested=len(path) > 1)
    return Waived(
        channel, kind or kind_of(path[-1], decision.vr), detail if by_option else "a person's choice"
    )


def table_of(written: Iterable[Searched], held: Iterable[tuple[Finding, ...]]) -> dict[tuple[str, str], Cell]:
    """Return the cells of an export by channel and kind; what no file had has no cell."""
    cells: dict[tuple[str, str], Cell] = {}
    for one, times in Counter(written).items():
        kept = {(w.channel, w.kind): w.reason for w in one.waived}
        for channel in one.channels:
            for kind in one.kinds:
                if (channel, kind) not in kept:
                    cells.setdefault((channel, kind), Cell()).clean += times
        for key, reason in kept.items():
            cell = cells.setdefault(key, Cell())
            cell.waived += times
            cell.reasons.add(reason)
    for findings in held:
        for key in {_left(finding) for finding in findings if finding.code == "identity-left"}:
            cells.setdefault(key, Cell()).held += 1
    return cells


def _left(finding: Finding) -> tuple[str, str]:
    """Return channel and kind of a finding of the search."""
    kind = next((kind for kind in KINDS if f"The {kind} " in finding.message), "identifier")
    steps = _PLACE.findall(finding.where)
    if not steps:
        return (NAMES if "name" in finding.where else FILE), kind
    tags = [int(group + element, 16) for group, element in steps]
    if tags[-1] >> 16 == 0x0002:
        return FILE, kind
    own = next((_BY_TAG[tag] for tag in tags if tag in _BY_TAG), "")
    return own or channel_of(tags[-1], dictionary_vr(tags[-1]), nested=len(tags) > 1), kind
