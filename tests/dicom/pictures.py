"""Small images of every kind in every transfer syntax that the program writes, made for the tests."""

import io
import struct
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import itemize_frame
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from viewer.dicom.codecs import DEFLATED_IMAGE_FRAME, JPEG_XL_LOSSLESS, SYNTAXES, encode_frame
from viewer.dicom.streams import Stream, StreamHeader

NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
PACKED = (
    RLELossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    UID(DEFLATED_IMAGE_FRAME),
    UID(JPEG_XL_LOSSLESS),
)


@dataclass(frozen=True)
class Kind:
    """What the image pixel module says, and the stored value that is black."""

    photometric: str
    allocated: int
    stored: int
    signed: bool = False
    samples: int = 1
    planar: int = 0
    black: tuple[int, ...] = (0,)
    float_tag: int = 0

    @property
    def dtype(self) -> np.dtype[np.generic]:
        letter = "f" if self.float_tag else "i" if self.signed else "u"
        return np.dtype(f"{letter}{max(self.allocated // 8, 1)}")


KINDS = {
    "mono8": Kind("MONOCHROME2", 8, 8),
    "mono8s": Kind("MONOCHROME2", 8, 8, signed=True, black=(-128,)),
    "mono12": Kind("MONOCHROME2", 16, 12),
    "mono12s": Kind("MONOCHROME2", 16, 12, signed=True, black=(-2048,)),
    "mono16s": Kind("MONOCHROME2", 16, 16, signed=True, black=(-32768,)),
    "mono1-12": Kind("MONOCHROME1", 16, 12, black=(4095,)),
    "mono1-12s": Kind("MONOCHROME1", 16, 12, signed=True, black=(2047,)),
    "rgb": Kind("RGB", 8, 8, samples=3, black=(0, 0, 0)),
    "rgb-planes": Kind("RGB", 8, 8, samples=3, planar=1, black=(0, 0, 0)),
    "ybr": Kind("YBR_FULL", 8, 8, samples=3, black=(0, 128, 128)),
    "ybr-rct": Kind("YBR_RCT", 8, 8, samples=3, black=(0, 0, 0)),
    "palette": Kind("PALETTE COLOR", 8, 8, black=(7,)),
    "palette16": Kind("PALETTE COLOR", 16, 16, black=(7,)),
    "bit": Kind("MONOCHROME2", 1, 1),
    "mono32": Kind("MONOCHROME2", 32, 32),
    "ybr422": Kind("YBR_FULL_422", 8, 8, samples=3, black=(0, 128, 128)),
    "float": Kind("MONOCHROME2", 32, 32, float_tag=0x7FE00008),
    "double": Kind("MONOCHROME2", 64, 64, float_tag=0x7FE00009),
}


def label(syntax: UID) -> str:
    """The name of a transfer syntax without spaces."""
    return SYNTAXES[syntax].name.replace(" ", "")


def fits(kind: Kind, syntax: UID) -> bool:
    """Whether a kind of image may stand in a transfer syntax (PS3.5 8.2) and the program encodes it."""
    if syntax in NATIVE:
        return kind.photometric != "YBR_RCT"
    stream = SYNTAXES[syntax].stream
    if stream is Stream.DEFLATED:
        return not kind.float_tag and kind.photometric not in ("YBR_FULL_422", "YBR_RCT")
    if kind.float_tag or kind.allocated in (1, 32) or kind.photometric == "YBR_FULL_422" or kind.planar:
        return kind.allocated == 32 and not kind.float_tag and syntax == RLELossless
    if kind.photometric == "YBR_RCT":
        return stream in (Stream.JPEG_2000, Stream.HTJ2K)
    if stream is Stream.JPEG_XL:
        return kind.photometric != "YBR_FULL"
    return True


def values(kind: Kind, frames: int = 1, *, rows: int = 13, columns: int = 22, seed: int = 1) -> NDArray:
    """Noise over the whole range of stored values, never black: (frames, rows, columns[, samples])."""
    random = np.random.default_rng(seed)
    shape = (frames, rows, columns) if kind.samples == 1 else (frames, rows, columns, kind.samples)
    if kind.float_tag:
        return random.normal(5, 1, shape).astype(kind.dtype)
    low = -(1 << kind.stored - 1) if kind.signed else 0
    made = random.integers(low + (kind.stored > 1), low + (1 << kind.stored) - 1, shape, endpoint=False)
    if kind.stored == 1:
        made = np.ones(shape)
    if kind.photometric == "PALETTE COLOR":
        made[made == kind.black[0]] += 1
    made = made.astype(kind.dtype)
    if kind.photometric == "YBR_FULL_422":
        made[:, :, 1::2, 1:] = made[:, :, ::2, 1:]
    return made


def picture(
    kind: Kind,
    syntax: UID = ExplicitVRLittleEndian,
    *,
    pixels: NDArray | None = None,
    frames: int = 1,
    tables: str = "basic",
    fragments: int = 1,
) -> Dataset:
    """A data set as read from a file. `tables`: "basic", "extended" or "none"."""
    pixels = values(kind, frames) if pixels is None else pixels
    dataset = _header(kind, pixels, syntax)
    if syntax in NATIVE:
        tag = kind.float_tag or 0x7FE00010
        vr = {0x7FE00008: "OF", 0x7FE00009: "OD"}.get(tag, "OW" if kind.allocated > 8 else "OB")
        if syntax == ImplicitVRLittleEndian and tag == 0x7FE00010:
            vr = "OW"
        data = native(kind, pixels, big=syntax == ExplicitVRBigEndian)
        dataset.add_new(tag, vr, data + b"\0" * (len(data) % 2))
    else:
        put_streams(dataset, [stream(kind, syntax, p) for p in pixels], tables, fragments)
    return reread(dataset)


def reread(dataset: Dataset) -> Dataset:
    """The data set after it was written and read."""
    buffer = DicomBytesIO()
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_transfer_syntax:
        dcmwrite(buffer, dataset, enforce_file_format=True)
    else:  # newer than pydicom
        meta = dataset.file_meta
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, "2.25.1"
        buffer.write(bytes(128) + b"DICM")
        write_file_meta_info(buffer, meta, enforce_standard=True)
        buffer.is_implicit_VR, buffer.is_little_endian = False, True
        dataset.set_original_encoding(False, True)
        write_dataset(buffer, dataset)
    return dcmread(io.BytesIO(buffer.getvalue()))


def _header(kind: Kind, pixels: NDArray, syntax: UID) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "2.25.1"
    dataset.Rows, dataset.Columns = pixels.shape[1:3]
    dataset.SamplesPerPixel = kind.samples
    dataset.PhotometricInterpretation = kind.photometric
    dataset.NumberOfFrames = len(pixels)
    dataset.BitsAllocated = kind.allocated
    if not kind.float_tag:
        dataset.BitsStored, dataset.HighBit = kind.stored, kind.stored - 1
        dataset.PixelRepresentation = int(kind.signed)
    if kind.samples > 1:
        dataset.PlanarConfiguration = kind.planar
    if kind.photometric == "PALETTE COLOR":
        _put_palette(dataset, big=syntax == ExplicitVRBigEndian)
    return dataset


def _put_palette(dataset: Dataset, *, big: bool) -> None:
    """256 bright colours of 16 bits, of which entry 7 is the darkest by luma (blue) but not by sum."""
    table = np.full((256, 3), 40000, np.uint16)
    table[:, 0] += np.arange(256, dtype=np.uint16)
    table[7], table[9] = (0, 0, 60000), (19000, 19000, 0)
    for number, name in enumerate(("Red", "Green", "Blue")):
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        data = table[:, number].astype(">u2" if big else "<u2").tobytes()
        setattr(dataset, f"{name}PaletteColorLookupTableData", data)


def native(kind: Kind, pixels: NDArray, *, big: bool = False) -> bytes:
    """Uncompressed pixel data without padding."""
    if kind.allocated == 1:
        return np.packbits(pixels.ravel(), bitorder="little").tobytes()
    if kind.photometric == "YBR_FULL_422":
        pairs = pixels.reshape(*pixels.shape[:2], -1, 2, 3)
        pixels = np.stack([pairs[..., 0, 0], pairs[..., 1, 0], pairs[..., 0, 1], pairs[..., 0, 2]], axis=-1)
    if kind.planar:
        pixels = pixels.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(pixels).astype(pixels.dtype.newbyteorder(">" if big else "<")).tobytes()


def stream(kind: Kind, syntax: UID, frame: NDArray) -> bytes:
    """One frame compressed without loss."""
    codec = SYNTAXES[syntax]
    words = codec.stream in (Stream.RLE, Stream.HTJ2K, Stream.DEFLATED, Stream.JPEG_XL)
    signed = kind.signed and codec.stream in (Stream.JPEG_2000, Stream.HTJ2K)
    header = StreamHeader(
        codec.stream,
        *frame.shape[:2],
        kind.samples,
        kind.allocated if words else kind.stored,
        signed=signed,
        colour_transform=kind.photometric == "YBR_RCT",
        predictor=4 if syntax == JPEGLossless else 1,
        interleave=2 if kind.samples > 1 and not kind.planar else 0,
        names=b"RGB" if kind.photometric == "RGB" else bytes(range(1, kind.samples + 1)),
        markers=_ADOBE_RGB if kind.photometric == "RGB" else b"",
    )
    if not signed:
        frame = frame.view(f"u{frame.dtype.itemsize}")
        frame = frame if words else frame & np.array((1 << kind.stored) - 1, frame.dtype)
    return encode_frame(frame, header)


def put_streams(dataset: Dataset, streams: list[bytes], tables: str = "basic", fragments: int = 1) -> None:
    """Encapsulate streams, each in so many fragments, with the offset tables asked for."""
    frames = [b"".join(itemize_frame(s, fragments)) for s in streams]
    offsets = [sum(map(len, frames[:i])) for i in range(len(frames))]
    table = struct.pack(f"<{len(offsets)}L", *offsets) if tables == "basic" else b""
    value = b"\xfe\xff\x00\xe0" + struct.pack("<L", len(table)) + table + b"".join(frames)
    dataset.add_new(0x7FE00010, "OB", value)
    dataset["PixelData"].is_undefined_length = True
    if tables == "extended":
        dataset.ExtendedOffsetTable = struct.pack(f"<{len(offsets)}Q", *offsets)
        dataset.ExtendedOffsetTableLengths = struct.pack(f"<{len(frames)}Q", *(len(f) - 8 for f in frames))


_ADOBE_RGB = b"\xff\xee\x00\x0eAdobe\0\x64\0\0\0\0\0"


def both(kind: Kind, syntax: UID, **options: object) -> tuple[Dataset, Dataset]:
    """The same file read twice: a source, and an output to be changed."""
    one = picture(kind, syntax, **options)  # type: ignore[arg-type]
    return one, reread(one)


ALL = [(name, syntax) for name, kind in KINDS.items() for syntax in (*NATIVE, *PACKED) if fits(kind, syntax)]
IDS = [f"{name}-{label(syntax)}" for name, syntax in ALL]
DEEPER = replace(KINDS["mono12"], stored=16)
"""For bits above those stored."""
