"""What is decided for one instance, as plain data: made by rules, carried out and checked by release."""

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, TypeAlias

from viewer.dicom.elements import ElementPath


class Action(Enum):
    """A resolved action; codes such as X/Z/D exist only while a plan is being made."""

    KEEP = "keep"
    REMOVE = "remove"
    EMPTY = "empty"
    REPLACE = "replace"
    REMAP = "remap"
    SHIFT = "shift"
    CLEAN = "clean"
    ADD = "add"


class Identity(Enum):
    """How closely an element tells who the patient is; the tag table shows it by colour and shape."""

    DIRECT = "direct"
    QUASI = "quasi"
    FREE_TEXT = "free text"
    UNKNOWN = "unknown"
    HARMLESS = "harmless"


class Basis(Enum):
    """What a decision rests on."""

    TABLE = "table"
    OPTION = "option"
    OVERRIDE = "override"
    VALUE_REPRESENTATION = "vr"
    UNLISTED = "unlisted"
    PRIVATE = "private"
    UNKNOWN_ELEMENT = "unknown element"
    STRUCTURE = "structure"
    FOUND_IDENTITY = "found identity"
    CLAIM = "claim"
    RULE = "rule of the profile"
    CHARACTER_SET = "character set"
    """The text stays but is written in UTF-8; `Reason.detail` holds the value of the basis it stays by."""


class Reason(NamedTuple):
    """Why: the basis, the code of the table row as printed, the option or selector, the Type in the IOD."""

    basis: Basis
    code: str = ""
    detail: str = ""
    iod_type: str = ""


Items: TypeAlias = tuple[tuple["NewElement", ...], ...]
"""Value of a sequence that is put in: per item its elements."""

Value: TypeAlias = str | int | float | bytes | tuple[str | int | float, ...] | Items | None


class NewElement(NamedTuple):
    """An element that the program writes itself; never holds an original value."""

    tag: int
    vr: str
    value: Value


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one element. `value` is the new one; the original is never stored here."""

    path: ElementPath
    vr: str
    action: Action
    identity: Identity
    why: Reason
    value: Value = None


class Blank(NamedTuple):
    """A shape to blank in stored pixels; x to the right, y down, counted from the image's top left corner.

    `points`: for "rectangle" and "ellipse" the box (x0, y0, x1, y1), x1 and y1 exclusive; for "polygon"
    its corners (x0, y0, x1, y1, ...), which lie between pixels. A pixel belongs to a shape when its centre
    is inside or on the edge; edges that cross follow the even-odd rule. `frames`: 0-based, rising.
    """

    shape: str
    points: tuple[int, ...]
    frames: tuple[int, ...]
    keep: bool = False
    """The shape stays: in its frames, everything outside all shapes that stay is blanked instead."""
    fill: str | int = "black"
    """"black", "mean" of what is blanked in a frame, or a stored value (in a colour image, of its grey)."""


class MethodCode(NamedTuple):
    """One code of CID 7050 (PS3.16)."""

    value: str
    meaning: str


class Severity(Enum):
    """ERROR holds the instance; WARNING goes into the report."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something noticed about an instance; two equal findings are the same finding. No values in it."""

    code: str
    severity: Severity
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will be done to one instance; no original value is in it."""

    decisions: tuple[Decision, ...]
    blanks: tuple[Blank, ...] = ()
    claims: tuple[MethodCode, ...] = ()
    findings: tuple[Finding, ...] = ()
    """An ERROR among them means that the instance will be held."""
    patient: str = ""
    """Surrogates for folder and file names."""
    study: str = ""
    series: str = ""
    instance: str = ""
    sop_instance_uid: str = ""
    """The new one."""
    types: dict[ElementPath, str] = field(default_factory=dict, repr=False)
    """IOD Type (1, 1C, 2, 2C) of every decided element that must stay present, for the checker."""
    pages: tuple[Blank, ...] | None = None
    """What to blank on the pages of the encapsulated PDF, drawn anew as pictures; None when it is not."""
    sealed: int = 0
    """For how many recipients the originals are encrypted into the output (PS3.15 E.1.1)."""
