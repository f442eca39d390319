"""Small DICOM objects of every kind and encoding that tests need; nothing in them is random."""

import re
import struct
import zlib
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.charset import convert_encodings
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian, RLELossless

from viewer.dicom.catalog import Instance, Source
from viewer.rules.surrogates import Keyring

ROOT = "1.2.826.0.1.3680043.99999"
KEYRING = Keyring(b"a secret for tests, 32 bytes long")

SYNTAXES = {
    "implicit little": ("1.2.840.10008.1.2", True, True),
    "explicit little": ("1.2.840.10008.1.2.1", False, True),
    "explicit big": ("1.2.840.10008.1.2.2", False, False),
    "deflated": ("1.2.840.10008.1.2.1.99", False, True),
    "RLE": ("1.2.840.10008.1.2.5", False, True),
}
"""Transfer syntaxes: UID, whether VRs are implicit, whether little endian."""


@dataclass(frozen=True)
class Somebody:
    """Whose object it is."""

    name: str = "QUENBERT^OSWALDINE"
    identifier: str = "HOSP-778341"
    birth: str = "19611203"
    study: str = f"{ROOT}.1.1"
    day: str = "20240517"


OSWALDINE = Somebody()
ILLI = Somebody("TREVANION^ILLI", "HOSP-551920", "19480229", f"{ROOT}.2.1", "20230102")


def uid(*numbers: int) -> str:
    """Return a UID below the tests' root."""
    return ".".join((ROOT, *map(str, numbers)))


def code(value: str, scheme: str = "DCM", meaning: str = "Comment") -> Sequence:
    """Return a code sequence of one item."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Sequence([item])


def _items(*datasets: Dataset) -> Sequence:
    return Sequence(list(datasets))


def item(**values: object) -> Dataset:
    """Return a data set with these attributes."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


_OTHERS = ("DX", "US", "SR", "RTPLAN", "PR", "ECG", "DOC", "SEG")
"""Modalities whose objects get a series of their own in the same study."""


def base(
    sop_class: str, modality: str, who: Somebody = OSWALDINE, series: int = 0, number: int = 1
) -> Dataset:
    """Return patient, study, series and SOP common attributes."""
    series = series or 10 + _OTHERS.index(modality)
    return item(
        SpecificCharacterSet="ISO_IR 100",
        SOPClassUID=sop_class,
        SOPInstanceUID=f"{who.study}.{series}.{number}",
        StudyDate=who.day,
        SeriesDate=who.day,
        ContentDate=who.day,
        StudyTime="101112.500000",
        ContentTime="101213",
        AccessionNumber="ACC0099123",
        Modality=modality,
        Manufacturer="Maker of Things",
        InstitutionName="Saint Ekaterin Hospital",
        ReferringPhysicianName="WOLFRAMSEN^ADA",
        StudyDescription="CT chest for Mrs Quenbert",
        SeriesDescription="thorax axial 5 mm",
        PatientName=who.name,
        PatientID=who.identifier,
        PatientBirthDate=who.birth,
        PatientSex="F",
        PatientAge="062Y",
        StudyInstanceUID=who.study,
        SeriesInstanceUID=f"{who.study}.{series}",
        StudyID="S77123",
        SeriesNumber=series,
        InstanceNumber=number,
        DeviceSerialNumber="SN-4411-77",
    )


def _pixels(made: Dataset, array: np.ndarray, photometric: str) -> Dataset:
    colour = array.ndim > 2 and array.shape[-1] == 3
    rows, columns = array.shape[-3:-1] if colour else array.shape[-2:]
    made.SamplesPerPixel = 3 if colour else 1
    made.PhotometricInterpretation = photometric
    if colour:
        made.PlanarConfiguration = 0
    made.Rows, made.Columns = rows, columns
    bits = array.dtype.itemsize * 8
    made.BitsAllocated = made.BitsStored = bits
    made.HighBit = bits - 1
    made.PixelRepresentation = int(array.dtype.kind == "i")
    made.add_new(0x7FE00010, "OW" if bits > 8 else "OB", array.tobytes() + b"\0" * (array.nbytes % 2))
    return made


def ct_slice(who: Somebody = OSWALDINE, series: int = 1, number: int = 1) -> Dataset:
    """Return a CT slice of 12 x 16 pixels that refers to its neighbour."""
    made = base("1.2.840.10008.5.1.4.1.1.2", "CT", who, series, number)
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    made.FrameOfReferenceUID = f"{who.study}.900"
    made.PositionReferenceIndicator = ""
    made.AcquisitionNumber = 1
    made.KVP = "120"
    made.ConvolutionKernel = "B30f"
    made.SliceThickness = "5"
    made.ImagePositionPatient = [0, 0, 5 * number]
    made.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    made.PixelSpacing = [1, 1]
    made.RescaleIntercept, made.RescaleSlope = "-1024", "1"
    made.ReferencedImageSequence = _items(
        item(
            ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2",
            ReferencedSOPInstanceUID=f"{who.study}.{series}.{number % 3 + 1}",
        )
    )
    pixels = np.arange(12 * 16, dtype="<i2").reshape(12, 16) + number
    return _pixels(made, pixels, "MONOCHROME2")


def dx() -> Dataset:
    """Return a DX image with a view code."""
    made = base("1.2.840.10008.5.1.4.1.1.1.1", "DX")
    made.ImageType = ["ORIGINAL", "PRIMARY"]
    made.PresentationIntentType = "FOR PRESENTATION"
    made.ViewCodeSequence = code("399348003", "SCT", "antero-posterior")
    made.BurnedInAnnotation = "YES"
    return _pixels(made, np.arange(80, dtype="<u2").reshape(8, 10), "MONOCHROME2")


def us_loop(frames: int = 3) -> Dataset:
    """Return an RGB multi-frame ultrasound object."""
    made = base("1.2.840.10008.5.1.4.1.1.3.1", "US")
    made.ImageType = ["ORIGINAL", "PRIMARY"]
    made.NumberOfFrames = frames
    made.FrameTime = "40"
    made.FrameIncrementPointer = 0x00181063
    array = (np.arange(frames * 8 * 10 * 3) % 251).astype("u1").reshape(frames, 8, 10, 3)
    return _pixels(made, array, "RGB")


def report() -> Dataset:
    """Return an Enhanced SR with a content tree of depth four."""
    made = base("1.2.840.10008.5.1.4.1.1.88.22", "SR")
    made.CompletionFlag, made.VerificationFlag = "COMPLETE", "VERIFIED"
    made.ValueType = "CONTAINER"
    made.ContinuityOfContent = "SEPARATE"
    made.ConceptNameCodeSequence = code("18748-4", "LN", "Diagnostic Imaging Report")
    made.VerifyingObserverSequence = _items(
        item(
            VerifyingOrganization="Saint Ekaterin Hospital",
            VerificationDateTime="20240517120000",
            VerifyingObserverName="WOLFRAMSEN^ADA",
            VerifyingObserverIdentificationCodeSequence=Sequence([]),
        )
    )
    made.CurrentRequestedProcedureEvidenceSequence = _items(
        item(
            StudyInstanceUID=OSWALDINE.study,
            ReferencedSeriesSequence=_items(
                item(
                    SeriesInstanceUID=f"{OSWALDINE.study}.1",
                    ReferencedSOPSequence=_items(
                        item(
                            ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2",
                            ReferencedSOPInstanceUID=f"{OSWALDINE.study}.1.2",
                        )
                    ),
                )
            ),
        )
    )
    text = item(
        RelationshipType="CONTAINS",
        ValueType="TEXT",
        ConceptNameCodeSequence=code("121071", "DCM", "Finding"),
        TextValue="Mrs Quenbert has a small nodule, seen 17.05.2024",
    )
    observer = item(
        RelationshipType="HAS OBS CONTEXT",
        ValueType="PNAME",
        ConceptNameCodeSequence=code("121008", "DCM", "Person Observer Name"),
        PersonName="WOLFRAMSEN^ADA",
    )
    picture = item(
        RelationshipType="INFERRED FROM",
        ValueType="IMAGE",
        ReferencedSOPSequence=_items(
            item(
                ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2",
                ReferencedSOPInstanceUID=f"{OSWALDINE.study}.1.1",
            )
        ),
    )
    text.ContentSequence = _items(picture)
    section = item(
        RelationshipType="CONTAINS",
        ValueType="CONTAINER",
        ContinuityOfContent="SEPARATE",
        ConceptNameCodeSequence=code("121070", "DCM", "Findings"),
        ContentSequence=_items(text),
    )
    made.ContentSequence = _items(observer, section)
    return made


def rt_plan() -> Dataset:
    """Return an RT plan: nested sequences, references to a structure set, people, dates."""
    made = base("1.2.840.10008.5.1.4.1.1.481.5", "RTPLAN")
    made.RTPlanLabel, made.RTPlanName = "Quenbert boost", "boost"
    made.RTPlanDate, made.RTPlanTime = OSWALDINE.day, "090000"
    made.RTPlanGeometry = "PATIENT"
    made.OperatorsName = "WOLFRAMSEN^ADA"
    made.FrameOfReferenceUID = f"{OSWALDINE.study}.900"
    made.ReferencedStructureSetSequence = _items(
        item(
            ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.481.3",
            ReferencedSOPInstanceUID=f"{OSWALDINE.study}.7.1",
        )
    )
    point = item(ControlPointIndex=0, CumulativeMetersetWeight=0, NominalBeamEnergy=6)
    made.BeamSequence = _items(
        item(
            BeamNumber=1,
            BeamName="AP",
            BeamType="STATIC",
            RadiationType="PHOTON",
            TreatmentMachineName="LINAC-EKATERIN",
            ReferencedToleranceTableNumber=1,
            NumberOfControlPoints=1,
            ControlPointSequence=_items(point),
        )
    )
    made.ApprovalStatus = "UNAPPROVED"
    return made


def presentation_state() -> Dataset:
    """Return a grayscale softcopy presentation state with a drawn text."""
    made = base("1.2.840.10008.5.1.4.1.1.11.1", "PR")
    made.ContentLabel = "MARKS"
    made.ContentDescription = "for Mrs Quenbert"
    made.ContentCreatorName = "WOLFRAMSEN^ADA"
    made.PresentationCreationDate, made.PresentationCreationTime = OSWALDINE.day, "120000"
    reference = item(
        ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=f"{OSWALDINE.study}.1.1"
    )
    made.ReferencedSeriesSequence = _items(
        item(SeriesInstanceUID=f"{OSWALDINE.study}.1", ReferencedImageSequence=_items(reference))
    )
    made.GraphicAnnotationSequence = _items(
        item(
            GraphicLayer="LAYER1",
            TextObjectSequence=_items(
                item(
                    UnformattedTextValue="QUENBERT left lung",
                    AnchorPoint=[1.0, 2.0],
                    AnchorPointVisibility="N",
                    AnchorPointAnnotationUnits="PIXEL",
                )
            ),
        )
    )
    made.GraphicLayerSequence = _items(item(GraphicLayer="LAYER1", GraphicLayerOrder=1))
    made.PresentationLUTShape = "IDENTITY"
    return made


def ecg() -> Dataset:
    """Return a 12-lead ECG waveform object with one channel."""
    made = base("1.2.840.10008.5.1.4.1.1.9.1.1", "ECG")
    made.AcquisitionDateTime = "20240517101500"
    made.AcquisitionContextSequence = Sequence([])
    channel = item(
        ChannelSourceSequence=code("2:1", "MDC", "Lead I"),
        ChannelSensitivity="1",
        WaveformBitsStored=16,
    )
    group = item(
        WaveformOriginality="ORIGINAL",
        NumberOfWaveformChannels=1,
        NumberOfWaveformSamples=8,
        SamplingFrequency="500",
        ChannelDefinitionSequence=_items(channel),
        WaveformBitsAllocated=16,
        WaveformSampleInterpretation="SS",
    )
    group.add_new(0x54001010, "OW", struct.pack("<8h", 0, 5, 90, -20, 0, 3, 7, 0))
    made.WaveformSequence = _items(group)
    made.WaveformAnnotationSequence = _items(
        item(UnformattedTextValue="Quenbert at rest", ReferencedWaveformChannels=[1, 0])
    )
    return made


def pdf() -> Dataset:
    """Return an encapsulated PDF with a name in it."""
    made = base("1.2.840.10008.5.1.4.1.1.104.1", "DOC")
    made.ConversionType = "WSD"
    made.BurnedInAnnotation = "YES"
    made.DocumentTitle = "Letter about Mrs Quenbert"
    made.AcquisitionDateTime = ""
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.ConceptNameCodeSequence = Sequence([])
    document = b"%PDF-1.4\n% QUENBERT^OSWALDINE was here\n%%EOF\n"
    made.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    made.EncapsulatedDocumentLength = len(document)
    return made


def segmentation() -> Dataset:
    """Return a binary segmentation of two frames with functional groups."""
    made = base("1.2.840.10008.5.1.4.1.1.66.4", "SEG")
    made.ImageType = ["DERIVED", "PRIMARY"]
    made.ContentLabel, made.ContentDescription = "SEG", "nodule"
    made.ContentCreatorName = "WOLFRAMSEN^ADA"
    made.SegmentationType = "BINARY"
    made.NumberOfFrames = 2
    made.FrameOfReferenceUID = f"{OSWALDINE.study}.900"
    made.SegmentSequence = _items(
        item(
            SegmentNumber=1,
            SegmentLabel="nodule",
            SegmentAlgorithmType="MANUAL",
            SegmentedPropertyCategoryCodeSequence=code("49755003", "SCT", "Morphologically abnormal"),
            TrackingUID=f"{OSWALDINE.study}.801",
            TrackingID="nodule 1",
        )
    )
    source = item(
        ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=f"{OSWALDINE.study}.1.1"
    )
    made.SharedFunctionalGroupsSequence = _items(Dataset())
    made.PerFrameFunctionalGroupsSequence = _items(
        *(
            item(
                FrameContentSequence=_items(
                    item(DimensionIndexValues=[1, n], FrameAcquisitionDateTime="20240517101500")
                ),
                DerivationImageSequence=_items(
                    item(
                        SourceImageSequence=_items(source),
                        DerivationCodeSequence=code("113076", "DCM", "Segmentation"),
                    )
                ),
            )
            for n in (1, 2)
        )
    )
    array = np.zeros((2, 8, 8), dtype="u1")
    _pixels(made, array, "MONOCHROME2")
    made.BitsAllocated = made.BitsStored = 1
    made.HighBit = 0
    made.PixelData = bytes(range(16))
    return made


KINDS: dict[str, Callable[[], Dataset]] = {
    "CT": ct_slice,
    "DX": dx,
    "US": us_loop,
    "SR": report,
    "RTPLAN": rt_plan,
    "PR": presentation_state,
    "ECG": ecg,
    "PDF": pdf,
    "SEG": segmentation,
}


# --- encoding ----------------------------------------------------------------------------------------------


def raw_element(tag: int, vr: str, value: bytes, syntax: str = "explicit little") -> bytes:
    """Return one element as bytes, of any VR, length and content."""
    _, implicit, little = SYNTAXES[syntax]
    order = "<" if little else ">"
    head = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return head + struct.pack(f"{order}L", len(value)) + value
    if vr in ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UC", "UN", "UR", "UT"):
        return head + vr.encode() + b"\0\0" + struct.pack(f"{order}L", len(value)) + value
    return head + vr.encode() + struct.pack(f"{order}H", len(value)) + value


def put_raw(dataset: Dataset, tag: int, vr: str, value: bytes) -> None:
    """Put bytes into a data set as they are, also odd or not decodable ones."""
    implicit = False
    dataset._dict[Tag(tag)] = RawDataElement(Tag(tag), vr, len(value), value, 0, implicit, True, True)


def encode(dataset: Dataset, syntax: str = "explicit little") -> bytes:
    """Return a data set as bytes without file meta information (not deflated).

    Sequences and items have defined lengths; raw elements are written as they are, at every depth.
    """
    written = rle_compressed(dataset) if syntax == "RLE" and "PixelData" in dataset else dataset
    return _level(written, syntax, ["iso8859"])


def _level(dataset: Dataset, syntax: str, above: list[str]) -> bytes:
    declared = dataset.get("SpecificCharacterSet")
    encodings = above if declared is None else convert_encodings(declared)
    parts = []
    for tag in sorted(dataset._dict):
        element = dataset._dict[tag]
        if isinstance(element, RawDataElement):
            parts.append(raw_element(int(tag), str(element.VR), element.value or b"", syntax))
        elif element.VR == "SQ":
            items = b"".join(_sequence_item(one, syntax, encodings) for one in element.value)
            parts.append(raw_element(int(tag), "SQ", items, syntax))
        else:
            parts.append(_by_pydicom(element, syntax, encodings))
    return b"".join(parts)


def _sequence_item(dataset: Dataset, syntax: str, encodings: list[str]) -> bytes:
    body = _level(dataset, syntax, encodings)
    return struct.pack("<HHL" if SYNTAXES[syntax][2] else ">HHL", 0xFFFE, 0xE000, len(body)) + body


def _by_pydicom(element: DataElement, syntax: str, encodings: list[str]) -> bytes:
    buffer = DicomBytesIO()
    _, buffer.is_implicit_VR, buffer.is_little_endian = SYNTAXES[syntax]
    write_data_element(buffer, element, encodings)
    return buffer.getvalue()


def rle_compressed(dataset: Dataset) -> Dataset:
    """Return a copy whose pixel data is RLE, by pydicom's own encoder."""
    made = FileDataset("", deepcopy(dict(dataset._dict)), file_meta=FileMetaDataset())
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    return made


def to_bytes(
    dataset: Dataset,
    syntax: str = "explicit little",
    *,
    preamble: bytes = bytes(128),
    meta: Iterable[tuple[int, str, bytes]] = (),
    leading: bytes = b"",
    trailing: bytes = b"",
) -> bytes:
    """Return a whole file. `meta`: more file meta elements; `leading`: bytes before the first element.

    `trailing` stands after the data set, inside the deflated stream if there is one.
    """
    body = leading + encode(dataset, syntax) + trailing
    if syntax == "deflated":
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        body = deflater.compress(body) + deflater.flush()
        body += b"\0" * (len(body) % 2)
    elements = [
        (0x00020001, "OB", b"\0\1"),
        (0x00020002, "UI", _even(str(dataset.get("SOPClassUID", "")).encode())),
        (0x00020003, "UI", _even(str(dataset.get("SOPInstanceUID", "")).encode())),
        (0x00020010, "UI", _even(SYNTAXES[syntax][0].encode())),
        (0x00020012, "UI", _even(uid(5, 5).encode())),
        *meta,
    ]
    group = b"".join(raw_element(*element) for element in sorted(elements))
    length = raw_element(0x00020000, "UL", struct.pack("<L", len(group)))
    return preamble + b"DICM" + length + group + body


def _even(value: bytes) -> bytes:
    return value + b"\0" * (len(value) % 2)


# --- character sets ----------------------------------------------------------------------------------------

CHARSETS = {
    # name: (declared in (0008,0005), codec of the bytes, whether Chinese can be written)
    "ISO_IR 100": ("ISO_IR 100", "latin-1", False),
    "ISO_IR 192": ("ISO_IR 192", "utf-8", True),
    "GB18030": ("GB18030", "gb18030", True),
    "GBK": ("GBK", "gbk", True),
    "ISO 2022 IR 58": ("\\ISO 2022 IR 58", "iso 58", True),
    "undeclared GBK": (None, "gbk", True),
}
CHINESE_NAME = "司马^拂晓"


def in_charset(text: str, codec: str) -> bytes:
    """Return a text as bytes; "iso 58" writes one escape before every run of Chinese (PS3.5 annex K)."""
    if codec != "iso 58":
        return text.encode(codec)
    runs = re.findall(r"[\x00-\x7f]+|[^\x00-\x7f]+", text)
    return b"".join(
        b"" if not r else r.encode() if r.isascii() else b"\x1b$)A" + r.encode("gb2312") for r in runs
    )


def write_in(dataset: Dataset, charset: str, name: str | None = None) -> str:
    """Give a data set a character set and a patient's name in it; returns the name (Chinese if possible)."""
    declared, codec, chinese = CHARSETS[charset]
    chosen = name or (f"SIMA^FUXIAO={CHINESE_NAME}" if chinese else "MÜLLENBRÜCK^ÖSWALD")
    if declared is None:
        del dataset.SpecificCharacterSet
    else:
        dataset.SpecificCharacterSet = declared.split("\\")
    value = in_charset(chosen, codec)
    put_raw(dataset, 0x00100010, "PN", value + b" " * (len(value) % 2))
    return chosen


# --- files and the catalog ---------------------------------------------------------------------------------


def write(path: Path, content: bytes) -> Path:
    """Write a file, its folders too, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def instance_of(path: Path, dataset: Dataset, number: int = 1) -> Instance:
    """Return a catalog entry for a file without a scan."""
    found = path.stat()
    return Instance(
        number=number,
        source=Source(path, found.st_size, found.st_mtime_ns),
        sop_class_uid=str(dataset.get("SOPClassUID", "")),
        sop_instance_uid=str(dataset.get("SOPInstanceUID", "")),
        transfer_syntax_uid=UID("1.2.840.10008.1.2.1"),
        modality=str(dataset.get("Modality", "")),
        instance_number=1,
        rows=int(dataset.get("Rows", 0)),
        columns=int(dataset.get("Columns", 0)),
        frames=int(dataset.get("NumberOfFrames", 1)) if "PixelData" in dataset else 0,
        photometric=str(dataset.get("PhotometricInterpretation", "")),
    )
