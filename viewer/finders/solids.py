"""Shapes in a volume of equal steps: worn off, grown, filled, smoothed (morphology with balls)."""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.finders.components import Components, components

Solid: TypeAlias = NDArray[np.bool_]
"""(slices, rows, columns), one step in each direction being the same length."""


_AXES: Final = (0, 1, 2)


def eroded(solid: Solid, radius: float) -> Solid:
    """Return the places all of whose neighbours within a radius (in steps) are inside."""
    return ~grown(~solid, radius)


def grown(solid: Solid, radius: float) -> Solid:
    """Return the places that have a neighbour within a radius (in steps) inside; edges go on as they end."""
    reach = int(radius)
    framed = np.pad(solid, reach, mode="edge").astype(np.float32)
    shape = tuple(_fast(n) for n in framed.shape)
    ball = np.zeros(shape, np.float32)
    offsets = range(-reach, reach + 1)
    for z in offsets:
        for y in offsets:
            for x in offsets:
                ball[z, y, x] = z * z + y * y + x * x <= radius * radius
    spectrum = np.fft.rfftn(framed, shape, _AXES) * np.fft.rfftn(ball, axes=_AXES)
    count = np.fft.irfftn(spectrum, shape, _AXES)[tuple(slice(reach, reach + n) for n in solid.shape)]
    inside: Solid = count > 0.5
    return inside


def opened(solid: Solid, radius: float) -> Solid:
    """Return a solid without what a ball of a radius (in steps) cannot reach: noses, lips, ears."""
    return grown(eroded(solid, radius), radius)


def smoothed(solid: Solid) -> NDArray[np.float32]:
    """Return how much of the neighbourhood of each place is inside, 0 to 1, the nearer the more."""
    soft = solid.astype(np.float32)
    for _ in range(2):
        for axis in range(3):
            framed = np.pad(soft, [(1, 1) if a == axis else (0, 0) for a in range(3)], mode="edge")
            length = soft.shape[axis]
            before, middle, after = (np.take(framed, range(i, i + length), axis) for i in range(3))
            soft = (before + 2 * middle + after) / 4
    return soft.astype(np.float32)


def largest_filled(places: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest part of one slice with its holes filled."""
    parts = components(places)
    filled = np.zeros_like(places)
    if not len(parts.boxes):
        return filled
    _draw(filled, parts, int(np.argmax(parts.sizes())))
    return filled | holes(filled)


def holes(places: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what one slice encloses: empty places from which no way leads to its edge."""
    rows, columns = places.shape
    around = np.pad(~places, 1, constant_values=True)
    parts = components(around)
    outside = np.zeros_like(around)
    _draw(outside, parts, int(parts.owners[0]))
    enclosed: NDArray[np.bool_] = ~outside[1 : rows + 1, 1 : columns + 1] & ~places
    return enclosed


def _draw(target: NDArray[np.bool_], parts: Components, number: int) -> None:
    for at in np.flatnonzero(parts.owners == number).tolist():
        target[parts.rows[at], parts.starts[at] : parts.stops[at]] = True


def _fast(length: int) -> int:
    """Return a length from `length` on that has small factors only."""
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1
