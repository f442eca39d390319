"""Progressive JPEG frames: every coefficient decoded, blocks blanked, and coded anew as one plain scan."""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Final, TypeAlias

import numpy as np

from viewer.dicom.errors import Unsupported
from viewer.pixels.jpeg_sequential import Wish
from viewer.pixels.jpeg_stream import DAMAGED, Frame, Jpeg, Scan, Table

Blocks: TypeAlias = list[list[int]]
"""64 coefficients in zigzag order per block, of one component: rows of padded_wide blocks."""
_BASELINE, _EXTENDED = 0xC0, 0xC1
_LONGEST_CODE: Final = 16


def as_sequential(jpeg: Jpeg, wish: Wish) -> Jpeg:
    """Return a sequential stream with the coefficients of a progressive one, blocks blanked.

    Raises Unsupported, IndexError, KeyError or ValueError when the stream is damaged.
    """
    frame = jpeg.frame
    coefficients = [[[0] * 64 for _ in range(c.padded_wide * c.padded_high)] for c in frame.components]
    for scan in jpeg.scans:
        _Reader(frame, scan, coefficients).read()
    _blank(frame, coefficients, wish)
    marker = _BASELINE if frame.precision == 8 and _fits_bytes(jpeg) else _EXTENDED
    plain = replace(frame, marker=marker)
    return replace(jpeg, frame=plain, scans=tuple(_coded(plain, coefficients)))


def _fits_bytes(jpeg: Jpeg) -> bool:
    return all(max(numbers) < 256 for numbers in jpeg.quantisation.values())


def _blank(frame: Frame, coefficients: list[Blocks], wish: Wish) -> None:
    for number, component in enumerate(frame.components):
        touched = np.repeat(np.repeat(wish.touched, component.v, axis=0), component.h, axis=1)
        levels = np.repeat(np.repeat(wish.levels[number], component.v, axis=0), component.h, axis=1)
        if len(frame.components) == 1:
            touched, levels = wish.touched, wish.levels[number]
        for y, x in np.argwhere(touched).tolist():
            coefficients[number][y * component.padded_wide + x] = [int(levels[y, x]), *[0] * 63]


def _order(frame: Frame, scan: Scan) -> Iterator[list[tuple[int, int]]]:
    """Yield the (place in the scan, block) of every MCU of a scan (ISO 10918-1 A.2)."""
    chosen = [frame.components[place] for place, _, _ in scan.components]
    if len(chosen) == 1:
        own = chosen[0]
        for y in range(own.high):
            for x in range(own.wide):
                yield [(0, y * own.padded_wide + x)]
        return
    for down in range(frame.mcus_down):
        for across in range(frame.mcus_across):
            yield [
                (number, (down * one.v + y) * one.padded_wide + across * one.h + x)
                for number, one in enumerate(chosen)
                for y in range(one.v)
                for x in range(one.h)
            ]


class _Bits:
    """Bits of coded data between two restarts."""

    def __init__(self, part: bytes) -> None:
        raw = part.replace(b"\xff\x00", b"\xff")
        self._end = 8 * len(raw)
        self._raw = raw + bytes(8)
        self.at = 0

    def peek(self) -> int:
        """Return the next 16 bits, zeros behind the end."""
        place = self.at >> 3
        if self.at > self._end:
            raise IndexError("no more bits")
        return int.from_bytes(self._raw[place : place + 3], "big") >> (8 - (self.at & 7)) & 0xFFFF

    def take(self, size: int) -> int:
        """Return some bits as a number; at most 16."""
        value = self.peek() >> (16 - size)
        self.at += size
        return value

    def signed(self, size: int) -> int:
        """Return a number with its sign (ISO 10918-1 F.2.2.1, EXTEND)."""
        value = self.take(size)
        return value if not size or value >> (size - 1) else value - (1 << size) + 1


class _Reader:
    """Reads one scan into the coefficients (ISO 10918-1 G.1.2, G.2)."""

    def __init__(self, frame: Frame, scan: Scan, coefficients: list[Blocks]) -> None:
        self._scan, self._order = scan, list(_order(frame, scan))
        self._blocks = [coefficients[place] for place, _, _ in scan.components]
        self._dc = [_lookup(scan.dc.get(dc)) for _, dc, _ in scan.components]
        self._ac = [_lookup(scan.ac.get(ac)) for _, _, ac in scan.components]
        self._bits = _Bits(b"")
        self._run = 0
        self._last = [0] * len(scan.components)
        if (scan.first == 0 and scan.last != 0) or (scan.first and len(scan.components) != 1):
            raise ValueError("no progressive scan")
        if not scan.first <= scan.last < 64 or scan.low > 13 or (scan.high and scan.high != scan.low + 1):
            raise ValueError("no progressive scan")

    def read(self) -> None:
        """Read every block."""
        scan = self._scan
        kinds = {(True, True): self._dc_first, (True, False): self._dc_more, (False, True): self._ac_first}
        read = kinds.get((scan.first == 0, scan.high == 0), self._ac_more)
        size = scan.interval or len(self._order)
        if -(-len(self._order) // size) != len(scan.parts):
            raise ValueError("restarts in other places")
        for number, part in enumerate(scan.parts):
            self._bits, self._run, self._last = _Bits(part), 0, [0] * len(self._last)
            for mcu in self._order[number * size : (number + 1) * size]:
                for component, block in mcu:
                    read(component, self._blocks[component][block])

    def _symbol(self, table: Sequence[int]) -> int:
        found = table[self._bits.peek()]
        if not found:
            raise ValueError("no code")
        self._bits.at += found >> 8
        return found & 0xFF

    def _dc_first(self, component: int, block: list[int]) -> None:
        self._last[component] += self._bits.signed(self._symbol(self._dc[component]))
        block[0] = self._last[component] << self._scan.low

    def _dc_more(self, component: int, block: list[int]) -> None:
        block[0] |= self._bits.take(1) << self._scan.low

    def _ac_first(self, component: int, block: list[int]) -> None:
        if self._run:
            self._run -= 1
            return
        place, table = self._scan.first, self._ac[component]
        while place <= self._scan.last:
            symbol = self._symbol(table)
            run, size = symbol >> 4, symbol & 15
            if size:
                place += run
                block[place] = self._bits.signed(size) << self._scan.low
                place += 1
            elif run == 15:
                place += 16
            else:
                self._run = (1 << run) + self._bits.take(run) - 1
                return

    def _ac_more(self, component: int, block: list[int]) -> None:
        place, last, one = self._scan.first, self._scan.last, 1 << self._scan.low
        if not self._run:
            while place <= last:
                symbol = self._symbol(self._ac[component])
                run, size = symbol >> 4, symbol & 15
                if size > 1:
                    raise ValueError("no code for a further bit")
                new = 0
                if size:
                    new = one if self._bits.take(1) else -one
                elif run < 15:
                    self._run = (1 << run) + self._bits.take(run)
                    break
                place = self._refined(block, place, run)
                if new:
                    block[place] = new
                place += 1
        if self._run:
            self._refined(block, place, 64)
            self._run -= 1

    def _refined(self, block: list[int], place: int, zeros: int) -> int:
        """Read a bit for every coefficient that is not zero; return the place behind so many that are."""
        one = 1 << self._scan.low
        while place <= self._scan.last:
            value = block[place]
            if value:
                if self._bits.take(1) and not abs(value) & one:
                    block[place] = value + one if value > 0 else value - one
            elif zeros == 0:
                break
            else:
                zeros -= 1
            place += 1
        return place


def _lookup(table: Table | None) -> list[int]:
    """Return length and symbol of the code that begins every 16 bits, 0 where none does."""
    found = [0] * (1 << 16)
    if table is not None:
        for symbol, (code, length) in table.codes().items():
            first = code << (16 - length)
            step = 1 << (16 - length)
            found[first : first + step] = [length << 8 | symbol] * step
    return found


# Coded anew ------------------------------------------------------------------------------------------


def _coded(frame: Frame, coefficients: list[Blocks]) -> Iterator[Scan]:
    """Yield a scan per component, with Huffman tables made for it; restarts are left out."""
    for place, component in enumerate(frame.components):
        blocks = [
            coefficients[place][y * component.padded_wide + x]
            for y in range(component.high)
            for x in range(component.wide)
        ]
        dc, ac = _symbols(blocks)
        tables = _table(Counter(s for s, _, _ in dc)), _table(Counter(s for one in ac for s, _, _ in one))
        dc_codes, ac_codes = (table.codes() for table in tables)
        text = "".join(
            _text(first, dc_codes) + "".join(_text(symbol, ac_codes) for symbol in rest)
            for first, rest in zip(dc, ac, strict=True)
        )
        text += "1" * (-len(text) % 8)
        data = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")
        yield Scan(((place, 0, 0),), 0, 63, 0, 0, 0, {0: tables[0]}, {0: tables[1]}, (data,))


_Symbol: TypeAlias = tuple[int, int, int]
"""Huffman symbol, and the number and size of the bits that follow."""


def _symbols(blocks: Blocks) -> tuple[list[_Symbol], list[list[_Symbol]]]:
    """Return the DC symbol and the AC symbols of every block (ISO 10918-1 F.1.2)."""
    dc, ac, last = [], [], 0
    for block in blocks:
        size, bits = _bits_of(block[0] - last)
        dc.append((size, bits, size))
        last = block[0]
        mine: list[_Symbol] = []
        run = 0
        for value in block[1:]:
            if not value:
                run += 1
                continue
            mine += [(0xF0, 0, 0)] * (run >> 4)
            size, bits = _bits_of(value)
            mine.append(((run & 15) << 4 | size, bits, size))
            run = 0
        if run:
            mine.append((0, 0, 0))
        ac.append(mine)
    return dc, ac


def _bits_of(value: int) -> tuple[int, int]:
    size = abs(value).bit_length()
    if size > 15:
        raise Unsupported(DAMAGED)
    return size, value if value >= 0 else value + (1 << size) - 1


def _text(symbol: _Symbol, codes: Mapping[int, tuple[int, int]]) -> str:
    code, length = codes[symbol[0]]
    return f"{code:0{length}b}" + (f"{symbol[1]:0{symbol[2]}b}" if symbol[2] else "")


def _table(frequencies: Counter[int]) -> Table:
    """Return a Huffman table for symbols; the code of ones only is left free (ISO 10918-1 K.2)."""
    while True:
        lengths = _lengths(frequencies)
        if max(lengths.values()) <= _LONGEST_CODE:
            break
        frequencies = Counter({symbol: (times + 1) // 2 for symbol, times in frequencies.items()})
    ordered = sorted(frequencies, key=lambda symbol: (lengths[symbol], symbol))
    counts = Counter(lengths[symbol] for symbol in ordered)
    return Table(tuple(counts[length] for length in range(1, 17)), bytes(ordered))


def _lengths(frequencies: Counter[int]) -> dict[int, int]:
    """Return the length of each code; a symbol that never comes (-1) has the longest one."""
    number = count()
    heap: list[Any] = [(times, next(number), {symbol: 0}) for symbol, times in frequencies.items()]
    heap.append((0, next(number), {-1: 0}))
    heapq.heapify(heap)
    while len(heap) > 1:
        a, b = heapq.heappop(heap), heapq.heappop(heap)
        deeper = {symbol: length + 1 for symbol, length in (*a[2].items(), *b[2].items())}
        heapq.heappush(heap, (a[0] + b[0], next(number), deeper))
    found: dict[int, int] = heap[0][2]
    longest = max(found.values())
    if found[-1] != longest:  # of codes that are equally long the last one is of ones only
        raise Unsupported(DAMAGED)
    del found[-1]
    return found
