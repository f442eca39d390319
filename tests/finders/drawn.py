"""Frames with drawn text, without any font but the one inside Pillow."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from viewer.finders.text_box import TextBox

Place = tuple[int, int]
"""x and y of the left upper corner."""


def frame(
    lines: dict[Place, str],
    shape: tuple[int, int] = (600, 800),
    *,
    size: int = 20,
    ground: int = 60,
    ink: int = 235,
    noise: float = 3,
    seed: int = 1,
) -> NDArray[np.uint8]:
    """A grey frame with soft anatomy, a little noise, and lines of text."""
    rows, columns = shape
    down, across = np.mgrid[:rows, :columns]
    soft = ground + 30 * np.sin(down / 140) * np.cos(across / 170)
    noisy = soft + np.random.default_rng(seed).normal(0, noise, shape)
    picture = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for place, text in lines.items():
        draw.text(place, text, fill=ink, font=ImageFont.load_default(size))
    return np.array(picture)


def extent(place: Place, text: str, size: int = 20) -> tuple[int, int, int, int]:
    """Where a drawn line stands: x0, y0, x1, y1."""
    left, top, right, bottom = ImageFont.load_default(size).getbbox(text)
    return (place[0] + int(left), place[1] + int(top), place[0] + int(right), place[1] + int(bottom))


def covered(boxes: list[TextBox], where: tuple[int, int, int, int], by: int = 2) -> float:
    """The share of a rectangle that lies in boxes grown by `by` pixels."""
    x0, y0, x1, y1 = where
    mask = np.zeros((y1 - y0, x1 - x0), np.bool_)
    for box in boxes:
        mask[
            max(0, box.y0 - by - y0) : max(0, box.y1 + by - y0),
            max(0, box.x0 - by - x0) : max(0, box.x1 + by - x0),
        ] = True
    return float(mask.mean())


def tissue(shape: tuple[int, int] = (600, 800), seed: int = 2) -> NDArray[np.uint8]:
    """Speckle as of ultrasound: interference, brighter in some places than in others."""
    random = np.random.default_rng(seed)
    rough = random.random((shape[0] // 20, shape[1] // 20)).astype(np.float32)
    bright = np.asarray(Image.fromarray(rough).resize(shape[::-1], Image.Resampling.BICUBIC))
    echo = np.hypot(random.normal(size=shape), random.normal(size=shape))
    return np.clip(echo * 90 * bright**2, 0, 255).astype(np.uint8)
