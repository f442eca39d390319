"""Graphic annotations: texts beside drawings, names of layers, lines drawn by hand (PS3.15 E.3.3)."""

from dataclasses import replace
from typing import Final

from pydicom.dataset import Dataset

from viewer.dicom.decisions import (
    Action,
    Basis,
    Decision,
    Finding,
    Identity,
    Items,
    NewElement,
    Reason,
    Severity,
)
from viewer.dicom.elements import CONVERSION_ERRORS, path_text
from viewer.rules.concepts import is_harmless, text_of
from viewer.rules.recipe import Option
from viewer.rules.surrogates import Keyring

ANNOTATIONS: Final = 0x00700001
_LAYER, _LAYERS, _LABEL = 0x00700002, 0x00700060, 0x00700080
_CODES: Final = frozenset((_LAYER, _LABEL))
_TEXTS: Final = frozenset((0x00700068, 0x00700081, 0x00700207, 0x00700208, 0x00700289))
"""Layer description, content description, label and description of a group, label of a tick."""
VALUES: Final = _CODES | _TEXTS
_OBJECTS, _TYPE, _POINTS = 0x00700009, 0x00700023, 0x00700022
_MANY_POINTS: Final = 40


def graphic_value(
    made: Decision, originals: tuple[str, ...], options: frozenset[Option], keyring: Keyring
) -> Decision | None:
    """Return the decision for a text or a name that a person gave to a drawing; None where it may stay.

    Table E.1-1 does not list them. Harmless words stay; the same layer gets the same new name everywhere.
    """
    texts = tuple(text.replace("_", " ") for text in originals)
    if all(is_harmless(text) for text in texts):
        return None
    why = Reason(Basis.TABLE, "C", "Section E.3.3", made.why.iod_type)
    made = replace(made, identity=Identity.FREE_TEXT, why=why)
    if made.path[-1] in _CODES:
        name = _layer_name(originals[0], keyring) if made.path[-1] == _LAYER else "REMOVED"
        return replace(made, action=Action.REPLACE, value=name)
    if options & {Option.CLEAN_GRAPHICS, Option.CLEAN_DESCRIPTORS}:
        return replace(made, action=Action.CLEAN)
    if why.iod_type.startswith("1"):
        return replace(made, action=Action.REPLACE, value="REMOVED")
    return replace(made, action=Action.EMPTY if why.iod_type.startswith("2") else Action.REMOVE)


def stand_in(dataset: Dataset, encodings: list[str], keyring: Keyring) -> Items:
    """Return the one item that stands for annotations that go: a point in a layer that there is."""
    name = _first_layer(dataset, encodings)
    name = name if is_harmless(name.replace("_", " ")) else _layer_name(name, keyring)
    point = (
        NewElement(0x00700005, "CS", "PIXEL"),
        NewElement(0x00700020, "US", 2),
        NewElement(0x00700021, "US", 1),
        NewElement(_POINTS, "FL", (1.0, 1.0)),
        NewElement(_TYPE, "CS", "POINT"),
        NewElement(0x00700024, "CS", "N"),
    )
    return ((NewElement(_LAYER, "CS", name or "REMOVED"), NewElement(_OBJECTS, "SQ", (point,))),)


def _first_layer(dataset: Dataset, encodings: list[str]) -> str:
    try:
        layers = dataset[_LAYERS].value if _LAYERS in dataset else ()
        return text_of(layers[0], _LAYER, encodings) if layers else ""
    except CONVERSION_ERRORS:
        return ""


def _layer_name(original: str, keyring: Keyring) -> str:
    return f"LAYER_{keyring.code('layer', original, 6)}"


def drawn_by_hand(dataset: Dataset, decisions: list[Decision]) -> list[Finding]:
    """Return a WARNING when lines stay that could be handwriting: long ones that do not close."""
    if ANNOTATIONS not in dataset:
        return []
    kept = any(d.path == (ANNOTATIONS,) and d.action is Action.KEEP for d in decisions)
    if not kept or not _has_long_line(dataset):
        return []
    message = "Lines drawn by hand stay in it; they may be writing. Look at them before it is passed on."
    return [Finding("drawn-lines", Severity.WARNING, path_text((ANNOTATIONS,)), message)]


def _has_long_line(dataset: Dataset) -> bool:
    try:
        annotations = dataset[ANNOTATIONS].value or ()
        objects = [o for a in annotations if _OBJECTS in a for o in a[_OBJECTS].value or ()]
        return any(_is_long_line(one) for one in objects)
    except CONVERSION_ERRORS:
        return True


def _is_long_line(drawn: Dataset) -> bool:
    if text_of(drawn, _TYPE, ["ascii"]) not in ("POLYLINE", "INTERPOLATED"):
        return False
    points = drawn.get_item(_POINTS).value if _POINTS in drawn else b""
    if not isinstance(points, bytes):
        points = b"".join(bytes(8) for _ in points or ())[::2]
    return len(points) >= 8 * _MANY_POINTS and points[:8] != points[-8:]
