"""Real radiology pixels without text, found in the corpus; screens are drawn."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from viewer.dicom.frames import decode_rgb
from viewer.dicom.parsing import dataset_of
from viewer.finders.grey import grey_frame
from viewer.pixels.render import is_colour

Picture = NDArray[np.float32]
"""(rows, columns) or (rows, columns, 3), 0 black to 1 white."""


@dataclass(frozen=True)
class Cut:
    """A part of a file of the corpus on which there is no text: rows, then columns."""

    file: str
    rows: tuple[int, int] | None = None
    columns: tuple[int, int] | None = None
    upside_down: bool = False
    mirrored: bool = False


FILMS = (
    (Cut("burned-in/cr-chest-rle-name-dob.dcm", (260, 1640), (40, 1990)), 12),
    (Cut("modality/cr-j2k-lossless-mono1.dcm", (60, 1640), (60, 1700)), 10),
    (Cut("burned-in/cr-chest-rle-name-dob.dcm", (260, 1640), (40, 1990), upside_down=True), 15),
    (Cut("modality/cr-j2k-lossless-mono1.dcm", (60, 1640), (60, 1700), upside_down=True), 14),
    (Cut("burned-in/cr-chest-rle-name-dob.dcm", (420, 1640), (900, 1990), mirrored=True), 16),
)
SECTORS = (
    Cut("burned-in/us-lymph-node-j2k.dcm", (150, 290), (90, 560)),
    Cut("burned-in/us-vascular-rgb-2frame.dcm", (120, 500), (340, 680)),
    Cut("burned-in/us-echo-jpeg-lossless.dcm", (350, 620), (380, 700)),
    Cut("burned-in/us-doe-john-rle.dcm", (60, 360), (90, 480)),
)
SLICES = (
    Cut("transfer-syntax/mr-siemens-1-explicit-le.dcm"),
    Cut("private/siemens-syngo-jpegls.dcm"),
    Cut("series/ct-phantom-54/I10"),
    Cut("overlay/ct-siemens-overlay.dcm"),
)


def picture(corpus: Path, cut: Cut) -> Picture:
    """The pixels of a cut, spread from 0 to 1."""
    dataset = dataset_of((corpus / cut.file).read_bytes())
    values = decode_rgb(dataset, 0) if is_colour(dataset) else grey_frame(dataset, 0)
    part = values[slice(*(cut.rows or (None,))), slice(*(cut.columns or (None,)))].astype(np.float32)
    if cut.upside_down:
        part = part[::-1]
    if cut.mirrored:
        part = part[:, ::-1]
    low, high = np.percentile(part[::4, ::4], (0.5, 99.8))
    return np.clip((part - low) / max(high - low, 1), 0, 1).astype(np.float32)


def scaled(base: Picture, width: int, height: int) -> Picture:
    eight = (
        Image.fromarray(np.round(base * 255).astype(np.uint8)) if base.ndim == 3 else Image.fromarray(base)
    )
    made = np.asarray(eight.resize((width, height), Image.Resampling.BICUBIC), np.float32)
    return np.clip(made / 255 if base.ndim == 3 else made, 0, 1)


def film(corpus: Path, number: int, long_side: int = 3000) -> tuple[Picture, int]:
    """A film of 3000 pixels and its bits."""
    cut, bits = FILMS[number % len(FILMS)]
    base = picture(corpus, cut)
    scale = long_side / max(base.shape)
    return scaled(base, round(base.shape[1] * scale), round(base.shape[0] * scale)), bits


def ultrasound(corpus: Path, random_: Random, size: tuple[int, int]) -> Picture:
    """A frame with a sector, a depth ruler, a grey bar, and often an ECG trace and a coloured head."""
    width, height = size
    sector = picture(corpus, random_.choice(SECTORS))
    if sector.ndim == 2:
        sector = sector[..., None].repeat(3, axis=2)
    scale = min(0.8 * width / sector.shape[1], 0.8 * height / sector.shape[0])
    inner = scaled(sector, int(sector.shape[1] * scale), int(sector.shape[0] * scale))
    frame = np.zeros((height, width, 3), np.float32)
    top, left = (height - inner.shape[0]) // 2, (width - inner.shape[1]) // 2
    frame[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    if random_.random() < 0.5:
        frame[: height // 16] = (0.15, 0.2, 0.35)
    if random_.random() < 0.3:
        _add_flow(frame, random_)
    drawn = Image.fromarray(np.round(frame * 255).astype(np.uint8))
    _furniture(ImageDraw.Draw(drawn), width, height, random_)
    return np.asarray(drawn, np.float32) / 255


def _add_flow(frame: Picture, random_: Random) -> None:
    """Colour a part of the sector as Doppler does: smooth patches of red and blue with ragged edges."""
    height, width = frame.shape[:2]
    noise = np.random.default_rng(random_.randrange(1 << 30))
    field = scaled(noise.random((height // 24, width // 24), np.float32), width, height)
    grain = scaled(noise.random((height // 3, width // 3), np.float32), width, height)
    down, across = np.mgrid[:height, :width]
    from_middle = np.hypot((down - height / 2) / (height / 7), (across - width / 2) / (width / 7))
    speed = (field - 0.5) * 2
    shown = (np.abs(speed) + 0.3 * grain > 0.35 + 0.5 * from_middle)[..., None]
    warm = np.stack([0.5 + speed / 2, 0.5 * np.clip(speed, 0, 1), 0 * speed], axis=2)
    cold = np.stack([0 * speed, 0.5 * np.clip(-speed, 0, 1), 0.5 - speed / 2], axis=2)
    frame[...] = np.where(shown, np.clip(np.where(speed[..., None] > 0, warm, cold), 0, 1), frame)


def _furniture(draw: ImageDraw.ImageDraw, width: int, height: int, random_: Random) -> None:
    for tick in range(20):
        y = height * (0.1 + 0.04 * tick)
        draw.line([(width - 14, y), (width - (2 if tick % 5 else 6), y)], fill=(200, 200, 200))
    for step in range(64):
        draw.line([(6, height * 0.3 + step), (18, height * 0.3 + step)], fill=(255 - 4 * step,) * 3)
    if random_.random() < 0.6:
        beat = [0] * 4 + [-14] * 3 + [6] * 2 + [2] * 5 + [0] * 76
        shift = random_.randrange(90)
        trace = [(x, height * 0.93 + beat[(x + shift) % 90]) for x in range(30, width - 30)]
        draw.line(trace, fill=(0, 220, 90))


def screen(random_: Random, size: tuple[int, int]) -> Picture:
    """A light or dark screen with a table and a bar chart."""
    width, height = size
    ground = random_.choice(((255, 255, 255), (240, 240, 245), (30, 30, 36), (0, 0, 0)))
    drawn = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(drawn)
    line = (90, 90, 95) if sum(ground) < 380 else (180, 180, 190)
    for row in range(6):
        draw.line([(20, 80 + 60 * row), (width - 20, 80 + 60 * row)], fill=line)
    for column in range(5):
        x = 20 + column * (width - 40) // 4
        draw.line([(x, 80), (x, 380)], fill=line)
    for bar in range(12):
        top = height - 60 - random_.randint(5, 120)
        draw.rectangle([40 + 24 * bar, top, 56 + 24 * bar, height - 60], fill=(70, 110, 180))
    draw.rectangle([0, 0, width, 26], fill=(60, 90, 140))
    return np.asarray(drawn, np.float32) / 255


def cross_section(corpus: Path, number: int) -> Picture:
    return picture(corpus, SLICES[number % len(SLICES)])


def marked(base: Picture, random_: Random) -> Picture:
    """A film with dust, scratches and a ruler: sharp, and no text."""
    made = base.copy()
    rows, columns = made.shape
    for _ in range(60):
        x, y, r = random_.randrange(5, columns - 5), random_.randrange(5, rows - 5), random_.randint(1, 2)
        made[y : y + r, x : x + r] = 1
    for _ in range(4):
        x, y, n = (
            random_.randrange(5, columns - 300),
            random_.randrange(5, rows - 300),
            random_.randint(60, 280),
        )
        along = np.arange(n)
        made[(y + along * random_.random() * 0.6).astype(int), x + along] = 0.95
    for tick in range(60):
        y, x = rows // 4 + 20 * tick, columns - 40
        made[y : y + 2, x - (10 if tick % 5 else 22) : x] = 0.9
    return made
