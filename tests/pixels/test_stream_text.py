"""Texts beside the picture in compressed pixel data: overwritten, checked, and nothing else changed."""

import io
import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import pixel_array
from pydicom.uid import MPEG2MPML, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from tests.factories import KEYRING, put_raw, us_loop
from viewer.dicom.decisions import Severity
from viewer.dicom.parsing import parse
from viewer.pixels import stream_text, video_text
from viewer.pixels.plain_comments import is_plain
from viewer.pixels.redact import redact
from viewer.release.apply import apply
from viewer.release.encode import encoded
from viewer.release.verify import verify
from viewer.release.verify_streams import texts_left
from viewer.rules.plan import plan
from viewer.rules.recipe import Profile, Recipe

SECRET = b"Quenbert Oswaldine HOSP-778341"
HAN = "患者 昆伯特".encode("gb18030") * 3
PICTURE = (np.arange(32 * 40) % 251).astype(np.uint8).reshape(32, 40)


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.fromarray(PICTURE).save(out, "JPEG", quality=90)
    return out.getvalue()


def with_segment(stream: bytes, marker: int, body: bytes) -> bytes:
    return stream[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + stream[2:]


def jpeg_2000() -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(PICTURE, codecformat="J2K", reversible=True, level=0))


def with_comment(stream: bytes, text: bytes) -> bytes:
    at = stream.index(b"\xff\x90")
    return stream[:at] + b"\xff\x64" + struct.pack(">HH", len(text) + 4, 1) + text + stream[at:]


def with_tile_comment(stream: bytes, text: bytes) -> bytes:
    start = stream.index(b"\xff\x90")
    at = stream.index(b"\xff\x93", start)
    made = b"\xff\x64" + struct.pack(">HH", len(text) + 4, 1) + text
    (size,) = struct.unpack_from(">L", stream, start + 6)
    head = stream[start : start + 6] + struct.pack(">L", size + len(made)) + stream[start + 10 : at]
    return stream[:start] + head + made + stream[at:]


def jp2(stream: bytes, text: bytes) -> bytes:
    wrapped = bytes(imagecodecs.jpeg2k_encode(PICTURE, codecformat="JP2", reversible=True, level=0))
    at = wrapped.index(b"jp2c") - 4
    return wrapped[:at] + struct.pack(">L4s", len(text) + 8, b"xml ") + text + wrapped[at:]


def rle_with_gap(text: bytes) -> bytes:
    coded = bytes(imagecodecs.packbits_encode(PICTURE.tobytes()))
    coded += b"\0" * (len(coded) % 2)
    return struct.pack("<16L", 1, 64, *([0] * 14)) + coded + text


def image(stream: bytes, syntax: str):
    """Return a picture of one frame with that stream, read from its bytes as from a file."""
    made = us_loop(1)
    del made.NumberOfFrames, made.FrameTime, made.FrameIncrementPointer
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    del made.PlanarConfiguration
    made.Rows, made.Columns = PICTURE.shape
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.6.1"
    put_raw(made, 0x7FE00010, "OB", encapsulate([stream]))
    made["PixelData"].is_undefined_length = True
    out = io.BytesIO()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.save_as(out, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return out.getvalue()


STREAMS = {
    "JPEG comment": (with_segment(jpeg(), 0xFE, SECRET), JPEGBaseline8Bit),
    "JPEG comment in Chinese": (with_segment(jpeg(), 0xFE, HAN), JPEGBaseline8Bit),
    "JPEG application": (with_segment(jpeg(), 0xE1, b"Exif\0\0" + SECRET), JPEGBaseline8Bit),
    "JPEG thumbnail": (with_segment(jpeg(), 0xE0, b"JFXX\0\x10" + SECRET), JPEGBaseline8Bit),
    "JPEG long Adobe": (with_segment(jpeg(), 0xEE, b"Adobe\0\x64\0\0\0\0\0" + SECRET), JPEGBaseline8Bit),
    "JPEG after the end": (jpeg() + b"\0" + SECRET, JPEGBaseline8Bit),
    "JPEG-LS comment": (
        with_segment(bytes(imagecodecs.jpegls_encode(PICTURE)), 0xFE, SECRET),
        JPEGLSLossless,
    ),
    "JPEG 2000 comment": (with_comment(jpeg_2000(), SECRET), JPEG2000Lossless),
    "JPEG 2000 tile comment": (with_tile_comment(jpeg_2000(), SECRET), JPEG2000Lossless),
    "JPEG 2000 after the end": (jpeg_2000() + SECRET, JPEG2000Lossless),
    "JP2 box": (jp2(jpeg_2000(), b"<name>" + SECRET + b"</name>"), JPEG2000Lossless),
    "RLE gap": (rle_with_gap(SECRET), RLELossless),
    "RLE gap far before the end": (rle_with_gap(SECRET + bytes(3000)), RLELossless),
    "RLE offsets": (
        struct.pack("<16L", 1, 64, *struct.unpack("<14L", (SECRET + bytes(26))[:56]))
        + rle_with_gap(b"")[64:],
        RLELossless,
    ),
}


@pytest.mark.parametrize("kind", STREAMS)
def test_text_is_overwritten_and_the_picture_stays(kind) -> None:
    stream, syntax = STREAMS[kind]
    content = image(stream, syntax)
    source = parse(content)
    before = PICTURE if kind.startswith("RLE gap") else pixel_array(source, raw=True)  # the gap stops pydicom
    made = plan(source, Recipe(Profile("basic")), KEYRING)
    assert "stream-text" in {f.code for f in made.findings}
    output = apply(source, made)
    redact(output, made.blanks)
    written = encoded(output)
    assert SECRET[:8] not in written
    assert HAN[:6] not in written
    result = parse(written)
    assert np.array_equal(pixel_array(result, raw=True), before)
    _, findings = verify(written, "a", content, made)
    assert [f for f in findings if f.severity is Severity.ERROR] == []
    assert len(result.PixelData) == len(source.PixelData)


@pytest.mark.parametrize("kind", STREAMS)
def test_the_checker_sees_text_that_was_left(kind) -> None:
    stream, syntax = STREAMS[kind]
    content = image(stream, syntax)
    source = parse(content)
    made = plan(source, Recipe(Profile("basic")), KEYRING)
    assert {f.code for f in texts_left(source)} == {"stream-text-left"}
    left = encoded(apply(source, made))
    assert "stream-text-left" in {f.code for f in verify(left, "a", content, made)[1]}


@pytest.mark.parametrize("kind", STREAMS)
def test_the_checker_sees_a_changed_picture(kind) -> None:
    stream, syntax = STREAMS[kind]
    content = image(stream, syntax)
    source = parse(content)
    made = plan(source, Recipe(Profile("basic")), KEYRING)
    output = apply(source, made)
    redact(output, made.blanks)
    value = bytearray(output.get_item(0x7FE00010).value)
    frame = next(generate_frames(bytes(value), number_of_frames=1))
    at = bytes(value).index(frame) + frame.index(b"\xff\xda") + 40 if syntax == JPEGBaseline8Bit else 200
    value[at] ^= 0x10
    put_raw(output, 0x7FE00010, "OB", bytes(value))
    output._dict[0x7FE00010] = output._dict[0x7FE00010]._replace(length=0xFFFFFFFF)
    errors = {f.code for f in verify(encoded(output), "a", content, made)[1] if f.severity is Severity.ERROR}
    assert errors & {"pixels-changed", "pixels-unreadable"}


@pytest.mark.parametrize(
    "stream",
    [jpeg(), with_segment(jpeg(), 0xFE, b"CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90\n")],
)
def test_a_plain_stream_stays_byte_for_byte(stream) -> None:
    source = parse(image(stream, JPEGBaseline8Bit))
    assert stream_text.hidden_parts(source) == ()
    assert texts_left(source) == ()


def test_a_stream_that_cannot_be_followed_is_told() -> None:
    source = parse(image(jpeg()[:30] + b"\0" + jpeg()[30:], JPEGBaseline8Bit))
    assert stream_text.hidden_parts(source) is None
    made = plan(source, Recipe(Profile("basic")), KEYRING)
    assert ("stream-unread", Severity.ERROR) in {(f.code, f.severity) for f in made.findings}


def test_a_stream_without_its_end_is_followed() -> None:
    source = parse(image(with_segment(jpeg()[:-2], 0xFE, SECRET), JPEGBaseline8Bit))
    assert len(stream_text.hidden_parts(source)) == 1


def test_letters_in_the_offset_table_hold() -> None:
    source = parse(image(jpeg(), JPEGBaseline8Bit))
    value = source.get_item(0x7FE00010).value
    table = SECRET[:28]
    changed = (
        value[:4] + struct.pack("<L", len(table)) + table + value[8 + struct.unpack("<L", value[4:8])[0] :]
    )
    source._dict[0x7FE00010] = source._dict[0x7FE00010]._replace(value=changed)
    made = plan(source, Recipe(Profile("basic")), KEYRING)
    assert ("offset-table-text", Severity.ERROR) in {(f.code, f.severity) for f in made.findings}


MPEG_2 = b"\0\0\1\xb3" + bytes(8) + b"\0\0\1\xb2" + SECRET + b"\0\0\1\xb8" + b"\x55" * 30
H264 = (
    b"\0\0\0\1\x67"
    + b"\x42" * 9
    + b"\0\0\1\x06\x05"
    + bytes([16 + len(SECRET)])
    + b"u" * 16
    + SECRET
    + b"\x80"
)


@pytest.mark.parametrize("video", [MPEG_2, H264])
def test_user_data_of_video_is_overwritten(video) -> None:
    parts = list(video_text.parts(video))
    changed = bytearray(video)
    for start, end, fill in parts:
        changed[start:end] = bytes((fill,)) * (end - start)
    assert parts
    assert SECRET not in changed
    assert len(changed) == len(video)
    assert changed.startswith(video[:12])
    assert list(video_text.parts(MPEG_2[:12])) == []


def test_boxes_of_a_video_file_are_overwritten() -> None:
    text = struct.pack(">L4s", 8 + len(SECRET), b"udta") + SECRET
    video = (
        struct.pack(">L4s", 16, b"ftyp")
        + b"isom\0\0\0\0"
        + struct.pack(">L4s", 8 + len(text), b"moov")
        + text
    )
    content = image(video, MPEG2MPML)
    source = parse(content)
    made = plan(source, Recipe(Profile("basic")), KEYRING)
    output = apply(source, made)
    redact(output, made.blanks)
    assert SECRET not in encoded(output)


@pytest.mark.parametrize(
    ("comment", "plain"),
    [
        (b"Kakadu-v7.1", True),
        (b"Created by OpenJPEG version 2.5.0", True),
        (b"  \0", True),
        (b"Kakadu-v7.1 Quenbert", False),
        (b"Quenbert", False),
        (b"Creator: JasPer Version 1.701.0", True),
    ],
)
def test_which_comments_are_plain(comment, plain) -> None:
    assert is_plain(comment) is plain
