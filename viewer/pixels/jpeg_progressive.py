"""Every coefficient of a JPEG frame decoded, blocks blanked, and all coded anew as plain scans."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.pixels.jpeg_coding import coded_scans
from viewer.pixels.jpeg_sequential import Wish
from viewer.pixels.jpeg_stream import Frame, Jpeg, Scan, Table

_BASELINE, _EXTENDED = 0xC0, 0xC1
_ZEROS: Final = 0xF0

Plane: TypeAlias = "array[int]"
"""64 coefficients in zigzag order per block, of one component: rows of padded_wide blocks."""


def as_sequential(jpeg: Jpeg, wish: Wish) -> Jpeg:
    """Return a sequential stream with the coefficients of any other, blocks blanked.

    Raises Unsupported, IndexError, KeyError, OverflowError or ValueError when the stream is damaged.
    """
    frame = jpeg.frame
    planes = [array("h", bytes(128 * c.padded_wide * c.padded_high)) for c in frame.components]
    for scan in jpeg.scans:
        _read(frame, scan, planes)
    bytewide = all(max(table) < 256 for table in jpeg.quantisation)
    plain = replace(frame, marker=_BASELINE if frame.precision == 8 and bytewide else _EXTENDED)
    return replace(jpeg, frame=plain, scans=tuple(coded_scans(list(_blanked(frame, planes, wish)))))


def _blanked(frame: Frame, planes: Sequence[Plane], wish: Wish) -> Iterator[NDArray[np.int16]]:
    """Yield the blocks of each component that a scan of it alone holds, blanked where wished."""
    for number, own in enumerate(frame.components):
        blocks = np.frombuffer(planes[number], np.int16).reshape(own.padded_high, own.padded_wide, 64)
        touched, levels = (
            np.repeat(np.repeat(of_mcu, own.v, axis=0), own.h, axis=1)
            for of_mcu in (wish.touched, wish.levels[number])
        )
        blocks[touched] = 0
        blocks[touched, 0] = levels[touched]
        yield blocks[: own.high, : own.wide]


@dataclass(frozen=True, slots=True)
class _Part:
    """The blocks between two restarts. `windows`: the 16 bits that begin at every bit."""

    windows: memoryview
    components: list[int]
    """Place in the scan, of each block."""
    offsets: list[int]
    """First coefficient in the plane, of each block."""


def _read(frame: Frame, scan: Scan, planes: Sequence[Plane]) -> None:
    """Read one scan into the coefficients (ISO 10918-1 F.2, G.2)."""
    components, offsets, per_mcu = _order(frame, scan)
    size = scan.interval * per_mcu or len(offsets)
    if -(-len(offsets) // size) != len(scan.parts):
        raise ValueError("restarts in other places")
    mine = [planes[place] for place, _, _ in scan.components]
    dc = [_lookup(scan.dc.get(dc)) for _, dc, _ in scan.components]
    ac = [_lookup(scan.ac.get(ac)) for _, _, ac in scan.components]
    for number, data in enumerate(scan.parts):
        which = slice(number * size, (number + 1) * size)
        raw = data.replace(b"\xff\x00", b"\xff")
        part = _Part(_windows(raw), components[which], offsets[which])
        if scan.first == 0 and scan.last:
            end = _blocks(part, dc, ac, mine)
        elif scan.first == 0:
            end = _dc_more(part, mine, scan.low) if scan.high else _dc_first(part, dc, mine, scan.low)
        else:
            end = (_ac_more if scan.high else _ac_first)(part, ac[0], mine[0], scan)
        if not 0 <= 8 * len(raw) - end < 8:
            raise ValueError("more or less data than blocks")


def _order(frame: Frame, scan: Scan) -> tuple[list[int], list[int], int]:
    """Return place in the scan and first coefficient of every block, and blocks per MCU (A.2)."""
    chosen = [frame.components[place] for place, _, _ in scan.components]
    if len(chosen) == 1:
        own = chosen[0]
        rows, columns = np.indices((own.high, own.wide)).reshape(2, -1)
        return [0] * rows.size, (64 * (rows * own.padded_wide + columns)).tolist(), 1
    pattern = [(n, y, x) for n, one in enumerate(chosen) for y in range(one.v) for x in range(one.h)]
    if len(pattern) > 10:
        raise ValueError("too large an MCU")
    down, across = (part.reshape(-1, 1) for part in np.indices((frame.mcus_down, frame.mcus_across)))
    number, y, x = np.array(pattern).T
    v, h, wide = (np.array([getattr(chosen[n], name) for n in number]) for name in ("v", "h", "padded_wide"))
    offsets = 64 * ((down * v + y) * wide + across * h + x)
    return np.tile(number, down.size).tolist(), offsets.ravel().tolist(), len(pattern)


def _windows(raw: bytes) -> memoryview:
    wide = np.frombuffer(raw + bytes(8), np.uint8).astype(np.uint32)
    three = wide[:-2] << 16 | wide[1:-1] << 8 | wide[2:]
    found = np.empty((three.size, 8), np.uint16)
    for shift in range(8):
        found[:, shift] = three >> (8 - shift)
    return found.ravel().data


def _lookup(table: Table | None) -> list[int]:
    """Return length and symbol of the code that begins every 16 bits, 0 where none does."""
    found = [0] * (1 << 16)
    if table is not None:
        for symbol, (code, length) in table.codes().items():
            first = code << (16 - length)
            step = 1 << (16 - length)
            found[first : first + step] = [length << 8 | symbol] * step
    return found


def _code(found: int) -> int:
    if not found:
        raise ValueError("no code")
    return found


def _signed(window: int, size: int) -> int:
    """Return the number with its sign that some bits begin with (F.2.2.1, EXTEND)."""
    value = window >> (16 - size)
    return value if not size or value >> (size - 1) else value - (1 << size) + 1


def _dc_first(part: _Part, tables: Sequence[list[int]], planes: Sequence[Plane], low: int) -> int:
    windows, at, last = part.windows, 0, [0] * len(planes)
    for component, offset in zip(part.components, part.offsets, strict=True):
        found = _code(tables[component][windows[at]])
        at += found >> 8
        size = found & 0xFF
        if size > 15:
            raise ValueError("too large a difference")
        last[component] += _signed(windows[at], size)
        at += size
        planes[component][offset] = last[component] << low
    return at


def _dc_more(part: _Part, planes: Sequence[Plane], low: int) -> int:
    windows, one, at = part.windows, 1 << low, 0
    for component, offset in zip(part.components, part.offsets, strict=True):
        if windows[at] >> 15:
            planes[component][offset] |= one
        at += 1
    return at


def _blocks(part: _Part, dc: Sequence[list[int]], ac: Sequence[list[int]], planes: Sequence[Plane]) -> int:
    """Read blocks of a sequential scan and return the bit behind the last one."""
    windows, at, last = part.windows, 0, [0] * len(planes)
    for component, offset in zip(part.components, part.offsets, strict=True):
        found = _code(dc[component][windows[at]])
        at += found >> 8
        size = found & 0xFF
        if size > 15:
            raise ValueError("too large a difference")
        last[component] += _signed(windows[at], size)
        at += size
        planes[component][offset] = last[component]
        at, run = _band(windows, at, ac[component], (planes[component], offset + 1, offset + 64, 0))
        if run:
            raise ValueError("an end of several blocks")
    return at


def _ac_first(part: _Part, table: list[int], plane: Plane, scan: Scan) -> int:
    at = run = 0
    for offset in part.offsets:
        if run:
            run -= 1
        else:
            where = (plane, offset + scan.first, offset + scan.last + 1, scan.low)
            at, run = _band(part.windows, at, table, where)
    if run:
        raise ValueError("an end of more blocks than there are")
    return at


def _band(
    windows: memoryview, at: int, table: list[int], where: tuple[Plane, int, int, int]
) -> tuple[int, int]:
    """Read coefficients of one block; return the next bit, and how many further blocks have none."""
    plane, place, stop, low = where
    while place < stop:
        found = table[windows[at]]
        if not found:
            raise ValueError("no code")
        at += found >> 8
        symbol = found & 0xFF
        size = symbol & 15
        if size:
            place += symbol >> 4
            value = windows[at] >> (16 - size)
            at += size
            plane[place] = (value if value >> (size - 1) else value - (1 << size) + 1) << low
            place += 1
        elif symbol == _ZEROS:
            place += 16
        else:
            run = symbol >> 4
            return at + run, (1 << run) + (windows[at] >> (16 - run)) - 1
    if place > stop:
        raise ValueError("more coefficients than there are")
    return at, 0


def _ac_more(part: _Part, table: list[int], plane: Plane, scan: Scan) -> int:
    windows, one = part.windows, 1 << scan.low
    at = run = 0
    for offset in part.offsets:
        place, stop = offset + scan.first, offset + scan.last + 1
        if not run:
            at, place, run = _band_more(windows, at, table, (plane, place, stop, one))
        if run:
            run -= 1
            if any(plane[place:stop]):
                at, _ = _refined(windows, at, (plane, place, stop, one), 64)
    if run:
        raise ValueError("an end of more blocks than there are")
    return at


def _band_more(
    windows: memoryview, at: int, table: list[int], where: tuple[Plane, int, int, int]
) -> tuple[int, int, int]:
    """Read new coefficients of one block and bits of those before them.

    Returns the next bit, the place where it stopped, and how many blocks have no new ones from there on.
    """
    plane, place, stop, one = where
    while place < stop:
        found = _code(table[windows[at]])
        at += found >> 8
        zeros, new = found >> 4 & 15, 0
        if found & 15:
            if found & 15 > 1:
                raise ValueError("no code for a further bit")
            new = one if windows[at] >> 15 else -one
            at += 1
        elif zeros < 15:
            return at + zeros, place, (1 << zeros) + (windows[at] >> (16 - zeros))
        at, place = _refined(windows, at, (plane, place, stop, one), zeros)
        if new:
            if place >= stop:
                raise ValueError("more coefficients than there are")
            plane[place] = new
        place += 1
    return at, place, 0


def _refined(windows: memoryview, at: int, where: tuple[Plane, int, int, int], zeros: int) -> tuple[int, int]:
    """Read a bit for every coefficient that is not zero, up to behind so many that are.

    Returns the next bit, and the place where it stopped.
    """
    plane, place, stop, one = where
    while place < stop:
        value = plane[place]
        if value:
            if windows[at] >> 15 and not abs(value) & one:
                plane[place] = value + one if value > 0 else value - one
            at += 1
        elif zeros:
            zeros -= 1
        else:
            break
        place += 1
    return at, place
