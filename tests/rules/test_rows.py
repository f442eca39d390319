"""The rows of the tag table: every element of source and output, as texts for the screen."""

from pathlib import Path

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian

from viewer.dicom.decisions import Action, Basis, Decision, Identity, Plan, Reason
from viewer.dicom.elements import ElementPath
from viewer.dicom.errors import UnreadableFile
from viewer.dicom.parsing import parse
from viewer.dicom.scan import scan
from viewer.dicom.sources import read_source
from viewer.pixels.regions import Box, Region, Scope, ScopeKind
from viewer.rules.plan import plan
from viewer.rules.recipe import Option, Override, Profile, Recipe
from viewer.rules.rows import LONGEST, Row, aggregate, name_of, rows, why_text
from viewer.rules.surrogates import Keyring

KEYRING = Keyring(b"k" * 32)
BASIC = Recipe(Profile("PS3.15 Basic"))
NAME, COMMENTS, PIXELS, REMOVED = 0x00100010, 0x00104000, 0x7FE00010, 0x00120062
OTHER_IDS, REQUEST, SERIES = 0x00101002, 0x00400275, "1.2.3.20"


def item(**values: object) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def header(**values: object) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta)
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID = meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    made.SOPInstanceUID = meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3.10", SERIES
    made.PatientName, made.PatientID, made.Modality = "Zhang^San=张^三", "0100482917", "CT"
    made.Rows, made.Columns = 20, 30
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def made_rows(dataset: Dataset, recipe: Recipe = BASIC) -> dict[ElementPath, Row]:
    return {row.path: row for row in rows(dataset, plan(dataset, recipe, KEYRING))}


def test_every_element_has_one_row_in_the_order_of_the_tags() -> None:
    dataset = header(OtherPatientIDsSequence=[item(PatientID="W-1"), item(PatientID="W-2")])
    found = rows(dataset, plan(dataset, BASIC, KEYRING))
    paths = [row.path for row in found]
    assert len(paths) == len(set(paths))
    assert paths == sorted(paths)
    assert {(int(tag),) for tag in dataset.keys()} <= set(paths)  # noqa: SIM118 (a Dataset yields elements)


def test_old_and_new_stand_side_by_side() -> None:
    row = made_rows(header())[NAME,]
    assert (row.tag, row.name, row.vr) == ("(0010,0010)", "Patient's Name", "PN")
    assert row.old == "Zhang^San=张^三"
    assert row.new.startswith("ANON-")
    assert (row.action, row.identity, row.changed) == (Action.REPLACE, Identity.DIRECT, True)


def test_what_is_added_has_a_row_without_an_old_value() -> None:
    row = made_rows(header())[REMOVED,]
    assert (row.action, row.old, row.new, row.changed) == (Action.ADD, "", "YES", True)


def test_a_kept_sequence_shows_its_count_before_and_after() -> None:
    dataset = header(ReferencedImageSequence=[item(ReferencedSOPInstanceUID="1.2.9")])
    keep = Recipe(Profile("own", overrides=(Override("ReferencedImageSequence", Action.KEEP),)))
    row = made_rows(dataset, keep)[0x00081140,]
    assert (row.vr, row.old, row.new) == ("SQ", "1 item", "1 item")


def test_items_are_indented_below_their_sequence() -> None:
    dataset = header(RequestAttributesSequence=[item(RequestedProcedureID="R-1")])
    options = Recipe(Profile("own", frozenset({Option.CLEAN_DESCRIPTORS})))
    found = made_rows(dataset, options)
    assert found[REQUEST,].depth == 0
    inner = found[REQUEST, 0, 0x00401001]
    assert (inner.depth, inner.old, inner.within_removed) == (1, "R-1", False)


def test_what_stands_in_a_removed_sequence_is_shown_as_going_with_it() -> None:
    inner = item(PatientID="W-1", PersonIdentificationCodeSequence=[item(CodeValue="P-1")])
    found = made_rows(header(OtherPatientIDsSequence=[inner]))
    assert found[OTHER_IDS,].action is Action.REMOVE
    for path in ((OTHER_IDS, 0, 0x00100020), (OTHER_IDS, 0, 0x00401101, 0, 0x00080100)):
        row = found[path]
        assert (row.within_removed, row.action, row.new) == (True, Action.REMOVE, "")
    assert found[OTHER_IDS, 0, 0x00100020].old == "W-1"


def test_binary_values_are_shown_as_sizes() -> None:
    dataset = header()
    dataset.add_new(PIXELS, "OW", bytes(512 * 1024))
    row = made_rows(dataset)[PIXELS,]
    assert (row.old, row.new, row.action) == ("512 KB, binary", "512 KB, binary", Action.KEEP)
    assert row.why == "Not identifying by the standard."


def test_boxes_are_told_in_the_row_of_the_pixels() -> None:
    dataset = header()
    dataset.add_new(PIXELS, "OW", bytes(1200))
    regions = tuple(
        Region(Box(x, 0, 3, 3), Scope(ScopeKind.SERIES, SERIES, rows=20, columns=30)) for x in (0, 9)
    )
    row = made_rows(dataset, Recipe(BASIC.profile, regions))[PIXELS,]
    assert row.changed
    assert row.new == "2 boxes made black in 1 frame"


def test_long_texts_are_cut() -> None:
    row = made_rows(header(PatientComments="a" * 5000))[COMMENTS,]
    assert len(row.old) == LONGEST
    assert row.old.endswith("…")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("DS", b"12.x "),
        ("IS", b"1.5"),
        ("DA", b"\xff\xfe"),
        ("US", b"\x01"),
        ("AT", b"\x01\x02"),
        ("PN", None),
    ],
)
def test_odd_values_never_raise(vr: str, value: bytes | None) -> None:
    dataset = header()
    tag = Tag(0x00181030)
    raw = RawDataElement(tag, vr, len(value or b""), value, 0, False, True)
    dataset[tag] = raw
    decision = Decision((int(tag),), vr, Action.KEEP, Identity.HARMLESS, Reason(Basis.UNLISTED))
    (row,) = (r for r in rows(dataset, Plan((decision,))) if r.path == (int(tag),))
    assert isinstance(row.old, str)


def test_a_private_element_is_named_after_its_creator() -> None:
    dataset = header()
    dataset.private_block(0x0021, "SAMPLE VENDOR", create=True).add_new(1, "LO", "张三")
    found = made_rows(dataset)
    assert found[0x00210010,].name == "Private creator"
    assert found[0x00211001,].name == "Private (SAMPLE VENDOR)"
    assert found[0x00211001,].identity is Identity.UNKNOWN


def test_a_persons_choice_is_marked() -> None:
    chosen = Recipe(Profile("own", overrides=(Override("PatientName", Action.REPLACE, "Case 7"),)))
    row = made_rows(header(), chosen)[NAME,]
    assert (row.overridden, row.new) == (True, "Case 7")
    assert "Your choice" in row.why
    assert not made_rows(header())[NAME,].overridden


def chosen_for(row: Row, selector: str) -> Recipe:
    return Recipe(Profile("own", overrides=(Override(selector, Action.KEEP),)))


def test_a_choice_for_a_private_element_is_not_one_for_another_vendors() -> None:
    mine, theirs = header(), header()
    mine.private_block(0x0021, "VENDOR A", create=True).add_new(1, "LO", "gain 7")
    theirs.private_block(0x0021, "VENDOR B", create=True).add_new(1, "LO", "Zhang San")
    row = made_rows(mine)[0x00211001,]
    assert row.is_open
    for selector in (row.selector_everywhere, row.selector_here):
        recipe = chosen_for(row, selector)
        assert made_rows(mine, recipe)[0x00211001,].new == "gain 7"
        assert made_rows(theirs, recipe)[0x00211001,].action is Action.REMOVE


def test_a_choice_everywhere_reaches_items_and_one_here_does_not() -> None:
    dataset = header(RequestAttributesSequence=[item(PatientID="W-1"), item(PatientID="W-2")])
    inner = (REQUEST, 1, 0x00100020)
    options = frozenset({Option.CLEAN_DESCRIPTORS})
    row = made_rows(dataset, Recipe(Profile("own", options)))[inner]

    def kept(selector: str) -> set[ElementPath]:
        recipe = Recipe(Profile("own", options, (Override(selector, Action.KEEP),)))
        return {path for path, r in made_rows(dataset, recipe).items() if r.overridden}

    assert kept(row.selector_here) == {inner}
    assert kept(row.selector_everywhere) == {inner, (REQUEST, 0, 0x00100020), (0x00100020,)}


def test_there_is_no_choice_where_none_can_be_kept_to() -> None:
    dataset = header(OtherPatientIDsSequence=[item(PatientID="W-1")])
    dataset.add_new(0x00231001, "LO", "no creator")
    dataset.private_block(0x0021, "VENDOR", create=True).add_new(1, "LO", "x")
    found = made_rows(dataset)
    closed = [(REMOVED,), (OTHER_IDS, 0, 0x00100020), (0x00231001,), (0x00210010,)]
    assert [found[path].is_open for path in closed] == [False] * 4
    assert found[NAME,].is_open


def test_names_are_those_of_the_standard_or_of_the_dictionary() -> None:
    assert name_of(NAME, {}) == "Patient's Name"
    assert name_of(0x00180060, {}) == "KVP"
    assert name_of(0x00280100, {}) == "Bits Allocated"
    assert name_of(0x00080111, {}) == "Unknown element"


def test_why_says_the_code_in_words_and_the_type() -> None:
    assert why_text(Reason(Basis.TABLE, "X/Z/D", iod_type="2")) == (
        "PS3.15 Table E.1-1 says X/Z/D (remove, empty or a made-up value); Type 2 in this kind of object."
    )
    assert "“retain uids” says K (keep)" in why_text(Reason(Basis.OPTION, "K", Option.RETAIN_UIDS.value))
    assert why_text(Reason(Basis.UNLISTED), "LO").endswith("searched for the patient.")


@pytest.mark.parametrize("basis", Basis)
def test_every_basis_has_a_sentence(basis: Basis) -> None:
    assert why_text(Reason(basis)).endswith(".")


def test_a_series_shows_the_common_value_or_how_many_there_are() -> None:
    many = [
        rows(one, plan(one, BASIC, KEYRING))
        for one in (header(InstanceNumber=n, SOPInstanceUID=f"1.2.3.{n}") for n in (1, 2, 3))
    ]
    found = {row.path: row for row in aggregate(many)}
    assert found[NAME,].old == "Zhang^San=张^三"
    assert found[0x00200013,].old == "3 different values in 3 images"
    assert found[0x00080018,].new == "3 different values in 3 images"


def test_a_series_says_in_how_many_images_an_element_stands() -> None:
    with_age, without = header(PatientAge="050Y"), header()
    many = [rows(one, plan(one, BASIC, KEYRING)) for one in (with_age, without)]
    found = {row.path: row for row in aggregate(many)}
    assert found[0x00101010,].old == "050Y  (in 1 of 2 images)"
    assert aggregate([]) == ()


def test_original_values_are_not_in_the_repr() -> None:
    dataset = header(ReferencedPatientSequence=Sequence([item(PatientID="W-1")]))
    text = repr(rows(dataset, plan(dataset, BASIC, KEYRING)))
    assert "0100482917" not in text
    assert "Zhang" not in text


@pytest.mark.corpus
@pytest.mark.filterwarnings("ignore")
def test_real_files_of_every_kind_have_rows(corpus: Path) -> None:
    small = sorted(p for p in corpus.rglob("*.dcm") if p.stat().st_size < 500_000)[:80]
    seen = 0
    for instance in scan(small).instances:
        try:
            dataset = parse(read_source(instance.source))
        except UnreadableFile:
            continue
        found = rows(dataset, plan(dataset, BASIC, KEYRING))
        assert len({row.path for row in found}) == len(found) > 0
        seen += 1
    assert seen > 0
