"""The one table of codecs: what reads each transfer syntax, what writes it exactly, what can be promised."""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Final

import numpy as np
from pydicom import uid

from viewer.dicom import coders
from viewer.dicom.coders import Decoder, Encoder, Library, Samples
from viewer.dicom.errors import Unsupported
from viewer.dicom.streams import DAMAGED, Stream, StreamHeader, stream_header

CODEC_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What codec libraries raise on streams that they cannot handle."""


class Way(Enum):
    """How a box gets into a frame."""

    IN_PLACE = "only the pixels in the boxes are changed"
    AGAIN = "touched frames are compressed again without loss, exact outside the boxes"
    BLOCKS = "only the blocks under the boxes are changed, all other coefficients stay bit for bit"
    KEPT = "touched frames are stored without further loss, exact outside the boxes"


@dataclass(frozen=True, slots=True)
class Codec:
    """What the program can do with one kind of stream.

    `decoders`: the first that succeeds is taken. `encoders`: each with a decoder of another origin, where
    there is one, that must give back the same samples before the result is accepted.
    """

    stream: Stream
    decoders: tuple[Decoder, ...] = ()
    encoders: tuple[tuple[Encoder, Decoder], ...] = ()


@dataclass(frozen=True, slots=True)
class Syntax:
    """One transfer syntax: the stream that it asks for, and how a box gets into it.

    `lossy`: its streams may have lost something; their history stays (PS3.3 C.7.6.1.1.5).
    """

    name: str
    stream: Stream
    way: Way
    lossy: bool = False

    @property
    def capability(self) -> str:
        """Return one sentence for staff."""
        return f"{self.name}: {self.way.value}."


def who_does(syntax: Syntax) -> str:
    """Return who reads and writes a syntax, with licences and whether other threads go on meanwhile."""
    codec = CODECS[syntax.stream]
    if syntax.stream is Stream.NATIVE:
        return "Read and written by numpy (BSD-3-Clause)."
    reads = " or ".join(dict.fromkeys(_named(decoder.library) for decoder in codec.decoders))
    writers = dict.fromkeys(_named(encoder.library) for encoder, _ in codec.encoders)
    own = "this program, or libturbojpeg (BSD-3-Clause AND IJG) where it is found; other threads go on"
    return f"Read by {reads}; written by {' or '.join(writers) or own}."


def _named(library: Library) -> str:
    threads = "other threads go on" if library.frees_gil else "other threads wait"
    return f"{library.name} ({library.licence}; {threads})"


def decode_stream(data: bytes, header: StreamHeader) -> Samples:
    """Return the samples of one compressed frame as the stream holds them, colours not converted.

    Shape: `header.shape`; dtype: the smallest that holds the precision, signed only where the stream says so.
    Raises Unsupported when no decoder gives a picture of that shape.
    """
    for decoder in CODECS[header.stream].decoders:
        decoded = _attempt(decoder, data, header)
        if decoded is not None:
            return decoded
    raise Unsupported(DAMAGED)


def encode_frame(samples: Samples, like: StreamHeader, codec: Codec | None = None) -> bytes:
    """Return samples as one compressed frame in the coding of the frame it replaces, but without loss.

    It is proved to be exact. `samples`: as `decode_stream` gives them; `codec`: that of the stream.
    Raises Unsupported when no encoder gives a frame that another decoder reads back unchanged.
    """
    for encoder, other_decoder in (codec or CODECS[like.stream]).encoders:
        try:
            data = bytes(encoder.run(np.ascontiguousarray(samples), like))
            made = stream_header(data, replace(like, lossless=True))
        except (*CODEC_ERRORS, Unsupported):
            continue
        kept = (like.stream, like.colour_transform, True, like.signed)
        if (made.stream, made.colour_transform, made.lossless, made.signed) != kept:
            continue
        back = _attempt(other_decoder, data, made)
        if back is not None and np.array_equal(back, samples):
            return data
    raise Unsupported("Its image could not be compressed again without loss.")


def _attempt(decoder: Decoder, data: bytes, header: StreamHeader) -> Samples | None:
    """Return what a decoder makes of a frame, or None when it fails or gives something else."""
    try:
        decoded = decoder.run(data, header)
    except CODEC_ERRORS:
        return None
    size = 1 if header.precision <= 8 else 2 if header.precision <= 16 else 4
    # Some decoders return an empty picture instead of an error.
    fits = decoded.shape == header.shape and decoded.dtype.kind in "iu" and decoded.dtype.itemsize == size
    return decoded if fits else None


_READS_2000: Final = (coders.READS_JPEG_2000, coders.READS_JPEG_2000_TOO)

CODECS: Final[Mapping[Stream, Codec]] = MappingProxyType(
    {
        codec.stream: codec
        for codec in (
            Codec(Stream.NATIVE),
            Codec(Stream.RLE, (coders.READS_RLE,), ((coders.WRITES_RLE, coders.READS_RLE),)),
            Codec(Stream.JPEG, (coders.READS_JPEG,)),
            Codec(
                Stream.JPEG_LOSSLESS,
                (coders.READS_LOSSLESS,),
                (
                    (coders.WRITES_LOSSLESS, coders.READS_LOSSLESS_SOF3),
                    (coders.WRITES_LOSSLESS, coders.READS_LOSSLESS_LJ92),
                ),
            ),
            Codec(
                Stream.JPEG_LS,
                (coders.READS_JPEG_LS, coders.READS_JPEG_LS_TOO),
                (
                    (coders.WRITES_JPEG_LS, coders.READS_JPEG_LS),
                    (coders.WRITES_JPEG_LS_TOO, coders.READS_JPEG_LS_TOO),
                ),
            ),
            Codec(
                Stream.JPEG_2000,
                _READS_2000,
                (
                    (coders.WRITES_JPEG_2000, coders.READS_JPEG_2000),
                    (coders.WRITES_JPEG_2000_TOO, coders.READS_JPEG_2000_TOO),
                ),
            ),
            # OpenJPH is faster, but keeps quiet about streams that are cut short.
            Codec(Stream.HTJ2K, _READS_2000, ((coders.WRITES_HTJ2K, coders.READS_JPEG_2000_TOO),)),
            Codec(Stream.JPEG_XL, (coders.READS_JPEG_XL,), ((coders.WRITES_JPEG_XL, coders.READS_JPEG_XL),)),
            Codec(Stream.DEFLATED, (coders.INFLATES,), ((coders.DEFLATES, coders.INFLATES),)),
        )
    }
)
"""By what a stream is, which need not be what its transfer syntax says."""

DEFLATED_IMAGE_FRAME: Final = "1.2.840.10008.1.2.8.1"
JPEG_XL_LOSSLESS: Final = "1.2.840.10008.1.2.4.110"
JPEG_XL_RECOMPRESSION: Final = "1.2.840.10008.1.2.4.111"
JPEG_XL: Final = "1.2.840.10008.1.2.4.112"


def _plain(name: str) -> Syntax:
    return Syntax(name, Stream.NATIVE, Way.IN_PLACE)


SYNTAXES: Final[Mapping[str, Syntax]] = MappingProxyType(
    {
        str(uid.ImplicitVRLittleEndian): _plain("Implicit VR Little Endian"),
        str(uid.ExplicitVRLittleEndian): _plain("Explicit VR Little Endian"),
        str(uid.ExplicitVRBigEndian): _plain("Explicit VR Big Endian"),
        str(uid.DeflatedExplicitVRLittleEndian): _plain("Deflated Explicit VR Little Endian"),
        DEFLATED_IMAGE_FRAME: Syntax("Deflated Image Frame", Stream.DEFLATED, Way.AGAIN),
        str(uid.RLELossless): Syntax("RLE Lossless", Stream.RLE, Way.AGAIN),
        str(uid.JPEGBaseline8Bit): Syntax("JPEG Baseline", Stream.JPEG, Way.BLOCKS, lossy=True),
        str(uid.JPEGExtended12Bit): Syntax("JPEG Extended", Stream.JPEG, Way.BLOCKS, lossy=True),
        "1.2.840.10008.1.2.4.53": Syntax("JPEG Spectral Selection", Stream.JPEG, Way.BLOCKS, lossy=True),
        "1.2.840.10008.1.2.4.55": Syntax("JPEG Full Progression", Stream.JPEG, Way.BLOCKS, lossy=True),
        str(uid.JPEGLossless): Syntax("JPEG Lossless", Stream.JPEG_LOSSLESS, Way.AGAIN),
        str(uid.JPEGLosslessSV1): Syntax("JPEG Lossless SV1", Stream.JPEG_LOSSLESS, Way.AGAIN),
        str(uid.JPEGLSLossless): Syntax("JPEG-LS Lossless", Stream.JPEG_LS, Way.AGAIN),
        str(uid.JPEGLSNearLossless): Syntax("JPEG-LS Near-Lossless", Stream.JPEG_LS, Way.KEPT, lossy=True),
        str(uid.JPEG2000Lossless): Syntax("JPEG 2000 Lossless", Stream.JPEG_2000, Way.AGAIN),
        str(uid.JPEG2000): Syntax("JPEG 2000", Stream.JPEG_2000, Way.KEPT, lossy=True),
        str(uid.HTJ2KLossless): Syntax("HTJ2K Lossless", Stream.HTJ2K, Way.AGAIN),
        str(uid.HTJ2KLosslessRPCL): Syntax("HTJ2K Lossless RPCL", Stream.HTJ2K, Way.AGAIN),
        str(uid.HTJ2K): Syntax("HTJ2K", Stream.HTJ2K, Way.KEPT, lossy=True),
        JPEG_XL_LOSSLESS: Syntax("JPEG XL Lossless", Stream.JPEG_XL, Way.AGAIN),
        JPEG_XL_RECOMPRESSION: Syntax("JPEG XL JPEG Recompression", Stream.JPEG_XL, Way.BLOCKS, lossy=True),
        JPEG_XL: Syntax("JPEG XL", Stream.JPEG_XL, Way.KEPT, lossy=True),
    }
)
"""By Transfer Syntax UID (PS3.5 A); a syntax that is not here can be neither shown nor changed."""
