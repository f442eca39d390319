"""Progressive JPEG scans, for the checker alone: bands of coefficients, bit by bit (ISO 10918-1 G.2)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Band:
    """What a scan holds: first and last coefficient, the bit before it (0: none) and its own lowest bit."""

    start: int
    stop: int
    before: int
    low: int


class Codes:
    """A Huffman table: symbol and length of the code that begins every 16 bits; length 0 where none does."""

    def __init__(self, table: bytes | None) -> None:
        self.symbol = np.zeros(1 << 16, np.int64)
        self.length = np.zeros(1 << 16, np.int64)
        if table is None:
            return
        lengths = np.repeat(np.arange(1, 17), np.frombuffer(table[:16], np.uint8))
        spans = 1 << (16 - lengths)
        if spans.sum() > 1 << 16:
            raise ValueError("more codes than there are")
        self.symbol[: spans.sum()] = np.repeat(np.frombuffer(table[16:], np.uint8), spans)
        self.length[: spans.sum()] = np.repeat(lengths, spans)

    @cached_property
    def pairs(self) -> list[int]:
        """Return length * 256 + symbol for every 16 bits."""
        found: list[int] = (self.length << 8 | self.symbol).tolist()
        return found


def read_bands(
    data: bytes, codes: list[tuple[Codes, Codes]], blocks: list[tuple[int, NDArray[np.int32]]], band: Band
) -> None:
    """Read the blocks between two restarts, (component of the scan, 64 coefficients) of each, into them."""
    bits = _BitReader(data)
    if band.start:
        _Bands(bits, codes[0][1], band).read(blocks)
    elif band.before:
        for _, block in blocks:
            block[0] |= bits.number(1) << band.low
    else:
        tables = [dc.pairs for dc, _ in codes]
        levels = [0] * len(codes)
        for component, block in blocks:
            levels[component] += bits.value(bits.code(tables[component]))
            block[0] = levels[component] << band.low
    bits.check_end()


class _BitReader:
    """The bits of a piece, one after another."""

    def __init__(self, data: bytes) -> None:
        self._data, self._size = data + bytes(16), 8 * len(data)
        self.at = 0

    def window(self) -> int:
        """Return the next 16 bits."""
        byte = self.at >> 3
        return int.from_bytes(self._data[byte : byte + 3], "big") >> (8 - (self.at & 7)) & 0xFFFF

    def code(self, pairs: list[int]) -> int:
        """Return the symbol of the next code."""
        found = pairs[self.window()]
        self.at += found >> 8
        if not found or self.at > self._size:
            raise ValueError("no code, or the data end too early")
        return found & 0xFF

    def number(self, size: int) -> int:
        """Return the next bits as a number, at most 16."""
        if not size:
            return 0
        value = self.window() >> (16 - size)
        self.at += size
        if size > 16 or self.at > self._size:
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


class _Bands:
    """Reads AC coefficients of one component: new ones, or one bit more of those that there are."""

    def __init__(self, bits: _BitReader, codes: Codes, band: Band) -> None:
        self._bits, self._pairs, self._band = bits, codes.pairs, band
        self._ended = 0
        """Blocks, this one among them, that have no new coefficients."""

    def read(self, blocks: list[tuple[int, NDArray[np.int32]]]) -> None:
        """Read the band of every block."""
        for _, block in blocks:
            if self._band.before:
                levels: list[int] = block.tolist()
                self._refine_band(levels)
                block[:] = levels
            elif self._ended:
                self._ended -= 1
            else:
                self._read_band(block)
        if self._ended:
            raise ValueError("an end of more blocks than there are")

    def _read_band(self, block: NDArray[np.int32]) -> None:
        k = self._band.start
        while k <= self._band.stop:
            symbol = self._bits.code(self._pairs)
            if symbol & 15:
                k += symbol >> 4
                block[k] = self._bits.value(symbol & 15) << self._band.low
                k += 1
            elif symbol == 0xF0:
                k += 16
            else:
                self._ended = (1 << (symbol >> 4)) + self._bits.number(symbol >> 4) - 1
                return
        if k != self._band.stop + 1:
            raise ValueError("more coefficients than there are")

    def _refine_band(self, block: list[int]) -> None:
        k = self._band.start
        while k <= self._band.stop and not self._ended:
            symbol = self._bits.code(self._pairs)
            zeros, sign = symbol >> 4, 0
            if symbol & 15:
                sign = 1 if self._bits.number(1) else -1
            elif zeros < 15:
                self._ended = (1 << zeros) + self._bits.number(zeros)
                break
            k = self._refine(block, k, zeros)
            if sign:
                if k > self._band.stop:
                    raise ValueError("more coefficients than there are")
                block[k] = sign * (1 << self._band.low)
            k += 1
        if self._ended:
            self._refine(block, k, 99)
            self._ended -= 1

    def _refine(self, block: list[int], k: int, zeros: int) -> int:
        """Add a bit to every coefficient that is not zero, up to behind so many zeros."""
        while k <= self._band.stop:
            level = block[k]
            if level == 0:
                if zeros == 0:
                    return k
                zeros -= 1
            elif self._bits.number(1) and not abs(level) >> self._band.low & 1:
                block[k] = level + (1 << self._band.low) * (1 if level > 0 else -1)
            k += 1
        return k
