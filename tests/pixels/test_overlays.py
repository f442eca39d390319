"""Overlays stay only where a person saw them; boxes are cleared in them too; the checker reads the bits."""

import io
from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread

from tests.factories import KEYRING, OSWALDINE, ct_slice, item, put_raw, to_bytes, us_loop
from viewer.dicom.decisions import Action, Severity
from viewer.dicom.parsing import parse
from viewer.pixels.overlays import drawn_over
from viewer.pixels.redact import redact
from viewer.pixels.regions import Box, Region, Scope, ScopeKind
from viewer.release.apply import apply
from viewer.release.encode import encoded
from viewer.release.verify import verify
from viewer.rules.plan import plan
from viewer.rules.profiles import BASIC
from viewer.rules.recipe import Option, Recipe

GRAPHICS = replace(BASIC, options=BASIC.options | {Option.CLEAN_GRAPHICS})
DATA, LABEL, COMMENTS = 0x60003000, 0x60001500, 0x60004000


def over(dataset, bits, origin=(1, 1), *, first=None, group=0x6000, big=False):
    """Put an overlay (frames, rows, columns) over an image; `first`: Image Frame Origin of several frames."""
    order = "big" if big else "little"
    tag = group << 16
    packed = np.packbits(bits, axis=None, bitorder="little").tobytes()
    packed += b"\0" * (len(packed) % 2)
    if big:
        packed = np.frombuffer(packed, "<u2").astype(">u2").tobytes()
    for part, value in ((0x10, bits.shape[1]), (0x11, bits.shape[2]), (0x100, 1), (0x102, 0)):
        put_raw(dataset, tag | part, "US", value.to_bytes(2, order))
    put_raw(dataset, tag | 0x50, "SS", b"".join(v.to_bytes(2, order, signed=True) for v in origin))
    put_raw(dataset, tag | 0x40, "CS", b"G ")
    put_raw(dataset, tag | 0x22, "LO", f"Drawn for {OSWALDINE.name} ".encode())
    put_raw(dataset, tag | 0x1500, "LO", b"Chest ")
    put_raw(dataset, tag | 0x4000, "LT", f"Seen by {OSWALDINE.name}".encode())
    if first is not None:
        put_raw(dataset, tag | 0x15, "IS", f"{len(bits)} ".encode())
        put_raw(dataset, tag | 0x51, "US", first.to_bytes(2, order))
    put_raw(dataset, tag | 0x3000, "OW", packed)
    return dataset


def box_on(dataset, box: Box, frames=None) -> Region:
    kind = ScopeKind.FRAME if frames else ScopeKind.IMAGE
    scope = Scope(kind, str(dataset.SOPInstanceUID), int(dataset.Rows), int(dataset.Columns), frames)
    return Region(box, scope)


def cleaned(dataset, *regions, seen=True, profile=GRAPHICS, syntax="explicit little"):
    content = to_bytes(dataset, syntax)
    source = parse(content)
    marks = frozenset((str(dataset.SOPInstanceUID),)) if seen else frozenset()
    made = plan(source, Recipe(profile, regions, marks), KEYRING)
    output = apply(source, made)
    redact(output, made.blanks)
    return content, made, encoded(output)


def errors(content, made, output) -> list[str]:
    return [f.code for f in verify(output, "name", content, made)[1] if f.severity is Severity.ERROR]


def bits_of(output: bytes, shape, *, big=False):
    value = dcmread(io.BytesIO(output))[DATA].value
    value = np.frombuffer(value, ">u2").astype("<u2").tobytes() if big else value
    return np.unpackbits(np.frombuffer(value, np.uint8), bitorder="little")[: np.prod(shape)].reshape(shape)


def ones(*shape) -> np.ndarray:
    return np.ones(shape, np.uint8)


@pytest.mark.parametrize(("seen", "profile"), [(False, GRAPHICS), (True, BASIC), (False, BASIC)])
def test_without_the_option_and_an_eye_the_whole_group_goes(seen, profile) -> None:
    dataset = over(ct_slice(), ones(1, 8, 8))
    content, made, output = cleaned(dataset, seen=seen, profile=profile)
    assert not [t for t in dcmread(io.BytesIO(output)).keys() if t.group == 0x6000]  # noqa: SIM118
    assert errors(content, made, output) == []


def test_one_that_was_seen_stays_with_its_texts_cleaned() -> None:
    drawing = np.random.default_rng(1).integers(0, 2, (1, 8, 9), np.uint8)
    content, made, output = cleaned(over(ct_slice(), drawing))
    assert errors(content, made, output) == []
    result = dcmread(io.BytesIO(output))
    assert (bits_of(output, drawing.shape) == drawing).all()
    assert result[LABEL].value == "Chest"
    for tag in (0x60000022, COMMENTS):
        assert "QUENBERT" not in str(result[tag].value)
    assert {d.path: d.action for d in made.decisions}[(DATA,)] is Action.KEEP


@pytest.mark.parametrize("syntax", ["explicit little", "implicit little", "explicit big"])
@pytest.mark.parametrize(
    ("origin", "place"),
    [
        ((1, 1), (slice(2, 5), slice(3, 7))),
        ((2, 3), (slice(1, 4), slice(1, 5))),
        ((4, 5), (slice(0, 2), slice(0, 3))),
    ],
)
def test_a_box_is_cleared_in_the_overlay_where_it_lies_over_the_image(origin, place, syntax) -> None:
    dataset = over(ct_slice(), ones(1, 8, 9), origin, big=syntax == "explicit big")
    content, made, output = cleaned(dataset, box_on(dataset, Box(3, 2, 4, 3)), syntax=syntax)
    expected = ones(1, 8, 9)
    expected[0][place] = 0
    assert (bits_of(output, expected.shape, big=syntax == "explicit big") == expected).all()
    assert errors(content, made, output) == []


def test_what_lies_outside_the_image_goes() -> None:
    dataset = ct_slice()
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    over(dataset, ones(1, rows + 4, columns + 4), (-1, 0))
    content, made, output = cleaned(dataset)
    expected = np.zeros((1, rows + 4, columns + 4), np.uint8)
    expected[0, 2 : rows + 2, 1 : columns + 1] = 1
    assert (bits_of(output, expected.shape) == expected).all()
    assert errors(content, made, output) == []


def test_boxes_of_a_frame_and_overlays_of_frames_beyond_the_last() -> None:
    dataset = over(us_loop(3), ones(3, 4, 4), first=2)
    content, made, output = cleaned(dataset, box_on(dataset, Box(0, 0, 2, 2), (1, 1)))
    expected = ones(3, 4, 4)
    expected[0, :2, :2] = 0
    expected[2] = 0
    assert (bits_of(output, expected.shape) == expected).all()
    assert errors(content, made, output) == []


def test_a_drawing_over_every_frame_loses_the_boxes_of_each() -> None:
    dataset = over(us_loop(3), ones(1, 4, 4))
    _, _, output = cleaned(dataset, box_on(dataset, Box(0, 0, 2, 2), (1, 1)))
    assert not bits_of(output, (1, 4, 4))[0, :2, :2].any()


@pytest.mark.parametrize(("tag", "value"), [(0x60000100, 8), (0x60000010, 9000), (0x60000102, 3)])
def test_one_that_cannot_be_read_goes(tag, value) -> None:
    dataset = over(ct_slice(), ones(1, 8, 8))
    put_raw(dataset, tag, "US", value.to_bytes(2, "little"))
    content, made, output = cleaned(dataset)
    assert DATA not in dcmread(io.BytesIO(output))
    assert errors(content, made, output) == []


def test_one_inside_a_sequence_goes() -> None:
    dataset = ct_slice()
    dataset.AnatomicRegionSequence = [over(item(), ones(1, 8, 8))]
    _, _, output = cleaned(dataset)
    assert DATA not in dcmread(io.BytesIO(output)).AnatomicRegionSequence[0]


@pytest.mark.parametrize("tag", [0x00880200, 0x50003000, 0x7F000010, 0x7FE10010])
def test_other_pictures_go(tag) -> None:
    """Icons, curves, variable and private pixel data, and pixel data inside any other sequence."""
    dataset = ct_slice()
    icon = item(Rows=2, Columns=2, PixelData=b"FACE")
    icon["PixelData"].VR = "OW"
    dataset.AnatomicRegionSequence = [icon]
    if tag == 0x00880200:
        dataset.IconImageSequence = [icon]
    else:
        put_raw(dataset, tag, "LO" if tag & 0x10000 else "OW", b"FACE")
    content, made, output = cleaned(dataset)
    assert tag not in dcmread(io.BytesIO(output))
    assert b"FACE" not in output
    assert errors(content, made, output) == []


@pytest.mark.parametrize("place", [(0, 2, 3), (0, 7, 8)], ids=["in a box", "beside it"])
def test_the_checker_notices_bits_left_and_bits_changed(place) -> None:
    dataset = over(ct_slice(), ones(1, 8, 9))
    content, made, _ = cleaned(dataset, box_on(dataset, Box(3, 2, 4, 3)))
    wrong = ones(1, 8, 9)
    wrong[0, 2:5, 3:7] = 0
    wrong[place] ^= 1
    packed = np.packbits(wrong, axis=None, bitorder="little").tobytes()
    value = packed + b"\0" * (len(packed) % 2)
    spoiled = tuple(replace(d, value=value) if d.path == (DATA,) else d for d in made.decisions)
    broken = replace(made, decisions=spoiled)
    output = apply(parse(content), broken)
    redact(output, broken.blanks)
    assert errors(content, broken, encoded(output)) == ["overlay-wrong"]


def test_where_overlays_draw() -> None:
    dataset = over(ct_slice(), ones(1, 3, 4), (2, 3))
    over(dataset, ones(1, 100, 100), (-98, -98), group=0x6002)
    drawn = drawn_over(parse(to_bytes(dataset)), 0)
    assert drawn is not None
    expected = np.zeros_like(drawn)
    expected[1:4, 2:6] = True
    expected[0, 0] = True
    assert (drawn == expected).all()
    assert drawn_over(parse(to_bytes(ct_slice())), 0) is None
