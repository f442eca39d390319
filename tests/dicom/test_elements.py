"""Paths, selectors and the walk through a data set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from tests.factories import item, put_raw, report, rt_plan, to_bytes
from viewer.dicom.elements import (
    dictionary_vr,
    encodings_of,
    keyword,
    parse_selector,
    path_text,
    raw_elements,
    tag_text,
    tags_along,
    texts,
    vr_to_write,
    walk,
)
from viewer.dicom.errors import BadSelector
from viewer.dicom.parsing import parse

TAGS = st.integers(0, 0xFFFFFFFF)
PATHS = st.lists(st.tuples(TAGS, st.integers(0, 99)), max_size=4).flatmap(
    lambda above: TAGS.map(lambda last: (*(n for pair in above for n in pair), last))
)


@given(PATHS)
def test_a_path_as_text_names_exactly_that_path(path) -> None:
    selector = parse_selector("/" + path_text(path))
    assert selector.matches(path)
    assert not selector.matches((*path, 0, 0x00100010))
    assert not selector.matches((*path[:-1], path[-1] ^ 1))
    assert tags_along(path) == path[::2]


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("(0010,0010)", [(0x00100010,), (0x00081140, 3, 0x00100010)], [(0x00100020,)]),
        ("00100010", [(0x00100010,)], [(0x00100011,)]),
        ("PatientName", [(0x00100010,), (0x1, 0, 0x00100010)], [(0x00100020,)]),
        ("/PatientName", [(0x00100010,)], [(0x00081140, 0, 0x00100010)]),
        ("(60xx,3000)", [(0x60003000,), (0x601E3000,)], [(0x50003000,), (0x60004000,)]),
        ("(0040,A730)[2].(0040,A123)", [(0x0040A730, 1, 0x0040A123)], [(0x0040A730, 0, 0x0040A123)]),
        ("ContentSequence[*].PersonName", [(0x0040A730, 7, 0x0040A123)], [(0x0040A123,)]),
        ("ContentSequence.PersonName", [(0x0040A730, 7, 0x0040A123)], [(0x0040A730,)]),
        (" (0010,0010) ", [(0x00100010,)], []),
    ],
)
def test_selectors(text, yes, no) -> None:
    selector = parse_selector(text)
    assert all(selector.matches(path) for path in yes)
    assert not any(selector.matches(path) for path in no)


def test_a_selector_with_a_private_creator() -> None:
    selector = parse_selector("(0009,xx10)@GEMS_IDEN_01")
    assert selector.matches((0x00091010,), "GEMS_IDEN_01")
    assert selector.matches((0x00091110,), "GEMS_IDEN_01")
    assert not selector.matches((0x00091010,), "OTHER")
    assert not selector.matches((0x00091011,), "GEMS_IDEN_01")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "Patient Name",
        "(0010,001)",
        "(0010;0010)",
        "NoSuchKeyword",
        "(0010,0010)[x]",
        "a.b",
        ".",
        "[1]",
    ],
)
def test_what_names_nothing_is_refused_in_a_sentence(text) -> None:
    with pytest.raises(BadSelector, match="names no element"):
        parse_selector(text)


def test_names_of_tags() -> None:
    assert tag_text(0x0010A0F1) == "(0010,A0F1)"
    assert keyword(0x00100010) == "PatientName"
    assert keyword(0x00110010) == keyword(0x00087777) == ""
    assert dictionary_vr(0x00280106) == "US or SS"
    assert dictionary_vr(0x00110010) == ""
    assert vr_to_write(0x00100010, "UN") == "PN"
    assert vr_to_write(0x00280106, "SS") == "SS"
    assert vr_to_write(0x00280106, "UN") == "US"
    assert vr_to_write(0x00087777, None) == "UN"


@pytest.mark.parametrize("build", [report, rt_plan])
def test_walk_visits_every_element_once_sequences_before_items(build) -> None:
    dataset = parse(to_bytes(build()))
    paths = [path for path, _ in walk(dataset)]
    assert len(paths) == len(set(paths)) == sum(1 for _ in dataset.iterall())
    assert paths == sorted(paths)
    assert max(map(len, paths)) >= 5


def test_raw_elements_are_sorted_unconverted_and_without_delimiters() -> None:
    dataset = parse(to_bytes(report()))
    put_raw(dataset, 0xFFFEE00D, "", b"")
    tags = [tag for tag, _ in raw_elements(dataset)]
    assert tags == sorted(tags)
    assert not [t for t in tags if t >> 16 == 0xFFFE]
    assert all(type(t) is int for t in tags)


@pytest.mark.parametrize(
    ("declared", "first"),
    [(None, "gb18030"), ("ISO_IR 192", "utf-8"), ("GB18030", "gb18030"), ("nonsense", None), ("", None)],
)
def test_character_sets_are_inherited(declared, first) -> None:
    dataset = Dataset()
    if declared is not None:
        put_raw(dataset, 0x00080005, "CS", declared.encode())
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = encodings_of(dataset, ["gb18030"])
    assert found
    if first:
        assert found[0] == first


def test_texts_of_every_kind() -> None:
    dataset = Dataset()
    put_raw(dataset, 0x00080070, "LO", b" a \\b\\\\ c\0")
    put_raw(dataset, 0x00104000, "LT", b"a\\b ")
    put_raw(dataset, 0x00280010, "US", b"\x05\0")
    put_raw(dataset, 0x00281201, "OW", b"\xff\xfe")
    put_raw(dataset, 0x00080020, "DA", b"\xff\xfe")
    assert texts(dataset.get_item(0x00080070), ["ascii"]) == ("a", "b", "c")
    assert texts(dataset.get_item(0x00104000), ["ascii"]) == ("a\\b",)
    assert texts(dataset.get_item(0x00280010), ["ascii"]) == ("5",)
    assert texts(dataset.get_item(0x00281201), ["ascii"]) == ("ÿþ",)
    assert isinstance(texts(dataset.get_item(0x00080020), ["ascii"]), tuple)
    assert texts(item(PatientName="")[0x00100010], ["ascii"]) == ()
