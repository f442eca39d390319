"""The one table of codecs: what reads each transfer syntax, what writes it exactly, what can be promised."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import imagecodecs
import jpeg_ls
import numpy as np
import openjpeg.utils
import rle.utils
from numpy.typing import NDArray
from pydicom import uid

from viewer.dicom.errors import Unsupported
from viewer.dicom.streams import DAMAGED, Stream, StreamHeader, stream_header, with_neutral_colours

Samples: TypeAlias = NDArray[np.generic]
"""Integers as the stream holds them: (rows, columns) or (rows, columns, samples)."""
Decoder: TypeAlias = Callable[[bytes, StreamHeader], Samples]
Encoder: TypeAlias = Callable[[Samples, StreamHeader], bytes]

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
)
"""What codec libraries raise on streams that they cannot handle."""


@dataclass(frozen=True, slots=True)
class Codec:
    """What the program can do with one transfer syntax.

    `decoders`: the first that succeeds is taken. `encoders`: each with a decoder of another origin that
    must give back the same samples before the result is accepted. `exact`: frames can be changed in part
    and stored in the same syntax with every other sample as it was. `capability`: one sentence for staff.
    """

    stream: Stream
    decoders: tuple[Decoder, ...]
    encoders: tuple[tuple[Encoder, Decoder], ...]
    exact: bool
    capability: str


def decode_stream(data: bytes, header: StreamHeader) -> Samples:
    """Return the samples of one compressed frame as the stream holds them, colours not converted.

    Shape: `header.shape`; dtype: the smallest that holds the precision, signed only where the stream says so.
    Raises Unsupported when no decoder gives a picture of that shape.
    """
    for decoder in DECODERS[header.stream]:
        decoded = _attempt(decoder, data, header)
        if decoded is not None:
            return decoded
    raise Unsupported(DAMAGED)


def encode_frame(samples: Samples, like: StreamHeader, codec: Codec) -> bytes:
    """Return samples as one compressed frame in the coding of the frame it replaces, proved to be exact.

    `samples`: as `decode_stream` gives them. Raises Unsupported when no encoder gives a frame that another
    decoder reads back unchanged.
    """
    for encoder, other_decoder in codec.encoders:
        try:
            data = bytes(encoder(np.ascontiguousarray(samples), like))
            made = stream_header(data, like)
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
        decoded = decoder(data, header)
    except CODEC_ERRORS:
        return None
    size = 1 if header.precision <= 8 else 2 if header.precision <= 16 else 4
    # Some decoders return an empty picture instead of an error.
    fits = decoded.shape == header.shape and decoded.dtype.kind in "iu" and decoded.dtype.itemsize == size
    return decoded if fits else None


def _container(header: StreamHeader) -> np.dtype[np.generic]:
    kind = "i" if header.signed else "u"
    return np.dtype(f"{kind}{1 if header.precision <= 8 else 2 if header.precision <= 16 else 4}")


def _planes(data: bytes | bytearray, header: StreamHeader) -> Samples:
    """Return colour-by-plane bytes as colour-by-pixel samples."""
    planes = np.frombuffer(data, _container(header)).reshape(header.samples, header.rows, header.columns)
    return planes[0] if header.samples == 1 else np.ascontiguousarray(planes.transpose(1, 2, 0))


# RLE -------------------------------------------------------------------------------------------------


def _rle_decode(data: bytes, header: StreamHeader) -> Samples:
    """Return RLE samples; not by the encoder's library, which ends the program on damaged streams."""
    return _planes(imagecodecs.dicomrle_decode(data, _container(header)), header)


def _rle_encode(samples: Samples, header: StreamHeader) -> bytes:
    encoded = rle.utils.encode_pixel_data(
        samples.tobytes(),
        byteorder="<",
        rows=header.rows,
        columns=header.columns,
        samples_per_pixel=header.samples,
        bits_allocated=header.precision,
        number_of_frames=1,
    )
    return bytes(encoded)


# JPEG, JPEG Lossless ---------------------------------------------------------------------------------


def _jpeg_decode(data: bytes, header: StreamHeader) -> Samples:
    """Return the components as they are: naming the same colour space twice switches conversion off."""
    colour: dict[str, Any] = {} if header.samples == 1 else {"colorspace": "YCBCR", "outcolorspace": "YCBCR"}
    return np.asarray(imagecodecs.jpeg8_decode(data, **colour))


def _lossless_turbo(data: bytes, header: StreamHeader) -> Samples:
    """Return lossless samples; the other decoders crash on damaged headers and see our own streams only."""
    return np.asarray(imagecodecs.jpeg8_decode(data if header.samples == 1 else with_neutral_colours(data)))


def _lossless_sof3(data: bytes, header: StreamHeader) -> Samples:
    return np.ascontiguousarray(imagecodecs.jpegsof3_decode(data))


def _lossless_lj92(data: bytes, header: StreamHeader) -> Samples:
    return np.asarray(imagecodecs.ljpeg_decode(data))


def _lossless_encode(samples: Samples, header: StreamHeader) -> bytes:
    colour: dict[str, Any] = {} if header.samples == 1 else {"colorspace": "RGB", "outcolorspace": "RGB"}
    coding: dict[str, Any] = {"predictor": header.predictor, "bitspersample": header.precision}
    return bytes(imagecodecs.jpeg8_encode(samples, lossless=True, **coding, **colour))


def _first_predictor_encode(samples: Samples, header: StreamHeader) -> bytes:
    """Return a frame with selection value 1, the only one that its syntax allows (PS3.5 10.3)."""
    return _lossless_encode(samples, replace(header, predictor=1))


# JPEG-LS ---------------------------------------------------------------------------------------------


def _jpegls_decode(data: bytes, header: StreamHeader) -> Samples:
    return np.ascontiguousarray(imagecodecs.jpegls_decode(data))


def _charls_decode(data: bytes, header: StreamHeader) -> Samples:
    pixels, information = jpeg_ls.decode_pixel_data(data)
    if information["interleave_mode"] == 0:
        return _planes(pixels, header)
    return np.frombuffer(pixels, _container(header)).reshape(header.shape)


def _charls_encode(samples: Samples, header: StreamHeader) -> bytes:
    by_plane = header.samples > 1 and header.interleave == 0
    ordered = samples.transpose(2, 0, 1) if by_plane else samples
    size = header.rows, header.columns, header.samples, header.precision
    return bytes(jpeg_ls.CharLS.encode_buffer(ordered.tobytes(), *size, 0, header.interleave))


def _jpegls_encode(samples: Samples, header: StreamHeader) -> bytes:
    return bytes(imagecodecs.jpegls_encode(samples))


# JPEG 2000, HTJ2K ------------------------------------------------------------------------------------


def _jpeg2k_decode(data: bytes, header: StreamHeader) -> Samples:
    """Return samples, HTJ2K too: OpenJPH is faster, but keeps quiet about streams that are cut short."""
    return np.asarray(imagecodecs.jpeg2k_decode(data))


def _openjpeg_decode(data: bytes, header: StreamHeader) -> Samples:
    return np.asarray(openjpeg.utils.decode(data))


def _openjpeg_encode(samples: Samples, header: StreamHeader) -> bytes:
    colour: dict[str, Any] = {
        "photometric_interpretation": int(header.samples == 3),
        "use_mct": header.colour_transform,
    }
    return bytes(openjpeg.utils.encode_array(samples, bits_stored=header.precision, **colour))


def _jpeg2k_encode(samples: Samples, header: StreamHeader) -> bytes:
    coding: dict[str, Any] = {"bitspersample": header.precision, "mct": header.colour_transform}
    # Few resolutions: pictures of some pixels' width cannot be halved five times.
    encoded = imagecodecs.jpeg2k_encode(
        samples, level=0, reversible=True, codecformat="j2k", resolutions=1, **coding
    )
    return bytes(encoded)


def _htj2k_encode(samples: Samples, header: StreamHeader) -> bytes:
    """Return a frame in RPCL order with tile-part lengths, as HTJ2K Lossless RPCL asks.

    Its precision is that of the samples' bytes, not of the frame it replaces: the values are the same.
    """
    return bytes(imagecodecs.htj2k_encode(samples, rgb=header.colour_transform, reversible=True, tlm=True))


# The table -------------------------------------------------------------------------------------------

DECODERS: Final[Mapping[Stream, tuple[Decoder, ...]]] = MappingProxyType(
    {
        Stream.RLE: (_rle_decode,),
        Stream.JPEG: (_jpeg_decode,),
        Stream.JPEG_LOSSLESS: (_lossless_turbo,),
        Stream.JPEG_LS: (_jpegls_decode, _charls_decode),
        Stream.JPEG_2000: (_jpeg2k_decode, _openjpeg_decode),
        Stream.HTJ2K: (_jpeg2k_decode, _openjpeg_decode),
    }
)
"""By what the stream is, for files whose stream is not what their transfer syntax says."""

_PLAIN = Codec(Stream.NATIVE, (), (), True, "Uncompressed: only the pixels in the boxes are changed.")


def _exact(stream: Stream, *encoders: tuple[Encoder, Decoder]) -> Codec:
    sentence = f"{stream.value}, lossless: touched frames are compressed again, exact outside the boxes."
    return Codec(stream, DECODERS[stream], encoders, True, sentence)


def _lossy(stream: Stream, name: str) -> Codec:
    sentence = f"Its image is compressed with loss ({name}) and cannot be changed exactly in this version."
    return Codec(stream, DECODERS[stream], (), False, sentence)


_JPEG_2000 = _exact(Stream.JPEG_2000, (_openjpeg_encode, _jpeg2k_decode), (_jpeg2k_encode, _openjpeg_decode))
_JPEG_LS = _exact(Stream.JPEG_LS, (_charls_encode, _jpegls_decode), (_jpegls_encode, _charls_decode))
_HTJ2K = _exact(Stream.HTJ2K, (_htj2k_encode, _openjpeg_decode))

CODECS: Final[Mapping[str, Codec]] = MappingProxyType(
    {
        str(uid.ImplicitVRLittleEndian): _PLAIN,
        str(uid.ExplicitVRLittleEndian): _PLAIN,
        str(uid.ExplicitVRBigEndian): _PLAIN,
        str(uid.DeflatedExplicitVRLittleEndian): _PLAIN,
        str(uid.RLELossless): _exact(Stream.RLE, (_rle_encode, _rle_decode)),
        str(uid.JPEGBaseline8Bit): _lossy(Stream.JPEG, "JPEG Baseline"),
        str(uid.JPEGExtended12Bit): _lossy(Stream.JPEG, "JPEG Extended"),
        str(uid.JPEGLossless): _exact(
            Stream.JPEG_LOSSLESS, (_lossless_encode, _lossless_sof3), (_lossless_encode, _lossless_lj92)
        ),
        str(uid.JPEGLosslessSV1): _exact(
            Stream.JPEG_LOSSLESS,
            (_first_predictor_encode, _lossless_sof3),
            (_first_predictor_encode, _lossless_lj92),
        ),
        str(uid.JPEGLSLossless): _JPEG_LS,
        str(uid.JPEGLSNearLossless): _lossy(Stream.JPEG_LS, "JPEG-LS Near-Lossless"),
        str(uid.JPEG2000Lossless): _JPEG_2000,
        str(uid.JPEG2000): _lossy(Stream.JPEG_2000, "JPEG 2000"),
        str(uid.HTJ2KLossless): _HTJ2K,
        str(uid.HTJ2KLosslessRPCL): _HTJ2K,
        str(uid.HTJ2K): _lossy(Stream.HTJ2K, "High-Throughput JPEG 2000"),
    }
)
"""By Transfer Syntax UID (PS3.5 A); a syntax that is not here can be neither shown nor changed."""
