"""Check a JPEG frame block by block: coefficients of source and output, read by the checker's own means."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.release import verify_jpeg_native, verify_jpeg_scans

Fill: TypeAlias = tuple[NDArray[np.bool_], tuple[int, ...]]
"""Pixels of one region, and the value of each component that they are filled with."""
Planes: TypeAlias = list[NDArray[Any]]
"""Coefficients per component: (block rows, block columns, 64), zigzag or not."""


class Spoiled(Exception):
    """A stream cannot be read to its end."""


@dataclass(slots=True)
class Stream:
    """What a stream says of itself, and its coded data: everything that stands between its markers."""

    marker: int = 0
    frame: bytes = b""
    quantisation: dict[int, tuple[int, ...]] = field(default_factory=dict)
    codes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    interval: int = 0
    scans: list[verify_jpeg_scans.Scan] = field(default_factory=list)
    colours: list[bytes] = field(default_factory=list)
    texts: bool = False
    """Comments, application segments that colours do not need, or bytes behind the end."""

    @property
    def factors(self) -> list[tuple[int, int]]:
        """Return the sampling factors (across, down) of each component; one alone counts as (1, 1)."""
        if self.frame[5] == 1:
            return [(1, 1)]
        return [(b >> 4, b & 15) for b in self.frame[7::3]]


def jpeg_problem(old: bytes, new: bytes, mask: NDArray[np.bool_], fills: Sequence[Fill]) -> str | None:
    """Return what is wrong with a changed JPEG frame as a short code, None when nothing is.

    `mask`: (rows, columns) of all regions. Every block of an MCU that the mask does not touch must have the
    coefficients it had; in those that it touches there is one level and nothing else, that of a region in
    the MCU. Frame header, quantisation tables and colour markers must be equal.
    """
    try:
        before, after = parsed(old), parsed(new)
        if _says_another(before, after):
            return "pixel-header-changed"
        if after.texts:
            return "stream-text-left"
        old_planes, new_planes = _planes((old, before), (new, after))
    except (Spoiled, IndexError, KeyError, ValueError, struct.error):
        return "pixels-unreadable"
    return _blocks_differ(before, old_planes, new_planes, mask, fills)


def _says_another(before: Stream, after: Stream) -> bool:
    sequential = {0xC0: 0, 0xC1: 0, 0xC2: 0}
    tables = {b for b in before.frame[8::3]}
    return (
        before.frame != after.frame
        or before.marker not in sequential
        or after.marker not in sequential
        or any(before.quantisation.get(t) != after.quantisation.get(t) for t in tables)
        or before.colours != after.colours
    )


def parsed(data: bytes) -> Stream:
    """Return what stands between the markers; raises when they do not follow each other."""
    stream, at = Stream(), 2
    while True:
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        if data[at] != 0xFF:
            raise Spoiled
        marker = data[at + 1]
        if marker == 0xD9:
            stream.texts |= bool(data[at + 2 :].strip(b"\0"))
            return stream
        (size,) = struct.unpack_from(">H", data, at + 2)
        body, at = data[at + 4 : at + 2 + size], at + 2 + size
        if marker == 0xDA:
            end = _end_of_scan(data, at)
            tables = dict(stream.codes)
            stream.scans.append(verify_jpeg_scans.Scan(body, data[at:end], stream.interval, tables))
            at = end
        elif 0xE0 <= marker <= 0xFE:
            _read_text(marker, body, stream)
        else:
            _read_segment(marker, body, stream)


def _read_text(marker: int, body: bytes, stream: Stream) -> None:
    """Read an application segment or comment: colours need JFIF and Adobe ones, nothing else."""
    if marker == 0xEE and body.startswith(b"Adobe"):
        stream.colours.append(b"Adobe" + body[11:12])
        stream.texts |= len(body) > 12
    elif marker == 0xE0 and body.startswith(b"JFIF\0"):
        stream.colours.append(b"JFIF")
        stream.texts |= any(body[12:])
    else:
        stream.texts = True


def _read_segment(marker: int, body: bytes, stream: Stream) -> None:
    if marker == 0xDB:
        _read_quantisation(body, stream.quantisation)
    elif marker == 0xC4:
        _read_codes(body, stream.codes)
    elif marker in (0xC0, 0xC1, 0xC2):
        stream.marker, stream.frame = marker, body
    elif marker == 0xDD:
        (stream.interval,) = struct.unpack(">H", body)
    else:
        raise Spoiled


def _read_quantisation(body: bytes, found: dict[int, tuple[int, ...]]) -> None:
    while body:
        form = ">64H" if body[0] >> 4 else ">64B"
        found[body[0] & 15] = struct.unpack_from(form, body, 1)
        body = body[1 + struct.calcsize(form) :]


def _read_codes(body: bytes, found: dict[tuple[int, int], bytes]) -> None:
    while body:
        size = 17 + sum(body[1:17])
        found[body[0] >> 4, body[0] & 15] = body[1:size]
        body = body[size:]


def _end_of_scan(data: bytes, at: int) -> int:
    """Return where the marker after coded data stands: neither stuffing nor a restart."""
    while True:
        at = data.index(b"\xff", at)
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7 and data[at + 1] != 0xFF:
            return at
        at += 1 if data[at + 1] == 0xFF else 2


def _planes(*streams: tuple[bytes, Stream]) -> list[Planes]:
    """Return the coefficients of streams, all read in one way: the order of the 64 is the reader's."""
    found = []
    for data, stream in streams:
        planes = verify_jpeg_native.coefficients(data, stream.frame)
        if planes is None:
            return [verify_jpeg_scans.coefficients(one.frame, one.scans) for _, one in streams]
        found.append(planes)
    return found


def _blocks_differ(
    stream: Stream, old: Planes, new: Planes, mask: NDArray[np.bool_], fills: Sequence[Fill]
) -> str | None:
    factors = stream.factors
    wide, high = max(h for h, _ in factors), max(v for _, v in factors)
    touched = _in_mcus(mask, 8 * high, 8 * wide)
    regions = [(_in_mcus(where, 8 * high, 8 * wide), values) for where, values in fills]
    for number, ((h, v), before, after) in enumerate(zip(factors, old, new, strict=True)):
        # Blocks that only fill up the last MCUs show nothing, and scans of one component have none.
        rows = -(-mask.shape[0] * v // (8 * high)), -(-mask.shape[1] * h // (8 * wide))
        before, after = before[: rows[0], : rows[1]], after[: rows[0], : rows[1]]
        if before.shape != after.shape or before.shape[:2] != rows:
            return "frame-missing"
        inside = _of_blocks(touched, h, v, before.shape)
        if not np.array_equal(before[~inside], after[~inside]):
            return "blocks-outside-changed"
        if after[inside][:, 1:].any():
            return "box-not-blank"
        step = stream.quantisation[stream.frame[8 + 3 * number]][0]
        right = np.zeros(int(inside.sum()), np.bool_)
        for where, values in regions:
            mine = _of_blocks(where, h, v, before.shape)[inside]
            right |= mine & _is_level(after[inside][:, 0], values[number], step, stream.frame[0])
        if not right.all():
            return "box-not-blank"
    return None


def _in_mcus(mask: NDArray[np.bool_], high: int, wide: int) -> NDArray[np.bool_]:
    """Return which MCUs hold at least one pixel of a mask."""
    rows, columns = -(-mask.shape[0] // high), -(-mask.shape[1] // wide)
    padded = np.zeros((rows * high, columns * wide), np.bool_)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    return np.asarray(padded.reshape(rows, high, columns, wide).any(axis=(1, 3)))


def _of_blocks(mcus: NDArray[np.bool_], h: int, v: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    return np.repeat(np.repeat(mcus, v, axis=0), h, axis=1)[: shape[0], : shape[1]]


def _is_level(found: NDArray[Any], value: int, step: int, precision: int) -> NDArray[np.bool_]:
    """Return which DC levels give a value, to one quantisation step; decoders clip what is beyond."""
    half = 1 << (precision - 1)
    shown = np.clip(found.astype(np.int64) * step, -8 * half, 8 * (half - 1))
    if value == 0:
        return np.asarray(shown <= -8 * half + 3)
    if value == 2 * half - 1:
        return np.asarray(shown >= 8 * (half - 1) - 3)
    return np.asarray(np.abs(shown - 8 * (value - half)) <= step)
