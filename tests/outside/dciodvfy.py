"""Ask an outside validator, dciodvfy of Debian's dicom3tools, which errors a written file has newly.

    python tests/outside/dciodvfy.py SOURCE WRITTEN [SOURCE WRITTEN ...]
    python tests/outside/dciodvfy.py --map PAIRS.json         a list of [source, written] pairs

It prints one line per kind of new error and ends with 1 when one of them is not in `ACCEPTED`.
"""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from pydicom import Dataset, dcmread
from pydicom.filereader import read_file_meta_info
from pydicom.misc import is_dicom
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

UNREADABLE = {"Dicom dataset read failed", "Information Object Not found"}
"""What dciodvfy says when it gave up before it looked at a single attribute."""

# (pattern of an error kind, why it is right that the output has it though the source had not)
ACCEPTED: tuple[tuple[str, str], ...] = (
    (
        r"ReferencedSeriesSequence.*Instance does not reference Instances",
        "Table E.1-1 has X/Z/U* for the Source Image Sequence and a Type 3 one is removed; the list of "
        "referenced series stays (with new UIDs), though now nothing in the instance points to it.",
    ),
    (
        r"^/PresentationCreation(Date|Time)\(.*Missing attribute for Type 1",
        "Table E.1-1 says X, remove, although the presentation state module has it as Type 1; with Retain "
        "Longitudinal Temporal Information it stays.",
    ),
    (
        r"ReasonForRequestedProcedureCodeSequence\(0040,100a\): Missing attribute for Type 2",
        "Table E.1-1 says X, remove, although the hanging protocol module has it as Type 2; with Clean "
        "Descriptors it stays.",
    ),
    (
        r"^/Window(Center|Width)\(.*Empty attribute \(no value\)",
        "The source had a text that is no number (NaN) in a number; text in numbers is taken out.",
    ),
)


def installed() -> bool:
    """Return whether dciodvfy can be run."""
    return shutil.which("dciodvfy") is not None


def error_kinds(path: Path) -> set[str]:
    """Return what dciodvfy calls errors in a file, without values and item numbers."""
    with TemporaryDirectory() as folder:
        readable = inflated(path, Path(folder, "inflated.dcm"))
        command = ["dciodvfy", "-new", str(readable)]
        result = subprocess.run(command, capture_output=True, check=False, timeout=60)
    lines = (result.stdout + result.stderr).decode("utf-8", errors="replace").splitlines()
    return {kind(line) for line in lines if line.startswith(("Error - ", "Abort - "))}


def inflated(path: Path, copy: Path) -> Path:
    """Return the path, or that of an inflated copy of a deflated file, which dciodvfy cannot read."""
    meta = read_file_meta_info(path) if is_dicom(path) else Dataset()
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return path
    dataset = dcmread(path)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(copy)
    return copy


def kind(line: str) -> str:
    """Return an error line without what differs between two files that have the same fault."""
    text = line.partition(" - ")[2]
    place, found, rest = text.partition("> - ")
    if not found:
        place, rest = "", text
    place = re.sub(r"\[\d+\]", "", place).lstrip("<")
    # `Module=<...>`, `[VR]` and the expected length say what is wrong; what stands after `= ` is a value.
    rest = re.sub(r'= <[^>]*>|"[^"]*"', "= *", rest)
    rest = re.sub(r"'.*?' \(0x[0-9a-f]+\)", "*", rest)
    return f"{place}: {rest}" if place else rest


def new_errors(source: Path, written: Path) -> list[str]:
    """Return the kinds of error that the written file has and its source had not, accepted ones included.

    A source that dciodvfy cannot read (it knows no newer transfer syntax), or in which it finds no SOP
    Class, gives nothing to compare with.
    """
    before = error_kinds(source)
    return [] if UNREADABLE & before else sorted(error_kinds(written) - before)


def reason(error: str) -> str | None:
    """Return why an error kind is accepted, or None."""
    return next((why for pattern, why in ACCEPTED if re.search(pattern, error)), None)


def unexplained(source: Path, written: Path) -> list[str]:
    """Return the new errors that nobody has given a reason for."""
    return [error for error in new_errors(source, written) if reason(error) is None]


def main(arguments: list[str]) -> int:
    """Print the table for the pairs that are named; return the exit code."""
    if arguments[:1] == ["--map"]:
        names = [name for pair in json.loads(Path(arguments[1]).read_bytes()) for name in pair]
    else:
        names = arguments
    if not names or len(names) % 2 or not installed():
        print(__doc__, "" if installed() else "dciodvfy is not installed (apt-get install dicom3tools).")
        return 2
    pairs = list(zip(map(Path, names[::2]), map(Path, names[1::2]), strict=True))
    found = Counter(error for source, written in pairs for error in new_errors(source, written))
    for error, files in found.most_common():
        print(f"{files:5}  {error}\n       {reason(error) or 'NOT EXPLAINED'}")
    unexplained_kinds = sum(reason(error) is None for error in found)
    print(f"{len(pairs)} pairs, {len(found)} kinds of new error, {unexplained_kinds} without a reason")
    return 1 if unexplained_kinds else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
