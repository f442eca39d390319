"""The second pass of a plan, when all identity of the header is known: clean texts, sweep those that stay."""

from dataclasses import replace
from typing import Final, NamedTuple

from ahocorasick_rs import BytesAhoCorasick
from pydicom.dataset import Dataset

from viewer.dicom.decisions import Action, Basis, Decision, Identity
from viewer.dicom.elements import Element, ElementPath, encodings_of, texts
from viewer.rules import values
from viewer.rules.decide import Level, Wanted, carried_out
from viewer.rules.descriptors import KnownIdentity, take_out
from viewer.rules.known import searcher
from viewer.rules.standard import resolve, standard
from viewer.rules.surrogates import dummy

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
        result = values.cleaned(made.vr, element, level.encodings, known)
        if result is not None:
            decisions[position] = replace(made, action=result[0], value=result[1])
            continue
        row = standard().row(made.path[-1])
        basic = resolve(row.basic if row else "D", made.why.iod_type)
        decisions[position] = carried_out(wanted, made, element, level, "X" if basic in ("K", "C") else basic)


def sweep(decisions: list[Decision], dataset: Dataset, known: KnownIdentity) -> None:
    """Take identity that the header knows out of every text that stays (PS3.15 Table E.1-1 note 1).

    What a person chose to keep stays, but counts as a direct identifier when it holds identity.
    """
    outer = encodings_of(dataset)
    search = searcher(known, outer)
    if search is None:
        return
    levels: dict[ElementPath, Dataset] = {(): dataset}
    for index, made in enumerate(decisions):
        if made.action is Action.KEEP and made.vr in values.TEXT_VRS:
            level = _dataset_at(made.path[:-1], levels)
            swept = _swept(made, level.get_item(made.path[-1]), search, known, encodings_of(level, outer))
            if swept is not None and made.why.basis is Basis.OVERRIDE:
                decisions[index] = replace(made, identity=Identity.DIRECT)
            elif swept is not None:
                decisions[index] = swept


def empty_bad_numbers(decisions: list[Decision], dataset: Dataset) -> None:
    """Empty DS and IS values that hold other characters than numbers have (PS3.5 6.2)."""
    levels: dict[ElementPath, Dataset] = {(): dataset}
    for index, made in enumerate(decisions):
        if made.action is Action.KEEP and made.vr in ("DS", "IS") and made.why.basis is not Basis.OVERRIDE:
            raw = _dataset_at(made.path[:-1], levels).get_item(made.path[-1]).value
            if isinstance(raw, bytes) and raw.translate(None, _IN_NUMBERS):
                why = made.why._replace(basis=Basis.FOUND_IDENTITY)
                decisions[index] = replace(made, action=Action.EMPTY, why=why)


def _dataset_at(parent: ElementPath, levels: dict[ElementPath, Dataset]) -> Dataset:
    found = levels.get(parent)
    if found is None:
        above = _dataset_at(parent[:-2], levels)
        found = levels[parent] = above[parent[-2]].value[parent[-1]]
    return found


def _swept(
    made: Decision, element: Element, search: BytesAhoCorasick, known: KnownIdentity, encodings: list[str]
) -> Decision | None:
    raw = element.value
    if isinstance(raw, bytes) and raw.isascii() and not search.find_matches_as_indexes(raw.lower()):
        return None
    originals = texts(element, encodings)
    left = tuple(take_out(text, known.telling) for text in originals)
    if left == originals:
        return None
    why = made.why._replace(basis=Basis.FOUND_IDENTITY)
    kept = tuple(values.written(text, encodings) for text in left if text)
    if kept and made.vr not in ("CS", "UR"):
        return replace(made, action=Action.CLEAN, why=why, value=kept)
    if made.vr in ("CS", "UR", "PN"):
        return replace(made, action=Action.EMPTY, why=why)
    return replace(made, action=Action.REPLACE, why=why, value=dummy(made.vr))
