"""Frames of an image: where they stand in the pixel data, their stored values, their colours for display."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from viewer.dicom.codecs import SYNTAXES, decode_stream
from viewer.dicom.elements import CONVERSION_ERRORS
from viewer.dicom.errors import Unsupported
from viewer.dicom.fragments import Fragments, encapsulated_frames
from viewer.dicom.pixel_format import FLOATS, PIXEL_DATA, PixelFormat, pixel_format, pixel_value
from viewer.dicom.pixel_value import Buffer, PixelValue
from viewer.dicom.streams import Stream, StreamHeader, stream_header

_RGB_ONCE_DECODED: Final = frozenset(("YBR_RCT", "YBR_ICT"))
_YBR: Final = frozenset(("YBR_FULL", "YBR_FULL_422"))


def frame_count(dataset: Dataset) -> int:
    """Return the number of frames, 0 when there are no pixels; raises Unsupported as `pixel_format`."""
    return pixel_format(dataset).frames if any(t in dataset for t in (PIXEL_DATA, *FLOATS)) else 0


def frame_stream(fragments: Fragments, made: PixelFormat) -> tuple[bytes, StreamHeader]:
    """Return the bytes of one compressed frame and what they say of themselves."""
    data = b"".join(map(bytes, fragments))
    syntax = SYNTAXES[made.syntax]
    described = StreamHeader(
        syntax.stream,
        made.rows,
        made.columns,
        made.samples,
        made.bits_allocated,
        lossless=not syntax.lossy,
        interleave=0 if made.planar else 2,
        # What JPEG XL has made of colours is undone by its decoder.
        colour="RGB" if syntax.stream is Stream.JPEG_XL and syntax.lossy and made.samples == 3 else "",
    )
    return data, stream_header(data, described)


# Stored values ---------------------------------------------------------------------------------------


def decode_frame(dataset: Dataset, index: int) -> NDArray[np.generic]:
    """Return the stored values of one frame (0-based), which may be a read-only view of the pixel data.

    Shape (rows, columns), or (rows, columns, 3) whatever the planar configuration; dtype as the image
    pixel module says, uint8 for single bits. Colours are as they are stored (a YBR image gives Y, Cb, Cr),
    but that halved chrominance is doubled and JPEG 2000 undoes its own transform. Bits above Bits Stored
    are as in the stream: masking them is the display's business, blanking them that of redaction.

    Raises Unsupported when the frame cannot be decoded.
    """
    made = pixel_format(dataset)
    if not 0 <= index < made.frames:
        raise Unsupported("It has no frame of this number.")
    if made.encapsulated:
        return stored_values(*_decoded(dataset, made, index), made)
    return _native_frame(native_value(dataset, made), made, index)


def _decoded(dataset: Dataset, made: PixelFormat, index: int) -> tuple[NDArray[np.generic], StreamHeader]:
    data, header = frame_stream(encapsulated_frames(dataset)[index], made)
    return decode_stream(data, header), header


def stored_values(
    decoded: NDArray[np.generic], header: StreamHeader, made: PixelFormat
) -> NDArray[np.generic]:
    """Return what a codec gave in the type of the image pixel module (PS3.5 8.2).

    JPEG and JPEG-LS know no sign, and JPEG 2000 may state another one: the bits are then read anew.
    """
    if header.precision > max(made.bits_allocated, 8):
        raise Unsupported("Its compressed image is deeper than the file says.")
    if made.signed != (decoded.dtype.kind == "i"):
        size = decoded.dtype.itemsize
        shift = 8 * size - header.precision
        raised = np.left_shift(decoded, shift).view(f"{'i' if made.signed else 'u'}{size}")
        decoded = np.right_shift(raised, shift)
    return decoded.astype(made.dtype, copy=False)


def native_value(dataset: Dataset, made: PixelFormat) -> PixelValue:
    """Return uncompressed pixel data as they stand in the file; raises Unsupported when they are too few."""
    value = pixel_value(dataset, made.tag)
    if len(value) < made.data_bytes:
        raise Unsupported("Its image is cut short: there are fewer pixels than the file says.")
    return value


def native_bytes(value: PixelValue, made: PixelFormat, start: int, stop: int) -> Buffer:
    """Return uncompressed pixel data from `start` to before `stop` in the order of little endian words."""
    if not made.swapped:
        return value.read(start, stop)
    even = start & ~1
    return byte_pairs_swapped(value.read(even, (stop + 1) & ~1))[start - even : stop - even]


def byte_pairs_swapped(data: Buffer | bytearray) -> bytes:
    """Return bytes with each pair exchanged (8-bit values in big endian words, PS3.5 8.1.2)."""
    even = data if len(data) % 2 == 0 else bytes(data) + b"\0"
    return np.frombuffer(even, np.uint16).byteswap().tobytes()


def _native_frame(value: PixelValue, made: PixelFormat, index: int) -> NDArray[np.generic]:
    start, stop = made.span(index)
    return native_samples(native_bytes(value, made, start, stop), made, index)


def native_samples(data: Buffer, made: PixelFormat, index: int) -> NDArray[np.generic]:
    """Return the stored values of one frame from the bytes of its span, as `decode_frame` does."""
    if made.bits_allocated == 1:
        pixels = made.rows * made.columns * made.samples
        first = made.frame_bits * index % 8
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        return bits[first : first + pixels].reshape(made.rows, made.columns, *_samples(made))
    words = np.frombuffer(data, made.file_dtype).astype(made.dtype, copy=False)
    if made.halved:
        return _doubled(words, made)
    if made.samples == 1:
        return words.reshape(made.rows, made.columns)
    if made.planar == 1:
        planes = words.reshape(made.samples, made.rows, made.columns)
        return np.ascontiguousarray(planes.transpose(1, 2, 0))
    return words.reshape(made.rows, made.columns, made.samples)


def _samples(made: PixelFormat) -> tuple[int, ...]:
    return () if made.samples == 1 else (made.samples,)


def _doubled(words: NDArray[np.generic], made: PixelFormat) -> NDArray[np.generic]:
    """Return Y, Cb, Cr of each pixel from Y, Y, Cb, Cr of each pair (PS3.3 C.7.6.3.1.2)."""
    if made.columns % 2:
        raise Unsupported("Its colours are halved although it has an odd number of columns.")
    pairs = words.reshape(made.rows, made.columns // 2, 4)
    whole = np.empty((made.rows, made.columns // 2, 2, 3), made.dtype)
    whole[..., 0] = pairs[..., :2]
    whole[..., 1:] = pairs[:, :, None, 2:]
    return whole.reshape(made.rows, made.columns, 3)


# Colours ---------------------------------------------------------------------------------------------


def decode_rgb(dataset: Dataset, index: int) -> NDArray[np.uint8]:
    """Return one frame (0-based) of a colour image for display: (rows, columns, 3) red, green, blue.

    Deeper samples are brought to 8 bits. Raises Unsupported when it cannot be decoded or is no colour
    image.
    """
    made = pixel_format(dataset)
    if made.photometric == "PALETTE COLOR" and made.samples == 1:
        table = palette(dataset, made)
        low = -(1 << made.bits_stored - 1) if made.signed else 0
        places = (decode_frame(dataset, index).astype(np.int64) - low) & (len(table) - 1)
        colours = _eight_bits(table, 16 if table.dtype.itemsize == 2 and table.max() > 255 else 8)
        return np.take(colours, places, axis=0)
    if made.samples != 3 or made.signed or made.tag in FLOATS:
        raise Unsupported("It is no colour image that this program can show.")
    if not made.encapsulated:
        kind = "YBR" if made.photometric in _YBR else made.photometric
        return _rgb(decode_frame(dataset, index), kind, made.bits_stored)
    decoded, header = _decoded(dataset, made, index)
    return _rgb(decoded, _colours(made, header), header.precision)


def _colours(made: PixelFormat, header: StreamHeader) -> str:
    """Return what three decoded components are: the stream knows better than the data set."""
    if header.colour_transform or header.colour == "RGB" or made.photometric in _RGB_ONCE_DECODED:
        return "RGB"
    if made.photometric in _YBR or (header.stream is Stream.JPEG and header.colour == "YBR"):
        return "YBR"
    return made.photometric


def _rgb(values: NDArray[np.generic], colours: str, bits: int) -> NDArray[np.uint8]:
    if colours not in ("RGB", "YBR"):
        raise Unsupported("Its colours are of a kind that this program cannot show.")
    eight = _eight_bits(values, bits)
    if colours == "RGB":
        return eight
    image = Image.frombuffer("YCbCr", (eight.shape[1], eight.shape[0]), np.ascontiguousarray(eight).tobytes())
    return np.asarray(image.convert("RGB"))


def _eight_bits(values: NDArray[np.generic], bits: int) -> NDArray[np.uint8]:
    if bits == 8:
        return values.astype(np.uint8, copy=False)
    top = (1 << bits) - 1
    stored = np.bitwise_and(values, np.array(top, values.dtype))
    if bits > 8:
        return np.right_shift(stored, bits - 8).astype(np.uint8)
    return np.multiply(stored, 255 // top, dtype=np.uint8, casting="unsafe")


_PALETTE: Final = (*range(0x00281101, 0x00281104), *range(0x00281201, 0x00281204))
_SEGMENTED: Final = tuple(range(0x00281221, 0x00281224))


def palette(dataset: Dataset, made: PixelFormat) -> NDArray[np.generic]:
    """Return the colours of a palette (PS3.3 C.7.6.3.1.5): (2 ** Bits Stored, 3), uint8 or uint16.

    The first row belongs to the lowest value that Bits Stored can hold. Raises Unsupported when there is
    no palette that can be read.
    """
    low = -(1 << made.bits_stored - 1) if made.signed else 0
    values = np.arange(low, low + (1 << min(made.bits_stored, 16)), dtype=np.int32)
    if made.bits_stored > 16:
        raise Unsupported("Its palette is too large.")
    part = Dataset()
    part.set_original_encoding(dataset.original_encoding[0] or False, made.little_endian, "iso8859")
    for tag in (0x00280103, *_PALETTE, *_SEGMENTED):
        if tag in dataset:
            part[tag] = dataset.get_item(tag)
    try:
        for tag in _PALETTE[3:]:
            if tag in part:
                _mend(part, tag, int(part[0x00281101].value[0]), swap=not made.little_endian)
        return np.asarray(apply_color_lut(values, part))[:, :3]
    except CONVERSION_ERRORS as error:
        raise Unsupported("Its palette cannot be read.") from error


def _mend(part: Dataset, tag: int, entries: int, *, swap: bool) -> None:
    """Bring look-up data to little endian, and take the padding from an odd number of bytes."""
    value = bytes(part[tag].value)
    if swap:
        value = byte_pairs_swapped(value)
    part[tag] = DataElement(tag, "OW", value[:entries] if len(value) == entries + 1 else value)
