"""Looks at what the program wrote and gives every check of the key its result."""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.midi import pixels
from tests.midi.checks import LEAKS, LOSSES, Check, listing, tag_of
from tests.midi.generator import Generated, Planted

_STOP = frozenset(
    ("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "without")
)
_ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")


@dataclass(frozen=True)
class Failure:
    """A check that did not pass, with what was found instead."""

    check: Check
    source: str
    found: str


@dataclass
class Score:
    """Counts by action and category, and everything that failed."""

    passed: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    categories: Counter[tuple[str, bool]] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)

    @property
    def leaks(self) -> list[Failure]:
        return [f for f in self.failures if f.check.action in LEAKS]

    @property
    def losses(self) -> list[Failure]:
        return [f for f in self.failures if f.check.action in LOSSES]

    @property
    def checks(self) -> int:
        return self.total.total()


@dataclass
class Output:
    """One written file, as a reader sees it."""

    planted: Planted
    content: bytes
    data: Dataset
    places: dict[str, str]
    source: Dataset


def score(
    made: Generated, written: Iterable[Path], new_uid: Callable[[str], str], held: Mapping[str, str]
) -> Score:
    """Return the results over all planted files. `held`: instances that were not written, with the reason."""
    result, by_uid = Score(held=dict(held)), {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in written:
            data = dcmread(path, force=True)
            by_uid[str(data.SOPInstanceUID)] = path
        shifts: dict[tuple[str, str], int] = {}
        checks: dict[str, list[Check]] = {}
        for check in made.checks:
            checks.setdefault(check.instance, []).append(check)
        patients: dict[str, str] = {}
        for planted in made.planted:
            path = by_uid.get(new_uid(planted.instance))
            if path is None:
                held.get(planted.instance) or result.held.setdefault(planted.instance, "not written")
                continue
            data = dcmread(path, force=True)
            output = Output(
                planted, path.read_bytes(), data, listing(data), dcmread(planted.path, force=True)
            )
            for check in checks[planted.instance]:
                found = _look(check, output, new_uid, shifts, patients)
                result.total[check.action] += 1
                result.passed[check.action] += found is None
                result.categories[(check.category, found is None)] += 1
                if found is not None:
                    result.failures.append(Failure(check, planted.source, found[:200]))
    return result


def _look(
    check: Check,
    output: Output,
    new_uid: Callable[[str], str],
    shifts: dict[tuple[str, str], int],
    patients: dict[str, str],
) -> str | None:
    """Return what was found when a check fails, None when it passes."""
    value = output.places.get(check.place)
    action = check.action
    if action in ("text_removed", "date_shifted", "uid_changed", "meta_replaced", "element_absent"):
        return _removed(check, value, output)
    if action in ("text_retained", "text_notnull", "tag_retained", "iod_valid"):
        return _retained(check, value, output)
    if action in ("uid_consistent", "reference_intact"):
        return None if value is None or value == new_uid(check.value) else value
    if action == "patid_consistent":
        known = patients.setdefault(check.value, value or "")
        return None if value == known else f"{value} and {known}"
    if action == "date_consistent":
        return _consistent(check, value, output, shifts)
    return _whole(check, output)


def _removed(check: Check, value: str | None, output: Output) -> str | None:
    if check.action == "meta_replaced":
        element = output.data.file_meta.get(tag_of(check.place))
        raw = element.value if element is not None else ""
        value = raw.decode("latin-1") if isinstance(raw, bytes) else str(raw)
        return value if check.text in value else None
    if value is None:
        return None
    if check.action == "element_absent":
        return value or "present"
    if check.action in ("date_shifted", "uid_changed"):
        return value if check.value in value else None
    return value if contains(value, check.text, every=False) else None


def _retained(check: Check, value: str | None, output: Output) -> str | None:
    if value is None:
        return "(absent)"
    if check.action == "tag_retained":
        return None
    if check.action == "text_notnull":
        return None if value else "(empty)"
    if check.action == "iod_valid":
        element = output.data.get(tag_of(check.place))
        return None if element is not None and len(element.value or b"") else "(empty)"
    return None if contains(value, check.text, every=True) else value


def contains(value: str, text: str, *, every: bool) -> bool:
    """Return whether a text occurs as a whole, or else every one (or any one) of its words."""
    value, text = value.lower().strip("<>"), text.lower().strip("<>")
    try:
        if float(value) == float(text):
            return True
    except ValueError:
        pass
    if text in value:
        return True
    words = [w for w in re.split(r"[\s^=,.;:()/+\-_]+", text) if len(w) > 1 and w not in _STOP]
    if every:
        return bool(words) and all(word in value for word in words)
    return any(re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", value) for word in words if len(word) > 2)


def _consistent(
    check: Check, value: str | None, output: Output, shifts: dict[tuple[str, str], int]
) -> str | None:
    if not value:
        return None
    try:
        moved = (_day(value) - _day(check.value)).days
    except ValueError:
        return value
    known = shifts.setdefault((output.planted.person.identifier, ""), moved)
    return None if moved == known and moved else f"moved by {moved}, elsewhere by {known}"


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _whole(check: Check, output: Output) -> str | None:
    """Look at what concerns the whole file."""
    if check.action == "no_value_anywhere":
        return _anywhere(output)
    if check.action == "preamble_replaced":
        return "source text" if check.text.encode() in output.content[:128] else None
    if check.action == "codes_present":
        done = output.data.get("PatientIdentityRemoved") == "YES" and output.data.get(
            "DeidentificationMethodCodeSequence"
        )
        return (
            None
            if done and output.data.get("LongitudinalTemporalInformationModified")
            else "codes are missing"
        )
    if check.action == "pixels_retained":
        return None if pixels.digest(output.data) == check.text else "other bytes"
    return _pixels(check, output)


def _anywhere(output: Output) -> str | None:
    content = output.content.lower()
    uids = [
        output.planted.instance,
        str(output.source.StudyInstanceUID),
        str(output.source.SeriesInstanceUID),
    ]
    for token in (*output.planted.person.tokens(), *uids):
        for encoding in _ENCODINGS:
            form = token.lower().encode(encoding)
            if len(form) >= 6 and form in content:
                return f"{token} in {encoding}"
    return None


def _pixels(check: Check, output: Output) -> str | None:
    try:
        before = pixels.decoded(output.source)
    except Exception as error:  # noqa: BLE001  (no decoder here)
        return _same_bytes(output, type(error).__name__)
    after, box = pixels.decoded(output.data), output.planted.box
    if check.action == "pixels_hidden":
        return None if box and pixels.is_hidden(after, box) else "letters are left"
    return None if pixels.same_outside(before, after, box) else "other pixels"


def _same_bytes(output: Output, why: str) -> str | None:
    """Compare what no decoder here reads: only comments may be gone."""
    before, after = (len(bytes(d[pixels.PIXEL_DATA].value)) for d in (output.source, output.data))
    return None if abs(before - after) < 200 else f"cannot be decoded ({why})"
