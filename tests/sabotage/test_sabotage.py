"""One step is broken on purpose: the checker must notice, or it proves nothing."""

import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from pydicom.dataset import Dataset, FileDataset

from tests.factories import (
    CHINESE_NAME,
    KEYRING,
    OSWALDINE,
    ct_slice,
    item,
    put_raw,
    raw_element,
    report,
    rt_plan,
    to_bytes,
    us_loop,
    write_in,
)
from viewer.dicom.decisions import Action, Blank, Severity
from viewer.dicom.parsing import parse
from viewer.pixels.redact import redact
from viewer.release.apply import apply
from viewer.release.run import encoded
from viewer.release.verify import verify
from viewer.rules.plan import plan
from viewer.rules.profiles import BASIC, profile_named
from viewer.rules.recipe import Recipe

Change = Callable[[FileDataset], None]


def errors(source: bytes, output: bytes, made, name: str = "ANON/a.dcm") -> set[str]:
    _, findings = verify(output, name, source, made)
    return {f.code for f in findings if f.severity is Severity.ERROR}


def prepared(dataset: Dataset, profile=BASIC, **how):
    """Return (source bytes, plan, output data set) of an honest run, which the checker accepts."""
    source = to_bytes(dataset, **how)
    made = plan(parse(source), Recipe(profile), KEYRING)
    output = apply(parse(source), made)
    assert errors(source, encoded(output), made) == set()
    return source, made, apply(parse(source), made)


def item_lost(output) -> None:
    output.ViewCodeSequence = []


def item_added(output) -> None:
    output.ViewCodeSequence.append(Dataset())


def put(tag: int, vr: str, value: bytes) -> Change:
    return lambda output: put_raw(output, tag, vr, value)


def drop(keyword: str) -> Change:
    return lambda output: delattr(output, keyword)


def assign(keyword: str, value: object) -> Change:
    return lambda output: setattr(output, keyword, value)


def nested(keyword: str, value: object) -> Change:
    return lambda output: setattr(output.ViewCodeSequence[0], keyword, value)


def meta(keyword: str, value: object) -> Change:
    return lambda output: setattr(output.file_meta, keyword, value)


def private_block(output) -> None:
    block = output.private_block(0x0011, "VENDOR", create=True)
    block.add_new(1, "LO", "QUENBERT")


CHANGES: dict[str, tuple[Change, str]] = {
    "a removed element is back": (assign("InstitutionName", "Saint Ekaterin Hospital"), "element-left"),
    "a harmless element is added": (assign("ImageComments", "fine"), "element-left"),
    "the name is kept": (assign("PatientName", OSWALDINE.name), "value-wrong"),
    "the name is another pseudonym": (assign("PatientName", "ANON-00000000"), "value-wrong"),
    "the birth date is kept": (assign("PatientBirthDate", OSWALDINE.birth), "value-wrong"),
    "the study UID is kept": (assign("StudyInstanceUID", OSWALDINE.study), "value-wrong"),
    "a nested UID is kept": (nested("ReferencedSOPInstanceUID", f"{OSWALDINE.study}.1.2"), "value-wrong"),
    "a nested UID is another": (nested("ReferencedSOPInstanceUID", "2.25.1"), "value-wrong"),
    "a nested element is added": (nested("PatientName", "x"), "element-left"),
    "a sequence lost its item": (item_lost, "items-changed"),
    "a sequence got an item": (item_added, "items-changed"),
    "a kept number is altered": (assign("SliceThickness", "6"), "kept-changed"),
    "a kept text is altered": (assign("ConvolutionKernel", "B31f"), "kept-changed"),
    "a kept element is missing": (drop("RescaleSlope"), "element-missing"),
    "a new element is missing": (drop("PatientIdentityRemoved"), "element-missing"),
    "a claim is another": (assign("PatientIdentityRemoved", "NO"), "value-wrong"),
    "an element of Type 1 is empty": (assign("StudyInstanceUID", ""), "type-1-empty"),
    "an element of Type 2 is missing": (drop("PatientBirthDate"), "type-2-missing"),
    "a name in a private block": (private_block, "element-left"),
    "a pixel is altered": (lambda o: put_raw(o, 0x7FE00010, "OW", b"\x77" + o.PixelData[1:]), "kept-changed"),
    "pixels are missing": (drop("PixelData"), "pixels-missing"),
    "an AE title in the file meta": (meta("SourceApplicationEntityTitle", "PACS"), "file-meta"),
    "private information in the file meta": (meta("PrivateInformationCreatorUID", "1.2.3"), "file-meta"),
    "another instance in the file meta": (meta("MediaStorageSOPInstanceUID", "1.2.3"), "file-meta"),
    "another class in the file meta": (
        meta("MediaStorageSOPClassUID", "1.2.840.10008.5.1.4.1.1.4"),
        "file-meta",
    ),
    "a group length": (put(0x00080000, "UL", b"\1\0\0\0"), ""),
}


@pytest.mark.parametrize("what", CHANGES)
def test_an_altered_data_set_is_noticed(what: str) -> None:
    change, code = CHANGES[what]
    dataset = ct_slice()
    dataset.ViewCodeSequence = [item(ReferencedSOPInstanceUID=f"{OSWALDINE.study}.1.2")]
    source, made, output = prepared(dataset)
    change(output)
    found = errors(source, encoded(output), made)
    if not code:  # pydicom does not write group lengths: splice it in
        content = encoded(apply(parse(source), made))
        start = 144 + struct.unpack_from("<L", content, 140)[0]
        spliced = content[:start] + raw_element(0x00080000, "UL", b"\1\0\0\0") + content[start:]
        found, code = errors(source, spliced, made), "element-left"
    assert code in found


def test_altered_bytes_are_noticed() -> None:
    source, made, output = prepared(ct_slice())
    content = encoded(output)
    assert "preamble" in errors(source, b"II*\0" + content[4:], made)
    assert "element-left" in errors(source, content + raw_element(0xFFFCFFFC, "OB", b"QUENBERT"), made)
    assert errors(source, content + b"QUENBERT^OSWALDINE", made)
    assert errors(source, content[:-20], made)
    assert errors(source, content[: len(content) // 3], made) & {"element-missing", "unreadable"}


@pytest.mark.parametrize("codec", ["ascii", "utf-16-le", "utf-16-be", "utf-16"])
@pytest.mark.parametrize(
    "word", ["QUENBERT^OSWALDINE", "Quenbert, Oswaldine", "oswaldine quenbert", "HOSP-778341", "19611203"]
)
def test_identity_in_a_kept_binary_value_is_noticed(codec: str, word: str) -> None:
    dataset = ct_slice()
    value = b"\1\2 " + word.encode(codec) + b" \3"
    put_raw(dataset, 0x00281201, "OW", value + b"\0" * (len(value) % 2))
    source = to_bytes(dataset)
    made = plan(parse(source), Recipe(BASIC), KEYRING)
    assert errors(source, encoded(apply(parse(source), made)), made) == {"identity-left"}


@pytest.mark.parametrize("codec", ["gb18030", "utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("charset", ["GB18030", "ISO_IR 192", "undeclared GBK", "GBK"])
def test_a_chinese_name_in_a_kept_binary_value_is_noticed(charset: str, codec: str) -> None:
    dataset = ct_slice()
    write_in(dataset, charset)
    put_raw(dataset, 0x00281201, "OW", b"\1\2" + CHINESE_NAME.replace("^", "").encode(codec) + b"\3\4")
    source = to_bytes(dataset)
    made = plan(parse(source), Recipe(BASIC), KEYRING)
    assert errors(source, encoded(apply(parse(source), made)), made) == {"identity-left"}


@pytest.mark.parametrize("path", [(0x00100010,), (0x00081115, 0, 0x0020000E), (0x0020000D,), (0x00200052,)])
def test_a_skipped_action_is_noticed(path) -> None:
    """apply() gets a plan in which one element is kept, verify() the real one."""
    dataset = ct_slice()
    dataset.ReferencedSeriesSequence = [item(SeriesInstanceUID=f"{OSWALDINE.study}.1")]
    source, made, _ = prepared(dataset)
    lazy = tuple(replace(d, action=Action.KEEP) if d.path == path else d for d in made.decisions)
    output = apply(parse(source), replace(made, decisions=lazy))
    assert errors(source, encoded(output), made) & {"value-wrong", "element-left"}


def test_every_single_removal_that_is_skipped_is_noticed() -> None:
    for dataset in (report(), rt_plan()):
        source, made, _ = prepared(dataset)
        for number, decision in enumerate(made.decisions):
            if decision.action in (Action.KEEP, Action.ADD) or decision.path[0] == 0x00120064:
                continue
            lazy = list(made.decisions)
            vr = "SQ" if decision.vr == "SQ" else decision.vr
            lazy[number] = replace(decision, action=Action.KEEP, vr=vr)
            if vr == "SQ":
                continue  # its items have no decisions, so apply() itself refuses
            if not parse(source)[decision.path[0]].value:
                continue
            output = apply(parse(source), replace(made, decisions=tuple(lazy)))
            assert errors(source, encoded(output), made), decision.path


def test_a_kept_element_removed_by_the_doer_is_noticed() -> None:
    source, made, _ = prepared(ct_slice(), profile_named("research"))
    for number, decision in enumerate(made.decisions):
        if decision.action is Action.KEEP and len(decision.path) == 1:
            eager = list(made.decisions)
            eager[number] = replace(decision, action=Action.REMOVE)
            try:
                content = encoded(apply(parse(source), replace(made, decisions=tuple(eager))))
            except Exception:  # noqa: BLE001  (without Bits Allocated pydicom cannot write)
                continue
            assert errors(source, content, made), decision.path


def test_a_shift_by_another_number_of_days_is_noticed() -> None:
    source, made, _ = prepared(ct_slice(), profile_named("research"))
    shifted = [d for d in made.decisions if d.action is Action.SHIFT]
    assert shifted
    other = tuple(replace(d, value=("20200101",)) if d in shifted else d for d in made.decisions)
    output = apply(parse(source), replace(made, decisions=other))
    assert "value-wrong" in errors(source, encoded(output), made)


@pytest.mark.parametrize("syntax", ["explicit little", "RLE"])
@pytest.mark.parametrize("points", [(0, 0, 4, 3), (1, 0, 5, 4), (0, 0, 4, 4)])
def test_a_box_that_was_shifted_or_forgotten_is_noticed(syntax: str, points) -> None:
    source = to_bytes(us_loop(), syntax)
    wanted = Blank("rectangle", (1, 1, 5, 4), (0, 2))
    made = replace(plan(parse(source), Recipe(BASIC), KEYRING), blanks=(wanted,))
    honest = apply(parse(source), made)
    redact(honest, made.blanks)
    assert errors(source, encoded(honest), made) == set()
    for blanks in ((), (Blank("rectangle", points, (0, 2)),), (Blank("rectangle", (1, 1, 5, 4), (0, 1)),)):
        output = apply(parse(source), made)
        redact(output, blanks)
        assert errors(source, encoded(output), made)


def test_a_changed_item_deep_in_a_report_is_noticed() -> None:
    dataset = report()
    dataset.ReferencedRequestSequence = [
        item(RequestedProcedureID="P1", PlacerOrderNumberImagingServiceRequest="")
    ]
    source, made, output = prepared(dataset)
    reference = output.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    reference.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = f"{OSWALDINE.study}.1.2"
    assert errors(source, encoded(output), made) >= {"value-wrong"}
