"""Coefficients written as plain JPEG scans, with Huffman tables made for them (ISO 10918-1 F.1, K.2)."""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.errors import Unsupported
from viewer.pixels.jpeg_stream import DAMAGED, Scan, Table

_LONGEST_CODE: Final = 16
_ZEROS: Final = 0xF0
"""Symbol of sixteen coefficients that are zero."""
_AT_ONCE: Final = 1 << 13
"""Blocks that are turned into codes and bits at the same time, for the sake of memory."""


@dataclass(frozen=True, slots=True)
class _Codes:
    """Everything that some blocks need, in order: symbols, and the bits that follow each."""

    symbols: NDArray[np.int16]
    """Of AC tables; those of DC tables stand 256 higher."""
    bits: NDArray[np.int16]
    sizes: NDArray[np.uint8]


def coded_scans(planes: Sequence[NDArray[np.int16]]) -> Iterator[Scan]:
    """Yield a scan per component from its coefficients (rows of blocks, columns, 64) in zigzag order.

    Raises Unsupported when one is larger than a code can say.
    """
    for place, plane in enumerate(planes):
        blocks = plane.reshape(-1, 64)
        differences = np.diff(blocks[:, 0].astype(np.int32), prepend=0)
        parts = [slice(start, start + _AT_ONCE) for start in range(0, len(blocks), _AT_ONCE)]
        codes = [_codes(blocks[part].astype(np.int32), differences[part]) for part in parts]
        times = np.sum([np.bincount(part.symbols, minlength=512) for part in codes], axis=0)
        tables = _table(times[256:]), _table(times[:256])
        data = _packed(codes, *tables)
        yield Scan(((place, 0, 0),), 0, 63, 0, 0, 0, {0: tables[0]}, {0: tables[1]}, (data,))


def _codes(blocks: NDArray[np.int32], differences: NDArray[np.int32]) -> _Codes:
    """Return the codes of all blocks: a DC difference, coefficients with the zeros before them, an end."""
    block, place = np.nonzero(blocks[:, 1:])
    values = blocks[block, place + 1]
    first = np.diff(block, prepend=-1) != 0
    before = np.where(first, -1, np.roll(place, 1))
    run = place - before - 1
    ends = np.ones(len(blocks), np.int64)
    ends[block[place == 62]] = 0
    longs = np.cumsum(run >> 4)
    each = np.bincount(block, minlength=len(blocks)) + ends + 1
    each += np.bincount(block, weights=run >> 4, minlength=len(blocks)).astype(np.int64)
    after = np.cumsum(each)
    dc = after - each
    many = int(after[-1])
    made = _Codes(np.full(many, _ZEROS, np.int16), np.zeros(many, np.int16), np.zeros(many, np.uint8))
    ac = block + 1 + np.arange(len(block)) + longs + (np.cumsum(ends) - ends)[block]
    size = _put(made, ac, values)
    made.symbols[ac] = (run & 15) << 4 | size
    made.symbols[after[ends == 1] - 1] = 0
    made.symbols[dc] = 256 + _put(made, dc, differences)
    return made


def _put(made: _Codes, where: NDArray[np.int64], values: NDArray[np.int32]) -> NDArray[np.int64]:
    """Note the bits of values and return how many each has (F.1.2.1, F.1.2.2)."""
    size = np.frexp(np.abs(values).astype(np.float64))[1].astype(np.int64)
    if (size > 15).any():
        raise Unsupported(DAMAGED)
    made.bits[where] = np.where(values < 0, values + (1 << size) - 1, values)
    made.sizes[where] = size
    return size


def _packed(codes: Sequence[_Codes], dc: Table, ac: Table) -> bytes:
    """Return coded data, padded with ones and stuffed."""
    code, length = np.zeros(512, np.int64), np.zeros(512, np.int64)
    for base, table in ((256, dc), (0, ac)):
        for symbol, found in table.codes().items():
            code[base + symbol], length[base + symbol] = found
    parts = []
    for part in codes:
        sizes = part.sizes.astype(np.int64)
        whole, wide = code[part.symbols] << sizes | part.bits, length[part.symbols] + sizes
        left = np.repeat(np.cumsum(wide), wide) - np.arange(int(wide.sum())) - 1
        parts.append((np.repeat(whole, wide) >> left & 1).astype(np.uint8))
    bits = np.concatenate(parts)
    padded = np.concatenate([bits, np.ones(-bits.size % 8, np.uint8)])
    return np.packbits(padded).tobytes().replace(b"\xff", b"\xff\x00")


def _table(times: NDArray[np.int64]) -> Table:
    """Return a Huffman table for symbols; the code of ones only is left free (K.2)."""
    frequencies = {int(symbol): int(times[symbol]) for symbol in np.flatnonzero(times)}
    while True:
        lengths = _lengths(frequencies)
        if max(lengths.values(), default=0) <= _LONGEST_CODE:
            break
        frequencies = {symbol: (number + 1) // 2 for symbol, number in frequencies.items()}
    ordered = sorted(frequencies, key=lambda symbol: (lengths[symbol], symbol))
    counts = Counter(lengths[symbol] for symbol in ordered)
    return Table(tuple(counts[length] for length in range(1, 17)), bytes(ordered))


def _lengths(frequencies: dict[int, int]) -> dict[int, int]:
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
