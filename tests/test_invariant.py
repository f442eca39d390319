"""The master invariant: no planted identifier reaches the output, and nothing else changes."""

import io
import itertools
import warnings
import zlib

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from tests.factories import (
    CHARSETS,
    KEYRING,
    KINDS,
    OSWALDINE,
    SYNTAXES,
    encode,
    in_charset,
    put_raw,
    raw_element,
    to_bytes,
    write_in,
)
from tests.planting import DATE_OPTIONS, GROUPS, ROWS, SWEEP, Planter, shell
from viewer.dicom.decisions import Action, Severity
from viewer.dicom.parsing import parse
from viewer.release.apply import apply
from viewer.release.run import encoded
from viewer.release.verify import verify
from viewer.rules.plan import plan
from viewer.rules.profiles import SHIPPED
from viewer.rules.recipe import Option, Profile, Recipe
from viewer.rules.standard import iod_of

# rows of Table E.1-1 that are newer than pydicom's dictionary, in implicit VR
pytestmark = pytest.mark.filterwarnings("ignore:VR lookup failed")

CLASHING = {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES}
PAIRS = [frozenset(pair) for pair in itertools.combinations(Option, 2) if set(pair) != CLASHING]
PROFILES = [
    *SHIPPED,
    *(Profile(option.value, frozenset((option,))) for option in Option),
    *(Profile("+".join(sorted(o.value for o in pair)), pair) for pair in PAIRS),
]
STRUCTURAL = {line["tag"] for line in SWEEP if line["role"].startswith("structural")}
REMOVED_ROWS = {row["tag"] for row in ROWS if row["basic"] == "X"}


def cleaned(content: bytes, profile: Profile):
    """Return (source, plan, output bytes) and fail unless the checker is content."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source = parse(content)
        made = plan(source, Recipe(profile), KEYRING)
        errors = [f for f in made.findings if f.severity is Severity.ERROR]
        assert not errors, errors
        output = encoded(apply(source, made))
        _, findings = verify(output, "ANON/ST/SE/IM.dcm", content, made)
    assert not findings, findings
    return source, made, output


def reread(content: bytes):
    """Return the output as pydicom reads it, every value converted; any warning fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # rows of Table E.1-1 that are newer than pydicom's dictionary, in implicit VR
        warnings.filterwarnings("ignore", "VR lookup failed")
        dataset = dcmread(io.BytesIO(content))
        for _ in dataset.iterall():
            pass
        return dcmread(io.BytesIO(content))


def searchable(content: bytes) -> bytes:
    dataset = dcmread(io.BytesIO(content), stop_before_pixels=True)
    if dataset.file_meta.TransferSyntaxUID == SYNTAXES["deflated"][0]:
        start = 144 + dataset.file_meta.FileMetaInformationGroupLength
        content = content[:start] + zlib.decompress(content[start:], -zlib.MAX_WBITS)
    return content.lower()


def readings(text: str) -> set[bytes]:
    found = set()
    for codec in ("utf-8", "gb18030", "gbk", "gb2312", "utf-16-le", "utf-16-be", "latin-1"):
        for variant in (text, text.lower(), text.upper()):
            try:
                found.add(variant.encode(codec).lower())
            except UnicodeEncodeError:
                continue
    if not text.isascii():
        found.add(in_charset(text, "iso 58"))
    return {f for f in found if len(f) > 3}


def assert_gone(haystack: bytes, texts) -> None:
    left = [text for text in texts if any(needle in haystack for needle in readings(text))]
    assert not left, left


def level_at(dataset: Dataset, path) -> Dataset:
    for i in range(0, len(path) - 1, 2):
        dataset = dataset[path[i]].value[path[i + 1]]
    return dataset


def assert_kept_is_untouched(content: bytes, output: bytes, made) -> None:
    before, after = parse(content), dcmread(io.BytesIO(output))
    for decision in made.decisions:
        if decision.action is Action.KEEP and decision.vr != "SQ":
            old = level_at(before, decision.path).get_item(decision.path[-1])
            new = level_at(after, decision.path).get_item(decision.path[-1])
            assert (old.VR, old.tag) == (new.VR, new.tag)
            if not (isinstance(old, RawDataElement) and isinstance(new, RawDataElement)):
                assert old.value == new.value  # pydicom converts a few while it reads
                continue
            assert (new.value or b"")[: len(old.value or b"")] == (old.value or b"")
            assert len(new.value or b"") - len(old.value or b"") == len(old.value or b"") % 2


def assert_types_hold(before: Dataset, after: Dataset, node, kept, parent=()) -> None:
    """Type 1 attributes that had a value have one, Type 2 ones that were there are there, at every depth."""
    for tag in map(int, before.keys()):
        iod_type = node.type_of(tag) if node else ""
        kept_out = tag in REMOVED_ROWS or tag & 0x10000 or tag & 0xFFFF == 0
        if iod_type in ("1", "1C", "2", "2C") and not kept_out:
            assert tag in after, hex(tag)
            if iod_type.startswith("1") and before[tag].value not in (None, "", b"", []):
                assert after[tag].value not in (None, "", b"", []), hex(tag)
        if tag in after and before[tag].VR == after[tag].VR == "SQ":
            path, child = (*parent, tag), node.child(tag) if node else None
            if path in kept:
                for number, (old, new) in enumerate(zip(before[tag].value, after[tag].value, strict=True)):
                    assert_types_hold(old, new, child, kept, (*path, number))
            else:
                for new in after[tag].value or () if child and tag != 0x0040A730 else ():
                    assert_dummy_is_whole(new, child)


def assert_dummy_is_whole(item: Dataset, node) -> None:
    """An item that was put in has every Type 1 attribute of its level, none of them empty."""
    for tag in node.required():
        assert tag in item, hex(tag)
        assert node.type_of(tag) == "2" or item[tag].value not in (None, "", b"", []), hex(tag)
        child = node.child(tag)
        if child and item[tag].VR == "SQ":
            for inner in item[tag].value:
                assert_dummy_is_whole(inner, child)


def uid_pairs(before: Dataset, after: Dataset):
    """Yield (tag, old, new) of every UID that stands at the same place in both."""
    for element in before:
        if element.tag not in after:
            continue
        other = after[element.tag]
        if element.VR == "SQ" and other.VR == "SQ" and len(element.value or ()) == len(other.value or ()):
            for old, new in zip(element.value or (), other.value or (), strict=True):
                yield from uid_pairs(old, new)
        elif element.VR == other.VR == "UI" and element.value and other.value:
            yield element.tag, str(element.value), str(other.value)


def assert_uids_agree(content: bytes, output: bytes, profile: Profile) -> None:
    seen: dict[str, str] = {}
    after = dcmread(io.BytesIO(output))
    for tag, old, new in uid_pairs(parse(content), after):
        if old.startswith("1.2.840.10008.") or str(tag).upper() in STRUCTURAL:
            assert new == old
        else:
            assert seen.setdefault(old, new) == new, tag
            assert len(new) <= 64
    assert len(set(seen.values())) == len(seen)
    if not {Option.RETAIN_UIDS, Option.RETAIN_DEVICE_IDENTITY} & profile.options:
        assert not {old for old, new in seen.items() if old == new}
    assert after.file_meta.MediaStorageSOPInstanceUID == after.SOPInstanceUID


def assert_nothing_extra(output: bytes, profile: Profile) -> None:
    after = dcmread(io.BytesIO(output))
    assert output[:128] == bytes(128)
    tags = [e.tag for e in after.iterall()]
    assert not [t for t in tags if t.element == 0 or t.group in (0x0000, 0x0002, 0x0004)]
    if Option.RETAIN_SAFE_PRIVATE not in profile.options:
        assert not [t for t in tags if t.is_private]
    allowed = {0, 1, 2, 3, 0x10, 0x12, 0x13}
    assert {t.element for t in after.file_meta.keys()} <= allowed  # noqa: SIM118
    assert "EKATERIN" not in str(after.file_meta)


def codes(output: bytes) -> set[str]:
    return {i.CodeValue for i in dcmread(io.BytesIO(output)).DeidentificationMethodCodeSequence}


def assert_invariant(content: bytes, profile: Profile, tokens, identity) -> bytes:
    source, made, output = cleaned(content, profile)
    options = {o.value for o in profile.options}
    haystack = searchable(output)
    assert_gone(haystack, [t.text for t in tokens if t.must_go(options)])
    assert_gone(haystack, identity)
    after = reread(output)
    assert_kept_is_untouched(content, output, made)
    kept = {d.path for d in made.decisions if d.action is Action.KEEP}
    assert_types_hold(source, after, iod_of(str(source.SOPClassUID)), kept)
    assert_uids_agree(content, output, profile)
    assert_nothing_extra(output, profile)
    _, again, second = cleaned(output, profile)
    assert codes(output) <= codes(second)
    assert again.patient != ""
    assert reread(second).PatientIdentityRemoved == "YES"
    return output


def name_words(name: str) -> list[str]:
    """Return every part of a name that tells who it is."""
    return [p for group in name.split("=") for p in group.split("^") if len(p) > 1]


def plant_name(dataset: Dataset, charset: str) -> str:
    """Write the patient's name and hide it in texts that Table E.1-1 does not list."""
    codec, chinese = CHARSETS[charset][1:]
    name = write_in(dataset, charset, None if chinese else OSWALDINE.name)
    parts = name.split("=")[-1].split("^")
    for tag, vr, text in (
        (0x00181250, "SH", f"coil {parts[0]}"),
        (0x00181006, "LO", f"grid of {parts[0]}{'' if chinese else ' '}{parts[1]}"),
        (0x00281055, "LO", f"{parts[0]}^{parts[1]} lung"),
    ):
        value = in_charset(text, codec)
        put_raw(dataset, tag, vr, value + b" " * (len(value) % 2))
    nested = Dataset()
    value = in_charset(f"meant {parts[0]}", codec)
    put_raw(nested, 0x00080104, "LO", value + b" " * (len(value) % 2))
    dataset.add_new(0x00082228, "SQ", [nested])
    return name


def built(kind: str, syntax: str, charset: str, groups) -> tuple[bytes, list, str]:
    """Return a file with tokens in it, the tokens, and the patient's name."""
    dataset, planter = KINDS[kind](), Planter()
    for group in groups:
        GROUPS[group](dataset, planter)
    name = plant_name(dataset, charset)
    around = shell(planter)
    padding = around.pop("padding")
    trailing = raw_element(0xFFFCFFFC, "OB", padding, syntax) if "listed" not in groups else b""
    if "listed" in groups:
        planter.tokens = [t for t in planter.tokens if t.where != "padding"]
    there = encode(dataset) + b"".join(
        v for v in (around["preamble"], *(m[2] for m in around["meta"]), padding)
    )
    planter.tokens = [t for t in planter.tokens if t.text.encode() in there]  # a later group may overwrite
    leading = raw_element(0x00041130, "CS", b"QZ99999PLANT", syntax)
    leading += raw_element(0x00080000, "UL", b"\x10\0\0\0", syntax)
    return to_bytes(dataset, syntax, leading=leading, trailing=trailing, **around), planter.tokens, name


def syntaxes_of(kind: str) -> list[str]:
    return [s for s in SYNTAXES if s != "RLE" or kind in ("CT", "DX", "US")]


@settings(max_examples=40, phases=(Phase.explicit, Phase.generate))
@given(data=st.data())
def test_no_identifier_reaches_the_output_and_nothing_else_changes(data) -> None:
    kind = data.draw(st.sampled_from(sorted(KINDS)), "kind")
    syntax = data.draw(st.sampled_from(syntaxes_of(kind)), "syntax")
    charset = data.draw(st.sampled_from(sorted(CHARSETS)), "charset")
    profile = data.draw(st.sampled_from(PROFILES), "profile")
    groups = data.draw(st.lists(st.sampled_from(sorted(GROUPS)), unique=True), "groups")
    if (
        syntax == "explicit big"
    ):  # UN holds little endian sequences (PS3.5 6.2.2); pydicom cannot read them here
        groups = [group for group in groups if group != "unknown"]
    content, tokens, name = built(kind, syntax, charset, sorted(groups))
    assert_invariant(content, profile, tokens, [*name_words(name), "QZ99999PLANT"])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_everything_at_once_under_the_basic_profile(kind: str) -> None:
    content, tokens, name = built(kind, "explicit little", "GB18030", list(GROUPS))
    assert len(tokens) > 700
    output = assert_invariant(content, SHIPPED[-1], tokens, name_words(name))
    assert_gone(searchable(output), [t.text for t in tokens])


@pytest.mark.parametrize("option", Option, ids=lambda o: o.value)
def test_everything_at_once_under_every_option(option: Option) -> None:
    content, tokens, name = built("CT", "explicit little", "ISO_IR 192", list(GROUPS))
    assert_invariant(content, Profile("one", frozenset((option,))), tokens, name_words(name))


def test_the_search_of_this_test_finds_what_is_there() -> None:
    """Were nothing removed, this test would notice every token."""
    content, tokens, name = built("CT", "explicit little", "GB18030", list(GROUPS))
    haystack = content.lower()
    assert [t for t in tokens if not any(r in haystack for r in readings(t.text))] == []
    with pytest.raises(AssertionError):
        assert_gone(haystack, name_words(name))
    assert {o.value for o in CLASHING} == DATE_OPTIONS
