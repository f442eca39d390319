"""Private elements: which are known to be safe (PS3.15 E.3.10), of what kind they are, and their creators."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final, NamedTuple

from pydicom.datadict import private_dictionary_VR
from pydicom.dataset import Dataset
from pydicom.valuerep import STANDARD_VR

from viewer.dicom.elements import CONVERSION_ERRORS, is_private
from viewer.rules.site_list import PrivateKey, SiteList
from viewer.rules.standard import table

CHARACTERISTICS: Final = 0x00080300
ACTIONS: Final = ("X", "Z", "D", "U")
"""Values of Deidentification Action (0008,0307), the strictest first."""
BINARY: Final = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
WHY: Final = {
    "": "Private element: removed unless known to be safe.",
    "site": "Private element: your site's list says that it is not safe.",
    "file": "Private element: the file itself says that it may identify, and what to do with it.",
    "opened": "Private sequence: every element in it is judged on its own.",
    "nothing left": "Private sequence: nothing in it is known to be safe.",
    "name": "Private element: it holds a person's name.",
    "unreadable": "Private sequence: it cannot be read, so what it holds is not known.",
    "letters": "Private sequence: the letters in it are not what the file declares.",
    "identity": "Private element: the patient or the hospital was found in its bytes.",
    "text": "Private element: its bytes hold text that looks like a name, a date or a number of a person.",
    "object": "Private element: its bytes hold a document, a picture or DICOM that cannot be searched.",
    "number": "Private element: it should hold a number, but holds text.",
    "creator": "Private element: the name of its block holds identity of the patient or the hospital.",
}
"""Sentences for the details of a Reason whose basis is PRIVATE; no values in them."""
_ILLEGAL_GROUPS: Final = frozenset((0x0001, 0x0003, 0x0005, 0x0007, 0xFFFF))


@dataclass(frozen=True, slots=True)
class Block:
    """What a file itself declares for a private block in (0008,0300) (PS3.3 C.12.1)."""

    status: str
    safe: frozenset[int] = frozenset()
    actions: Mapping[int, str] = field(default_factory=dict)
    """Per element: X, Z, D or U."""
    vrs: Mapping[int, str] = field(default_factory=dict)

    def merged(self, other: "Block") -> "Block":
        """Return what two declarations of one block have in common; the stricter word holds."""
        status = "UNSAFE" if "UNSAFE" in (self.status, other.status) else "MIXED"
        actions = {
            element: min((a for b in (self, other) if (a := b.actions.get(element))), key=ACTIONS.index)
            for element in {*self.actions, *other.actions}
        }
        safe = frozenset(n for n in range(256) if self.is_safe(n) and other.is_safe(n))
        return Block(status, safe, actions, {**other.vrs, **self.vrs})

    def is_safe(self, element: int) -> bool:
        """Return whether the file says of an element that it does not identify."""
        if element in self.actions:
            return False
        return self.status == "SAFE" or (self.status == "MIXED" and element in self.safe)


class Judgement(NamedTuple):
    """What is known of one private element; `safe` is None when nobody knows."""

    safe: bool | None
    by: str = ""
    """Who says so: "site", "file" or "table"."""
    action: str = ""
    """The file's own action for an element that identifies: X, Z, D or U."""


class SafeElement(NamedTuple):
    """One private element that is kept with the option, for the Conformance Statement."""

    creator: str
    group: int
    element: int
    meaning: str
    by: str


def judge(tag: int, creator: str, declared: Mapping[tuple[str, int], Block], site: SiteList) -> Judgement:
    """Return whether a private element is known to be safe, and by whom (PS3.15 E.3.10).

    "Unsafe" wins: the site's, then the file's own. Else one of file, table and site is enough.
    """
    group, element = tag >> 16, tag & 0xFF
    by_site = site.judged(creator, group, element)
    if by_site is False:
        return Judgement(False, "site")
    block = declared.get((creator, group))
    if block is not None:
        action = block.actions.get(element, "")
        if action or block.status == "UNSAFE":
            return Judgement(False, "file", action)
        if block.is_safe(element):
            return Judgement(True, "file")
    if (creator, group, element) in _table():
        return Judgement(True, "table")
    return Judgement(by_site, "site" if by_site else "")


def is_known(tag: int, creator: str, declared: Mapping[tuple[str, int], Block]) -> bool:
    """Return whether table or file say anything of an element, so that nobody needs to judge it."""
    return judge(tag, creator, declared, SiteList()).safe is not None


def safe_elements(site: SiteList) -> tuple[SafeElement, ...]:
    """Return every private element that is kept as safe by the table or by the site, in order.

    For the Conformance Statement (PS3.15 E.1.3); what files declare themselves is not known beforehand.
    """
    rows = [(key, row["meaning"], "table") for key, row in _table().items()]
    rows += [(c.key, "", "site") for c in site.private if c.safe and c.key not in _table()]
    return tuple(
        SafeElement(*key, meaning, by) for key, meaning, by in sorted(rows) if site.judged(*key) is not False
    )


@cache
def _table() -> dict[PrivateKey, dict[str, str]]:
    """Return the rows of Table E.3.10-1 by creator, group and element in the block."""
    return {
        (row["private_creator"], int(row["group"], 16), int(row["element_in_block"], 16)): row
        for row in table("safe_private.json")
    }


def table_vr(tag: int, creator: str) -> str:
    """Return the VR that Table E.3.10-1 gives, "" when it does not."""
    row = _table().get((creator, tag >> 16, tag & 0xFF))
    return row["vr"].replace("/", " ").split(" ")[0] if row else ""


def vr_of(tag: int, creator: str, declared: Mapping[tuple[str, int], Block]) -> str:
    """Return the VR of an element that does not tell it (implicit VR, UN), "" when nobody knows it."""
    found = table_vr(tag, creator)
    if found:
        return found
    block = declared.get((creator, tag >> 16))
    stated = block.vrs.get(tag & 0xFF, "") if block else ""
    return stated if stated in STANDARD_VR else _dictionary_vr(tag, creator)


@lru_cache(maxsize=4096)
def _dictionary_vr(tag: int, creator: str) -> str:
    try:
        found = str(private_dictionary_VR(tag, creator))
    except KeyError:
        return ""
    return "" if found == "UN" else found.split(" ")[0]


def creators(dataset: Dataset) -> dict[int, str]:
    """Return the private creator of every reserved block of one level, keyed by (group << 8 | block)."""
    found = {}
    for tag in dataset.keys():  # noqa: SIM118  (iterating a Dataset would convert its elements)
        if tag & 0x10000 and 0x10 <= tag & 0xFFFF <= 0xFF:
            value = dataset.get_item(tag).value
            text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
            found[int(tag) >> 16 << 8 | int(tag) & 0xFF] = text.strip(" \0")
    return found


def is_creator(tag: int) -> bool:
    """Return whether a tag reserves a private block (PS3.5 7.8.1)."""
    return is_private(tag) and 0x10 <= tag & 0xFFFF <= 0xFF


def block_key(tag: int) -> int:
    """Return the key in creators() of the block that a private data element belongs to."""
    return tag >> 16 << 8 | (tag >> 8) & 0xFF


def is_legal(tag: int) -> bool:
    """Return whether a private tag may exist at all: not in a forbidden group, and inside a block."""
    return tag >> 16 not in _ILLEGAL_GROUPS and tag & 0xFFFF >= 0x1000


def declared_blocks(dataset: Dataset) -> dict[tuple[str, int], Block]:
    """Return what (0008,0300) says about private blocks, keyed by (creator, group)."""
    blocks: dict[tuple[str, int], Block] = {}
    if CHARACTERISTICS in dataset:
        for key, block in _declared(dataset):
            blocks[key] = blocks[key].merged(block) if key in blocks else block
    return blocks


def _declared(dataset: Dataset) -> Iterator[tuple[tuple[str, int], Block]]:
    """Yield what each item declares; one that cannot be read declares nothing."""
    try:
        items = list(dataset[CHARACTERISTICS].value or ())
    except CONVERSION_ERRORS:
        return
    for item in items:
        try:
            creator, group = item.get("PrivateCreatorReference"), item.get("PrivateGroupReference")
            if creator is not None and group is not None:
                yield (str(creator).strip(" \0"), int(group)), _block(item)
        except CONVERSION_ERRORS:
            continue


def _block(item: Dataset) -> Block:
    safe = frozenset(n for n in _numbers(item, "NonidentifyingPrivateElements") if n <= 0xFF)
    actions: dict[int, str] = {}
    for one in item.get("DeidentificationActionSequence") or ():
        action = str(one.get("DeidentificationAction") or "")
        for number in _numbers(one, "IdentifyingPrivateElements"):
            wanted = (action if action in ACTIONS else "X", actions.get(number & 0xFF, ACTIONS[-1]))
            actions[number & 0xFF] = min(wanted, key=ACTIONS.index)
    vrs = {
        int(one.PrivateDataElement) & 0xFF: str(one.get("PrivateDataElementValueRepresentation") or "")
        for one in item.get("PrivateDataElementDefinitionSequence") or ()
        if one.get("PrivateDataElement") is not None
    }
    return Block(str(item.get("BlockIdentifyingInformationStatus") or ""), safe, actions, vrs)


def _numbers(item: Dataset, keyword: str) -> Iterable[int]:
    found = item.get(keyword)
    return [found] if isinstance(found, int) else [int(n) for n in found or ()]
