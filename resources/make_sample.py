"""Write the sample study into resources/sample/ from nothing: all in it is invented.

Three patients: a chest film (GB18030 Chinese name, text in the pixels), a CT series (Latin-1 name, no text)
and an ultrasound loop (UTF-8 Chinese name, text in the pixels). Run `python resources/make_sample.py`. The
same versions of numpy and Pillow write the same bytes. Without a Chinese font the Chinese words are left out
of the pixels, so run it where there is one.
"""

import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, config
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless
from sample_headers import add_private, code, common, item, orders, uid
from sample_pictures import body_slice, chest_film, heart_frame, lettering

OUT = Path(__file__).resolve().parent / "sample"
DX, CT, US = (
    "1.2.840.10008.5.1.4.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.3.1",
)


def write(dataset: Dataset, name: str, *, packed: bool) -> None:
    """Write the dataset as a DICOM file below resources/sample/, pixels run-length encoded if `packed`."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid("implementation")
    meta.ImplementationVersionName = "SAMPLE_STUDY_1"
    meta.SourceApplicationEntityTitle = "SAMPLE_AE"
    dataset.file_meta = meta
    if packed:
        dataset.compress(RLELossless, generate_instance_uid=False)
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def grey(dataset: Dataset, pixels: npt.NDArray[np.uint16] | npt.NDArray[np.int16], stored: int) -> None:
    """Put a 16-bit grey picture with `stored` bits into the dataset."""
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, stored, stored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    little = pixels.astype(pixels.dtype.newbyteorder("<"))
    dataset.add_new("PixelData", "OW", little.tobytes())


def film_text(rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Return the text that the X-ray machine burned into the film."""
    right, low = columns - 24, rows - 28
    lines = [
        (24, 22, 30, "la", "ZHANG SAN"),
        (170 + 40, 20, 30, "la", "张三"),
        (24, 60, 24, "la", "ID: 0100482917"),
        (24, 92, 24, "la", "1961-12-03   M"),
        (right, 20, 28, "ra", "示例市第一人民医院"),
        (right, 60, 24, "ra", "SAMPLE CITY HOSPITAL"),
        (right, 92, 24, "ra", "2024-05-17  09:41:26"),
        (columns - 58, 290, 68, "rm", "L"),
        (24, low, 22, "ld", "CHEST PA  120 kV  2.5 mAs"),
        (right, low, 22, "rd", "TECH: WANG  ROOM 3"),
    ]
    return lettering(rows, columns, lines)


def make_film() -> None:
    """Write the chest film: DX, 12 bits stored, uncompressed."""
    rows, columns = 1056, 880
    ds = common("film", DX, "DX", ("20240517", "094126"))
    ds.SpecificCharacterSet = "GB18030"
    ds.update(orders("Wang^Wu=王^五", "Zhao^Liu=赵^六", "胸部正位", "A240517093"))
    ds.update(
        item(
            SOPInstanceUID=uid("film 1"),
            PatientName="Zhang^San=张^三",
            PatientID="0100482917",
            PatientBirthDate="19611203",
            PatientSex="M",
            PatientAge="062Y",
            OtherPatientIDsSequence=[
                item(PatientID="990101196112030019", TypeOfPatientID="TEXT", IssuerOfPatientID="公安")
            ],
            PatientAddress="示例市示例区人民路1号",
            PatientTelephoneNumbers="010-55550123",
            EthnicGroup="汉",
            Occupation="教师",
            AdditionalPatientHistory="患者张三，咳嗽两周，张三之子陪同。",
            StudyID="20240517-93",
            StudyDescription="胸部正位片 张三 复查",
            SeriesDescription="Chest PA",
            ProtocolName="Chest PA",
            InstanceNumber=1,
            InstitutionName="示例市第一人民医院",
            InstitutionAddress="示例市示例区解放路18号",
            InstitutionalDepartmentName="放射科",
            StationName="DR-ROOM3",
            Manufacturer="Sample Imaging",
            ManufacturerModelName="Sample DR 500",
            PerformedProcedureStepID="PPS93",
            PerformedProcedureStepStartDate="20240517",
            PerformedProcedureStepStartTime="094000",
            PerformedProcedureStepDescription="胸部正位",
        )
    )
    ds.update(film_geometry())
    ds.ReferencedStudySequence = [
        item(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1", ReferencedSOPInstanceUID=uid("film order"))
    ]
    add_private(ds, 0x0019, "张三", "0100482917")
    text = film_text(rows, columns)
    film = chest_film(rows, columns)
    grey(ds, np.maximum(film * (1 - text), 3950 * text).astype(np.uint16), 12)
    write(ds, "chest-film/IM0001.dcm", packed=False)


def film_geometry() -> Dataset:
    """Return what the DX object wants to know about projection, detector and display."""
    return item(
        ImageType=["DERIVED", "PRIMARY", ""],
        PresentationIntentType="FOR PRESENTATION",
        PatientOrientation=["L", "F"],
        BodyPartExamined="CHEST",
        ViewPosition="PA",
        ImageLaterality="U",
        PixelSpacing=["0.37", "0.37"],
        ImagerPixelSpacing=["0.37", "0.37"],
        PositionerType="NONE",
        DetectorType="DIRECT",
        DetectorConfiguration="AREA",
        DetectorID="DET-88123",
        DetectorDescription="",
        KVP="120",
        Exposure=2,
        ExposureTime=12,
        XRayTubeCurrent=210,
        DistanceSourceToDetector="1800",
        PixelIntensityRelationship="LOG",
        PixelIntensityRelationshipSign=-1,
        RescaleIntercept="0",
        RescaleSlope="1",
        RescaleType="US",
        PresentationLUTShape="IDENTITY",
        LossyImageCompression="00",
        WindowCenter="1900",
        WindowWidth="3600",
        AcquisitionContextSequence=[],
        AnatomicRegionSequence=[code("51185008", "SCT", "Chest")],
        ViewCodeSequence=[code("399348003", "SCT", "postero-anterior", ViewModifierCodeSequence=[])],
    )


def make_ct(slices: int = 12, size: int = 192) -> None:
    """Write the CT series: signed pixels with rescale, RLE; each slice refers to the one before."""
    for number in range(1, slices + 1):
        ds = common("ct", CT, "CT", ("20231109", "153012.250000"))
        ds.SpecificCharacterSet = "ISO_IR 100"
        ds.update(orders("Petersen^Lars", "Dübois^Renée^^Dr.", "CT abdomen with contrast", "CT-7720184"))
        ds.update(ct_values(number, slices))
        if number > 1:
            ds.ReferencedImageSequence = [
                item(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID=uid(f"ct {number - 1}"))
            ]
        add_private(ds, 0x0029, "Müller^Jörg", "MJ-550917")
        hu = body_slice(size, (number - 1) / (slices - 1))
        grey(ds, np.where(hu < -1024, -2000, hu + 1024).astype(np.int16), 16)
        ds.add_new("PixelPaddingValue", "SS", -2000)
        write(ds, f"ct-series/IM{number:04d}.dcm", packed=True)


def ct_values(number: int, slices: int) -> Dataset:
    """Return the attributes of one slice."""
    height = -5.0 * number
    return item(
        SOPInstanceUID=uid(f"ct {number}"),
        FrameOfReferenceUID=uid("ct frame of reference"),
        PositionReferenceIndicator="XY",
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        PatientName="Müller^Jörg",
        PatientID="MJ-550917",
        PatientBirthDate="19550917",
        PatientSex="M",
        PatientAge="068Y",
        PatientSize="1.78",
        PatientWeight="81",
        OtherPatientNames="Mueller^Joerg",
        PatientAddress="Lindenweg 4, Musterstadt",
        MilitaryRank="",
        StudyID="7720184",
        StudyDescription="CT Abdomen, Müller, follow-up",
        SeriesDescription="Abdomen 5.0 venous",
        InstanceNumber=number,
        ImageComments="call Dr. Dübois, ext. 5512" if number == 1 else "",
        InstitutionName="Klinikum Musterstadt",
        InstitutionAddress="Am Park 1, Musterstadt",
        StationName="CT02",
        Manufacturer="Sample Imaging",
        ManufacturerModelName="Sample CT 64",
        BodyPartExamined="ABDOMEN",
        PatientPosition="HFS",
        ContrastBolusAgent="Iodine contrast",
        KVP="120",
        XRayTubeCurrent=180,
        ExposureTime=500,
        ConvolutionKernel="SOFT",
        SliceThickness="5",
        SpacingBetweenSlices="5",
        ImagePositionPatient=["-190", "-190", f"{height:g}"],
        ImageOrientationPatient=["1", "0", "0", "0", "1", "0"],
        SliceLocation=f"{height:g}",
        PixelSpacing=["1.979167", "1.979167"],
        ImagesInAcquisition=slices,
        RescaleIntercept="-1024",
        RescaleSlope="1",
        RescaleType="HU",
        WindowCenter=["50", "-600"],
        WindowWidth=["400", "1500"],
        WindowCenterWidthExplanation=["ABDOMEN", "LUNG"],
        LossyImageCompression="00",
    )


def loop_text(rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Return the header line and the scale that the ultrasound machine burned in."""
    lines = [
        (8, 4, 13, "la", "LI MEI"),
        (58, 3, 13, "la", "李梅"),
        (100, 4, 13, "la", "ID US-330719"),
        (columns - 8, 4, 13, "ra", "2024-02-08 14:05:33"),
        (columns // 2 + 20, 3, 13, "la", "示例心脏中心"),
        (8, 24, 11, "la", "Adult Echo   TIS 0.8  MI 1.1"),
        (columns - 8, rows - 6, 11, "rd", "HR 72 bpm"),
        (8, rows - 6, 11, "ld", "A4C  Dr. SUN"),
    ]
    return lettering(rows, columns, lines)


def make_loop(frames: int = 8, rows: int = 360, columns: int = 480) -> None:
    """Write the ultrasound loop: RGB, multi-frame, RLE."""
    ds = common("loop", US, "US", ("20240208", "140533"))
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.update(orders("Sun^Qi=孙^七", "Zhou^Ba=周^八", "超声心动图", "US240208011"))
    ds.update(
        item(
            SOPInstanceUID=uid("loop 1"),
            ImageType=["ORIGINAL", "PRIMARY", "CARDIAC", "0001"],
            PatientName="Li^Mei=李^梅",
            PatientID="US-330719",
            PatientBirthDate="19330719",
            PatientSex="F",
            PatientAge="090Y",
            OtherPatientIDsSequence=[item(PatientID="WARD-7-12", TypeOfPatientID="TEXT")],
            PatientTelephoneNumbers="+86 10 5555 0188",
            StudyID="33",
            StudyDescription="Echo 李梅 房颤",
            SeriesDescription="A4C colour",
            InstanceNumber=1,
            InstitutionName="示例心脏中心",
            InstitutionAddress="示例市滨江路88号",
            StationName="ECHO-1",
            BodyPartExamined="HEART",
            Manufacturer="Sample Imaging",
            ManufacturerModelName="Sample Echo 7",
            TransducerData=["S5-1", "", ""],
            HeartRate=72,
            FrameTime="104",
            FrameIncrementPointer=0x00181063,
            LossyImageCompression="00",
            SequenceOfUltrasoundRegions=[loop_region(rows, columns)],
        )
    )
    add_private(ds, 0x0021, "李梅", "US-330719")
    text = loop_text(rows, columns)[:, :, None]
    ink = np.array([230, 214, 120])
    pictures = [heart_frame(rows, columns, n / frames) * (1 - text) + ink * text for n in range(frames)]
    ds.SamplesPerPixel, ds.PlanarConfiguration, ds.PhotometricInterpretation = 3, 0, "RGB"
    ds.Rows, ds.Columns, ds.NumberOfFrames = rows, columns, frames
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.UltrasoundColorDataPresent = 1
    ds.add_new("PixelData", "OB", np.stack(pictures).astype(np.uint8).tobytes())
    write(ds, "ultrasound/IM0001.dcm", packed=True)


def loop_region(rows: int, columns: int) -> Dataset:
    """Return where in the picture the sector lies (PS3.3 C.8.5.5)."""
    return item(
        RegionSpatialFormat=1,
        RegionDataType=1,
        RegionFlags=3,
        RegionLocationMinX0=40,
        RegionLocationMinY0=34,
        RegionLocationMaxX1=columns - 41,
        RegionLocationMaxY1=rows - 21,
        PhysicalUnitsXDirection=3,
        PhysicalUnitsYDirection=3,
        PhysicalDeltaX=0.045,
        PhysicalDeltaY=0.045,
    )


def main() -> None:
    """Write all three."""
    config.settings.writing_validation_mode = config.RAISE
    for folder in ("chest-film", "ct-series", "ultrasound"):
        shutil.rmtree(OUT / folder, ignore_errors=True)
    make_film()
    make_ct()
    make_loop()
    files = sorted(OUT.rglob("*.dcm"))
    print(f"{len(files)} files, {sum(f.stat().st_size for f in files) / 1e6:.1f} MB in {OUT.name}/")


if __name__ == "__main__":
    main()
