"""The tree of a report as plain data: what a person reads, and what damage does to it."""

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.factories import code, ct_slice, item, put_raw, report, to_bytes, uid
from viewer.dicom.content_tree import CONTENT, DEEPEST, content_tree, is_form
from viewer.dicom.parsing import parse


def test_a_report_is_read() -> None:
    root = content_tree(parse(to_bytes(report())))
    assert root is not None
    assert (root.concept, root.value_type, root.path) == ("Diagnostic Imaging Report", "CONTAINER", ())
    observer, section = root.children
    assert (observer.concept, observer.value) == ("Person Observer Name", "WOLFRAMSEN^ADA")
    assert observer.relationship == "HAS OBS CONTEXT"
    text = section.children[0]
    assert text.path == (CONTENT, 1, CONTENT, 0)
    assert text.values[0][0] == (*text.path, 0x0040A160)
    assert [i.value_type for i in root.walk()] == ["CONTAINER", "PNAME", "CONTAINER", "TEXT", "IMAGE"]


def test_codes_numbers_and_references_are_readable() -> None:
    made = report()
    measured = item(NumericValue="5.5", MeasurementUnitsCodeSequence=code("mm", "UCUM", "millimeter"))
    reference = item(
        ReferencedSOPClassUID=uid(1), ReferencedSOPInstanceUID=uid(2), ReferencedFrameNumber=[1, 2]
    )
    made.ContentSequence = Sequence(
        [
            item(ValueType="CODE", ConceptCodeSequence=code("1", "SCT", "Nodule")),
            item(ValueType="NUM", MeasuredValueSequence=Sequence([measured])),
            item(ValueType="IMAGE", ReferencedSOPSequence=Sequence([reference])),
            item(ValueType="CODE", ConceptCodeSequence=Sequence([item(CodeValue="17")])),
        ]
    )
    root = content_tree(parse(to_bytes(made)))
    assert root is not None
    assert [i.value for i in root.children] == ["Nodule", "5.5 millimeter", f"{uid(2)} [1 \\ 2]", "17"]
    assert root.children[0].values[0][0] == (CONTENT, 0, 0x0040A168, 0, 0x00080104)


def test_an_image_has_no_tree() -> None:
    assert content_tree(parse(to_bytes(ct_slice()))) is None


def test_chinese_text_is_read_in_the_letters_of_its_level() -> None:
    made = report()
    made.SpecificCharacterSet = "GB18030"
    made.ContentSequence[1].ContentSequence[0].TextValue = "左肺结节"
    root = content_tree(parse(to_bytes(made)))
    assert root is not None
    assert root.children[1].children[0].value == "左肺结节"


def test_damage_leaves_the_rest_readable() -> None:
    made = report()
    put_raw(made.ContentSequence[0], 0x0040A043, "LO", b"no sequence ")
    put_raw(made.ContentSequence[1], CONTENT, "SQ", b"no items at all ")
    root = content_tree(parse(to_bytes(made)))
    assert root is not None
    assert root.children[0].concept == ""
    assert root.children[0].value == "WOLFRAMSEN^ADA"
    assert root.children[1].children == ()
    assert content_tree(Dataset()) is None


def test_a_tree_without_end_ends() -> None:
    inner = item(ValueType="CONTAINER")
    for _ in range(DEEPEST + 20):
        inner = item(ValueType="CONTAINER", ContentSequence=Sequence([inner]))
    root = content_tree(inner)
    assert root is not None
    assert len(list(root.walk())) == DEEPEST + 1


def test_only_enumerated_words_are_form() -> None:
    assert is_form(0x0040A040, ("TEXT",))
    assert not is_form(0x0040A040, ("QUENBERT",))
    assert not is_form(0x00080060, ("TEXT",))
