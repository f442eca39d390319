"""Corners of tables, surrogates and plans: damaged tables, sequences that cannot be read, hostile depth."""

import pytest
from pydicom.dataset import Dataset

from tests.factories import KEYRING, ct_slice, put_raw, to_bytes
from viewer.dicom.decisions import Action
from viewer.dicom.elements import encodings_of
from viewer.dicom.errors import BrokenResource
from viewer.dicom.parsing import parse
from viewer.rules import plan as plan_module
from viewer.rules import standard as standard_module
from viewer.rules.plan import plan
from viewer.rules.profiles import BASIC
from viewer.rules.recipe import Override, Profile, Recipe
from viewer.rules.standard import iod_of
from viewer.rules.surrogates import dummy_items


@pytest.fixture
def fresh_tables():
    """Tables are kept for the whole process: forget them before and after."""
    caches = (standard_module._manifest, standard_module.table, standard_module.standard)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_missing_tables_are_said_in_words(fresh_tables, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(standard_module, "resource", lambda *parts: tmp_path.joinpath(*parts))
    with pytest.raises(BrokenResource, match="missing"):
        standard_module.table("profile.json")
    with pytest.raises(BrokenResource, match="missing here"):
        standard_module._manifest()


def test_a_table_with_rows_that_are_not_understood_is_refused(fresh_tables, monkeypatch) -> None:
    rows = list(standard_module.table("profile.json"))
    twice = [*rows, rows[0]]
    monkeypatch.setattr(standard_module, "table", lambda name: twice)
    with pytest.raises(BrokenResource, match="not understood"):
        standard_module.standard()


@pytest.mark.filterwarnings("ignore:Unknown encoding")
def test_an_unknown_character_set_falls_back_to_the_one_above() -> None:
    dataset = Dataset()
    put_raw(dataset, 0x00080005, "CS", b"NO SUCH SET ")
    assert encodings_of(dataset, ["gb18030"])


def test_dummies_of_a_deep_object_have_uids_of_their_own() -> None:
    """A required reference inside a dummy item gets a new UID, another one per place."""
    node = iod_of("1.2.840.10008.5.1.4.1.1.88.59")
    assert node is not None
    (item,) = dummy_items(node, KEYRING, "salt")
    uids = [e.value for e in item if e.vr == "UI"]
    assert uids
    assert len(set(uids)) == len(uids)
    assert all(str(u).startswith("2.25.") for u in uids)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("content", [b"\xfe\xff\x00\xe0\x08\0\0\0\x08\0\x18\0", b"not a sequence at all "])
def test_a_sequence_that_cannot_be_read_holds_the_instance(content) -> None:
    dataset = ct_slice()
    put_raw(dataset, 0x0008114A, "SQ", content)
    made = plan(parse(to_bytes(dataset)), Recipe(BASIC), KEYRING)
    assert "unreadable-sequence" in {f.code for f in made.findings}
    assert {d.path: d.action for d in made.decisions}[0x0008114A,] is Action.REMOVE


def test_an_empty_sequence_is_no_reason_to_hold() -> None:
    dataset = ct_slice()
    put_raw(dataset, 0x0008114A, "SQ", b"")
    assert plan(parse(to_bytes(dataset)), Recipe(BASIC), KEYRING).findings == ()


def test_what_is_deeper_than_anybody_nests_holds_the_instance(monkeypatch) -> None:
    monkeypatch.setattr(plan_module, "_DEEPEST", 2)
    inner = Dataset()
    for _ in range(4):
        outer = Dataset()
        outer.ReferencedInstanceSequence = [inner]
        inner = outer
    dataset = ct_slice()
    dataset.ReferencedInstanceSequence = [inner]
    made = plan(parse(to_bytes(dataset)), Recipe(BASIC), KEYRING)
    assert "unreadable-sequence" in {f.code for f in made.findings}


def test_a_person_cannot_remove_what_the_object_must_have() -> None:
    profile = Profile("p", overrides=(Override("/StudyInstanceUID", Action.REMOVE),))
    made = plan(parse(to_bytes(ct_slice())), Recipe(profile), KEYRING)
    assert "required" in {f.code for f in made.findings}


def test_a_kept_text_that_holds_the_patient_is_warned_of_and_claims_nothing() -> None:
    dataset = ct_slice()
    dataset.StudyDescription = f"CT chest {str(dataset.PatientName).split('^')[0]}"
    profile = Profile("p", overrides=(Override("StudyDescription", Action.KEEP),))
    made = plan(parse(to_bytes(dataset)), Recipe(profile), KEYRING)
    by_path = {d.path: d for d in made.decisions}
    assert by_path[0x00081030,].action is Action.KEEP
    assert [f.code for f in made.findings] == ["kept-identity"]
    assert by_path[0x00120062,].value == "NO"
    assert "113100" not in {c.value for c in made.claims}
    harmless = ct_slice()
    harmless.StudyDescription = "CT chest"
    assert plan(parse(to_bytes(harmless)), Recipe(profile), KEYRING).findings == ()
