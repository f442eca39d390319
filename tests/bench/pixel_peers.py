"""One rectangle on every frame of a 100-frame colour clip: this program beside others, whole processes.

`python -m tests.bench.pixel_peers` makes the clips, runs `cp -r`, GDCM's gdcmimg and PixelMed where they
are installed, and this program with its verification, in turn, and prints medians. PixelMed comes from the
Debian packages libpixelmed-java and libpixelmed-codec-java.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

FRAMES, ROWS, COLUMNS = 100, 600, 800
RECT = (16, 8, 240, 24)
ROUNDS = 5
_JARS = "pixelmed pixelmed_codec slf4j-api slf4j-nop commons-codec vecmath jai_imageio commons-compress"


def clips(folder: Path) -> dict[str, Path]:
    """An uncompressed clip and the same as JPEG baseline 4:2:2, each in a folder of its own."""
    y, x = np.indices((ROWS, COLUMNS))
    noise = np.random.default_rng(1).normal(0, 6, (ROWS, COLUMNS))
    frames = [
        np.clip(100 + 60 * np.sin((x + n) / 30) + 50 * np.cos(y / 25) + np.roll(noise, n, 0), 0, 255)
        .astype(np.uint8)[..., None]
        .repeat(3, axis=2)
        for n in range(FRAMES)
    ]
    plain = _dataset("RGB", ExplicitVRLittleEndian)
    plain.add_new(0x7FE00010, "OB", b"".join(frame.tobytes() for frame in frames))
    packed = _dataset("YBR_FULL_422", JPEGBaseline8Bit)
    streams = [imagecodecs.jpeg8_encode(frame, 90, subsampling="422") for frame in frames]
    packed.add_new(0x7FE00010, "OB", encapsulate(streams))
    packed["PixelData"].is_undefined_length = True
    packed.LossyImageCompression = "01"
    made = {}
    for name, dataset in (("uncompressed", plain), ("JPEG baseline", packed)):
        made[name] = folder / name.split()[0].lower()
        made[name].mkdir()
        dataset.save_as(made[name] / "clip.dcm", enforce_file_format=True)
    return made


def _dataset(photometric: str, syntax: str) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.3.1", "2.25.77701"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.77702", "2.25.77703"
    dataset.PatientName, dataset.PatientID = "DOE^JANE", "PID4711"
    dataset.StudyDate = dataset.StudyTime = dataset.AccessionNumber = dataset.PatientBirthDate = ""
    dataset.PatientSex, dataset.Modality, dataset.BurnedInAnnotation = "O", "US", "YES"
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = ROWS, COLUMNS, FRAMES
    dataset.SamplesPerPixel, dataset.PlanarConfiguration = 3, 0
    dataset.PhotometricInterpretation = photometric
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    return dataset


def own(source: Path, out: Path) -> list[str]:
    box = ",".join(map(str, RECT))
    return [sys.executable, "-m", "viewer", "clean", str(source), "--out", str(out), "--box", box]


def gdcm(source: Path, out: Path) -> list[str]:
    x, y, width, height = RECT
    region = f"{x},{x + width - 1},{y},{y + height - 1},0,{FRAMES - 1}"
    out.mkdir()
    arguments = ["gdcmimg", "--fill", "0", "--region", region]
    return [*arguments, "-i", str(source / "clip.dcm"), "-o", str(out / "clip.dcm")]


def pixelmed(source: Path, out: Path) -> list[str]:
    rules = out.with_suffix(".txt")
    rules.write_text(f"{COLUMNS}x{ROWS}=({','.join(map(str, RECT))})\n")
    out.mkdir()
    classes = ":".join(f"/usr/share/java/{jar}.jar" for jar in _JARS.split())
    java = ["java", "-Xmx8g", "-Djava.awt.headless=true", "-cp", classes]
    return [*java, "com.pixelmed.apps.DeidentifyAndRedact", str(source), str(out), str(rules), "BLOCK"]


CONTENDERS: dict[str, Callable[[Path, Path], list[str]]] = {
    "cp -r": lambda source, out: ["cp", "-r", str(source), str(out)],
    "deid-viewer clean (verified)": own,
    "gdcmimg --fill": gdcm,
    "PixelMed": pixelmed,
}
NEEDED = {
    "gdcmimg --fill": shutil.which("gdcmimg"),
    "PixelMed": os.path.exists("/usr/share/java/pixelmed.jar"),
}


def measure(command: list[str]) -> tuple[float, bool]:
    """Seconds of wall time, and whether it said that it went well."""
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    return time.perf_counter() - began, done.returncode == 0


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for clip, source in clips(folder).items():
            times: dict[str, list[float]] = {}
            for number in range(ROUNDS + 1):
                for contender, command in CONTENDERS.items():
                    if not NEEDED.get(contender, True):
                        continue
                    out = folder / f"out-{number}"
                    seconds, well = measure(command(source, out))
                    written = [p for p in out.rglob("*") if p.is_file()] if out.is_dir() else []
                    if number:  # the first round warms up
                        times.setdefault(contender, []).append(seconds if well and written else float("nan"))
                    shutil.rmtree(out, ignore_errors=True)
            print(f"{clip}, {FRAMES} frames {COLUMNS} x {ROWS}")
            for contender, seconds in times.items():
                span = f"({min(seconds):.2f}..{max(seconds):.2f})"
                print(f"  {contender:30} {statistics.median(seconds):6.2f} s {span}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest child: {peak:.0f} MB")


if __name__ == "__main__":
    main()
