"""Private elements: which are known to be safe (PS3.15 E.3.10), and the creators that they need."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from pydicom.dataset import Dataset

from viewer.dicom.elements import is_private
from viewer.rules.standard import table

CHARACTERISTICS: Final = 0x00080300
_ILLEGAL_GROUPS: Final = frozenset((0x0001, 0x0003, 0x0005, 0x0007, 0xFFFF))


@dataclass(frozen=True, slots=True)
class Block:
    """What a file itself declares for a private block in (0008,0300) (PS3.3 C.12.1)."""

    all_safe: bool
    safe: frozenset[int]


@cache
def _safe() -> dict[tuple[str, int, int], str]:
    """Return the VR of every element of Table E.3.10-1, by creator, group and element in the block."""
    return {
        (row["private_creator"], int(row["group"], 16), int(row["element_in_block"], 16)): row["vr"]
        for row in table("safe_private.json")
    }


def table_vr(tag: int, creator: str) -> str:
    """Return the VR that Table E.3.10-1 gives, "" when it does not: implicit VR files name none."""
    return _safe().get((creator, tag >> 16, tag & 0xFF), "").split(" ")[0]


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
    sequence = dataset[CHARACTERISTICS].value if CHARACTERISTICS in dataset else ()
    for item in sequence or ():
        creator, group = item.get("PrivateCreatorReference"), item.get("PrivateGroupReference")
        if creator is None or group is None:
            continue
        elements = item.get("NonidentifyingPrivateElements")
        numbers = [elements] if isinstance(elements, int) else list(elements or ())
        status = item.get("BlockIdentifyingInformationStatus") == "SAFE"
        blocks[str(creator).strip(), int(group)] = Block(status, frozenset(int(n) & 0xFF for n in numbers))
    return blocks


def is_safe(tag: int, creator: str, declared: Mapping[tuple[str, int], Block]) -> bool:
    """Return whether a private element is known to be safe, by Table E.3.10-1 or by the file's own word."""
    group, element = tag >> 16, tag & 0xFF
    if (creator, group, element) in _safe():
        return True
    block = declared.get((creator, group))
    return block is not None and (block.all_safe or element in block.safe)
