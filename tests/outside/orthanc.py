"""Give written files to a PACS, Orthanc on this machine alone, and compare what it shows with the files.

    python tests/outside/orthanc.py FOLDER [--by rest|c-store]

Needs the program Orthanc (Debian: orthanc) and for C-STORE dcmtk. Ends with 1 when a file is refused or
another patient, study, series or instance is shown than stands in the files.
"""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pydicom import dcmread

Tree = dict[str, dict[str, dict[str, set[str]]]]
"""Patient ID, Study, Series and SOP Instance UIDs."""


def installed() -> bool:
    """Return whether Orthanc and dcmsend can be run."""
    return all(
        shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin") for name in ("Orthanc", "dcmsend")
    )


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running() -> Iterator[tuple[str, int]]:
    """Yield the address and the DICOM port of a PACS that is gone afterwards."""
    with TemporaryDirectory() as folder:
        http, dicom = free_port(), free_port()
        settings = {
            "Name": "test",
            "StorageDirectory": folder,
            "IndexDirectory": folder,
            "HttpPort": http,
            "DicomPort": dicom,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAlwaysAllowStore": True,
            "OverwriteInstances": True,
            "Plugins": [],
        }
        path = Path(folder, "settings.json")
        path.write_text(json.dumps(settings), encoding="utf-8")
        program = shutil.which("Orthanc", path="/usr/sbin:/usr/bin:/usr/local/bin") or "Orthanc"
        process = subprocess.Popen([program, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(f"http://127.0.0.1:{http}/system")
            yield f"http://127.0.0.1:{http}", dicom
        finally:
            process.terminate()
            process.wait(20)


def _wait(address: str) -> None:
    for _ in range(150):
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError("Orthanc does not answer")


def _get(address: str) -> list[dict]:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return json.load(answer)


def send(files: Iterable[Path], address: str, port: int, by: str) -> list[str]:
    """Send files; return the names of those that were refused."""
    refused = []
    for path in files:
        if by == "rest":
            asked = urllib.request.Request(f"{address}/instances", path.read_bytes(), method="POST")
            try:
                with urllib.request.urlopen(asked, timeout=30) as answer:
                    stored = json.load(answer)["Status"] in ("Success", "AlreadyStored")
            except urllib.error.HTTPError:
                stored = False
        else:
            command = ["dcmsend", "--decompress-never", "--no-halt", "127.0.0.1", str(port), str(path)]
            stored = subprocess.run(command, capture_output=True, check=False).returncode == 0
        if not stored:
            refused.append(path.name)
    return refused


def shown(address: str) -> Tree:
    """Return the hierarchy that the PACS shows."""
    tree: Tree = {}
    for patient in _get(f"{address}/patients?expand"):
        studies = tree.setdefault(patient["MainDicomTags"].get("PatientID", ""), {})
        for study in _get(f"{address}/patients/{patient['ID']}/studies"):
            series = studies.setdefault(study["MainDicomTags"]["StudyInstanceUID"], {})
            for one in _get(f"{address}/studies/{study['ID']}/series"):
                found = _get(f"{address}/series/{one['ID']}/instances")
                uids = {i["MainDicomTags"]["SOPInstanceUID"] for i in found}
                series.setdefault(one["MainDicomTags"]["SeriesInstanceUID"], set()).update(uids)
    return tree


def in_files(files: Iterable[Path]) -> Tree:
    """Return the hierarchy that stands in files."""
    tree: Tree = {}
    for path in files:
        data = dcmread(path, stop_before_pixels=True)
        study = tree.setdefault(str(data.get("PatientID", "")), {}).setdefault(str(data.StudyInstanceUID), {})
        study.setdefault(str(data.SeriesInstanceUID), set()).add(str(data.SOPInstanceUID))
    return tree


def count(tree: Tree) -> tuple[int, int, int, int]:
    """Return the numbers of patients, studies, series and instances."""
    studies = [study for patient in tree.values() for study in patient.values()]
    series = [one for study in studies for one in study.values()]
    return len(tree), len(studies), len(series), sum(map(len, series))


def main(folder: str, by: str) -> int:
    found = sorted(Path(folder).rglob("*.dcm"))
    files = [path for path in found if dcmread(path, stop_before_pixels=True).get("StudyInstanceUID")]
    print(f"{len(found) - len(files)} files without a study, as their sources: not sent")
    with running() as (address, port):
        refused = send(files, address, port, by)
        there = shown(address)
    wanted = in_files(path for path in files if path.name not in refused)
    print(f"{len(files)} files sent by {by}, {len(refused)} refused: {refused}")
    print("patients, studies, series, instances in the files:", count(wanted))
    print("patients, studies, series, instances in Orthanc:  ", count(there))
    print("the same hierarchy" if there == wanted else "ANOTHER HIERARCHY")
    return int(bool(refused) or there != wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else "rest"))
