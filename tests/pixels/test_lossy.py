"""Boxes in images compressed with loss: nothing more is lost, the syntax stays, and untouched frames too."""

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from tests.dicom.pictures import KINDS, label, picture, put_streams, reread, values
from viewer.dicom.codecs import JPEG_XL, JPEG_XL_RECOMPRESSION
from viewer.dicom.decisions import Blank
from viewer.dicom.errors import Unsupported
from viewer.dicom.fragments import encapsulated_frames
from viewer.dicom.frames import decode_frame, frame_stream
from viewer.dicom.pixel_format import pixel_format
from viewer.pixels.redact import redact
from viewer.release.verify_pixels import check_pixels

ROWS, COLUMNS = 50, 70
BOX = (13, 9, 41, 30)


def smooth(kind: str, frames: int) -> np.ndarray:
    """Slopes with a little noise, as an image has."""
    noise = values(KINDS[kind], frames, rows=ROWS, columns=COLUMNS) % 7
    y, x = np.indices((ROWS, COLUMNS))
    slope = (x + 2 * y) * ((1 << KINDS[kind].stored) // 220 or 1)
    slope = slope[..., None] if KINDS[kind].samples > 1 else slope
    return (noise + slope).astype(KINDS[kind].dtype)


def near(frame: np.ndarray) -> bytes:
    return imagecodecs.jpegls_encode(frame, level=3)


def irreversible(frame: np.ndarray, **more: object) -> bytes:
    return imagecodecs.jpeg2k_encode(
        frame, level=40, reversible=False, codecformat="j2k", resolutions=2, **more
    )


def htj2k(frame: np.ndarray) -> bytes:
    return imagecodecs.htj2k_encode(frame, reversible=False, level=0.01)


def jxl(frame: np.ndarray) -> bytes:
    return imagecodecs.jpegxl_encode(frame, distance=1.0, usecontainer=False)


STREAMS = [
    ("mono8", JPEGLSNearLossless, near),
    ("mono12", JPEGLSNearLossless, near),
    ("mono8", JPEG2000, irreversible),
    ("mono12", JPEG2000, irreversible),
    ("rgb", JPEG2000, lambda f: irreversible(f, mct=False)),
    ("mono8", HTJ2K, htj2k),
    ("mono12", HTJ2K, htj2k),
    ("mono8", UID(JPEG_XL), jxl),
]
IDS = [f"{kind}-{label(syntax)}" for kind, syntax, _ in STREAMS]


def lossy(kind: str, syntax: UID, encode: object, frames: int = 3) -> Dataset:
    dataset = picture(KINDS[kind], RLELossless, pixels=smooth(kind, frames))
    dataset.file_meta.TransferSyntaxUID = syntax
    put_streams(dataset, [encode(frame) for frame in smooth(kind, frames)])  # type: ignore[operator]
    return reread(dataset)


@pytest.mark.parametrize(("kind", "syntax", "encode"), STREAMS, ids=IDS)
def test_decoded_values_stay_and_nothing_more_is_lost(kind: str, syntax: UID, encode: object) -> None:
    source = lossy(kind, syntax, encode)
    output = reread(source)
    blank = Blank("rectangle", BOX, (1,))
    redact(output, [blank])
    written = reread(output)
    assert written.file_meta.TransferSyntaxUID == syntax
    left, top, right, bottom = BOX
    for frame in range(3):
        expected = np.array(decode_frame(source, frame))
        if frame == 1:
            expected[top:bottom, left:right] = 0
        np.testing.assert_array_equal(decode_frame(written, frame), expected)
    old, new = encapsulated_frames(source), encapsulated_frames(written)
    assert [bytes(a[0]) == bytes(b[0]) for a, b in zip(old, new, strict=True)] == [True, False, True]
    proof, findings = check_pixels(source, written, [blank])
    assert findings == ()
    assert (proof.basis, proof.frames_touched) == ("decoded", 1)


@pytest.mark.parametrize(("frames", "colours"), [((0, 1), "YBR_RCT"), ((0,), "YBR_ICT")])
def test_colours_follow_the_transform_once_every_frame_is_stored_without_loss(
    frames: tuple[int, ...], colours: str
) -> None:
    source = lossy("rgb", JPEG2000, irreversible, frames=2)
    source.PhotometricInterpretation = "YBR_ICT"
    source = reread(source)
    output = reread(source)
    blank = Blank("rectangle", BOX, frames)
    redact(output, [blank])
    written = reread(output)
    assert written.PhotometricInterpretation == colours
    assert check_pixels(source, written, [blank])[1] == ()
    written.PhotometricInterpretation = {"YBR_RCT": "YBR_ICT", "YBR_ICT": "YBR_RCT"}[colours]
    wrong = check_pixels(source, reread(written), [blank])[1]
    assert [f.code for f in wrong] == ([] if colours == "YBR_RCT" else ["pixel-header-changed"])


@pytest.mark.parametrize(
    ("syntax", "encode"), [(JPEG2000Lossless, irreversible), (JPEGLSLossless, near)], ids=["J2K", "JPEG-LS"]
)
def test_lossy_streams_under_lossless_syntaxes_lose_nothing_more(syntax: UID, encode: object) -> None:
    source = lossy("mono8", syntax, encode, frames=1)
    output = reread(source)
    blank = Blank("rectangle", BOX, (0,))
    redact(output, [blank])
    assert frame_stream(encapsulated_frames(output)[0], pixel_format(output))[1].lossless
    assert check_pixels(source, output, [blank])[1] == ()


def jpeg(frame: np.ndarray, **more: object) -> bytes:
    return imagecodecs.jpeg8_encode(frame, 90, **more)


BLOCKS = [
    ("mono8", JPEGBaseline8Bit, jpeg),
    ("mono12", JPEGExtended12Bit, lambda f: jpeg(f, bitspersample=12)),
    ("rgb", JPEGBaseline8Bit, lambda f: jpeg(f, subsampling="422")),
    ("rgb", JPEGBaseline8Bit, lambda f: jpeg(f, subsampling="420")),
    ("mono8", JPEGLosslessSV1, jpeg),
    ("mono8", UID(JPEG_XL_RECOMPRESSION), lambda f: imagecodecs.jpegxl_encode_jpeg(jpeg(f))),
    ("rgb", UID(JPEG_XL_RECOMPRESSION), lambda f: imagecodecs.jpegxl_encode_jpeg(jpeg(f))),
]
BLOCK_IDS = [f"{n}-{kind}-{label(syntax)}" for n, (kind, syntax, _) in enumerate(BLOCKS)]


@pytest.mark.parametrize("fill", ["black", "mean", 77])
@pytest.mark.parametrize(("kind", "syntax", "encode"), BLOCKS, ids=BLOCK_IDS)
def test_jpeg_frames_change_in_the_blocks_under_the_box_only(
    kind: str, syntax: UID, encode: object, fill: str | int
) -> None:
    source = lossy(kind, syntax, encode)
    if kind == "rgb" and syntax == JPEGBaseline8Bit:
        source.PhotometricInterpretation = "YBR_FULL_422"
        source = reread(source)
    output = reread(source)
    blank = Blank("rectangle", BOX, (1,), fill=fill)
    redact(output, [blank])
    written = reread(output)
    old, new = encapsulated_frames(source), encapsulated_frames(written)
    assert [bytes(a[0]) == bytes(b[0]) for a, b in zip(old, new, strict=True)] == [True, False, True]
    before = decode_frame(source, 1).astype(int)
    after = decode_frame(written, 1).astype(int)
    left, top, right, bottom = BOX
    changed = np.argwhere((before != after).reshape(ROWS, COLUMNS, -1).any(axis=-1))
    step = 17
    assert changed.min(axis=0)[0] > top - step
    assert changed.max(axis=0)[1] < right + step
    inside = after[top:bottom, left:right]
    assert np.ptp(inside.reshape(-1, inside.shape[-1] if kind == "rgb" else 1), axis=0).max() <= 1
    if fill == "black" and kind != "rgb":
        assert inside.max() == 0
    proof, findings = check_pixels(source, written, [blank])
    assert findings == ()
    assert proof.frames_touched == 1


def test_colours_that_cannot_be_told_are_held() -> None:
    output = lossy("rgb", JPEG2000, irreversible)
    output.PhotometricInterpretation = "YBR_FULL"
    with pytest.raises(Unsupported, match="other colours"):
        redact(reread(output), [Blank("rectangle", BOX, (0,))])
