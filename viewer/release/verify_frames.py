"""Frames of source and output as the checker reads them: uncompressed words, fragments, offset tables."""

from collections.abc import Iterator
from typing import Any, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_fragmented_frames, parse_basic_offsets, parse_fragments

from viewer.dicom.parsing import AsFile
from viewer.dicom.pixel_value import InMemory, PixelValue
from viewer.release.verify_values import value_of

PIXEL_DATA: Final = 0x7FE00010
OFFSETS: Final = (0x7FE00001, 0x7FE00002)
_FLOATS: Final = {0x7FE00008: 32, 0x7FE00009: 64}
_FIRST_BEYOND: Final = 1 << 32


def allocated(dataset: Dataset, tag: int) -> int:
    """Return the bits of one sample."""
    return _FLOATS.get(tag) or int(dataset.BitsAllocated)


def is_halved(dataset: Dataset) -> bool:
    """Return whether two uncompressed pixels share their chrominance."""
    return str(dataset.get("PhotometricInterpretation", "")) == "YBR_FULL_422"


def frame_bits(dataset: Dataset, tag: int) -> int:
    """Return the size of one uncompressed frame in bits."""
    samples = 2 if is_halved(dataset) else _samples(dataset)
    return int(dataset.Rows) * int(dataset.Columns) * samples * allocated(dataset, tag)


def _samples(dataset: Dataset) -> int:
    return int(dataset.get("SamplesPerPixel") or 1)


def native_value(dataset: Dataset, tag: int) -> PixelValue:
    """Return uncompressed pixel data in the order of words: bytes of big endian OW change places."""
    value = value_of(dataset, tag)
    element = dataset.get_item(tag)
    pairs = element is not None and element.VR == "OW" and not dataset.original_encoding[1]
    if not pairs or allocated(dataset, tag) > 8:
        return value
    data = bytes(value)
    return InMemory(np.frombuffer(data + b"\0" * (len(data) % 2), "u2").byteswap().tobytes())


def native_frame(dataset: Dataset, value: PixelValue, frame: int, tag: int) -> NDArray[Any]:
    """Return the unsigned words of a frame: (rows, columns, samples), or pairs (…, 4) for 4:2:2."""
    bits, size = allocated(dataset, tag), frame_bits(dataset, tag)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    data = value.read(size * frame // 8, (size * (frame + 1) + 7) // 8)
    if bits == 1:
        first = size * frame % 8
        words = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[first : first + size]
    else:
        order = "<" if dataset.original_encoding[1] else ">"
        words = np.frombuffer(data, f"{order}u{bits // 8}", size // bits)
    if is_halved(dataset):
        return words.reshape(rows, columns // 2, 4)
    if dataset.get("PlanarConfiguration") == 1:
        return words.reshape(_samples(dataset), rows, columns).transpose(1, 2, 0)
    return words.reshape(rows, columns, _samples(dataset))


def fragments(dataset: Dataset, frames: int) -> Iterator[tuple[bytes, ...]]:
    """Yield the fragments of every frame, as pydicom tells them apart."""
    extended = None
    if OFFSETS[0] in dataset:
        extended = bytes(value_of(dataset, OFFSETS[0])), bytes(value_of(dataset, OFFSETS[1]))
    buffer = cast("BinaryIO", AsFile(value_of(dataset, PIXEL_DATA)))
    return generate_fragmented_frames(buffer, number_of_frames=frames, extended_offsets=extended)


def are_offsets_right(source: Dataset, written: Dataset, frames: int) -> bool:
    """Return whether every offset table that was there is there, and points to fragments in order.

    A basic one may have become empty where its offsets do not fit 32 bits any more.
    """
    stream = AsFile(value_of(written, PIXEL_DATA))
    basic = parse_basic_offsets(stream)
    start = stream.tell()
    places = {place - start for place in parse_fragments(stream)[1]}
    extended = [int(v) for v in np.frombuffer(bytes(value_of(written, OFFSETS[0])), "<u8")]
    for table in (basic, extended):
        right = len(table) == frames and table[0] == 0 and table == sorted(set(table)) and places >= {*table}
        if table and not right:
            return False
    had_basic = bool(parse_basic_offsets(AsFile(value_of(source, PIXEL_DATA))))
    beyond = not basic and max(places, default=0) >= _FIRST_BEYOND
    return (had_basic == bool(basic) or beyond) and all((t in source) == (t in written) for t in OFFSETS)
