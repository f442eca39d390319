"""What stands between the markers of a JPEG frame, read strictly for the checker alone (ISO 10918-1 B)."""

import struct
from dataclasses import dataclass, field
from typing import Final

_MOST_SCANS: Final = 200


class Spoiled(Exception):
    """A stream cannot be read to its end, or says things that contradict each other."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan as it stands: header, coded data with restarts, interval, Huffman tables by (class, place)."""

    header: bytes
    data: bytes
    interval: int
    tables: dict[tuple[int, int], bytes]

    @property
    def names(self) -> bytes:
        """Return the identifiers of its components."""
        return self.header[1 : 1 + 2 * self.header[0] : 2]

    @property
    def progression(self) -> tuple[int, int, int, int]:
        """Return first and last coefficient, and the bit before and of this scan."""
        first, last, bits = self.header[-3:]
        return first, last, bits >> 4, bits & 15


@dataclass(slots=True)
class Stream:
    """What a stream says of itself, and its coded data: everything that stands between its markers."""

    marker: int = 0
    frame: bytes = b""
    frame_at: int = 0
    """Where the body of the frame header stands."""
    last_scan_end: int = 0
    quantisation: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """By component identifier: the table as it was when the component was first coded."""
    scans: list[Scan] = field(default_factory=list)
    colours: dict[str, bytes] = field(default_factory=dict)
    """The JFIF and Adobe segments, twelve bytes of each."""
    texts: bool = False
    """Comments, segments that decoding does not need, or bytes behind the end."""

    @property
    def factors(self) -> list[tuple[int, int]]:
        """Return the sampling factors (across, down) of each component; one alone counts as (1, 1)."""
        if self.frame[5] == 1:
            return [(1, 1)]
        return [(b >> 4, b & 15) for b in self.frame[7::3]]


def parsed(data: bytes) -> Stream:
    """Return what stands between the markers.

    Raises Spoiled, or IndexError, KeyError, ValueError, struct.error, when they do not follow each other.
    """
    return _Reader(data).stream()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 2
        self._stream = Stream()
        self._interval = 0
        self._quantisation: dict[int, tuple[int, ...]] = {}
        self._codes: dict[tuple[int, int], bytes] = {}
        self._idle: set[object] = set()
        """Tables that no scan has used yet."""

    def stream(self) -> Stream:
        data, stream = self._data, self._stream
        if data[:2] != b"\xff\xd8":
            raise Spoiled
        while (marker := self._marker()) != 0xD9:
            (size,) = struct.unpack_from(">H", data, self._at)
            body = data[self._at + 2 : self._at + size]
            if size < 2 or len(body) != size - 2:
                raise Spoiled
            self._at += size
            self._segment(marker, body)
        stream.texts |= bool(self._idle) or bool(data[self._at :].strip(b"\0"))
        _check_order(stream)
        return stream

    def _marker(self) -> int:
        while self._data[self._at : self._at + 2] == b"\xff\xff":
            self._at += 1
        if self._data[self._at] != 0xFF:
            raise Spoiled
        self._at += 2
        return self._data[self._at - 1]

    def _segment(self, marker: int, body: bytes) -> None:
        if marker == 0xDA:
            self._scan(body)
        elif 0xE0 <= marker <= 0xFE:
            self._text(marker, body)
        elif marker == 0xDB:
            self._tables(body)
        elif marker == 0xC4:
            self._huffman(body)
        elif marker in (0xC0, 0xC1, 0xC2) and not self._stream.frame:
            self._frame(marker, body)
        elif marker == 0xDD and len(body) == 2:
            self._note("interval")
            self._interval = int.from_bytes(body, "big")
        else:
            raise Spoiled

    def _note(self, table: object) -> None:
        """Remember that a table is new; one that is overwritten before any use only carries bytes along."""
        self._stream.texts |= table in self._idle
        self._idle.add(table)

    def _frame(self, marker: int, body: bytes) -> None:
        self._stream.marker, self._stream.frame, self._stream.frame_at = marker, body, self._at - len(body)
        names, factors = body[6::3], body[7::3]
        plain = all(1 <= b >> 4 <= 4 and 1 <= b & 15 <= 4 for b in factors)
        if len(body) != 6 + 3 * body[5] or not 1 <= body[5] <= 4 or len(set(names)) != body[5] or not plain:
            raise Spoiled
        if body[0] not in (8, 12):
            raise Spoiled

    def _text(self, marker: int, body: bytes) -> None:
        """Read an application segment or comment: colours need one JFIF and one Adobe, nothing else."""
        kinds = {(0xEE, b"Adobe"): "Adobe", (0xE0, b"JFIF\0"): "JFIF"}
        kind = kinds.get((marker, body[:5]))
        if kind is None or kind in self._stream.colours or self._stream.scans or len(body) < 12:
            self._stream.texts = True
        else:
            self._stream.colours[kind] = body[:12]
            self._stream.texts |= any(body[12:]) or len(body) > 14

    def _tables(self, body: bytes) -> None:
        while body:
            form = ">64H" if body[0] >> 4 else ">64B"
            self._note(("quantisation", body[0] & 15))
            self._quantisation[body[0] & 15] = struct.unpack_from(form, body, 1)
            body = body[1 + struct.calcsize(form) :]

    def _huffman(self, body: bytes) -> None:
        while body:
            size = 17 + sum(body[1:17])
            used = sum(count << (16 - length) for length, count in enumerate(body[1:17], start=1))
            if len(body) < size or len(set(body[17:size])) != size - 17 or used >= 1 << 16:
                raise Spoiled
            if body[0] >> 4 == 0 and any(symbol > 15 for symbol in body[17:size]):
                raise Spoiled
            self._note((body[0] >> 4, body[0] & 15))
            self._codes[body[0] >> 4, body[0] & 15] = body[1:size]
            body = body[size:]

    def _scan(self, header: bytes) -> None:
        if not header[0] or len(header) != 4 + 2 * header[0] or not self._stream.frame:
            raise Spoiled
        end = self._end_of_scan()
        scan = Scan(header, self._data[self._at : end], self._interval, dict(self._codes))
        of = dict(zip(self._stream.frame[6::3], self._stream.frame[8::3], strict=True))
        for name, tables in zip(scan.names, header[2:-3:2], strict=True):
            self._stream.quantisation.setdefault(name, self._quantisation[of[name]])
            if not self._quantisation[of[name]][0]:
                raise Spoiled
            self._idle -= {("quantisation", of[name]), (0, tables >> 4), (1, tables & 15), "interval"}
        self._stream.scans.append(scan)
        self._stream.last_scan_end = self._at = end

    def _end_of_scan(self) -> int:
        """Return where the marker after coded data stands: neither stuffing nor a restart."""
        at = self._at
        while True:
            at = self._data.index(b"\xff", at)
            follower = self._data[at + 1]
            if follower and not 0xD0 <= follower <= 0xD7:
                return at
            at += 2


def _check_order(stream: Stream) -> None:
    """Raise Spoiled unless each bit of a coefficient comes in one scan: what a later one covers, leaks."""
    if not stream.scans or len(stream.scans) > _MOST_SCANS:
        raise Spoiled
    known = {(name, k): -1 for name in stream.frame[6::3] for k in range(64)}
    for scan in stream.scans:
        first, last, before, low = scan.progression
        if stream.marker != 0xC2 and (first, last, before, low) != (0, 63, 0, 0):
            raise Spoiled
        if stream.marker == 0xC2 and ((first == 0) != (last == 0) or (first and len(scan.names) > 1)):
            raise Spoiled
        if not first <= last < 64 or (before and low != before - 1) or len(set(scan.names)) != scan.header[0]:
            raise Spoiled
        for name in scan.names:
            for k in range(first, last + 1):
                if known[name, k] != (before or -1):
                    raise Spoiled
                known[name, k] = low
    if any(known[name, 0] < 0 for name in stream.frame[6::3]):
        raise Spoiled
