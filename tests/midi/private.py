"""Plants private elements: safe ones with harmless values, and text and bytes with identity."""

import json
from functools import cache

from tests.factories import put_raw
from tests.midi.checks import Check
from tests.midi.headers import Planter
from viewer.resources import resource

_VALUES = {"CS": b"NORMAL", "LO": b"STANDARD", "SH": b"STANDARD", "DS": b"12.5", "IS": b"42"}
_FREE_BLOCK = 0xE5
_UNKNOWN_GROUP = 0x0BB1
VENDOR = "ACME HEALTH 1.1"


@cache
def safe_rows() -> list[dict]:
    """Return rows of Table E.3.10-1 that a plain value fits."""
    rows = json.loads(resource("standard", "safe_private.json").read_bytes())
    return [
        r for r in rows if r["vr"] in _VALUES and not r["handling_note"] and "x" not in r["group"].lower()
    ]


def _place(tag: int, creator: str) -> str:
    return f'<({tag >> 16:04x},"{creator.upper()}",{tag & 0xFF:02x})>'


def plant_private(to: Planter) -> None:
    """Add safe elements of one vendor, and a block of an unknown one with identity in every form."""
    retained = "rtn_safe_priv" in to.options
    for row in to.rng.sample(safe_rows(), 3):
        group, creator = int(row["group"], 16), row["private_creator"]
        block = next(b for b in range(_FREE_BLOCK, 0xFF) if group << 16 | b not in to.dataset)
        put_raw(to.dataset, group << 16 | block, "LO", _even(creator.encode()))
        tag = group << 16 | block << 8 | int(row["element_in_block"], 16)
        value = _VALUES[row["vr"]]
        put_raw(to.dataset, tag, row["vr"], _even(value))
        where, text = _place(tag, creator), value.decode()
        action = "text_retained" if retained else "element_absent"
        to.checks.append(Check(to.instance, where, action, text if retained else "", text, "dicom.safe"))
    _plant_unknown(to)


def _plant_unknown(to: Planter) -> None:
    one = to.person
    put_raw(to.dataset, _UNKNOWN_GROUP << 16 | _FREE_BLOCK, "LO", _even(VENDOR.encode()))
    name = "".join(one.han) if one.han else f"{one.given} {one.family}"
    values = [
        ("LO", f"{one.given} {one.family}".encode()),
        ("OB", b"\1\2\3" + f"PATIENT={one.identifier};{one.given}".encode() + b"\0\xff"),
        ("UN", name.encode("gb18030")),
        ("OB", name.encode("utf-16-le")),
        ("UI", to.new_uid().encode()),
        ("DA", f"{one.birth:%Y%m%d}".encode()),
        ("PN", f"{one.family}^{one.given}".encode()),
    ]
    for number, (vr, value) in enumerate(values):
        tag = _UNKNOWN_GROUP << 16 | _FREE_BLOCK << 8 | number
        put_raw(to.dataset, tag, vr, _even(value))
        to.checks.append(Check(to.instance, _place(tag, VENDOR), "element_absent", "", "", "hipaa"))


def _even(value: bytes) -> bytes:
    return value + b" " * (len(value) % 2)
