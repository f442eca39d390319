"""The parts of a JPEG stream (ISO 10918-1 Annex B): frame, tables, scans; nothing is decoded here."""

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from viewer.dicom.errors import Unsupported

DAMAGED: Final = "Its compressed image is damaged, so its blocks cannot be told apart."
_OTHER_CODING: Final = "Its image is compressed in a rare kind of JPEG that cannot be changed block by block."
_MARKER: Final = re.compile(rb"\xff+[\x01-\xfe]")
_RESTART: Final = re.compile(rb"\xff+[\xd0-\xd7]")
_MOST_SCANS: Final = 200
"""More than encoders make; without a limit a small stream could keep a computer busy for days."""


@dataclass(frozen=True, slots=True)
class Component:
    """One component of the frame. `wide`, `high`: in blocks that a scan of it alone holds.

    `factors`: the byte of sampling factors as it stands; `h`, `v`: what they mean, 1 where it is alone.
    """

    identifier: int
    factors: int
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
    """A stream: its frame, the quantisation table of each component (64 numbers in zigzag order), its scans.

    `colours`: the JFIF and Adobe segments that tell decoders the colours, without anything else.
    """

    frame: Frame
    quantisation: tuple[tuple[int, ...], ...]
    scans: tuple[Scan, ...]
    colours: bytes


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
        self._of_component: dict[int, tuple[int, ...]] = {}
        self._dc: dict[int, Table] = {}
        self._ac: dict[int, Table] = {}
        self._interval = 0
        self._scans: list[Scan] = []
        self._jfif = self._adobe = b""

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
        if sum(c.padded_wide * c.padded_high for c in self._frame.components) > 8 * len(self._data):
            raise ValueError("less than a bit for each block")
        check_scans(self._frame, self._scans)
        tables = tuple(self._of_component[place] for place in range(len(self._frame.components)))
        return Jpeg(self._frame, tables, tuple(self._scans), self._jfif + self._adobe)

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
        elif marker in (0xE0, 0xEE) and not self._scans:
            self._colours(marker, body)
        elif not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            raise Unsupported(_OTHER_CODING)

    def _colours(self, marker: int, body: bytes) -> None:
        if marker == 0xE0 and body.startswith(b"JFIF\0") and len(body) >= 12:
            self._jfif = self._jfif or b"\xff\xe0\x00\x10" + body[:12] + b"\0\0"
        elif marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
            if self._adobe and self._adobe[-1] != body[11]:
                raise ValueError("two kinds of colours")
            self._adobe = self._adobe or b"\xff\xee\x00\x0e" + body[:12]

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
            self._quantisation[place] = struct.unpack_from(">64H" if wide else ">64B", body, at + 1)
            at += 1 + (128 if wide else 64)

    def _scan(self, body: bytes) -> None:
        if self._frame is None:
            raise ValueError("a scan without a frame")
        places = {component.identifier: n for n, component in enumerate(self._frame.components)}
        pairs = body[1 : 1 + 2 * body[0]]
        chosen = [(places[a], b >> 4, b & 15) for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
        first, last, bits = body[1 + 2 * body[0] : 4 + 2 * body[0]]
        if not 1 <= len(chosen) <= 4 or len({place for place, _, _ in chosen}) != len(chosen):
            raise ValueError("no components")
        for place, _, _ in chosen:  # a table counts as it stands when a component is first coded (B.2.4.1)
            table = self._quantisation[self._frame.components[place].quantisation]
            self._of_component.setdefault(place, table)
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
                parts.append(_stuffed(self._data[start : found.start()]))
                self._at = found.start()
                return tuple(parts)
            parts.append(_stuffed(self._data[start : found.start()]))
            if found[0][-1] & 7 != (len(parts) - 1) % 8:
                raise ValueError("restarts in another order")
            start = self._at


def _stuffed(part: bytes) -> bytes:
    """Return coded data if every FF in them is followed by a stuffed zero."""
    if b"\xff" in part.replace(b"\xff\0", b""):
        raise ValueError("a broken marker")
    return part


def check_scans(frame: Frame, scans: Sequence[Scan]) -> None:
    """Raise ValueError unless every bit of a coefficient is coded once, in an order that makes sense.

    A second scan over the same blocks could hide a picture that nobody sees (ISO 10918-1 G.1.1.1).
    """
    if len(scans) > _MOST_SCANS:
        raise ValueError("too many scans")
    lows: dict[int, list[int | None]] = {place: [None] * 64 for place in range(len(frame.components))}
    for scan in scans:
        band = slice(scan.first, scan.last + 1)
        if not _is_band(frame, scan):
            raise ValueError("no scan of this kind of frame")
        for place, _, _ in scan.components:
            known = lows[place]
            expected = scan.high if scan.high else None
            if any(low != expected for low in known[band]) or (scan.first and known[0] is None):
                raise ValueError("scans in another order")
            known[band] = [scan.low] * len(known[band])
    if any(known[0] is None for known in lows.values()):
        raise ValueError("a component without a scan")


def _is_band(frame: Frame, scan: Scan) -> bool:
    """Return whether a scan codes coefficients that its kind of frame may have in one."""
    if not frame.progressive:
        return (scan.first, scan.last, scan.high, scan.low) == (0, 63, 0, 0)
    one_kind = scan.last == 0 if scan.first == 0 else len(scan.components) == 1
    steps = scan.low <= 13 and scan.high in (0, scan.low + 1)
    return one_kind and steps and scan.first <= scan.last < 64


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
    raw = [(body[at], body[at + 1], body[at + 2]) for at in range(6, len(body), 3)]
    sizes = [(factors >> 4, factors & 15) for _, factors, _ in raw]
    if any(not (1 <= h <= 4 and 1 <= v <= 4) for h, v in sizes) or len({r[0] for r in raw}) != count:
        raise ValueError("no components")
    if count == 1:  # its blocks come one by one, whatever is said of their size (A.2.2)
        sizes = [(1, 1)]
    h_max, v_max = max(h for h, _ in sizes), max(v for _, v in sizes)
    across, down = _whole(columns, 8 * h_max), _whole(rows, 8 * v_max)
    components = tuple(
        Component(
            *(identifier, factors, h, v, table),
            *(_whole(columns * h, 8 * h_max), _whole(rows * v, 8 * v_max)),
            *(across * h, down * v),
        )
        for (identifier, factors, table), (h, v) in zip(raw, sizes, strict=True)
    )
    return Frame(marker, precision, rows, columns, components, across, down)


def _whole(count: int, size: int) -> int:
    """Return how many parts of a size hold so much."""
    return -(-count // size)
