"""Corners of apply and verify that whole files seldom reach: each refusal and each thing noticed, once."""

import io

import pytest
from pydicom import dcmread
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from tests.factories import KEYRING, ct_slice, instance_of, put_raw, to_bytes, write
from viewer.dicom.decisions import Severity
from viewer.dicom.errors import Unsupported
from viewer.dicom.parsing import parse
from viewer.release import run as run_module
from viewer.release.apply import apply
from viewer.release.encode import encoded
from viewer.release.report import Held
from viewer.release.run import Task, run_instance
from viewer.release.verify import verify
from viewer.rules.plan import plan
from viewer.rules.profiles import BASIC
from viewer.rules.recipe import Recipe


def planned(dataset: Dataset, **how):
    content = to_bytes(dataset, **how)
    source = parse(content)
    return content, source, plan(source, Recipe(BASIC), KEYRING)


def errors_after(change, dataset: Dataset | None = None) -> set[str]:
    """Return the codes that verify() gives when the output was changed before it was encoded."""
    content, source, made = planned(dataset or ct_slice())
    output = apply(source, made)
    change(output)
    _, findings = verify(encoded(output), "name", content, made)
    return {f.code for f in findings if f.severity is Severity.ERROR}


def with_references() -> Dataset:
    dataset = ct_slice()
    item = Dataset()
    item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    item.ReferencedSOPInstanceUID = "1.2.3.4.5.6.7.8.9"
    dataset.ReferencedInstanceSequence = [item]
    return dataset


# --- apply: what cannot be carried over exactly is refused -------------------------------------------------


def test_a_data_set_of_unknown_encoding_is_refused() -> None:
    _, source, made = planned(ct_slice())
    source.set_original_encoding(None, None)
    with pytest.raises(Unsupported, match="encoded cannot be told"):
        apply(source, made)


def test_compressed_pixels_without_a_syntax_are_refused() -> None:
    _, source, made = planned(ct_slice())
    element = source.get_item(0x7FE00010)
    assert isinstance(element, RawDataElement)
    source._dict[BaseTag(0x7FE00010)] = element._replace(length=0xFFFFFFFF)
    with pytest.raises(Unsupported, match="does not say how"):
        apply(source, made)
    changed = DataElement(0x7FE00010, "OB", b"\xfe\xff\x00\xe0\0\0\0\0")
    changed.is_undefined_length = True
    source[0x7FE00010] = changed
    with pytest.raises(Unsupported, match="does not say how"):
        apply(source, made)


def test_a_syntax_that_contradicts_the_encoding_is_refused() -> None:
    _, source, made = planned(ct_slice(), syntax="implicit little")
    source.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.5"
    with pytest.raises(Unsupported, match="contradict"):
        apply(source, made)


def test_an_unknown_syntax_of_plain_data_is_named_truly() -> None:
    _, source, made = planned(ct_slice())
    source.file_meta.TransferSyntaxUID = "1.2.3.4"
    assert apply(source, made).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"length": 40}, "cut short"), ({"VR": None}, "no value representation")],
)
def test_an_element_that_cannot_be_carried_over_is_refused(change, sentence) -> None:
    _, source, made = planned(ct_slice())
    element = source.get_item(0x00080060)
    source._dict[BaseTag(0x00080060)] = element._replace(**change)
    with pytest.raises(Unsupported, match=sentence):
        apply(source, made)


def test_an_element_without_bytes_is_carried_over_empty() -> None:
    _, source, made = planned(ct_slice())
    element = source.get_item(0x00080060)
    source._dict[BaseTag(0x00080060)] = element._replace(value=None, length=0)
    kept = apply(source, made).get_item(0x00080060)
    assert (kept.value, kept.length) == (b"", 0)


def test_a_data_set_without_any_class_is_refused() -> None:
    _, source, made = planned(ct_slice())
    del source[0x00080016]
    del source.file_meta[0x00020002]
    with pytest.raises(Unsupported, match="kind of object"):
        apply(source, made)


def test_values_that_cannot_be_encoded_are_refused() -> None:
    _, source, made = planned(ct_slice())
    output = apply(source, made)
    output[BaseTag(0x00280010)] = DataElement(0x00280010, "US", "no number", validation_mode=0)
    with pytest.raises(Unsupported, match="not valid DICOM"):
        encoded(output)


# --- verify: everything that can be wrong in an item, a value, a length ------------------------------------


def test_an_item_that_was_lost_is_noticed() -> None:
    def lose(output) -> None:
        output.ReferencedInstanceSequence = Sequence([])

    assert "items-changed" in errors_after(lose, with_references())


def test_an_element_more_in_an_item_is_noticed() -> None:
    def more(output) -> None:
        output.ReferencedInstanceSequence[0].CodeMeaning = "more"

    assert errors_after(more, with_references()) == {"element-left"}


def test_a_kept_element_of_another_kind_is_noticed() -> None:
    def exchange(output) -> None:
        put_raw(output, 0x00280010, "UL", b"\x10\0\0\0")

    assert "kept-changed" in errors_after(exchange)


def test_a_kept_element_that_is_new_is_noticed() -> None:
    """A decision to keep for an element that the source does not have proves nothing."""
    content, source, made = planned(with_references())
    output = apply(source, made)
    poorer = dcmread(io.BytesIO(content))
    del poorer[0x00280101]
    _, findings = verify(encoded(output), "name", to_bytes(poorer), made)
    assert "kept-changed" in {f.code for f in findings}


@pytest.mark.parametrize("items", [[], [Dataset(), Dataset()]])
def test_a_planned_sequence_with_other_items_is_noticed(items) -> None:
    def change(output) -> None:
        output.DeidentificationMethodCodeSequence = Sequence(items)

    assert errors_after(change) == {"value-wrong"}


def test_a_planned_sequence_with_another_value_is_noticed() -> None:
    def change(output) -> None:
        output.DeidentificationMethodCodeSequence[0].CodeValue = "113199"

    def more(output) -> None:
        output.DeidentificationMethodCodeSequence[0].CodingSchemeVersion = "1"

    assert errors_after(change) == errors_after(more) == {"value-wrong"}


def test_a_required_element_that_lost_its_value_or_its_place_is_noticed() -> None:
    def empty(output) -> None:
        output[0x00080018].value = ""

    def lose(output) -> None:
        del output[0x00100010]

    assert "type-1-empty" in errors_after(empty)
    assert "type-2-missing" in errors_after(lose)


def test_a_bug_in_the_engine_holds_the_instance(tmp_path, monkeypatch) -> None:
    """The border per instance: whatever goes wrong is one sentence, without values."""
    dataset = ct_slice()
    path = write(tmp_path / "in.dcm", to_bytes(dataset))

    def fail(*_arguments):
        raise RuntimeError("QUENBERT")

    monkeypatch.setattr(run_module, "plan", fail)
    result = run_instance(Task(instance_of(path, dataset), Recipe(BASIC), KEYRING, tmp_path / "out"))
    assert isinstance(result, Held)
    assert "QUENBERT" not in result.reason
    assert "RuntimeError" in result.reason
