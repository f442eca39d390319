"""What stands in place of an identifier: a keyed hash, so that no table is kept and order is free."""

import hmac
import re
import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_VM, dictionary_VR

from viewer.dicom.decisions import Items, NewElement, Value
from viewer.rules.standard import IodNode

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SHIFT_DAYS: Final = (30, 3650)
"""Dates move into the past by at least the first and less than the second number of days."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Derives surrogates with HMAC-SHA-256 under one secret, one label per purpose (RFC 2104).

    The same secret and value give the same surrogate in any process and order; without the secret a
    surrogate cannot be recomputed from a guessed identifier (PS3.15 E.1.1 warns of bare hashes).
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < 16:
            raise ValueError("a secret of at least 16 bytes is needed")

    def digest(self, purpose: str, value: str) -> bytes:
        """Return 32 bytes for a value under a purpose."""
        return hmac.digest(self.secret, f"{purpose}\0{value}".encode("utf-8", "surrogatepass"), "sha256")

    def code(self, purpose: str, value: str, length: int = 8) -> str:
        """Return a code of capital letters and digits without I, L, O, U; 5 bits per character."""
        number = int.from_bytes(self.digest(purpose, value)[:16], "big")
        return "".join(_CROCKFORD[(number >> (5 * i)) & 31] for i in range(length))

    def uid(self, original: str) -> str:
        """Return the UID that replaces a UID; registered ones (PS3.6 Annex A) stay."""
        if original in UID_dictionary:
            return original
        made = uuid.UUID(bytes=self.digest("uid", original)[:16], version=4)
        return f"2.25.{made.int}"

    def patient_code(self, patient: str) -> str:
        """Return the pseudonym of a patient, for Patient ID, Patient's Name and the folder."""
        return f"ANON-{self.code('patient', patient)}"

    def shift(self, patient: str, *, whole_weeks: bool) -> timedelta:
        """Return how far the dates of a patient move; never zero, always into the past."""
        low, high = SHIFT_DAYS
        days = low + int.from_bytes(self.digest("dates", patient)[:8], "big") % (high - low)
        return timedelta(days=-(days - days % 7 if whole_weeks else days))


def shifted_date(value: str, shift: timedelta) -> str | None:
    """Return a DA value moved by whole days, or None when it is not one full date (PS3.5 6.2).

    The retired form YYYY.MM.DD and ranges are understood.
    """
    if "-" in value.strip("-") and len(value) > 8:
        ends = [shifted_date(end, shift) if end else "" for end in value.split("-")]
        return None if None in ends or len(ends) != 2 else "-".join(str(e) for e in ends)
    digits = value.strip().replace(".", "")
    if len(digits) != 8 or not digits.isascii() or not digits.isdigit():
        return None
    try:
        moved = date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) + shift
    except (ValueError, OverflowError):
        return None
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"


def shifted_datetime(value: str, shift: timedelta) -> str | None:
    """Return a DT value whose date part moved by whole days; time and zone stay; None without a full date."""
    text = value.strip()
    moved = shifted_date(text[:8], shift)
    rest = text[8:]
    return moved + rest if moved is not None and _TIME_AND_ZONE.fullmatch(rest) else None


_TIME_AND_ZONE: Final = re.compile(
    r"(?:(?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?)?(?:[+-][01]\d[0-5]\d)?",
    re.ASCII,
)


def pooled_age(value: str) -> str | None:
    """Return an AS value with ages above 89 years pooled as 090Y (45 CFR 164.514(b)(2)(i)(C)), or None."""
    text = value.strip().upper()
    if len(text) != 4 or not text[:3].isdigit() or text[3] not in "DWMY":
        return None
    years = int(text[:3]) / {"D": 365.25, "W": 52.18, "M": 12, "Y": 1}[text[3]]
    return "090Y" if years >= 90 else text


_DUMMIES: Final[dict[str, Value]] = {
    "AE": "ANON",
    "AS": "000Y",
    "CS": "OTHER",
    "DA": "19000101",
    "TM": "000000",
    "DT": "19000101000000",
    "DS": "0",
    "IS": "0",
    "LO": "REMOVED",
    "SH": "REMOVED",
    "ST": "REMOVED",
    "LT": "REMOVED",
    "UT": "REMOVED",
    "UC": "REMOVED",
    "PN": "Anonymous",
    "UR": "about:blank",
    "FL": 0.0,
    "FD": 0.0,
    "SL": 0,
    "SS": 0,
    "SV": 0,
    "UL": 0,
    "US": 0,
    "UV": 0,
    "AT": 0,
}
"""A legal value per VR that identifies nobody (PS3.5 6.2)."""

_ENUMERATED: Final = {
    0x0040A010: "CONTAINS",
    0x0040A040: "TEXT",
    0x0040A050: "SEPARATE",
    0x00700003: "PIXEL",
    0x00700004: "PIXEL",
    0x00700005: "PIXEL",
    0x00700023: "POLYLINE",
    0x00700002: "REMOVED",
}
"""Type 1 code strings inside dummy items whose values the standard enumerates."""


def dummy(vr: str) -> Value:
    """Return a harmless legal value for a VR; two zero bytes for the binary ones, None for UI."""
    return _DUMMIES.get(vr, None if vr == "UI" else b"\0\0")


def dummy_items(node: IodNode | None, keyring: Keyring, salt: str, depth: int = 0) -> Items:
    """Return one harmless item with every Type 1 attribute of the IOD's level filled, Type 2 empty.

    `salt` makes UIDs in the item new ones. Levels below the fifth get an empty item.
    """
    if node is None or depth > 4:
        return ((),)
    filled = []
    for tag in node.required():
        vr = str(dictionary_VR(tag)).split(" ")[0]
        value: Value
        if node.type_of(tag) == "2":
            value = None
        elif vr == "SQ":
            value = dummy_items(node.child(tag), keyring, f"{salt}/{tag:08X}", depth + 1)
        elif vr == "UI":
            value = keyring.uid(f"dummy {salt}/{tag:08X}")
        else:
            value = _ENUMERATED.get(tag) or _repeated(dummy(vr), tag)
        filled.append(NewElement(tag, vr, value))
    return (tuple(filled),)


def _repeated(value: Value, tag: int) -> Value:
    """Return a dummy as often as the least value multiplicity demands (PS3.6)."""
    least = int(dictionary_VM(tag).split("-")[0].rstrip("n") or 1)
    if least == 1 or isinstance(value, (bytes, tuple)) or value is None:
        return value
    return (value,) * least


def comment_item() -> Items:
    """Return the content item that stands for a removed Content Sequence (PS3.3 C.17.3, DCM 121106)."""
    concept: Items = (
        (
            NewElement(0x00080100, "SH", "121106"),
            NewElement(0x00080102, "SH", "DCM"),
            NewElement(0x00080104, "LO", "Comment"),
        ),
    )
    return (
        (
            NewElement(0x0040A010, "CS", "CONTAINS"),
            NewElement(0x0040A040, "CS", "TEXT"),
            NewElement(0x0040A043, "SQ", concept),
            NewElement(0x0040A160, "UT", "REMOVED"),
        ),
    )
