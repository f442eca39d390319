"""Blank shapes in the pixels of an output data set: touched frames only, every other sample as it was."""

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset

from viewer.dicom.codecs import CODECS, Codec, decode_stream, encode_frame
from viewer.dicom.decisions import Blank
from viewer.dicom.errors import Unsupported
from viewer.dicom.frames import (
    EXTENDED_OFFSETS,
    byte_pairs_swapped,
    encapsulated_frames,
    frame_stream,
    native_data,
)
from viewer.dicom.pixel_format import FLOATS, PIXEL_DATA, PixelFormat, pixel_bytes, pixel_format
from viewer.dicom.streams import Stream, StreamHeader
from viewer.pixels import stream_text, unused_bits
from viewer.pixels.fill import black

_UNDEFINED: Final = 0xFFFFFFFF
_ITEM: Final = b"\xfe\xff\x00\xe0"

Area: TypeAlias = tuple[slice, slice]
"""Rows and columns of one box."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was done. `lossless`: nothing outside the shapes changed in value."""

    frames_touched: int
    lossless: bool
    syntax_changed: bool


def redact(dataset: Dataset, blanks: Sequence[Blank]) -> Redaction:
    """Blank shapes in the pixel data of this data set, which is changed in place.

    Only touched frames change; a compressed one is compressed again in the same transfer syntax, proved by
    a decoder of another origin. Raises Unsupported, with the data set unchanged, when that is not possible.
    """
    if any(blank.shape == stream_text.SHAPE for blank in blanks):
        parts = stream_text.hidden_parts(dataset) or ()
        _put(dataset, PIXEL_DATA, stream_text.overwritten(pixel_bytes(dataset), parts))
        blanks = [blank for blank in blanks if blank.shape != stream_text.SHAPE]
    if not blanks:
        return Redaction(0, lossless=True, syntax_changed=False)
    made = pixel_format(dataset)
    hidden = any(blank.shape == unused_bits.SHAPE for blank in blanks)
    areas = _areas([blank for blank in blanks if blank.shape != unused_bits.SHAPE], made)
    _refuse_what_is_unclear(dataset, made)
    fill = black(dataset, made)
    if made.encapsulated:
        _blank_streams(dataset, made, areas, fill, hidden=hidden)
    elif hidden:
        _put(dataset, made.tag, unused_bits.cleared(dataset, made))
    if areas and not made.encapsulated:
        _put(dataset, made.tag, _blanked_native(native_data(dataset, made), made, areas, fill))
    touched = made.frames if hidden else len(areas)
    return Redaction(touched, lossless=True, syntax_changed=False)


def _areas(blanks: Sequence[Blank], made: PixelFormat) -> dict[int, list[Area]]:
    """Return what is to be blanked in each touched frame, clipped to the image."""
    areas: dict[int, list[Area]] = {}
    for blank in blanks:
        if blank.shape != "rectangle" or len(blank.points) != 4:
            raise Unsupported("A region has a shape that this version cannot blank.")
        if any(not 0 <= frame < made.frames for frame in blank.frames):
            raise Unsupported("A region is meant for a frame that the image does not have.")
        left, top, right, bottom = blank.points
        if right <= left or bottom <= top:
            raise Unsupported("A region has no area.")
        rows = slice(max(top, 0), min(bottom, made.rows))
        columns = slice(max(left, 0), min(right, made.columns))
        if rows.start < rows.stop and columns.start < columns.stop:
            for frame in blank.frames:
                areas.setdefault(frame, []).append((rows, columns))
    return areas


def _refuse_what_is_unclear(dataset: Dataset, made: PixelFormat) -> None:
    """Raise Unsupported where blanking one copy of the pixels could leave another."""
    if sum(tag in dataset for tag in (PIXEL_DATA, *FLOATS)) != 1:
        raise Unsupported("It has more than one kind of pixel data.")
    codec = CODECS[made.syntax]
    if not codec.exact:
        raise Unsupported(f"{codec.capability[:-1]}; the file is held.")
    if made.encapsulated != (codec.stream is not Stream.NATIVE):
        raise Unsupported("Its image is compressed although its transfer syntax says it is not.")
    if not made.encapsulated and native_data(dataset, made)[made.data_bytes + 1 :].strip(b"\0"):
        raise Unsupported("There are more pixels in it than the file says.")


def _put(dataset: Dataset, tag: int, value: bytes) -> None:
    """Exchange the value of an element; how it is encoded stays."""
    element = dataset.get_item(tag)
    if isinstance(element, RawDataElement):
        length = _UNDEFINED if element.length == _UNDEFINED else len(value)
        dataset[tag] = element._replace(value=value, length=length)
    elif element is not None:
        changed = DataElement(tag, element.VR, value)
        changed.is_undefined_length = element.is_undefined_length
        dataset[tag] = changed


# Uncompressed ----------------------------------------------------------------------------------------


def _blanked_native(
    data: bytes, made: PixelFormat, areas: dict[int, list[Area]], fill: tuple[int, ...]
) -> bytes:
    """Return pixel data with the areas filled and every other byte as it was."""
    changed = bytearray(data)
    for frame, boxes in areas.items():
        if made.bits_allocated == 1:
            _blank_bits(changed, made, frame, boxes, fill[0])
        elif made.halved:
            _blank_pairs(_words(changed, made, frame), made, boxes, fill)
        else:
            _blank_words(_words(changed, made, frame), made, boxes, fill)
    return byte_pairs_swapped(changed) if made.swapped else bytes(changed)


def _words(data: bytearray, made: PixelFormat, frame: int) -> NDArray[np.generic]:
    """Return the words of one frame as a writable view of the data."""
    start, stop = made.span(frame)
    return np.frombuffer(data, made.file_dtype, (stop - start) // made.dtype.itemsize, start)


def _blank_words(
    words: NDArray[np.generic], made: PixelFormat, boxes: list[Area], fill: tuple[int, ...]
) -> None:
    by_plane = made.planar == 1 or made.samples == 1
    size = (made.rows, made.columns)
    shaped = words.reshape((made.samples, *size) if by_plane else (*size, made.samples))
    for rows, columns in boxes:
        for sample, value in enumerate(fill):
            part = shaped[sample] if by_plane else shaped[..., sample]
            part[rows, columns] = value


def _blank_pairs(
    words: NDArray[np.generic], made: PixelFormat, boxes: list[Area], fill: tuple[int, ...]
) -> None:
    """Blank pairs of pixels that share their chrominance; a box grows to whole pairs."""
    if made.columns % 2:
        raise Unsupported("Its colours are halved although it has an odd number of columns.")
    pairs = words.reshape(made.rows, made.columns // 2, 4)
    luminance, blue, red = fill
    for rows, columns in boxes:
        pairs[rows, columns.start // 2 : (columns.stop + 1) // 2] = (luminance, luminance, blue, red)


def _blank_bits(data: bytearray, made: PixelFormat, frame: int, boxes: list[Area], value: int) -> None:
    """Blank single bits; neighbouring frames may share a byte (PS3.5 8.1.1)."""
    start, stop = made.span(frame)
    bits = np.unpackbits(np.frombuffer(data[start:stop], np.uint8), bitorder="little")
    first = made.frame_bits * frame % 8
    image = bits[first : first + made.frame_bits].reshape(made.rows, made.columns, made.samples)
    for area in boxes:
        image[area] = value
    data[start:stop] = np.packbits(bits, bitorder="little").tobytes()


# Compressed ------------------------------------------------------------------------------------------


def _blank_streams(
    dataset: Dataset,
    made: PixelFormat,
    areas: dict[int, list[Area]],
    fill: tuple[int, ...],
    *,
    hidden: bool,
) -> None:
    """Blank areas, and what is `hidden` in unused bits; frames that stay are not coded anew."""
    frames: list[list[memoryview]] = encapsulated_frames(dataset)
    touched = []
    for frame in range(made.frames) if hidden else areas:
        data, header = frame_stream(frames[frame], made)
        _refuse_inexact(made, header, CODECS[made.syntax])
        before = decode_stream(data, header)
        samples = np.array(before)
        if hidden:
            padding = unused_bits.padding_words(dataset, made, header.precision)
            samples = np.array(unused_bits.cleared_samples(samples, header, made, padding))
            if frame not in areas and np.array_equal(samples, before):
                continue
        for area in areas.get(frame, ()):
            samples[area] = _as_in_stream(fill, header, made, samples.dtype)
        touched.append(frame)
        again = encode_frame(samples, header, CODECS[made.syntax])
        frames[frame] = [memoryview(again + b"\0" * (len(again) % 2))]
    _put_frames(dataset, frames, touched=touched)


def _refuse_inexact(made: PixelFormat, header: StreamHeader, codec: Codec) -> None:
    """Raise Unsupported when a stream is not what its transfer syntax and its data set say."""
    if header.stream is not codec.stream or not header.lossless:
        raise Unsupported("Its image is compressed with loss although its transfer syntax says otherwise.")
    if header.subsampled:
        raise Unsupported("The colours of its compressed image differ in size and cannot be changed exactly.")
    if header.signed and not made.signed:
        raise Unsupported("Its compressed image has negative values although the file says otherwise.")
    transformed = made.photometric in ("YBR_RCT", "YBR_ICT")
    if transformed and not header.colour_transform:
        raise Unsupported("Its compressed image has other colours than the file says.")
    if header.colour_transform and not (transformed or made.photometric == "RGB"):
        raise Unsupported("Its compressed image has other colours than the file says.")
    if made.photometric == "YBR_FULL_422" or (made.samples == 3 and not _colours_agree(made, header)):
        raise Unsupported("Its compressed image has other colours than the file says.")


def _colours_agree(made: PixelFormat, header: StreamHeader) -> bool:
    """Return whether markers in the stream leave no doubt of its colours; the encoder can name RGB only."""
    if header.stream is Stream.JPEG_LOSSLESS:
        return made.photometric == "RGB" and header.colour != "YBR"
    return header.colour in ("", made.photometric[:3])


def _as_in_stream(
    fill: tuple[int, ...], header: StreamHeader, made: PixelFormat, dtype: np.dtype[np.generic]
) -> NDArray[np.generic]:
    """Return the fill with the sign and depth of the stream, which may differ from those of the data set."""
    whole = 1 << header.precision
    low = -(whole // 2) if made.signed else 0
    if any(not low <= value < low + whole for value in fill):
        raise Unsupported("Its compressed image is less deep than the file says.")
    patterns = [value % whole for value in fill]
    if dtype.kind == "i":
        patterns = [p - whole if p >= whole // 2 else p for p in patterns]
    return np.array(patterns if len(patterns) > 1 else patterns[0], dtype)


def _put_frames(dataset: Dataset, frames: list[list[memoryview]], *, touched: Collection[int]) -> None:
    """Store frames with their offset tables made anew (PS3.5 A.4, PS3.3 C.7.6.3.1.8)."""
    sizes = [sum(8 + len(fragment) for fragment in fragments) for fragments in frames]
    offsets = [0, *accumulate(sizes[:-1])]
    had_table = pixel_bytes(dataset)[4:8] != b"\0\0\0\0"
    table = struct.pack(f"<{len(offsets)}L", *offsets) if had_table and offsets[-1] < _UNDEFINED else b""
    items: list[bytes | memoryview] = [_ITEM + struct.pack("<L", len(table)) + table]
    for fragment in chain.from_iterable(frames):
        items += [_ITEM + struct.pack("<L", len(fragment)), fragment]
    if EXTENDED_OFFSETS[0] in dataset:
        _put_extended_offsets(dataset, frames, offsets, touched)
    _put(dataset, PIXEL_DATA, b"".join(items))


def _put_extended_offsets(
    dataset: Dataset, frames: list[list[memoryview]], offsets: list[int], touched: Collection[int]
) -> None:
    """Store offsets and lengths; the lengths of untouched frames are left as they were."""
    count = len(frames)
    old = pixel_bytes(dataset, EXTENDED_OFFSETS[1]) if EXTENDED_OFFSETS[1] in dataset else b""
    if len(old) != 8 * count or any(len(fragments) != 1 for fragments in frames):
        raise Unsupported("Its offset table does not fit its frames.")
    lengths = list(struct.unpack(f"<{count}Q", old))
    for frame in touched:
        lengths[frame] = len(frames[frame][0])
    _put(dataset, EXTENDED_OFFSETS[0], struct.pack(f"<{count}Q", *offsets))
    _put(dataset, EXTENDED_OFFSETS[1], struct.pack(f"<{count}Q", *lengths))
