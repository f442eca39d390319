"""Private elements: gone without the option, with it only those that are known to be safe (PS3.15 E.3.10)."""

import struct
from pathlib import Path

import pytest

from tests.factories import KEYRING, ct_slice, instance_of, item, put_raw, to_bytes, uid, write
from viewer.dicom.decisions import Action, Basis
from viewer.dicom.parsing import parse
from viewer.release.report import Written
from viewer.release.run import Task, run_instance
from viewer.rules import private
from viewer.rules.plan import plan
from viewer.rules.recipe import Option, Override, Profile, Recipe
from viewer.rules.rows import rows
from viewer.rules.site_list import PrivateChoice, SiteList

SAFE = Profile("safe", frozenset((Option.RETAIN_SAFE_PRIVATE,)))
MINE = "MY VENDOR"


def site(*safe: int, unsafe: tuple[int, ...] = (), creator: str = MINE, group: int = 0x19) -> SiteList:
    choices = [PrivateChoice(creator, group, n, True) for n in safe]
    return SiteList(private=(*choices, *(PrivateChoice(creator, group, n, False) for n in unsafe)))


def decided(dataset, profile=SAFE, judged=None, syntax="explicit little"):
    recipe = Recipe(profile, site=judged or SiteList())
    made = plan(parse(to_bytes(dataset, syntax)), recipe, KEYRING)
    return {d.path: d for d in made.decisions if any(t & 0x10000 for t in d.path[::2])}


def actions(dataset, profile=SAFE, judged=None, syntax="explicit little"):
    return {path: d.action for path, d in decided(dataset, profile, judged, syntax).items()}


def released(dataset, tmp_path: Path, judged=None, profile=SAFE, syntax="explicit little"):
    """Return the data set that is really written."""
    source = write(tmp_path / "in.dcm", to_bytes(dataset, syntax))
    recipe = Recipe(profile, site=judged or SiteList())
    done = run_instance(Task(instance_of(source, dataset), recipe, KEYRING, tmp_path / "out"))
    assert isinstance(done, Written), done
    return parse((tmp_path / "out" / done.name).read_bytes())


def with_block(creator="GEMS_ACQU_01", block=0x10):
    dataset = ct_slice()
    put_raw(dataset, 0x00190000 | block, "LO", creator.encode() + b" " * (len(creator) % 2))
    put_raw(dataset, 0x00190000 | block << 8 | 0x23, "DS", b"1.5 ")
    put_raw(dataset, 0x00190000 | block << 8 | 0xFE, "LO", b"unsafe")
    return dataset


def with_value(vr: str, value: bytes, creator=MINE):
    """A block with one element, number 30."""
    dataset = ct_slice()
    put_raw(dataset, 0x00190010, "LO", creator.encode() + b" " * (len(creator) % 2))
    put_raw(dataset, 0x00191030, vr, value)
    return dataset


def declare(dataset, status="MIXED", safe=(), group=0x0019, creator=MINE, **actions_of):
    """Declare a block in (0008,0300); actions by letter: X=[0x23]."""
    declared = item(
        PrivateGroupReference=group,
        PrivateCreatorReference=creator,
        BlockIdentifyingInformationStatus=status,
    )
    if safe:
        declared.NonidentifyingPrivateElements = list(safe)
    if actions_of:
        declared.DeidentificationActionSequence = [
            item(IdentifyingPrivateElements=numbers, DeidentificationAction=letter)
            for letter, numbers in actions_of.items()
        ]
    earlier = list(dataset.get("PrivateDataElementCharacteristicsSequence", []))
    dataset.PrivateDataElementCharacteristicsSequence = [*earlier, declared]
    return dataset


# Which are known to be safe --------------------------------------------------------------------------


def test_nothing_stays_without_the_option() -> None:
    dataset = declare(with_block(), "SAFE", creator="GEMS_ACQU_01")
    nested = item()
    put_raw(nested, 0x00190010, "LO", b"GEMS_ACQU_01")
    put_raw(nested, 0x00191023, "DS", b"1.5 ")
    dataset.AnatomicRegionSequence = [nested]
    judged = site(0x23, 0xFE, creator="GEMS_ACQU_01")
    assert set(actions(dataset, Profile("p"), judged).values()) == {Action.REMOVE}


@pytest.mark.parametrize("block", [0x10, 0x11, 0xFF])
def test_safe_ones_stay_with_their_creator_whatever_the_block(block) -> None:
    found = actions(with_block(block=block))
    assert found[0x00190000 | block,] is Action.KEEP
    assert found[0x00190000 | block << 8 | 0x23,] is Action.KEEP
    assert found[0x00190000 | block << 8 | 0xFE,] is Action.REMOVE


@pytest.mark.parametrize("creator", ["GEMS_ACQU_02", "gems_acqu_01", "", "X"])
def test_an_unknown_creator_makes_nothing_safe(creator) -> None:
    assert set(actions(with_block(creator)).values()) == {Action.REMOVE}


@pytest.mark.parametrize(
    ("status", "safe", "kept"),
    [
        ("SAFE", (), {0x23, 0xFE}),
        ("MIXED", (0x23,), {0x23}),
        ("MIXED", (), set()),
        ("UNSAFE", (0x23,), set()),
        ("", (0x23,), set()),
    ],
)
def test_what_the_file_declares_safe(status, safe, kept) -> None:
    found = actions(declare(with_block(MINE), status, safe))
    assert {p[0] & 0xFF for p, a in found.items() if a is Action.KEEP and p != (0x00190010,)} == kept
    assert (found[(0x00190010,)] is Action.KEEP) == bool(kept)


def test_of_two_declarations_the_stricter_holds() -> None:
    dataset = declare(declare(with_block(MINE), "SAFE"), "MIXED", (0x23,))
    assert actions(dataset)[(0x001910FE,)] is Action.REMOVE
    assert actions(dataset)[(0x00191023,)] is Action.KEEP
    assert actions(declare(dataset, "UNSAFE"))[(0x00191023,)] is Action.REMOVE


def test_the_files_unsafe_wins_over_the_table() -> None:
    dataset = declare(with_block(), "UNSAFE", creator="GEMS_ACQU_01")
    assert set(actions(dataset).values()) == {Action.REMOVE}


@pytest.mark.parametrize(
    ("letter", "vr", "value", "action"),
    [
        ("X", "LO", b"abcd", Action.REMOVE),
        ("Z", "LO", b"abcd", Action.EMPTY),
        ("D", "LO", b"abcd", Action.REPLACE),
        ("D", "FD", struct.pack("<d", 3.5), Action.REPLACE),
        ("U", "UI", b"1.2.826.0.1.77\0\0", Action.REMAP),
        ("U", "LO", b"abcd", Action.REMOVE),
        ("Q", "LO", b"abcd", Action.REMOVE),
    ],
)
def test_the_files_own_action_is_carried_out(tmp_path, letter, vr, value, action) -> None:
    dataset = declare(with_value(vr, value), "SAFE", **{letter: [0x30]})
    found = decided(dataset)[(0x00191030,)]
    assert found.action is action
    written = released(dataset, tmp_path)
    assert (0x00191030 in written) == (action is not Action.REMOVE)
    if action is not Action.REMOVE:
        assert written.get_item(0x00191030).value != value


def test_a_declaration_holds_in_nested_levels() -> None:
    nested = item()
    put_raw(nested, 0x00190010, "LO", MINE.encode() + b" ")
    for number in (0x23, 0x24, 0x25):
        put_raw(nested, 0x00191000 | number, "LO", b"abcd")
    dataset = declare(ct_slice(), "MIXED", (0x23,), Z=[0x24])
    dataset.AnatomicRegionSequence = [nested]
    found = actions(dataset)
    assert [found[(0x00082218, 0, 0x00191000 | n)] for n in (0x23, 0x24, 0x25)] == [
        Action.KEEP, Action.EMPTY, Action.REMOVE,
    ]  # fmt: skip


def test_an_unreadable_declaration_declares_nothing() -> None:
    dataset = with_block(MINE)
    put_raw(dataset, private.CHARACTERISTICS, "SQ", b"rubbish!")
    assert private.declared_blocks(parse(to_bytes(dataset))) == {}


def test_the_site_judges() -> None:
    assert actions(with_block(MINE), judged=site(0x23)) == {
        (0x00190010,): Action.KEEP,
        (0x00191023,): Action.KEEP,
        (0x001910FE,): Action.REMOVE,
    }


def test_the_sites_unsafe_wins_over_table_and_file() -> None:
    dataset = declare(with_block(), "SAFE", creator="GEMS_ACQU_01")
    judged = site(unsafe=(0x23, 0xFE), creator="GEMS_ACQU_01")
    assert set(actions(dataset, judged=judged).values()) == {Action.REMOVE}


def test_the_files_own_action_wins_over_the_sites_safe() -> None:
    dataset = declare(with_block(MINE), "MIXED", X=[0x23])
    assert set(actions(dataset, judged=site(0x23)).values()) == {Action.REMOVE}


def test_where_private_elements_may_stand() -> None:
    assert private.is_creator(0x00190010)
    assert not private.is_creator(0x00191010)
    assert not private.is_creator(0x00180010)
    assert [private.is_legal(t) for t in (0x00191010, 0x00190110, 0x00011010, 0x00071010, 0xFFFF1010)] == [
        True, False, False, False, False,
    ]  # fmt: skip


def test_a_kept_override_keeps_its_creator() -> None:
    override = Override("(0019,xxFE)@GEMS_ACQU_01", Action.KEEP)
    found = actions(with_block(), Profile("p", overrides=(override,)))
    assert found == {(0x00190010,): Action.KEEP, (0x00191023,): Action.REMOVE, (0x001910FE,): Action.KEEP}


# What becomes of those that stay ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vr", "value", "options", "action"),
    [
        ("PN", b"Some^One", (), Action.REMOVE),
        ("DA", b"20240517", (), Action.REMOVE),
        ("TM", b"101112", (), Action.REMOVE),
        ("DT", b"20240517101112", (), Action.REMOVE),
        ("DA", b"20240517", (Option.RETAIN_MODIFIED_DATES,), Action.SHIFT),
        ("DT", b"20240517101112", (Option.RETAIN_MODIFIED_DATES,), Action.SHIFT),
        ("TM", b"101112", (Option.RETAIN_MODIFIED_DATES,), Action.KEEP),
        ("DA", b"20240517", (Option.RETAIN_FULL_DATES,), Action.KEEP),
        ("DA", b"in May  ", (Option.RETAIN_MODIFIED_DATES,), Action.REMOVE),
        ("UI", b"1.2.826.0.1.77\0\0", (), Action.REMAP),
        ("UI", b"1.2.826.0.1.77\0\0", (Option.RETAIN_UIDS,), Action.KEEP),
        ("AS", b"062Y", (), Action.KEEP),
        ("AS", b"093Y", (), Action.CLEAN),
        ("DS", b"1.5 ", (), Action.KEEP),
        ("DS", b"Doe 5 ", (), Action.REMOVE),
        ("IS", b"12", (), Action.KEEP),
        ("IS", b"1961/12 ", (), Action.REMOVE),
        ("FD", struct.pack("<d", 1.5), (), Action.KEEP),
        ("LO", b"fast spin echo", (), Action.KEEP),
        ("LO", b"for Quenbert", (), Action.CLEAN),
        ("CS", b"QUENBERT", (), Action.REMOVE),
        ("CO", b"abcd", (), Action.REMOVE),
    ],
)
def test_by_value_representation(vr, value, options, action) -> None:
    profile = Profile("p", SAFE.options | set(options))
    assert actions(with_value(vr, value), profile, site(0x30))[(0x00191030,)] is action


def test_uids_are_mapped_by_value() -> None:
    own = ct_slice().SOPInstanceUID.encode()
    dataset = with_value("UI", own + b"\0" * (len(own) % 2))
    assert decided(dataset, judged=site(0x30))[(0x00191030,)].value == (KEYRING.uid(own.decode()),)


@pytest.mark.parametrize("vr", ["OB", "UN", "OW"])
@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"\1\2\3\4\5\6\7\0", ""),
        (b"FLASH 2D\0\0", ""),
        (b"\0\0Quenbert\0\0", "identity"),
        ("\0Quenbert\0".encode("utf-16-le"), "identity"),
        ("\0Quenbert\0".encode("utf-16-be"), "identity"),
        (b"id=HOSP-778341\0\0", "identity"),
        (b"born 19611203 ", "identity"),
        (b"\1\2seen 20110203\3\0", "text"),
        (b"\0\0PRIOR^NAMED\0", "text"),
        (b"\0Zhao Xinyue\0\0", "text"),
        (b"\0" * 128 + b"DICM\2\0\0\0UL", "object"),
        (b"\x10\0\x10\0PN\4\0Some", "object"),
        (b"%PDF-1.4 ", "object"),
        (b"\xff\xd8\xff\xe0\0\0", "object"),
        (b"PK\3\4\0\0", "object"),
    ],
)
def test_binary_is_searched(vr, value, why) -> None:
    found = decided(with_value(vr, value + b"\0" * (len(value) % 2)), judged=site(0x30))
    assert (found[(0x00191030,)].action is Action.REMOVE) == bool(why)
    assert (found[(0x00190010,)].action is Action.REMOVE) == bool(why)
    if why:
        assert (found[(0x00191030,)].why.basis, found[(0x00191030,)].why.detail) == (Basis.PRIVATE, why)


def test_a_chinese_name_in_binary() -> None:
    for encoding in ("utf-8", "gb18030", "utf-16-le", "utf-16-be"):
        dataset = with_value("OB", b"\1\0" + "司马拂晓".encode(encoding) + b"\0\0")
        dataset.SpecificCharacterSet, dataset.PatientName = "ISO_IR 192", "司马^拂晓"
        assert actions(dataset, judged=site(0x30))[(0x00191030,)] is Action.REMOVE, encoding


def test_identity_in_numbers_is_found_too() -> None:
    dataset = with_value("FD", b"Quenbert")
    assert actions(dataset, judged=site(0x30))[(0x00191030,)] is Action.REMOVE


def test_what_a_person_keeps_stays_and_is_told() -> None:
    override = Override("(0019,xx30)@MY VENDOR", Action.KEEP)
    dataset = with_value("OB", b"Quenbert")
    made = plan(parse(to_bytes(dataset)), Recipe(Profile("p", SAFE.options, overrides=(override,))), KEYRING)
    assert {d.path: d.action for d in made.decisions}[(0x00191030,)] is Action.KEEP
    assert "kept-identity" in {f.code for f in made.findings}


def test_a_creator_that_names_the_patient_takes_its_block_along() -> None:
    dataset = with_value("DS", b"1.5 ", "QUENBERT STATION")
    found = decided(dataset, judged=site(0x30, creator="QUENBERT STATION"))
    assert {d.action for d in found.values()} == {Action.REMOVE}
    assert found[(0x00191030,)].why.detail == "creator"


def test_every_reason_has_its_sentence() -> None:
    dataset = with_value("OB", b"Quenbert")
    made = plan(parse(to_bytes(dataset)), Recipe(SAFE, site=site(0x30)), KEYRING)
    row = next(r for r in rows(parse(to_bytes(dataset)), made) if r.path == (0x00191030,))
    assert row.why == private.WHY["identity"]
    assert "Quenbert" not in row.why


# VRs that the file does not tell ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("syntax", "vr"), [("implicit little", "DS"), ("explicit little", "UN"), ("explicit big", "UN")]
)
def test_the_table_tells_the_vr(syntax, vr) -> None:
    dataset = with_value(vr, b"1.5 ", "GEMS_ACQU_01")
    put_raw(dataset, 0x00191023, vr, b"2.5 ")
    put_raw(dataset, 0x00191024, vr, b"Doe^")
    found = decided(dataset, syntax=syntax)
    assert (found[(0x00191023,)].action, found[(0x00191023,)].vr) == (Action.KEEP, "DS")
    assert found[(0x00191024,)].why.detail == "number"
    assert found[(0x00191024,)].action is Action.REMOVE


def test_a_uid_in_un_is_mapped(tmp_path) -> None:
    dataset = with_value("UN", b"abcd", "NQHeader")
    put_raw(dataset, 0x00990010, "LO", b"NQHeader")
    put_raw(dataset, 0x00991002, "UN", uid(3, 3).encode() + b"\0" * (len(uid(3, 3)) % 2))
    written = released(dataset, tmp_path)
    assert written[0x00991002].value == KEYRING.uid(uid(3, 3))


def test_a_name_in_un_does_not_stay() -> None:
    dataset = declare(with_value("UN", b"Some^One"), "SAFE")
    declared = dataset.PrivateDataElementCharacteristicsSequence[0]
    declared.PrivateDataElementDefinitionSequence = [
        item(PrivateDataElement=0x30, PrivateDataElementValueRepresentation="PN")
    ]
    assert actions(dataset)[(0x00191030,)] is Action.REMOVE


def test_text_of_the_table_in_un_is_swept(tmp_path) -> None:
    dataset = with_value("UN", b"1.0:1 ", "GEMS_PARM_01")
    put_raw(dataset, 0x00430010, "LO", b"GEMS_PARM_01")
    put_raw(dataset, 0x00431027, "UN", b"Quenbert pitch")
    written = released(dataset, tmp_path)
    assert written[0x00431027].value == "pitch"


# For the Conformance Statement -----------------------------------------------------------------------


def test_the_list_of_what_is_kept() -> None:
    table = private.safe_elements(SiteList())
    assert ("GEMS_ACQU_01", 0x19, 0x23) in {e[:3] for e in table}
    assert {e.by for e in table} == {"table"}
    judged = site(0x30, unsafe=(0x31,))
    judged = judged.with_private(PrivateChoice("GEMS_ACQU_01", 0x19, 0x23, False))
    listed = private.safe_elements(judged)
    assert (MINE, 0x19, 0x30, "", "site") in listed
    assert {e[:3] for e in listed} == ({e[:3] for e in table} | {(MINE, 0x19, 0x30)}) - {
        ("GEMS_ACQU_01", 0x19, 0x23)
    }
