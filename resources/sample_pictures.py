"""Pictures of the sample study, computed from nothing: a chest film, slices of a body, a beating heart."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Plane = npt.NDArray[np.float64]

CJK_FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/noto/NotoSansCJK-Regular.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "/System/Library/Fonts/PingFang.ttc",
)


# --- tools -------------------------------------------------------------------------------------------------


def grid(rows: int, columns: int) -> tuple[Plane, Plane]:
    """Return x and y of every pixel: x from -1 to 1 across, y on the same scale, 0 in the middle."""
    y, x = np.mgrid[0:rows, 0:columns].astype(float)
    half = columns / 2
    return (x - columns / 2 + 0.5) / half, (y - rows / 2 + 0.5) / half


def blurred(plane: Plane, sigma: float) -> Plane:
    """Return the plane blurred by a Gaussian of `sigma` pixels (by Fourier transform, mirrored edges)."""
    pad = int(3 * sigma) + 1
    wide = np.pad(plane, pad, mode="reflect")
    fy = np.fft.fftfreq(wide.shape[0])[:, None]
    fx = np.fft.rfftfreq(wide.shape[1])[None, :]
    kernel = np.exp(-2 * (np.pi * sigma) ** 2 * (fx**2 + fy**2))
    smooth = np.fft.irfft2(np.fft.rfft2(wide) * kernel, s=wide.shape)
    return smooth[pad:-pad, pad:-pad]


def step(distance: Plane, softness: float) -> Plane:
    """Return 1 where the distance is well below 0, 0 where it is well above, with a soft edge."""
    return 1 / (1 + np.exp(np.clip(distance / softness, -40, 40)))


def ellipse(x: Plane, y: Plane, cx: float, cy: float, rx: float, ry: float, turn: float = 0.0) -> Plane:
    """Return the relative distance from an ellipse turned by `turn` radians: -1 at its middle, 0 on it."""
    c, s = np.cos(turn), np.sin(turn)
    u, v = (x - cx) * c + (y - cy) * s, (y - cy) * c - (x - cx) * s
    return np.sqrt((u / rx) ** 2 + (v / ry) ** 2) - 1


def fonts(size: int) -> tuple[ImageFont.FreeTypeFont | ImageFont.ImageFont, ImageFont.FreeTypeFont | None]:
    """Return the bundled Latin font and, when this machine has one, a Chinese font."""
    chinese = next((f for f in CJK_FONTS if Path(f).is_file()), None)
    return ImageFont.load_default(size), ImageFont.truetype(chinese, size) if chinese else None


def lettering(rows: int, columns: int, lines: list[tuple[int, int, int, str, str]]) -> Plane:
    """Return a plane from 0 to 1 with lines of text: (x, y, size, anchor, text), anchor as in Pillow."""
    canvas = Image.new("L", (columns, rows))
    draw = ImageDraw.Draw(canvas)
    for x, y, size, anchor, text in lines:
        latin, chinese = fonts(size)
        if text.isascii():
            draw.text((x, y), text, fill=255, font=latin, anchor=anchor)
        elif chinese is not None:
            draw.text((x, y), text, fill=255, font=chinese, anchor=anchor)
    return np.asarray(canvas, dtype=float) / 255


# --- chest film --------------------------------------------------------------------------------------------


def _tube(x: Plane, y: Plane, line: Plane, width: float) -> Plane:
    """Return the thickness (0 to 1) of a hollow bone along a polyline (points, 2), fading at its ends."""
    tube = np.zeros(x.shape)
    low, high = line.min(0) - 1.5 * width, line.max(0) + 1.5 * width
    near = (x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1])
    px, py = x[near], y[near]
    distance, along = np.full(px.shape, np.inf), np.zeros(px.shape)
    for number, ((ax, ay), (bx, by)) in enumerate(pairwise(line)):
        dx, dy = bx - ax, by - ay
        t = np.clip(((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy), 0, 1)
        here = np.hypot(px - ax - t * dx, py - ay - t * dy)
        closer = here < distance
        distance[closer], along[closer] = here[closer], (number + t[closer]) / (len(line) - 1)
    across = distance / width
    rim = np.exp(-(((across - 0.84) / 0.20) ** 2))
    ends = np.clip(np.minimum(along / 0.06, (1 - along) / 0.22), 0, 1)
    tube[near] = (0.62 * np.sqrt(np.clip(1 - across**2, 0, None)) + 0.30 * rim) * ends
    return tube


def _rib_lines(number: int, side: int, sway: float) -> tuple[Plane, Plane]:
    """Return the back and the front part of rib `number` (0 = first) as polylines."""
    t = np.linspace(0, 1, 40)
    width = 0.36 + 0.37 * np.sin(min(number + 1.2, 8) / 8 * np.pi / 2)
    top = -0.80 + 0.146 * number + sway
    back_x = 0.06 + (width - 0.06) * np.sin(t * np.pi / 2)
    back_y = top - (0.060 - 0.003 * number) * np.sin(np.pi * t**0.8) + (0.13 + 0.024 * number) * t**2
    front_x = width - (width - 0.20 - 0.015 * number) * (1 - np.cos(t * np.pi / 2))
    front_y = back_y[-1] + (0.17 + 0.026 * number) * np.sin(t * np.pi / 2)
    return (np.stack((side * back_x, back_y), 1), np.stack((side * front_x, front_y), 1))


def _bones(rng: np.random.Generator, x: Plane, y: Plane) -> Plane:
    bones = np.zeros(x.shape)
    t = np.linspace(0, 1, 30)
    for side in (-1, 1):
        for number in range(10):
            back, front = _rib_lines(number, side, rng.normal(0, 0.006))
            bones += (0.30 - 0.012 * number) * _tube(x, y, back, 0.030 + rng.normal(0, 0.0015))
            if number < 7:
                bones += 0.15 * _tube(x, y, front, 0.033)
        clavicle = np.stack((side * (0.05 + 0.66 * t), -0.70 - 0.10 * t - 0.045 * np.sin(2 * np.pi * t)), 1)
        bones += 0.34 * _tube(x, y, clavicle, 0.036)
        bones += 0.10 * step(ellipse(x, y, side * 0.80, -0.40, 0.10, 0.36, side * 0.16), 0.08)
        bones += 0.20 * step(ellipse(x, y, side * 0.965, -0.70, 0.105, 0.14), 0.10)
    return bones + _spine(x, y)


def _spine(x: Plane, y: Plane) -> Plane:
    pitch = 0.13
    phase = np.mod(y, pitch) / pitch
    body = step((np.abs(x) - 0.074 - 0.006 * np.cos(2 * np.pi * phase)) / 0.075, 0.10)
    plates = 0.86 + 0.14 * np.cos(2 * np.pi * phase) ** 3
    process = step(ellipse(x, np.mod(y, pitch) - pitch / 2, 0, 0, 0.016, 0.032), 0.3)
    pedicle = step(ellipse(np.abs(x), np.mod(y, pitch) - pitch / 2, 0.047, 0, 0.014, 0.022), 0.4)
    return 0.34 * body * plates + 0.08 * process + 0.08 * pedicle


def _lungs(x: Plane, y: Plane) -> Plane:
    lungs = np.zeros(x.shape)
    for side in (-1, 1):
        outer = 0.74 * np.clip(1 - np.clip(-(y - 0.20), 0, None) ** 2.4 / 1.12, 0, 1) ** 0.62
        inner = 0.12 + 0.05 * np.clip(y, 0, None)
        dome = (0.50 if side < 0 else 0.57) + 0.42 * np.abs(side * x - 0.40) ** 2.2
        across = side * x
        edge = np.maximum.reduce([across - outer, inner - across, (y - dome), -0.93 - y])
        lungs = np.maximum(lungs, step(edge, 0.012))
    return lungs


def _vessels(rng: np.random.Generator, rows: int, columns: int) -> Plane:
    canvas = Image.new("L", (columns, rows))
    draw = ImageDraw.Draw(canvas)
    half = columns / 2

    def grow(px: float, py: float, angle: float, width: float) -> None:
        while width > 0.6:
            angle += rng.normal(0, 0.20)
            length = rng.uniform(7, 15)
            nx, ny = px + length * np.cos(angle), py + length * np.sin(angle)
            draw.line((px, py, nx, ny), fill=int(40 + 22 * min(width, 7)), width=max(1, round(width)))
            px, py, width = nx, ny, width * 0.945
            if rng.random() < 0.30:
                grow(px, py, angle + rng.choice((-1, 1)) * rng.uniform(0.3, 0.8), width * 0.75)

    for side in (-1, 1):
        middle = 0 if side > 0 else np.pi
        for spread in np.linspace(-1.35, 1.35, 8):
            grow(half + side * 0.15 * half, rows / 2 - 0.08 * half, middle + spread, rng.uniform(5, 9))
    return blurred(np.asarray(canvas, dtype=float) / 255, 1.6)


def _middle(x: Plane, y: Plane) -> Plane:
    heart = step(ellipse(x, y, 0.15, 0.32, 0.37, 0.29, 0.50), 0.045)
    atrium = step(ellipse(x, y, -0.08, 0.24, 0.16, 0.25), 0.06)
    arch = step(ellipse(x, y, 0.11, -0.33, 0.10, 0.11), 0.10)
    trunk = step(ellipse(x, y, 0.12, -0.10, 0.11, 0.14), 0.12)
    great = step((np.abs(x) - 0.125 - 0.03 * np.cos(3 * y)) / 0.14, 0.10) * step(y - 0.3, 0.1)
    return np.maximum.reduce([heart, 0.92 * atrium, 0.78 * arch, 0.74 * trunk, 0.66 * great])


def chest_film(rows: int, columns: int) -> npt.NDArray[np.uint16]:
    """Return a chest film, shape (rows, columns), 12 bits stored, bone bright (MONOCHROME2)."""
    rng = np.random.default_rng(20240517)
    x, y = grid(rows, columns)
    shoulder = 0.30 + 0.76 / (1 + np.exp(-(y + 0.93) * 13))
    trunk = step((np.abs(x) - np.where(y < -0.55, shoulder, 1.02 - 0.10 * np.clip(y, 0, 1))) / 1.0, 0.018)
    depth = trunk * (1.05 - 0.36 * x**2 + 0.28 * np.clip(y, 0, None) + 0.10 * np.exp(-((x / 0.3) ** 2)))
    middle = _middle(x, y)
    lungs = _lungs(x, y) * (1 - 0.94 * np.clip(middle, 0, 1))
    breasts = 0.10 * sum(step(ellipse(x, y, side * 0.43, 0.34, 0.34, 0.27), 0.13) for side in (-1, 1))
    dense = depth - 0.84 * lungs * (1 - 0.30 * np.abs(x)) + 0.04 * middle + breasts
    dense -= 0.20 * step((np.abs(x + 0.008) - 0.040) / 0.05, 0.15) * step(y + 0.22, 0.03)
    dense += trunk * _bones(rng, x, y) * np.clip(1.05 - 0.35 * middle, 0, 1)
    dense += 0.55 * _vessels(rng, rows, columns) * lungs
    dense += lungs * 0.16 * blurred(rng.normal(0, 1, x.shape), 2.5)
    dense -= 0.22 * step(ellipse(x, y, 0.38, 0.72, 0.15, 0.06, -0.2), 0.14)
    dense = blurred(dense, 1.3)
    sharp = dense + 0.40 * (dense - blurred(dense, 12)) + 0.25 * (dense - blurred(dense, 90))
    sharp += rng.normal(0, 1, x.shape) * (0.006 + 0.004 * np.clip(sharp, 0, 2))
    film = 180 + 3900 * (1 - np.exp(-(np.clip(sharp, 0, None) ** 1.35) / 1.25))
    return np.clip(film, 0, 3900).astype(np.uint16)


# --- slices of a body --------------------------------------------------------------------------------------


def body_slice(size: int, position: float) -> npt.NDArray[np.int16]:
    """Return an axial slice in Hounsfield units, shape (size, size); position 0 = liver, 1 = kidneys."""
    rng = np.random.default_rng(int(1000 * position) + 7)
    x, y = (axis / 1.12 for axis in grid(size, size))
    z, soft = position, 0.03
    outer = ellipse(x, y, 0, 0.02, 0.86, 0.62)
    inner = ellipse(x, y, 0, 0.02, 0.77, 0.53)
    hu = np.full(x.shape, -1000.0)

    def put(distance: Plane, value: float, softness: float = soft) -> None:
        weight = step(distance, softness)
        np.copyto(hu, hu * (1 - weight) + value * weight)

    put(outer, -95, 0.012)
    put(inner, 55)
    put(ellipse(x, y, 0, 0.0, 0.70, 0.45), -85)
    if z < 0.45:
        for side in (-1, 1):
            put(ellipse(x, y, side * 0.45, 0.22, 0.26 * (1 - z), 0.20 * (1 - 1.6 * z)), -840)
    liver = ellipse(x, y, -0.33, -0.06 + 0.05 * z, 0.40 - 0.10 * z, 0.35 - 0.06 * z, 0.35)
    put(liver, 108)
    for branch in range(7):
        vessel = ellipse(
            x, y, -0.52 + 0.07 * branch, -0.1 + 0.17 * np.sin(2.4 * branch + 5 * z), 0.03, 0.014, branch
        )
        put(np.maximum(vessel, liver + 0.1), 155)
    put(ellipse(x, y, 0.52, 0.12, 0.15 - 0.03 * z, 0.19 - 0.08 * z, -0.4), 118)
    put(ellipse(x, y, 0.26, -0.20, 0.20 - 0.05 * z, 0.13, -0.5), 38)
    put(ellipse(x, y, 0.24, -0.27, 0.12 - 0.03 * z, 0.05), -700)
    if z > 0.4:
        for side in (-1, 1):
            put(ellipse(x, y, side * 0.30, 0.22, 0.10, 0.125 * min(1, 2 * z - 0.6), side * 0.5), 165)
            put(ellipse(x, y, side * 0.28, 0.21, 0.035, 0.05), 30)
    for angle in np.linspace(0.15, 2 * np.pi + 0.15, 15)[:-1]:
        turn = angle + 0.5 * z
        put(ellipse(x, y, 0.735 * np.cos(turn), 0.02 + 0.49 * np.sin(turn), 0.055, 0.022, turn + 1.57), 420)
    put(ellipse(x, y, 0, 0.31, 0.135, 0.105), 240)
    put(ellipse(x, y, 0, 0.31, 0.115, 0.085), 170)
    put(ellipse(x, y, 0, 0.44, 0.05, 0.045), 25)
    put(ellipse(x, y, 0, 0.53, 0.025, 0.07), 330)
    put(ellipse(x, y, 0.05, 0.16, 0.055, 0.055), 210)
    put(ellipse(x, y, -0.10, 0.13, 0.065, 0.05), 150)
    put(np.maximum(np.abs(y - 0.80) - 0.012, np.abs(x) - 0.75), -250, 0.004)
    hu = blurred(hu, 0.7) + blurred(rng.normal(0, 1, x.shape), 0.8) * 28
    hu[np.hypot(x, y) > 1.0 / 1.12] = -3024
    return np.round(hu).astype(np.int16)


# --- ultrasound loop ---------------------------------------------------------------------------------------


def _chambers(x: Plane, y: Plane, squeeze: float) -> tuple[Plane, Plane]:
    """Return how echogenic the heart is (0 to 1) and where the left ventricle's outflow lies."""
    turn = 0.12
    muscle = step(ellipse(x, y, 0.02, 0.02, 0.47, 0.60, turn), 0.06)
    left = ellipse(x, y, 0.17, -0.17, 0.165 * squeeze, 0.33 * (0.5 + 0.5 * squeeze), turn)
    right = ellipse(x, y, -0.19, -0.10, 0.125 * squeeze, 0.27 * (0.5 + 0.5 * squeeze), 0.32)
    left_atrium = ellipse(x, y, 0.11, 0.37, 0.155 * (1.3 - 0.3 * squeeze), 0.15, 0.0)
    right_atrium = ellipse(x, y, -0.24, 0.34, 0.14 * (1.3 - 0.3 * squeeze), 0.14, 0.0)
    blood = np.maximum.reduce([step(c, 0.06) for c in (left, right, left_atrium, right_atrium)])
    rim = sum(np.exp(-((c / 0.10) ** 2)) for c in (left, right, left_atrium, right_atrium))
    leaflets = sum(
        np.exp(-(((y - 0.19 - lift * np.abs(x - cx)) / 0.018) ** 2)) * step(np.abs(x - cx) - 0.12, 0.01)
        for cx, lift in ((0.13, 1.6 * squeeze - 1.4), (-0.21, 1.6 * squeeze - 1.4))
    )
    echo = (0.26 + 0.36 * muscle + 0.30 * np.clip(rim, 0, 1)) * (1 - 0.96 * blood) + 0.35 * leaflets
    return echo, blood * step(ellipse(x, y, 0.14, 0.06, 0.085, 0.27, turn), 0.25)


def heart_frame(rows: int, columns: int, phase: float) -> npt.NDArray[np.uint8]:
    """Return one colour frame (rows, columns, 3) of a heart with Doppler; phase 0 to 1 is one beat."""
    rng = np.random.default_rng(4711)
    x, y = grid(rows, columns)
    squeeze = 0.80 + 0.20 * np.cos(2 * np.pi * phase)
    apex_y = -0.66
    reach, angle = np.hypot(x, y - apex_y), np.arctan2(x, y - apex_y)
    fan = (reach < 1.32) & (reach > 0.07) & (np.abs(angle) < 0.66)
    hx, hy = x / 0.86, (y - 0.02) / 0.86
    echo, jet = _chambers(hx, hy, squeeze)
    # Speckle is fixed to the tissue, so it is looked up in a polar texture that shrinks with the beat.
    texture = (
        blurred(rng.normal(0, 1, (420, 200)), 1.2) ** 2 + blurred(rng.normal(0, 1, (420, 200)), 1.2) ** 2
    )
    depth = np.clip(reach * (1.06 - 0.06 * squeeze) / 1.45 * 419, 0, 419).astype(int)
    beam = np.clip((angle / 1.4 + 0.5) * 199, 0, 199).astype(int)
    speckle = texture[depth, beam] / texture.mean()
    fade = np.clip(1.15 - 0.42 * reach, 0, 1)
    power = echo**2.2 * speckle * fade
    grey = np.where(fan, 255 * np.clip(0.97 + np.log10(power + 1e-6) / 2.7, 0, 1), 0)
    grey = (np.clip(grey - 26, 0, None) / 229 * 255) // 6 * 6
    colour = np.repeat(grey[:, :, None], 3, axis=2)
    _add_flow(colour, jet * fan, phase, reach)
    return np.clip(colour, 0, 255).astype(np.uint8)


def _add_flow(colour: npt.NDArray[np.float64], jet: Plane, phase: float, reach: Plane) -> None:
    """Paint blood flow over the picture: red while the heart fills, blue while it empties."""
    speed = np.sin(2 * np.pi * phase)
    flow = jet * (abs(speed) > 0.15) * (0.6 + 0.4 * np.cos(14 * reach - 6 * phase))
    shown = flow > 0.42
    strength = np.round(np.clip(flow * abs(speed) * 1.4, 0, 1) * 12) / 12
    warm = np.stack((140 + 115 * strength, 190 * strength**2, 20 * strength), axis=2)
    cold = np.stack((20 * strength, 190 * strength**2, 140 + 115 * strength), axis=2)
    colour[shown] = (warm if speed < 0 else cold)[shown]
