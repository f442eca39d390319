"""Pixel data as a value that is read piece by piece: in memory, in a file, joined, or changed on the way."""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from threading import Lock
from typing import BinaryIO, Final, TypeAlias

from viewer.dicom.errors import UnreadableFile

PIECE: Final = 4 << 20
"""Bytes that are looked at in one step where a value has no frames."""
Buffer: TypeAlias = bytes | memoryview
CUT_SHORT: Final = "This file became shorter while it was read."


class PixelValue(ABC):
    """Bytes that need not be in memory. Its length is fixed; what `read` returns must not be changed."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of bytes."""

    @abstractmethod
    def read(self, start: int, stop: int) -> Buffer:
        """Return the bytes from `start` to before `stop`, fewer where the value ends."""

    def __bytes__(self) -> bytes:
        """Return all of it in memory."""
        return bytes(self.read(0, len(self)))

    def pieces(self) -> Iterator[Buffer]:
        """Yield all bytes in order, in pieces of a few megabytes."""
        for at in range(0, len(self), PIECE):
            yield self.read(at, min(at + PIECE, len(self)))


class InMemory(PixelValue):
    """Bytes that are in memory; reading them copies nothing."""

    def __init__(self, data: Buffer) -> None:
        self.data = data
        self._view = memoryview(data)

    def __len__(self) -> int:
        return len(self._view)

    def read(self, start: int, stop: int) -> Buffer:
        """Return a view of the bytes."""
        return self._view[start:stop]

    def pieces(self) -> Iterator[Buffer]:
        """Yield all bytes at once."""
        yield self._view


class InFile(PixelValue):
    """Bytes of an open file from `start` to before `stop`; several threads may read. The caller closes it."""

    def __init__(self, file: BinaryIO, start: int, stop: int, lock: "Lock | None" = None) -> None:
        self.file, self._start, self._stop = file, start, stop
        self._lock = lock or Lock()

    def __len__(self) -> int:
        return self._stop - self._start

    def read(self, start: int, stop: int) -> Buffer:
        """Return bytes read from the file; raises UnreadableFile when it has become shorter."""
        first, last = self._start + min(start, len(self)), self._start + min(stop, len(self))
        wanted = max(last - first, 0)
        with self._lock:
            self.file.seek(first)
            data = self.file.read(wanted)
        if len(data) != wanted:
            raise UnreadableFile(CUT_SHORT)
        return data

    def part(self, start: int, stop: int) -> "InFile":
        """Return a part of it as a value of its own, in the same file."""
        return InFile(self.file, self._start + start, self._start + stop, self._lock)


class Joined(PixelValue):
    """Values one after another."""

    def __init__(self, parts: Sequence[PixelValue]) -> None:
        self._parts = [part for part in parts if len(part)]
        self._ends = list(accumulate(len(part) for part in self._parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, start: int, stop: int) -> Buffer:
        """Return bytes, copied where they come from more than one part."""
        found: list[Buffer] = []
        number = bisect_right(self._ends, start)
        while start < stop and number < len(self._parts):
            first = self._ends[number] - len(self._parts[number])
            found.append(self._parts[number].read(start - first, min(stop, self._ends[number]) - first))
            start = self._ends[number]
            number += 1
        return found[0] if len(found) == 1 else b"".join(found)

    def pieces(self) -> Iterator[Buffer]:
        """Yield the pieces of one part after another."""
        for part in self._parts:
            yield from part.pieces()


class Part(PixelValue):
    """A part of another value, from `start` to before `stop`."""

    def __init__(self, value: PixelValue, start: int, stop: int) -> None:
        self._value, self._start, self._stop = value, start, min(stop, len(value))

    def __len__(self) -> int:
        return self._stop - self._start

    def read(self, start: int, stop: int) -> Buffer:
        """Return what the whole value has there."""
        return self._value.read(self._start + start, min(self._start + stop, self._stop))


class Overwritten(PixelValue):
    """A value of which parts (start, stop, byte) hold nothing but one byte each."""

    def __init__(self, value: PixelValue, parts: Sequence[tuple[int, int, int]]) -> None:
        self._value, self._parts = value, sorted(parts)
        self._stops = list(accumulate((stop for _, stop, _ in self._parts), max))

    def __len__(self) -> int:
        return len(self._value)

    def read(self, start: int, stop: int) -> Buffer:
        """Return the bytes; copied only where a part lies in them."""
        data = self._value.read(start, stop)
        changed: bytearray | None = None
        number = bisect_right(self._stops, start)
        while number < len(self._parts) and self._parts[number][0] < stop:
            first, last, byte = self._parts[number]
            first, last = max(first - start, 0), min(last - start, len(data))
            changed = bytearray(data) if changed is None else changed
            changed[first:last] = bytes((byte,)) * (last - first)
            number += 1
        return data if changed is None else memoryview(changed)
