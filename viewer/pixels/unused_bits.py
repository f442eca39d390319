"""Drawings hidden in unused bits of the pixel data: found, and cleared while samples stay (PS3.5 8.1.1)."""

from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.codecs import decode_stream
from viewer.dicom.errors import Unsupported
from viewer.dicom.fragments import encapsulated_frames
from viewer.dicom.frames import frame_stream, native_value
from viewer.dicom.pixel_format import FLOATS, PixelFormat, pixel_format
from viewer.dicom.pixel_value import Buffer
from viewer.dicom.streams import StreamHeader

SHAPE: Final = "unused bits"
"""Shape of a Blank that clears every bit outside Bits Stored; it has no points."""
_WIDTHS: Final = (8, 16, 32)
_MOSTLY: Final = 0.75
"""Share of the neighbours of a place that must be bright for it to be bright."""
_PADDING: Final = (0x00280120, 0x00280121)

Words: TypeAlias = NDArray[Any]
"""Samples as unsigned integers."""


def has_spare_bits(made: PixelFormat) -> bool:
    """Return whether words are wider than what they store."""
    low = made.high_bit + 1 - made.bits_stored
    spare = made.bits_allocated > made.bits_stored
    return made.tag not in FLOATS and made.bits_allocated in _WIDTHS and spare and low >= 0


def is_drawn_in(dataset: Dataset) -> bool:
    """Return whether bits outside Bits Stored hold more than signs, padding or one constant.

    Raises Unsupported when the pixels cannot be read.
    """
    made = pixel_format(dataset)
    if not has_spare_bits(made):
        return False
    if not made.encapsulated:
        width = made.bits_allocated
        value, padding = native_value(dataset, made), padding_words(dataset, made, width)
        parts = (value.read(*made.span(frame)) for frame in range(made.frames))
        return any(_differs(native_words(part, made), made, width, padding) for part in parts)
    for fragments in encapsulated_frames(dataset):
        data, header = frame_stream(fragments, made)
        if header.precision <= made.bits_stored:
            continue
        words = stream_words(decode_stream(data, header), header)
        if _differs(words, made, header.precision, padding_words(dataset, made, header.precision)):
            return True
    return False


def native_words(data: Buffer | bytearray, made: PixelFormat) -> Words:
    """Return the words of uncompressed pixel data as a view."""
    order = "<" if made.little_endian else ">"
    return np.frombuffer(data, f"{order}u{made.bits_allocated // 8}")


def stream_words(decoded: NDArray[np.generic], header: StreamHeader) -> Words:
    """Return decoded samples as unsigned words that are no wider than the stream's precision."""
    words = decoded.view(f"u{decoded.dtype.itemsize}")
    return np.bitwise_and(words, words.dtype.type((1 << header.precision) - 1))


def _differs(words: Words, made: PixelFormat, width: int, padding: tuple[int, ...]) -> bool:
    """Return whether unused bits differ from word to word; the common case costs one look at each word."""
    spare = words.dtype.type(_spare(made, width))
    if not words.size or not int(np.bitwise_or.reduce(words, axis=None) & spare):
        return False
    held = words & spare
    if padding:
        held = held[~np.isin(words, np.array(padding, words.dtype))]
    if not held.size or (held == held.flat[0]).all():
        return False
    if made.signed:
        if int(spare).bit_count() > 1:
            # All ones or all zeros: a sign, or that of numbers beyond the range; a drawing is one bit deep.
            return not bool(((held == 0) | (held == spare)).all())
        return bool((cleared_words(words, made, width, padding) != words).any())
    return not _run_over(words.ravel(), int(spare), made, padding)


def _run_over(words: Words, spare: int, made: PixelFormat, padding: tuple[int, ...]) -> bool:
    """Return whether words with unused bits are numbers a little beyond the range, in bright places.

    Rounding of reconstructed or of coded images makes them; a drawing stands anywhere, or in the dark.
    """
    full = 1 << made.bits_stored
    if made.high_bit + 1 != made.bits_stored:
        return False
    over = words >= full
    if padding:
        over &= ~np.isin(words, np.array(padding, words.dtype))
    if (words[over] >= full + full // 4).any():
        return False
    beside = np.zeros_like(over)
    beside[made.samples :] = over[: -made.samples]
    beside[: -made.samples] |= over[made.samples :]
    around = words[beside & (words < full)]
    return not around.size or bool((around >= full - full // 4).mean() > _MOSTLY)


def _spare(made: PixelFormat, width: int) -> int:
    low = made.high_bit + 1 - made.bits_stored
    return ((1 << width) - 1) & ~(((1 << made.bits_stored) - 1) << low)


def cleared_words(words: Words, made: PixelFormat, width: int, padding: tuple[int, ...] = ()) -> Words:
    """Return words of `width` bits with zeros outside Bits Stored, or the sign above for signed samples.

    Words that are Pixel Padding Value, which may lie outside (PS3.3 C.7.5.1.1.2), stay as they are.
    """
    kind = words.dtype.type
    kept: Words = words & kind(((1 << width) - 1) & ~_spare(made, width))
    if made.signed:
        above = ((1 << width) - 1) & ~((1 << (made.high_bit + 1)) - 1)
        negative = (words >> kind(made.high_bit)) & kind(1)
        kept |= negative * kind(above)
    if padding:
        kept = np.where(np.isin(words, np.array(padding, words.dtype)), words, kept)
    return kept


def clear(data: bytearray, made: PixelFormat, padding: tuple[int, ...]) -> None:
    """Clear bits outside Bits Stored in the bytes of one uncompressed frame, which are changed in place.

    `padding`: as `padding_words` gives it. Raises Unsupported for samples that fill their words.
    """
    _refuse_full_words(made)
    words = native_words(data, made)
    words[:] = cleared_words(words, made, made.bits_allocated, padding)


def cleared_samples(
    samples: NDArray[np.generic], header: StreamHeader, made: PixelFormat, padding: tuple[int, ...]
) -> NDArray[np.generic]:
    """Return samples as `decode_stream` gives them, without bits outside Bits Stored.

    Raises Unsupported as `clear`.
    """
    _refuse_full_words(made)
    if header.precision <= made.bits_stored:
        return samples
    words = cleared_words(stream_words(samples, header), made, header.precision, padding)
    if samples.dtype.kind == "u":
        return words
    raised = (words << words.dtype.type(8 * words.itemsize - header.precision)).view(samples.dtype)
    lowered: NDArray[np.generic] = np.right_shift(raised, 8 * words.itemsize - header.precision)
    return lowered


def _refuse_full_words(made: PixelFormat) -> None:
    if not has_spare_bits(made):
        raise Unsupported("A drawing is hidden in bits of the image that cannot be told from its pixels.")


def padding_words(dataset: Dataset, made: PixelFormat, width: int) -> tuple[int, ...]:
    """Return Pixel Padding Value and its range limit as words of `width` bits."""
    order: Literal["little", "big"] = "little" if made.little_endian else "big"
    held = (dataset.get_item(tag).value for tag in _PADDING if tag in dataset)
    numbers = (
        int.from_bytes(v, order, signed=made.signed) if isinstance(v, bytes) and v else v for v in held
    )
    return tuple(number % (1 << width) for number in numbers if isinstance(number, int))
