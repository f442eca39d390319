"""Structured content: what becomes of a content item's value by its concept name (PS3.15 E.3.4).

No item is taken out of a tree: other items may refer to it by its position (PS3.3 C.17.3.2.5). Where the
table says X, the value becomes a neutral one, so that the tree stays whole and valid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydicom.dataset import Dataset

from viewer.dicom.decisions import Action, Basis, Decision, Identity, Items, NewElement, Reason, Value
from viewer.dicom.elements import CONVERSION_ERRORS, dictionary_vr
from viewer.rules import concepts
from viewer.rules.concepts import CONCEPT_NAME, VALUE_TYPE, Concept
from viewer.rules.recipe import Option
from viewer.rules.surrogates import Keyring, dummy

TEXT_VALUE: Final = 0x0040A160
CONCEPT_CODE: Final = 0x0040A168
_DATE_TIME, _DATE, _TIME = 0x0040A120, 0x0040A121, 0x0040A122
_PERSON_NAME, _UID, _MEASURED, _NUMBER, _UNITS = 0x0040A123, 0x0040A124, 0x0040A300, 0x0040A30A, 0x004008EA
_VALUE_TYPES: Final = {
    TEXT_VALUE: "TEXT",
    CONCEPT_CODE: "CODE",
    _DATE_TIME: "DATETIME",
    _DATE: "DATE",
    _TIME: "TIME",
    _PERSON_NAME: "PNAME",
    _UID: "UIDREF",
    _MEASURED: "NUM",
}
CONTENT_VALUES: Final = frozenset((*_VALUE_TYPES, concepts.CODE_MEANING))
"""Elements that are judged by the content item in which they stand."""
_OF_DATES: Final = (Option.RETAIN_FULL_DATES.value, Option.RETAIN_MODIFIED_DATES.value)
_SUBJECT_NAME, _SUBJECT_ID, _TRACKING = "121029", "121030", "112039"
_IDENTIFIERS: Final = frozenset(
    ("121009", "121020", "121021", "121022", "121030", "113871", "113873", "128774", "128775")
)
"""DCM concepts of texts that identify a person, an organization or an order all by themselves."""
_UNREADABLE: Final = Concept("", "", "")
_OLDEST: Final = 89
_YEARS: Final = {"a": 1.0, "mo": 12.0, "wk": 52.18, "d": 365.25}
"""How many of a unit of UCUM make a year."""
_TABLE: Final = "Table E.3.4-1"
_SECTION: Final = "Section E.3.4"


def _coded(value: str, scheme: str, meaning: str) -> Items:
    parts = (NewElement(0x00080100, "SH", value), NewElement(0x00080102, "SH", scheme))
    return ((*parts, NewElement(0x00080104, "LO", meaning)),)


_NO_CODE: Final = _coded("REMOVED", "99DEID", "Removed")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: its item and the items around it, innermost first, and their letters."""

    items: Sequence[Dataset]
    encodings: list[str]

    @property
    def item(self) -> Dataset:
        """Return the content item itself."""
        return self.items[0]

    def concept(self) -> Concept | None:
        """Return the concept name of the item, None where it has none."""
        return _concept(self.item, self.encodings)

    def is_removed(self, options: frozenset[Option]) -> bool:
        """Return whether it stands below a container of which the table says X: so goes all in it."""
        boxes = (item for item in self.items[1:] if _is_container(item))
        return any(_says_x(_concept(box, self.encodings), options) for box in boxes)


def _is_container(item: Dataset) -> bool:
    return concepts.text_of(item, VALUE_TYPE, ["ascii"]) == "CONTAINER"


def _says_x(concept: Concept | None, options: frozenset[Option]) -> bool:
    rows = concepts.listed(concept) if concept is not None else ()
    boxes = (row for row in rows if row["value_type"] == "CONTAINER" and row["basic"] == "X")
    return any(not any(row.get(option.value) for option in options) for row in boxes)


def _concept(item: Dataset, encodings: list[str]) -> Concept | None:
    found = concepts.codes_of(item, CONCEPT_NAME, encodings)
    if found is None:
        return _UNREADABLE
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class StandIn:
    """What pseudonyms are made of: the values as they were, the patient's pseudonym, the keys."""

    originals: tuple[str, ...] = field(repr=False)
    patient: str
    keyring: Keyring

    def tracking(self) -> str:
        """Return a code for the name of a finding: the same finding keeps the same one over reports."""
        return "T-" + self.keyring.code("tracking", f"{self.patient}\0{self.originals[0]}")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the table says of one content item: the code, the option that it comes from, the rows."""

    code: str
    option: Option | None
    concept: Concept | None
    row: dict[str, Any] | None

    @property
    def goes(self) -> bool:
        """Return whether the value must not stay."""
        return self.code in ("X", "D", "X/D")

    def why(self, iod_type: str) -> Reason:
        """Return the reason for the tag table."""
        if self.option is not None:
            return Reason(Basis.OPTION, self.code, self.option.value, iod_type)
        return Reason(Basis.TABLE, self.code or "C", _TABLE if self.code else _SECTION, iod_type)


def ruling(place: Place, value_type: str, options: frozenset[Option]) -> Ruling:
    """Return what Table E.3.4-1 says of an item's value; code "" where it does not list the concept.

    A text under a concept that is about people or places goes: what is a name cannot be told from anatomy.
    """
    concept = place.concept()
    if place.is_removed(options):
        return Ruling("X", None, concept, None)
    if concept is None:
        return Ruling("", None, None, None)
    if concept == _UNREADABLE:
        return Ruling("X", None, concept, None)
    rows = concepts.listed(concept)
    row = next((r for r in rows if r["value_type"] == value_type), None)
    if row is None:
        strange = value_type == "TEXT" and concept.names_people
        return Ruling("X" if strange else "", None, concept, None)
    chosen = [(row[o.value], o) for o in options if row.get(o.value)]
    code, option = min(chosen, key=lambda pair: (pair[0], pair[1].value), default=(row["basic"], None))
    return Ruling(code, option, concept, row)


def content_value(
    made: Decision, place: Place, stand_in: StandIn, options: frozenset[Option]
) -> Decision | None:
    """Return the decision for the value of a content item; None where the rules for its attribute hold.

    `made` is a draft of it. Text is free text wherever it stands:
    it is cleaned under an option that cleans, else replaced.
    """
    tag = made.path[-1]
    if tag == concepts.CODE_MEANING:
        return _local_name(made, place)
    found = ruling(place, _VALUE_TYPES[tag], options)
    made = replace(made, vr=dictionary_vr(tag), why=found.why(made.why.iod_type))
    if tag == TEXT_VALUE:
        return _text(made, found, stand_in, options)
    if tag == CONCEPT_CODE:
        return _code(made, found, place)
    if tag == _MEASURED:
        return _measured(made, found, place, options)
    if tag == _UID:
        return _with(made, Action.KEEP, Identity.QUASI) if found.code == "K" else None
    if tag == _PERSON_NAME:
        return _name(made, found, stand_in.patient) if stand_in.originals else None
    return _with(made, Action.REPLACE, Identity.QUASI, dummy(made.vr)) if _date_goes(found) else None


def _with(made: Decision, action: Action, identity: Identity, value: Value = None) -> Decision:
    return replace(made, action=action, identity=identity, value=value)


def _text(made: Decision, found: Ruling, stand_in: StandIn, options: frozenset[Option]) -> Decision:
    value = found.concept.value if found.concept is not None and found.concept.scheme == "DCM" else ""
    identity = Identity.DIRECT if value in _IDENTIFIERS else Identity.FREE_TEXT
    if found.code == "K":
        return _with(made, Action.KEEP, Identity.QUASI)
    if value == _TRACKING and stand_in.originals and not concepts.is_harmless(stand_in.originals[0]):
        return _with(made, Action.REPLACE, identity, stand_in.tracking())
    cleans = options & {Option.CLEAN_STRUCTURED_CONTENT, Option.CLEAN_DESCRIPTORS}
    if cleans and found.code in ("", "C"):
        return _with(made, Action.CLEAN, identity)
    return _with(made, Action.REPLACE, identity, stand_in.patient if value == _SUBJECT_ID else "REMOVED")


def _name(made: Decision, found: Ruling, patient: str) -> Decision:
    is_subject = found.concept is not None and found.concept[:2] == ("DCM", _SUBJECT_NAME)
    return _with(made, Action.REPLACE, Identity.DIRECT, patient if is_subject else dummy("PN"))


def _code(made: Decision, found: Ruling, place: Place) -> Decision | None:
    """Return a neutral code for one that tells somebody or is not known to be harmless; None if it may stay.

    Codes of published schemes stay (PS3.15 Table E.1-1 note 10); a hospital's own codes may name staff.
    """
    codes = concepts.codes_of(place.item, CONCEPT_CODE, place.encodings)
    of_people = found.concept is not None and found.concept.names_people
    if codes is None or found.goes or not all(_may_stay(code, of_people=of_people) for code in codes):
        return _with(made, Action.REPLACE, Identity.FREE_TEXT, _NO_CODE)
    return None


def _may_stay(code: Concept, *, of_people: bool) -> bool:
    return code.is_standard or not (of_people or code.names_people or not code.is_harmless)


def _local_name(made: Decision, place: Place) -> Decision | None:
    """Return the decision for the meaning of a concept name out of a hospital's own list; None for others."""
    if concepts.is_standard(concepts.text_of(place.item, concepts.SCHEME, ["ascii"])):
        return None
    if concepts.code_in(place.item, place.encodings).is_harmless:
        return None
    why = made.why._replace(basis=Basis.TABLE, code="C", detail=_SECTION)
    return replace(made, vr="LO", action=Action.CLEAN, identity=Identity.FREE_TEXT, why=why)


def _date_goes(found: Ruling) -> bool:
    """Return whether a date goes whatever the date options say, as that of a birth does."""
    if found.row is None:
        return found.code == "X" or (found.concept is not None and found.concept.is_birth)
    return not any(found.row[column] for column in _OF_DATES) or (
        found.concept is not None and found.concept.is_birth
    )


def _measured(made: Decision, found: Ruling, place: Place, options: frozenset[Option]) -> Decision | None:
    """Return the decision for a measured value: an age goes or is pooled, others stay (PS3.15 E.3.7)."""
    is_age = found.concept is not None and found.concept.is_age
    if found.goes or (is_age and Option.RETAIN_PATIENT_CHARACTERISTICS not in options):
        return _with(made, Action.EMPTY, Identity.QUASI)
    if not is_age:
        return None
    if all(0 <= years <= _OLDEST for years in _ages(place)):
        return None
    pooled = (NewElement(_UNITS, "SQ", _coded("a", "UCUM", "year")), NewElement(_NUMBER, "DS", "90"))
    return _with(made, Action.REPLACE, Identity.QUASI, (pooled,))


def _ages(place: Place) -> Iterator[float]:
    """Yield the ages in a measured value in years; -1 for one that cannot be read."""
    try:
        items = list(place.item[_MEASURED].value or ())
    except CONVERSION_ERRORS:
        items = [Dataset()]
    for item in items:
        units = concepts.codes_of(item, _UNITS, place.encodings)
        per_year = _YEARS.get(units[0].value) if units else None
        try:
            number = float(concepts.text_of(item, _NUMBER, ["ascii"]))
        except ValueError:
            number = -1.0
        yield number / per_year if per_year else -1.0
