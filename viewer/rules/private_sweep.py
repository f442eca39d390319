"""Second pass over private elements: binary values are searched, blocks without content taken away."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from pydicom.dataset import Dataset

from viewer.dicom.decisions import Action, Basis, Decision, Identity, Reason
from viewer.dicom.elements import Element, ElementPath, dataset_at, is_private, texts
from viewer.rules import private
from viewer.rules.decide import PIXEL_DATA
from viewer.rules.known import KnownIdentity
from viewer.rules.plain_text import plain_text
from viewer.rules.private_binary import IdentitySearch, identity_search, suspicion
from viewer.rules.private_sequences import Opened, closed

_ENCODINGS: Final = ("utf-8", "gb18030")
_CARRIED_OVER: Final = frozenset((Action.KEEP, Action.CLEAN, Action.REMAP, Action.SHIFT))
"""What leaves something of the source; a pseudonym alone is no reason to keep a private sequence."""
_PUT_IN: Final = _CARRIED_OVER | {Action.EMPTY, Action.REPLACE}


@dataclass(frozen=True, slots=True)
class Creator:
    """A private creator as it stands in the file; it is decided when all of its block is."""

    path: ElementPath
    element: Element


def settled(
    decisions: list[Decision], source: Opened, creators: list[Creator], known: KnownIdentity
) -> list[Decision]:
    """Return the decisions when all identity of the header is known, those of private creators among them.

    A creator stays when and only when something of its block stays (PS3.15 E.3.10).
    """
    by_path = {d.path: d for d in decisions}
    if not creators:  # nothing private can have stayed, or an override keeps what no creator names
        return decisions
    if any(is_private(path[-1]) and d.action is not Action.REMOVE for path, d in by_path.items()):
        _remove_identity(by_path, source.dataset, known)
        _remove_named_blocks(by_path, creators, known)
        _remove_empty_sequences(by_path)
        _drop_inner(by_path)
    kept = _kept_blocks(by_path)
    for creator in creators:
        made = _creator(creator, (creator.path[:-1], _reserved(creator.path[-1])) in kept)
        if _stands(by_path, made.path):
            by_path[made.path] = made
    return closed(list(by_path.values()), source)


def _reserved(tag: int) -> int:
    return tag >> 16 << 8 | tag & 0xFF


def _creator(creator: Creator, kept: bool) -> Decision:
    vr = str(creator.element.VR or "LO")
    action = Action.KEEP if kept else Action.REMOVE
    return Decision(creator.path, vr, action, Identity.UNKNOWN, Reason(Basis.PRIVATE, "X"))


def _stands(by_path: Mapping[ElementPath, Decision], path: ElementPath) -> bool:
    """Return whether the sequences that an element stands in are still to be walked."""
    return all(
        (above := by_path.get(path[:end])) is not None and above.action is Action.KEEP
        for end in range(1, len(path) - 1, 2)
    )


def _kept_blocks(by_path: Mapping[ElementPath, Decision]) -> set[tuple[ElementPath, int]]:
    return {
        (path[:-1], private.block_key(path[-1]))
        for path, d in by_path.items()
        if is_private(path[-1]) and d.action is not Action.REMOVE
    }


def removed(made: Decision, why: str) -> Decision:
    """Return a decision turned into a removal; `why` is a key of private.WHY."""
    return replace(made, action=Action.REMOVE, value=None, why=Reason(Basis.PRIVATE, "X", why))


def _take_away(by_path: dict[ElementPath, Decision], path: ElementPath, why: str) -> None:
    """Remove an element.

    What a person chose to keep stays, but counts as a direct identifier.
    """
    made = by_path[path]
    if made.why.basis is Basis.OVERRIDE:
        by_path[path] = replace(made, identity=Identity.DIRECT)
        return
    by_path[path] = removed(made, why)


def _remove_identity(by_path: dict[ElementPath, Decision], root: Dataset, known: KnownIdentity) -> None:
    """Remove private values in which identity stands, whatever their VR, and numbers that are none.

    What stands in a private sequence counts as private; pixels there are reached by no box.
    """
    days = (day.strftime(form) for day in known.dates for form in ("%Y%m%d", "%Y-%m-%d"))
    search = identity_search((*known.telling, *known.uids, *days))
    levels: dict[ElementPath, Dataset] = {(): root}
    for path, made in list(by_path.items()):
        if made.vr == "SQ" or not any(is_private(tag) for tag in path[::2]):
            continue
        if made.action is Action.EMPTY and made.why.basis is Basis.FOUND_IDENTITY:
            _take_away(by_path, path, "number" if made.vr in ("DS", "IS") else "identity")
        elif made.action is Action.KEEP:
            value = dataset_at(path[:-1], levels).get_item(path[-1]).value
            why = _why_not(made, value, search) if isinstance(value, bytes) else ""
            if why:
                _take_away(by_path, path, why)


def _why_not(made: Decision, value: bytes, search: IdentitySearch) -> str:
    if made.path[-1] in PIXEL_DATA:
        return "object"
    if search.finds(value):
        return "identity"
    return suspicion(value) if made.vr in private.BINARY else ""


def _remove_named_blocks(
    by_path: dict[ElementPath, Decision], creators: list[Creator], known: KnownIdentity
) -> None:
    """Remove whole blocks whose creator holds identity of the header."""
    for creator in creators:
        if not _tells(creator.element, known):
            continue
        block = (creator.path[:-1], _reserved(creator.path[-1]))
        for path in [p for p in by_path if (p[:-1], private.block_key(p[-1])) == block]:
            if is_private(path[-1]) and path in by_path and by_path[path].action is not Action.REMOVE:
                _take_away(by_path, path, "creator")


def _tells(element: Element, known: KnownIdentity) -> bool:
    return any(
        known.spans(plain_text(text).text, every_word=False)
        for encoding in _ENCODINGS
        for text in texts(element, [encoding])
    )


def _remove_empty_sequences(by_path: dict[ElementPath, Decision]) -> None:
    """Remove private sequences of which every element goes; one that was empty before and is safe stays."""
    filled: set[ElementPath] = set()
    left: set[ElementPath] = set()
    for path, d in by_path.items():
        above = [path[:end] for end in range(1, len(path) - 1, 2)]
        filled.update(above)
        if d.action in (_PUT_IN if is_private(path[-1]) else _CARRIED_OVER) and not _is_walked(d):
            left.update(above)
    for path, d in list(by_path.items()):
        was_empty = path not in filled and d.why.basis is not Basis.PRIVATE
        if is_private(path[-1]) and _is_walked(d) and path not in left and not was_empty:
            _take_away(by_path, path, "nothing left")


def _is_walked(made: Decision) -> bool:
    return made.vr == "SQ" and made.action is Action.KEEP


def _drop_inner(by_path: dict[ElementPath, Decision]) -> None:
    """Forget what was decided inside of sequences that have gone since."""
    for path in [path for path in by_path if len(path) > 1 and not _stands(by_path, path)]:
        del by_path[path]
