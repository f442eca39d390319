"""Frames put together anew: offsets in both tables, also where they need more than 32 bits."""

import struct

import pytest
from pydicom.dataset import Dataset

from viewer.dicom.errors import Unsupported
from viewer.dicom.fragments import encapsulated_frames, extended_offsets, items, joined_frames
from viewer.dicom.pixel_value import Buffer, InMemory, Joined, Overwritten, Part, PixelValue


class Hole(PixelValue):
    """Zeros that take no memory."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size

    def read(self, start: int, stop: int) -> Buffer:
        return bytes(max(min(stop, self._size) - start, 0))


def test_offsets_beyond_32_bits_stand_in_the_extended_table_only() -> None:
    size = 3 << 30
    frames = [[Hole(size)], [InMemory(b"abcd")], [Hole(size)], [InMemory(b"ef")]]
    value, offsets = joined_frames(frames, with_table=True)
    assert offsets == [0, size + 8, size + 20, 2 * size + 28]
    assert bytes(value.read(0, 8)) == b"\xfe\xff\x00\xe0" + bytes(4), "an empty basic table"
    assert len(value) == 8 + 2 * (size + 8) + 12 + 10
    assert bytes(value.read(8 + size + 8 + 8, 8 + size + 20)) == b"abcd"
    dataset = Dataset()
    dataset.ExtendedOffsetTable = struct.pack("<4Q", 0, 1, 2, 3)
    dataset.ExtendedOffsetTableLengths = struct.pack("<4Q", 1, 2, 3, 4)
    starts, lengths = extended_offsets(dataset, frames, offsets, [1, 3])
    assert struct.unpack("<4Q", starts) == tuple(offsets)
    assert struct.unpack("<4Q", lengths) == (1, 4, 3, 2)


def test_a_table_that_fits_is_filled_and_read_again() -> None:
    frames = [[InMemory(b"ab"), InMemory(b"cdef")], [InMemory(b"gh")]]
    value, offsets = joined_frames(frames, with_table=True)
    assert offsets == [0, 22]
    dataset = Dataset()
    dataset.NumberOfFrames = 2
    dataset.add_new(0x7FE00010, "OB", bytes(value))
    again = encapsulated_frames(dataset)
    assert [[bytes(f) for f in frame] for frame in again] == [[b"ab", b"cdef"], [b"gh"]]


@pytest.mark.parametrize("value", [b"", b"\xfe\xff\x00\xe0", b"\xfe\xff\x00\xe0\x09\0\0\0abc", b"12345678"])
def test_what_is_no_row_of_items_is_refused(value: bytes) -> None:
    with pytest.raises(Unsupported):
        list(items(InMemory(value)))


def test_values_joined_parted_and_overwritten_read_the_same_everywhere() -> None:
    whole = bytes(range(100))
    joined = Joined([InMemory(whole[:7]), InMemory(b""), Part(InMemory(whole), 7, 60), InMemory(whole[60:])])
    changed = Overwritten(joined, [(5, 9, 0xAA), (58, 61, 0xBB), (99, 100, 0xCC)])
    expected = bytearray(whole)
    expected[5:9], expected[58:61], expected[99:] = b"\xaa" * 4, b"\xbb" * 3, b"\xcc"
    assert bytes(joined) == whole
    assert b"".join(changed.pieces()) == bytes(expected)
    for start in range(0, 100, 3):
        for stop in range(start, 106, 7):
            assert bytes(joined.read(start, stop)) == whole[start:stop]
            assert bytes(changed.read(start, stop)) == bytes(expected[start:stop])
