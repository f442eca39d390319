"""Images with drawn text of which every inked pixel is known, and images without any."""

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from pydicom.dataset import Dataset

from tests.burned import bases
from tests.burned.bases import Picture
from tests.finders.lines import case as person

FONTS = {
    "en": ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "LiberationSans-Regular.ttf", "DejaVuSansMono.ttf",
           "LiberationMono-Regular.ttf", "LiberationSerif-Regular.ttf"),
    "zh": ("NotoSansCJK-Regular.ttc", "NotoSerifCJK-Regular.ttc", "wqy-zenhei.ttc", "wqy-microhei.ttc"),
}  # fmt: skip
OTHER = (
    "45Y M",
    "Portable AP",
    "Ward 7 Bed 12",
    "Tel 555-0142-88",
    "Tech: JKL",
    "科室:心内科 床号:12",
    "性别:女 年龄:62岁",
)
SHORT = ("MRN 77", "J.D.", "ID 9")
UNSEEN = 0.03
CONTRASTS = (1.0, 1.0, 1.0, 0.5, 0.3, 0.15, 0.08)


@dataclass(frozen=True)
class Drawn:
    """One string: its place, the pixels with ink, and how it was drawn."""

    text: str
    x: int
    y: int
    ink: NDArray[np.bool_] = field(repr=False)
    size: int
    contrast: float
    turned: bool
    script: str
    phi: bool


@dataclass(frozen=True)
class Case:
    name: str
    kind: str
    """films, ultrasound, screens or slices."""
    pixels: NDArray[np.generic] = field(repr=False)
    """(rows, columns) uint8 or uint16, or (rows, columns, 3) uint8."""
    header: Dataset = field(repr=False)
    strings: tuple[Drawn, ...] = ()


def fonts() -> dict[str, list[str]]:
    """The fonts that are here, by script."""
    found: dict[str, list[str]] = {}
    for script, names in FONTS.items():
        for name in names:
            try:
                ImageFont.truetype(name, 12)
            except OSError:
                continue
            found.setdefault(script, []).append(name)
    return found


def ink(text: str, font: str, size: int, *, smooth: bool, turned: int) -> NDArray[np.float32]:
    """A string as coverage, 0 to 1, with a margin of two pixels."""
    face = ImageFont.truetype(font, size)
    left, top, right, bottom = (int(v) for v in face.getbbox(text))
    drawn = Image.new("L", (right - left + 4, bottom - top + 4))
    draw = ImageDraw.Draw(drawn)
    draw.fontmode = "L" if smooth else "1"
    draw.text((2 - left, 2 - top), text, font=face, fill=255)
    return np.ascontiguousarray(np.rot90(np.asarray(drawn, np.float32) / 255, turned))


class Painter:
    """Draws strings on one picture, never over each other."""

    def __init__(self, picture: Picture, random_: Random, lines: list[tuple[str, bool]]) -> None:
        self.picture, self._random, self._lines = picture, random_, lines
        self._used: list[tuple[int, int, int, int]] = []
        self.strings: list[Drawn] = []
        self._fonts = fonts()

    def draw(
        self, sizes: tuple[int, ...], contrasts: tuple[float, ...], turned: float, blurred: float = 0
    ) -> None:
        random_ = self._random
        text, phi = random_.choice(self._lines)
        script = "zh" if any("\u3400" <= c <= "\u9fff" for c in text) else "en"
        size = max(random_.choice(sizes), 10 if script == "zh" else 8)
        turn = random_.choice((1, 3)) if random_.random() < turned else 0
        font = random_.choice(self._fonts[script])
        mask = ink(text, font, size, smooth=random_.random() < 0.75, turned=turn)
        if random_.random() < blurred:
            soft = Image.fromarray(np.round(np.pad(mask, 3) * 255).astype(np.uint8))
            mask = np.asarray(soft.filter(ImageFilter.GaussianBlur(size / 25 + 0.4)), np.float32) / 255
        place = self._free(*mask.shape)
        if place is not None:
            self._put(mask, *place, random_.choice(contrasts), (text, size, bool(turn), script, phi))

    def _free(self, high: int, wide: int) -> tuple[int, int] | None:
        rows, columns = self.picture.shape[:2]
        if high + 4 > rows or wide + 4 > columns:
            return None
        for _ in range(80):
            near = self._random.random() < 0.5
            reach_x, reach_y = (30, 120) if near else (columns, rows)
            x = self._random.randint(2, max(2, min(reach_x, columns - wide - 2)))
            y = self._random.randint(2, max(2, min(reach_y, rows - high - 2)))
            x = x if self._random.random() < 0.5 else columns - wide - x
            y = y if self._random.random() < 0.5 else rows - high - y
            if x < 0 or y < 0:
                continue
            if all(
                x + wide + 14 < a or c + 14 < x or y + high + 14 < b or d + 14 < y
                for a, b, c, d in self._used
            ):
                self._used.append((x, y, x + wide, y + high))
                return x, y
        return None

    def _put(
        self,
        mask: NDArray[np.float32],
        x: int,
        y: int,
        contrast: float,
        told: tuple[str, int, bool, str, bool],
    ) -> None:
        high, wide = mask.shape
        here = self.picture[y : y + high, x : x + wide]
        ground = float(np.median(here))
        up = self._random.random() < (0.8 if ground < 0.5 else 0.3)
        up = ground < 0.5 if contrast >= 0.9 or not 0 <= ground + (contrast if up else -contrast) <= 1 else up
        weight = mask if here.ndim == 2 else mask[..., None]
        if self._random.random() < 0.15:
            ground, contrast = 0.0 if up else 1.0, max(contrast, 0.25)
            self.picture[max(0, y - 3) : y + high + 3, max(0, x - 3) : x + wide + 3] = ground
            here[...] = ground
        before = here.copy()
        if contrast >= 0.9:
            here[...] = here * (1 - weight) + (1.0 if up else 0.0) * weight
        else:
            here += weight * (contrast if up else -contrast)
        np.clip(here, 0, 1, out=here)
        text, size, turned, script, phi = told
        # White on what is white already is no ink: nobody can see it.
        changed = np.abs(here - before)
        seen = (changed if changed.ndim == 2 else changed.max(axis=2)) > UNSEEN
        inked = mask > 0.35 * min(1.0, float(mask.max()) / 0.6 if mask.max() < 0.6 else 1.0)
        if not (inked & seen).any():
            return
        self.strings.append(Drawn(text, x, y, inked & seen, size, contrast, turned, script, phi))


def _words(random_: Random, *, chinese: bool) -> tuple[Dataset, list[tuple[str, bool]]]:
    made = person(random_, chinese=chinese)
    lines = [(line, True) for line in made.lines] + [(line, False) for line in (*OTHER, *SHORT)]
    return made.header, [pair for pair in lines if len(pair[0]) < 36]


def _stored(
    picture: Picture, bits: int, noise: float, random_: Random, *, inverted: bool = False
) -> NDArray[np.generic]:
    noisy = picture + np.random.default_rng(random_.randrange(1 << 30)).normal(0, noise, picture.shape)
    values = np.clip(1 - noisy if inverted else noisy, 0, 1) * ((1 << bits) - 1) * 0.9 + 0.04 * (1 << bits)
    return values.astype(np.uint16 if bits > 8 else np.uint8)


def _eight(picture: Picture) -> NDArray[np.uint8]:
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)


SIZES_FILM, SIZES_SMALL = (12, 14, 18, 22, 28, 36, 48, 60), (8, 9, 10, 12, 14, 16, 20, 26)
FRAMES = ((640, 480), (800, 600), (1024, 768))


def film(corpus: Path, seed: int, number: int, *, strings: int = 14) -> Case:
    random_ = Random(f"film {seed} {number}")
    base, bits = bases.film(corpus, number)
    base = bases.marked(base, random_) if random_.random() < 0.5 else base.copy()
    header, lines = _words(random_, chinese=bool(number % 2))
    painter = Painter(base, random_, lines)
    for _ in range(strings):
        painter.draw(SIZES_FILM, CONTRASTS, 0.1, 0.25)
    inverted = random_.random() < 0.3
    pixels = _stored(base, bits, random_.choice((0.003, 0.006, 0.01)), random_, inverted=inverted)
    return Case(f"film-{number}", "films", pixels, header, tuple(painter.strings))


def ultrasound(corpus: Path, seed: int, number: int, *, strings: int = 10) -> Case:
    random_ = Random(f"us {seed} {number}")
    base = bases.ultrasound(corpus, random_, FRAMES[number % 3]).copy()
    header, lines = _words(random_, chinese=bool(number % 2))
    painter = Painter(base, random_, lines)
    for _ in range(strings):
        painter.draw(SIZES_SMALL, (1.0, 1.0, 0.7, 0.4, 0.25), 0.05)
    return Case(f"us-{number}", "ultrasound", _eight(base), header, tuple(painter.strings))


def screen(corpus: Path, seed: int, number: int, *, strings: int = 16) -> Case:
    random_ = Random(f"sc {seed} {number}")
    base = bases.screen(random_, ((1024, 768), (1280, 800), (1280, 1024))[number % 3]).copy()
    header, lines = _words(random_, chinese=bool(number % 2))
    painter = Painter(base, random_, lines)
    for _ in range(strings):
        painter.draw((9, 10, 11, 12, 14, 16, 20, 28), (1.0, 0.7, 0.4, 0.25), 0.04)
    return Case(f"sc-{number}", "screens", _eight(base), header, tuple(painter.strings))


def cross_section(corpus: Path, seed: int, number: int, *, strings: int = 8) -> Case:
    random_ = Random(f"ct {seed} {number}")
    base = bases.cross_section(corpus, number).copy()
    header, lines = _words(random_, chinese=bool(number % 2))
    painter = Painter(base, random_, lines)
    for _ in range(strings):
        painter.draw((10, 12, 14, 16, 20, 26), CONTRASTS, 0.08)
    return Case(f"ct-{number}", "slices", _stored(base, 12, 0.002, random_), header, tuple(painter.strings))


MAKERS = {
    "films": (film, 15, 5),
    "ultrasound": (ultrasound, 24, 6),
    "screens": (screen, 12, 0),
    "slices": (cross_section, 8, 4),
}


def cases(corpus: Path, seed: int, kinds: tuple[str, ...] = tuple(MAKERS)) -> list[Case]:
    """59 images with some 700 strings, and 15 without any."""
    made = []
    for kind in kinds:
        make, written, clean = MAKERS[kind]
        made += [make(corpus, seed, number) for number in range(written)]
        made += [make(corpus, seed, 100 + number, strings=0) for number in range(clean)]
    return made
