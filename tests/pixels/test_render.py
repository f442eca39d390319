"""The display table and the index image against pydicom's own display steps and against hand-made cases."""

import math
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut, apply_windowing
from pydicom.sequence import Sequence

from viewer.pixels.pyramid import halved, pyramid
from viewer.pixels.render import (
    CT_PRESETS,
    Colour,
    Grey,
    Mapping,
    Window,
    display_table,
    header_window,
    initial_window,
    is_colour,
    modality_values,
    prepare,
    value_text,
)


def header(**values: object) -> Dataset:
    dataset = Dataset()
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.SamplesPerPixel = 1
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 0
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


def look_up(keyword: str, first: int, entries: list[int], bits: int) -> dict[str, Sequence]:
    item = Dataset()
    item.add_new("LUTDescriptor", "US" if first >= 0 else "SS", [len(entries), first, bits])
    item.add_new("LUTData", "OW", np.array(entries, dtype="<u2").tobytes())
    return {keyword: Sequence([item])}


def grey_of(stored: np.ndarray, dataset: Dataset, window: Window | None = None) -> np.ndarray:
    picture = prepare(stored, dataset)
    assert isinstance(picture, Grey)
    chosen = window or (None if picture.mapping.voi is not None else picture.window)
    return display_table(picture.mapping, chosen)[picture.levels[0]]


@pytest.mark.parametrize("curve", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("center", "width"), [(40, 400), (-600, 1500), (1, 2), (127.5, 255.25)])
def test_the_table_follows_the_curves_of_the_standard(curve: str, center: float, width: float) -> None:
    dataset = header(
        BitsStored=12, HighBit=11, PixelRepresentation=1, RescaleSlope="1", RescaleIntercept="0",
        WindowCenter=center, WindowWidth=width, VOILUTFunction=curve,
    )  # fmt: skip
    stored = np.arange(-2048, 2048, dtype=np.int16).reshape(64, 64)
    with np.errstate(over="ignore"):
        expected = apply_windowing(stored, dataset)
    expected = (expected - -2048) / 4095 * 255
    assert np.abs(grey_of(stored, dataset).astype(float) - expected).max() <= 0.51


def test_a_window_one_wide_is_a_threshold() -> None:
    table = display_table(Mapping(), Window(100, 1))
    assert (table[99], table[100], table[101]) == (0, 255, 255)
    assert set(np.unique(table)) == {0, 255}


def test_rescale_and_sign_are_in_the_mapping() -> None:
    dataset = header(PixelRepresentation=1, RescaleSlope="2", RescaleIntercept="-1024")
    stored = np.array([[-2000, 0], [7, 3000]], dtype=np.int16)
    picture = prepare(stored, dataset)
    assert isinstance(picture, Grey)
    assert modality_values(picture.mapping)[picture.levels[0]].tolist() == [[-5024, -1024], [-1010, 4976]]
    assert value_text(picture, 1, 1) == "4976"


@pytest.mark.parametrize("signed", [0, 1])
def test_bits_above_bits_stored_are_not_shown(signed: int) -> None:
    dataset = header(BitsStored=12, HighBit=11, PixelRepresentation=signed)
    clean = np.array([[5, 2047], [2048, 4095]], dtype=np.uint16)
    dirty = clean | np.array([[0xF000, 0x1000], [0x8000, 0x4000]], dtype=np.uint16)
    one, other = prepare(clean, dataset), prepare(dirty, dataset)
    assert np.array_equal(one.levels[0], other.levels[0])
    values = modality_values(one.mapping)[one.levels[0]].ravel().tolist()
    assert values == ([5, 2047, -2048, -1] if signed else [5, 2047, 2048, 4095])


def test_values_that_sit_in_the_upper_bits_are_moved_down() -> None:
    dataset = header(BitsStored=12, HighBit=15)
    stored = np.array([[0x0FF0, 0xFFF7]], dtype=np.uint16)
    assert prepare(stored, dataset).levels[0].tolist() == [[0x0FF, 0xFFF]]


def test_modality_lut_replaces_rescale() -> None:
    dataset = header(RescaleSlope="7", **look_up("ModalityLUTSequence", 10, [100, 300, 200], 16))
    stored = np.array([[0, 10], [11, 12], [13, 60000]], dtype=np.uint16)
    picture = prepare(stored, dataset)
    assert modality_values(picture.mapping)[picture.levels[0]].tolist() == [
        [100, 100],
        [300, 200],
        [200, 200],
    ]


def test_voi_lut_is_shown_first_and_a_window_replaces_it() -> None:
    dataset = header(PixelRepresentation=1, **look_up("VOILUTSequence", -2, [0, 50, 100, 255], 8))
    stored = np.array([[-9, -2, -1], [0, 1, 9]], dtype=np.int16)
    assert grey_of(stored, dataset).tolist() == [[0, 0, 50], [100, 255, 255]]
    assert grey_of(stored, dataset, Window(0, 2)).tolist() == [[0, 0, 0], [255, 255, 255]]


def test_monochrome1_presentation_inverse_and_the_switch() -> None:
    stored = np.array([[0, 255]], dtype=np.uint8)
    plain = header(BitsAllocated=8, BitsStored=8, HighBit=7, WindowCenter=128, WindowWidth=256)
    assert grey_of(stored, plain).tolist() == [[0, 255]]
    for change in ({"PhotometricInterpretation": "MONOCHROME1"}, {"PresentationLUTShape": "INVERSE"}):
        dataset = header(
            BitsAllocated=8, BitsStored=8, HighBit=7, WindowCenter=128, WindowWidth=256, **change
        )
        picture = prepare(stored, dataset)
        assert isinstance(picture, Grey)
        assert display_table(picture.mapping, picture.window)[picture.levels[0]].tolist() == [[255, 0]]
        turned = display_table(picture.mapping, picture.window, inverted=True)
        assert turned[picture.levels[0]].tolist() == [[0, 255]]


def test_padding_is_black_and_does_not_stretch_the_window() -> None:
    dataset = header(PixelRepresentation=1, PhotometricInterpretation="MONOCHROME1")
    dataset.add_new("PixelPaddingValue", "SS", -2000)
    rng = np.random.default_rng(1)
    stored = rng.integers(0, 1000, (100, 100)).astype(np.int16)
    stored[:40] = -2000
    assert not grey_of(stored, dataset)[:40].any()
    low = initial_window(stored, dataset).center - initial_window(stored, dataset).width / 2
    assert low > -10


def test_window_of_the_functional_group() -> None:
    dataset = header()
    frames = []
    for number in range(3):
        voi, values, group = Dataset(), Dataset(), Dataset()
        voi.WindowCenter, voi.WindowWidth = 100 * number, 10
        values.RescaleSlope, values.RescaleIntercept = number + 1, 5
        group.FrameVOILUTSequence = Sequence([voi])
        group.PixelValueTransformationSequence = Sequence([values])
        frames.append(group)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    assert header_window(dataset, 2) == Window(200, 10)
    assert header_window(dataset, 3) is None
    picture = prepare(np.array([[4]], dtype=np.uint16), dataset, frame=2)
    assert value_text(picture, 0, 0) == "17"


def test_first_of_several_windows() -> None:
    dataset = header(WindowCenter=[40, 300], WindowWidth=[400, 1500])
    assert header_window(dataset) == Window(40, 400)


@pytest.mark.parametrize(
    ("center", "width"), [(40, 0), (40, -3), (math.nan, 100), (40, math.inf), (1e300, 1e300)]
)
def test_a_senseless_window_is_passed_over(center: float, width: float) -> None:
    dataset = header()
    dataset.add_new("WindowCenter", "FD", center)
    dataset.add_new("WindowWidth", "FD", width)
    stored = np.arange(10_000, dtype=np.uint16).reshape(100, 100)
    assert header_window(dataset) is None
    shown = grey_of(stored, dataset)
    assert shown.min() == 0
    assert shown.max() == 255


@pytest.mark.parametrize(
    "window", [Window(0, 0), Window(math.nan, 5), Window(1e308, 1e-308), Window(5, math.inf)]
)
@pytest.mark.parametrize("mapping", [Mapping(), Mapping(slope=1e15, intercept=-1e15), Mapping(slope=0)])
def test_no_window_breaks_the_table(window: Window, mapping: Mapping) -> None:
    assert display_table(mapping, window).shape == (65536,)


def test_broken_tables_are_passed_over() -> None:
    for descriptor, data in (
        ([0, 0, 0], b""),
        ([3, 0], b"abc"),
        ([65535, 0, 99], b"\1\2\3"),
        ([0, 0, 16], b"\xff" * 9),
    ):
        item = Dataset()
        item.add_new("LUTDescriptor", "US", descriptor)
        item.add_new("LUTData", "OW", data)
        dataset = header(ModalityLUTSequence=Sequence([item]), VOILUTSequence=Sequence([item]))
        stored = np.arange(256, dtype=np.uint16).reshape(16, 16)
        assert grey_of(stored, dataset).shape == (16, 16)


def test_a_huge_voi_lut_is_cut_to_its_descriptor() -> None:
    dataset = header(**look_up("VOILUTSequence", 0, [0, 128, 255], 8))
    dataset.VOILUTSequence[0].LUTData = np.array([0, 128, 255] + [7] * 500_000, dtype="<u2").tobytes()
    assert grey_of(np.array([[0, 1, 2, 9]], dtype=np.uint16), dataset).tolist() == [[0, 128, 255, 255]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint32, np.int32])
def test_values_wider_than_16_bits_are_spread(dtype: type) -> None:
    dataset = header(BitsAllocated=32, BitsStored=32, HighBit=31)
    stored = np.array([[0, 1_000_000], [2_000_000, 4_000_000]], dtype=dtype)
    picture = prepare(stored, dataset)
    assert isinstance(picture, Grey)
    assert np.allclose(modality_values(picture.mapping)[picture.levels[0]], stored, atol=40)
    assert grey_of(stored, dataset)[1, 1] == 255


def test_floats_that_are_no_numbers() -> None:
    stored = np.array([[np.nan, np.inf], [-np.inf, 3.0], [1e300, 5.0]])
    assert grey_of(stored, header()).shape == (3, 2)
    assert grey_of(np.full((4, 4), np.nan), header()).shape == (4, 4)


def test_a_flat_picture_and_a_binary_one() -> None:
    assert grey_of(np.full((5, 5), 700, dtype=np.uint16), header()).shape == (5, 5)
    bits = header(BitsAllocated=1, BitsStored=1, HighBit=0)
    assert grey_of(np.array([[0, 1]], dtype=np.uint8), bits).tolist() == [[0, 255]]


def test_eight_bits_keep_their_range_and_label_maps_are_stretched() -> None:
    eight = header(BitsAllocated=8, BitsStored=8, HighBit=7)
    assert grey_of(np.array([[0, 3, 200]], dtype=np.uint8), eight).tolist() == [[0, 3, 200]]
    assert grey_of(np.array([[0, 3, 6]], dtype=np.uint8), eight).tolist() == [[0, 128, 255]]


def test_colour_is_kept_and_laid_out_for_the_screen() -> None:
    rgb = np.zeros((300, 301, 3), dtype=np.uint8)
    rgb[...] = (10, 20, 30)
    picture = prepare(rgb, header(SamplesPerPixel=3, PhotometricInterpretation="RGB"))
    assert isinstance(picture, Colour)
    assert picture.size == (300, 301)
    assert picture.levels[1].shape == (150, 151, 4)
    assert picture.levels[1][149, 150].tolist() == [30, 20, 10, 255]
    assert value_text(picture, 0, 0) == "10, 20, 30"


def test_which_pictures_have_colour() -> None:
    assert is_colour(header(PhotometricInterpretation="PALETTE COLOR"))
    assert is_colour(header(SamplesPerPixel=3))
    assert not is_colour(header())


@pytest.mark.parametrize("shape", [(4,), (0, 5), (2, 2, 2), (2, 2, 2, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a frame has rows"):
        prepare(np.zeros(shape, dtype=np.uint16), header())


def test_halving_is_the_mean_at_most_one_low() -> None:
    image = np.random.default_rng(2).integers(0, 65536, (61, 47)).astype(np.uint16)
    half = halved(image)
    assert half.shape == (31, 24)
    exact = image[:60, :46].astype(float).reshape(30, 2, 23, 2).mean(axis=(1, 3))
    low = exact - half[:30, :23]
    assert low.min() >= 0
    assert low.max() <= 1.25
    assert half[30, 23] == image[60, 46]


def test_levels_are_read_only_and_stop_when_small() -> None:
    levels = pyramid(np.zeros((3000, 1200), dtype=np.uint16))
    assert [level.shape for level in levels] == [(3000, 1200), (1500, 600), (750, 300), (375, 150), (188, 75)]
    assert not any(level.flags.writeable for level in levels)
    assert prepare(np.zeros((300, 300), dtype=np.uint16), header()).nbytes == 2 * (300 * 300 + 150 * 150)


def test_ct_presets() -> None:
    assert [p.window for p in CT_PRESETS] == [(35, 110), (50, 320), (80, 400), (350, 2000), (-500, 1500)]


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name", ["modality/sc-modality-lut", "modality/sc-voi-lut", "modality/ct-ge-small",
             "modality/dx-mono1-dog", "overlay/ct-siemens-overlay", "modality/pt-siemens-2"]
)  # fmt: skip
def test_real_pictures_look_as_pydicom_shows_them(corpus: Path, name: str) -> None:
    dataset = dcmread(corpus / f"{name}.dcm")
    stored = dataset.pixel_array
    value = apply_modality_lut(stored, dataset)
    picture = prepare(stored, dataset)
    assert isinstance(picture, Grey)
    table = display_table(picture.mapping, None if picture.mapping.voi is not None else picture.window)
    shown = table[picture.levels[0]].astype(float)
    if not {"WindowWidth", "VOILUTSequence"} & set(dataset.dir()):
        assert np.array_equal(modality_values(picture.mapping)[picture.levels[0]], value)
        return
    expected = apply_voi_lut(value, dataset, prefer_lut=picture.mapping.voi is not None)
    corners = _output_range(dataset, picture)
    expected = (expected - corners[0]) / (corners[1] - corners[0]) * 255
    if picture.mapping.inverse:
        expected = 255 - expected
    kept = picture.levels[0] != (-1 if picture.mapping.padding is None else picture.mapping.padding)
    assert np.abs(shown - expected)[kept].max() <= 0.6


def _output_range(dataset: Dataset, picture: Grey) -> tuple[float, float]:
    if picture.mapping.voi is not None:
        return 0.0, float(2 ** dataset.VOILUTSequence[0].LUTDescriptor[2] - 1)
    far = np.array([[-1e12, 1e12]])
    low, high = apply_windowing(far, dataset)[0]
    return float(low), float(high)
