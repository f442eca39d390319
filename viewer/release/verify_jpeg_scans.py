"""Coefficients of a JPEG stream, for the checker alone; sequential scans (ISO 10918-1 F.2) stand here."""

import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.release.verify_jpeg_bands import Band, Codes, read_bands
from viewer.release.verify_jpeg_stream import Scan, Stream

_RESTART: Final = re.compile(rb"\xff[\xd0-\xd7]")
_END: Final = 100
"""How far an end of block leads: to places that no run of zeros reaches."""
_NONE: Final = 200


@dataclass(frozen=True, slots=True)
class _Plane:
    """One component: sampling factors, blocks that it has, coefficients of whole MCUs in zigzag order."""

    h: int
    v: int
    rows: int
    columns: int
    levels: NDArray[np.int32]


def coefficients(stream: Stream) -> list[NDArray[Any]]:
    """Return the coefficients of every component, (rows of blocks, columns, 64) in zigzag order.

    Blocks beyond the edge of the image are among them where there are several components. Raises ValueError,
    IndexError, KeyError or OverflowError for damaged streams.
    """
    high, wide = (int.from_bytes(stream.frame[at : at + 2], "big") for at in (1, 3))
    factors = stream.factors
    most_h, most_v = max(h for h, _ in factors), max(v for _, v in factors)
    mcus = -(-high // (8 * most_v)), -(-wide // (8 * most_h))
    bits = 8 * sum(len(scan.data) for scan in stream.scans)
    if not high or not wide or mcus[0] * mcus[1] * sum(h * v for h, v in factors) > bits:
        raise ValueError("less than a bit for each block")
    planes = []
    for h, v in factors:
        shown = -(-high * v // (8 * most_v)), -(-wide * h // (8 * most_h))
        planes.append(_Plane(h, v, *shown, np.zeros((mcus[0] * v, mcus[1] * h, 64), np.int32)))
    for scan in stream.scans:
        _read(scan, [planes[stream.frame[6::3].index(name)] for name in scan.names], mcus)
    return [plane.levels for plane in planes]


def _read(scan: Scan, planes: list[_Plane], mcus: tuple[int, int]) -> None:
    number, rows, columns, per_mcu = _order(planes, mcus)
    pieces = _pieces(scan.data)
    size = scan.interval * per_mcu or len(number)
    if len(pieces) != -(-len(number) // size):
        raise ValueError("restarts in other places")
    codes = [
        (Codes(scan.tables.get((0, t >> 4))), Codes(scan.tables.get((1, t & 15))))
        for t in scan.header[2:-3:2]
    ]
    plain = scan.progression == (0, 63, 0, 0)
    steps = [_steps(dc, ac) for dc, ac in codes] if plain else []
    for at, piece in enumerate(pieces):
        part = slice(at * size, (at + 1) * size)
        where = number[part], rows[part], columns[part]
        if plain:
            _Piece(piece, codes, where).read(planes, steps)
        else:
            blocks = [planes[n].levels[y, x] for n, y, x in zip(*(w.tolist() for w in where), strict=True)]
            read_bands(
                piece, codes, list(zip(where[0].tolist(), blocks, strict=True)), Band(*scan.progression)
            )


def _order(
    planes: list[_Plane], mcus: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int]:
    """Return component of the scan, block row and block column of every block, and blocks per MCU."""
    if len(planes) == 1:
        many = planes[0].rows * planes[0].columns
        rows, columns = np.divmod(np.arange(many), planes[0].columns)
        return np.zeros(many, np.int64), rows, columns, 1
    inner = np.array(
        [(n, y, x, p.v, p.h) for n, p in enumerate(planes) for y in range(p.v) for x in range(p.h)]
    ).T
    down, across = (part[:, None] for part in np.divmod(np.arange(mcus[0] * mcus[1]), mcus[1]))
    rows, columns = down * inner[3] + inner[1], across * inner[4] + inner[2]
    return np.tile(inner[0], len(down)), rows.ravel(), columns.ravel(), inner.shape[1]


def _pieces(data: bytes) -> list[bytes]:
    """Return coded data between restarts, without stuffing; restarts must be numbered in turn."""
    numbers = [found[0][1] & 7 for found in _RESTART.finditer(data)]
    if numbers != [n % 8 for n in range(len(numbers))]:
        raise ValueError("restarts in another order")
    return [piece.replace(b"\xff\0", b"\xff") for piece in _RESTART.split(data)]


_Steps: TypeAlias = tuple[bytes, bytes, bytes]
"""By the next 16 bits: length of a DC difference, length of a coefficient, places that it goes on."""


def _steps(dc: Codes, ac: Codes) -> _Steps:
    size = ac.symbol & 15
    advance = np.where(size > 0, (ac.symbol >> 4) + 1, _NONE)
    advance[ac.symbol == 0xF0] = 16
    advance[ac.symbol == 0] = _END
    advance[ac.length == 0] = _NONE
    first = np.minimum(dc.length + dc.symbol, 255)
    rest, goes_on = (ac.length + size).astype(np.uint8), advance.astype(np.uint8)
    return first.astype(np.uint8).tobytes(), rest.tobytes(), goes_on.tobytes()


class _Piece:
    """Blocks between two restarts of a sequential scan: first where each begins, then all side by side."""

    def __init__(
        self,
        data: bytes,
        codes: list[tuple[Codes, Codes]],
        where: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    ) -> None:
        self._codes, self._where, self._size = codes, where, 8 * len(data)
        padded = np.frombuffer(data + bytes(12), ">u1").astype(np.uint32)
        words = (padded[:-3] << 24) + (padded[1:-2] << 16) + (padded[2:-1] << 8) + padded[3:]
        self._next = (words[:, None] >> np.arange(16, 8, -1, dtype=np.uint32)).astype(np.uint16).ravel()

    def read(self, planes: list[_Plane], steps: list[_Steps]) -> None:
        """Read all blocks into the planes."""
        begins = self._begins(steps)
        number, rows, columns = self._where
        for n, ((dc, ac), plane) in enumerate(zip(self._codes, planes, strict=True)):
            mine = number == n
            plane.levels[rows[mine], columns[mine]] = self._blocks(begins[mine], dc, ac)

    def _begins(self, steps: list[_Steps]) -> NDArray[np.int64]:
        """Return the bit with which each block begins; raise when the last one does not end the piece."""
        following, begins, at = self._next.data, [], 0
        for first, rest, advance in [steps[n] for n in self._where[0].tolist()]:
            begins.append(at)
            at += first[following[at]]
            place = 1
            while place < 64:
                window = following[at]
                place += advance[window]
                at += rest[window]
            if place != 64 and not _END < place < _NONE:
                raise ValueError("no such code, or more coefficients than there are")
        if not 0 <= self._size - at < 8:
            raise ValueError("more or less data than blocks")
        return np.array(begins, np.int64)

    def _blocks(self, at: NDArray[np.int64], dc: Codes, ac: Codes) -> NDArray[np.int32]:
        """Return the coefficients of blocks that begin at some bits, one code of each block at a time."""
        levels = np.zeros((len(at), 64), np.int32)
        window = self._next[at]
        if (dc.length[window] == 0).any() or (dc.symbol[window] > 15).any():
            raise ValueError("no such code")
        at = at + dc.length[window]
        levels[:, 0] = np.cumsum(self._values(at, dc.symbol[window]))
        at += dc.symbol[window]
        block, place = np.arange(len(at)), np.zeros(len(at), np.int64)
        while len(block):
            symbol, length = ac.symbol[self._next[at]], ac.length[self._next[at]]
            going = symbol != 0
            block, symbol = block[going], symbol[going]
            at, place = (at + length)[going], place[going] + (symbol >> 4) + 1
            size = symbol & 15
            levels[block, place] = self._values(at, size)
            going = place < 63
            block, at, place = block[going], (at + size)[going], place[going]
        return levels

    def _values(self, at: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return numbers with their sign, of so many bits each."""
        found = self._next[at].astype(np.int64) >> (16 - size)
        return np.where(found >= 1 << size >> 1, found, found - (1 << size) + 1)
