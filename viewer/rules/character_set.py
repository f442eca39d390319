"""Whether an instance can keep its character set; where not, its texts in UTF-8, proven to be the same."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from pydicom.dataset import Dataset

from viewer.dicom.charset import (
    CHINESE,
    KANJI,
    KOREAN,
    ONE_VALUE,
    RARE_KANJI,
    TEXTS,
    UNDECLARED,
    UTF8,
    proven,
)
from viewer.dicom.decisions import Action, Basis, Decision, Finding, Identity, Reason, Severity, Value
from viewer.dicom.elements import Element, ElementPath, dictionary_vr, path_text
from viewer.dicom.reading import Reading, beyond_ascii, is_plain, vr_of
from viewer.rules.private_sequences import Opened
from viewer.rules.private_sweep import removed

CHARACTER_SET: Final = 0x00080005
_UTF8_TERM: Final = "ISO_IR 192"
_BY_ESCAPE: Final = frozenset((UNDECLARED, KANJI, RARE_KANJI, KOREAN, "shift_jis", "big5"))
"""Defaults in which new letters beyond ASCII are not written: they would need escapes, or another term."""
_MENDED: Final = "The letters were not what the file declares; it is written in UTF-8."
_WIDENED: Final = "A new text has letters that the file's character set lacks; it is written in UTF-8."
_DOUBTFUL: Final = (
    "The letters are not what the file declares, and what they are cannot be told: they may be shown wrongly."
)
_UNPROVEN: Final = "Its letters must be written in UTF-8, but here they cannot be without a change."
_UNKNOWN: Final = "Its letters must be written in UTF-8, but it cannot be told which letters these are."
_SEALED: Final = "A private sequence that you keep holds letters that are not what the file declares."

Readings = Mapping[ElementPath, Reading]
"""How each level is read that the plan walks, by the path of the item: () for the data set."""


def findings(readings: Readings) -> Iterator[Finding]:
    """Yield a WARNING for every declaration that its texts do not fit, when nothing else is plain."""
    for parent, reading in readings.items():
        above = readings.get(parent[:-2]) if parent else None
        if not reading.certain and reading is not above:
            where = path_text((*parent, CHARACTER_SET))
            yield Finding("character-set-doubtful", Severity.WARNING, where, _DOUBTFUL)


def why_utf8(decisions: list[Decision], readings: Readings) -> str:
    """Return the sentence why the output cannot keep its character set, an empty text when it can."""
    if any(reading.is_wrong for reading in readings.values()):
        return _MENDED
    changed = (d for d in decisions if d.action is not Action.KEEP)
    return _WIDENED if any(_asks_for_more(decision, readings) for decision in changed) else ""


def _asks_for_more(decision: Decision, readings: Readings) -> bool:
    """Return whether a new value does not fit the declaration of its level, or is the declaration."""
    if decision.path[-1] == CHARACTER_SET:
        return decision.why.basis is Basis.OVERRIDE
    if decision.value is None:
        return False
    beyond = [text for text in _new_texts(decision) if not text.isascii()]
    reading = readings.get(decision.path[:-1]) if beyond else None
    return reading is not None and not all(fits(text, reading) for text in beyond)


def _new_texts(decision: Decision) -> tuple[str, ...]:
    value = decision.value
    many = value if isinstance(value, tuple) else (value,)
    return tuple(text for text in many if isinstance(text, str))


def fits(text: str, reading: Reading) -> bool:
    """Return whether a new text can be written in the set of its level as it stands, without escapes.

    Bytes that are half a backslash do not fit: many readers take them for the end of a value.
    """
    if text.isascii():
        return True
    first = reading.encodings[0]
    if first in _BY_ESCAPE and reading.certain:
        return False
    if first == CHINESE and "GB18030" not in reading.terms:
        first = "gbk" if "GBK" in reading.terms else "ascii"
    try:
        return first == UTF8 or b"\\" not in text.replace("\\", "").encode(first)
    except UnicodeEncodeError:
        return False


def sealed(
    decisions: list[Decision], source: Opened, readings: Readings
) -> tuple[list[Decision], list[Finding]]:
    """Return the decisions without private sequences that are kept as bytes and hold letters to rewrite."""
    told: list[Finding] = []
    made = {decision.path: decision for decision in decisions} if source.folds else {}
    for path in source.folds:
        own = made.get(path)
        if own is None or own.action is not Action.KEEP or not _holds_letters(path, made, source, readings):
            continue
        if own.why.basis is Basis.OVERRIDE:
            told.append(Finding("character-set-sealed", Severity.ERROR, path_text(path), _SEALED))
        else:
            made[path] = removed(own, "letters")
    return (list(made.values()) if made else decisions), told


def _holds_letters(
    path: ElementPath, made: Mapping[ElementPath, Decision], source: Opened, readings: Readings
) -> bool:
    items = _at(source.dataset, path).value or ()
    if any(True for item in items if isinstance(item, Dataset) for _ in beyond_ascii(item)):
        return True
    inner = (d for p, d in made.items() if p[: len(path)] == path and len(p) > len(path))
    return any(not text.isascii() for d in inner for text in _new_texts(d))


def _at(dataset: Dataset, path: ElementPath) -> Element:
    """Return the element at a path as it was read."""
    for i in range(0, len(path) - 1, 2):
        dataset = dataset[path[i]].value[path[i + 1]]
    return dataset.get_item(path[-1])


def in_utf8(
    decisions: list[Decision], dataset: Dataset, readings: Readings, why: str
) -> tuple[list[Decision], list[Finding]]:
    """Return the decisions that write a data set in UTF-8 at every level, and what is to be said of it.

    Every text that stays and is not plain ASCII is put in anew. An ERROR stands for one whose bytes do not
    come out again when its text is written as it was read.
    """
    told = [Finding("character-set", Severity.WARNING, path_text((CHARACTER_SET,)), why)]
    made = [_recoded(decision, dataset, readings, told) for decision in decisions]
    if not any(decision.path == (CHARACTER_SET,) for decision in decisions):
        made.append(_declaration((CHARACTER_SET,), Action.ADD))
    return made, told


def _declaration(path: ElementPath, action: Action) -> Decision:
    why = Reason(Basis.CHARACTER_SET)
    return Decision(path, "CS", action, Identity.HARMLESS, why, _UTF8_TERM)


def _recoded(decision: Decision, dataset: Dataset, readings: Readings, told: list[Finding]) -> Decision:
    """Return a decision as it is in UTF-8: the declaration, and texts that stay."""
    path = decision.path
    reading = readings.get(path[:-1])
    if reading is None:
        return decision
    if path[-1] == CHARACTER_SET:
        return _declaration(path, Action.REPLACE)
    if decision.action is not Action.KEEP or decision.vr == "SQ":
        return decision
    element = _at(dataset, path)
    vr = decision.vr if decision.vr in TEXTS else vr_of(path[-1], element) or dictionary_vr(path[-1])
    raw = element.value
    if vr not in TEXTS or not isinstance(raw, bytes) or is_plain(raw):
        return decision
    text = proven(raw.rstrip(b" \0"), reading.encodings, is_name=vr == "PN")
    if text is None or not reading.certain:
        message = _UNKNOWN if text is not None else _UNPROVEN
        told.append(Finding("character-set-unproven", Severity.ERROR, path_text(path), message))
        return decision
    value: Value = (text,) if vr in ONE_VALUE else tuple(text.split("\\"))
    why = decision.why._replace(basis=Basis.CHARACTER_SET, detail=decision.why.basis.value)
    return replace(decision, action=Action.CLEAN, value=value, why=why)
