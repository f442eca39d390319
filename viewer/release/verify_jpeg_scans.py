"""Coefficients of JPEG scans, sequential and progressive, for the checker alone (ISO 10918-1 F.2, G.2)."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_MOST_BLOCKS: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan as it stands: header, coded data with restarts, interval, Huffman tables by (class, place)."""

    header: bytes
    data: bytes
    interval: int
    tables: dict[tuple[int, int], bytes]


@dataclass(frozen=True, slots=True)
class _Plane:
    """One component: sampling factors, blocks that it has, coefficients of whole MCUs in zigzag order."""

    h: int
    v: int
    rows: int
    columns: int
    levels: NDArray[np.int32]


def coefficients(frame: bytes, scans: list[Scan]) -> list[NDArray[Any]]:
    """Return the coefficients of every component, (rows of blocks, columns, 64) in zigzag order.

    `frame`: the body of the frame header. Raises ValueError, IndexError or KeyError for damaged streams.
    """
    high, wide = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    names = frame[6::3]
    factors = [(b >> 4, b & 15) for b in frame[7::3]]
    most_h, most_v = max(h for h, _ in factors), max(v for _, v in factors)
    across, down = -(-wide // (8 * most_h)), -(-high // (8 * most_v))
    planes = []
    for h, v in factors:
        if across * down * h * v > _MOST_BLOCKS or not h or not v:
            raise ValueError("too many blocks")
        rows, columns = _parts(high * v, 8 * most_v), _parts(wide * h, 8 * most_h)
        planes.append(_Plane(h, v, rows, columns, np.zeros((down * v, across * h, 64), np.int32)))
    for scan in scans:
        _read(scan, names, planes, (down, across))
    if len(planes) == 1:
        return [planes[0].levels[: planes[0].rows, : planes[0].columns]]
    return [plane.levels for plane in planes]


def _parts(count: int, size: int) -> int:
    return -(-count // size)


def _read(scan: Scan, names: bytes, planes: list[_Plane], mcus: tuple[int, int]) -> None:
    count = scan.header[0]
    chosen = [names.index(scan.header[1 + 2 * i]) for i in range(count)]
    tables = [scan.header[2 + 2 * i] for i in range(count)]
    start, stop, shifts = scan.header[1 + 2 * count : 4 + 2 * count]
    order = list(_order([planes[n] for n in chosen], mcus))
    pieces = _pieces(scan.data)
    per_piece = scan.interval or len(order)
    if len(pieces) != -(-len(order) // per_piece):
        raise ValueError("restarts in other places")
    codes = [(_Codes(scan.tables.get((0, t >> 4))), _Codes(scan.tables.get((1, t & 15)))) for t in tables]
    blocks = [planes[n].levels for n in chosen]
    for number, piece in enumerate(pieces):
        bits = _BitReader(piece)
        mine = order[number * per_piece : (number + 1) * per_piece]
        progression = (start, stop, shifts >> 4, shifts & 15)
        _Piece(bits, codes, blocks, progression).read(mine)
        bits.check_end()


def _order(planes: list[_Plane], mcus: tuple[int, int]) -> Any:
    """Yield (component of the scan, block row, block column) tuples per MCU."""
    if len(planes) == 1:
        for y in range(planes[0].rows):
            for x in range(planes[0].columns):
                yield ((0, y, x),)
        return
    for down in range(mcus[0]):
        for across in range(mcus[1]):
            yield tuple(
                (n, down * p.v + y, across * p.h + x)
                for n, p in enumerate(planes)
                for y in range(p.v)
                for x in range(p.h)
            )


def _pieces(data: bytes) -> list[bytes]:
    """Return coded data between restarts, without stuffing."""
    pieces, at, start = [], 0, 0
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if 0xD0 <= data[at + 1] <= 0xD7:
            pieces.append(data[start:at])
            start = at + 2
        at += 2 if data[at + 1] != 0xFF else 1
    pieces.append(data[start:])
    return [piece.rstrip(b"\xff").replace(b"\xff\0", b"\xff") if piece else piece for piece in pieces]


class _Codes:
    """A Huffman table as a dictionary from (length, code) to symbol, asked by the next 16 bits."""

    def __init__(self, table: bytes | None) -> None:
        self._of: dict[tuple[int, int], int] = {}
        self.known: dict[int, tuple[int, int]] = {}
        if table is None:
            return
        code, place = 0, 16
        for length in range(1, 17):
            for _ in range(table[length - 1]):
                self._of[length, code] = table[place]
                code, place = code + 1, place + 1
            code <<= 1

    def find(self, window: int) -> tuple[int, int]:
        """Return (length, symbol) of the code with which 16 bits begin; found ones are remembered."""
        found = self.known.get(window)
        if found is None:
            keys = ((n, window >> (16 - n)) for n in range(1, 17))
            found = next(((key[0], self._of[key]) for key in keys if key in self._of), None)
            if found is None:
                raise ValueError("no code")
            self.known[window] = found
        return found


class _BitReader:
    """The bits of a piece, one after another."""

    def __init__(self, data: bytes) -> None:
        self._data, self._size = data + bytes(16), 8 * len(data)
        self.at = 0

    def window(self) -> int:
        """Return the next 16 bits."""
        byte = self.at >> 3
        return int.from_bytes(self._data[byte : byte + 3], "big") >> (8 - (self.at & 7)) & 0xFFFF

    def code(self, codes: _Codes) -> int:
        """Return the symbol of the next code."""
        length, symbol = codes.find(self.window())
        self.at += length
        if self.at > self._size:
            raise ValueError("the data end too early")
        return symbol

    def number(self, size: int) -> int:
        """Return the next bits as a number."""
        if not size:
            return 0
        value = self.window() >> (16 - size)
        self.at += size
        if self.at > self._size:
            raise ValueError("the data end too early")
        return value

    def value(self, size: int) -> int:
        """Return a number with its sign."""
        found = self.number(size)
        return found if found >= 1 << size >> 1 else found - (1 << size) + 1

    def check_end(self) -> None:
        """Raise ValueError when more than padding follows."""
        if self._size - self.at >= 8:
            raise ValueError("more data than blocks")


class _Piece:
    """Reads the blocks between two restarts into the planes."""

    def __init__(
        self,
        bits: _BitReader,
        codes: list[tuple[_Codes, _Codes]],
        planes: list[NDArray[np.int32]],
        progression: tuple[int, int, int, int],
    ) -> None:
        self._bits, self._codes, self._planes = bits, codes, planes
        self._start, self._stop, self._high, self._low = progression
        self._bands_end = 0
        self._dc = [0] * len(codes)

    def read(self, order: Any) -> None:
        """Read all blocks of some MCUs."""
        sequential = (self._start, self._stop, self._high, self._low) == (0, 63, 0, 0)
        for mcu in order:
            for n, y, x in mcu:
                block = self._planes[n][y, x]
                if self._start == 0:
                    self._read_dc(n, block)
                if sequential:
                    self._read_block(self._codes[n][1], block)
                elif self._start and self._high == 0:
                    self._read_band(self._codes[n][1], block)
                elif self._start:
                    self._refine_band(self._codes[n][1], block)

    def _read_dc(self, n: int, block: NDArray[np.int32]) -> None:
        if self._high:
            block[0] |= self._bits.number(1) << self._low
            return
        self._dc[n] += self._bits.value(self._bits.code(self._codes[n][0]))
        block[0] = self._dc[n] << self._low

    def _read_block(self, codes: _Codes, block: NDArray[np.int32]) -> None:
        k = 1
        while k < 64:
            symbol = self._bits.code(codes)
            if symbol == 0:
                return
            if symbol & 15:
                k += symbol >> 4
                block[k] = self._bits.value(symbol & 15)
                k += 1
            elif symbol == 0xF0:
                k += 16
            else:
                raise ValueError("no symbol of a sequential scan")

    def _read_band(self, codes: _Codes, block: NDArray[np.int32]) -> None:
        k = self._start
        while k <= self._stop and not self._bands_end:
            symbol = self._bits.code(codes)
            if symbol & 15:
                k += symbol >> 4
                block[k] = self._bits.value(symbol & 15) << self._low
                k += 1
            elif symbol == 0xF0:
                k += 16
            else:
                self._bands_end = (1 << (symbol >> 4)) + self._bits.number(symbol >> 4)
        self._bands_end = max(self._bands_end - 1, 0)

    def _refine_band(self, codes: _Codes, block: NDArray[np.int32]) -> None:
        k = self._start
        while k <= self._stop and not self._bands_end:
            symbol = self._bits.code(codes)
            zeros, sign = symbol >> 4, 0
            if symbol & 15:
                sign = 1 if self._bits.number(1) else -1
            elif zeros < 15:
                self._bands_end = (1 << zeros) + self._bits.number(zeros)
                break
            k = self._refine(block, k, zeros)
            if sign:
                block[k] = sign * (1 << self._low)
            k += 1
        if self._bands_end:
            self._refine(block, k, 99)
            self._bands_end -= 1

    def _refine(self, block: NDArray[np.int32], k: int, zeros: int) -> int:
        """Add a bit to every coefficient that is not zero, up to behind so many zeros."""
        while k <= self._stop:
            level = int(block[k])
            if level == 0:
                if zeros == 0:
                    return k
                zeros -= 1
            elif self._bits.number(1) and not abs(level) >> self._low & 1:
                block[k] = level + (1 << self._low) * (1 if level > 0 else -1)
            k += 1
        return k
