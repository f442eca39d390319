"""Blank compressed frames: block by block in JPEG, else decoded and compressed again without loss."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from os import cpu_count
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.codecs import CODEC_ERRORS, JPEG_XL_RECOMPRESSION, SYNTAXES, decode_stream, encode_frame
from viewer.dicom.errors import Unsupported
from viewer.dicom.fragments import (
    EXTENDED_OFFSETS,
    Fragments,
    encapsulated_frames,
    extended_offsets,
    joined_frames,
)
from viewer.dicom.frames import frame_stream, stored_values
from viewer.dicom.pixel_format import PixelFormat, pixel_value
from viewer.dicom.pixel_value import PixelValue
from viewer.dicom.streams import Stream, StreamHeader, stream_header
from viewer.pixels import unused_bits
from viewer.pixels.jpeg import blank_blocks
from viewer.pixels.spool import Spool
from viewer.pixels.strokes import Painted, Strokes, painted

_OTHER_COLOURS: Final = "Its compressed image has other colours than the file says."
_RECOLOURED: Final = {"YBR_ICT": "YBR_RCT"}
"""Colours of a frame that is stored without loss (PS3.3 C.7.6.3.1.2)."""
_PHOTOMETRIC: Final = 0x00280004
_AT_ONCE: Final = 8
"""Frames in work at the same time, at the most."""


@dataclass(frozen=True, slots=True)
class Done:
    """New pixel data, and the other elements that change with it, by tag."""

    value: PixelValue
    elements: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Job:
    """Everything that one frame needs to be changed."""

    dataset: Dataset
    made: PixelFormat
    strokes: Strokes
    hidden: bool


def blank_streams(
    dataset: Dataset, made: PixelFormat, of_frame: Mapping[int, Strokes], spool: Spool, *, hidden: bool
) -> Done:
    """Return pixel data with shapes filled, and without what is `hidden` in unused bits.

    Frames that stay keep their fragments. Raises Unsupported when something cannot be done exactly.
    """
    frames: list[Fragments] = list(encapsulated_frames(dataset))
    wanted = range(made.frames) if hidden else sorted(of_frame)
    touched = []
    # Only what was tried for long may run in threads: an encoder of JPEG 2000 crashed in them at times.
    run = _in_threads if SYNTAXES[made.syntax].stream is Stream.JPEG else _one_by_one
    for frame, data in run(
        lambda n: _changed(_Job(dataset, made, of_frame.get(n, ()), hidden), frames[n]), wanted
    ):
        if data is not None:
            touched.append(frame)
            frames[frame] = [spool.keep(data + b"\0" * (len(data) % 2))]
    had_table = bytes(pixel_value(dataset).read(4, 8)) != bytes(4)
    value, offsets = joined_frames(frames, with_table=had_table)
    elements = {}
    if EXTENDED_OFFSETS[0] in dataset:
        tables = extended_offsets(dataset, frames, offsets, touched)
        elements = dict(zip(EXTENDED_OFFSETS, tables, strict=True))
    if made.photometric in _RECOLOURED and len(touched) == made.frames:
        elements[_PHOTOMETRIC] = _RECOLOURED[made.photometric].encode() + b" "
    return Done(value, elements)


def _one_by_one(
    change: Callable[[int], bytes | None], frames: Sequence[int]
) -> Iterator[tuple[int, bytes | None]]:
    return ((frame, change(frame)) for frame in frames)


def _in_threads(
    change: Callable[[int], bytes | None], frames: Sequence[int]
) -> Iterator[tuple[int, bytes | None]]:
    """Yield (frame, what came of it) in order."""
    with ThreadPoolExecutor(min(cpu_count() or 1, 4)) as pool:
        waiting: list[tuple[int, Future[bytes | None]]] = []
        for frame in frames:
            waiting.append((frame, pool.submit(change, frame)))
            if len(waiting) >= _AT_ONCE:
                first, done = waiting.pop(0)
                yield first, done.result()
        for first, done in waiting:
            yield first, done.result()


def _changed(job: _Job, fragments: Fragments) -> bytes | None:
    """Return a frame as it is to be stored, None when nothing in it changes."""
    data, header = frame_stream(fragments, job.made)
    if job.made.syntax == JPEG_XL_RECOMPRESSION:
        return _changed_in_jpeg_xl(job, data, header)
    if header.stream is Stream.JPEG:
        return _changed_blocks(job, data, header)
    _refuse_inexact(job.made, header)
    before = decode_stream(data, header)
    samples = np.array(before)
    fills = _fills(job, before, header)
    if job.hidden:
        padding = unused_bits.padding_words(job.dataset, job.made, header.precision)
        samples = np.array(unused_bits.cleared_samples(samples, header, job.made, padding))
        if not fills and np.array_equal(samples, before):
            return None
    for area, value in fills:
        samples[area] = _as_in_stream(value, header, job.made, samples.dtype)
    return encode_frame(samples, header)


def _fills(job: _Job, decoded: NDArray[np.generic], header: StreamHeader) -> list[Painted]:
    stored: NDArray[Any] = stored_values(decoded, header, job.made)
    return painted(job.strokes, stored, job.made, job.dataset)


def _changed_blocks(job: _Job, data: bytes, header: StreamHeader) -> bytes:
    """Return a JPEG frame of which only the blocks under the shapes are changed."""
    if job.hidden:
        raise Unsupported("A drawing is hidden in bits of the image that cannot be told from its pixels.")
    kind = _block_colours(job.made, header)
    job = replace(job, made=replace(job.made, photometric=kind or job.made.photometric))
    fills = _fills(job, decode_stream(data, header), header)
    return blank_blocks(data, [(*area, _patterns(value, header, job.made)) for area, value in fills])


def _block_colours(made: PixelFormat, header: StreamHeader) -> str:
    """Return what the three components of a JPEG frame are: markers tell, then halving, then the data set.

    "" for one component.
    """
    if header.samples == 1:
        return ""
    halved = header.subsampled or made.photometric.startswith("YBR")
    return "RGB" if header.colour == "RGB" or not (header.colour or halved) else "YBR_FULL"


def _changed_in_jpeg_xl(job: _Job, data: bytes, header: StreamHeader) -> bytes:
    """Return a JPEG stream packed as JPEG XL (PS3.5 A.4.12) with blocks changed in it."""
    try:
        unpacked = bytes(imagecodecs.jpegxl_decode_jpeg(data))  # type: ignore[call-arg]
        changed = _changed_blocks(job, unpacked, stream_header(unpacked, header))
        packed = bytes(imagecodecs.jpegxl_encode_jpeg(changed, usecontainer=True))
        again = bytes(imagecodecs.jpegxl_decode_jpeg(packed))  # type: ignore[call-arg]
    except CODEC_ERRORS as error:
        raise Unsupported("Its image holds no JPEG picture that could be unpacked.") from error
    if again != changed:
        raise Unsupported("Its image could not be compressed again without loss.")
    return packed


def _refuse_inexact(made: PixelFormat, header: StreamHeader) -> None:
    """Raise Unsupported when a stream is not what its transfer syntax and its data set say."""
    if header.stream is not SYNTAXES[made.syntax].stream:
        raise Unsupported("Its image is compressed in another way than its transfer syntax says.")
    if header.subsampled:
        raise Unsupported("The colours of its compressed image differ in size and cannot be changed exactly.")
    if header.signed and not made.signed:
        raise Unsupported("Its compressed image has negative values although the file says otherwise.")
    transformed = made.photometric in ("YBR_RCT", "YBR_ICT")
    if transformed and not header.colour_transform:
        raise Unsupported(_OTHER_COLOURS)
    if header.colour_transform and not (transformed or made.photometric == "RGB"):
        raise Unsupported(_OTHER_COLOURS)
    if made.photometric == "YBR_FULL_422" or (made.samples == 3 and not _colours_agree(made, header)):
        raise Unsupported(_OTHER_COLOURS)


def _colours_agree(made: PixelFormat, header: StreamHeader) -> bool:
    """Return whether markers in the stream leave no doubt of its colours."""
    return header.colour in ("", made.photometric[:3])


def _patterns(fill: tuple[int | float, ...], header: StreamHeader, made: PixelFormat) -> tuple[int, ...]:
    """Return the fill in the depth of the stream, negative values as the bits that stand for them."""
    whole = 1 << header.precision
    low = -(whole // 2) if made.signed else 0
    if any(not low <= value < low + whole for value in fill):
        raise Unsupported("Its compressed image is less deep than the file says.")
    return tuple(int(value) % whole for value in fill)


def _as_in_stream(
    fill: tuple[int | float, ...], header: StreamHeader, made: PixelFormat, dtype: np.dtype[np.generic]
) -> NDArray[np.generic]:
    """Return the fill with the sign and depth of the stream, which may differ from those of the data set."""
    patterns, whole = _patterns(fill, header, made), 1 << header.precision
    if dtype.kind == "i":
        patterns = tuple(p - whole if p >= whole // 2 else p for p in patterns)
    return np.array(patterns if len(patterns) > 1 else patterns[0], dtype)
