"""What decodes and encodes compressed frames: a function per library and kind of stream, with its licence."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import imagecodecs
import jpeg_ls
import numpy as np
import openjpeg.utils
import rle.utils
from numpy.typing import NDArray

from viewer.dicom.streams import StreamHeader, coloured_like, with_neutral_colours

Samples: TypeAlias = NDArray[np.generic]
"""Integers as the stream holds them: (rows, columns) or (rows, columns, samples)."""


@dataclass(frozen=True, slots=True)
class Library:
    """Who wrote a coder. `licence`: SPDX. `frees_gil`: other threads go on while it works (measured)."""

    name: str
    licence: str
    frees_gil: bool


_TURBO: Final = Library("imagecodecs (libjpeg-turbo)", "BSD-3-Clause AND IJG", True)
_SOF3: Final = Library("imagecodecs (jpegsof3)", "BSD-3-Clause", True)
_LJ92: Final = Library("imagecodecs (liblj92)", "BSD-3-Clause AND MIT", True)
_CHARLS: Final = Library("imagecodecs (CharLS)", "BSD-3-Clause", True)
_PYJPEGLS: Final = Library("pyjpegls (CharLS)", "MIT AND BSD-3-Clause", False)
_OPENJPEG: Final = Library("imagecodecs (OpenJPEG)", "BSD-3-Clause AND BSD-2-Clause", True)
_PYLIBJPEG: Final = Library("pylibjpeg-openjpeg (OpenJPEG)", "MIT AND BSD-2-Clause", False)
_OPENJPH: Final = Library("imagecodecs (OpenJPH)", "BSD-3-Clause AND BSD-2-Clause", True)
_DICOMRLE: Final = Library("imagecodecs (dicomrle)", "BSD-3-Clause", True)
_RLE: Final = Library("pylibjpeg-rle", "MIT", False)
_JXL: Final = Library("imagecodecs (libjxl)", "BSD-3-Clause", True)
_ZLIB: Final = Library("Python (zlib)", "PSF-2.0 AND Zlib", True)


@dataclass(frozen=True, slots=True)
class Decoder:
    """Makes samples of one compressed frame; raises what its library raises."""

    library: Library
    run: Callable[[bytes, StreamHeader], Samples]


@dataclass(frozen=True, slots=True)
class Encoder:
    """Makes one compressed frame, without loss, in the coding of the one that a header describes."""

    library: Library
    run: Callable[[Samples, StreamHeader], bytes]


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
    return np.asarray(imagecodecs.jpeg8_decode(_neutral(data, header)))


def _lossless_sof3(data: bytes, header: StreamHeader) -> Samples:
    return np.ascontiguousarray(imagecodecs.jpegsof3_decode(_neutral(data, header)))


def _lossless_lj92(data: bytes, header: StreamHeader) -> Samples:
    return np.asarray(imagecodecs.ljpeg_decode(_neutral(data, header)))


def _neutral(data: bytes, header: StreamHeader) -> bytes:
    return data if header.samples == 1 else with_neutral_colours(data)


def _lossless_encode(samples: Samples, header: StreamHeader) -> bytes:
    """Return a frame whose component names and markers say of its colours what they did before."""
    colour: dict[str, Any] = {} if header.samples == 1 else {"colorspace": "RGB", "outcolorspace": "RGB"}
    coding: dict[str, Any] = {"predictor": header.predictor, "bitspersample": header.precision}
    return coloured_like(bytes(imagecodecs.jpeg8_encode(samples, lossless=True, **coding, **colour)), header)


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


# JPEG XL ---------------------------------------------------------------------------------------------


def _jxl_decode(data: bytes, header: StreamHeader) -> Samples:
    return np.asarray(imagecodecs.jpegxl_decode(data))


def _jxl_encode(samples: Samples, header: StreamHeader) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(samples, lossless=True, usecontainer=False))


# Deflated Image Frame --------------------------------------------------------------------------------


def _inflate(data: bytes, header: StreamHeader) -> Samples:
    """Return the samples of a frame that was deflated as it would stand uncompressed (PS3.5 A.4.13)."""
    count = header.rows * header.columns * header.samples
    size = (count * header.precision + 7) // 8
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    raw = inflater.decompress(data, size + 1)
    if len(raw) - size not in (0, size % 2) or not inflater.eof:
        raise ValueError("the frame has another size")
    if header.precision == 1:
        bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little", count=count)
        return bits.reshape(header.shape)
    if header.interleave == 0:
        return _planes(raw[:size], header)
    return np.frombuffer(raw[:size], _container(header)).reshape(header.shape)


def _deflate(samples: Samples, header: StreamHeader) -> bytes:
    if header.precision == 1:
        raw = np.packbits(samples.ravel().astype(np.uint8), bitorder="little").tobytes()
    else:
        by_plane = header.samples > 1 and header.interleave == 0
        raw = np.ascontiguousarray(samples.transpose(2, 0, 1) if by_plane else samples).tobytes()
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(raw) + deflater.flush()


# By library ------------------------------------------------------------------------------------------

READS_RLE: Final = Decoder(_DICOMRLE, _rle_decode)
WRITES_RLE: Final = Encoder(_RLE, _rle_encode)
READS_JPEG: Final = Decoder(_TURBO, _jpeg_decode)
READS_LOSSLESS: Final = Decoder(_TURBO, _lossless_turbo)
READS_LOSSLESS_SOF3: Final = Decoder(_SOF3, _lossless_sof3)
READS_LOSSLESS_LJ92: Final = Decoder(_LJ92, _lossless_lj92)
WRITES_LOSSLESS: Final = Encoder(_TURBO, _lossless_encode)
READS_JPEG_LS: Final = Decoder(_CHARLS, _jpegls_decode)
READS_JPEG_LS_TOO: Final = Decoder(_PYJPEGLS, _charls_decode)
WRITES_JPEG_LS: Final = Encoder(_PYJPEGLS, _charls_encode)
WRITES_JPEG_LS_TOO: Final = Encoder(_CHARLS, _jpegls_encode)
READS_JPEG_2000: Final = Decoder(_OPENJPEG, _jpeg2k_decode)
READS_JPEG_2000_TOO: Final = Decoder(_PYLIBJPEG, _openjpeg_decode)
WRITES_JPEG_2000: Final = Encoder(_PYLIBJPEG, _openjpeg_encode)
WRITES_JPEG_2000_TOO: Final = Encoder(_OPENJPEG, _jpeg2k_encode)
WRITES_HTJ2K: Final = Encoder(_OPENJPH, _htj2k_encode)
READS_JPEG_XL: Final = Decoder(_JXL, _jxl_decode)
WRITES_JPEG_XL: Final = Encoder(_JXL, _jxl_encode)
INFLATES: Final = Decoder(_ZLIB, _inflate)
DEFLATES: Final = Encoder(_ZLIB, _deflate)
