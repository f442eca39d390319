"""What text stands on: real images of a folder of DICOM files, speckle, noise, and what scanners draw."""

import math
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter, map_coordinates

from viewer.dicom.errors import DeidError
from viewer.dicom.frames import decode_rgb, frame_count
from viewer.dicom.parsing import dataset_of
from viewer.finders.grey import brightness, grey_frame
from viewer.finders.text import TextFinder
from viewer.pixels.render import is_colour

Picture = NDArray[np.float32]
"""(rows, columns), 0 black to 1 white."""

SIDE = 256
HELD_BACK = (
    "us-lymph-node-j2k", "us-vascular-rgb-2frame", "us-echo-jpeg-lossless", "us-doe-john-rle",
    "mr-siemens-", "siemens-syngo-jpegls", "ct-phantom-54", "ct-siemens-overlay", "fuzz",
)  # fmt: skip
"""Files that measurements are made on (tests/burned): nothing is learned from them."""
_KINDS = {
    "US": 16,
    "CT": 2,
    "MR": 2,
    "XA": 8,
    "CR": 1,
    "DX": 1,
    "OT": 1,
    "PT": 1,
    "NM": 1,
    "RTIMAGE": 1,
    "OP": 1,
}
"""How many frames of a file are taken, by modality."""


@dataclass(frozen=True)
class Real:
    """A frame; `text`: 2 where text stands on it already, as the search tells, 1 where some may, else 0."""

    picture: Picture
    text: NDArray[np.uint8]


def real_grounds(folder: Path) -> list[Real]:
    """Return frames of the files in a folder, without those that are held back."""
    finder = TextFinder.load()
    made = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or any(name in str(path) for name in HELD_BACK):
            continue
        if path.parent.parent.name == "series" and sum(map(ord, path.name)) % 6:
            continue
        try:
            dataset = dataset_of(path.read_bytes())
            if dataset.get("Modality", "OT") not in _KINDS or min(dataset.Rows, dataset.Columns) < 100:
                continue
            count = min(frame_count(dataset), 96)
            most = _KINDS[dataset.get("Modality", "OT")]
            for index in sorted({count * at // most for at in range(most)}):
                made.append(_labelled(_frame(dataset, index), finder))
        except (DeidError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
            continue
    return made


def _frame(dataset, index: int) -> Picture:
    values = brightness(decode_rgb(dataset, index)) if is_colour(dataset) else grey_frame(dataset, index)
    low, high = (0, 255) if values.dtype == np.uint8 else np.percentile(values[::3, ::3], (0.2, 99.8))
    picture = np.clip((values.astype(np.float32) - low) / max(float(high - low), 1), 0, 1)
    if max(picture.shape) > 1400:
        half = (picture.shape[1] // 2, picture.shape[0] // 2)
        picture = np.asarray(Image.fromarray(picture).resize(half, Image.Resampling.BOX))
    return picture


def _labelled(picture: Picture, finder: TextFinder) -> Real:
    looked = finder.find(np.round(picture * 255).astype(np.uint8))
    text = np.zeros(picture.shape, np.uint8)
    for boxes, kind in ((looked.doubtful, 1), (looked.boxes, 2)):
        for box in boxes:
            text[max(0, box.y0) : box.y1, max(0, box.x0) : box.x1] = kind
    return Real(picture, text)


def real_ground(reals: list[Real], random_: Random) -> tuple[Picture, NDArray[np.uint8]]:
    """Return a part of a frame at some size, and 1 where text may stand, 2 where it does, else 0."""
    real = random_.choice(reals)
    scale = math.exp(random_.uniform(math.log(0.5), math.log(2.5)))
    scale = max(scale, SIDE / min(real.picture.shape))
    side = int(SIDE / scale)
    y, x = (random_.randint(0, n - side) for n in real.picture.shape)
    box = (x, y, x + side, y + side)
    way = Image.Resampling.BICUBIC if random_.random() < 0.8 else Image.Resampling.BILINEAR
    picture = np.asarray(Image.fromarray(real.picture).resize((SIDE, SIDE), way, box=box))
    there = np.asarray(Image.fromarray(real.text).resize((SIDE, SIDE), Image.Resampling.NEAREST, box=box))
    # Letters made so small may be letters no more.
    return np.clip(picture, 0, 1), there if scale > 0.8 else np.minimum(there, 1)


def speckle(random_: Random, numpy_: np.random.Generator) -> Picture:
    """Return what ultrasound shows: interference of echoes, compressed, on tissue that varies."""
    fine = (random_.uniform(0.5, 2.2), random_.uniform(0.8, 4))
    echoes = numpy_.normal(size=(SIDE + 64, SIDE + 64)) + 1j * numpy_.normal(size=(SIDE + 64, SIDE + 64))
    echoes = gaussian_filter(echoes.real, fine) + 1j * gaussian_filter(echoes.imag, fine)
    strength = np.abs(echoes) / np.abs(echoes).mean()
    if random_.random() < 0.6:
        strength = _bent(strength, random_)
    strength = strength[32 : 32 + SIDE, 32 : 32 + SIDE]
    tissue = _tissue(random_, numpy_)
    if random_.random() < 0.5:
        picture = tissue + random_.uniform(0.05, 0.22) * np.log(np.maximum(strength, 1e-3))
    else:
        picture = tissue * strength * random_.uniform(0.6, 1)
    if random_.random() < 0.3:
        picture = gaussian_filter(picture, random_.uniform(0.4, 1.2))
    return np.clip(picture, 0, 1).astype(np.float32)


def _bent(values: NDArray[np.float64], random_: Random) -> NDArray[np.float64]:
    """Return values as a sector scan lays them out: finer near its tip."""
    down, across = np.mgrid[: values.shape[0], : values.shape[1]]
    tip = (random_.uniform(-300, -20), random_.uniform(-100, SIDE + 100))
    depth = np.hypot(down - tip[0], across - tip[1])
    angle = np.arctan2(across - tip[1], down - tip[0]) * random_.uniform(80, 250)
    return map_coordinates(values, [depth, angle], order=1, mode="grid-wrap")


def _tissue(random_: Random, numpy_: np.random.Generator) -> NDArray[np.float64]:
    """Return how bright echoes are: smooth, with vessels and bright borders."""
    smooth = gaussian_filter(numpy_.normal(size=(SIDE, SIDE)), random_.uniform(8, 50), mode="wrap")
    smooth /= smooth.std() + 1e-9
    tissue = random_.uniform(0.15, 0.6) + random_.uniform(0.02, 0.2) * smooth
    if random_.random() < 0.5:
        level = gaussian_filter(numpy_.normal(size=(SIDE, SIDE)), random_.uniform(10, 30), mode="wrap")
        level /= level.std()
        tissue = np.where(level > random_.uniform(0.5, 1.5), tissue * random_.uniform(0, 0.4), tissue)
        border = np.exp(-((level - 1) ** 2) / random_.uniform(0.001, 0.05))
        tissue += border * random_.uniform(0, 0.5)
    return np.clip(tissue, 0, 1)


def flow(random_: Random, numpy_: np.random.Generator) -> Picture:
    """Return speckle with patches of colour over it, as grey: smooth inside, ragged at their edges."""
    picture = 0.5 * speckle(random_, numpy_)
    speed, grain = (
        gaussian_filter(numpy_.normal(size=(SIDE, SIDE)), random_.uniform(*fine))
        for fine in ((10, 30), (0.8, 2.5))
    )
    speed, grain = speed / speed.std(), grain / grain.std()
    shown = np.abs(speed) + 0.3 * grain > random_.uniform(0.3, 1.2)
    tone = (
        np.clip(0.3 + 0.3 * speed, 0, 1)
        if random_.random() < 0.5
        else np.clip(0.2 + 0.3 * np.abs(speed), 0, 1)
    )
    return np.where(shown, tone, picture).astype(np.float32)


def noise(random_: Random, numpy_: np.random.Generator) -> Picture:
    """Return noise of a detector or scanner, plain or as coarse as reconstruction makes it."""
    rough = gaussian_filter(numpy_.normal(size=(SIDE, SIDE)), random_.choice((0, 0, 0.5, 0.8, 1.2, 2)))
    rough *= random_.uniform(0.002, 0.12) / (rough.std() + 1e-9)
    return np.clip(0.7 * _tissue(random_, numpy_) + rough, 0, 1).astype(np.float32)


def plain(random_: Random, numpy_: np.random.Generator) -> Picture:
    """Return one or two even grounds, as beside a sector or on a screen."""
    picture = np.full((SIDE, SIDE), random_.choice((0, 0, 0, random_.random(), 1)), np.float32)
    if random_.random() < 0.4:
        picture[random_.randrange(SIDE) :] = random_.random()
    rough = random_.uniform(0, 0.01) * numpy_.normal(size=picture.shape)
    return np.clip(picture + rough, 0, 1).astype(np.float32)


def cut_to_sector(picture: Picture, random_: Random) -> Picture:
    """Return a picture with black outside a sector or a rectangle that reaches into it."""
    drawn = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(drawn)
    x, y = random_.uniform(-100, SIDE + 100), random_.uniform(-200, 100)
    reach = random_.uniform(120, 500)
    if random_.random() < 0.7:
        start = random_.uniform(20, 100)
        draw.pieslice(
            (x - reach, y - reach, x + reach, y + reach), start, start + random_.uniform(40, 100), fill=1
        )
    else:
        draw.rectangle((x, max(y, 0), x + reach, max(y, 0) + reach), fill=1)
    return np.where(np.asarray(drawn) > 0, picture, np.float32(0))


def furniture(picture: Picture, random_: Random) -> Picture:
    """Return a picture with some of what scanners draw that is no text: rulers, traces, frames, bars."""
    drawn = Image.fromarray(np.round(picture * 255).astype(np.uint8))
    draw = ImageDraw.Draw(drawn)
    for _ in range(random_.choice((0, 1, 1, 2, 3))):
        tone = random_.choice((255, 200, 160, 120, 80, 0))
        x, y = random_.randrange(SIDE), random_.randrange(SIDE)
        random_.choice((_ruler, _trace, _line, _frame_of, _bar, _curve))(draw, x, y, tone, random_)
    return np.asarray(drawn, np.float32) / 255


def _ruler(draw, x: int, y: int, tone: int, random_: Random) -> None:
    step, long = random_.uniform(6, 30), random_.randint(4, 14)
    for at in range(40):
        size = long if at % random_.choice((4, 5, 10)) == 0 else long // 2 + 1
        end = ((x, y + at * step), (x + size, y + at * step))
        draw.line([p[::-1] for p in end] if long % 2 else end, fill=tone, width=random_.choice((1, 1, 2)))


def _trace(draw, x: int, y: int, tone: int, random_: Random) -> None:
    beat, high = random_.randint(40, 160), random_.uniform(4, 40)
    shape = [
        (at, y - high * math.exp(-(((at - x) % beat - 9) ** 2) / 6) + random_.uniform(-1, 1))
        for at in range(SIDE)
    ]
    draw.line(shape, fill=tone, width=random_.choice((1, 2)))


def _line(draw, x: int, y: int, tone: int, random_: Random) -> None:
    wide, high = random_.randint(-200, 200), random_.randint(-200, 200)
    gap = random_.choice((0, 0, 2, 4, 8))
    steps = max(1, int(math.hypot(wide, high) / (gap or 400)))
    for at in range(0, steps, 2):
        a, b = at / steps, min(1, (at + 1) / steps)
        draw.line(
            (x + a * wide, y + a * high, x + b * wide, y + b * high),
            fill=tone,
            width=random_.choice((1, 1, 2, 3)),
        )


def _frame_of(draw, x: int, y: int, tone: int, random_: Random) -> None:
    draw.rectangle((x, y, x + random_.randint(12, 300), y + random_.randint(12, 200)), outline=tone)


def _bar(draw, x: int, y: int, tone: int, random_: Random) -> None:
    wide, high = random_.randint(6, 24), random_.randint(40, 200)
    for at in range(high):
        draw.line((x, y + at, x + wide, y + at), fill=255 - 255 * at // high)


def _curve(draw, x: int, y: int, tone: int, random_: Random) -> None:
    wide, high = random_.randint(10, 200), random_.randint(10, 200)
    start = random_.randrange(360)
    draw.arc(
        (x, y, x + wide, y + high),
        start,
        start + random_.randint(40, 360),
        fill=tone,
        width=random_.choice((1, 2)),
    )
