"""Every codec gives back what went in; what cannot be true is refused before anything is allocated."""

import io
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.dicom.pictures import (
    ALL,
    IDS,
    KINDS,
    NATIVE,
    PACKED,
    label,
    picture,
    put_streams,
    reread,
    stream,
    values,
)
from viewer.dicom.codecs import CODECS, SYNTAXES, decode_stream, encode_frame
from viewer.dicom.errors import Unsupported
from viewer.dicom.frames import decode_frame, decode_rgb, encapsulated_frames, frame_count
from viewer.dicom.pixel_format import pixel_format
from viewer.dicom.streams import Stream, StreamHeader, stream_header


@pytest.mark.parametrize(("name", "syntax"), ALL, ids=IDS)
@pytest.mark.parametrize("frames", [1, 3])
def test_stored_values_come_back(name: str, syntax: UID, frames: int) -> None:
    kind = KINDS[name]
    dataset = picture(kind, syntax, frames=frames)
    before = {int(tag) for tag in dataset.keys() if dataset.get_item(tag).is_raw}  # noqa: SIM118
    pixels = values(kind, frames)
    assert frame_count(dataset) == frames
    for index in range(frames):
        decoded = decode_frame(dataset, index)
        assert decoded.dtype == kind.dtype
        np.testing.assert_array_equal(decoded, pixels[index])
    assert before == {int(tag) for tag in dataset.keys() if dataset.get_item(tag).is_raw}  # noqa: SIM118


def test_big_endian_bytes_in_words_are_swapped() -> None:
    kind = KINDS["mono8"]
    pixels = values(kind, 2, rows=5, columns=7)
    dataset = picture(kind, ExplicitVRBigEndian, pixels=pixels)
    data = pixels.tobytes()
    dataset[0x7FE00010] = dataset.get_item(0x7FE00010)._replace(
        VR="OW", value=np.frombuffer(data, "u2").byteswap().tobytes()
    )
    np.testing.assert_array_equal(decode_frame(dataset, 1), pixels[1])


def test_bits_above_those_stored_are_kept() -> None:
    pixels = values(KINDS["mono12"]) | np.uint16(0xA000)
    for syntax in (ExplicitVRLittleEndian, RLELossless):
        np.testing.assert_array_equal(
            decode_frame(picture(KINDS["mono12"], syntax, pixels=pixels), 0), pixels[0]
        )


def test_a_data_set_made_in_memory_can_be_decoded() -> None:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = RLELossless
    read = picture(KINDS["mono12"], RLELossless)
    for element in read:
        dataset[element.tag] = element
    np.testing.assert_array_equal(decode_frame(dataset, 0), values(KINDS["mono12"])[0])


# Fragments and offset tables


@pytest.mark.parametrize("tables", ["basic", "extended", "none"])
@pytest.mark.parametrize("fragments", [1, 3])
def test_frames_are_told_apart(tables: str, fragments: int) -> None:
    if tables == "extended" and fragments > 1:
        pytest.skip("An extended offset table allows one fragment per frame.")
    kind, syntax = KINDS["mono12"], JPEGLosslessSV1
    dataset = picture(kind, syntax, frames=4, tables=tables, fragments=fragments)
    frames = encapsulated_frames(dataset)
    assert [len(f) for f in frames] == [fragments] * 4
    streams = [stream(kind, syntax, p) for p in values(kind, 4)]
    assert [b"".join(map(bytes, f))[: len(s)] for f, s in zip(frames, streams, strict=True)] == streams


def test_a_wrong_offset_table_is_not_believed() -> None:
    dataset = picture(KINDS["mono8"], RLELossless, frames=3)
    value = bytearray(dataset.get_item(0x7FE00010).value)
    value[12:16] = struct.pack("<L", 5)
    dataset[0x7FE00010] = dataset.get_item(0x7FE00010)._replace(value=bytes(value))
    np.testing.assert_array_equal(decode_frame(dataset, 2), values(KINDS["mono8"], 3)[2])


def test_frames_that_cannot_be_told_apart_are_refused() -> None:
    dataset = picture(KINDS["mono8"], RLELossless, frames=4, tables="none", fragments=2)
    with pytest.raises(Unsupported, match="told apart"):
        encapsulated_frames(dataset)


# The stream is believed, not the transfer syntax


def _with_streams(streams: list[bytes], syntax: UID, photometric: str, stored: int, samples: int) -> Dataset:
    kind = KINDS["rgb" if samples == 3 else "mono8" if stored == 8 else "mono12"]
    dataset = picture(kind, RLELossless, pixels=values(kind, len(streams), rows=48, columns=64))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PhotometricInterpretation, dataset.BitsStored, dataset.HighBit = photometric, stored, stored - 1
    put_streams(dataset, streams)
    return reread(dataset)


SMOOTH = np.add.outer(np.arange(48), 2 * np.arange(64)).astype(np.uint8)
COLOURS = np.stack([SMOOTH, SMOOTH[::-1], SMOOTH[:, ::-1]], axis=-1)


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGLosslessSV1])
def test_jpeg_baseline_is_decoded_even_where_it_should_not_be(syntax: UID) -> None:
    dataset = _with_streams([imagecodecs.jpeg8_encode(SMOOTH, 95)], syntax, "MONOCHROME2", 8, 1)
    assert np.abs(decode_frame(dataset, 0).astype(int) - SMOOTH).max() < 8


def test_twelve_bit_jpeg_is_decoded() -> None:
    deep = SMOOTH.astype(np.uint16) * 16
    data = imagecodecs.jpeg8_encode(deep, 98, bitspersample=12)
    dataset = _with_streams([data], JPEGExtended12Bit, "MONOCHROME2", 12, 1)
    decoded = decode_frame(dataset, 0)
    assert decoded.dtype == np.uint16
    assert np.abs(decoded.astype(int) - deep).max() < 64


@pytest.mark.parametrize("subsampling", ["444", "422"])
def test_jpeg_colours_are_as_stored_and_shown_as_rgb(subsampling: str) -> None:
    data = imagecodecs.jpeg8_encode(COLOURS, 98, outcolorspace="YCBCR", subsampling=subsampling)
    dataset = _with_streams([data], JPEGBaseline8Bit, "YBR_FULL_422", 8, 3)
    red, green, blue = np.moveaxis(COLOURS.astype(float), -1, 0)
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    assert np.abs(decode_frame(dataset, 0)[..., 0] - luminance).max() < 8
    difference = np.abs(decode_rgb(dataset, 0).astype(int) - COLOURS)
    assert np.percentile(difference, 90) < 12


def test_jpeg_in_red_green_blue_is_not_converted() -> None:
    data = imagecodecs.jpeg8_encode(COLOURS, 98, colorspace="RGB", outcolorspace="RGB")
    for photometric in ("RGB", "YBR_FULL_422"):
        dataset = _with_streams([data], JPEGBaseline8Bit, photometric, 8, 3)
        assert np.abs(decode_rgb(dataset, 0).astype(int) - COLOURS).max() < 12


@pytest.mark.parametrize("syntax", PACKED, ids=label)
def test_streams_that_are_cut_short_are_refused(syntax: UID) -> None:
    whole = stream(KINDS["mono12"], syntax, values(KINDS["mono12"])[0])
    cut = [whole[: len(whole) // 2], whole[:40], whole[:3]]
    if SYNTAXES[syntax].stream in (Stream.JPEG_LS, Stream.JPEG_2000, Stream.HTJ2K):
        cut.append(whole[: len(whole) // 2] + whole[-4:])
    for part in cut:
        dataset = picture(KINDS["mono12"], syntax)
        put_streams(dataset, [part])
        with pytest.raises(Unsupported):
            decode_frame(dataset, 0)


@pytest.mark.parametrize("syntax", PACKED, ids=label)
@pytest.mark.parametrize("name", ["mono12", "rgb"])
def test_damaged_streams_give_a_picture_or_a_sentence(name: str, syntax: UID) -> None:
    """Nothing but Unsupported comes out, and no decoder takes the whole program down."""
    random = np.random.default_rng(7)
    whole = stream(KINDS[name], syntax, values(KINDS[name])[0])
    dataset = picture(KINDS[name], syntax)
    refusals = 0
    for turn in range(150):
        damaged = bytearray(whole)
        for _ in range(random.integers(1, 5)):
            damaged[random.integers(0, len(whole) if turn % 2 else min(160, len(whole)))] = random.integers(
                256
            )
        put_streams(dataset, [bytes(damaged)])
        try:
            assert decode_frame(dataset, 0).shape[:2] == (13, 22)
        except Unsupported:
            refusals += 1
    assert refusals > 3


def test_lossless_jpeg_colours_are_not_converted_whatever_the_markers_say() -> None:
    """Components 1, 2, 3 and a JFIF segment mean YBR to most decoders; the samples come back all the same."""
    pixels = values(KINDS["rgb"], rows=30, columns=41)
    named = bytearray(stream(KINDS["rgb"], JPEGLosslessSV1, pixels[0]))
    for marker, first, step in ((b"\xff\xc3", 10, 3), (b"\xff\xda", 5, 2)):
        at = named.index(marker) + first
        named[at : at + 3 * step : step] = b"\1\2\3"
    assert named[2:4] == b"\xff\xee"
    jfif = b"\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    for markers in (jfif, b""):
        dataset = picture(KINDS["rgb"], JPEGLosslessSV1, pixels=pixels)
        put_streams(dataset, [bytes(named[:2]) + markers + bytes(named[18:])])
        np.testing.assert_array_equal(decode_frame(dataset, 0), pixels[0])


@pytest.mark.parametrize("syntax", [s for s in PACKED if s != RLELossless], ids=label)
def test_a_stream_of_another_size_is_refused(syntax: UID) -> None:
    dataset = picture(KINDS["mono12"], syntax)
    dataset.Rows += 1
    with pytest.raises(Unsupported, match=r"another size|damaged or cut short"):
        decode_frame(dataset, 0)


# Hostile headers

HOSTILE = [
    {"Rows": 0},
    {"Columns": 0},
    {"BitsAllocated": 0},
    {"BitsAllocated": 12},
    {"BitsStored": 0},
    {"BitsStored": 17},
    {"HighBit": 3},
    {"SamplesPerPixel": 65535},
    {"NumberOfFrames": 1_000_000},
    {"NumberOfFrames": 2_000_000_000},
    {"Rows": 65535, "Columns": 65535},
    {"Rows": 65535, "Columns": 65535, "BitsAllocated": 32},
]


@pytest.mark.parametrize("header", HOSTILE, ids=str)
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless])
def test_headers_that_cannot_be_true_are_refused_at_once(header: dict[str, int], syntax: UID) -> None:
    dataset = picture(KINDS["mono12"], syntax)
    for keyword, value in header.items():
        setattr(dataset, keyword, value)
    tracemalloc.start()
    try:
        with pytest.raises(Unsupported):
            decode_frame(dataset, 0)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_what_has_no_image_or_no_such_frame_is_refused() -> None:
    dataset = picture(KINDS["mono8"])
    for index in (-1, 1):
        with pytest.raises(Unsupported, match="no frame"):
            decode_frame(dataset, index)
    del dataset[0x7FE00010]
    assert frame_count(dataset) == 0
    with pytest.raises(Unsupported, match="no image"):
        decode_frame(dataset, 0)


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2.4.102", "1.2.840.113619.5.2", "1.2.3"])
def test_an_unknown_transfer_syntax_is_refused(uid: str) -> None:
    dataset = picture(KINDS["mono8"])
    dataset.file_meta.TransferSyntaxUID = UID(uid)
    with pytest.raises(Unsupported, match="cannot read"):
        pixel_format(dataset)


# Colours


@pytest.mark.parametrize("syntax", [*NATIVE, RLELossless, JPEGLSLossless], ids=label)
@pytest.mark.parametrize("name", ["palette", "palette16"])
def test_palettes_are_shown(name: str, syntax: UID) -> None:
    indexes = values(KINDS[name])
    indexes[0, 0, :2] = 7, 9
    shown = decode_rgb(picture(KINDS[name], syntax, pixels=indexes), 0)
    assert shown.dtype == np.uint8
    assert shown[0, 0].tolist() == [0, 0, 60000 >> 8]
    assert shown[0, 1].tolist() == [19000 >> 8, 19000 >> 8, 0]


@pytest.mark.parametrize("name", ["ybr", "ybr422"])
def test_luminance_and_chrominance_are_shown_as_rgb(name: str) -> None:
    pixels = values(KINDS[name])
    pixels[0, :2, :2] = 76, 85, 255
    red = decode_rgb(picture(KINDS[name], pixels=pixels), 0)[0, 0]
    assert np.abs(red.astype(int) - (255, 0, 0)).max() <= 2


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, HTJ2KLossless, ExplicitVRLittleEndian])
def test_red_green_blue_is_shown_as_it_is(syntax: UID) -> None:
    name = "rgb" if syntax == ExplicitVRLittleEndian else "ybr-rct"
    np.testing.assert_array_equal(decode_rgb(picture(KINDS[name], syntax), 0), values(KINDS[name])[0])


def test_grey_is_no_colour_image() -> None:
    with pytest.raises(Unsupported, match="no colour image"):
        decode_rgb(picture(KINDS["mono8"]), 0)


# Encoding


def test_what_does_not_come_back_is_not_accepted() -> None:
    """An encoder whose result another decoder reads differently is passed over, and without one it fails."""
    samples = values(KINDS["mono12"], rows=64, columns=70)[0]
    codec = CODECS[Stream.JPEG_2000]
    like = StreamHeader(Stream.JPEG_2000, *samples.shape, 1, 12)

    encoder, decoder = codec.encoders[0]

    def faulty(picture: np.ndarray, header: StreamHeader) -> bytes:
        return encoder.run(picture + 1, header)

    only_faulty = replace(codec, encoders=((replace(encoder, run=faulty), decoder),))
    with pytest.raises(Unsupported, match="without loss"):
        encode_frame(samples, like, only_faulty)
    second = replace(codec, encoders=(*only_faulty.encoders, codec.encoders[1]))
    data = encode_frame(samples, like, second)
    np.testing.assert_array_equal(decode_stream(data, stream_header(data, like)), samples)


def test_rpcl_streams_are_in_rpcl_order_with_lengths_of_tile_parts() -> None:
    data = stream(KINDS["mono12"], HTJ2KLosslessRPCL, values(KINDS["mono12"])[0])
    coding = data.index(b"\xff\x52")
    assert data[coding + 5] == 2
    assert b"\xff\x55" in data[: data.index(b"\xff\x90")]


def test_the_table_says_what_it_can_do() -> None:
    for syntax in SYNTAXES.values():
        assert syntax.capability.endswith(".")
        codec = CODECS[syntax.stream]
        assert bool(codec.encoders) == (syntax.stream not in (Stream.NATIVE, Stream.JPEG))
        coders = [*codec.decoders, *(encoder for encoder, _ in codec.encoders)]
        assert all(coder.library.name and coder.library.licence for coder in coders)


@pytest.mark.corpus
def test_the_same_picture_in_nine_encodings(corpus: Path) -> None:
    pictures = [
        decode_frame(dcmread(io.BytesIO(p.read_bytes())), 0)
        for p in sorted((corpus / "transfer-syntax").glob("mr-siemens-*.dcm"))
    ]
    assert len(pictures) == 9
    for other in pictures[1:]:
        np.testing.assert_array_equal(other, pictures[0])
