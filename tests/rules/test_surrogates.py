"""Surrogates: the same in every process and order, legal, and not to be recomputed without the key."""

import json
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.valuerep import validate_value

from tests.factories import ILLI, KEYRING, KINDS, OSWALDINE, ct_slice, rt_plan, to_bytes
from tests.planting import ROWS
from viewer.dicom.decisions import Action
from viewer.dicom.parsing import parse
from viewer.rules.plan import person_of, plan
from viewer.rules.profiles import BASIC, profile_named
from viewer.rules.recipe import Profile, Recipe
from viewer.rules.standard import iod_of
from viewer.rules.surrogates import (
    SHIFT_DAYS,
    Keyring,
    dummy,
    dummy_items,
    pooled_age,
    shifted_date,
    shifted_datetime,
)

OTHER = Keyring(b"another secret for tests 12345678")
RESEARCH = profile_named("research")
TEXT = st.text(max_size=80)
_CHILD = """
import json, sys
from viewer.rules.surrogates import Keyring
ring = Keyring(bytes.fromhex(sys.argv[1]))
values = json.loads(sys.argv[2])
out = [[ring.uid(v), ring.code("accession", v, 12), ring.patient_code(v),
        ring.shift(v, whole_weeks=False).days]
       for v in values]
print(json.dumps(out))
"""


def test_another_process_and_another_order_give_the_same() -> None:
    values = ["1.2.3", "HOSP-1", "张三", "", "x" * 300]
    expected = [
        [
            KEYRING.uid(v),
            KEYRING.code("accession", v, 12),
            KEYRING.patient_code(v),
            KEYRING.shift(v, whole_weeks=False).days,
        ]
        for v in values
    ]
    for order in (values, values[::-1]):
        answer = subprocess.run(
            [sys.executable, "-c", _CHILD, KEYRING.secret.hex(), json.dumps(order)],
            capture_output=True,
            check=True,
            cwd=Path(__file__).resolve().parents[2],
            env={"PYTHONHASHSEED": str(len(order[0])), "PATH": ""},
        )
        assert json.loads(answer.stdout) == [expected[values.index(v)] for v in order]


@given(TEXT)
def test_another_key_gives_other_surrogates(value: str) -> None:
    assert KEYRING.digest("p", value) != OTHER.digest("p", value)
    assert KEYRING.patient_code(value) != OTHER.patient_code(value)
    assert KEYRING.digest("p", value) != KEYRING.digest("q", value)


@given(TEXT)
def test_uids_are_legal(value: str) -> None:
    made = KEYRING.uid(value)
    if not value.startswith("1.2.840.10008"):
        assert re.fullmatch(r"2\.25\.[1-9]\d{0,38}", made)
        assert len(made) <= 64
        assert made != value


def test_registered_uids_stay_and_neighbours_of_the_root_do_not() -> None:
    for registered in ("1.2.840.10008.1.2", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.4.1.1"):
        assert KEYRING.uid(registered) == registered
    for other in ("1.2.840.100081.2", "1.2.840.10009.1", "11.2.840.10008.1", ""):
        assert KEYRING.uid(other) != other


def test_a_short_secret_is_refused_and_no_secret_is_shown() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Keyring(b"short")
    assert "secret" not in repr(KEYRING)


@given(TEXT)
def test_the_shift_is_never_zero_and_always_into_the_past(patient: str) -> None:
    days = KEYRING.shift(patient, whole_weeks=False).days
    assert -SHIFT_DAYS[1] < days <= -SHIFT_DAYS[0]
    weeks = KEYRING.shift(patient, whole_weeks=True).days
    assert weeks % 7 == 0
    assert -SHIFT_DAYS[1] < weeks < 0
    assert weeks - days in range(7)


def _shift(dataset, profile=RESEARCH) -> int:
    made = plan(parse(to_bytes(dataset)), Recipe(profile), KEYRING)
    (new,) = next(d.value for d in made.decisions if d.path == (0x00080020,))
    old = str(dataset.StudyDate)
    return (date.fromisoformat(new) - date.fromisoformat(old)).days


def test_all_studies_of_a_patient_move_together_and_keep_their_intervals() -> None:
    first, later, other = ct_slice(), ct_slice(series=4), ct_slice(ILLI)
    later.StudyDate, later.StudyInstanceUID = "20250629", f"{OSWALDINE.study}.77"
    assert _shift(first) == _shift(later) != _shift(other)
    plan_of_therapy = rt_plan()
    assert _shift(plan_of_therapy) == _shift(first)


def test_weekdays_are_kept_when_asked_for() -> None:
    profile = Profile("weekly", RESEARCH.options, keep_weekday=True)
    assert _shift(ct_slice(), profile) % 7 == 0


@given(st.dates(date(1000, 1, 1), date(2100, 1, 1)), st.integers(-3649, -1))
def test_dates_move_by_exactly_the_shift(day: date, days: int) -> None:
    shift = timedelta(days=days)
    text = f"{day:%Y%m%d}".zfill(8)
    moved = (day + shift).strftime("%Y%m%d").zfill(8)
    assert shifted_date(text, shift) == moved
    assert shifted_date(f"{text[:4]}.{text[4:6]}.{text[6:]}", shift) == moved
    assert shifted_date(f" {text} ", shift) == moved
    assert shifted_datetime(f"{text}235959.999999+0800", shift) == f"{moved}235959.999999+0800"
    assert shifted_datetime(f"{text}-0530", shift) == f"{moved}-0530"


@pytest.mark.parametrize(
    "value",
    ["", "2024", "202405", "20240230", "2024-05-1", "next week", "٢٠٢٤٠٥١٧", "00010101", "20240517 x"],
)
def test_what_is_no_full_date_is_not_moved(value: str) -> None:
    assert shifted_date(value, timedelta(days=-400)) is None
    assert shifted_datetime(value, timedelta(days=-400)) is None


def test_ranges_move_at_both_ends() -> None:
    shift = timedelta(days=-31)
    assert shifted_date("20240201-20240301", shift) == "20240101-20240130"
    assert shifted_date("20240201-", shift) is None  # the Basic Profile takes it out
    assert shifted_date("20240201-x", shift) is None
    assert shifted_date("20240201-20240202-20240203", shift) is None


@pytest.mark.parametrize(
    ("age", "pooled"),
    [
        ("062Y", "062Y"), ("089Y", "089Y"), ("090Y", "090Y"), ("091Y", "090Y"), ("120Y", "090Y"), ("999Y", "090Y"),  # noqa: E501
        ("011M", "011M"), ("999M", "999M"), ("999W", "999W"), ("999D", "999D"), ("003d", "003D"), (" 95Y", None),  # noqa: E501
        ("95Y", None), ("0A5Y", None), ("", None), ("062X", None),
    ],
)  # fmt: skip
def test_ages_above_89_are_one_group(age: str, pooled: str | None) -> None:
    assert pooled_age(age) == pooled


def test_dummies_are_legal_for_their_vr() -> None:
    for vr in {row["vr"].split(" ")[0] for row in ROWS} - {"", "SQ", "UI"}:
        value = dummy(vr)
        assert value is not None
        if isinstance(value, str):
            validate_value(vr, value, config.RAISE)
        DataElement(0x00110001, vr, value, validation_mode=config.RAISE)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_new_values_are_legal_for_vr_and_multiplicity(kind: str) -> None:
    """Peers wrote ANONYMIZED into code strings and 00010101 into dates."""
    made = plan(parse(to_bytes(KINDS[kind]())), Recipe(BASIC), KEYRING)
    for decision in made.decisions:
        if decision.action in (Action.REPLACE, Action.REMAP, Action.ADD) and decision.vr != "SQ":
            values = decision.value if isinstance(decision.value, tuple) else (decision.value,)
            for value in values:
                validate_value(decision.vr, value, config.RAISE)


def test_dummy_items_have_what_the_iod_asks_for_and_differ_by_instance() -> None:
    node = iod_of("1.2.840.10008.5.1.4.1.1.11.1").child(0x00700001)
    (first,), (second,) = (dummy_items(node, KEYRING, salt) for salt in "ab")
    required = {t for t in node.required() if node.type_of(t) == "1"}
    assert required <= {e.tag for e in first}
    assert [e.tag for e in first] == [e.tag for e in second]
    assert dummy_items(None, KEYRING, "a") == ((),)


def test_whose_it_is_rests_on_id_then_name_then_study() -> None:
    def key(**values):
        dataset = ct_slice()
        for keyword, value in values.items():
            setattr(dataset, keyword, value)
        return person_of(dataset, Recipe(BASIC), KEYRING).code

    assert key() == key(PatientName="Somebody^Else") == key(PatientID=f"{OSWALDINE.identifier} ")
    assert key() != key(PatientID="other")
    assert key() != key(IssuerOfPatientID="elsewhere")
    assert key(PatientID="") == key(PatientID="", StudyInstanceUID="1.2.3")
    assert key(PatientID="") != key(PatientID="", PatientBirthDate="19000101")
    assert key(PatientID="", PatientName="") != key(PatientID="", PatientName="", StudyInstanceUID="1.2.3")
