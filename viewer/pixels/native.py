"""Blank uncompressed frames: one at a time, when they are written, and only the pixels in the shapes."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.errors import Unsupported
from viewer.dicom.frames import byte_pairs_swapped, native_bytes, native_samples, native_value
from viewer.dicom.pixel_format import PixelFormat
from viewer.dicom.pixel_value import Buffer, InMemory, PixelValue
from viewer.pixels import unused_bits
from viewer.pixels.strokes import Painted, Strokes, is_plain, painted

_MORE_THAN_SAID: Final = "There are more pixels in it than the file says."
_LOOKED_AT_AT_ONCE: Final = 1 << 20


def blanked_value(
    dataset: Dataset, made: PixelFormat, of_frame: Mapping[int, Strokes], *, hidden: bool
) -> PixelValue:
    """Return pixel data with shapes filled, and without what is `hidden` in unused bits; the rest as it is.

    Raises Unsupported when that cannot be done exactly.
    """
    value = native_value(dataset, made)
    for at in range(made.data_bytes + 1, len(value), _LOOKED_AT_AT_ONCE):
        if bytes(value.read(at, at + _LOOKED_AT_AT_ONCE)).strip(b"\0"):
            raise Unsupported(_MORE_THAN_SAID)
    frames = BlankedFrames(dataset, made, value, of_frame, hidden=hidden)
    frames.check()
    if made.bits_allocated == 1 or made.swapped:
        return InMemory(frames.whole())
    return frames


class BlankedFrames(PixelValue):
    """Uncompressed pixel data whose touched frames are changed whenever they are read."""

    def __init__(
        self,
        dataset: Dataset,
        made: PixelFormat,
        value: PixelValue,
        of_frame: Mapping[int, Strokes],
        *,
        hidden: bool,
    ) -> None:
        self._dataset, self._made, self._value, self._of_frame = dataset, made, value, of_frame
        self._hidden = hidden
        width = made.bits_allocated
        self._padding = unused_bits.padding_words(dataset, made, width) if hidden else ()
        self._fills: dict[int, list[Painted]] = {}

    def __len__(self) -> int:
        return len(self._value)

    def check(self) -> None:
        """Raise Unsupported now for what would go wrong later: a frame that cannot be filled."""
        if self._made.halved and self._made.columns % 2:
            raise Unsupported("Its colours are halved although it has an odd number of columns.")
        for frame in {id(strokes): frame for frame, strokes in self._of_frame.items()}.values():
            self._frame(frame)
        if self._hidden:
            self._frame(0)

    def read(self, start: int, stop: int) -> Buffer:
        """Return the bytes, changed where they belong to a touched frame."""
        size = self._made.frame_bits // 8
        stop = min(stop, len(self))
        first, last = start // size, min(-(-stop // size), self._made.frames)
        parts = [self._frame(frame) for frame in range(first, last)]
        if stop > self._made.data_bytes:
            parts.append(self._value.read(max(start, self._made.data_bytes), stop))
        skipped = min(first, self._made.frames) * size
        return memoryview(b"".join(parts))[start - skipped : stop - skipped]

    def pieces(self) -> Iterator[Buffer]:
        """Yield one frame after another, then what pads them."""
        for frame in range(self._made.frames):
            yield self._frame(frame)
        yield self._value.read(self._made.data_bytes, len(self))

    def whole(self) -> bytes:
        """Return all bytes, also where frames share some or bytes stand in pairs."""
        made = self._made
        changed = bytearray(native_bytes(self._value, made, 0, len(self._value)))
        for frame in range(made.frames):
            start, stop = made.span(frame)
            changed[start:stop] = self._changed(frame, changed[start:stop])
        return byte_pairs_swapped(changed) if made.swapped else bytes(changed)

    def _frame(self, frame: int) -> Buffer:
        start, stop = self._made.span(frame)
        return self._changed(frame, native_bytes(self._value, self._made, start, stop))

    def _changed(self, frame: int, data: Buffer | bytearray) -> Buffer:
        """Return the bytes of a frame as they are to be written."""
        strokes = self._of_frame.get(frame, ())
        if not strokes and not self._hidden:
            return memoryview(data)
        changed = bytearray(data)
        fills = self._painted(strokes, changed, frame)
        if self._hidden:
            unused_bits.clear(changed, self._made, self._padding)
        paint(changed, self._made, frame, fills)
        return memoryview(changed)

    def _painted(self, strokes: Strokes, data: bytearray, frame: int) -> list[Painted]:
        known = self._fills.get(id(strokes))
        if known is not None:
            return known
        samples: NDArray[Any] = np.empty((0, 1))
        plain = is_plain(strokes)
        if not plain:
            samples = native_samples(bytes(data), self._made, frame)
        fills = painted(strokes, samples, self._made, self._dataset)
        if plain:
            self._fills[id(strokes)] = fills
        return fills


def paint(data: bytearray, made: PixelFormat, frame: int, fills: list[Painted]) -> None:
    """Fill rectangles in the bytes of one frame, which are changed in place."""
    if made.bits_allocated == 1:
        _paint_bits(data, made, frame, fills)
        return
    words = np.frombuffer(data, made.file_dtype)
    if made.halved:
        _paint_pairs(words, made, fills)
        return
    by_plane = made.planar == 1 or made.samples == 1
    size = (made.rows, made.columns)
    shaped = words.reshape((made.samples, *size) if by_plane else (*size, made.samples))
    for (rows, columns), values in fills:
        if not by_plane:
            shaped[rows, columns] = values
            continue
        for plane, value in zip(shaped, values, strict=True):
            plane[rows, columns] = value


def _paint_pairs(words: NDArray[np.generic], made: PixelFormat, fills: list[Painted]) -> None:
    """Fill pairs of pixels that share their chrominance; a rectangle grows to whole pairs."""
    pairs = words.reshape(made.rows, made.columns // 2, 4)
    for (rows, columns), (luminance, blue, red) in fills:
        pairs[rows, columns.start // 2 : (columns.stop + 1) // 2] = (luminance, luminance, blue, red)


def _paint_bits(data: bytearray, made: PixelFormat, frame: int, fills: list[Painted]) -> None:
    """Fill single bits; neighbouring frames may share a byte (PS3.5 8.1.1)."""
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    first = made.frame_bits * frame % 8
    image = bits[first : first + made.frame_bits].reshape(made.rows, made.columns, made.samples)
    for area, values in fills:
        image[area] = values
    data[:] = np.packbits(bits, bitorder="little").tobytes()
