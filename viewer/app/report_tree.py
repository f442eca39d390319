"""A report joined with its plan: per line what it says before and after, and what becomes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from pydicom.dataset import Dataset

from viewer.dicom.content_tree import CONCEPT_NAME, CONTENT, ContentItem, content_tree
from viewer.dicom.decisions import Action, Decision, Identity, Items, Plan, Value
from viewer.dicom.elements import ElementPath, without_escapes

_MEANING, _NUMBER, _TEXT = 0x00080104, 0x0040A30A, 0x0040A160
_READABLE: Final = frozenset((_MEANING, _NUMBER, _TEXT))
_NOTHING: Final = frozenset(("", "REMOVED", "Removed"))
"""What stands where a value was taken away and something must stand."""


class Status(Enum):
    """What becomes of one line of a report."""

    KEPT = "kept"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line; `parent` and `children` are numbers of lines, the root is its own beginning at 0."""

    parent: int
    children: tuple[int, ...]
    path: ElementPath
    value_type: str
    relationship: str
    concept_before: str = field(repr=False)
    concept_after: str = field(repr=False)
    before: str = field(repr=False)
    after: str = field(repr=False)
    status: Status
    tells: bool
    """It may identify: hidden while the screen is masked."""
    gone: bool = False
    """It is not written at all: the whole tree goes."""
    cleaned: bool = False
    """Words were taken out of a text that stays."""

    @property
    def depth(self) -> int:
        """Return how many lines it stands below."""
        return len(self.path) // 2 if self.path != (CONTENT,) else 1


def report_lines(dataset: Dataset, plan: Plan) -> tuple[ReportLine, ...]:
    """Return the lines of a report from the top down, none where the object holds no Content Sequence."""
    root = content_tree(dataset)
    if root is None:
        return ()
    fates = _Fates({d.path: d for d in plan.decisions})
    made: list[ReportLine | None] = []
    _add(root, -1, fates, made)
    lines = [line for line in made if line is not None]
    instead = fates.at((CONTENT,))
    if instead is not None and instead.action is Action.REPLACE:
        lines = _with_instead(lines, instead)
    return tuple(lines)


def goes_whole(plan: Plan) -> bool:
    """Return whether the whole tree goes, because no option asks to clean it."""
    return any(d.path == (CONTENT,) and d.action is not Action.KEEP for d in plan.decisions)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of one value: its new text, and what decided it."""

    after: str
    decision: Decision | None
    whole: bool = False
    """A sequence around it goes or is put in anew."""


@dataclass(frozen=True, slots=True)
class _Fates:
    decisions: Mapping[ElementPath, Decision]

    def at(self, path: ElementPath) -> Decision | None:
        """Return the decision of exactly this path."""
        return self.decisions.get(path)

    def of(self, path: ElementPath, before: str) -> _Fate:
        """Return what becomes of a value: the outermost decision that is no KEEP settles it."""
        for end in range(1, len(path), 2):
            above = self.at(path[:end])
            if above is not None and above.action is not Action.KEEP:
                return _Fate(_new_text(above.value) if path[:end] != (CONTENT,) else "", above, whole=True)
        own = self.at(path)
        if own is None or own.action is Action.KEEP:
            return _Fate(before, own)
        return _Fate(_new_text(own.value), own)


def _new_text(value: Value) -> str:
    """Return a planned value as a person reads it; of items their meanings, numbers and texts."""
    if value is None or isinstance(value, bytes):
        return ""
    if not isinstance(value, tuple):
        return without_escapes(str(value))
    if value and isinstance(value[0], tuple):
        return " ".join(_readable(value))
    return " \\ ".join(without_escapes(str(one)) for one in value)


def _readable(items: Items) -> Iterator[str]:
    for item in items:
        for element in sorted(item, key=lambda e: (e.tag != _NUMBER, e.tag)):
            inner = element.vr == "SQ" and element.tag != CONCEPT_NAME and element.value
            if element.tag in _READABLE or inner:
                yield _new_text(element.value)


def _add(item: ContentItem, parent: int, fates: _Fates, made: list[ReportLine | None]) -> int:
    number = len(made)
    made.append(None)
    children = tuple(_add(child, number, fates, made) for child in item.children)
    made[number] = _line(item, parent, children, fates)
    return number


def _line(item: ContentItem, parent: int, children: tuple[int, ...], fates: _Fates) -> ReportLine:
    values = [(text, fates.of(path, text)) for path, text in item.values if text]
    named = fates.of((*item.path, CONCEPT_NAME, 0, _MEANING), item.concept)
    after = " ".join(dict.fromkeys(fate.after for _, fate in values if fate.after))
    gone = bool(item.path) and fates.of((*item.path, 0), "").whole
    return ReportLine(
        parent,
        children,
        item.path,
        item.value_type,
        item.relationship,
        item.concept,
        "" if gone else named.after,
        item.value,
        after,
        _status(item, after, gone=gone, renamed=named.after != item.concept),
        gone or any(_tells(fate) for _, fate in (*values, ("", named))),
        gone,
        any(fate.decision is not None and fate.decision.action is Action.CLEAN for _, fate in values),
    )


def _tells(fate: _Fate) -> bool:
    return fate.decision is not None and (
        fate.decision.identity is not Identity.HARMLESS or fate.decision.action is not Action.KEEP
    )


def _status(item: ContentItem, after: str, *, gone: bool, renamed: bool) -> Status:
    if gone or (item.value and after in _NOTHING):
        return Status.REMOVED
    return Status.CHANGED if renamed or after != item.value else Status.KEPT


def _with_instead(lines: list[ReportLine], instead: Decision) -> list[ReportLine]:
    """Return the lines with what is written in place of the whole tree as a last child of the root."""
    root, number = lines[0], len(lines)
    added = ReportLine(
        0,
        (),
        (CONTENT,),
        "TEXT",
        "CONTAINS",
        "",
        "Comment",
        "",
        _new_text(instead.value),
        Status.CHANGED,
        tells=False,
    )
    grown = replace(root, children=(*root.children, number))
    return [grown, *lines[1:], added]
