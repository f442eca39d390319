"""What lines read from pixels are: nothing that identifies is harmless, harmless is what the list says."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.finders.lines import HARMLESS, SCANNER, case, misread
from viewer.finders.identity import Kind, identity_of, judge


def verdicts(seed: int, *, faults: bool) -> Counter[Kind]:
    random_ = random.Random(seed)
    found: Counter[Kind] = Counter()
    for number in range(24):
        made = case(random_, chinese=number % 2 == 1)
        identity = identity_of([made.header])
        for line in made.lines:
            read = misread(line, random_) if faults else line
            kind = judge(read, identity).kind
            assert kind is not Kind.HARMLESS, read
            if not faults:
                assert kind is Kind.PHI, (read, judge(read, identity))
            elif kind is not Kind.PHI:
                print("   ", kind.name, repr(read))
            found[kind] += 1
    return found


def test_lines_as_they_were_written_are_identity() -> None:
    assert verdicts(1, faults=False)[Kind.PHI] >= 300


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_misread_lines_are_never_harmless_and_nearly_always_identity(seed) -> None:
    found = verdicts(seed, faults=True)
    print(f"\nseed {seed}: {dict((k.name, n) for k, n in found.items())}")
    assert found.total() >= 300
    assert found[Kind.PHI] >= 0.9 * found.total()


def test_what_scanners_write() -> None:
    identity = identity_of([case(random.Random(5), chinese=False).header])
    assert [t for t in HARMLESS if judge(t, identity).kind is not Kind.HARMLESS] == []
    assert [t for t in SCANNER if judge(t, identity).kind in (Kind.PHI, Kind.HARMLESS)] == []


@pytest.mark.parametrize("name", ["Lat^Port", "Supine^Ann", "左^小明", "Portable^Semi"])
def test_a_name_that_is_a_harmless_word_is_identity(name) -> None:
    made = case(random.Random(1), chinese=False).header
    made.PatientName = name
    family = name.split("^")[0]
    assert judge(family.upper(), identity_of([made])).kind is not Kind.HARMLESS or len(family) == 1
    assert judge(name.replace("^", " "), identity_of([made])).kind is Kind.PHI


def test_a_short_number_of_the_header() -> None:
    made = case(random.Random(1), chinese=False).header
    made.PatientID = "12"
    identity = identity_of([made])
    assert judge("ID 12", identity).kind is Kind.PHI
    assert judge("12", identity).kind is Kind.PHI_LIKE
    assert judge("12 cm", identity).kind is Kind.HARMLESS


@pytest.mark.parametrize(
    "text",
    [
        "Name",
        "DOB: 1.2.34",
        "姓名",
        "45Y M",
        "Dr. House",
        "123456",
        "j@x.org",
        "神经",
        "12:44:01",
        "[F]",
        "WARD 7",
    ],
)
def test_what_looks_like_identity(text) -> None:
    assert judge(text, identity_of([])).kind is Kind.PHI_LIKE


@pytest.mark.parametrize("text", ["", "…", "42", "GE", "qwerty"])
def test_unknown_is_no_harm_and_no_identity(text) -> None:
    assert judge(text, identity_of([])).kind is Kind.UNKNOWN


@given(
    before=st.text(max_size=12), after=st.text(max_size=12), which=st.integers(0, 3), seed=st.integers(0, 50)
)
def test_an_identifier_is_found_whatever_stands_round_it(before, after, which, seed) -> None:
    made = case(random.Random(seed), chinese=bool(seed % 2))
    header = made.header
    secret = (header.PatientID, header.AccessionNumber, made.lines[0], header.InstitutionName)[which]
    assert judge(f"{before} {secret} {after}", identity_of([header])).kind is Kind.PHI


def test_nothing_of_identity_is_in_words_for_people() -> None:
    made = case(random.Random(9), chinese=True)
    identity = identity_of([made.header])
    for line in made.lines:
        verdict = judge(line, identity)
        assert made.header.PatientID not in verdict.why
        assert str(made.header.PatientName) not in repr(identity) + repr(verdict)
