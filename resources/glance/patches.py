"""Patches to learn from: a ground with lines of text, and for each cell whether letters stand in it."""

import io
import subprocess
from pathlib import Path
from random import Random

import grounds
import numpy as np
from grounds import SIDE, Picture, Real
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

CELL = 8
NONE, TEXT, EITHER = 0, 1, 2
"""What a cell is; EITHER is not learned from."""

HELD_BACK = (
    "DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "LiberationSans-Regular", "DejaVuSansMono.ttf",
    "LiberationMono-Regular", "LiberationSerif-Regular", "NotoSansCJK-Regular", "NotoSerifCJK-Regular",
    "wqy-",
)  # fmt: skip
"""Fonts that measurements are made with (tests/burned): nothing is learned from them."""

_NO_LETTERS = ("Symbols", "Nushu", "D050000L", "Math", "LinLibertine_DR")
_CAPITALS, _DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
_OTHER_LETTERS = ((0x3041, 0x3096), (0xAC00, 0xD7A3), (0x0410, 0x044F), (0x0391, 0x03C9))
_ROUGH = 0.8
"""Contrast, in standard deviations of the ground, that text cannot be told from it below."""
_SEEN = 0.05
"""How much a pixel has to change to be ink that can be seen."""


def fonts() -> tuple[list[str], list[str]]:
    """Return the files of fonts with Latin letters, and of those with Chinese ones."""
    listed = subprocess.run(["fc-list", ":", "file"], capture_output=True, text=True, check=True).stdout
    latin, chinese = [], []
    for line in sorted(set(listed.split("\n"))):
        name = line.rstrip(": ")
        if not name.endswith((".ttf", ".otf", ".ttc", ".otb")) or any(
            held in name for held in (*HELD_BACK, *_NO_LETTERS)
        ):
            continue
        if _has(name, "A8gk"):
            latin.append(name)
        if _has(name, "姓名病历"):
            chinese.append(name)
    return latin, chinese


def _has(name: str, letters: str) -> bool:
    try:
        face = ImageFont.truetype(name, 24)
        none = bytes(face.getmask("\U0010fffd"))
        drawn = [bytes(face.getmask(letter)) for letter in letters]
    except (OSError, ValueError):
        return False
    return all(any(one) and one != none for one in drawn) and len(set(drawn)) == len(drawn)


class Patches:
    """Makes patches one after the other; the same number gives the same patch."""

    def __init__(self, reals: list[Real]) -> None:
        self._reals = reals
        self._latin, self._chinese = fonts()

    def make(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return a patch, (SIDE, SIDE), and what its cells are, (SIDE / CELL, SIDE / CELL)."""
        random_, numpy_ = Random(f"patch {number}"), np.random.default_rng(number)
        picture, there = self._ground(random_, numpy_)
        ink, maybe = there == 2, there == 1
        for _ in range(random_.choice((0, 1, 2, 3, 5, 8))):
            self._write(picture, ink, maybe, random_)
        return _stored(picture, random_, numpy_), _cells(ink, maybe)

    def _ground(self, random_: Random, numpy_: np.random.Generator) -> tuple[Picture, NDArray[np.uint8]]:
        there = np.zeros((SIDE, SIDE), np.uint8)
        kind = random_.random()
        if kind < 0.45:
            picture, there = grounds.real_ground(self._reals, random_)
        elif kind < 0.7:
            picture = grounds.speckle(random_, numpy_)
        elif kind < 0.77:
            picture = grounds.flow(random_, numpy_)
        elif kind < 0.9:
            picture = grounds.noise(random_, numpy_)
        else:
            picture = grounds.plain(random_, numpy_)
        if random_.random() < 0.2:
            picture, there = np.rot90(picture), np.rot90(there)
        if random_.random() < 0.2:
            picture = picture ** random_.uniform(0.5, 1.6)
        if 0.45 <= kind < 0.9 and random_.random() < 0.4:
            picture = grounds.cut_to_sector(picture, random_)
        if random_.random() < 0.5:
            picture = grounds.furniture(picture, random_)
        if random_.random() < 0.12:
            picture = 1 - picture
        return np.ascontiguousarray(picture, np.float32), there.copy()

    def _write(
        self, picture: Picture, ink: NDArray[np.bool_], maybe: NDArray[np.bool_], random_: Random
    ) -> None:
        mask = self._line(random_)
        high, wide = (min(n, SIDE) for n in mask.shape)
        mask = mask[:high, :wide]
        y, x = random_.randint(0, SIDE - high), random_.randint(0, SIDE - wide)
        place = np.s_[y : y + high, x : x + wide]
        around = np.s_[max(0, y - 3) : y + high + 3, max(0, x - 3) : x + wide + 3]
        if (ink[around] | maybe[around]).any():
            return
        contrast = random_.choice((1, 1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.25, 0.2, 0.15, 0.12))
        ground = float(np.median(picture[place]))
        up = random_.random() < (0.8 if ground < 0.5 else 0.3)
        if random_.random() < 0.12:
            picture[around] = ground = random_.choice((0.0, 1.0, random_.random()))
        before = picture[place].copy()
        rough = float(before.std())
        if contrast >= 0.8:
            tone = ground + contrast if ground < 0.5 else ground - contrast
            picture[place] = before * (1 - mask) + min(1.0, max(0.0, tone)) * mask
        else:
            picture[place] += mask * (contrast if up else -contrast)
        np.clip(picture, 0, 1, out=picture)
        seen = (np.abs(picture[place] - before) > _SEEN) & (mask > 0.35)
        maybe[around] = True
        # Of some too little is left to be read, on clipped or rough grounds; they may be text or not.
        if seen.sum() > 0.6 * (mask > 0.35).sum() and contrast > max(0.12, _ROUGH * rough):
            ink[place] |= seen

    def _line(self, random_: Random) -> NDArray[np.float32]:
        text, chinese = _words(random_)
        name = random_.choice(self._chinese if chinese else self._latin)
        size = random_.choice((7, 8, 9, 10, 11, 12, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 52))
        size = max(size, 10) if chinese else size
        try:
            face = ImageFont.truetype(name, size)
            left, top, right, bottom = (int(v) for v in face.getbbox(text))
        except (OSError, ValueError):  # a font in fixed sizes
            return self._line(random_)
        if right - left < 2 or bottom - top < 4 or right - left > 4 * SIDE:
            return self._line(random_)
        drawn = Image.new("L", (right - left + 4, bottom - top + 4))
        draw = ImageDraw.Draw(drawn)
        draw.fontmode = "L" if random_.random() < 0.7 else "1"
        draw.text((2 - left, 2 - top), text, font=face, fill=255)
        if random_.random() < 0.15:
            drawn = drawn.filter(ImageFilter.GaussianBlur(size / 30 + 0.3))
        if random_.random() < 0.15:
            wider = random_.uniform(0.8, 1.8)
            drawn = drawn.resize(
                (max(4, int(drawn.width * wider)), int(drawn.height * random_.uniform(1, wider)))
            )
        mask = np.asarray(drawn, np.float32) / 255
        mask /= max(float(mask.max()), 0.3)
        return np.rot90(mask, random_.choice((0,) * 12 + (1, 2, 3)))


def _words(random_: Random) -> tuple[str, bool]:
    """Return some letters as they stand on images, and whether they need a Chinese font."""
    kind = random_.random()
    if kind < 0.3:
        return "".join(chr(random_.randint(0x4E00, 0x9FA5)) for _ in range(random_.randint(1, 9))), True
    if kind < 0.34:
        first, last = random_.choice(_OTHER_LETTERS[:2])
        return "".join(chr(random_.randint(first, last)) for _ in range(random_.randint(2, 9))), True
    if kind < 0.38:
        first, last = random_.choice(_OTHER_LETTERS[2:])
        return "".join(chr(random_.randint(first, last)) for _ in range(random_.randint(2, 12))), False
    words = []
    for _ in range(random_.choice((1, 1, 1, 2, 2, 3, 4))):
        letters = random_.choice((_CAPITALS, _CAPITALS.lower(), _DIGITS, _DIGITS))
        word = "".join(random_.choice(letters) for _ in range(random_.randint(1, 9)))
        if letters is _DIGITS and random_.random() < 0.5:
            mark = random_.choice("-/.:")
            word = mark.join(word[at : at + 2] for at in range(0, len(word), 2))
        words.append(word.capitalize() if random_.random() < 0.3 else word)
    return random_.choice((" ", " ", ", ", ": ", "^", "_")).join(words), False


def _stored(picture: Picture, random_: Random, numpy_: np.random.Generator) -> NDArray[np.uint8]:
    """Return a picture in 8 bits, some of them with noise, blurred, or as lossy as JPEG."""
    if random_.random() < 0.3:
        picture = picture + numpy_.normal(0, random_.uniform(0, 0.03), picture.shape).astype(np.float32)
    drawn = Image.fromarray(np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8))
    if random_.random() < 0.12:
        drawn = drawn.filter(ImageFilter.GaussianBlur(random_.uniform(0.3, 0.9)))
    if random_.random() < 0.3:
        packed = io.BytesIO()
        drawn.save(packed, "JPEG", quality=random_.randint(55, 96))
        drawn = Image.open(packed)
    return np.asarray(drawn)


def _cells(ink: NDArray[np.bool_], maybe: NDArray[np.bool_]) -> NDArray[np.uint8]:
    def counted(pixels: NDArray[np.bool_]) -> NDArray[np.intp]:
        n = SIDE // CELL
        return pixels.reshape(n, CELL, n, CELL).sum(axis=(1, 3))

    inked = counted(ink)
    cells = np.where(counted(maybe) + inked > 0, EITHER, NONE)
    cells[inked >= 3] = TEXT
    return cells.astype(np.uint8)


def load(folder: Path) -> Patches:
    """Return what makes patches on the images of a folder."""
    return Patches(grounds.real_grounds(folder))
