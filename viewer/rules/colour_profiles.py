"""ICC profiles: numbers stay, texts are made neutral; one that cannot be read goes or holds the file."""

from dataclasses import replace
from typing import Final

from viewer.dicom.decisions import Action, Basis, Decision, Identity
from viewer.dicom.elements import Element, vr_to_write
from viewer.dicom.errors import Unsupported
from viewer.pixels.icc_text import NOT_UNDERSTOOD as NOT_UNDERSTOOD
from viewer.pixels.icc_text import neutral_profile

ICC_PROFILE: Final = 0x00282000
ICC_TEXTS: Final = "texts of a colour profile"
"""Detail of the reason of such a decision."""


def colour_profile(made: Decision, element: Element) -> Decision:
    """Return what becomes of an ICC Profile (PS3.3 C.11.15): kept, CLEAN with its new bytes, or REMOVE.

    One that cannot be read and must be there is a REPLACE without a value: the plan holds the instance.
    """
    if not element.value:
        return made
    try:
        neutral = neutral_profile(element.value) if isinstance(element.value, bytes) else b""
    except Unsupported:
        neutral = b""
    if neutral == element.value:
        return made
    vr, why = vr_to_write(ICC_PROFILE, made.vr), made.why._replace(basis=Basis.STRUCTURE, detail=ICC_TEXTS)
    if neutral:
        return replace(made, vr=vr, action=Action.CLEAN, identity=Identity.FREE_TEXT, why=why, value=neutral)
    must_stay = made.why.iod_type not in ("", "3")
    return replace(made, vr=vr, action=Action.REPLACE if must_stay else Action.REMOVE, why=why)
