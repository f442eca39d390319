"""Check a JPEG frame block by block: coefficients of source and output, read by the checker's own means."""

import struct
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.release import verify_jpeg_native, verify_jpeg_scans
from viewer.release.verify_jpeg_stream import Spoiled, Stream, parsed

Fill: TypeAlias = tuple[NDArray[np.bool_], tuple[int, ...]]
"""Pixels of one region, and the value of each component that they are filled with."""
Planes: TypeAlias = list[NDArray[Any]]
"""Coefficients per component: (block rows, block columns, 64), zigzag or not."""
_UNREADABLE: Final = (Spoiled, IndexError, KeyError, OverflowError, ValueError, struct.error)
_SEQUENTIAL: Final = (0xC0, 0xC1)


def jpeg_problem(old: bytes, new: bytes, mask: NDArray[np.bool_], fills: Sequence[Fill]) -> str | None:
    """Return what is wrong with a changed JPEG frame as a short code, None when nothing is.

    `mask`: (rows, columns) of all regions. Every block of an MCU that the mask does not touch must have the
    coefficients it had; in those that it touches there is one level and nothing else, that of a region in
    the MCU. Frame header, quantisation tables and colour markers must be equal; the output is sequential,
    and has no byte that decoding does not need.
    """
    try:
        before, after = parsed(old), parsed(new)
        if _says_another(before, after):
            return "pixel-header-changed"
        if struct.unpack_from(">HH", before.frame, 1) != mask.shape:
            return "frame-missing"
        if after.texts:
            return "stream-text-left"
        old_planes, new_planes = _planes((old, before), (new, after))
    except _UNREADABLE:
        return "pixels-unreadable"
    return _blocks_differ(after, old_planes, new_planes, mask, fills)


def _says_another(before: Stream, after: Stream) -> bool:
    return (
        before.frame != after.frame
        or after.marker not in _SEQUENTIAL
        or before.quantisation != after.quantisation
        or before.colours != after.colours
    )


def _planes(old: tuple[bytes, Stream], new: tuple[bytes, Stream]) -> tuple[Planes, Planes]:
    """Return the coefficients of streams, both read in one way: the order of the 64 is the reader's."""
    if _is_one_piece(new[1]):
        first = verify_jpeg_native.coefficients(_of_whole_mcus(*old), old[1].frame)
        second = verify_jpeg_native.coefficients(_of_whole_mcus(*new), new[1].frame)
        # The library overlooks some bytes behind the last block; without the last one it must complain.
        if first is not None and second is not None and not verify_jpeg_native.reads(_shortened(*new)):
            return first, second
    return verify_jpeg_scans.coefficients(old[1]), verify_jpeg_scans.coefficients(new[1])


def _is_one_piece(stream: Stream) -> bool:
    return len(stream.scans) == 1 and not stream.scans[0].interval


def _of_whole_mcus(data: bytes, stream: Stream) -> bytes:
    """Return a stream that says it is as large as its MCUs: so the library shows blocks beyond the edge."""
    if len(stream.scans) > 1 or len(stream.factors) == 1:
        return data
    rows, columns = struct.unpack_from(">HH", stream.frame, 1)
    high, wide = 8 * max(v for _, v in stream.factors), 8 * max(h for h, _ in stream.factors)
    size = struct.pack(">HH", min(-(-rows // high) * high, 65535), min(-(-columns // wide) * wide, 65535))
    return data[: stream.frame_at + 1] + size + data[stream.frame_at + 5 :]


def _shortened(data: bytes, stream: Stream) -> bytes:
    """Return a stream without the last byte of its coded data."""
    end = stream.last_scan_end
    return data[: end - (2 if data[end - 2 : end] == b"\xff\0" else 1)] + data[end:]


def _blocks_differ(
    stream: Stream, old: Planes, new: Planes, mask: NDArray[np.bool_], fills: Sequence[Fill]
) -> str | None:
    factors = stream.factors
    wide, high = 8 * max(h for h, _ in factors), 8 * max(v for _, v in factors)
    regions = [(_in_mcus(where, high, wide), values) for where, values in fills]
    touched = _in_mcus(mask, high, wide)
    for number, ((h, v), before, after) in enumerate(zip(factors, old, new, strict=True)):
        shown = -(-mask.shape[0] * v // high), -(-mask.shape[1] * h // wide)
        if before.shape[0] < shown[0] or before.shape[1] < shown[1] or before.shape[2:] != (64,):
            return "frame-missing"
        if not _is_interleaved(stream, number):
            after = after[: shown[0], : shown[1]]
        if after.shape[0] < shown[0] or after.shape[1] < shown[1]:
            return "frame-missing"
        inside = _of_blocks(touched, h, v, after.shape)
        if not _same_outside(before, after, inside, shown):
            return "blocks-outside-changed"
        if after[inside][:, 1:].any():
            return "box-not-blank"
        table = stream.quantisation[stream.frame[6 + 3 * number]]
        levels = after[inside][:, 0].astype(np.int64)
        mine = [_of_blocks(where, h, v, after.shape)[inside] for where, _ in regions]
        values = [fill[number] for _, fill in regions]
        if not _filled(levels, mine, [_is_level(levels, v, table[0], stream.frame[0]) for v in values]):
            return "box-not-blank"
    return None


def _is_interleaved(stream: Stream, number: int) -> bool:
    """Return whether a component has blocks beyond the edge of the image, to fill whole MCUs."""
    name = stream.frame[6 + 3 * number]
    return any(name in scan.names and len(scan.names) > 1 for scan in stream.scans)


def _same_outside(
    before: NDArray[Any], after: NDArray[Any], inside: NDArray[np.bool_], shown: tuple[int, int]
) -> bool:
    """Return whether blocks outside are equal; those that nobody sees may also hold nothing but a level."""
    rows, columns = shown
    outside = ~inside[:rows, :columns]
    if not np.array_equal(before[:rows, :columns][outside], after[:rows, :columns][outside]):
        return False
    if before.shape == after.shape:
        rest = ~inside & (before != after).any(axis=-1)
    else:
        rest = ~inside
        rest[:rows, :columns] = False
    return not after[rest][:, 1:].any()


def _filled(
    levels: NDArray[np.int64], regions: Sequence[NDArray[np.bool_]], right: Sequence[NDArray[np.bool_]]
) -> bool:
    """Return whether each block has the level of a region in it, and all blocks of a region the same one.

    Levels that differ a little, or far below black, would still tell what was there.
    """
    several = np.sum(regions, axis=0) > 1 if regions else np.zeros(levels.shape, np.bool_)
    good = np.zeros(levels.shape, np.bool_)
    for mine, fits in zip(regions, right, strict=True):
        alone = levels[mine & ~several]
        if alone.size and (alone != alone[0]).any():
            return False
        good |= mine & fits
    return bool(good.all())


def _in_mcus(mask: NDArray[np.bool_], high: int, wide: int) -> NDArray[np.bool_]:
    """Return which MCUs hold at least one pixel of a mask."""
    rows, columns = -(-mask.shape[0] // high), -(-mask.shape[1] // wide)
    padded = np.zeros((rows * high, columns * wide), np.bool_)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    return np.asarray(padded.reshape(rows, high, columns, wide).any(axis=(1, 3)))


def _of_blocks(mcus: NDArray[np.bool_], h: int, v: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    return np.repeat(np.repeat(mcus, v, axis=0), h, axis=1)[: shape[0], : shape[1]]


def _is_level(found: NDArray[np.int64], value: int, step: int, precision: int) -> NDArray[np.bool_]:
    """Return which DC levels give a value, to one quantisation step.

    Black and white have to be the first level that decoders clip.
    """
    half = 1 << (precision - 1)
    if value in (0, 2 * half - 1):
        clipped = -(-8 * half // step)
        return np.asarray(found == (clipped if value else -clipped))
    return np.asarray(np.abs(found * step - 8 * (value - half)) <= step)
