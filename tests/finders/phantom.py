"""A head of ellipsoids with scalp, skull, brain, nose, lips and orbits, as CT or MR slices."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.factories import OSWALDINE, Somebody, _pixels, base, to_bytes, write

AIR, SKIN, BONE, BRAIN = -1000, 40, 900, 30
SIDE, PIXEL, GAP = 160, 1.5, 2.5
"""Rows and columns, and millimetres."""

TISSUES = {"air": 0, "skin": 1, "bone": 2, "brain": 3}


def tissues(slices: int = 70) -> NDArray[np.uint8]:
    """What stands where: (slices, rows, columns), the front at the first row, feet first."""
    z = (np.arange(slices) - slices * 0.5)[:, None, None] * GAP
    y = ((np.arange(SIDE) - SIDE / 2) * PIXEL)[None, :, None]
    x = ((np.arange(SIDE) - SIDE / 2) * PIXEL)[None, None, :]

    def ball(cx: float, cy: float, cz: float, rx: float, ry: float, rz: float) -> NDArray[np.bool_]:
        return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2 <= 1

    head = ball(0, 0, 10, 76, 96, 110)
    nose = ball(0, -98, -18, 11, 20, 22)
    lips = ball(0, -88, -48, 22, 12, 6) | ball(0, -88, -60, 20, 11, 5)
    chin = ball(0, -70, -78, 26, 26, 14)
    orbits = ball(30, -92, 8, 16, 12, 10) | ball(-30, -92, 8, 16, 12, 10)
    ears = ball(80, 8, -5, 8, 14, 26) | ball(-80, 8, -5, 8, 14, 26)
    skull, brain = ball(0, 4, 14, 69, 85, 102), ball(0, 4, 14, 62, 78, 95)
    made = np.zeros((slices, SIDE, SIDE), np.uint8)
    made[(head | nose | lips | chin | ears) & ~(orbits & ~skull)] = TISSUES["skin"]
    made[skull] = TISSUES["bone"]
    made[brain] = TISSUES["brain"]
    return made


def stored(what: NDArray[np.uint8], modality: str, seed: int = 3) -> NDArray[np.int16]:
    """Stored values with noise."""
    noise = np.random.default_rng(seed).normal(0, 8, what.shape)
    of = (AIR, SKIN, BONE, BRAIN) if modality == "CT" else (10, 420, 60, 520)
    values = np.array(of, np.float32)[what] + noise
    return (values + 1024 if modality == "CT" else np.maximum(values, 0)).round().astype("<i2")


def write_head(
    folder: Path,
    modality: str,
    *,
    slices: int = 70,
    gap: float = GAP,
    turn: int = 0,
    part: str = "HEAD",
    who: Somebody = OSWALDINE,
) -> NDArray[np.uint8]:
    """Write the slices of a head into a folder and return what stands where, as they are stored."""
    what = tissues(round(slices * gap / GAP))[:: max(1, round(gap / GAP))]
    if turn:
        what = np.ascontiguousarray(np.rot90(what, turn, axes=(1, 2)))
    pixels = stored(what, modality)
    cosines = {0: [1, 0, 0, 0, 1, 0], 1: [0, 1, 0, -1, 0, 0], 2: [-1, 0, 0, 0, -1, 0], 3: [0, -1, 0, 1, 0, 0]}
    sop = "1.2.840.10008.5.1.4.1.1.2" if modality == "CT" else "1.2.840.10008.5.1.4.1.1.4"
    for index, one in enumerate(pixels):
        made = base(sop, modality, who, series=3, number=index + 1)
        made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        made.BodyPartExamined = part
        made.StudyDescription = made.SeriesDescription = "axial"
        made.FrameOfReferenceUID = f"{who.study}.901"
        made.SliceThickness = str(gap)
        made.ImagePositionPatient = [-120, -120, index * gap]
        made.ImageOrientationPatient = cosines[turn]
        made.PixelSpacing = [PIXEL, PIXEL]
        if modality == "CT":
            made.RescaleIntercept, made.RescaleSlope, made.RescaleType = "-1024", "1", "HU"
        write(folder / f"{index:03d}.dcm", to_bytes(_pixels(made, one, "MONOCHROME2")))
    return what
