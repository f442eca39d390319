"""The parts of a JPEG stream (ISO 10918-1 Annex B): frame, tables, scans; nothing is decoded here."""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from viewer.dicom.errors import Unsupported

DAMAGED: Final = "Its compressed image is damaged, so its blocks cannot be told apart."
_OTHER_CODING: Final = "Its image is compressed in a rare kind of JPEG that cannot be changed block by block."
_MARKER: Final = re.compile(rb"\xff+[\x01-\xfe]")
_RESTART: Final = re.compile(rb"\xff+[\xd0-\xd7]")
_LARGEST: Final = 1 << 26
"""Blocks; more than any image that fits into memory has."""


@dataclass(frozen=True, slots=True)
class Component:
    """One component of the frame. `wide`, `high`: in blocks that a scan of it alone holds."""

    identifier: int
    h: int
    v: int
    quantisation: int
    wide: int
    high: int
    padded_wide: int
    padded_high: int
    """In blocks that interleaved scans hold: whole MCUs."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame header. `progressive`: SOF2; `mcus_across`, `mcus_down`: of interleaved scans."""

    marker: int
    precision: int
    rows: int
    columns: int
    components: tuple[Component, ...]
    mcus_across: int
    mcus_down: int

    @property
    def progressive(self) -> bool:
        """Return whether coefficients come in several scans."""
        return self.marker == 0xC2

    @property
    def h_max(self) -> int:
        """Return the blocks of an MCU across, of the component that has most."""
        return max(component.h for component in self.components)

    @property
    def v_max(self) -> int:
        """Return the blocks of an MCU down, of the component that has most."""
        return max(component.v for component in self.components)


@dataclass(frozen=True, slots=True)
class Table:
    """One Huffman table as it stands in the stream: codes per length (16), symbols in order of codes."""

    counts: tuple[int, ...]
    symbols: bytes

    def codes(self) -> dict[int, tuple[int, int]]:
        """Return (code, its length in bits) by symbol (Annex C)."""
        found: dict[int, tuple[int, int]] = {}
        code = place = 0
        for length, count in enumerate(self.counts, start=1):
            for symbol in self.symbols[place : place + count]:
                found.setdefault(symbol, (code, length))
                code += 1
            place += count
            if code > 1 << length:
                raise Unsupported(DAMAGED)
            code <<= 1
        return found


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan. `components`: places in the frame, each with its DC and AC table; `parts`: coded data.

    The coded data stand between restart markers, with stuffed bytes.
    """

    components: tuple[tuple[int, int, int], ...]
    first: int
    last: int
    high: int
    low: int
    interval: int
    dc: Mapping[int, Table]
    ac: Mapping[int, Table]
    parts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A stream: its frame, its quantisation tables (64 numbers in zigzag order) and its scans.

    `colours`: the JFIF and Adobe segments that tell decoders the colours, without anything else;
    `tables`: DQT segments as they stand.
    """

    frame: Frame
    quantisation: Mapping[int, tuple[int, ...]]
    scans: tuple[Scan, ...]
    colours: bytes
    tables: bytes


def parse_jpeg(data: bytes) -> Jpeg:
    """Return the parts of a stream of DCT coefficients in Huffman codes, sequential or progressive.

    Raises Unsupported for other kinds, and for streams that are damaged or have no end.
    """
    try:
        return _Parser(data).parsed()
    except (IndexError, KeyError, ValueError, struct.error) as error:
        raise Unsupported(DAMAGED) from error


class _Parser:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 2
        self._frame: Frame | None = None
        self._quantisation: dict[int, tuple[int, ...]] = {}
        self._dc: dict[int, Table] = {}
        self._ac: dict[int, Table] = {}
        self._interval = 0
        self._scans: list[Scan] = []
        self._colours = self._tables = b""

    def parsed(self) -> Jpeg:
        if self._data[:2] != b"\xff\xd8":
            raise ValueError("no JPEG stream")
        while (marker := self._marker()) != 0xD9:
            (length,) = struct.unpack_from(">H", self._data, self._at)
            body = self._data[self._at + 2 : self._at + length]
            if length < 2 or len(body) != length - 2:
                raise ValueError("a segment that does not fit")
            self._at += length
            self._segment(marker, body)
        if self._frame is None or not self._scans:
            raise ValueError("no picture")
        return Jpeg(self._frame, self._quantisation, tuple(self._scans), self._colours, self._tables)

    def _marker(self) -> int:
        while self._data[self._at] == 0xFF:
            self._at += 1
            if self._data[self._at] != 0xFF:
                self._at += 1
                return self._data[self._at - 1]
        raise ValueError("no marker")

    def _segment(self, marker: int, body: bytes) -> None:
        if marker in (0xC0, 0xC1, 0xC2):
            if self._frame is not None:
                raise ValueError("two frames")
            self._frame = _frame(marker, body)
        elif marker == 0xC4:
            self._huffman(body)
        elif marker == 0xDB:
            self._quantise(body)
        elif marker == 0xDD:
            (self._interval,) = struct.unpack(">H", body)
        elif marker == 0xDA:
            self._scan(body)
        elif marker == 0xE0 and body.startswith(b"JFIF\0"):
            self._colours += b"\xff\xe0\x00\x10" + body[:12] + b"\0\0"
        elif marker == 0xEE and body.startswith(b"Adobe"):
            self._colours += b"\xff\xee\x00\x0e" + body[:12]
        elif not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            raise Unsupported(_OTHER_CODING)

    def _huffman(self, body: bytes) -> None:
        at = 0
        while at < len(body):
            kind, counts = body[at], tuple(body[at + 1 : at + 17])
            symbols = body[at + 17 : at + 17 + sum(counts)]
            if len(counts) != 16 or len(symbols) != sum(counts) or kind >> 4 > 1 or kind & 15 > 3:
                raise ValueError("no Huffman table")
            (self._ac if kind >> 4 else self._dc)[kind & 15] = Table(counts, symbols)
            at += 17 + len(symbols)

    def _quantise(self, body: bytes) -> None:
        at = 0
        while at < len(body):
            wide, place = body[at] >> 4, body[at] & 15
            numbers = struct.unpack_from(">64H" if wide else ">64B", body, at + 1)
            if self._quantisation.get(place, numbers) != numbers:
                raise Unsupported(_OTHER_CODING)  # another table for another scan
            self._quantisation[place] = numbers
            at += 1 + (128 if wide else 64)
        self._tables += b"\xff\xdb" + struct.pack(">H", len(body) + 2) + body

    def _scan(self, body: bytes) -> None:
        if self._frame is None:
            raise ValueError("a scan without a frame")
        places = {component.identifier: n for n, component in enumerate(self._frame.components)}
        pairs = body[1 : 1 + 2 * body[0]]
        chosen = [(places[a], b >> 4, b & 15) for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
        first, last, bits = body[1 + 2 * body[0] : 4 + 2 * body[0]]
        if not 1 <= len(chosen) <= 4 or len({place for place, _, _ in chosen}) != len(chosen):
            raise ValueError("no components")
        scan = Scan(
            tuple(chosen),
            *(first, last, bits >> 4, bits & 15, self._interval),
            *(dict(self._dc), dict(self._ac), self._coded()),
        )
        self._scans.append(scan)

    def _coded(self) -> tuple[bytes, ...]:
        """Return coded data up to the next marker that is no restart, parted at restarts."""
        parts, start = [], self._at
        while True:
            found = _MARKER.search(self._data, self._at)
            if found is None:
                raise ValueError("no end")
            self._at = found.end()
            if not _RESTART.fullmatch(found[0]):
                parts.append(self._data[start : found.start()])
                self._at = found.start()
                return tuple(parts)
            parts.append(self._data[start : found.start()])
            if found[0][-1] & 7 != (len(parts) - 1) % 8:
                raise ValueError("restarts in another order")
            start = self._at


def _frame(marker: int, body: bytes) -> Frame:
    precision, rows, columns, count = struct.unpack_from(">BHHB", body)
    if (
        rows == 0
        or columns == 0
        or precision not in (8, 12)
        or not 1 <= count <= 4
        or len(body) != 6 + 3 * count
    ):
        raise Unsupported(_OTHER_CODING)
    raw = [(body[at], body[at + 1] >> 4, body[at + 1] & 15, body[at + 2]) for at in range(6, len(body), 3)]
    if any(not (1 <= h <= 4 and 1 <= v <= 4) for _, h, v, _ in raw) or len({r[0] for r in raw}) != count:
        raise ValueError("no components")
    h_max, v_max = max(r[1] for r in raw), max(r[2] for r in raw)
    across, down = _whole(columns, 8 * h_max), _whole(rows, 8 * v_max)
    components = tuple(
        Component(
            *(identifier, h, v, table),
            *(_whole(columns * h, 8 * h_max), _whole(rows * v, 8 * v_max)),
            *(across * h, down * v),
        )
        for identifier, h, v, table in raw
    )
    if sum(c.padded_wide * c.padded_high for c in components) > _LARGEST:
        raise ValueError("no size")
    return Frame(marker, precision, rows, columns, components, across, down)


def _whole(count: int, size: int) -> int:
    """Return how many parts of a size hold so much."""
    return -(-count // size)
