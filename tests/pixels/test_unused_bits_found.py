"""Drawings in unused bits are found without being declared, in every syntax; signs and padding are none."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.dicom.pictures import KINDS, Kind, picture, reread, values
from viewer.dicom.decisions import Blank, Severity
from viewer.dicom.frames import decode_frame
from viewer.pixels.redact import redact
from viewer.pixels.unused_bits import SHAPE, is_drawn_in
from viewer.release.verify_pixels import check_pixels
from viewer.rules.blanks import blanks_for

SYNTAXES = (
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    RLELossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2KLossless,
)
DRAWN = 1 << 13
TWELVE, SIGNED = KINDS["mono12"], KINDS["mono12s"]
FIFTEEN = Kind("MONOCHROME2", 16, 15, signed=True)
EIGHT = Kind("MONOCHROME2", 8, 7)
RAISED = Kind("MONOCHROME2", 16, 12)


def film(kind: Kind, syntax: UID, frames: int = 2, *, bit: int = DRAWN, low: int = 0):
    """A picture of which the last frame draws a line in one bit, and its samples as they should be."""
    pixels = values(replace(kind, stored=kind.stored), frames) << low
    drawn = pixels.copy()
    drawn[-1, 2:4, 5:9] ^= np.array(bit, pixels.dtype)
    dataset = picture(replace(kind, stored=kind.allocated), syntax, pixels=drawn)
    dataset.BitsStored, dataset.HighBit = kind.stored, kind.stored + low - 1
    return reread(dataset), pixels


def cleaned(dataset):
    blanks, told = blanks_for(dataset, ())
    output = deepcopy(dataset)
    redact(output, blanks)
    return blanks, told, reread(output)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda s: s.keyword)
@pytest.mark.parametrize("kind", [TWELVE, SIGNED], ids=["unsigned", "signed"])
def test_an_undeclared_drawing_goes_and_every_sample_stays(kind, syntax) -> None:
    dataset, pixels = film(kind, syntax)
    blanks, told, output = cleaned(dataset)
    assert [(f.code, f.severity) for f in told] == [("hidden-bits", Severity.WARNING)]
    for frame in range(2):
        np.testing.assert_array_equal(decode_frame(output, frame), pixels[frame])
    proof, findings = check_pixels(dataset, output, blanks)
    assert findings == ()
    assert proof.basis == "decoded"
    assert not is_drawn_in(output)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEGLosslessSV1])
def test_a_box_and_a_drawing_go_together(syntax) -> None:
    dataset, pixels = film(TWELVE, syntax)
    blanks = (*blanks_for(dataset, ())[0], Blank("rectangle", (0, 0, 6, 4), (0,)))
    output = deepcopy(dataset)
    redact(output, blanks)
    pixels[0, :4, :6] = 0
    for frame in range(2):
        np.testing.assert_array_equal(decode_frame(output, frame), pixels[frame])
    assert check_pixels(dataset, reread(output), blanks)[1] == ()


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEG2000Lossless])
def test_bits_below_the_samples_are_looked_at_too(syntax) -> None:
    dataset, pixels = film(RAISED, syntax, bit=2, low=4)
    blanks, _, output = cleaned(dataset)
    np.testing.assert_array_equal(decode_frame(output, 1), pixels[1])
    assert check_pixels(dataset, output, blanks)[1] == ()


def test_seven_bits_in_eight() -> None:
    dataset, pixels = film(EIGHT, ExplicitVRLittleEndian, bit=128)
    blanks, _, output = cleaned(dataset)
    np.testing.assert_array_equal(decode_frame(output, 1), pixels[1])
    assert check_pixels(dataset, output, blanks)[1] == ()


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
@pytest.mark.parametrize("kind", [TWELVE, SIGNED, FIFTEEN], ids=["unsigned", "signed", "one spare bit"])
def test_signs_are_no_drawing(kind, syntax) -> None:
    dataset = picture(kind, syntax, pixels=values(kind))
    assert not is_drawn_in(dataset)
    assert blanks_for(dataset, ()) == ((), ())


def test_neither_is_a_constant_nor_the_padding_value() -> None:
    pixels = values(TWELVE)
    constant = reread(picture(TWELVE, pixels=pixels | np.uint16(0x8000)))
    assert not is_drawn_in(constant)
    pixels[0, :3] = 0xF830
    padded = picture(TWELVE, pixels=pixels)
    assert is_drawn_in(padded)
    padded.add_new(0x00280120, "US", 0xF830)
    assert not is_drawn_in(reread(padded))
    assert check_pixels(reread(padded), reread(padded), ())[1] == ()


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEG2000Lossless])
def test_neither_are_numbers_a_little_beyond_the_range(syntax) -> None:
    wide = replace(TWELVE, stored=16)
    rows, columns = np.mgrid[:16, :16]
    peak = (4150 - 9 * ((rows - 8) ** 2 + (columns - 8) ** 2)).astype("u2")
    dataset = picture(wide, syntax, pixels=peak[None])
    dataset.BitsStored, dataset.HighBit = 12, 11
    assert int(peak.max()) > 4095
    assert not is_drawn_in(reread(dataset))
    dark = picture(
        wide, syntax, pixels=(peak[None] & 0x0FFF) // 40 | np.where(rows[None] == 3, 0x1000, 0).astype("u2")
    )
    dark.BitsStored, dark.HighBit = 12, 11
    assert is_drawn_in(reread(dark))


def test_padding_stays_where_a_drawing_goes() -> None:
    dataset, pixels = film(TWELVE, ExplicitVRLittleEndian)
    words = np.frombuffer(dataset.PixelData, "<u2").copy()
    words[:9] = 0xF830
    dataset.PixelData = words.tobytes()
    dataset.add_new(0x00280120, "US", 0xF830)
    dataset = reread(dataset)
    blanks, _, output = cleaned(dataset)
    assert (decode_frame(output, 0).ravel()[:9] == 0xF830).all()
    np.testing.assert_array_equal(decode_frame(output, 1), pixels[1])
    assert check_pixels(dataset, output, blanks)[1] == ()


def test_an_overlay_said_to_stand_in_samples_holds() -> None:
    dataset, _ = film(TWELVE, ExplicitVRLittleEndian)
    dataset.add_new(0x60000102, "US", 11)
    blanks, told = blanks_for(reread(dataset), ())
    assert blanks == ()
    assert [(f.code, f.severity) for f in told] == [("overlay-in-picture", Severity.ERROR)]


def test_a_drawing_in_an_image_of_a_lossy_syntax_is_cleared_without_loss() -> None:
    dataset, _ = film(TWELVE, JPEG2000Lossless)
    dataset.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.91")
    source = reread(dataset)
    blanks, _ = blanks_for(dataset, ())
    redact(dataset, blanks)
    assert check_pixels(source, dataset, blanks)[1] == ()
    assert not is_drawn_in(dataset)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEGLSLossless])
def test_the_checker_notices_what_was_left_or_changed(syntax) -> None:
    dataset, pixels = film(SIGNED, syntax)
    blanks = (Blank(SHAPE, (), (0, 1)),)
    assert check_pixels(dataset, dataset, blanks)[1]
    changed = pixels.copy()
    changed[0, 0, 0] ^= 1
    assert check_pixels(dataset, picture(replace(SIGNED, stored=16), syntax, pixels=changed), blanks)[1]


def test_the_checker_notices_a_drawing_that_no_plan_knew_of() -> None:
    dataset, _ = film(TWELVE, ExplicitVRLittleEndian)
    assert [f.code for f in check_pixels(dataset, dataset, ())[1]] == ["hidden-bits-left"]
