"""Sabotage: whatever goes wrong between source and output, the checker notices."""

import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.dicom.pictures import (
    KINDS,
    NATIVE,
    PACKED,
    Kind,
    both,
    label,
    picture,
    put_streams,
    reread,
    stream,
    values,
)
from viewer.dicom.decisions import Blank, Severity
from viewer.release.verify_pixels import check_pixels

BOX = (4, 2, 10, 7)
BLANKS = (Blank("rectangle", BOX, (1,)),)
PIXEL_DATA = 0x7FE00010
SYNTAXES = [ExplicitVRLittleEndian, ExplicitVRBigEndian, *PACKED]


def blanked(
    kind: Kind, box: tuple[int, ...] = BOX, frames: tuple[int, ...] = (1,), count: int = 3
) -> np.ndarray:
    """Pixels with a black box, made without the code that the program blanks with."""
    pixels = values(kind, count)
    left, top, right, bottom = box
    pixels[list(frames), top:bottom, left:right] = kind.black if kind.samples > 1 else kind.black[0]
    return pixels


def codes(source: Dataset, written: Dataset, blanks: tuple[Blank, ...] = BLANKS) -> set[str]:
    _, findings = check_pixels(source, written, blanks)
    assert all(f.severity is Severity.ERROR and f.message.endswith(".") for f in findings)
    return {f.code for f in findings}


def pair(kind: Kind, syntax: UID, changed: np.ndarray) -> tuple[Dataset, Dataset]:
    return picture(kind, syntax, frames=len(changed)), picture(kind, syntax, pixels=changed)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=label)
@pytest.mark.parametrize("name", ["mono8", "mono12s", "mono1-12"])
class TestSabotage:
    def test_what_is_right_passes(self, name: str, syntax: UID) -> None:
        kind = KINDS[name]
        proof, findings = check_pixels(*pair(kind, syntax, blanked(kind)), BLANKS)
        assert findings == ()
        assert (proof.basis, proof.frames, proof.frames_touched) == ("decoded", 3, 1)
        assert (proof.pixels_blanked, proof.pixels_changed_outside) == (30, 0)

    @pytest.mark.parametrize("step", [(1, 0), (-1, 0), (0, 1), (0, -1)])
    def test_a_box_one_pixel_beside(self, name: str, syntax: UID, step: tuple[int, int]) -> None:
        kind = KINDS[name]
        moved = tuple(np.add(BOX, step * 2))
        assert codes(*pair(kind, syntax, blanked(kind, moved))) == {"pixels-outside-changed"}

    def test_a_box_one_pixel_too_small(self, name: str, syntax: UID) -> None:
        kind = KINDS[name]
        small = blanked(kind, (4, 2, 9, 7))
        assert codes(*pair(kind, syntax, small)) == {"box-not-blank"}

    def test_a_box_that_was_forgotten(self, name: str, syntax: UID) -> None:
        kind = KINDS[name]
        assert codes(*pair(kind, syntax, values(kind, 3))) == {"box-not-blank"}

    def test_a_frame_that_was_left_out(self, name: str, syntax: UID) -> None:
        kind = KINDS[name]
        blanks = (Blank("rectangle", BOX, (1, 2)),)
        assert codes(*pair(kind, syntax, blanked(kind)), blanks) == {"box-not-blank"}

    def test_a_frame_too_many(self, name: str, syntax: UID) -> None:
        kind = KINDS[name]
        assert codes(*pair(kind, syntax, blanked(kind, frames=(1, 2)))) == {"untouched-frame-changed"}

    def test_a_box_of_another_grey(self, name: str, syntax: UID) -> None:
        kind = KINDS[name]
        grey = blanked(kind)
        grey[1, 2:7, 4:10] = 77
        assert codes(*pair(kind, syntax, grey)) == {"box-not-blank"}

    def test_one_pixel_outside(self, name: str, syntax: UID) -> None:
        kind = KINDS[name]
        spoiled = blanked(kind)
        spoiled[1, -1, -1] ^= 1
        assert codes(*pair(kind, syntax, spoiled)) == {"pixels-outside-changed"}

    def test_one_pixel_of_the_last_frame(self, name: str, syntax: UID) -> None:
        kind = KINDS[name]
        spoiled = blanked(kind)
        spoiled[2, -1, -1] ^= 1
        assert codes(*pair(kind, syntax, spoiled)) == {"untouched-frame-changed"}

    def test_frames_in_another_order(self, name: str, syntax: UID) -> None:
        kind = KINDS[name]
        swapped = blanked(kind)[[2, 1, 0]]
        assert codes(*pair(kind, syntax, swapped)) == {"untouched-frame-changed"}

    def test_a_frame_that_is_missing(self, name: str, syntax: UID) -> None:
        kind = KINDS[name]
        _, written = pair(kind, syntax, blanked(kind)[:2])
        assert codes(picture(kind, syntax, frames=3), written) == {"pixel-header-changed"}
        written.NumberOfFrames = 3
        assert codes(picture(kind, syntax, frames=3), written) <= {
            "frame-missing",
            "offsets-wrong",
            "pixels-unreadable",
        }
        assert codes(picture(kind, syntax, frames=3), written)


@pytest.mark.parametrize(
    "name", ["rgb", "rgb-planes", "ybr", "ybr422", "palette", "palette16", "bit", "mono32", "float"]
)
@pytest.mark.parametrize("syntax", NATIVE, ids=label)
def test_every_kind_of_pixel(name: str, syntax: UID) -> None:
    kind = KINDS[name]
    right = blanked(kind)
    assert codes(*pair(kind, syntax, right)) == set()
    outside, inside = right.copy(), right.copy()
    outside[1, -1, -1] = 0 if name == "bit" else 3
    inside[1, 2, 4] = 1
    if name == "ybr422":
        outside[1, -1, -2:], inside[1, 2, 4:6] = 3, 1
    assert codes(*pair(kind, syntax, outside)) == {"pixels-outside-changed"}
    assert codes(*pair(kind, syntax, inside)) == {"box-not-blank"}


@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("rgb", RLELossless),
        ("rgb", JPEGLosslessSV1),
        ("ybr", JPEGLSLossless),
        ("ybr-rct", JPEG2000Lossless),
        ("ybr-rct", HTJ2KLossless),
        ("palette", RLELossless),
    ],
)
def test_compressed_colours(name: str, syntax: UID) -> None:
    kind = KINDS[name]
    right = blanked(kind)
    assert codes(*pair(kind, syntax, right)) == set()
    one_sample = right.copy()
    one_sample[1, -1, -1, ...] ^= 1
    assert codes(*pair(kind, syntax, one_sample)) == {"pixels-outside-changed"}


def test_zero_is_green_and_not_black_in_luminance_and_chrominance() -> None:
    kind = KINDS["ybr"]
    green = blanked(kind)
    green[1, 2:7, 4:10] = 0
    assert codes(*pair(kind, ExplicitVRLittleEndian, green)) == {"box-not-blank"}


def test_bits_above_those_stored_must_go() -> None:
    kind = KINDS["mono12"]
    for syntax in (ExplicitVRLittleEndian, RLELossless):
        hidden = blanked(kind)
        hidden[1, 3, 5] = 0x8000
        assert codes(*pair(kind, syntax, hidden)) == {"box-not-blank"}


# Frames as they stand


@pytest.mark.parametrize("tables", ["basic", "extended", "none"])
def test_untouched_fragments_must_be_the_same_bytes(tables: str) -> None:
    """Another coding of the same picture is noticed: untouched means untouched."""
    kind = KINDS["mono8"]
    pixels = blanked(kind)
    source = picture(kind, RLELossless, frames=3, tables=tables)
    streams = [stream(kind, RLELossless, p) for p in pixels]
    written = reread(source)
    put_streams(written, streams, tables)
    assert codes(source, reread(written)) == set()
    streams[2] += b"\0\0"
    put_streams(written, streams, tables)
    assert codes(source, reread(written)) == {"untouched-frame-changed"}


@pytest.mark.parametrize("tables", ["basic", "extended"])
def test_wrong_offset_tables_are_noticed(tables: str) -> None:
    kind = KINDS["mono8"]
    source = picture(kind, RLELossless, frames=3, tables=tables)
    written = picture(kind, RLELossless, pixels=blanked(kind), tables=tables)
    assert codes(source, written) == set()
    if tables == "extended":
        offsets = list(struct.unpack("<3Q", written.ExtendedOffsetTable))
        written.ExtendedOffsetTable = struct.pack("<3Q", offsets[0], offsets[1], offsets[2] + 2)
    else:
        value = bytearray(written.get_item(PIXEL_DATA).value)
        value[16:20] = struct.pack("<L", struct.unpack("<L", value[16:20])[0] + 2)
        written[PIXEL_DATA] = written.get_item(PIXEL_DATA)._replace(value=bytes(value))
    assert codes(source, written) == {"offsets-wrong"}
    without = reread(source)
    put_streams(without, [stream(kind, RLELossless, p) for p in blanked(kind)], "none")
    if tables == "extended":
        del without.ExtendedOffsetTable, without.ExtendedOffsetTableLengths
    assert codes(source, reread(without)) == {"offsets-wrong"}


def test_a_stream_that_cannot_be_decoded_is_an_error() -> None:
    for syntax in PACKED:
        source, written = both(KINDS["mono8"], syntax)
        written.PixelData = encapsulate([b"\xff\xd8no picture\xff\xd9"])
        written["PixelData"].is_undefined_length = True
        assert codes(source, written, (Blank("rectangle", BOX, (0,)),)) == {"pixels-unreadable"}


def test_a_changed_header_or_syntax_is_noticed() -> None:
    for keyword, value in (("BitsStored", 11), ("Rows", 12), ("PhotometricInterpretation", "MONOCHROME1")):
        source, written = both(KINDS["mono12"], RLELossless)
        setattr(written, keyword, value)
        for blanks in (BLANKS, ()):
            assert codes(source, written, blanks) == {"pixel-header-changed"}
    source, written = both(KINDS["mono12"], RLELossless)
    written.file_meta.TransferSyntaxUID = JPEGLSLossless
    assert codes(source, written) == {"syntax-changed"}
    assert codes(source, picture(KINDS["mono12"])) == {"syntax-changed"}


def test_a_region_that_cannot_be_checked_is_an_error() -> None:
    source, written = both(KINDS["mono8"], ExplicitVRLittleEndian)
    assert codes(source, written, (Blank("star", BOX, (0,)),)) == {"shape-unknown"}
    assert codes(source, written, (Blank("rectangle", BOX, (7,)),)) == {"frame-missing"}


# Without regions


@pytest.mark.parametrize("syntax", SYNTAXES, ids=label)
def test_without_regions_the_bytes_are_the_same(syntax: UID) -> None:
    source, written = both(KINDS["mono12"], syntax, frames=2)
    proof, findings = check_pixels(source, written, ())
    assert (proof.basis, proof.frames, findings) == ("bytes", 2, ())
    element = written.get_item(PIXEL_DATA)
    spoiled = element.value[:-30] + bytes(b ^ 1 for b in element.value[-30:])
    written[PIXEL_DATA] = element._replace(value=spoiled)
    assert codes(source, written, ()) == {"pixels-changed"}


def test_one_byte_may_pad_an_odd_length() -> None:
    source, written = both(
        KINDS["mono8"], ExplicitVRLittleEndian, pixels=values(KINDS["mono8"], rows=3, columns=3)
    )
    odd = source.get_item(PIXEL_DATA).value[:9]
    source[PIXEL_DATA] = DataElement(PIXEL_DATA, "OB", odd)
    assert codes(source, written, ()) == set()
    written[PIXEL_DATA] = DataElement(PIXEL_DATA, "OB", odd + b"\0\0\0")
    assert codes(source, written, ()) == {"pixels-changed"}


def test_pixels_that_went_missing_are_noticed() -> None:
    source, written = both(KINDS["mono8"], ExplicitVRLittleEndian)
    del written[PIXEL_DATA]
    assert codes(source, written, ()) == {"pixels-missing"}
    del source[PIXEL_DATA]
    assert check_pixels(source, written, ())[0].basis == "none"
    assert codes(source, written) == {"pixels-missing"}


def test_it_shares_no_code_with_what_it_checks() -> None:
    program = (
        "import sys, viewer.release.verify_pixels\n"
        "print(*sorted(m for m in sys.modules if m.startswith('viewer.')))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    allowed = {
        "viewer.dicom",
        "viewer.dicom.charset",
        "viewer.dicom.iso2022",
        "viewer.dicom.decisions",
        "viewer.dicom.elements",
        "viewer.dicom.errors",
        "viewer.dicom.ffmpeg",
        "viewer.dicom.parsing",
        "viewer.dicom.pixel_value",
        "viewer.dicom.tails",
        "viewer.release",
        "viewer.release.channels",
        "viewer.release.report",
        "viewer.resources",
        "viewer.release.verify_bits",
        "viewer.release.verify_black",
        "viewer.release.verify_blocks",
        "viewer.release.verify_decoders",
        "viewer.release.verify_fill",
        "viewer.release.verify_frames",
        "viewer.release.verify_jpeg",
        "viewer.release.verify_jpeg_bands",
        "viewer.release.verify_jpeg_native",
        "viewer.release.verify_jpeg_scans",
        "viewer.release.verify_jpeg_stream",
        "viewer.release.verify_pixels",
        "viewer.release.verify_shapes",
        "viewer.release.verify_values",
        "viewer.release.verify_video",
        "viewer.release.verify_streams",
    }
    assert set(shown.split()) <= allowed


@pytest.mark.corpus
@pytest.mark.filterwarnings("ignore")
def test_the_corpus_against_itself(corpus: Path) -> None:
    """Unchanged files pass without regions; with one they do not, unless the box was black before."""
    noticed = 0
    for path in sorted((corpus / "transfer-syntax").glob("*.dcm")):
        content = path.read_bytes()
        source, same = (dcmread(io.BytesIO(content), force=True) for _ in range(2))
        assert check_pixels(source, same, ())[1] == ()
        if PIXEL_DATA not in source:
            continue
        box = (source.Columns // 3, source.Rows // 3, source.Columns // 2, source.Rows // 2)
        noticed += bool(check_pixels(source, same, (Blank("rectangle", box, (0,)),))[1])
    assert noticed > 20
