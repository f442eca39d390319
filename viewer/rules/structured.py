"""Structured content: what becomes of a content item's value by its concept name (PS3.15 E.3.4)."""

from dataclasses import replace
from functools import cache
from typing import Any, Final

from pydicom.dataset import Dataset

from viewer.dicom.decisions import Action, Basis, Decision, Identity, Items, NewElement, Reason
from viewer.dicom.elements import CONVERSION_ERRORS, ElementPath
from viewer.rules.recipe import Option
from viewer.rules.standard import table

TEXT_VALUE: Final = 0x0040A160
CONCEPT_CODE: Final = 0x0040A168
_CONCEPT_NAME: Final = 0x0040A043
CONTENT_VALUES: Final = frozenset((TEXT_VALUE, CONCEPT_CODE))
_NO_CODE: Final[Items] = (
    (
        NewElement(0x00080100, "SH", "REMOVED"),
        NewElement(0x00080102, "SH", "99DEID"),
        NewElement(0x00080104, "LO", "Removed"),
    ),
)


@cache
def _concepts() -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in table("structured_content.json"):
        found[row["coding_scheme"], row["code_value"]] = row
        if row["retired_snomed_code"]:
            for scheme in ("SRT", "SNM3", "99SDM"):
                found[scheme, row["retired_snomed_code"]] = row
    return found


def concept_code(item: Dataset, options: frozenset[Option]) -> str | None:
    """Return the code of Table E.3.4-1 for a content item's concept name under the options, else None."""
    try:
        name = item[_CONCEPT_NAME].value[0] if _CONCEPT_NAME in item else None
        key = (str(name.CodingSchemeDesignator).strip(), str(name.CodeValue).strip()) if name else ("", "")
    except CONVERSION_ERRORS:
        return "X"
    row = _concepts().get(key)
    if row is None:
        return None
    chosen = [row[o.value] for o in options if row.get(o.value)]
    return str(min(chosen, default=row["basic"]))


def content_value(
    path: ElementPath, vr: str, iod_type: str, item: Dataset, options: frozenset[Option]
) -> Decision | None:
    """Return the decision for the text or the code of a content item; None where the code may stay.

    Text is free text wherever it stands: it is cleaned under an option that cleans, else replaced.
    """
    tag = path[-1]
    code = concept_code(item, options)
    why = Reason(Basis.TABLE, code or "C", "Table E.3.4-1" if code else "", iod_type)
    made = Decision(path, vr, Action.REPLACE, Identity.FREE_TEXT, why)
    if tag == CONCEPT_CODE:
        return replace(made, vr="SQ", value=_NO_CODE) if code not in (None, "K", "C") else None
    cleans = options & {Option.CLEAN_STRUCTURED_CONTENT, Option.CLEAN_DESCRIPTORS}
    if cleans and code in (None, "C", "K"):
        return replace(made, action=Action.CLEAN)
    return replace(made, value="REMOVED")
