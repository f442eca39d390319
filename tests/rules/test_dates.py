"""Dates that move, parts of dates, rules for birth dates, and ages."""

from datetime import date, timedelta

import pytest

from tests.factories import KEYRING, ct_slice, to_bytes
from viewer.dicom.decisions import Action, Basis
from viewer.dicom.parsing import parse
from viewer.rules import dates
from viewer.rules.plan import person_of, plan
from viewer.rules.recipe import BirthDate, Option, Profile, Recipe

BACK = timedelta(days=-400)
MODIFIED = frozenset((Option.RETAIN_MODIFIED_DATES,))
CHARACTERISTICS = frozenset((Option.RETAIN_PATIENT_CHARACTERISTICS,))


@pytest.mark.parametrize(
    ("vr", "value", "moved"),
    [
        ("DA", "20240517", "20230413"),
        ("DA", "2024.05.17", "20230413"),
        ("DA", "20240517-20240518", "20230413-20230414"),
        ("DA", "-20240518", None),
        ("DA", "202405", None),
        ("DA", "20240231", None),
        ("DT", "20240517101112.5+0800", "20230413101112.5+0800"),
        ("DT", "2024", "2023"),
        ("DT", "202405", "202304"),
        ("DT", "202405-0500", "202304-0500"),
        ("DT", "20240517", "20230413"),
        ("DT", "20240517-20240518", "20230413-20230414"),
        ("DT", "202405171011-0500-202405181011-0500", "202304131011-0500-202304141011-0500"),
        ("DT", "yesterday", None),
        ("DT", "20240517-", None),
    ],
)
def test_values_move_by_whole_days_and_keep_their_precision(vr, value, moved) -> None:
    assert dates.shifted(vr, (value,), BACK) == (None if moved is None else (moved,))


def planned(dataset, profile: Profile):
    return {d.path: d for d in plan(parse(to_bytes(dataset)), Recipe(profile), KEYRING).decisions}


def test_the_interval_between_two_studies_of_a_patient_stays() -> None:
    shifts = set()
    for day in ("20200229", "20240517", "19991231"):
        dataset = ct_slice()
        dataset.StudyDate = day
        moved = planned(dataset, Profile("x", MODIFIED))[0x00080020,].value[0]
        as_dates = [date(int(d[:4]), int(d[4:6]), int(d[6:])) for d in (day, moved)]
        shifts.add(as_dates[1] - as_dates[0])
    assert len(shifts) == 1
    assert shifts.pop() < timedelta(days=-29)


def test_whole_weeks_keep_the_day_of_the_week() -> None:
    person = person_of(ct_slice(), Recipe(Profile("x", MODIFIED, keep_weekday=True)), KEYRING)
    assert person.shift.days % 7 == 0


@pytest.mark.parametrize(
    ("rule", "born", "studied", "wanted"),
    [
        (BirthDate.TABLE, "19611203", "20240517", (Action.EMPTY, None)),
        (BirthDate.YEAR, "19611203", "20240517", (Action.REPLACE, "19610101")),
        (BirthDate.YEAR, "19301203", "20240517", (Action.EMPTY, None)),
        (BirthDate.YEAR, "19611203", "", (Action.EMPTY, None)),
        (BirthDate.YEAR, "1961", "20240517", (Action.EMPTY, None)),
        (BirthDate.SHIFT, "19301203", "20240517", (Action.EMPTY, None)),
    ],
)
def test_a_birth_date_follows_the_rule_of_the_profile(rule, born, studied, wanted) -> None:
    dataset = ct_slice()
    dataset.add_new(0x00100030, "DA", born) if len(born) == 8 else dataset.add_new(0x00100030, "LO", born)
    for tag in (0x00080020, 0x00080021, 0x00080022, 0x00080023):
        dataset.add_new(tag, "DA", studied)
    decision = planned(dataset, Profile("x", birth_date=rule))[0x00100030,]
    assert (decision.action, decision.value) == wanted


def test_a_shifted_birth_date_moves_with_the_study_and_drops_the_claim_of_the_basic_profile() -> None:
    dataset = ct_slice()
    dataset.PatientBirthDate, dataset.StudyDate = "19611203", "20240517"
    profile = Profile("x", MODIFIED, birth_date=BirthDate.SHIFT)
    made = plan(parse(to_bytes(dataset)), Recipe(profile), KEYRING)
    by_path = {d.path: d for d in made.decisions}
    born, studied = (date.fromisoformat(by_path[tag,].value[0]) for tag in (0x00100030, 0x00080020))
    assert studied - born == date(2024, 5, 17) - date(1961, 12, 3)
    assert "113100" not in {code.value for code in made.claims}
    plain = plan(parse(to_bytes(dataset)), Recipe(Profile("x", MODIFIED)), KEYRING)
    assert "113100" in {code.value for code in plain.claims}


@pytest.mark.parametrize(
    ("given", "born", "wanted"),
    [
        ("062Y", "19611203", (Action.KEEP, None)),
        ("091Y", "19611203", (Action.CLEAN, ("090Y",))),
        ("1200M"[-4:], "19611203", (Action.KEEP, None)),
        ("", "19611203", (Action.REPLACE, "062Y")),
        (None, "19611203", (Action.ADD, "062Y")),
        (None, "19301203", (Action.ADD, "090Y")),
        (None, "20230101", (Action.ADD, "016M")),
        (None, "20240510", (Action.ADD, "007D")),
        (None, "20250101", None),
        ("sixty", "19611203", (Action.REMOVE, None)),
    ],
)
def test_an_age_is_kept_pooled_or_worked_out_where_characteristics_stay(given, born, wanted) -> None:
    dataset = ct_slice()
    dataset.PatientBirthDate, dataset.StudyDate = born, "20240517"
    if given is None:
        del dataset.PatientAge
    else:
        dataset.add_new(0x00101010, "AS" if given != "sixty" else "LO", given)
    decision = planned(dataset, Profile("x", CHARACTERISTICS)).get((0x00101010,))
    assert (decision and (decision.action, decision.value)) == wanted
    if wanted and wanted[0] is Action.ADD:
        assert decision.why.basis is Basis.RULE
        assert (0x00101010,) not in planned(dataset, Profile("x"))
