"""The plan: pure, complete, without original values; what it refuses, claims and blanks."""

import pickle

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.factories import KEYRING, KINDS, OSWALDINE, ct_slice, item, report, to_bytes, us_loop
from viewer.dicom.decisions import Action, Basis, Blank, Severity
from viewer.dicom.elements import walk
from viewer.dicom.errors import BadSelector, ConflictingOptions
from viewer.dicom.parsing import parse
from viewer.pixels.regions import Box, Region, Scope, ScopeKind
from viewer.rules.plan import plan
from viewer.rules.profiles import BASIC, OPTION_TEXTS, profile_named, shipped_profiles
from viewer.rules.recipe import Option, Override, Profile, Recipe, read_profile, write_profile


def planned(dataset: Dataset, profile: Profile = BASIC, regions=(), reviewed=frozenset()):
    return plan(parse(to_bytes(dataset)), Recipe(profile, tuple(regions), reviewed), KEYRING)


def by_path(made):
    return {d.path: d for d in made.decisions}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_plan_is_complete_pure_and_holds_no_original_value(kind) -> None:
    content = to_bytes(KINDS[kind]())
    dataset = parse(content)
    made = plan(dataset, Recipe(BASIC), KEYRING)
    assert made == plan(dataset, Recipe(BASIC), KEYRING)
    decided = {d.path for d in made.decisions}
    assert len(decided) == len(made.decisions)
    gone = {d.path for d in made.decisions if d.action is not Action.KEEP}
    for path, _ in walk(parse(content)):
        above = [path[:i] for i in range(1, len(path), 2)]
        assert path in decided or any(a in gone for a in above)
    stored = pickle.dumps(made).lower()
    for secret in (
        b"quenbert",
        b"hosp-778341",
        b"19611203",
        b"20240517",
        b"wolframsen",
        OSWALDINE.study.encode(),
    ):
        assert secret not in stored


def test_an_object_that_does_not_say_what_it_is_is_refused() -> None:
    dataset = ct_slice()
    dataset.SOPClassUID = ""
    assert [f.code for f in planned(dataset).findings if f.severity is Severity.ERROR] == ["no-sop-class"]
    dataset.SOPClassUID = "1.2.840.10008.1.3.10"
    assert "dicomdir" in {f.code for f in planned(dataset).findings}


def test_an_unknown_document_is_refused() -> None:
    document = KINDS["PDF"]()
    document.MIMETypeOfEncapsulatedDocument = "application/x-unheard-of"
    assert "unknown-document" in {f.code for f in planned(document).findings}


# --- overrides ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "action", "value", "path", "expected"),
    [
        ("PatientName", Action.KEEP, "", (0x00100010,), (Action.KEEP, None)),
        ("Manufacturer", Action.REMOVE, "", (0x00080070,), (Action.REMOVE, None)),
        ("Manufacturer", Action.EMPTY, "", (0x00080070,), (Action.EMPTY, None)),
        ("Manufacturer", Action.REPLACE, "Maker", (0x00080070,), (Action.REPLACE, "Maker")),
        ("StudyDescription", Action.CLEAN, "", (0x00081030,), (Action.CLEAN, ("CT chest for",))),
    ],
)
def test_a_person_decides(selector, action, value, path, expected) -> None:
    made = by_path(planned(ct_slice(), Profile("p", overrides=(Override(selector, action, value),))))[path]
    assert (made.action, made.value) == expected
    assert made.why.basis is Basis.OVERRIDE


def test_the_last_override_of_a_selector_wins_and_can_be_taken_back() -> None:
    recipe = Recipe(BASIC).with_override(Override("Manufacturer", Action.REMOVE))
    recipe = recipe.with_override(Override("Manufacturer", Action.KEEP))
    assert [o.action for o in recipe.profile.overrides] == [Action.KEEP]
    assert recipe.without_override("Manufacturer") == Recipe(BASIC)
    with pytest.raises(BadSelector):
        Override("Manufacturer", Action.SHIFT)
    with pytest.raises(BadSelector):
        Override("no such thing", Action.KEEP)


# --- claims ------------------------------------------------------------------------------------------------


def claimed(made) -> dict[int, object]:
    return {d.path[0]: d.value for d in made.decisions if d.why.basis is Basis.CLAIM}


@pytest.mark.parametrize("option", Option, ids=lambda o: o.value)
def test_the_codes_say_what_was_done(option) -> None:
    made = planned(ct_slice(), Profile("p", frozenset((option,))))
    values = [c.value for c in made.claims]
    assert values[0] == "113100"
    assert len(values) == 2
    assert claimed(made)[0x00120062] == "YES"
    temporal = {Option.RETAIN_FULL_DATES: "UNMODIFIED", Option.RETAIN_MODIFIED_DATES: "MODIFIED"}
    assert claimed(made)[0x00280303] == temporal.get(option, "REMOVED")
    assert 0x00280301 not in claimed(made)


def test_a_weakened_profile_claims_less() -> None:
    kept = planned(ct_slice(), Profile("p", overrides=(Override("PatientName", Action.KEEP),)))
    assert kept.claims == ()
    assert claimed(kept)[0x00120062] == "NO"
    quasi = planned(ct_slice(), Profile("p", overrides=(Override("StudyDate", Action.KEEP),)))
    assert quasi.claims == ()
    assert claimed(quasi)[0x00120062] == "YES"


def test_pixels_are_claimed_clean_only_when_somebody_looked() -> None:
    uid = us_loop().SOPInstanceUID
    assert claimed(planned(us_loop(), reviewed=frozenset((uid,))))[0x00280301] == "NO"
    assert "113101" in {c.value for c in planned(us_loop(), reviewed=frozenset((uid,))).claims}
    assert 0x00280301 not in claimed(planned(us_loop(), reviewed=frozenset(("1.2.3",))))
    seen = frozenset((report().SOPInstanceUID,))
    assert 0x00280301 not in claimed(planned(report(), reviewed=seen))


def test_an_earlier_pass_is_not_forgotten_and_strange_codes_are() -> None:
    dataset = ct_slice()
    codes = [("113105", "DCM", "Clean Descriptors Option"), ("QZ1", "99X", "by Dr Quenbert")]
    dataset.DeidentificationMethodCodeSequence = [
        item(CodeValue=v, CodingSchemeDesignator=s, CodeMeaning=m) for v, s, m in codes
    ]
    dataset.DeidentificationMethod = ["by Dr Quenbert", "PS3.15 2019a Annex E", "Another program 17"]
    dataset.LongitudinalTemporalInformationModified = "REMOVED"
    made = claimed(planned(dataset, Profile("p", frozenset((Option.RETAIN_FULL_DATES,)))))
    assert [i[0].value for i in made[0x00120064]] == ["113100", "113105", "113106"]
    assert made[0x00120063][:2] == ("PS3.15 2019a Annex E", "Another program 17")
    assert "Quenbert" not in repr(made)
    assert made[0x00280303] == "REMOVED"


# --- boxes -------------------------------------------------------------------------------------------------


def region(box, uid, *, kind=ScopeKind.IMAGE, rows=8, columns=10, frames=None) -> Region:
    return Region(Box(*box), Scope(kind, uid, rows, columns, frames))


def test_boxes_fall_on_what_they_were_drawn_for() -> None:
    us = us_loop()
    uid = us.SOPInstanceUID
    whole = (0, 1, 2)
    for scope, frames in (
        (region((1, 2, 3, 4), uid), whole),
        (region((1, 2, 3, 4), us.SeriesInstanceUID, kind=ScopeKind.SERIES), whole),
        (region((1, 2, 3, 4), us.StudyInstanceUID, kind=ScopeKind.STUDY), whole),
        (region((1, 2, 3, 4), uid, kind=ScopeKind.FRAME, frames=(1, 1)), (1,)),
    ):
        assert planned(us, regions=[scope]).blanks == (Blank("rectangle", (1, 2, 4, 6), frames),)
    assert planned(us, regions=[region((8, 6, 9, 9), uid)]).blanks[0].points == (8, 6, 10, 8)
    assert planned(us, regions=[region((1, 2, 3, 4), "1.2.3")]).blanks == ()


@pytest.mark.parametrize(
    "how", [{"rows": 9}, {"columns": 9}, {"kind": ScopeKind.FRAME, "frames": (3, 9)}, {"box": (10, 0, 2, 2)}]
)
def test_a_box_that_does_not_fit_holds_the_instance(how) -> None:
    box = how.pop("box", (1, 1, 2, 2))
    findings = planned(us_loop(), regions=[region(box, us_loop().SOPInstanceUID, **how)]).findings
    assert [f.severity for f in findings] == [Severity.ERROR]


# --- profiles ----------------------------------------------------------------------------------------------


def test_shipped_profiles_and_their_names() -> None:
    assert profile_named("basic") is BASIC
    assert profile_named("Teaching file") == profile_named("teaching") == shipped_profiles()[0]
    assert profile_named("") is profile_named("nonsense") is None
    assert set(OPTION_TEXTS) == set(Option)


def test_profiles_go_to_a_file_and_back(tmp_path) -> None:
    profile = Profile(
        "Ours", frozenset((Option.RETAIN_UIDS,)), (Override("PatientName", Action.REPLACE, "张"),), True
    )
    write_profile(profile, tmp_path / "p.json")
    assert read_profile(tmp_path / "p.json") == profile
    for wrong in (b"", b"{", b"{}", b'{"name": "x", "options": ["nonsense"]}', b"\xff"):
        (tmp_path / "p.json").write_bytes(wrong)
        with pytest.raises(BadSelector):
            read_profile(tmp_path / "p.json")
    with pytest.raises(ConflictingOptions):
        Profile("x", frozenset((Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES)))


# --- structured content ------------------------------------------------------------------------------------


def test_a_report_without_the_option_keeps_its_root_and_one_dummy_item() -> None:
    made = by_path(planned(report()))[(0x0040A730,)]
    assert made.action is Action.REPLACE
    assert len(made.value) == 1


def test_a_report_with_the_option_keeps_its_tree_without_people() -> None:
    made = by_path(
        planned(
            report(), Profile("p", frozenset((Option.CLEAN_STRUCTURED_CONTENT, Option.CLEAN_DESCRIPTORS)))
        )
    )
    assert made[(0x0040A730,)].action is Action.KEEP
    assert made[(0x0040A730, 0, 0x0040A123)].action is not Action.KEEP
    text = made[(0x0040A730, 1, 0x0040A730, 0, 0x0040A160)]
    assert text.action in (Action.CLEAN, Action.REPLACE)
    assert "Quenbert" not in repr(text.value)
    assert "small" in repr(text.value)


def test_the_factories_are_read_without_a_complaint() -> None:
    import io

    for kind in KINDS.values():
        assert len(list(dcmread(io.BytesIO(to_bytes(kind()))).iterall())) > 20
