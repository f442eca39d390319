"""What an option set asks of an attribute: from the table and PS3.3, without the program's rules."""

import gzip
import json
from functools import cache

from viewer.resources import resource

TCIA = frozenset(
    (
        "rtn_long_modif_dates",
        "clean_desc",
        "rtn_pat_chars",
        "rtn_safe_priv",
        "clean_struct_cont",
        "clean_graph",
    )
)
SETS = {"basic": frozenset[str](), "tcia": TCIA}
_STRICTEST = ("1", "1C", "2", "2C", "3")


@cache
def rows() -> dict[int, dict]:
    """Return the rows of Table E.1-1 for single standard tags."""
    found = json.loads(resource("standard", "profile.json").read_bytes())
    return {row["tag"]: row for row in found if row["mask"] == 0xFFFFFFFF and not row["tag"] & 0x10000}


@cache
def structural() -> frozenset[int]:
    """Return UI attributes that name no instance: classes, syntaxes, resources."""
    found = json.loads(resource("standard", "vr_sweep.json").read_bytes())
    named = [row for row in found if row["role"].startswith("structural")]
    return frozenset(int(row["tag"][1:5] + row["tag"][6:10], 16) for row in named if "x" not in row["tag"])


@cache
def _iods() -> dict:
    return json.loads(gzip.decompress(resource("standard", "iod_types.json.gz").read_bytes()))


@cache
def types_of(sop_class: str) -> dict[int, str]:
    """Return the strictest Type of every top-level attribute of a SOP Class (PS3.3)."""
    tables = _iods()
    iod = tables["sop_class_to_iod"].get(sop_class)
    found: dict[int, str] = {}
    for name, *_ in tables["iod_modules"].get(iod, ()):
        for key, entry in tables["modules"].get(name, {}).items():
            if "x" in key:  # the repeating groups
                continue
            kind = entry if isinstance(entry, str) else entry[0]
            tag = int(key, 16)
            found[tag] = min(found.get(tag, "3"), kind, key=_STRICTEST.index)
    return found


def expected(tag: int, options: frozenset[str]) -> str:
    """Return keep, clean, shift, uid or go for an attribute, "unlisted" when the table has no row."""
    row = rows().get(tag)
    if row is None:
        return "unlisted"
    chosen = [(code, option) for option, code in row["options"].items() if option in options]
    if any(code == "C" and option.endswith("dates") for code, option in chosen):
        return "shift"
    if any(code == "C" for code, _ in chosen):
        return "clean"
    if chosen:
        return "keep"
    return "uid" if row["basic"].endswith("U") else "go"


def may_be_removed(tag: int) -> bool:
    """Return whether the table lets an attribute go whatever its Type says."""
    row = rows().get(tag)
    return row is not None and row["basic"] == "X"
