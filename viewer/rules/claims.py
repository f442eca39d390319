"""What an output may claim: method codes and attributes computed from what was really done."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from pydicom.dataset import Dataset

from viewer import PRODUCT, VERSION
from viewer.dicom.decisions import Action, Basis, Decision, Identity, Items, MethodCode, NewElement, Reason
from viewer.dicom.elements import texts
from viewer.rules.dates import BIRTH_DATE
from viewer.rules.descriptors import swept
from viewer.rules.known import KnownIdentity
from viewer.rules.recipe import EDITION, Option, Recipe
from viewer.rules.standard import table

IDENTITY_REMOVED: Final = 0x00120062
METHOD: Final = 0x00120063
METHOD_CODES: Final = 0x00120064
TEMPORAL_MODIFIED: Final = 0x00280303
BURNED_IN: Final = 0x00280301
FEATURES: Final = 0x00280302
CLAIMED: Final = frozenset((IDENTITY_REMOVED, METHOD, METHOD_CODES, TEMPORAL_MODIFIED))
"""Attributes that the program always writes itself; what the source has in them is merged here."""

_BASIC: Final = "113100"
_PIXELS: Final = "113101"
_FEATURES: Final = "113102"
OF_OPTION: Final = {
    Option.CLEAN_GRAPHICS: "113103",
    Option.CLEAN_STRUCTURED_CONTENT: "113104",
    Option.CLEAN_DESCRIPTORS: "113105",
    Option.RETAIN_FULL_DATES: "113106",
    Option.RETAIN_MODIFIED_DATES: "113107",
    Option.RETAIN_PATIENT_CHARACTERISTICS: "113108",
    Option.RETAIN_DEVICE_IDENTITY: "113109",
    Option.RETAIN_UIDS: "113110",
    Option.RETAIN_SAFE_PRIVATE: "113111",
    Option.RETAIN_INSTITUTION_IDENTITY: "113112",
}
_TEMPORAL_RANK: Final = ("UNMODIFIED", "MODIFIED", "REMOVED")


@cache
def _meanings() -> Mapping[str, str]:
    return {row["code_value"]: row["code_meaning"] for row in table("methods.json")}


def weakened(decisions: Iterable[Decision]) -> bool:
    """Return whether a choice leaves what the profile would have changed, such as a year of birth."""
    return any(
        (d.why.basis is Basis.OVERRIDE and d.action is Action.KEEP and d.identity is not Identity.HARMLESS)
        or (d.why.basis is Basis.RULE and d.path == (BIRTH_DATE,))
        for d in decisions
    )


def identity_kept(decisions: Iterable[Decision]) -> bool:
    """Return whether a person's choice leaves a direct identifier."""
    return any(
        d.why.basis is Basis.OVERRIDE and d.action is Action.KEEP and d.identity is Identity.DIRECT
        for d in decisions
    )


def method_codes(
    recipe: Recipe, decisions: Iterable[Decision], *, pixels_seen: bool, face_removed: bool
) -> tuple[MethodCode, ...]:
    """Return the codes of CID 7050 that hold for this instance; none when the profile was weakened."""
    codes = {OF_OPTION[option] for option in recipe.profile.options}
    codes |= set() if weakened(decisions) else {_BASIC}
    codes |= {_PIXELS} if pixels_seen else set()
    codes |= {_FEATURES} if face_removed else set()
    return tuple(MethodCode(code, _meanings()[code]) for code in sorted(codes))


def claims(
    source: Dataset,
    recipe: Recipe,
    decisions: tuple[Decision, ...],
    codes: tuple[MethodCode, ...],
    known: KnownIdentity,
) -> list[Decision]:
    """Return the decisions that write the claims (PS3.15 E.1.1 step 6, E.3.1, E.3.6).

    A second pass adds to what an earlier one wrote and drops nothing but texts with identity.
    """
    removed = "NO" if identity_kept(decisions) else "YES"
    made = [
        _claim(source, IDENTITY_REMOVED, "CS", removed),
        _claim(source, METHOD, "LO", _method_texts(source, known, weak=weakened(decisions))),
        _claim(source, TEMPORAL_MODIFIED, "CS", _temporal(source, recipe)),
    ]
    items = _code_items(source, codes)
    if items:
        made.append(_claim(source, METHOD_CODES, "SQ", items))
    if any(code.value == _PIXELS for code in codes):
        made.append(_claim(source, BURNED_IN, "CS", "NO"))
    if any(code.value == _FEATURES for code in codes):
        made.append(_claim(source, FEATURES, "CS", "NO"))
    return made


def _claim(source: Dataset, tag: int, vr: str, value: str | tuple[str, ...] | Items) -> Decision:
    action = Action.REPLACE if tag in source else Action.ADD
    return Decision((tag,), vr, action, Identity.HARMLESS, Reason(Basis.CLAIM), value)


def _method_texts(source: Dataset, known: KnownIdentity, *, weak: bool) -> tuple[str, ...]:
    own = (f"{PRODUCT} {VERSION}", f"PS3.15 {EDITION} Annex E" + (", with deviations" if weak else ""))
    earlier = texts(source.get_item(METHOD), ["ascii"]) if METHOD in source else ()
    kept = (t for t in earlier if t.isascii() and swept(t, known, "LO") == t)
    return tuple(dict.fromkeys((*kept, *own)))


def _temporal(source: Dataset, recipe: Recipe) -> str:
    options = recipe.profile.options
    now = "REMOVED"
    if Option.RETAIN_FULL_DATES in options:
        now = "UNMODIFIED"
    elif Option.RETAIN_MODIFIED_DATES in options:
        now = "MODIFIED"
    earlier = texts(source.get_item(TEMPORAL_MODIFIED), ["ascii"]) if TEMPORAL_MODIFIED in source else ()
    ranks = [_TEMPORAL_RANK.index(value) for value in (now, *earlier) if value in _TEMPORAL_RANK]
    return _TEMPORAL_RANK[max(ranks)]


def _code_items(source: Dataset, codes: tuple[MethodCode, ...]) -> Items:
    """Return one item per code: those of an earlier pass that CID 7050 knows, then ours; none twice."""
    earlier = []
    if METHOD_CODES in source:
        for item in source[METHOD_CODES].value or ():
            value = str(item.get("CodeValue", "")).strip()
            if value in _meanings():
                earlier.append(MethodCode(value, _meanings()[value]))
    return tuple(
        (
            NewElement(0x00080100, "SH", code.value),
            NewElement(0x00080102, "SH", "DCM"),
            NewElement(0x00080104, "LO", code.meaning),
        )
        for code in sorted({*earlier, *codes})
    )
