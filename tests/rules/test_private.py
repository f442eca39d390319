"""Private elements: gone without the option, with it only those that are known to be safe."""

import pytest

from tests.factories import KEYRING, ct_slice, item, put_raw, to_bytes
from viewer.dicom.decisions import Action
from viewer.release.run import parse
from viewer.rules import private
from viewer.rules.plan import plan
from viewer.rules.recipe import Option, Override, Profile, Recipe

SAFE = Profile("safe", frozenset((Option.RETAIN_SAFE_PRIVATE,)))


def actions(dataset, profile=SAFE):
    made = plan(parse(to_bytes(dataset)), Recipe(profile), KEYRING)
    return {d.path: d.action for d in made.decisions if any(t & 0x10000 for t in d.path[::2])}


def with_block(creator="GEMS_ACQU_01", block=0x10):
    dataset = ct_slice()
    put_raw(dataset, 0x00190000 | block, "LO", creator.encode() + b" " * (len(creator) % 2))
    put_raw(dataset, 0x00190000 | block << 8 | 0x23, "DS", b"1.5 ")
    put_raw(dataset, 0x00190000 | block << 8 | 0xFE, "LO", b"unsafe")
    return dataset


def test_nothing_stays_without_the_option() -> None:
    assert set(actions(with_block(), Profile("p")).values()) == {Action.REMOVE}


@pytest.mark.parametrize("block", [0x10, 0x11, 0xFF])
def test_safe_ones_stay_with_their_creator_whatever_the_block(block) -> None:
    found = actions(with_block(block=block))
    assert found[0x00190000 | block,] is Action.KEEP
    assert found[0x00190000 | block << 8 | 0x23,] is Action.KEEP
    assert found[0x00190000 | block << 8 | 0xFE,] is Action.REMOVE


@pytest.mark.parametrize("creator", ["GEMS_ACQU_02", "gems_acqu_01", "", "X"])
def test_an_unknown_creator_makes_nothing_safe(creator) -> None:
    assert set(actions(with_block(creator)).values()) == {Action.REMOVE}


def test_what_the_file_declares_safe() -> None:
    dataset = with_block("MY VENDOR")
    declared = item(
        PrivateGroupReference=0x0019,
        PrivateCreatorReference="MY VENDOR",
        BlockIdentifyingInformationStatus="MIXED",
        NonidentifyingPrivateElements=[0x23],
    )
    dataset.PrivateDataElementCharacteristicsSequence = [declared]
    found = actions(dataset)
    assert (found[(0x00191023,)], found[(0x001910FE,)]) == (Action.KEEP, Action.REMOVE)
    declared.BlockIdentifyingInformationStatus = "SAFE"
    assert set(actions(dataset).values()) == {Action.KEEP}
    declared.BlockIdentifyingInformationStatus = "UNSAFE"
    del declared.NonidentifyingPrivateElements
    assert set(actions(dataset).values()) == {Action.REMOVE}


def test_names_and_dates_in_safe_blocks_do_not_stay() -> None:
    dataset = with_block("MY VENDOR")
    put_raw(dataset, 0x00191030, "PN", b"Some^One")
    put_raw(dataset, 0x00191031, "DA", b"20240517")
    put_raw(dataset, 0x00191032, "UI", b"1.2.826.0.1.77\0\0")
    dataset.PrivateDataElementCharacteristicsSequence = [
        item(
            PrivateGroupReference=0x0019,
            PrivateCreatorReference="MY VENDOR",
            BlockIdentifyingInformationStatus="SAFE",
        )
    ]
    found = actions(dataset)
    assert found[(0x00191030,)] is Action.REMOVE
    assert found[(0x00191031,)] is Action.REMOVE
    assert found[(0x00191032,)] is Action.REMAP


def test_a_kept_override_keeps_its_creator() -> None:
    override = Override("(0019,xxFE)@GEMS_ACQU_01", Action.KEEP)
    found = actions(with_block(), Profile("p", overrides=(override,)))
    assert found == {(0x00190010,): Action.KEEP, (0x00191023,): Action.REMOVE, (0x001910FE,): Action.KEEP}


def test_where_private_elements_may_stand() -> None:
    assert private.is_creator(0x00190010)
    assert not private.is_creator(0x00191010)
    assert not private.is_creator(0x00180010)
    assert [private.is_legal(t) for t in (0x00191010, 0x00190110, 0x00011010, 0x00071010, 0xFFFF1010)] == [
        True, False, False, False, False,
    ]  # fmt: skip
