"""One element -> one decision: override, private rule, row of the table, or VR; in that order."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from pydicom.dataset import Dataset

from viewer.dicom.decisions import Action, Basis, Decision, Identity, Reason, Value
from viewer.dicom.documents import DOCUMENT
from viewer.dicom.elements import (
    Element,
    ElementPath,
    Selector,
    dictionary_vr,
    is_private,
    keyword,
    path_text,
    texts,
    vr_to_write,
)
from viewer.dicom.reading import Reading
from viewer.rules import dates, documents, graphics, private, values
from viewer.rules.colour_profiles import ICC_PROFILE, colour_profile
from viewer.rules.concepts import CODE_MEANING, CONCEPT_NAME
from viewer.rules.recipe import Option, Override, Profile
from viewer.rules.site_list import SiteList
from viewer.rules.standard import IodNode, Row, resolve, standard
from viewer.rules.structured import CONTENT_VALUES, Place, StandIn, content_value
from viewer.rules.surrogates import Keyring, dummy

PIXEL_DATA: Final = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
_TEMPORAL: Final = frozenset(("DA", "DT", "TM"))
_RULED: Final = frozenset((dates.BIRTH_DATE, *dates.AGES))
_JUDGED: Final = CONTENT_VALUES | graphics.VALUES
_STRUCTURE: Final = Reason(Basis.STRUCTURE)
_PRIVATE: Final = Reason(Basis.PRIVATE, "X")
_UNLISTED: Final = Reason(Basis.UNLISTED)
_VRS: Final = frozenset(
    (
        "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB", "OD", "OF", "OL", "OV",
        "OW", "PN", "SH", "SL", "SQ", "SS", "ST", "SV", "TM", "UC", "UI", "UL", "UN", "UR", "US", "UT", "UV",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a decision rests on besides the element: options, overrides, keys, and whose instance it is."""

    profile: Profile
    site: SiteList = field(repr=False)
    overrides: tuple[tuple[Selector, Override], ...]
    keyring: Keyring
    person: values.Person
    salt: str = field(repr=False)
    """Makes the UIDs inside dummy items differ from instance to instance."""
    overlays: frozenset[int] = frozenset()
    """Groups of the overlays that a person has seen and that may stay under Clean Graphics."""

    @property
    def options(self) -> frozenset[Option]:
        """Return the options of the profile."""
        return self.profile.options


@dataclass(frozen=True, slots=True)
class Level:
    """One data set or item while it is walked, with what it inherits."""

    dataset: Dataset
    parent: ElementPath
    node: IodNode | None
    reading: Reading
    creators: Mapping[int, str]
    declared: Mapping[tuple[str, int], private.Block]
    above: "Level | None" = None

    @property
    def encodings(self) -> list[str]:
        """Return in which encodings its texts are, the first one the default."""
        return list(self.reading.encodings)

    def type_of(self, tag: int) -> str:
        """Return the Type of an attribute at this place, "" where the IOD does not define it."""
        return self.node.type_of(tag) if self.node else ""

    def around(self) -> tuple[Dataset, ...]:
        """Return the data set and those around it, innermost first."""
        return (self.dataset, *(self.above.around() if self.above else ()))


def decide(wanted: Wanted, tag: int, element: Element, level: Level) -> Decision:
    """Return what becomes of one element; for CLEAN without a value the text is made later."""
    path = (*level.parent, tag)
    row = None if is_private(tag) else standard().row(tag)
    vr = str(element.VR or "") or dictionary_vr(tag)
    if tag & 0xFFFF == 0 or tag >> 16 in (0x0000, 0x0002, 0x0004):  # no choice: the file would be broken
        return Decision(path, vr or "UL", Action.REMOVE, Identity.HARMLESS, _STRUCTURE)
    if wanted.overrides:
        chosen = _overridden(wanted, path, tag, element, level, row)
        if chosen is not None:
            return chosen
    if is_private(tag):
        return _private(wanted, path, tag, vr, element, level)
    if tag in _JUDGED and _legal_vr(vr) and (tag != CODE_MEANING or path[-3:-2] == (CONCEPT_NAME,)):
        judged = _judged(wanted, path, element, level)
        if judged is not None:
            return judged
    if row is not None:
        return _listed(wanted, path, tag, element, level, row)
    return _unlisted(wanted, path, tag, vr, element, level)


def _judged(wanted: Wanted, path: ElementPath, element: Element, level: Level) -> Decision | None:
    """Return the decision for what a report or a drawing says; None where the attribute's rules hold."""
    tag = path[-1]
    why = Reason(Basis.UNLISTED, "", "", level.type_of(tag))
    made = Decision(path, vr_to_write(tag, element.VR), Action.KEEP, Identity.FREE_TEXT, why)
    originals = () if dictionary_vr(tag) == "SQ" else _values(element, level)
    if tag in graphics.VALUES:
        return graphics.graphic_value(made, originals, wanted.options, wanted.keyring)
    place = Place(level.around(), level.encodings)
    stand_in = StandIn(originals, wanted.person.code, wanted.keyring)
    return content_value(made, place, stand_in, wanted.options)


def _overridden(
    wanted: Wanted, path: ElementPath, tag: int, element: Element, level: Level, row: Row | None
) -> Decision | None:
    creator = level.creators.get(private.block_key(tag), "") if is_private(tag) else ""
    for selector, override in reversed(wanted.overrides):
        if not selector.matches(path, creator):
            continue
        identity = row.identity if row else Identity.UNKNOWN if is_private(tag) else _identity_by_vr(tag)
        if tag == DOCUMENT:  # nobody can tell what is in it: whoever keeps it keeps identity
            identity = Identity.DIRECT
        why = Reason(Basis.OVERRIDE, row.basic if row else "", selector.text, level.type_of(tag))
        vr = vr_to_write(tag, element.VR)
        action, value = override.action, None
        if action is Action.REPLACE:
            value = values.chosen(tag, vr, override.value)
        return Decision(path, vr, action, identity, why, value)
    return None


@lru_cache(maxsize=8192)
def _identity_by_vr(tag: int) -> Identity:
    vr = dictionary_vr(tag)
    if vr == "PN":
        return Identity.DIRECT
    role = standard().sweep.get(tag, "")
    if vr in _TEMPORAL or (vr == "UI" and not _is_structural(tag, role)):
        return Identity.QUASI
    return Identity.HARMLESS if vr else Identity.UNKNOWN


def _is_structural(tag: int, role: str) -> bool:
    """Return whether a UID names a kind of thing; of attributes newer than the table the keyword tells."""
    return role.startswith("structural") if role else keyword(tag).endswith(("ClassUID", "SyntaxUID"))


def removed_private(path: ElementPath, element: Element, why: str = "") -> Decision:
    """Return the decision of the Basic Profile for a private element; `why` is a key of private.WHY."""
    reason = Reason(Basis.PRIVATE, "X", why) if why else _PRIVATE
    return Decision(path, str(element.VR or "UN"), Action.REMOVE, Identity.UNKNOWN, reason)


def _private(
    wanted: Wanted, path: ElementPath, tag: int, vr: str, element: Element, level: Level
) -> Decision:
    """Return what becomes of a private element: only what is known to be safe stays (PS3.15 E.3.10)."""
    creator = level.creators.get(private.block_key(tag), "")
    if Option.RETAIN_SAFE_PRIVATE not in wanted.options or not creator or not private.is_legal(tag):
        return removed_private(path, element)
    if vr and vr not in _VRS:
        return removed_private(path, element)
    if vr == "PN":
        return replace(removed_private(path, element, "name"), identity=Identity.DIRECT)
    found = private.judge(tag, creator, level.declared, wanted.site)
    if found.safe is None and vr == "SQ":
        opened = Reason(Basis.PRIVATE, "X", "opened")
        return Decision(path, vr, Action.KEEP, Identity.UNKNOWN, opened)
    if found.action:
        return _by_own_word(wanted, path, vr or "UN", element, level, found.action)
    if not found.safe:
        return removed_private(path, element, found.by)
    return _safe_private(wanted, path, vr or "UN", element, level)


def _by_own_word(
    wanted: Wanted, path: ElementPath, vr: str, element: Element, level: Level, action: str
) -> Decision:
    """Return what the file's Deidentification Action (0008,0307) asks for; X where that cannot be done."""
    made = Decision(path, vr, Action.KEEP, Identity.UNKNOWN, Reason(Basis.PRIVATE, action, "file"))
    impossible = (action == "D" and vr == "SQ") or (action == "U" and vr != "UI")
    return carried_out(wanted, made, element, level, "X" if impossible else action)


def _safe_private(wanted: Wanted, path: ElementPath, vr: str, element: Element, level: Level) -> Decision:
    """Return the decision for a private element that is known to be safe: by its VR."""
    why = Reason(Basis.OPTION, "C", Option.RETAIN_SAFE_PRIVATE.value)
    keep = Decision(path, vr, Action.KEEP, Identity.HARMLESS, why)
    if vr == "UI" and Option.RETAIN_UIDS not in wanted.options:
        new = values.remapped(_values(element, level), wanted.keyring)
        return replace(keep, action=Action.REMAP, value=new)
    if vr in _TEMPORAL:
        return _temporal(wanted, keep, element, level, "X")
    if vr == "AS":
        aged = replace(keep, why=why._replace(code="K"))
        return dates.pooled(aged, _values(element, level)) or keep
    return keep


def _values(element: Element, level: Level) -> tuple[str, ...]:
    return texts(element, level.encodings)


def _listed(
    wanted: Wanted, path: ElementPath, tag: int, element: Element, level: Level, row: Row
) -> Decision:
    """Return the decision for a row of Table E.1-1 under the chosen options."""
    code, option = row.code(wanted.options)
    iod_type = level.type_of(tag)
    basis = Basis.TABLE if option is None else Basis.OPTION
    why = Reason(basis, code, option.value if option else "", iod_type)
    vr = vr_to_write(tag, element.VR)
    made = Decision(path, vr, Action.KEEP, row.identity, why)
    if not dictionary_vr(tag) and element.VR in (None, "UN"):
        return replace(made, action=Action.REMOVE)
    ruled = _ruled(wanted, made, element, level) if tag in _RULED else None
    if ruled is not None:
        return ruled
    if code == "C" and option is not None:
        return _option_clean(wanted, made, element, level, row, option)
    return carried_out(wanted, made, element, level, resolve(code, iod_type))


def _ruled(wanted: Wanted, made: Decision, element: Element, level: Level) -> Decision | None:
    """Return the decision of a rule beside the table for a birth date or an age, None where it has none."""
    originals = _values(element, level)
    if made.path == (dates.BIRTH_DATE,):
        studied = dates.day_of_study(level.dataset)
        return dates.birth_date(made, originals, wanted.profile, wanted.person.shift, studied)
    return dates.pooled(made, originals) if made.path[-1] != dates.BIRTH_DATE else None


def carried_out(wanted: Wanted, made: Decision, element: Element, level: Level, resolved: str) -> Decision:
    """Return a decision with the action and the value of a resolved code (X, Z, D, K, U, U*)."""
    tag, vr = made.path[-1], made.vr
    if resolved == "X":
        return replace(made, action=Action.REMOVE)
    if resolved in ("K", "U*"):
        return replace(made, vr="SQ" if _is_sequence(vr, element) else str(element.VR or vr))
    originals = () if vr == "SQ" else _values(element, level)
    if tag in values.SURROGATES and (originals or resolved == "D"):
        value: Value = values.surrogate(tag, originals, wanted.keyring, wanted.person)
        return replace(made, action=Action.REPLACE, value=value)
    if originals and (resolved == "U" or (resolved == "D" and vr == "UI")):  # references stay intact
        return replace(made, action=Action.REMAP, value=values.remapped(originals, wanted.keyring))
    if resolved == "Z" and not made.why.iod_type.startswith("1"):
        return replace(made, action=Action.EMPTY)
    if tag == DOCUMENT:
        return documents.replaced(made, level.dataset, wanted.profile, wanted.keyring)
    if resolved == "U" and not made.why.iod_type.startswith("1"):
        return replace(made, action=Action.EMPTY)
    if tag == graphics.ANNOTATIONS:
        point = graphics.stand_in(level.dataset, level.encodings, wanted.keyring)
        return replace(made, action=Action.REPLACE, value=point)
    salt = f"{wanted.salt}/{path_text(made.path)}"
    return replace(
        made, action=Action.REPLACE, value=values.filled(tag, vr, level.node, wanted.keyring, salt)
    )


def _is_sequence(vr: str, element: Element) -> bool:
    return vr == "SQ" or element.VR == "SQ"


def _beside_document(wanted: Wanted, path: ElementPath, vr: str, level: Level) -> Decision:
    """Return what becomes of an attribute that hangs together with an encapsulated document."""
    document = level.dataset.get_item(DOCUMENT) if DOCUMENT in level.dataset else None
    of_document = decide(wanted, DOCUMENT, document, level) if document is not None else None
    why = Reason(Basis.UNLISTED, "", "", level.type_of(path[-1]))
    made = Decision(path, vr_to_write(path[-1], vr), Action.KEEP, Identity.HARMLESS, why)
    return documents.companion(made, level.dataset, of_document, wanted.options, wanted.keyring)


def _option_clean(
    wanted: Wanted, made: Decision, element: Element, level: Level, row: Row, option: Option
) -> Decision:
    """Return the decision for code C: the manner depends on the option and on the VR."""
    basic = resolve(row.basic, made.why.iod_type)
    if option is Option.RETAIN_MODIFIED_DATES:
        return _temporal(wanted, made, element, level, basic)
    if option is Option.CLEAN_GRAPHICS and made.path[-1] != graphics.ANNOTATIONS:
        if not level.parent and made.path[-1] >> 16 in wanted.overlays:
            drawing = made.path[-1] & 0xFFFF == 0x3000
            return carried_out(wanted, made, element, level, "K") if drawing else _text_of_overlay(made)
        return carried_out(wanted, made, element, level, basic)
    if made.vr == "SQ":
        return made
    if made.vr == "AE":
        return replace(made, action=Action.REPLACE, value=dummy("AE"))
    return replace(made, action=Action.CLEAN)


def _temporal(wanted: Wanted, made: Decision, element: Element, level: Level, basic: str) -> Decision:
    """Return a date moved, a time kept; what cannot be moved follows the Basic Profile."""
    options = wanted.options
    if Option.RETAIN_FULL_DATES in options:
        return made
    if Option.RETAIN_MODIFIED_DATES in options:
        if made.vr == "TM" or made.vr == "SH":
            return made
        if made.vr in ("DA", "DT"):
            originals = _values(element, level)
            moved = dates.shifted(made.vr, originals, wanted.person.shift)
            if moved is not None:
                return replace(made, action=Action.SHIFT, value=moved) if moved else made
    return carried_out(wanted, made, element, level, basic)


def _overlay(wanted: Wanted, path: ElementPath, vr: str, level: Level) -> Decision:
    """Return for the rest of an overlay group what becomes of its Overlay Data: without it, it is useless."""
    data = path[-1] & 0xFFFF0000 | 0x3000
    made = Decision(path, vr, Action.KEEP, Identity.HARMLESS, Reason(Basis.TABLE, "X", "overlay"))
    if data in level.dataset:
        of_data = decide(wanted, data, level.dataset.get_item(data), level)
        if of_data.action is Action.KEEP:
            return _text_of_overlay(made)
    return replace(made, action=Action.REMOVE)


def _text_of_overlay(made: Decision) -> Decision:
    """Return what becomes of an attribute of an overlay that stays: label, description, comments cleaned."""
    if dictionary_vr(made.path[-1]) in ("LO", "LT", "SH"):
        return replace(made, identity=Identity.FREE_TEXT, action=Action.CLEAN)
    return replace(made, action=Action.KEEP)


def _unlisted(
    wanted: Wanted, path: ElementPath, tag: int, vr: str, element: Element, level: Level
) -> Decision:
    """Return the decision for an element that the table does not list, by VR (note 4 of the table)."""
    known_vr = dictionary_vr(tag)
    if not known_vr or not _legal_vr(vr):
        return Decision(path, vr or "UN", Action.REMOVE, Identity.UNKNOWN, Reason(Basis.UNKNOWN_ELEMENT))
    special = _special(wanted, path, vr, element, level)
    if special is not None:
        return special
    if "SQ" in (known_vr, vr):
        return Decision(path, "SQ", Action.KEEP, Identity.HARMLESS, _UNLISTED)
    identity = Identity.DIRECT if vr == "PN" else _identity_by_vr(tag)
    made = Decision(path, vr_to_write(tag, vr), Action.KEEP, identity, _UNLISTED)
    if identity is Identity.HARMLESS or tag in PIXEL_DATA:
        return replace(made, vr=vr)
    why = Reason(Basis.VALUE_REPRESENTATION, "X/Z/D", "", level.type_of(tag))
    return _identifying_by_vr(wanted, replace(made, why=why), element, level)


def _special(wanted: Wanted, path: ElementPath, vr: str, element: Element, level: Level) -> Decision | None:
    """Return the decision for the few attributes that hang together with a listed one."""
    tag = path[-1]
    if 0x6000 <= tag >> 16 <= 0x601E:
        return _overlay(wanted, path, vr, level)
    # Variable Pixel Data (retired), pictures inside sequences: no box reaches them.
    if 0x7F00 <= tag >> 16 <= 0x7FDE or (level.parent and tag in PIXEL_DATA):
        return Decision(path, vr, Action.REMOVE, Identity.UNKNOWN, _STRUCTURE)
    if tag == ICC_PROFILE:
        why = Reason(Basis.UNLISTED, iod_type=level.type_of(tag))
        return colour_profile(Decision(path, vr, Action.KEEP, Identity.HARMLESS, why), element)
    return _beside_document(wanted, path, vr, level) if tag in documents.COMPANIONS else None


def _identifying_by_vr(wanted: Wanted, made: Decision, element: Element, level: Level) -> Decision:
    """Return the decision for an unlisted date, UID or name."""
    known_vr, basic = dictionary_vr(made.path[-1]), resolve("X/Z/D", made.why.iod_type)
    if known_vr in _TEMPORAL:
        return _temporal(wanted, made, element, level, basic)
    if known_vr != "UI":
        return carried_out(wanted, made, element, level, basic)
    if Option.RETAIN_UIDS in wanted.options:
        return made
    return replace(made, action=Action.REMAP, value=values.remapped(_values(element, level), wanted.keyring))


def _legal_vr(vr: str) -> bool:
    return vr in _VRS or " or " in vr
