"""Attributes that the images of the sample study share; every name, number and address is invented."""

import hashlib
import struct

from pydicom import Dataset

VENDOR = "SAMPLE VENDOR 1.0"


def uid(label: str) -> str:
    """Return a fixed UID below 2.25 for a label."""
    return f"2.25.{int.from_bytes(hashlib.sha256(label.encode()).digest()[:15], 'big')}"


def item(**values: object) -> Dataset:
    """Return a dataset (or sequence item) with these attributes."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def code(value: str, scheme: str, meaning: str, **more: object) -> Dataset:
    """Return an item of a code sequence."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning, **more)


def common(label: str, sop_class: str, modality: str, moment: tuple[str, str]) -> Dataset:
    """Return the identifying and administrative attributes that any hospital's image carries."""
    date, time = moment
    return item(
        SOPClassUID=sop_class,
        StudyInstanceUID=uid(label + " study"),
        SeriesInstanceUID=uid(label + " series"),
        StudyDate=date,
        SeriesDate=date,
        AcquisitionDate=date,
        ContentDate=date,
        InstanceCreationDate=date,
        StudyTime=time,
        SeriesTime=time,
        AcquisitionTime=time,
        ContentTime=time,
        InstanceCreationTime=time,
        Modality=modality,
        SeriesNumber=1,
        AcquisitionNumber=1,
        PatientOrientation="",
        DeviceSerialNumber=f"SN-{label.upper()[:2]}-00417",
        SoftwareVersions="1.0",
        PatientComments="",
        DateOfLastCalibration="20240102",
        BurnedInAnnotation="NO" if modality == "CT" else "YES",
    )


def orders(performer: str, asker: str, procedure: str, accession: str) -> Dataset:
    """Return who asked, who performed, and what: names inside nested sequences."""
    person = item(
        PersonIdentificationCodeSequence=[code("P-20417", "99SAMPLE", performer)],
        InstitutionName="Sample Hospital",
    )
    request = item(
        RequestedProcedureID=f"RP{accession}",
        RequestedProcedureDescription=procedure,
        ScheduledProcedureStepID=f"SPS{accession}",
        ScheduledProcedureStepDescription=f"{procedure} ({asker})",
    )
    return item(
        AccessionNumber=accession,
        ReferringPhysicianName=asker,
        OperatorsName=performer,
        OperatorIdentificationSequence=[person],
        RequestAttributesSequence=[request],
    )


def add_private(dataset: Dataset, group: int, who: str, number: str) -> None:
    """Add a private block: plain text, binary with a name inside, and a sequence with a name inside."""
    block = dataset.private_block(group, VENDOR, create=True)
    inner = Dataset()
    inner.PatientName = who
    inner.private_block(group, VENDOR, create=True).add_new(0x02, "LO", f"copy of {number}")
    block.add_new(0x01, "LO", f"{who} {number}")
    block.add_new(0x02, "DS", "1.25")
    block.add_new(
        0x03, "OB", b"HDR1" + struct.pack("<IHH", 20240517, 1, 2) + number.encode("ascii").ljust(16, b"\0")
    )
    block.add_new(0x04, "SQ", [inner])
