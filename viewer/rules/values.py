"""The new value that an action puts in: surrogates, shifted dates, cleaned texts, dummies."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pydicom import config
from pydicom.dataelem import DataElement

from viewer.dicom.charset import TEXTS, UTF8
from viewer.dicom.decisions import Action, NewElement, Value
from viewer.dicom.elements import CONVERSION_ERRORS, Element, texts
from viewer.rules.descriptors import clean_text
from viewer.rules.known import KnownIdentity
from viewer.rules.site_list import SiteList
from viewer.rules.standard import IodNode
from viewer.rules.surrogates import (
    Keyring,
    comment_item,
    dummy,
    dummy_items,
    pooled_age,
)

CONTENT_SEQUENCE: Final = 0x0040A730
_PIXEL_SHAPE: Final = frozenset(range(0x00280002, 0x00280104))
"""Numbers without which the pixels cannot be read: never replaced by hand."""
WAVEFORM_ANNOTATION: Final = 0x0040B020
"""Its items need a text or a concept name (PS3.3 C.10.10), which no Type tells."""

TEXT_VRS: Final = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
SURROGATES: Final = {
    0x00100010: "patient",
    0x00100020: "patient",
    0x00080050: "accession",
    0x00200010: "study id",
}
"""Identifiers that get a pseudonym instead of an empty value: what belongs together stays together."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whose instance it is: the key of the patient's surrogates, never written."""

    key: str = field(repr=False)
    code: str
    shift: timedelta = field(repr=False)


def surrogate(tag: int, originals: tuple[str, ...], keyring: Keyring, person: Person) -> str:
    """Return the pseudonym for one of SURROGATES; the same original of the same patient gives the same."""
    purpose = SURROGATES[tag]
    if purpose == "patient":
        return person.code
    return keyring.code(purpose, f"{person.key}\0{originals[0]}" if originals else person.key, 12)


def filled(tag: int, vr: str, node: IodNode | None, keyring: Keyring, salt: str) -> Value:
    """Return a dummy for an attribute that must not be empty; items for a sequence (code D)."""
    if tag == CONTENT_SEQUENCE:
        return comment_item()
    if tag == WAVEFORM_ANNOTATION:
        annotation = dummy_items(node.child(tag) if node else None, keyring, f"{salt}/{tag:08X}")
        return tuple((*item, NewElement(0x00700006, "ST", "REMOVED")) for item in annotation)
    if vr == "SQ":
        return dummy_items(node.child(tag) if node else None, keyring, f"{salt}/{tag:08X}")
    return keyring.uid(f"dummy {salt}/{tag:08X}") if vr == "UI" else dummy(vr)


def remapped(originals: tuple[str, ...], keyring: Keyring) -> tuple[str, ...]:
    """Return a new UID for every UID; registered ones stay (PS3.15 E.3.9)."""
    return tuple(keyring.uid(value) for value in originals)


def chosen(tag: int, vr: str, text: str) -> Value:
    """Return a person's replacement as a value of the VR, or None when it does not fit it.

    It must be legal for the VR (PS3.5 6.2); letters beyond ASCII are for VRs with a character set only.
    """
    try:
        if vr in ("US", "SS", "UL", "SL", "UV", "SV"):
            return int(text) if tag not in _PIXEL_SHAPE else None
        if vr in ("FL", "FD"):
            return float(text)
        if vr not in TEXT_VRS | {"AS", "DA", "DS", "DT", "IS", "TM", "UI"}:
            return None
        DataElement(tag, vr, text, validation_mode=config.RAISE)
        text.encode(UTF8 if vr in TEXTS else "ascii")
    except CONVERSION_ERRORS:
        return None
    return text


def cleaned(
    vr: str, element: Element, encodings: list[str], known: KnownIdentity, site: SiteList
) -> tuple[Action, Value] | None:
    """Return what code C makes of a value by its VR, or None when nothing harmless is left of it."""
    originals = texts(element, encodings)
    if vr == "AS":
        age = pooled_age(originals[0]) if originals else None
        return None if age is None else (Action.CLEAN, age)
    if vr not in TEXT_VRS - {"AE", "PN", "UR", "CS"}:
        return None
    left = (clean_text(text, known, site) for text in originals)
    kept = tuple(text for text in left if text)
    return (Action.CLEAN, kept) if kept else None
