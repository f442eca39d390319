"""Sabotage of pixels: fills, palettes, frames and offset tables that are a little wrong are noticed."""

import struct

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLosslessSV1, RLELossless

from tests.dicom.pictures import KINDS, label, picture, put_streams, reread, stream, values
from viewer.dicom.decisions import Blank
from viewer.pixels.redact import redact
from viewer.release.verify_pixels import check_pixels

BOX = (4, 2, 14, 9)
SYNTAXES = [ExplicitVRLittleEndian, RLELossless, JPEGLosslessSV1]


def codes(source: Dataset, written: Dataset, *blanks: Blank) -> list[str]:
    return [finding.code for finding in check_pixels(source, reread(written), blanks)[1]]


@pytest.mark.parametrize("syntax", SYNTAXES, ids=label)
@pytest.mark.parametrize("shape", ["ellipse", "polygon", "keep"])
def test_one_pixel_more_or_less(syntax, shape: str) -> None:
    points = {"ellipse": BOX, "polygon": (2, 1, 15, 3, 9, 11), "keep": BOX}[shape]
    name = {"keep": "rectangle"}.get(shape, shape)
    blank = Blank(name, points, (1,), shape == "keep")
    source = picture(KINDS["mono8"], syntax, frames=3)
    output = reread(source)
    redact(output, [blank])
    assert codes(source, output, blank) == []
    before = values(KINDS["mono8"], 3)
    plain = picture(KINDS["mono8"], ExplicitVRLittleEndian, frames=3)
    redact(plain, [blank])
    after = np.array(plain.pixel_array)
    inside = np.argwhere(after[1] != before[1])
    outside = np.argwhere(after[1] == before[1])
    for place, value, expected in (
        (inside[0], before[1][tuple(inside[0])], "box-not-blank"),
        (outside[-1], 0, "pixels-outside-changed"),
    ):
        wrong = after.copy()
        wrong[1][tuple(place)] = value
        assert codes(source, picture(KINDS["mono8"], syntax, pixels=wrong), blank) == [expected]


@pytest.mark.parametrize("syntax", SYNTAXES, ids=label)
@pytest.mark.parametrize(
    ("name", "fill"), [("mono8", "mean"), ("mono12s", "mean"), ("mono12", 77), ("palette", "black")]
)
def test_a_fill_that_is_off_by_one(syntax, name: str, fill: str | int) -> None:
    blank = Blank("rectangle", BOX, (1,), False, fill)
    source = picture(KINDS[name], syntax, frames=3)
    output = picture(KINDS[name], ExplicitVRLittleEndian, frames=3)
    redact(output, [blank])
    kind = KINDS[name].dtype
    pixels = np.frombuffer(bytes(output.PixelData)[: 3 * 13 * 22 * kind.itemsize], kind)
    pixels = pixels.reshape(3, 13, 22).copy()
    assert codes(source, picture(KINDS[name], syntax, pixels=pixels), blank) == []
    pixels[1, 2:9, 4:14] += 1
    assert codes(source, picture(KINDS[name], syntax, pixels=pixels), blank) == ["box-not-blank"]


def test_the_mean_of_another_frame() -> None:
    source = picture(KINDS["mono8"], frames=3)
    one, other = (Blank("rectangle", BOX, (n,), False, "mean") for n in (1, 2))
    output = reread(source)
    redact(output, [one, other])
    pixels = np.frombuffer(bytes(output.PixelData)[: 3 * 13 * 22], np.uint8).reshape(3, 13, 22).copy()
    assert pixels[1, 3, 5] != pixels[2, 3, 5]
    pixels[1, 2:9, 4:14] = pixels[2, 3, 5]
    assert codes(source, picture(KINDS["mono8"], pixels=pixels), one, other) == ["box-not-blank"]


@pytest.mark.parametrize("table", ["basic", "extended"])
def test_a_wrong_frame_position(table: str) -> None:
    blank = Blank("rectangle", BOX, (1,))
    source = picture(KINDS["mono8"], RLELossless, frames=3, tables=table)
    output = reread(source)
    redact(output, [blank])
    assert codes(source, output, blank) == []
    if table == "basic":
        data = bytearray(output.PixelData)
        struct.pack_into("<L", data, 8 + 4, struct.unpack_from("<L", data, 8 + 4)[0] + 2)
        output.PixelData = bytes(data)
        output["PixelData"].is_undefined_length = True
    else:
        offsets = list(struct.unpack("<3Q", output.ExtendedOffsetTable))
        offsets[1] += 2
        output.ExtendedOffsetTable = struct.pack("<3Q", *offsets)
    assert codes(source, output, blank)[0] in ("offsets-wrong", "pixels-unreadable")


def test_frames_that_change_places() -> None:
    blank = Blank("rectangle", BOX, (1,))
    source = picture(KINDS["mono8"], RLELossless, frames=3)
    pixels = values(KINDS["mono8"], 3)
    pixels[1, 2:9, 4:14] = 0
    streams = [stream(KINDS["mono8"], RLELossless, frame) for frame in pixels]
    written = reread(source)
    put_streams(written, [streams[n] for n in (2, 1, 0)])
    assert codes(source, written, blank) == ["untouched-frame-changed"]
