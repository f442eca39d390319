"""PS3.15 Table E.1-1 of one edition and the Types of PS3.3: loaded from generated files, checked on load."""

import gzip
import hashlib
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Final

import msgspec

from viewer.dicom.decisions import Identity
from viewer.dicom.errors import BrokenResource
from viewer.resources import resource
from viewer.rules.recipe import EDITION, Option

STRICTEST_FIRST: Final = ("1", "1C", "2", "2C", "3")
NOT_IN_IOD: Final = ""

_COMPOUND: Final = {
    # code: by Type 1 and 1C, by Type 2 and 2C, by Type 3 or not in the IOD (deid rules, section 2)
    "X/Z": ("Z", "Z", "X"),
    "X/D": ("D", "D", "X"),
    "Z/D": ("D", "Z", "Z"),
    "X/Z/D": ("D", "Z", "X"),
    "X/Z/U*": ("U*", "Z", "X"),
}
_TYPE_CLASS: Final = {"1": 0, "1C": 0, "2": 1, "2C": 1}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of Table E.1-1; `codes` holds the option columns that are not empty."""

    tag: int
    mask: int
    name: str
    vr: str
    basic: str
    codes: dict[Option, str]
    identity: Identity

    def code(self, options: frozenset[Option]) -> tuple[str, Option | None]:
        """Return the code that the chosen options leave, and the option it comes from.

        Where two chosen options meet, C wins over K (deid rules, "Options that meet on one attribute").
        """
        chosen = [(code, option) for option, code in self.codes.items() if option in options]
        if not chosen:
            return self.basic, None
        return min(chosen, key=lambda pair: (pair[0], pair[1].value))


def resolve(code: str, iod_type: str) -> str:
    """Return X, Z, D, K, C, U or U* for a code of the table and an attribute's Type in the IOD."""
    by_type = _COMPOUND.get(code)
    return code if by_type is None else by_type[_TYPE_CLASS.get(iod_type, 2)]


@dataclass(frozen=True, slots=True)
class Standard:
    """Table E.1-1 with look-up by integer tag."""

    rows: dict[int, Row]
    patterns: tuple[Row, ...]
    """Rows whose tag has an `x`: curves and overlays; the row of private attributes is `private`."""
    private: Row
    sweep: dict[int, str]
    """Role of every UI, PN, DA, DT, TM attribute that the table does not list."""

    def row(self, tag: int) -> Row | None:
        """Return the row for a tag of an even group, or None when the table does not list it."""
        found = self.rows.get(tag)
        if found is None:
            for pattern in self.patterns:
                if tag & pattern.mask == pattern.tag and (tag >> 16) & 0xFF <= 0x1E:
                    return pattern
        return found


@cache
def _manifest() -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = msgspec.json.decode(resource("standard", "manifest.json").read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise BrokenResource("The tables of the DICOM Standard are missing here.") from error
    if manifest.get("edition") != EDITION:
        raise BrokenResource(f"The tables of the DICOM Standard are not those of edition {EDITION}.")
    return manifest


@cache
def table(name: str) -> Any:
    """Return a generated table as JSON data; raises BrokenResource unless its digest is the manifest's."""
    try:
        content = resource("standard", name).read_bytes()
        expected = _manifest()["files"][name]["sha256"]
    except (OSError, KeyError) as error:
        raise BrokenResource(f"The table {name} is missing from this installation.") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise BrokenResource(f"The table {name} is damaged.")
    return msgspec.json.decode(gzip.decompress(content) if name.endswith(".gz") else content)


@cache
def standard() -> Standard:
    """Return Table E.1-1 of the supported edition; raises BrokenResource."""
    rows = [_row(line) for line in table("profile.json")]
    exact = {row.tag: row for row in rows if row.mask == 0xFFFFFFFF}
    private = [row for row in rows if row.mask == 0x00010000]
    patterns = tuple(row for row in rows if row.mask not in (0xFFFFFFFF, 0x00010000))
    if len(private) != 1 or len(exact) + len(patterns) + 1 != len(rows):
        raise BrokenResource("Table E.1-1 has rows that are not understood.")
    sweep = {int(line["tag"][1:5] + line["tag"][6:10], 16): line["role"] for line in table("vr_sweep.json")}
    return Standard(exact, patterns, private[0], sweep)


def _row(line: dict[str, Any]) -> Row:
    codes = {Option(column): code for column, code in line["options"].items()}
    return Row(
        line["tag"],
        line["mask"],
        line["name"],
        line["vr"],
        line["basic"],
        codes,
        _identity(line["vr"], codes),
    )


_TEMPORAL: Final = frozenset(("DA", "DT", "TM", "AS"))


def _identity(vr: str, codes: dict[Option, str]) -> Identity:
    """Return how an attribute identifies, read off the table: what no option may retain is direct."""
    if vr in _TEMPORAL or vr == "UI":
        return Identity.QUASI
    if not codes:
        return Identity.DIRECT
    if set(codes) & {Option.CLEAN_DESCRIPTORS, Option.CLEAN_STRUCTURED_CONTENT, Option.CLEAN_GRAPHICS}:
        return Identity.FREE_TEXT
    return Identity.QUASI


@dataclass(frozen=True, slots=True)
class IodNode:
    """One level of an IOD: its attributes with Types, merged over the modules that define them."""

    sources: tuple[dict[str, Any], ...]
    shared: dict[str, Any]
    children: dict[int, "IodNode | None"] = field(default_factory=dict, repr=False)
    types: dict[int, str] = field(default_factory=dict, repr=False)

    def type_of(self, tag: int) -> str:
        """Return the strictest Type (1, 1C, 2, 2C, 3) over the modules, or NOT_IN_IOD."""
        known = self.types.get(tag)
        if known is None:
            known = self.types[tag] = self._strictest(tag)
        return known

    def _strictest(self, tag: int) -> str:
        key = f"{tag:08X}"
        found = [
            entry if isinstance(entry, str) else entry[0]
            for source in self.sources
            if (entry := source.get(key)) is not None
        ]
        return min(found, key=STRICTEST_FIRST.index, default=NOT_IN_IOD)

    def child(self, tag: int) -> "IodNode | None":
        """Return the level inside a sequence, or None when the IOD does not define its content."""
        if tag not in self.children:
            self.children[tag] = self._child(f"{tag:08X}")
        return self.children[tag]

    def _child(self, key: str) -> "IodNode | None":
        below = [
            self.shared[entry[1]] if isinstance(entry[1], str) else entry[1]
            for source in self.sources
            if isinstance(entry := source.get(key), list)
        ]
        return IodNode(tuple(below), self.shared) if below else None

    def required(self) -> list[int]:
        """Return the tags of Type 1 and 2 of this level, rising."""
        tags = {int(key, 16) for source in self.sources for key in source}
        return sorted(tag for tag in tags if self.type_of(tag) in ("1", "2"))


@lru_cache(maxsize=64)
def iod_of(sop_class_uid: str) -> IodNode | None:
    """Return the top level of the IOD of a SOP Class, or None for a private or unknown one (PS3.3, PS3.4)."""
    types = table("iod_types.json.gz")
    iod = types["sop_class_to_iod"].get(sop_class_uid)
    if iod is None:
        return None
    modules = [types["modules"][name] for name, *_ in types["iod_modules"][iod] if name in types["modules"]]
    return IodNode(tuple(modules), types["shared"])
