"""Every transfer syntax x kind of picture x frames: cleaned with a box, and read again by DCMTK and GDCM.

`python -m tests.outside.matrix` prints the table for the README.
"""

import shutil
import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import imagecodecs
import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
)

from tests.dicom.pictures import KINDS, NATIVE, PACKED, Kind, fits, label, picture, put_streams, values
from tests.factories import instance_of
from viewer.dicom.codecs import JPEG_XL, JPEG_XL_RECOMPRESSION, SYNTAXES
from viewer.pixels.regions import Box, Region, Scope, ScopeKind
from viewer.release.encode import encoded
from viewer.release.report import Held, Written
from viewer.release.run import Task, run_instance
from viewer.rules.profiles import shipped_profiles
from viewer.rules.recipe import Recipe
from viewer.rules.surrogates import Keyring

ROWS, COLUMNS = 48, 64
BOX = Box(9, 5, 30, 20)
MCU = 16
"""Blocks of JPEG grow a box by less than this."""
KINDS16 = KINDS | {"mono16": Kind("MONOCHROME2", 16, 16)}
NAMES = (
    "mono8",
    "mono8s",
    "mono12",
    "mono12s",
    "mono16",
    "mono16s",
    "rgb",
    "ybr",
    "ybr422",
    "palette",
    "palette16",
)
NAMES += ("bit", "mono32", "float", "double")
LOSSY = (
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
    JPEG2000,
    HTJ2K,
    UID(JPEG_XL),
    UID(JPEG_XL_RECOMPRESSION),
)


@dataclass
class Outcome:
    """One cell. `state`: "pass" or "held"; `tools`: what DCMTK and GDCM say, "" when they cannot read it."""

    state: str
    reason: str = ""
    tools: dict[str, str] = field(default_factory=dict)


def stream_of(kind: Kind, syntax: UID, frame: np.ndarray) -> bytes | None:
    """One frame compressed with loss, None where the syntax has no such picture."""
    colour = kind.samples == 3
    if frame.dtype.kind == "i" or kind.planar or kind.photometric in ("YBR_FULL_422", "PALETTE COLOR"):
        return None
    if syntax in (JPEGBaseline8Bit, JPEG_XL_RECOMPRESSION):
        if frame.dtype != np.uint8:
            return None
        data = imagecodecs.jpeg8_encode(frame, 92, subsampling="422" if colour else None)
        return data if syntax == JPEGBaseline8Bit else imagecodecs.jpegxl_encode_jpeg(data)
    if syntax == JPEGExtended12Bit:
        if colour:
            return None
        return imagecodecs.jpeg8_encode(frame, 92, **({"bitspersample": 12} if kind.stored == 12 else {}))
    if syntax == JPEGLSNearLossless:
        return imagecodecs.jpegls_encode(frame, level=2)
    if syntax == JPEG2000:
        return imagecodecs.jpeg2k_encode(frame, level=45, reversible=False, codecformat="j2k", mct=colour)
    if syntax == HTJ2K:
        return imagecodecs.htj2k_encode(frame, reversible=False, level=0.01)
    return imagecodecs.jpegxl_encode(frame, distance=0.5, usecontainer=False)


def source_of(name: str, syntax: UID, frames: int) -> Dataset | None:
    """A data set of a kind in a syntax, None where the syntax does not allow it (PS3.5 8.2, 10)."""
    kind = KINDS16[name]
    pixels = values(kind, frames, rows=ROWS, columns=COLUMNS)
    if syntax in LOSSY:
        if (
            kind.float_tag
            or kind.allocated in (1, 32)
            or (
                kind.stored == 16
                and "JPEG" in syntax.name
                and syntax
                in (
                    JPEGBaseline8Bit,
                    JPEGExtended12Bit,
                )
            )
        ):
            return None
        y, x = np.indices((ROWS, COLUMNS))
        ramp = (x * 2 + y)[..., None] if kind.samples == 3 else x * 2 + y
        smooth = (ramp * max((1 << kind.stored) // 256, 1) + pixels % 5).astype(pixels.dtype)
        if kind.signed or kind.photometric == "PALETTE COLOR" or name in ("ybr422", "ybr"):
            return None
        streams = [stream_of(kind, syntax, frame) for frame in smooth]
        if None in streams:
            return None
        dataset = picture(kind, PACKED[0], pixels=smooth)
        dataset.file_meta.TransferSyntaxUID = syntax
        if kind.samples == 3 and syntax == JPEGBaseline8Bit:
            dataset.PhotometricInterpretation = "YBR_FULL_422"
        if kind.samples == 3 and syntax == JPEG2000:
            dataset.PhotometricInterpretation = "YBR_ICT"
        put_streams(dataset, streams)  # type: ignore[arg-type]
        return dataset
    return picture(kind, syntax, pixels=pixels) if fits(kind, syntax) else None


def write(dataset: Dataset, path: Path) -> Path:
    """The data set as a file that other programs take for an image."""
    dataset.PatientName, dataset.PatientID = "DOE^JANE", "PID4711"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.11", "2.25.12"
    dataset.SOPInstanceUID = "2.25.13"
    dataset.Modality, dataset.ConversionType = "OT", "WSD"
    meta = dataset.file_meta
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, "2.25.13"
    path.write_bytes(encoded(dataset))  # type: ignore[arg-type]
    return path


TOOLS = {
    "GDCM": lambda syntax: ["gdcmconv", "--raw"],
    "DCMTK": lambda syntax: [_dcmtk(syntax)],
}


def _dcmtk(syntax: UID) -> str:
    stream = SYNTAXES[syntax].stream.name
    return {"RLE": "dcmdrle", "JPEG": "dcmdjpeg", "JPEG_LOSSLESS": "dcmdjpeg", "JPEG_LS": "dcmdjpls"}.get(
        stream, "dcmconv"
    )


def reread(tool: str, syntax: UID, path: Path) -> Dataset | None:
    """What another program makes of a file, uncompressed; None when it cannot."""
    command = TOOLS[tool](syntax)
    if shutil.which(command[0]) is None:
        return None
    out = path.with_suffix(f".{tool}")
    extra = ["+cn"] if command[0] == "dcmdjpeg" else []
    done = subprocess.run(
        [*command, *extra, str(path), str(out)], capture_output=True, text=True, check=False
    )
    if done.returncode or not out.exists() or done.stderr.strip().startswith(("E:", "F:")):
        return None
    try:
        return dcmread(out)
    except Exception:  # noqa: BLE001 - another program's output
        return None


def samples(dataset: Dataset) -> np.ndarray | None:
    """Uncompressed samples as the other program wrote them, (frames, rows, columns, samples)."""
    try:
        return np.asarray(dataset.pixel_array).reshape(
            int(dataset.get("NumberOfFrames", 1)), ROWS, COLUMNS, -1
        )
    except Exception:  # noqa: BLE001 - a picture that pydicom does not unpack
        return None


def said(tool: str, syntax: UID, before: Path, after: Path) -> str:
    """What another program says of source and output: "equal", "read" (not unpacked), "" or what is wrong."""
    old, new = reread(tool, syntax, before), reread(tool, syntax, after)
    if old is None:
        return ""
    if new is None:
        return "COMPLAINS"
    a, b = samples(old), samples(new)
    if a is None or b is None:
        return "read"
    if a.shape != b.shape:
        return "ANOTHER SIZE"
    rim = MCU if SYNTAXES[syntax].way.name == "BLOCKS" else 1
    outside = np.ones((ROWS, COLUMNS), np.bool_)
    outside[max(BOX.y - rim, 0) : BOX.y + BOX.height + rim, max(BOX.x - rim, 0) : BOX.x + BOX.width + rim] = (
        False
    )
    frame = len(a) // 2
    others = [n for n in range(len(a)) if n != frame]
    same = np.array_equal(a[frame][outside], b[frame][outside]) and np.array_equal(a[others], b[others])
    inside = b[frame][BOX.y + 1 : BOX.y + BOX.height - 1, BOX.x + 1 : BOX.x + BOX.width - 1]
    flat = np.ptp(inside.reshape(-1, inside.shape[-1]).astype(np.int64), axis=0).max() <= 1
    return "equal" if same and flat else "DIFFERS"


def cell(name: str, syntax: UID, frames: int, folder: Path) -> Outcome | None:
    """Clean one file with a box on its middle frame; None where there is no such file."""
    dataset = source_of(name, syntax, frames)
    if dataset is None:
        return None
    before = write(dataset, folder / "in.dcm")
    instance = instance_of(before, dataset)
    middle = frames // 2
    scope = Scope(ScopeKind.FRAMES, "2.25.13", ROWS, COLUMNS, (middle, middle))
    recipe = Recipe(shipped_profiles()[0], (Region(BOX, scope),))
    report = run_instance(Task(instance, recipe, Keyring(bytes(32)), folder / "out"))
    if isinstance(report, Held):
        return Outcome("held", report.reason)
    assert isinstance(report, Written)
    after = folder / "out" / report.name
    return Outcome("pass", tools={tool: said(tool, syntax, before, after) for tool in TOOLS})


def table() -> list[tuple[str, str, int, Outcome]]:
    """Every cell that there is: (syntax, kind, frames, outcome)."""
    found = []
    for syntax in (*NATIVE, *PACKED, *LOSSY):
        for name in NAMES:
            for frames in (1, 3):
                with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    outcome = cell(name, syntax, frames, Path(folder))
                if outcome is not None:
                    found.append((label(syntax), name, frames, outcome))
    return found


def markdown(found: list[tuple[str, str, int, Outcome]]) -> str:
    """The table: "ok" for single and multi-frame, with G and D where GDCM and DCMTK read both alike.

    GDCM writes no multi-frame Secondary Capture of signed, YBR or palette pictures: those are single only.
    """
    rows = list(dict.fromkeys(syntax for syntax, *_ in found))
    lines = ["| | " + " | ".join(NAMES) + " |", "|---" * (len(NAMES) + 1) + "|"]
    for syntax in rows:
        cells = []
        for name in NAMES:
            mine = [o for s, n, _, o in found if (s, n) == (syntax, name)]
            states = {o.state for o in mine}
            text = "" if not mine else "ok" if states == {"pass"} else "held"
            for tool in TOOLS:
                said_of = {o.tools.get(tool, "") for o in mine}
                text += tool[0] if "equal" in said_of and said_of <= {"equal", "read", ""} else ""
            cells.append(text)
        lines.append(f"| {syntax} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    made = table()
    print(markdown(made))
    for syntax, name, frames, outcome in made:
        wrong = {t: s for t, s in outcome.tools.items() if s not in ("", "equal", "read")}
        if outcome.state != "pass" or wrong:
            print(syntax, name, frames, outcome.state, outcome.reason, wrong, file=sys.stderr)
    count = len(made)
    passed = sum(o.state == "pass" for *_, o in made)
    print(f"{count} files, {passed} written and exact, {count - passed} held", file=sys.stderr)
