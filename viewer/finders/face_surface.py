"""The skin of a head in a stack of axial slices: how it would look, and a smooth surface without a face.

A ball that rolls inside the skin cannot get into nose, lips and chin. What it reaches, less a layer of skin,
is kept; what lies in front of that is the face. The layer is thinner than scalp and skull together, and on CT
the skull with all it encloses is kept besides.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewer.finders.solids import Solid, eroded, holes, largest_filled, opened, smoothed

STEP: Final = 3.0
"""Millimetres of a step of the volume that shapes are worked out in."""
_BALL: Final = 18.0
_LAYER: Final = 6.0
"""Millimetres: radius of the ball, and what is taken off below the surface that it reaches."""
_FRONT: Final = 0.4
"""Share of the head, from its front on, in which anything is taken off."""
_SKIN_HU, _BONE_HU = -350.0, 250.0
_CAVITY: Final = 1500.0
"""Square millimetres from which what bone encloses in a slice is the inside of the skull."""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Axial slices, the front of the head at the first row, in equal steps within a slice.

    `values`: (slices, rows, columns) float32, HU on CT; `places`: mm along the body, rising; `spacing`: mm
    between rows, and between columns.
    """

    values: NDArray[np.float32] = field(repr=False)
    places: NDArray[np.float64]
    spacing: tuple[float, float]
    is_ct: bool


def skin(stack: Stack) -> Solid:
    """Return the head (or body) in each slice of a stack, filled."""
    limit = _SKIN_HU if stack.is_ct else _between(stack.values)
    return np.stack([largest_filled(one > limit) for one in stack.values])


def kept(stack: Stack) -> NDArray[np.float32]:
    """Return for each place of a stack how surely it stays, 0 to 1; below one half it is the face."""
    head = _resampled(skin(stack).astype(np.float32), stack) > 0.5
    margin = int(_BALL / STEP)
    framed = np.pad(head, ((margin, margin), (0, 0), (0, 0)), mode="edge")
    framed = np.pad(framed, ((0, 0), (margin, margin), (margin, margin)))
    core = eroded(opened(framed, _BALL / STEP), _LAYER / STEP)
    inner = tuple(slice(margin, margin + n) for n in head.shape)
    stays = core[inner] | _behind(head)
    if stack.is_ct:
        stays |= _skull(_resampled(stack.values, stack))
    soft = smoothed(stays)
    if stack.is_ct:
        soft = np.maximum(soft, _skull(_resampled(stack.values, stack)))
    return _back(soft, stack)


def portrait(head: Solid, stack: Stack) -> NDArray[np.uint8]:
    """Return how a surface looks from the front: (height, width) uint8, about one pixel per 1.5 mm."""
    down, across = stack.spacing
    depth = np.where(head.any(axis=1), head.argmax(axis=1), head.shape[1]).astype(np.float32) * down
    height = max(2, round((stack.places[-1] - stack.places[0]) / 1.5))
    width = max(2, round(depth.shape[1] * across / 1.5))
    shown = Image.fromarray(depth[::-1]).resize((width, height), Image.Resampling.BILINEAR)
    smooth = np.asarray(shown, np.float32)
    rise, run = np.gradient(smooth, 1.5)
    light = (0.5 * rise - 0.35 * run + 0.8) / np.sqrt(1 + rise**2 + run**2)
    there = smooth < head.shape[1] * down - 3
    picture: NDArray[np.uint8] = np.where(there, np.clip(40 + 215 * light, 30, 255), 0).astype(np.uint8)
    return picture


def _between(values: NDArray[np.float32]) -> float:
    """Return the value between air and tissue on MR (Otsu's method)."""
    some = values[:, ::2, ::2]
    low, high = (float(v) for v in np.percentile(some, (0.5, 99)))
    counts, edges = np.histogram(np.clip(some, low, high), 128)
    weights = counts / counts.sum()
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(weights)
    sums = np.cumsum(weights * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (sums[-1] * below - sums) ** 2 / (below * (1 - below))
    at = int(np.nanargmax(np.where(np.isfinite(spread), spread, -1)))
    return low + 0.6 * (float(middles[at]) - low)


def _behind(head: Solid) -> Solid:
    """Return all places behind the front part of the head; the border moves evenly along the body."""
    there = head.any(axis=2)
    first = np.where(there.any(axis=1), there.argmax(axis=1), 0)
    last = head.shape[1] - there[:, ::-1].argmax(axis=1)
    borders = first + _FRONT * (last - first)
    window = min(len(borders), 9) | 1
    padded = np.pad(borders, window // 2, mode="edge")
    even = np.convolve(padded, np.ones(window) / window, mode="valid")[: len(borders)]
    rows = np.arange(head.shape[1])
    behind: Solid = np.broadcast_to((rows[None] >= even[:, None])[..., None], head.shape)
    return behind


def _skull(values: NDArray[np.float32]) -> Solid:
    """Return what bone encloses in each slice, with the bone round it."""
    made = np.zeros(values.shape, np.bool_)
    for index, one in enumerate(values):
        bone = one > _BONE_HU
        inside = holes(bone)
        if inside.sum() * STEP * STEP < _CAVITY:
            continue
        cavity = largest_filled(inside)
        framed = np.pad(cavity, 3)
        near = np.zeros_like(cavity)
        for y in range(7):
            for x in range(7):
                near |= framed[y : y + cavity.shape[0], x : x + cavity.shape[1]]
        made[index] = cavity | (near & bone)
    return made


def _resampled(values: NDArray[np.float32], stack: Stack) -> NDArray[np.float32]:
    """Return a volume in equal steps in all three directions."""
    down, across = stack.spacing
    rows, columns = (
        max(1, round(n * s / STEP)) for n, s in zip(values.shape[1:], (down, across), strict=True)
    )
    flat = np.stack(
        [np.asarray(Image.fromarray(one).resize((columns, rows), Image.Resampling.BOX)) for one in values]
    )
    wanted = np.arange(stack.places[0], stack.places[-1] + 1e-6, STEP)
    return _along(flat, stack.places, wanted)


def _back(values: NDArray[np.float32], stack: Stack) -> NDArray[np.float32]:
    """Return a volume of equal steps in the slices of the stack again."""
    steps = stack.places[0] + STEP * np.arange(values.shape[0])
    slices = _along(values, steps, stack.places)
    size = (stack.values.shape[2], stack.values.shape[1])
    return np.stack(
        [np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BILINEAR)) for one in slices]
    )


def _along(
    values: NDArray[np.float32], places: NDArray[np.float64], wanted: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return slices at other places, each mixed from its two neighbours."""
    at = np.clip(np.interp(wanted, places, np.arange(len(places))), 0, len(places) - 1)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, len(places) - 1)
    share = (at - low).astype(np.float32)[:, None, None]
    mixed: NDArray[np.float32] = values[low] * (1 - share) + values[high] * share
    return mixed
