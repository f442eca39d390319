"""Dates and times: what moves, what stays, and the two rules for birth dates (PS3.15 E.3.6)."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from pydicom.dataset import Dataset

from viewer.dicom.decisions import Action, Basis, Decision, Identity, Reason
from viewer.dicom.elements import CONVERSION_ERRORS, texts
from viewer.rules.recipe import BirthDate, Option, Profile
from viewer.rules.surrogates import pooled_age, shifted_date, shifted_datetime

BIRTH_DATE: Final = 0x00100030
AGE: Final = 0x00101010
AGES: Final = (AGE, 0x0072005F)
"""The rows of Table E.1-1 whose VR is AS."""
_STUDY_DATE, _SERIES_DATE, _ACQUISITION_DATE, _CONTENT_DATE = 0x00080020, 0x00080021, 0x00080022, 0x00080023
_PARTIAL: Final = re.compile(r"(\d{4})(\d{2})?([+-][01]\d[0-5]\d)?", re.ASCII)
_FULL: Final = re.compile(r"\d{8}", re.ASCII)
_OLDEST: Final = 89


def shifted(vr: str, originals: tuple[str, ...], shift: timedelta) -> tuple[str, ...] | None:
    """Return DA or DT values moved by whole days, or None when one of them cannot be moved.

    Ranges, the retired form YYYY.MM.DD, and DT values of a year or a month are understood (PS3.5 6.2).
    """
    move = shifted_date if vr == "DA" else _shifted_datetimes
    moved = [move(value, shift) for value in originals]
    return None if None in moved else tuple(m for m in moved if m is not None)


def _shifted_datetimes(value: str, shift: timedelta) -> str | None:
    whole = shifted_datetime(value, shift) or shifted_part(value, shift)
    if whole is not None or "-" not in value:
        return whole
    for at in (i for i, letter in enumerate(value) if letter == "-"):  # the hyphen may also begin a zone
        ends = [value[:at], value[at + 1 :]]
        moved = [shifted_datetime(end, shift) or shifted_part(end, shift) for end in ends]
        if None not in moved:
            return "-".join(str(m) for m in moved)
    return None


def shifted_part(value: str, shift: timedelta) -> str | None:
    """Return a DT value of only a year, or a year and a month, moved from the middle of what it names."""
    found = _PARTIAL.fullmatch(value.strip())
    if found is None:
        return None
    year, month, zone = found[1], found[2], found[3] or ""
    try:
        moved = date(int(year), int(month or 7), 15 if month else 1) + shift
    except (ValueError, OverflowError):
        return None
    return f"{moved.year:04d}{f'{moved.month:02d}' if month else ''}{zone}"


def birth_date(
    made: Decision, originals: tuple[str, ...], profile: Profile, shift: timedelta, studied: date | None
) -> Decision | None:
    """Return the decision of the profile's rule for a birth date, None where the table's holds.

    The year of somebody above 89 is not kept (45 CFR 164.514(b)(2)(i)(C)); no age can be told without
    the date of the study, so without it the year goes too.
    """
    born = _day(originals[0]) if len(originals) == 1 else None
    if profile.birth_date is BirthDate.TABLE or born is None:
        return None
    if studied is None or studied.year - born.year > _OLDEST:
        return None
    why = Reason(Basis.RULE, profile.birth_date.value, "birth date", made.why.iod_type)
    if profile.birth_date is BirthDate.YEAR:
        value = f"{born.year:04d}0101"
        return Decision(made.path, "DA", Action.REPLACE, Identity.QUASI, why, value)
    moved = shifted("DA", originals, shift)
    return Decision(made.path, "DA", Action.SHIFT, Identity.QUASI, why, moved) if moved else None


def pooled(made: Decision, originals: tuple[str, ...]) -> Decision | None:
    """Return the decision for an age that an option keeps: above 89 years it is one class.

    An age that cannot be read is not kept. None where the table's decision holds.
    """
    if made.why.code != "K" or not originals:
        return None
    ages = tuple(pooled_age(value) for value in originals)
    if ages == originals:
        return None
    if None in ages:
        return replace(made, action=Action.EMPTY if made.why.iod_type.startswith("2") else Action.REMOVE)
    return replace(made, action=Action.CLEAN, value=tuple(a for a in ages if a is not None))


def day_of_study(dataset: Dataset) -> date | None:
    """Return the day on which the images were made, by the first date that tells it."""
    for tag in (_STUDY_DATE, _SERIES_DATE, _ACQUISITION_DATE, _CONTENT_DATE):
        found = _day(_first(dataset, tag))
        if found is not None:
            return found
    return None


def added_age(dataset: Dataset, options: frozenset[Option]) -> Decision | None:
    """Return the age that stands in for a birth date that goes, where the source gives none.

    PS3.15 E.1.1 step 4 and E.3.7: an age may be added where patient characteristics are retained. Ages
    above 89 years are pooled.
    """
    if Option.RETAIN_PATIENT_CHARACTERISTICS not in options or _first(dataset, AGE):
        return None
    born, studied = _day(_first(dataset, BIRTH_DATE)), day_of_study(dataset)
    age = age_text(born, studied) if born is not None and studied is not None else None
    if age is None:
        return None
    action = Action.REPLACE if AGE in dataset else Action.ADD
    why = Reason(Basis.RULE, "age", "age")
    return Decision((AGE,), "AS", action, Identity.QUASI, why, age)


def age_text(born: date, studied: date) -> str | None:
    """Return an age as an AS value, in days below a month, in months below two years; None if negative."""
    days = (studied - born).days
    if days < 0:
        return None
    months = (studied.year - born.year) * 12 + studied.month - born.month - (studied.day < born.day)
    if months < 1:
        return f"{days:03d}D"
    return f"{months:03d}M" if months < 24 else pooled_age(f"{min(months // 12, 999):03d}Y")


def _first(dataset: Dataset, tag: int) -> str:
    try:
        found = texts(dataset.get_item(tag), ["ascii"]) if tag in dataset else ()
    except CONVERSION_ERRORS:
        return ""
    return found[0] if found else ""


def _day(text: str) -> date | None:
    digits = text.strip().replace(".", "")[:8]
    if not _FULL.fullmatch(digits):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
