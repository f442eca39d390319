"""Encapsulated pixel data (PS3.5 A.4): the fragments of every frame, and frames put together anew."""

import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, pairwise
from typing import Final, TypeAlias

from pydicom.dataset import Dataset

from viewer.dicom.errors import Unsupported
from viewer.dicom.pixel_format import number, pixel_bytes, pixel_value
from viewer.dicom.pixel_value import InMemory, Joined, Part, PixelValue
from viewer.dicom.streams import DAMAGED

EXTENDED_OFFSETS: Final = (0x7FE00001, 0x7FE00002)
_ITEM: Final = b"\xfe\xff\x00\xe0"
_LARGEST_OFFSET: Final = 0xFFFFFFFF

Fragments: TypeAlias = Sequence[PixelValue]
"""The fragments of one frame, in order."""


def items(value: PixelValue) -> Iterator[tuple[int, int]]:
    """Yield where the content of each item starts and ends, the basic offset table first.

    Raises Unsupported when something else stands between items, or the last one is cut short.
    """
    at, size = 0, len(value)
    while at + 8 <= size:
        tag, length = struct.unpack("<4sL", value.read(at, at + 8))
        if tag != _ITEM or at + 8 + length > size:
            raise Unsupported(DAMAGED)
        yield at + 8, at + 8 + length
        at += 8 + length
    if at != size or not size:
        raise Unsupported(DAMAGED)


def encapsulated_frames(dataset: Dataset) -> list[list[PixelValue]]:
    """Return the fragments of every frame, which are read when they are asked for.

    The extended offset table is believed first, then the basic one, each only if it fits the fragments;
    without one, frames are told apart by their number or by how a stream begins. Raises Unsupported when
    that gives another number of frames than the header does.
    """
    value = pixel_value(dataset)
    count = number(dataset, 0x00280008, 1) or 1
    (first, last), *places = items(value)
    fragments: list[PixelValue] = [Part(value, start, stop) for start, stop in places]
    offsets = [start - 8 - last for start, _ in places]
    basic = _offsets(value.read(first, last))
    for starts in (_extended_offsets(dataset), basic, *_guesses(fragments, offsets, count)):
        frames = _grouped(fragments, offsets, starts)
        if len(frames) == count:
            return frames
    raise Unsupported("Its frames cannot be told apart.")


def _offsets(table: bytes | memoryview) -> list[int]:
    return list(struct.unpack(f"<{len(table) // 4}L", table[: len(table) // 4 * 4]))


def _extended_offsets(dataset: Dataset) -> list[int]:
    if EXTENDED_OFFSETS[0] not in dataset:
        return []
    table = pixel_bytes(dataset, EXTENDED_OFFSETS[0])
    return list(struct.unpack(f"<{len(table) // 8}Q", table[: len(table) // 8 * 8]))


def _guesses(fragments: list[PixelValue], offsets: list[int], count: int) -> Iterator[list[int]]:
    """Yield the offsets at which frames may begin when no table says so."""
    if count == 1:
        yield offsets[:1]
    yield offsets
    beginnings = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\xff\x0a", b"\0\0\0\x0cJXL ")
    yield [o for f, o in zip(fragments, offsets, strict=True) if bytes(f.read(0, 8)).startswith(beginnings)]


def _grouped(fragments: list[PixelValue], offsets: list[int], starts: list[int]) -> list[list[PixelValue]]:
    """Return the fragments from each start to the next, nothing when a start is not where a fragment is."""
    place = {offset: number for number, offset in enumerate(offsets)}
    firsts = [place.get(start, -1) for start in starts]
    if not firsts or firsts[0] != 0 or any(a >= b for a, b in pairwise(firsts)):
        return []
    return [fragments[a:b] for a, b in pairwise([*firsts, len(fragments)])]


def joined_frames(frames: Sequence[Fragments], *, with_table: bool) -> tuple[PixelValue, list[int]]:
    """Return encapsulated pixel data made of frames, and the offset of each (PS3.5 A.4).

    `with_table`: fill the basic offset table; it stays empty where an offset needs more than 32 bits.
    """
    sizes = [sum(8 + len(fragment) for fragment in fragments) for fragments in frames]
    offsets = [0, *accumulate(sizes[:-1])]
    fits = with_table and offsets[-1] <= _LARGEST_OFFSET
    table = struct.pack(f"<{len(offsets)}L", *offsets) if fits else b""
    parts: list[PixelValue] = [InMemory(_ITEM + struct.pack("<L", len(table)) + table)]
    for fragment in chain.from_iterable(frames):
        parts += [InMemory(_ITEM + struct.pack("<L", len(fragment))), fragment]
    return Joined(parts), offsets


def extended_offsets(
    dataset: Dataset, frames: Sequence[Fragments], offsets: Sequence[int], touched: Sequence[int]
) -> tuple[bytes, bytes]:
    """Return an extended offset table and its lengths (PS3.3 C.7.6.3.1.8).

    The lengths of untouched frames are left as they were. Raises Unsupported when the table does not fit.
    """
    count = len(frames)
    old = pixel_bytes(dataset, EXTENDED_OFFSETS[1]) if EXTENDED_OFFSETS[1] in dataset else b""
    if len(old) != 8 * count or any(len(fragments) != 1 for fragments in frames):
        raise Unsupported("Its offset table does not fit its frames.")
    lengths = list(struct.unpack(f"<{count}Q", old))
    for frame in touched:
        lengths[frame] = len(frames[frame][0])
    return struct.pack(f"<{count}Q", *offsets), struct.pack(f"<{count}Q", *lengths)
