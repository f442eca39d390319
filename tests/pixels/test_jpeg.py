"""JPEG frames: the blocks under a box hold one value, every other one what it held; damage is refused."""

import io
from dataclasses import replace
from itertools import product

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from viewer.dicom.errors import Unsupported
from viewer.pixels import jpeg_native, jpeg_sequential
from viewer.pixels.jpeg import assembled, blank_blocks
from viewer.pixels.jpeg_progressive import as_sequential
from viewer.pixels.jpeg_sequential import Wish, _extended
from viewer.pixels.jpeg_stream import Jpeg, Table, check_scans, parse_jpeg
from viewer.release import verify_jpeg_native, verify_jpeg_scans
from viewer.release.verify_jpeg import jpeg_problem
from viewer.release.verify_jpeg_stream import parsed

ROWS, COLUMNS = 61, 83
AREA = (slice(19, 40), slice(11, 50))
BLACK = {1: (0,), 3: (0, 128, 128)}


def picture(components: int, rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    random = np.random.default_rng(3)
    y, x = np.indices((rows, columns))
    shape = (128 + 60 * np.sin(x / 17) + 50 * np.cos(y / 23))[..., None]
    noisy = np.clip(shape + random.normal(0, 12, (rows, columns, components)), 0, 255).astype(np.uint8)
    return noisy[..., 0] if components == 1 else noisy


def encoded(components: int, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture(components)).save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


def covered(*areas: tuple[slice, slice]) -> np.ndarray:
    mask = np.zeros((ROWS, COLUMNS), np.bool_)
    for area in areas:
        mask[area] = True
    return mask


def coefficients(data: bytes) -> list[np.ndarray]:
    stream = parsed(data)
    return verify_jpeg_scans.coefficients(stream)


NATIVE = pytest.param(
    True, marks=pytest.mark.skipif(verify_jpeg_native.library() is None, reason="libturbojpeg is not there")
)
VARIANTS = [
    (components, {"subsampling": sampling, "progressive": progressive, "optimize": optimised, **restarts})
    for components, sampling, progressive, optimised, restarts in product(
        (1, 3),
        (0, 1, 2),
        (False, True),
        (False, True),
        ({}, {"restart_marker_blocks": 3}, {"restart_marker_rows": 1}),
    )
    if components == 3 or sampling == 0
]


@pytest.mark.parametrize("native", [False, NATIVE])
@pytest.mark.parametrize("fill", ["black", "white", "grey"])
def test_only_the_blocks_under_the_box_change(native: bool, fill: str) -> None:
    for components, options in VARIANTS:
        data = encoded(components, **options)
        first = {"black": 0, "white": 255, "grey": 90}[fill]
        values = (first, *BLACK[components][1:])
        made = blank_blocks(data, [(*AREA, values)], native=native)
        mask = covered(AREA)
        assert jpeg_problem(data, made, mask, [(mask, values)]) is None, options
        factors = parsed(data).factors
        high, wide = 8 * max(v for _, v in factors), 8 * max(h for h, _ in factors)
        for (h, v), old, new in zip(factors, coefficients(data), coefficients(made), strict=True):
            rows = slice(AREA[0].start // high * v, -(-AREA[0].stop // high) * v)
            columns = slice(AREA[1].start // wide * h, -(-AREA[1].stop // wide) * h)
            down, across = -(-ROWS * v // high), -(-COLUMNS * h // wide)
            changed = (old != new).any(axis=-1)[:down, :across]
            changed[rows, columns] = False
            assert not changed.any(), options
            assert not new[rows, columns, 1:].any()
        shown = np.asarray(Image.open(io.BytesIO(made)).convert("L"))
        assert np.abs(shown[AREA].astype(int) - first).max() <= 1


@pytest.mark.parametrize("subsampling", ["444", "422", "420", "440", "411"])
def test_every_way_to_halve_colours(subsampling: str) -> None:
    data = imagecodecs.jpeg8_encode(picture(3), 90, subsampling=subsampling)
    mask = covered(AREA)
    for native in (False, True):
        made = blank_blocks(data, [(*AREA, BLACK[3])], native=native)
        assert jpeg_problem(data, made, mask, [(mask, BLACK[3])]) is None


def test_twelve_bits() -> None:
    deep = picture(1).astype(np.uint16) * 16
    data = imagecodecs.jpeg8_encode(deep, 90, bitspersample=12)
    made = blank_blocks(data, [(*AREA, (4095,))])
    mask = covered(AREA)
    assert jpeg_problem(data, made, mask, [(mask, (4095,))]) is None
    assert (imagecodecs.jpeg8_decode(made)[AREA] >= 4094).all()


def test_a_later_area_wins_and_edges_of_the_image_are_reached() -> None:
    data = encoded(3, subsampling=2)
    whole, corner = (slice(0, ROWS), slice(0, COLUMNS)), (slice(50, ROWS), slice(70, COLUMNS))
    made = blank_blocks(data, [(*whole, BLACK[3]), (*corner, (200, 128, 128))])
    shown = np.asarray(Image.open(io.BytesIO(made)).convert("L"))
    assert (shown[:48, :64] == 0).all()
    assert np.abs(shown[50:, 70:].astype(int) - 200).max() <= 1


def test_texts_beside_the_picture_are_left_out_and_colours_stay() -> None:
    data = encoded(3, comment=b"DOE^JOHN", exif=b"Exif\0\0DOE^JOHN")
    made = blank_blocks(data + b"DOE^JOHN", [(*AREA, BLACK[3])])
    assert b"DOE" not in made
    assert parse_jpeg(made).colours == parse_jpeg(data).colours
    assert b"JFIF" in made
    red = imagecodecs.jpeg8_encode(picture(3), 90, colorspace="RGB", outcolorspace="RGB")
    assert b"Adobe" in blank_blocks(red, [(*AREA, (0, 0, 0))])


def test_a_table_gets_a_code_that_it_lacks_without_changing_others() -> None:
    flat = np.full((64, 64), 100, np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(flat).save(buffer, "JPEG", quality=90, optimize=True)
    data = buffer.getvalue()
    (scan,) = parse_jpeg(data).scans
    made = blank_blocks(data, [(slice(16, 24), slice(16, 24), (0,))], native=False)
    (again,) = parse_jpeg(made).scans
    assert len(again.dc[0].symbols) > len(scan.dc[0].symbols)
    old, new = scan.dc[0].codes(), again.dc[0].codes()
    assert {symbol: new[symbol] for symbol in old} == old
    assert all(code != (1 << length) - 1 for code, length in new.values())
    shown = np.asarray(Image.open(io.BytesIO(made)))
    assert (shown[16:24, 16:24] == 0).all()
    assert (shown[:16] == flat[:16]).all()


def test_a_table_without_room_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _extended(Table((2, *[0] * 15), b"\0\1"), 5) is None
    assert _extended(Table((1,) * 16, bytes(range(16))), 20) is None
    monkeypatch.setattr(jpeg_sequential, "_extended", lambda table, symbol: None)
    for components, options in VARIANTS[::4]:
        data = encoded(components, **options)
        mask, fill = covered(AREA), (0, *BLACK[components][1:])
        made = blank_blocks(data, [(*AREA, fill)], native=False)
        assert jpeg_problem(data, made, mask, [(mask, fill)]) is None


# What is refused


def test_other_kinds_of_jpeg_are_refused() -> None:
    data = encoded(1)
    at = data.index(b"\xff\xc0")
    for marker in (0xC3, 0xC5, 0xC9, 0xCA, 0xF7):
        other = data[: at + 1] + bytes((marker,)) + data[at + 2 :]
        with pytest.raises(Unsupported, match="rare kind"):
            blank_blocks(other, [(*AREA, (0,))])


@pytest.mark.parametrize("native", [False, NATIVE])
def test_a_stream_cut_short_is_refused(native: bool) -> None:
    for options in ({}, {"progressive": True}, {"restart_marker_rows": 1}):
        data = encoded(1, **options)
        for cut in (len(data) // 2, len(data) - 40):
            with pytest.raises(Unsupported):
                blank_blocks(data[:cut] + b"\xff\xd9", [(*AREA, (0,))], native=native)


@pytest.mark.parametrize("native", [False, NATIVE])
@pytest.mark.parametrize("progressive", [False, True])
def test_damage_is_refused_or_does_not_matter(native: bool, progressive: bool) -> None:
    """Nothing but Unsupported comes out, and what comes out right is right."""
    random = np.random.default_rng(11)
    whole = encoded(3, subsampling=2, progressive=progressive, restart_marker_rows=1)
    mask, refused = covered(AREA), 0
    for turn in range(60):
        damaged = bytearray(whole)
        for _ in range(random.integers(1, 4)):
            damaged[random.integers(2, len(whole) if turn % 2 else 700)] = random.integers(256)
        data = bytes(damaged)
        try:
            made = blank_blocks(data, [(*AREA, BLACK[3])], native=native)
        except Unsupported:
            refused += 1
            continue
        size = parse_jpeg(data).frame
        if (size.rows, size.columns, len(size.components)) == (ROWS, COLUMNS, 3):
            found = jpeg_problem(data, made, mask, [(mask, BLACK[3])])
            assert found in (None, "pixels-unreadable"), turn
    assert refused > 10


@pytest.mark.parametrize("native", [False, NATIVE])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 5}])
@pytest.mark.parametrize("factors", [0x22, 0x21, 0x12, 0x44])
def test_grey_whose_only_component_says_that_it_is_halved(
    native: bool, options: dict[str, object], factors: int
) -> None:
    """Blocks of a frame of one component follow each other in rows, whatever the factors are."""
    plain = encoded(1, **options)
    at = plain.index(b"\xff\xc2" if options.get("progressive") else b"\xff\xc0")
    data = plain[: at + 11] + bytes((factors,)) + plain[at + 12 :]
    made = blank_blocks(data, [(*AREA, (0,))], native=native)
    mask = covered(AREA)
    assert jpeg_problem(data, made, mask, [(mask, (0,))]) is None
    again = bytes(made).replace(bytes((1, factors, 0)), bytes((1, 0x11, 0)), 1)
    shown = np.asarray(Image.open(io.BytesIO(again)))
    assert (shown[AREA] == 0).all()
    np.testing.assert_array_equal(shown[:16], np.asarray(Image.open(io.BytesIO(plain)))[:16])


def in_scans(data: bytes) -> Jpeg:
    """The same coefficients, with a scan per component."""
    jpeg = parse_jpeg(data)
    nothing = np.zeros((jpeg.frame.mcus_down, jpeg.frame.mcus_across), np.bool_)
    return as_sequential(jpeg, Wish(nothing, np.zeros((3, *nothing.shape), np.int64)))


def test_tables_that_change_between_scans() -> None:
    data = encoded(3, subsampling=2)
    jpeg = in_scans(data)
    components = tuple(replace(one, quantisation=0) for one in jpeg.frame.components)
    changing = assembled(replace(jpeg, frame=replace(jpeg.frame, components=components)))
    assert changing.count(b"\xff\xdb") == 2
    assert parse_jpeg(changing).quantisation == jpeg.quantisation
    made = blank_blocks(changing, [(*AREA, BLACK[3])])
    mask = covered(AREA)
    assert jpeg_problem(changing, made, mask, [(mask, BLACK[3])]) is None
    for one, other in ((data, changing), (blank_blocks(data, [(*AREA, BLACK[3])]), made)):
        np.testing.assert_array_equal(Image.open(io.BytesIO(one)), Image.open(io.BytesIO(other)))


@pytest.mark.parametrize("native", [False, NATIVE])
def test_bytes_that_nothing_needs_are_left_out(native: bool) -> None:
    data = encoded(3)
    jfif, table = b"\xff\xe0\x00\x10JFIF\0DOE^JOHN0", b"\xff\xdb\x00\x43\3" + b"DOE^JOHN" * 8
    codes = b"\xff\xc4\x00\x1b\x13" + b"\0\0\0\x08" + bytes(12) + b"DOE^JN\1\2"
    at = data.index(b"\xff\xdb")
    crowded = data[:at] + jfif + table + codes + b"\xff\xff\xff" + data[at:]
    made = blank_blocks(crowded, [(*AREA, BLACK[3])], native=native)
    assert b"DOE" not in made
    assert problem(crowded, made) is None


def spoiled_streams() -> dict[str, bytes]:
    data = encoded(3)
    jpeg = in_scans(data)
    at, sof = data.index(b"\xff\xda") + 14, data.index(b"\xff\xc0")
    adobe = (b"\xff\xee\x00\x0eAdobe\0\x64\0\0\0\0" + bytes((kind,)) for kind in (0, 1))
    return {
        "one scan twice": assembled(replace(jpeg, scans=(*jpeg.scans, jpeg.scans[0]))),
        "no scan of a component": assembled(replace(jpeg, scans=jpeg.scans[1:])),
        "a broken marker": data[:at] + b"\xff\xff\0" + data[at:],
        "two kinds of colours": data[:2] + b"".join(adobe) + data[2:],
        "far more blocks than bits": data[: sof + 5] + b"\xff\0\xff\0" + data[sof + 9 :],
        "lines to be told later": data[: sof + 5] + b"\0\0" + data[sof + 7 :],
        "bytes behind the last block": data[:-2] + b"DOE^JOHN" + data[-2:],
        "a step of nothing": data.replace(b"\xff\xdb\0\x43\0" + data[25:26], b"\xff\xdb\0\x43\0\0"),
    }


SPOILED = spoiled_streams()


@pytest.mark.parametrize("native", [False, NATIVE])
@pytest.mark.parametrize("data", SPOILED.values(), ids=SPOILED)
def test_streams_that_contradict_themselves_are_refused(data: bytes, native: bool) -> None:
    assert data != encoded(3)
    with pytest.raises(Unsupported):
        blank_blocks(data, [(*AREA, BLACK[3])], native=native)


def test_bits_of_coefficients_come_in_order_and_once() -> None:
    jpeg = parse_jpeg(encoded(3, progressive=True))
    check_scans(jpeg.frame, jpeg.scans)
    first, *others = jpeg.scans
    for scans in ([*others, first], [*jpeg.scans, first], [*jpeg.scans, others[-1]], others, jpeg.scans * 30):
        with pytest.raises(ValueError, match="scan"):
            check_scans(jpeg.frame, scans)


def test_a_code_that_there_is_not_is_refused() -> None:
    """A window of ones begins no code; the blocks after it must not be taken for right by chance."""
    data = encoded(1)
    at = data.index(b"\xff\xda") + 60
    broken = data[:at] + b"\xff\0\xff\0\xff\0" + data[at + 6 :]
    with pytest.raises(Unsupported):
        blank_blocks(broken, [(*AREA, (0,))], native=False)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_filter_that_fails_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in a function that a library calls is printed and lost: then our own code does the work."""
    if jpeg_native._library() is None:
        pytest.skip("libturbojpeg is not there")
    data = encoded(3)
    wish = Wish(np.ones((4, 6), np.bool_), np.zeros((3, 4, 6), np.int64))
    assert jpeg_native.blanked(data, parse_jpeg(data), wish) is not None
    without_levels = Wish(wish.touched, np.zeros((0, 4, 6), np.int64))
    assert jpeg_native.blanked(data, parse_jpeg(data), without_levels) is None


# The checker


def problem(data: bytes, made: bytes, area: tuple[slice, slice] = AREA) -> str | None:
    mask = covered(area)
    return jpeg_problem(data, made, mask, [(mask, BLACK[3])])


@pytest.mark.parametrize("options", [{}, {"subsampling": 2}, {"progressive": True}])
class TestSabotage:
    def test_blocks_too_many_too_few_or_beside(self, options: dict[str, object]) -> None:
        data = encoded(3, **options)
        mcu = 16 if options.get("subsampling", 2) == 2 else 8
        made = blank_blocks(data, [(*AREA, BLACK[3])])
        assert problem(data, made) is None
        rows, columns = AREA
        larger = slice(rows.start, rows.stop + mcu), columns
        beside = rows, slice(columns.start + mcu, columns.stop + mcu)
        assert problem(data, made, larger) == "box-not-blank"
        assert problem(data, blank_blocks(data, [(*larger, BLACK[3])])) == "blocks-outside-changed"
        assert problem(data, blank_blocks(data, [(*beside, BLACK[3])])) == "blocks-outside-changed"
        unchanged = "pixel-header-changed" if options.get("progressive") else "box-not-blank"
        assert problem(data, data) == unchanged

    def test_another_grey_or_colour(self, options: dict[str, object]) -> None:
        data = encoded(3, **options)
        for fill in ((40, 128, 128), (0, 0, 0), (0, 128, 140)):
            assert problem(data, blank_blocks(data, [(*AREA, fill)])) == "box-not-blank"

    def test_other_quantisation_or_colours(self, options: dict[str, object]) -> None:
        data = encoded(3, **options)
        made = bytearray(blank_blocks(data, [(*AREA, BLACK[3])]))
        at = made.index(b"\xff\xdb")
        made[at + 7] ^= 1
        assert problem(data, bytes(made)) == "pixel-header-changed"
        made[at + 7] ^= 1
        assert problem(data, bytes(made)) is None
        without = bytes(made).replace(parse_jpeg(data).colours, b"")
        assert problem(data, without) == "pixel-header-changed"

    def test_text_beside_the_picture(self, options: dict[str, object]) -> None:
        data = encoded(3, **options)
        made = blank_blocks(data, [(*AREA, BLACK[3])])
        assert problem(data, made[:2] + b"\xff\xfe\x00\x06DOE^" + made[2:]) == "stream-text-left"
        assert problem(data, made + b"DOE^JOHN") == "stream-text-left"


def test_the_checker_reads_the_same_with_and_without_the_library() -> None:
    if verify_jpeg_native.library() is None:
        pytest.skip("libturbojpeg is not there")
    for components, options in VARIANTS[::3]:
        stream = parsed(data := encoded(components, **options))
        native = verify_jpeg_native.coefficients(data, stream.frame)
        own = verify_jpeg_scans.coefficients(stream)
        assert native is not None
        for a, b in zip(native, own, strict=True):
            rows, columns = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
            np.testing.assert_array_equal(
                np.sort(a[:rows, :columns], axis=-1), np.sort(b[:rows, :columns], axis=-1)
            )


def test_without_the_library_our_own_code_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_native.ctypes.util, "find_library", lambda name: None)
    jpeg_native._library.cache_clear()
    verify_jpeg_native.library.cache_clear()
    try:
        data = encoded(3, subsampling=1)
        assert problem(data, blank_blocks(data, [(*AREA, BLACK[3])])) is None
    finally:
        jpeg_native._library.cache_clear()
        verify_jpeg_native.library.cache_clear()
