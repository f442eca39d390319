"""Sequences in private elements: judged element by element, however they are encoded."""

import struct

import pytest
from pydicom.sequence import Sequence

from tests.factories import KEYRING, ct_slice, encode, instance_of, item, put_raw, to_bytes, uid, write
from tests.rules.test_private import MINE, SAFE, decided, declare, released, site
from viewer.dicom.decisions import Action
from viewer.dicom.elements import walk
from viewer.dicom.parsing import parse
from viewer.release.report import Written
from viewer.release.run import Task, run_instance
from viewer.rules.plan import plan
from viewer.rules.private_sequences import fits, opened
from viewer.rules.recipe import Option, Override, Profile, Recipe

SEQUENCE = 0x00191040
UNDEFINED = b"\xff\xff\xff\xff"


def content():
    """An item with everything: safe, unknown, unsafe private ones, names, dates, UIDs, a code."""
    made = item(
        PatientName="OTHER^NAME",
        StudyDate="20240517",
        Rows=12,
        CodeMeaning="Chest of Quenbert",
        ReferencedSOPInstanceUID=uid(3, 4),
    )
    put_raw(made, 0x00190010, "LO", MINE.encode() + b" ")
    put_raw(made, 0x00191030, "DS", b"1.5 ")
    put_raw(made, 0x00191031, "LO", b"unknown ")
    put_raw(made, 0x00191032, "LO", b"for Quenbert")
    return made


def items(inner, syntax, delimited=False):
    order = "<" if syntax != "explicit big" else ">"
    body = encode(inner, syntax)
    if not delimited:
        return struct.pack(f"{order}HHL", 0xFFFE, 0xE000, len(body)) + body
    head, end = (
        struct.pack(f"{order}HHL", 0xFFFE, n, length) for n, length in ((0xE000, 0xFFFFFFFF), (0xE00D, 0))
    )
    return head + body + end


def holding(vr, value):
    dataset = ct_slice()
    put_raw(dataset, 0x00190010, "LO", MINE.encode() + b" ")
    put_raw(dataset, SEQUENCE, vr, value)
    return dataset


def native(inner):
    dataset = holding("LO", b"")
    dataset.add_new(SEQUENCE, "SQ", Sequence([inner]))
    return dataset


def inner_of(written):
    """The item of the private sequence that was written, whatever its VR is."""
    read = opened(written).dataset
    return read[SEQUENCE].value[0]


def check(inner):
    """What must have become of content()."""
    values = {path[-1]: element.value for path, element in walk(inner)}
    assert values[0x00191030] in ("1.5", 1.5, b"1.5 ")
    assert 0x00191031 not in values
    assert values[0x00280010] == 12
    assert values[0x00081155] == KEYRING.uid(uid(3, 4))
    assert "OTHER" not in str(values.get(0x00100010, ""))
    assert values.get(0x00080020, "") in ("", None)
    assert "uenbert" not in str(values)
    assert "Chest" in str(values[0x00080104])


@pytest.mark.parametrize("syntax", ["explicit little", "implicit little", "explicit big"])
def test_an_unknown_sequence_is_judged_element_by_element(tmp_path, syntax) -> None:
    written = released(native(content()), tmp_path, site(0x30, 0x32), syntax=syntax)
    check(inner_of(written))
    assert 0x00190010 in written


@pytest.mark.parametrize("inside", ["implicit little", "explicit little", "explicit big"])
@pytest.mark.parametrize("outside", ["explicit little", "implicit little", "explicit big"])
@pytest.mark.parametrize("delimited", [False, True])
def test_a_sequence_as_un_is_opened(tmp_path, inside, outside, delimited) -> None:
    dataset = holding("UN", items(content(), inside, delimited))
    written = released(dataset, tmp_path, site(0x30, 0x32), syntax=outside)
    check(inner_of(written))
    raw = written.get_item(SEQUENCE)
    assert raw.VR in ("UN", None)
    assert fits(raw.value, True, True)


def test_undefined_length_as_un(tmp_path) -> None:
    """PS3.5 6.2.2: UN of undefined length is a sequence in implicit VR."""
    value = items(content(), "implicit little") + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    dataset = holding("UN", b"MARK")
    content_of_file = to_bytes(dataset)
    head = struct.pack("<HH2sHL", 0x0019, 0x1040, b"UN", 0, 4) + b"MARK"
    assert content_of_file.count(head) == 1
    long = content_of_file.replace(head, struct.pack("<HH2sH", 0x0019, 0x1040, b"UN", 0) + UNDEFINED + value)
    source = write(tmp_path / "in.dcm", long)
    recipe = Recipe(SAFE, site=site(0x30, 0x32))
    done = run_instance(Task(instance_of(source, dataset), recipe, KEYRING, tmp_path / "out"))
    assert isinstance(done, Written), done
    check(inner_of(parse((tmp_path / "out" / done.name).read_bytes())))


@pytest.mark.parametrize("vr", ["SQ", "UN"])
def test_of_a_sequence_with_nothing_safe_nothing_stays(vr) -> None:
    inner = item(PatientName="OTHER^NAME")
    put_raw(inner, 0x00190010, "LO", MINE.encode() + b" ")
    put_raw(inner, 0x00191031, "LO", b"unknown ")
    dataset = native(inner) if vr == "SQ" else holding("UN", items(inner, "implicit little"))
    found = decided(dataset, judged=site(0x30))
    assert {path: d.action for path, d in found.items()} == {
        (0x00190010,): Action.REMOVE,
        (SEQUENCE,): Action.REMOVE,
    }
    assert found[(SEQUENCE,)].why.detail == "nothing left"


@pytest.mark.parametrize("vr", ["SQ", "UN"])
def test_a_sequence_that_is_safe_still_goes_through_the_profile(tmp_path, vr) -> None:
    dataset = native(content()) if vr == "SQ" else holding("UN", items(content(), "implicit little"))
    check(inner_of(released(dataset, tmp_path, site(0x30, 0x32, 0x40))))


def test_an_unsafe_sequence_goes_with_all_that_is_safe_in_it() -> None:
    found = decided(native(content()), judged=site(0x30, unsafe=(0x40,)))
    assert set(d.action for d in found.values()) == {Action.REMOVE}
    assert len(found) == 2


def test_an_empty_safe_sequence_stays(tmp_path) -> None:
    dataset = native(item())
    dataset[SEQUENCE].value.clear()
    assert len(released(dataset, tmp_path, site(0x40))[SEQUENCE].value) == 0
    assert decided(dataset)[(SEQUENCE,)].action is Action.REMOVE


def test_bytes_in_which_nothing_changes_stay_as_they_are(tmp_path) -> None:
    inner = item(Rows=12)
    value = items(inner, "implicit little", delimited=True)
    found = decided(holding("UN", value))
    assert found[(SEQUENCE,)].action is Action.KEEP
    assert released(holding("UN", value), tmp_path).get_item(SEQUENCE).value == value


def test_the_creator_inside_stays_when_and_only_when_needed() -> None:
    inner = content()
    put_raw(inner, 0x00190011, "LO", b"SOMEBODY ELSE ")
    put_raw(inner, 0x00191131, "LO", b"unknown ")
    found = decided(native(inner), judged=site(0x30))
    parent = (SEQUENCE, 0)
    assert found[(*parent, 0x00190010)].action is Action.KEEP
    assert found[(*parent, 0x00190011)].action is Action.REMOVE
    found = decided(native(inner), judged=site(0x99))
    assert found[(*parent, 0x00190010)].action is Action.REMOVE
    assert found[(0x00190010,)].action is Action.KEEP


def test_nested_in_one_another(tmp_path) -> None:
    """UN in UN in a public sequence."""
    inner = item(Rows=3)
    put_raw(inner, 0x00190010, "LO", MINE.encode() + b" ")
    put_raw(inner, SEQUENCE, "UN", items(content(), "implicit little"))
    outer = item(Rows=2)
    put_raw(outer, 0x00190010, "LO", MINE.encode() + b" ")
    put_raw(outer, SEQUENCE, "UN", items(inner, "implicit little"))
    dataset = ct_slice()
    dataset.AnatomicRegionSequence = [outer]
    written = released(dataset, tmp_path, site(0x30, 0x32))
    read = opened(written).dataset
    check(read.AnatomicRegionSequence[0][SEQUENCE].value[0][SEQUENCE].value[0])


@pytest.mark.parametrize(
    "value",
    [
        b"\xfe\xff\x00\xe0\x10\0\0\0abc",
        b"\xfe\xff\x00\xe0\x08\0\0\0\x10\0\x10\0\xff\0\0\0",
        b"\xfe\xff\x00\xe0" + UNDEFINED + b"\x10\0\x10\0\x04\0\0\0Some",
        b"\xfe\xff\x00\xe0\x18\0\0\0" + b"\x28\0\x11\0\x04\0\0\0Some" * 2,
        b"\xff\xfe\xe0\x00\x00\0\0\x08abcdefgh",
    ],
)
@pytest.mark.parametrize("vr", ["SQ", "UN"])
def test_what_cannot_be_parsed_goes(vr, value) -> None:
    found = decided(holding(vr, value + b"\0" * (len(value) % 2)), judged=site(0x40))
    assert set(found) == {(0x00190010,), (SEQUENCE,)}
    assert found[(SEQUENCE,)].action is Action.REMOVE
    assert found[(SEQUENCE,)].why.detail == "unreadable"


def test_an_unreadable_private_sequence_goes_and_holds_nothing(tmp_path) -> None:
    dataset = holding("SQ", b"\xfe\xff\x00\xe0\x10\0\0\0abcd")
    assert SEQUENCE not in released(dataset, tmp_path, site(0x40))
    assert decided(dataset, judged=site(0x40))[(SEQUENCE,)].why.detail == "unreadable"


def test_pixels_in_a_private_sequence_go() -> None:
    inner = item(Rows=1, Columns=2)
    put_raw(inner, 0x7FE00010, "OB", b"\1\2")
    found = decided(native(inner), judged=site(0x40))
    assert found[(SEQUENCE, 0, 0x7FE00010)].action is Action.REMOVE


def test_identity_that_only_a_private_sequence_tells_is_taken_out_elsewhere(tmp_path) -> None:
    inner = item(PatientName="UNFORGETTABLE^NAME", Rows=3)
    dataset = holding("UN", items(inner, "implicit little"))
    dataset.SeriesDescription = "thorax Unforgettable"
    assert "forget" not in str(released(dataset, tmp_path).get("SeriesDescription", ""))


def test_a_choice_for_one_element_reaches_into_un() -> None:
    profile = Profile("p", SAFE.options, overrides=(Override("(0019,xx31)@MY VENDOR", Action.KEEP),))
    found = decided(holding("UN", items(content(), "implicit little")), profile)
    assert b"unknown " in found[(SEQUENCE,)].value


def test_chinese_inside(tmp_path) -> None:
    inner = item(CodeMeaning="胸部")
    inner.SpecificCharacterSet = "ISO_IR 192"
    put_raw(inner, 0x00190010, "LO", MINE.encode() + b" ")
    put_raw(inner, 0x00191032, "LO", "司马拂晓 胸部".encode() + b" ")
    dataset = holding("UN", items(inner, "explicit little"))
    dataset.SpecificCharacterSet, dataset.PatientName = "ISO_IR 192", "司马^拂晓"
    read = inner_of(released(dataset, tmp_path, site(0x32)))
    assert read.CodeMeaning == "胸部"
    assert read.get_item(0x00191032).value.decode().strip() == "胸部"


def test_a_declared_block_inside_un() -> None:
    dataset = declare(holding("UN", items(content(), "implicit little")), "MIXED", (0x30,))
    found = decided(dataset)
    assert b"1.5 " in found[(SEQUENCE,)].value
    assert b"unknown" not in found[(SEQUENCE,)].value


def test_without_the_option_nothing_is_opened() -> None:
    dataset = holding("UN", items(content(), "implicit little"))
    made = plan(parse(to_bytes(dataset)), Recipe(Profile("p")), KEYRING)
    assert [d.action for d in made.decisions if d.path[0] == SEQUENCE] == [Action.REMOVE]


def test_dates_inside_move_with_the_others(tmp_path) -> None:
    profile = Profile("p", SAFE.options | {Option.RETAIN_MODIFIED_DATES})
    written = released(holding("UN", items(content(), "implicit little")), tmp_path, profile=profile)
    assert inner_of(written).StudyDate == written.StudyDate != "20240517"
