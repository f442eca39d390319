"""Decodes compressed frames for the checker, with decoders of another origin than the encoder's."""

import struct
import zlib
from functools import cache
from typing import Any, Final

import imagecodecs
import numpy as np
import openjpeg.utils
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import Decoder, DecodeRunner, get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

FAILURES: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom and its decoders raise on data that they cannot handle."""

DECODER_DEPENDENCIES: Final[dict[str, tuple[str, ...]]] = {}
"""Asked for by pydicom of every module that holds a decoder plug-in."""


class NotDecoded(Exception):
    """No decoder reads a frame."""


def decoded(dataset: Dataset, data: bytes) -> tuple[NDArray[Any], str]:
    """Return one frame as unsigned words (rows, columns, samples) and the photometric interpretation.

    Raises NotDecoded.
    """
    if str(dataset.file_meta.TransferSyntaxUID) in _WITHOUT_PYDICOM:
        return _decoded_without_pydicom(dataset, data)
    failed = None
    for decoder, plugin in _decoders(str(dataset.file_meta.TransferSyntaxUID)):
        try:
            made, properties = decoder.as_array(
                encapsulate([data]), index=0, raw=True, decoding_plugin=plugin, **_options(dataset)
            )
        except FAILURES as error:
            failed = error
            continue
        words = made.view(f"u{made.dtype.itemsize}").reshape(*made.shape[:2], -1)
        return words, str(properties["photometric_interpretation"])
    raise NotDecoded from failed


def _decoded_without_pydicom(dataset: Dataset, data: bytes) -> tuple[NDArray[Any], str]:
    """Return a frame in a syntax that pydicom does not know: deflated, or JPEG XL."""
    shape = int(dataset.Rows), int(dataset.Columns), int(dataset.get("SamplesPerPixel") or 1)
    bits = int(dataset.BitsAllocated)
    photometric = str(dataset.PhotometricInterpretation)
    try:
        if str(dataset.file_meta.TransferSyntaxUID) != _DEFLATED:
            samples = np.asarray(imagecodecs.jpegxl_decode(data)).reshape(shape)
            return samples.view(f"u{samples.dtype.itemsize}"), photometric
        inflated = zlib.decompressobj(-15).decompress(data, 1 << 30)
        if bits == 1:
            words = np.unpackbits(np.frombuffer(inflated, np.uint8), bitorder="little")
        else:
            words = np.frombuffer(inflated, f"<u{bits // 8}")
        if words.size < np.prod(shape):
            raise ValueError("too few samples")
        words = words[: int(np.prod(shape))]
        if int(dataset.get("PlanarConfiguration") or 0):
            return words.reshape(shape[2], *shape[:2]).transpose(1, 2, 0), photometric
        return words.reshape(shape), photometric
    except (zlib.error, *FAILURES) as error:
        raise NotDecoded from error


def _options(dataset: Dataset) -> dict[str, Any]:
    return {
        "rows": dataset.Rows,
        "columns": dataset.Columns,
        "samples_per_pixel": int(dataset.get("SamplesPerPixel") or 1),
        "bits_allocated": dataset.BitsAllocated,
        "bits_stored": dataset.BitsStored,
        "pixel_representation": int(dataset.get("PixelRepresentation") or 0),
        "planar_configuration": int(dataset.get("PlanarConfiguration") or 0),
        "photometric_interpretation": str(dataset.PhotometricInterpretation),
        "number_of_frames": 1,
        "correct_unused_bits": False,
    }


@cache
def _decoders(syntax: str) -> tuple[tuple[Decoder, str], ...]:
    """Return pydicom decoders and plug-ins for a transfer syntax, of another origin than the encoder first.

    pydicom has no plug-in for JPEG Lossless and HTJ2K without packages that are not used here; one is added
    to a decoder of its own, so that pydicom itself is not changed.
    """
    plugins = {
        RLELossless: ["pydicom"],
        JPEGLSLossless: ["pyjpegls"],
        JPEGLSNearLossless: ["pyjpegls"],
        JPEG2000Lossless: ["pillow"],
        JPEG2000: ["pillow"],
    }
    found = [(get_decoder(syntax), plugin) for plugin in plugins.get(UID(syntax), [])]
    if syntax in _OWN:
        own = Decoder(UID(syntax))
        own.add_plugin("own", (__name__, "decode_for_check"))
        found.append((own, "own"))
    return tuple(found)


_JPEG_LOSSLESS: Final = (JPEGLossless, JPEGLosslessSV1)
_OWN: Final = (*_JPEG_LOSSLESS, JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K)
_DEFLATED: Final = "1.2.840.10008.1.2.8.1"
_WITHOUT_PYDICOM: Final = (_DEFLATED, "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.112")


def is_available(syntax: str) -> bool:
    """Return whether `decode_for_check` reads a transfer syntax; pydicom asks this of plug-ins."""
    return syntax in _OWN


def decode_for_check(data: bytes, runner: DecodeRunner) -> bytes:
    """Return the samples of one frame as bytes, by pixel: the form that pydicom asks of plug-ins."""
    if runner.transfer_syntax in _JPEG_LOSSLESS:
        # Its decoder crashes on damaged headers: a sturdy one has to accept the stream first.
        space = "RGB" if runner.samples_per_pixel == 3 else None
        if imagecodecs.jpeg8_decode(data, colorspace=space, outcolorspace=space).shape[:2] != (
            runner.rows,
            runner.columns,
        ):
            raise ValueError("the frame has another size")
        samples = np.asarray(imagecodecs.jpegsof3_decode(data))
    else:
        samples = np.asarray(openjpeg.utils.decode(data))
        if runner.photometric_interpretation in ("YBR_RCT", "YBR_ICT"):
            runner.set_option("photometric_interpretation", "RGB")
    if samples.shape[:2] != (runner.rows, runner.columns):
        raise ValueError("the frame has another size")
    runner.set_option("bits_allocated", 8 * samples.dtype.itemsize)
    runner.set_option("planar_configuration", 0)
    return samples.tobytes()
