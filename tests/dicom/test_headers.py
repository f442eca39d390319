"""The strict parser says what pydicom says, or nothing; pydicom's own way takes in what is left."""

import os
import struct
import warnings
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from viewer.dicom.errors import UnreadableFile
from viewer.dicom.facts import Header
from viewer.dicom.headers import HEAD_BYTES, read_header
from viewer.dicom.odd_headers import read_any_header

CORPUS = Path(os.environ.get("DEID_CORPUS", Path(__file__).resolve().parents[2] / "../shared/data"))
BUNDLED = Path(pydicom.__file__).parent / "data"

SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)
PIXELS = bytes(range(40))


def ct() -> Dataset:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "GB18030"
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.StudyDate = "20240517"
    dataset.Modality = "CT"
    dataset.Manufacturer = "东软"
    dataset.StudyDescription = "胸部平扫"
    dataset.PatientName = "ZHANG^SAN=张^三"
    dataset.PatientID = "P1"
    dataset.StudyInstanceUID = "1.2.3"
    dataset.SeriesInstanceUID = "1.2.3.1"
    dataset.SeriesNumber = 2
    dataset.InstanceNumber = 7
    dataset.ImagePositionPatient = [1.5, -2, 3]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = 4, 5
    dataset.BitsAllocated, dataset.SamplesPerPixel = 16, 1
    dataset.add_new(0x7FE00010, "OW", PIXELS)
    return dataset


def encode(dataset: Dataset, syntax: UID = ExplicitVRLittleEndian) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", "1.2")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "1.2")
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def fast(data: bytes) -> Header | None:
    header = read_header(BytesIO(data), len(data))
    assert header == read_header(data, len(data))
    return header


def odd(data: bytes) -> Header:
    return read_any_header(BytesIO(data), len(data))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_fact_is_found(syntax: UID) -> None:
    data = encode(ct(), syntax)
    header = fast(data)
    assert header == odd(data)
    assert header is not None
    at = data.index(PIXELS)
    assert header == Header(
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        sop_instance_uid="1.2.3.4",
        transfer_syntax_uid=syntax,
        modality="CT",
        instance_number=7,
        rows=4,
        columns=5,
        frames=1,
        photometric="MONOCHROME2",
        image_type=("ORIGINAL", "PRIMARY"),
        conversion_type="",
        burned_in_annotation="",
        manufacturer="东软",
        model="",
        position=(1.5, -2.0, 3.0),
        orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        pixel_offset=at,
        pixel_length=40,
        patient_id="P1",
        patient_name="ZHANG^SAN=张^三",
        study_uid="1.2.3",
        study_date="20240517",
        study_description="胸部平扫",
        series_uid="1.2.3.1",
        series_number=2,
        series_description="",
    )


def nested(depth: int, undefined: bool = True) -> Dataset:
    inner = Dataset()
    inner.PatientID = "inner"
    for _ in range(depth):
        outer = Dataset()
        outer.add_new(0x00081140, "SQ", [inner, inner] if depth < 5 else [inner])
        outer["ReferencedImageSequence"].is_undefined_length = undefined
        inner.is_undefined_length_sequence_item = undefined
        inner = outer
    return inner


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("depth", [1, 3, 30])
def test_nested_values_are_passed_by(syntax: UID, undefined: bool, depth: int) -> None:
    dataset = ct()
    dataset.update(nested(depth, undefined))
    header = fast(encode(dataset, syntax))
    assert header is not None
    assert (header.patient_id, header.rows) == ("P1", 4)
    assert header == odd(encode(dataset, syntax))


def test_deep_nesting_is_handed_over() -> None:
    dataset = ct()
    dataset.update(nested(40))
    data = encode(dataset)
    assert fast(data) is None
    assert odd(data).patient_id == "P1"


@pytest.mark.parametrize("size", [HEAD_BYTES - 200, HEAD_BYTES, 3 * HEAD_BYTES, 1_000_000])
def test_what_lies_far_behind_is_found(size: int) -> None:
    dataset = ct()
    block = dataset.private_block(0x0009, "SOMEBODY", create=True)
    block.add_new(1, "OB", bytes(size))
    data = encode(dataset)
    header = fast(data)
    assert header is not None
    assert header.pixel_offset == data.index(PIXELS)
    assert header.patient_id == "P1"
    assert read_header(data[:HEAD_BYTES], len(data)) is None


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_window_border_gives_the_same(syntax: UID, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = ct()
    dataset.update(nested(2))
    data = encode(dataset, syntax)
    whole = read_header(data, len(data))
    for head in range(150, len(data), 7):
        monkeypatch.setattr("viewer.dicom.headers.HEAD_BYTES", head)
        assert read_header(BytesIO(data), len(data)) == whole


def test_frames_need_pixels() -> None:
    dataset = ct()
    dataset.NumberOfFrames = 3
    assert fast(encode(dataset)).frames == 3
    dataset.add_new(0x7FE00010, "OW", b"")
    assert fast(encode(dataset)).frames == 0
    del dataset[0x7FE00010]
    assert fast(encode(dataset)).frames == 0
    dataset.add_new(0x7FE00008, "OF", bytes(80))
    header = fast(encode(dataset))
    assert (header.frames, header.pixel_offset) == (3, None)


def test_compressed_pixels_have_no_offset() -> None:
    dataset = ct()
    dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9"])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    header = fast(encode(dataset, JPEGBaseline8Bit))
    assert (header.frames, header.pixel_offset, header.pixel_length) == (1, None, None)


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_other_encodings_are_handed_over(syntax: UID) -> None:
    data = encode(ct(), syntax)
    assert fast(data) is None
    header = odd(data)
    assert (header.rows, header.columns, header.patient_name) == (4, 5, "ZHANG^SAN=张^三")
    assert header.pixel_offset is None


def test_values_that_make_no_sense_count_as_missing() -> None:
    data = encode(ct())
    for old, new in ((b"1.5\\-2", b"1.5\\-x"), (b"IS\x02\x007 ", b"IS\x02\x00x ")):
        assert old in data
        data = data.replace(old, new)
    header = fast(data)
    assert (header.position, header.instance_number) == (None, None)
    assert odd(data) == header


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x08\x00\x60\x00CS", b"\x08\x00\x60\x00ZZ"),  # no such VR
        (b"\x08\x00\x60\x00CS", b"\x08\x00\x10\x00CS"),  # tags fall
        (b"\x28\x00\x10\x00US", b"\x28\x00\x10\x00SS"),  # another VR
        (b"\x10\x00\x20\x00LO\x02\x00", b"\x10\x00\x20\x00LO\x03\x00"),  # odd length
        (b"\x10\x00\x20\x00LO\x02\x00", b"\x10\x00\x20\x00LO\xfe\xff"),  # beyond the file
        (b"OW\x00\x00\x28\x00\x00\x00", b"OW\x00\x00\x28\x00\x00\x7f"),  # pixels beyond the file
        (b"OW\x00\x00\x28", b"OW\x01\x00\x28"),  # reserved bytes used
        (b"1.2.840.10008.1.2.1\x00", b"1.2.840.10008.1.2\x00\x00\x00"),  # implicit declared, explicit found
        (b"1.2.840.10008.1.2.1\x00", b"1.2.840.10008.9.2.1\x00"),  # no such transfer syntax
        (b"DICM", b"DICN"),
    ],
)
def test_doubt_is_handed_over(old: bytes, new: bytes) -> None:
    data = encode(ct())
    assert old in data
    assert read_header(data.replace(old, new), len(data)) is None


def test_wrong_group_length_is_handed_over_and_none_at_all_is_not() -> None:
    data = encode(ct())
    assert read_header(data[:140] + struct.pack("<L", 7) + data[144:], len(data)) is None
    without = data[:132] + data[144:]
    assert fast(without) == odd(without)
    assert fast(without).patient_id == "P1"


@pytest.mark.parametrize("syntax", [*SYNTAXES, ExplicitVRBigEndian])
@pytest.mark.parametrize("keep_meta", [True, False])
def test_files_without_preamble_or_meta(syntax: UID, keep_meta: bool) -> None:
    data = encode(ct(), syntax)
    start = 132 if keep_meta else 144 + int.from_bytes(data[140:144], "little")
    header = odd(data[start:])
    assert (header.rows, header.patient_name, header.frames) == (4, "ZHANG^SAN=张^三", 1)
    assert header.transfer_syntax_uid == (syntax if keep_meta else "")
    if header.pixel_offset is not None:
        assert data[start:][header.pixel_offset :] == PIXELS


def test_missing_sop_uids_are_empty() -> None:
    dataset = ct()
    del dataset.SOPInstanceUID, dataset.SOPClassUID, dataset.StudyInstanceUID
    header = fast(encode(dataset))
    assert (header.sop_class_uid, header.sop_instance_uid, header.study_uid) == ("", "", "")


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        odd(data)
    return str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"Findings: none.\r\n" * 40,
        b"x",
        b"\x00" * 500,
        b"\xff" * 500,
        b"{}",
        b"\x89PNG\r\n\x1a\n" + bytes(300),
    ],
)
def test_other_files_are_not_dicom(data: bytes) -> None:
    assert refusal(data) == "This is not a DICOM file."


def test_a_cut_header_is_refused_and_cut_pixels_are_not() -> None:
    data = encode(ct())
    cut = data.index(b"1.2.3.1")
    assert "middle of its header" in refusal(data[:cut])
    assert "middle of its header" in refusal(data[:132])
    header = odd(data[:-10])
    assert (header.frames, header.pixel_offset) == (1, None)


def test_hostile_lengths_ask_for_no_memory() -> None:
    data = encode(ct())
    name = data.index(b"\x10\x00\x10\x00PN")
    hostile = data[: name + 4] + b"UT\x00\x00\xf0\xff\xff\x7f" + data[name + 8 :]
    assert fast(hostile) is None
    assert "middle of its header" in refusal(hostile)


def test_a_deflated_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = ct()
    dataset.PixelData = bytes(5_000_000)
    data = encode(dataset, DeflatedExplicitVRLittleEndian)
    assert odd(data).frames == 1
    monkeypatch.setattr("viewer.dicom.odd_headers._INFLATED_LIMIT", 4_000_000)
    assert "unpacks to more" in refusal(data)


@settings(max_examples=300)
@given(st.data())
def test_damage_is_never_answered_with_a_crash(data: st.DataObject) -> None:
    content = bytearray(encode(ct(), data.draw(st.sampled_from(SYNTAXES))))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(132, len(content) - 1))] = data.draw(st.integers(0, 255))
    kept = bytes(content[: data.draw(st.integers(0, len(content)))])
    header = read_header(kept, len(kept))
    try:
        slow = odd(kept)
    except UnreadableFile:
        slow = None
    assert header is None or header == slow


# Against pydicom's own reading of whole files.

TEXTS = {
    "sop_class_uid": "SOPClassUID",
    "sop_instance_uid": "SOPInstanceUID",
    "modality": "Modality",
    "photometric": "PhotometricInterpretation",
    "conversion_type": "ConversionType",
    "burned_in_annotation": "BurnedInAnnotation",
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
    "patient_id": "PatientID",
    "patient_name": "PatientName",
    "study_uid": "StudyInstanceUID",
    "study_date": "StudyDate",
    "study_description": "StudyDescription",
    "series_uid": "SeriesInstanceUID",
    "series_description": "SeriesDescription",
}
NUMBERS = {
    "rows": "Rows",
    "columns": "Columns",
    "instance_number": "InstanceNumber",
    "series_number": "SeriesNumber",
}


def as_text(value: object) -> str:
    if isinstance(value, (MultiValue, list)):
        return "\\".join(str(part).strip() for part in value)
    return "" if value is None else str(value).strip(" \0")


def mismatches(header: Header, path: Path) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path)
        wrong = [k for k, name in TEXTS.items() if getattr(header, k) != as_text(dataset.get(name))]
        wrong += [
            k for k, name in NUMBERS.items() if (getattr(header, k) or None) != (dataset.get(name) or None)
        ]
        for key, name in (("position", "ImagePositionPatient"), ("orientation", "ImageOrientationPatient")):
            value = dataset.get(name)
            if getattr(header, key) != (tuple(map(float, value)) if value else None):
                wrong.append(key)
        if "\\".join(header.image_type) != as_text(dataset.get("ImageType")):
            wrong.append("image_type")
        if header.transfer_syntax_uid != dataset.file_meta.TransferSyntaxUID:
            wrong.append("transfer_syntax_uid")
        pixels = [dataset.get_item(t) for t in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")]
        value = next((item.value for item in pixels if item is not None), b"")
        if path.name not in BAD_NUMBERS and header.frames != (
            int(dataset.get("NumberOfFrames") or 1) if value else 0
        ):
            wrong.append("frames")
        if header.pixel_offset is not None:
            end = header.pixel_offset + (header.pixel_length or 0)
            if path.read_bytes()[header.pixel_offset : end] != value:
                wrong.append("pixels")
    return wrong


PYDICOM_LOSES = {"j2k-too-short.dcm"}
"""Its pixel data has no end: pydicom drops the whole data set, the parser stops before the pixels."""

BAD_NUMBERS = {"badVR.dcm"}
"""Its Number of Frames is "1A": pydicom gives a text, the list 1."""


def compare(folder: Path) -> tuple[int, int, list[str]]:
    """Return how many files were parsed, how many handed over, and what differs from pydicom."""
    parsed, handed_over, wrong = 0, 0, []
    for path in sorted(found for found in folder.rglob("*") if found.is_file()):
        size = path.stat().st_size
        with path.open("rb", buffering=0) as file:
            header = read_header(file, size)
            if header is None:
                handed_over += 1
                continue
            parsed += 1
            if path.name not in PYDICOM_LOSES:
                if header != read_any_header(file, size):
                    wrong.append(f"{path.name}: slow way")
                wrong += [f"{path.name}: {key}" for key in mismatches(header, path)]
    return parsed, handed_over, wrong


@pytest.mark.parametrize(("name", "least"), [("test_files", 120), ("charset_files", 15)])
def test_agrees_with_pydicom_over_its_bundled_files(name: str, least: int) -> None:
    parsed, _, wrong = compare(BUNDLED / name)
    assert wrong == []
    assert parsed >= least


@pytest.mark.corpus
def test_agrees_with_pydicom_over_the_corpus() -> None:
    if not CORPUS.is_dir():
        pytest.skip("The larger corpus is not here: set DEID_CORPUS to its folder.")
    parsed, _, wrong = compare(CORPUS)
    assert wrong == []
    assert parsed >= 200
