"""Blank blocks of sequential JPEG scans bit by bit: untouched blocks are copied, not coded anew."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.errors import Unsupported
from viewer.pixels.jpeg_stream import DAMAGED, Frame, Jpeg, Scan, Table

_END_OF_BLOCK: Final = 0
_PAST: Final = 129
"""Place of a coefficient after the end of a block was coded; without that it never exceeds 64."""
_NO_CODE: Final = 255
_ASTRAY: Final = 65
"""Skip of a code that there is not: it leads to places between 64 and _PAST, where no block ends."""
_LARGEST_DIFFERENCE: Final = 15
"""Bits of a difference of DC levels, of the deepest kind of frame."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be blanked: per MCU of the frame whether, and the DC level of each component.

    `touched`: (mcus_down, mcus_across); `levels`: (components, mcus_down, mcus_across), quantised.
    """

    touched: NDArray[np.bool_]
    levels: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Blocks:
    """The blocks of a scan in the order in which they are coded; all arrays have one entry per block."""

    component: NDArray[np.int64]
    """Place in the scan."""
    touched: NDArray[np.bool_]
    level: NDArray[np.int64]
    per_mcu: int


def blanked_scans(jpeg: Jpeg, wish: Wish) -> tuple[Scan, ...] | None:
    """Return the scans of a sequential frame with blocks blanked; raises Unsupported when damaged.

    None when a Huffman table has no room for a code that blanked blocks need.
    """
    scans = [_blanked(jpeg.frame, scan, wish) for scan in jpeg.scans]
    return tuple(scan for scan in scans if scan is not None) if None not in scans else None


def _blanked(frame: Frame, scan: Scan, wish: Wish) -> Scan | None:
    blocks = _blocks(frame, scan, wish)
    size = scan.interval * blocks.per_mcu or len(blocks.component)
    starts = range(0, len(blocks.component), size)
    if len(starts) != len(scan.parts):
        raise Unsupported(DAMAGED)
    tables = [_Lookup(scan.dc.get(d), scan.ac.get(a)) for _, d, a in scan.components]
    walks = {
        n: _Walk(scan, tables, scan.parts[n], _part(blocks, slice(at, at + size)))
        for n, at in enumerate(starts)
    }
    coded = _with_codes(scan, set().union(*(walk.needed() for walk in walks.values())))
    if coded is None:
        return None
    parts = [walk.written(coded) if walk.changes else scan.parts[n] for n, walk in walks.items()]
    return replace(coded, parts=tuple(parts))


def _part(blocks: _Blocks, which: slice) -> _Blocks:
    return replace(
        blocks,
        component=blocks.component[which],
        touched=blocks.touched[which],
        level=blocks.level[which],
    )


def _blocks(frame: Frame, scan: Scan, wish: Wish) -> _Blocks:
    """Return the blocks of a scan (ISO 10918-1 A.2.2, A.2.3)."""
    if len(scan.components) == 1:
        place = scan.components[0][0]
        own = frame.components[place]
        down, across = np.indices((own.high, own.wide)).reshape(2, -1)
        mcu_y, mcu_x = down // own.v, across // own.h
        component = np.zeros(down.size, np.int64)
        places, per_mcu = np.full(down.size, place), 1
    else:
        pattern = [
            number
            for number, (place, _, _) in enumerate(scan.components)
            for _ in range(frame.components[place].h * frame.components[place].v)
        ]
        per_mcu = len(pattern)
        if per_mcu > 10:
            raise Unsupported(DAMAGED)
        down, across = np.indices((frame.mcus_down, frame.mcus_across)).reshape(2, -1)
        mcu_y, mcu_x = np.repeat(down, per_mcu), np.repeat(across, per_mcu)
        component = np.tile(np.array(pattern), down.size)
        places = np.array([place for place, _, _ in scan.components])[component]
    return _Blocks(component, wish.touched[mcu_y, mcu_x], wish.levels[places, mcu_y, mcu_x], per_mcu)


class _Walk:
    """The blocks between two restarts: where each begins, its DC difference before and after."""

    def __init__(self, scan: Scan, tables: Sequence["_Lookup"], part: bytes, blocks: _Blocks) -> None:
        self._scan, self._blocks = scan, blocks
        self.changes = bool(blocks.touched.any())
        self._raw = part.replace(b"\xff\x00", b"\xff")
        windows = _windows(self._raw)
        self._starts = _starts(windows, tables, blocks, 8 * len(self._raw))
        self._read_differences(windows, tables)

    def _read_differences(self, windows: NDArray[np.uint16], tables: Sequence["_Lookup"]) -> None:
        starts, component = self._starts[:-1], self._blocks.component
        self._old = np.zeros(starts.size, np.int64)
        self._coded = np.zeros(starts.size, np.int64)
        self.new = np.zeros(starts.size, np.int64)
        for number, table in enumerate(tables):
            mine = np.flatnonzero(component == number)
            at = starts[mine]
            size = table.dc_symbol[windows[at]].astype(np.int64)
            length = table.dc_length[windows[at]].astype(np.int64)
            if (length == _NO_CODE).any():
                raise Unsupported(DAMAGED)
            value = windows[at + length].astype(np.int64) >> (16 - size)
            difference = np.where(value < (1 << size) >> 1, value - (1 << size) + 1, value)
            self._old[mine], self._coded[mine] = difference, length + size
            wanted = np.where(self._blocks.touched[mine], self._blocks.level[mine], np.cumsum(difference))
            self.new[mine] = np.diff(wanted, prepend=0)

    def needed(self) -> set[tuple[int, int, int]]:
        """Return (class, table, symbol) of every code that is written."""
        changed = self._blocks.touched | (self.new != self._old)
        found = set()
        for number, (_, dc, ac) in enumerate(self._scan.components):
            mine = changed & (self._blocks.component == number)
            found |= {(0, dc, int(d).bit_length()) for d in np.unique(np.abs(self.new[mine]))}
            if any(size > _LARGEST_DIFFERENCE for kind, _, size in found if not kind):
                raise Unsupported(DAMAGED)
            if (self._blocks.touched & mine).any():
                found.add((1, ac, _END_OF_BLOCK))
        return found

    def written(self, scan: Scan) -> bytes:
        """Return the coded data with blocks blanked, stuffed and padded."""
        bits = np.unpackbits(np.frombuffer(self._raw, np.uint8))
        codes = [(scan.dc[d].codes(), scan.ac[a].codes()) for _, d, a in scan.components]
        changed = np.flatnonzero(self._blocks.touched | (self.new != self._old))
        parts: list[NDArray[np.uint8]] = []
        position = 0
        for component, touched, new, start, length, end in zip(
            self._blocks.component[changed].tolist(),
            self._blocks.touched[changed].tolist(),
            self.new[changed].tolist(),
            self._starts[changed].tolist(),
            self._coded[changed].tolist(),
            self._starts[changed + 1].tolist(),
            strict=True,
        ):
            dc, ac = codes[component]
            if start > position:
                parts.append(bits[position:start])
            text = _difference(new, dc) + (_code(*ac[_END_OF_BLOCK]) if touched else "")
            parts.append(np.frombuffer(text.encode(), np.uint8) & np.uint8(1))
            position = end if touched else start + length
        parts.append(bits[position : self._starts[-1]])
        whole = np.concatenate(parts)
        padded = np.concatenate([whole, np.ones(-whole.size % 8, np.uint8)])
        return np.packbits(padded).tobytes().replace(b"\xff", b"\xff\x00")


def _code(code: int, length: int) -> str:
    return f"{code:0{length}b}"


def _difference(value: int, codes: Mapping[int, tuple[int, int]]) -> str:
    """Return the code of a DC difference and its bits (ISO 10918-1 F.1.2.1)."""
    size = abs(value).bit_length()
    bits = f"{value if value > 0 else value + (1 << size) - 1:0{size}b}" if size else ""
    return _code(*codes[size]) + bits


def _windows(raw: bytes) -> NDArray[np.uint16]:
    """Return the 16 bits that begin at every bit, zeros behind the end."""
    wide = np.frombuffer(raw + bytes(8), np.uint8).astype(np.uint32)
    three = wide[:-2] << 16 | wide[1:-1] << 8 | wide[2:]
    found = np.empty((three.size, 8), np.uint16)
    for shift in range(8):
        found[:, shift] = three >> (8 - shift) & 0xFFFF
    return found.ravel()


class _Lookup:
    """What 16 bits begin with: codes of one DC and one AC table."""

    def __init__(self, dc: Table | None, ac: Table | None) -> None:
        if dc is None or ac is None:
            raise Unsupported(DAMAGED)
        self.dc_symbol, self.dc_length = _expanded(dc)
        if int(self.dc_symbol.max()) > _LARGEST_DIFFERENCE:
            raise Unsupported(DAMAGED)
        symbol, length = _expanded(ac)
        size, run = symbol & 15, symbol >> 4
        ends = size == 0
        skip = np.where(ends, np.where(run == 15, 16, _PAST), run + 1)
        self.ac_skip = np.where(length == _NO_CODE, _ASTRAY, skip).astype(np.uint8)
        self.ac_length = np.where(length == _NO_CODE, _NO_CODE, length + size).astype(np.uint8)
        self.dc_total = np.where(
            self.dc_length == _NO_CODE, _NO_CODE, self.dc_length + self.dc_symbol
        ).astype(np.uint8)


def _expanded(table: Table) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return symbol and length of the code that begins every 16 bits; no code: a length beyond all others."""
    symbols = np.zeros(1 << 16, np.uint8)
    lengths = np.full(1 << 16, _NO_CODE, np.uint8)
    at = place = 0
    for length, count in enumerate(table.counts, start=1):
        for symbol in table.symbols[place : place + count]:
            step = 1 << (16 - length)
            symbols[at : at + step], lengths[at : at + step] = symbol, length
            at += step
        place += count
    if at > 1 << 16:
        raise Unsupported(DAMAGED)
    return symbols, lengths


def _starts(
    windows: NDArray[np.uint16], tables: Sequence[_Lookup], blocks: _Blocks, bits: int
) -> NDArray[np.int64]:
    """Return the bit at which every block begins, and the one after the last.

    Raises Unsupported when codes are wrong, or the data are too short, or more than padding is left.
    """
    views = [
        (t.dc_total[windows].tobytes(), t.ac_length[windows].tobytes(), t.ac_skip[windows].tobytes())
        for t in tables
    ]
    order = [views[number] for number in blocks.component.tolist()]
    starts: list[int] = []
    position = 0
    add = starts.append
    try:
        for dc_length, ac_length, ac_skip in order:
            add(position)
            position += dc_length[position]
            place = 1
            while place < 64:
                place += ac_skip[position]
                position += ac_length[position]
            if 64 < place < _PAST:
                raise Unsupported(DAMAGED)
    except IndexError:
        raise Unsupported(DAMAGED) from None
    add(position)
    if not 0 <= bits - position < 8:
        raise Unsupported(DAMAGED)
    return np.array(starts, np.int64)


def _with_codes(scan: Scan, needed: Iterable[tuple[int, int, int]]) -> Scan | None:
    """Return a scan whose tables have every code that is needed; codes that are there stay as they are.

    None when there is no room for one.
    """
    dc, ac = dict(scan.dc), dict(scan.ac)
    for kind, number, symbol in sorted(needed):
        tables = ac if kind else dc
        if symbol not in tables[number].symbols:
            longer = _extended(tables[number], symbol)
            if longer is None:
                return None
            tables[number] = longer
    return replace(scan, dc=dc, ac=ac)


def _extended(table: Table, symbol: int) -> Table | None:
    """Return a table with one more code, behind all others: the code of ones only, which none may have.

    That code gets longer by one bit, and its sibling is the new one. None when it is used, or has 16 bits
    already.
    """
    longest = max(length for length, count in enumerate(table.counts, start=1) if count)
    used = sum(count << (16 - length) for length, count in enumerate(table.counts, start=1))
    counts = list(table.counts)
    for length in range(longest, 17):
        if (1 << 16) - used >= 2 << (16 - length):
            counts[length - 1] += 1
            return Table(tuple(counts), table.symbols + bytes((symbol,)))
    return None
