"""Intent: the profile, overrides, regions and review marks; the only thing that a user edits."""

from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Final

import msgspec

from viewer.dicom.decisions import Action
from viewer.dicom.elements import parse_selector
from viewer.dicom.errors import BadSelector, ConflictingOptions
from viewer.pixels.regions import Box, Region
from viewer.rules.site_list import SiteList


class Option(Enum):
    """The ten options of PS3.15 Table E.1-1; the value is the column's name in the table."""

    RETAIN_SAFE_PRIVATE = "rtn_safe_priv"
    RETAIN_UIDS = "rtn_uids"
    RETAIN_DEVICE_IDENTITY = "rtn_dev_id"
    RETAIN_INSTITUTION_IDENTITY = "rtn_inst_id"
    RETAIN_PATIENT_CHARACTERISTICS = "rtn_pat_chars"
    RETAIN_FULL_DATES = "rtn_long_full_dates"
    RETAIN_MODIFIED_DATES = "rtn_long_modif_dates"
    CLEAN_DESCRIPTORS = "clean_desc"
    CLEAN_STRUCTURED_CONTENT = "clean_struct_cont"
    CLEAN_GRAPHICS = "clean_graph"


class BirthDate(Enum):
    """What becomes of Patient's Birth Date; the table has no option for it (PS3.15 Table E.1-1)."""

    TABLE = "table"
    YEAR = "year"
    SHIFT = "shift"


class Documents(Enum):
    """What becomes of an encapsulated document (PS3.3 A.45)."""

    REPLACE = "replace"
    REDACT = "redact"


class PixelText(Enum):
    """What a batch does about text found in pixels; in the window a person decides."""

    OFF = "off"
    PROPOSE = "propose"
    BLANK = "blank"


EDITION: Final = "2026d"
CHOICES: Final = (Action.KEEP, Action.REMOVE, Action.EMPTY, Action.REPLACE, Action.CLEAN)
"""Actions that a person may choose for an element; the others follow from the standard."""


@dataclass(frozen=True, slots=True)
class Override:
    """A person's choice for the elements that a selector names. `value` is for REPLACE only."""

    selector: str
    action: Action
    value: str = ""

    def __post_init__(self) -> None:
        parse_selector(self.selector)
        if self.action not in CHOICES:
            raise BadSelector("Choose one of keep, remove, empty, replace or clean for an element.")


@dataclass(frozen=True, slots=True)
class Profile:
    """What is to be done to headers; shareable, without identity."""

    name: str
    options: frozenset[Option] = frozenset()
    overrides: tuple[Override, ...] = ()
    keep_weekday: bool = False
    """Shift dates by whole weeks."""
    birth_date: BirthDate = BirthDate.TABLE
    """YEAR and SHIFT deviate from the standard, so the claim of the Basic Profile is dropped."""
    documents: Documents = Documents.REPLACE
    """REPLACE by a harmless one; REDACT to pages of pixels, once a person has looked at them."""
    hold_lossy: bool = False
    """Hold an image that is compressed with loss when a region is drawn on it, instead of changing it."""
    text: PixelText = PixelText.OFF
    """PROPOSE holds images with text in their pixels, BLANK masks all but what is known to be harmless."""
    recipients: tuple[str, ...] = field(default=(), repr=False)
    """X.509 certificates in PEM for whom the originals are encrypted in the output (PS3.15 E.1.2)."""
    edition: str = EDITION

    def __post_init__(self) -> None:
        if {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= self.options:
            raise ConflictingOptions(
                "“Retain full dates” and “Retain modified dates” exclude each other: choose one of them."
            )


@dataclass(frozen=True, slots=True)
class Waiver:
    """A blocker that a person sets aside, with the reason that goes into the report."""

    blocker: str
    reason: str


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A proposed box that a person found harmless. `uid`: SOP Instance UID; `layer`: where on the image."""

    uid: str = field(repr=False)
    layer: str
    box: Box


@dataclass(frozen=True, slots=True)
class Recipe:
    """Profile + regions + review marks. Undo is the former value."""

    profile: Profile
    regions: tuple[Region, ...] = field(default=(), repr=False)
    reviewed: frozenset[str] = field(default=frozenset(), repr=False)
    """Original SOP Instance UIDs whose pixels, every frame, a person has looked at."""
    waivers: tuple[Waiver, ...] = ()
    dismissed: frozenset[Dismissal] = field(default=frozenset(), repr=False)
    site: SiteList = field(default=SiteList(), repr=False)
    """What the site decided once for all; not part of the history."""

    def with_override(self, override: Override) -> "Recipe":
        """Return a recipe in which this override replaces any earlier one of the same selector."""
        others = tuple(o for o in self.profile.overrides if o.selector != override.selector)
        return replace(self, profile=replace(self.profile, overrides=(*others, override)))

    def without_override(self, selector: str) -> "Recipe":
        """Return a recipe without the override of that selector."""
        others = tuple(o for o in self.profile.overrides if o.selector != selector)
        return replace(self, profile=replace(self.profile, overrides=others))


def write_profile(profile: Profile, path: Path) -> None:
    """Write a profile as JSON; raises OSError."""
    plain = msgspec.to_builtins(profile)
    plain["options"] = sorted(option.value for option in profile.options)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(plain), indent=2))


def read_profile(path: Path) -> Profile:
    """Return the profile in a JSON file; raises BadSelector when it is not a valid one."""
    try:
        profile = msgspec.json.decode(path.read_bytes(), type=Profile)
    except (msgspec.DecodeError, ConflictingOptions) as error:
        raise BadSelector(f"This is not a valid profile: {error}") from error
    if profile.edition != EDITION:
        raise BadSelector(f"This profile is for another edition of PS3.15 than {EDITION}.")
    return profile
