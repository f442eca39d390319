"""Sabotage of JPEG frames: output that looks right, and yet is spoiled or carries the picture along."""

import io
import struct
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from viewer.pixels import jpeg_sequential
from viewer.pixels.jpeg import _wish, assembled, blank_blocks
from viewer.pixels.jpeg_progressive import as_sequential
from viewer.pixels.jpeg_sequential import Wish, blanked_scans
from viewer.pixels.jpeg_stream import Jpeg, parse_jpeg
from viewer.release import verify_jpeg_native
from viewer.release.verify_jpeg import jpeg_problem

ROWS, COLUMNS = 56, 88
"""No whole number of 16 x 16 units: some blocks lie beyond the edge."""
AREA = (slice(20, ROWS), slice(40, COLUMNS))
FILL = (0, 128, 128)
MASK = np.zeros((ROWS, COLUMNS), np.bool_)
MASK[AREA] = True


def encoded(**options: object) -> bytes:
    random = np.random.default_rng(5)
    picture = random.integers(60, 200, (ROWS, COLUMNS, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=80, subsampling=2, **options)
    return buffer.getvalue()


DATA = encoded()


@pytest.fixture(params=["library", "own"], autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways in which the checker can read coefficients."""
    if request.param == "own":
        monkeypatch.setattr(verify_jpeg_native, "library", lambda: None)
    elif verify_jpeg_native.library() is None:
        pytest.skip("libturbojpeg is not there")


def problem(made: bytes, data: bytes = DATA) -> str | None:
    return jpeg_problem(data, made, MASK, [(MASK, FILL)])


def blanked(data: bytes = DATA) -> bytes:
    return blank_blocks(data, [(*AREA, FILL)], native=False)


def separate(data: bytes = DATA) -> Jpeg:
    """The same coefficients in a scan per component."""
    jpeg = parse_jpeg(data)
    return as_sequential(jpeg, _wish(jpeg, []))


def written(jpeg: Jpeg, wish: Wish) -> bytes:
    scans = blanked_scans(jpeg, wish)
    assert scans is not None
    return assembled(replace(jpeg, scans=scans))


def wish(jpeg: Jpeg) -> Wish:
    return _wish(jpeg, [(*AREA, FILL)])


def test_what_is_right_is_found_right() -> None:
    for data in (DATA, encoded(progressive=True), encoded(restart_marker_blocks=2), assembled(separate())):
        for native in (False, True):
            made = blank_blocks(data, [(*AREA, FILL)], native=native)
            assert problem(made, data) is None
            assert problem(made + b"\0", data) is None


@pytest.mark.parametrize("component", [0, 1, 2])
def test_levels_far_below_black_that_still_tell_the_picture(component: int) -> None:
    jpeg = parse_jpeg(DATA)
    wanted = wish(jpeg)
    wanted.levels[component, 2, 4] -= 300 if component == 0 else 1
    assert problem(written(jpeg, wanted)) == "box-not-blank"


def test_levels_that_differ_by_one_step() -> None:
    jpeg, grey = parse_jpeg(DATA), (100, 128, 128)
    wanted = _wish(jpeg, [(*AREA, grey)])
    assert jpeg_problem(DATA, written(jpeg, wanted), MASK, [(MASK, grey)]) is None
    wanted.levels[0, 2, 4] += 1
    assert jpeg_problem(DATA, written(jpeg, wanted), MASK, [(MASK, grey)]) == "box-not-blank"


def test_a_level_outside_that_is_one_off() -> None:
    jpeg = parse_jpeg(DATA)
    wanted = wish(jpeg)
    wanted.touched[0, 0] = True
    wanted.levels[:, 0, 0] = 3
    assert problem(written(jpeg, wanted)) == "blocks-outside-changed"


def test_the_picture_in_blocks_beyond_the_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = jpeg_sequential._blocks

    def only_what_is_seen(*arguments: object) -> object:
        blocks = whole(*arguments)  # type: ignore[arg-type]
        mcu, place = np.divmod(np.arange(len(blocks.touched)), 6)
        unseen = (mcu % 6 == 5) & np.isin(place, (1, 3)) | (mcu // 6 == 3) & np.isin(place, (2, 3))
        return replace(blocks, touched=blocks.touched & ~unseen)

    monkeypatch.setattr(jpeg_sequential, "_blocks", only_what_is_seen)
    assert problem(blanked()) == "box-not-blank"


def test_a_first_scan_that_a_second_one_covers() -> None:
    jpeg = separate()
    clean = blanked_scans(jpeg, wish(jpeg))
    assert clean is not None
    made = assembled(replace(jpeg, scans=(jpeg.scans[0], *clean)))
    assert problem(made) == "pixels-unreadable"


def test_a_missing_scan() -> None:
    jpeg = separate()
    scans = blanked_scans(jpeg, wish(jpeg))
    assert scans is not None
    assert problem(assembled(replace(jpeg, scans=scans))) is None
    assert problem(assembled(replace(jpeg, scans=scans[:2]))) == "pixels-unreadable"


@pytest.mark.parametrize("more", [b"\x01", b"DOE^J", b"DOE^JOHN^OF^SOMEWHERE"])
@pytest.mark.parametrize("options", [{}, {"restart_marker_blocks": 2}])
def test_bytes_behind_the_last_block(options: dict[str, object], more: bytes) -> None:
    data = encoded(**options)
    made = blanked(data)
    ends = [made.index(b"\xff\xd9")]
    if options:
        ends.append(made.index(b"\xff\xd0"))
    for end in ends:
        assert problem(made[:end] + more + made[end:], data) == "pixels-unreadable"
        assert problem(made[: end - 1] + made[end:], data) == "pixels-unreadable"


def test_restarts_in_another_order() -> None:
    data = encoded(restart_marker_blocks=2)
    made = blanked(data)
    assert problem(made.replace(b"\xff\xd1", b"\xff\xd2", 1), data) == "pixels-unreadable"


def segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes((marker,)) + struct.pack(">H", len(body) + 2) + body


BEFORE_FRAME: dict[str, tuple[bytes, str]] = {
    "a table that nothing uses": (segment(0xDB, b"\3" + b"DOE^JOHN" * 8), "stream-text-left"),
    "a table that is overwritten": (segment(0xDB, b"\0" + b"DOE^JOHN" * 8), "stream-text-left"),
    "codes that nothing uses": (segment(0xC4, b"\x13" + b"\1" + bytes(15) + b"D"), "stream-text-left"),
    "a second JFIF": (segment(0xE0, b"JFIF\0DOE^JOH\0\0"), "stream-text-left"),
    "an interval for nothing": (segment(0xDD, b"\0\0") * 2, "stream-text-left"),
    "other colours": (segment(0xEE, b"Adobe\0\x64\0\0\0\0\0"), "pixel-header-changed"),
    "a comment": (segment(0xFE, b"DOE^JOHN"), "stream-text-left"),
    "application data": (segment(0xE1, b"Exif\0\0DOE^JOHN"), "stream-text-left"),
    "a reserved marker": (segment(0xC8, b"DOE^JOHN"), "pixels-unreadable"),
    "lines defined later": (segment(0xDC, b"\0\x10"), "pixels-unreadable"),
}


@pytest.mark.parametrize(("extra", "code"), BEFORE_FRAME.values(), ids=BEFORE_FRAME)
def test_segments_that_decoding_does_not_need(extra: bytes, code: str) -> None:
    made = blanked()
    at = made.index(b"\xff\xdb")
    assert problem(made[:at] + extra + made[at:]) == code


def _longer_scan_header(made: bytes) -> bytes:
    at = made.index(b"\xff\xda")
    return made[: at + 2] + b"\0\x10" + made[at + 4 : at + 14] + b"DOE^" + made[at + 14 :]


def _two_frames(made: bytes) -> bytes:
    at = made.index(b"\xff\xc0")
    return made[: at + 19] + made[at:]


def _other_density(made: bytes) -> bytes:
    return made.replace(b"JFIF\0\1\1\0\0\1\0\1", b"JFIF\0DOE^JON")


def _progressive(made: bytes) -> bytes:
    return made.replace(b"\xff\xc0", b"\xff\xc2")


def _smaller(made: bytes) -> bytes:
    at = made.index(b"\xff\xc0") + 5
    return made[:at] + struct.pack(">HH", ROWS - 1, COLUMNS) + made[at + 4 :]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_longer_scan_header, "pixels-unreadable"),
        (_two_frames, "pixels-unreadable"),
        (_other_density, "pixel-header-changed"),
        (_progressive, "pixels-unreadable"),
        (_smaller, "pixel-header-changed"),
        (lambda made: made[2:], "pixels-unreadable"),
        (lambda made: made[:-2], "pixels-unreadable"),
        (lambda made: made[: len(made) // 2] + b"\xff\xd9", "pixels-unreadable"),
        (lambda made: b"", "pixels-unreadable"),
    ],
)
def test_headers_that_say_more_or_less(spoil: Callable[[bytes], bytes], code: str) -> None:
    made = spoil(blanked())
    assert made != blanked()
    assert problem(made) == code


def test_quantisation_that_is_wrong_for_one_scan_only() -> None:
    jpeg = separate()
    scans = blanked_scans(jpeg, wish(jpeg))
    assert scans is not None
    other = tuple(number + 1 for number in jpeg.quantisation[0])
    made = assembled(replace(jpeg, scans=scans, quantisation=(other, *jpeg.quantisation[1:])))
    at = made.rindex(b"\xff\xda")
    right = segment(0xDB, b"\0" + bytes(jpeg.quantisation[0]))
    assert problem(made[:at] + right + made[at:]) == "pixel-header-changed"


def test_a_source_of_another_size_than_the_regions() -> None:
    mask = np.zeros((ROWS, COLUMNS - 3), np.bool_)
    assert jpeg_problem(DATA, blanked(), mask, [(mask, FILL)]) == "frame-missing"


def test_damage_of_any_kind_is_an_answer() -> None:
    """Whatever bytes come, the checker never raises; what it takes for right shows the same picture."""
    random = np.random.default_rng(2)
    data = encoded(restart_marker_blocks=3)
    made = blanked(data)
    shown = np.asarray(Image.open(io.BytesIO(made)))
    for turn in range(300):
        damaged = bytearray(made)
        for _ in range(random.integers(1, 5)):
            damaged[random.integers(0, len(made) if turn % 2 else 400)] = random.integers(256)
        if turn % 7 == 0:
            del damaged[random.integers(2, len(made)) :]
        if problem(bytes(damaged), data) is None:
            np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(damaged))), shown)
