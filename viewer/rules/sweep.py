"""The second pass of a plan, when all identity of the header is known: clean texts, sweep those that stay."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from ahocorasick_rs import BytesAhoCorasick
from pydicom.dataset import Dataset

from viewer.dicom.content_tree import is_form
from viewer.dicom.decisions import Action, Basis, Decision, Identity
from viewer.dicom.elements import Element, ElementPath, dataset_at, texts
from viewer.dicom.reading import Reading, is_plain
from viewer.rules import values
from viewer.rules.decide import Level, Wanted, carried_out
from viewer.rules.descriptors import swept
from viewer.rules.known import KnownIdentity, searcher
from viewer.rules.known import readings as readings_of
from viewer.rules.plain_text import plain_text
from viewer.rules.standard import resolve, standard
from viewer.rules.surrogates import dummy

_FEW_DIGITS: Final = 3
_IN_NUMBERS: Final = b"0123456789+-eE. \\\0"


class Pending(NamedTuple):
    """A CLEAN decision that waits for its text: its position in the list, the element, where it stands."""

    position: int
    element: Element
    level: Level


def clean_pending(
    wanted: Wanted, decisions: list[Decision], pending: list[Pending], known: KnownIdentity
) -> None:
    """Give every CLEAN decision its text; where nothing harmless is left the Basic Profile's action holds."""
    for position, element, level in pending:
        made = decisions[position]
        result = values.cleaned(made.vr, element, level.encodings, known, wanted.site)
        if result is not None and not _tells_otherwise(element, known, level.reading):
            decisions[position] = replace(made, action=result[0], value=result[1])
            continue
        row = standard().row(made.path[-1])
        basic = resolve(row.basic if row else "D", made.why.iod_type)
        decisions[position] = carried_out(wanted, made, element, level, "X" if basic in ("K", "C") else basic)


def sweep(
    decisions: list[Decision],
    dataset: Dataset,
    known: KnownIdentity,
    readings: Mapping[ElementPath, Reading],
) -> None:
    """Take identity that the header knows out of every text that stays (PS3.15 Table E.1-1 note 1).

    What a person chose to keep stays, but counts as a direct identifier when it holds identity.
    """
    search = searcher(known, readings[()].encodings)
    levels: dict[ElementPath, Dataset] = {(): dataset}
    for index, made in enumerate(decisions):
        if made.action is Action.KEEP and made.vr in values.TEXT_VRS:
            level = dataset_at(made.path[:-1], levels)
            reading = readings[made.path[:-1]]
            swept = _swept(made, level.get_item(made.path[-1]), search, known, reading)
            if swept is not None and made.why.basis is Basis.OVERRIDE:
                decisions[index] = replace(made, identity=Identity.DIRECT)
            elif swept is not None:
                decisions[index] = swept


def mended_number(made: Decision, element: Element, level: Level) -> Decision:
    """Return a decision that takes a DS or IS value away which holds other characters than numbers have.

    It becomes empty, or 1 where the IOD wants a value (PS3.5 6.2; a width of 0 is none). What a person
    chose stays.
    """
    raw = element.value
    if not isinstance(raw, bytes) or not raw.translate(None, _IN_NUMBERS):
        return made
    if made.why.basis is Basis.OVERRIDE:
        return made
    iod_type = level.type_of(made.path[-1])
    needed = iod_type.startswith("1")
    action, value = (Action.REPLACE, "1") if needed else (Action.EMPTY, None)
    why = made.why._replace(basis=Basis.FOUND_IDENTITY, iod_type=iod_type)
    return replace(made, action=action, value=value, why=why)


def _swept(
    made: Decision,
    element: Element,
    search: BytesAhoCorasick,
    known: KnownIdentity,
    reading: Reading,
) -> Decision | None:
    if not _may_tell(element.value, search):
        return None
    originals = texts(element, reading.encodings)
    left = tuple(swept(text, known, made.vr) for text in originals)
    if is_form(made.path[-1], originals):
        return None
    if _tells_otherwise(element, known, reading):
        left = ()
    elif left == originals:
        return None
    why = made.why._replace(basis=Basis.FOUND_IDENTITY)
    kept = tuple(text for text in left if text)
    if kept and made.vr not in ("CS", "UR"):
        return replace(made, action=Action.CLEAN, why=why, value=kept)
    if made.vr in ("CS", "UR", "PN"):
        return replace(made, action=Action.EMPTY, why=why)
    return replace(made, action=Action.REPLACE, why=why, value=dummy(made.vr))


def _tells_otherwise(element: Element, known: KnownIdentity, reading: Reading) -> bool:
    """Return whether bytes hold identity in another reading, where the right one cannot be told.

    What is left of such a text could not be written: it goes as a whole.
    """
    raw = element.value
    if reading.certain or not isinstance(raw, bytes) or is_plain(raw):
        return False
    found = readings_of(element, reading.encodings)
    return any(known.spans(plain_text(text).text, every_word=True) for text in found)


def _may_tell(raw: object, search: BytesAhoCorasick) -> bool:
    """Return whether a value is worth a closer look: most texts are short, plain and without numbers."""
    if not isinstance(raw, bytes) or not is_plain(raw):
        return True
    digits = len(raw) - len(raw.translate(None, b"0123456789"))
    return digits >= _FEW_DIGITS or bool(search.find_matches_as_indexes(raw.lower()))
