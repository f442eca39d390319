"""The index of a disc: a DICOMDIR made anew from cleaned files, never the source's (PS3.15 E.1.1 step 8)."""

import io
import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Final, cast

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.filebase import DicomBytesIO, DicomFileLike
from pydicom.fileset import FileSet, RecordNode
from pydicom.uid import UID

from viewer import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION
from viewer.dicom.decisions import Finding, Severity
from viewer.dicom.elements import CONVERSION_ERRORS
from viewer.dicom.errors import UnsafeDestination
from viewer.release.unfinished import Unfinished
from viewer.rules.surrogates import Keyring

NAME: Final = "DICOMDIR"
_FILE_ID: Final = re.compile(r"[A-Z0-9_]{1,8}(/[A-Z0-9_]{1,8}){0,7}")
_STAND_INS: Final = {
    "PatientID": "ANON",
    "StudyDate": "19000101",
    "StudyTime": "000000",
    "StudyID": "0",
    "Modality": "OT",
    "SeriesNumber": 0,
    "InstanceNumber": 0,
    "ContentDate": "19000101",
    "ContentTime": "000000",
    "ContentLabel": "REMOVED",
    "PresentationCreationDate": "19000101",
    "PresentationCreationTime": "000000",
    "InstanceCreationDate": "19000101",
    "StructureSetLabel": "REMOVED",
    "CompletionFlag": "PARTIAL",
    "VerificationFlag": "UNVERIFIED",
    "DoseSummationType": "PLAN",
    "Manufacturer": "REMOVED",
}
"""What a directory record must have though the cleaned file has it empty or not at all (PS3.3 F.5)."""


def is_file_id(name: str) -> bool:
    """Return whether a relative name may stand in a DICOMDIR (PS3.10 8.2)."""
    return _FILE_ID.fullmatch(name) is not None


def write_dicomdir(folder: Path, names: Iterable[str], keyring: Keyring) -> tuple[str, ...]:
    """Write the DICOMDIR of the files of a folder, over an earlier one; return the names it leaves out.

    `names` are relative, with `/`. Left out is a second file with the same SOP Instance UID, and one whose
    kind has no directory record. Raises UnsafeDestination when the folder cannot be written.
    """
    wanted = sorted(names)
    index = FileSet()
    index._stage["t"].cleanup()  # its folder for copies, of which there are none
    index.ID = "DEIDENTIFIED"
    index.UID = UID(keyring.uid("file-set " + "\0".join(wanted)))
    seen: set[str] = set()
    left_out = [name for name in wanted if not _added(index, folder, name, seen)]
    buffer = DicomBytesIO()
    index._ds = index._create_dicomdir()
    index._ds.file_meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    index._ds.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    index._write_dicomdir(cast("DicomFileLike", buffer))
    with Unfinished(folder, NAME) as unfinished:
        unfinished.write(buffer.getvalue())
        if dicomdir_findings(unfinished.read_back(), folder):
            raise UnsafeDestination("The index of the disc could not be made; the images are complete.")
        unfinished.publish(replace_existing=True)
    return tuple(left_out)


def _added(index: FileSet, folder: Path, name: str, seen: set[str]) -> bool:
    """Return whether a file was put into the index; add() of the library would copy every file once more."""
    try:
        dataset = dcmread(folder / name, stop_before_pixels=True)
        uid = str(dataset.SOPInstanceUID)
        if uid in seen or not is_file_id(name):
            return False
        nodes = [RecordNode(record) for record in index._recordify(_complete(dataset))]
    except (OSError, InvalidDicomError, *CONVERSION_ERRORS):
        return False
    for above, below in pairwise(nodes):
        below.parent = above
    nodes[-1]._record.ReferencedFileID = name.split("/")
    index._tree.add(nodes[-1])
    seen.add(uid)
    return True


def _complete(dataset: FileDataset) -> FileDataset:
    """Return the data set with a stand-in for everything that a directory record must have."""
    for name, stand_in in _STAND_INS.items():
        if name not in dataset or dataset[name].VM == 0:
            setattr(dataset, name, stand_in)
    if str(dataset.VerificationFlag) == "VERIFIED":
        dataset.VerificationDateTime = "19000101000000"
    if "ContentSequence" in dataset:  # a record holds modifiers of the title only (PS3.3 F.5.18)
        del dataset.ContentSequence
    return dataset


def dicomdir_findings(content: bytes, folder: Path) -> list[Finding]:
    """Return what is wrong with the index of a folder: every file it names must be there and be that one."""
    try:
        index = dcmread(io.BytesIO(content))
        records = list(index.DirectoryRecordSequence or ())
        wrong = [r for r in records if "ReferencedFileID" in r and not _fits(r, folder)]
    except (OSError, InvalidDicomError, *CONVERSION_ERRORS):
        return [Finding("dicomdir", Severity.ERROR, "", "The index of the disc cannot be read.")]
    message = "The index of the disc names a file that is not there or is another one."
    return [Finding("dicomdir", Severity.ERROR, "(0004,1500)", message)] if wrong else []


def _fits(record: Dataset, folder: Path) -> bool:
    parts = record.ReferencedFileID
    name = "/".join([parts] if isinstance(parts, str) else list(parts))
    if not is_file_id(name):
        return False
    meta = dcmread(folder / name, specific_tags=["SOPInstanceUID"], stop_before_pixels=True).file_meta
    return bool(
        meta.MediaStorageSOPInstanceUID == record.ReferencedSOPInstanceUIDInFile
        and meta.MediaStorageSOPClassUID == record.ReferencedSOPClassUIDInFile
        and meta.TransferSyntaxUID == record.ReferencedTransferSyntaxUIDInFile
    )
