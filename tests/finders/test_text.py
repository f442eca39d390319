"""Text on one frame: found in every shape, read, and told when it could not be looked for."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.finders.drawn import covered, extent, frame
from viewer.finders import networks
from viewer.finders.glance import Glance
from viewer.finders.line_ends import joined
from viewer.finders.lone_marks import without_lone_marks
from viewer.finders.many_frames import Eyes
from viewer.finders.networks import DETECTOR, GLANCE, RECOGNISER, Network, NoTextSearch, load_network
from viewer.finders.places import all_places
from viewer.finders.reading import ReadLine
from viewer.finders.sharpness import sharp_map
from viewer.finders.text import NoSample, TextFinder
from viewer.finders.text_box import TextBox
from viewer.resources import resource

pytestmark = pytest.mark.text

NAME, DATE = "QUENBERT OSWALDINE", "DOB 03.12.1961"
LINES = {(40, 30): NAME, (500, 520): DATE}


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    return Eyes.open(threads=2)


def said(eyes: Eyes, grey: np.ndarray) -> str:
    lines, whole = eyes.lines(grey)
    assert whole
    return " | ".join(line.text for line in lines).upper()


@pytest.mark.parametrize("how", ["white", "black", "inverted", "16 bit", "signed range", "film"])
def test_lines_are_found_and_read(eyes: Eyes, how: str) -> None:
    shape = (2200, 1800) if how == "film" else (600, 800)
    grey = frame(LINES, shape, ink=10 if how == "black" else 235)
    if how == "inverted":
        grey = 255 - grey
    if how == "16 bit":
        grey = grey.astype(np.uint16) * 13 + 300
    if how == "signed range":
        grey = grey.astype(np.uint16) * 4 + 32768
    found = eyes.finder.find(grey)
    assert not found.unseen
    for place, text in LINES.items():
        assert covered(list(found.boxes), extent(place, text)) > 0.97
    read = said(eyes, grey)
    assert "QUENBERT" in read
    assert "03.12.1961" in read


@pytest.mark.parametrize("turns", [1, 3])
def test_turned_lines_are_read_upright(eyes: Eyes, turns: int) -> None:
    grey = np.ascontiguousarray(np.rot90(frame({(200, 300): NAME}), turns))
    assert "QUENBERT" in said(eyes, grey)


def test_a_frame_without_text_has_none(eyes: Eyes) -> None:
    for shape in ((600, 800), (2000, 1600)):
        assert eyes.lines(frame({}, shape)) == ([], True)


def test_tiny_frames_are_looked_at(eyes: Eyes) -> None:
    assert eyes.lines(np.zeros((1, 1), np.uint8)) == ([], True)
    assert eyes.lines(np.full((14, 3000), 9, np.uint16)) == ([], True)


def test_a_line_from_light_into_dark_is_found_whole(eyes: Eyes) -> None:
    """Its two halves have other contrasts; what was found first is looked past."""
    grey = frame({}, (900, 1500), ground=70)
    ramp = np.clip(grey + np.linspace(0, 150, 1500), 0, 255)
    letters = frame({(420, 420): "HOSPITAL OF SAINT EKATERIN"}, (900, 1500), size=40, ground=0, noise=0)
    grey = np.where(letters > 200, np.clip(ramp - 60, 0, 255), ramp).astype(np.uint8)
    found = eyes.finder.find(grey)
    where = extent((420, 420), "HOSPITAL OF SAINT EKATERIN", 40)
    assert covered(list(found.boxes), where, by=6) > 0.97


@pytest.mark.parametrize("size", [40, 70, 100])
@pytest.mark.parametrize("shape", [(300, 400), (480, 640), (600, 800), (1000, 1300)])
def test_large_letters_are_found_whole(eyes: Eyes, shape: tuple[int, int], size: int) -> None:
    text = "NOVAK 12" if shape[1] > 500 else "NOVAK"
    grey = frame({(20, 100): text}, shape, size=size)
    found = eyes.finder.find(grey)
    assert covered(list(found.boxes), extent((20, 100), text, size), by=6) > 0.97


@pytest.mark.parametrize("inverted", [False, True])
def test_a_label_far_brighter_than_the_picture_is_read(eyes: Eyes, inverted: bool) -> None:
    """It is so small a part that the range of the picture ends below it."""
    grey = np.random.default_rng(1).normal(500, 12, (700, 700)).astype(np.uint16)
    letters = frame({(240, 310): "OSWALDINE 61"}, (700, 700), size=14, ground=0, noise=0) > 120
    grey[300:335, 230:360] = 2500
    grey[letters] = 4095
    if inverted:
        grey = 5000 - grey
    assert "OSWALDINE" in said(eyes, grey)


def test_many_lines_far_brighter_than_the_picture_are_all_read(eyes: Eyes) -> None:
    grey = np.random.default_rng(1).normal(500, 12, (1390, 1390)).astype(np.uint16)
    names = {(300, 200 + 24 * at): f"OSWALDINE {chr(65 + at)}{at}" for at in range(14)}
    grey[frame(names, (1390, 1390), size=13, ground=0, noise=0) > 120] = 4095
    assert said(eyes, grey).count("OSWALDINE") == 14


@pytest.mark.parametrize("padding", [0, 65535])
def test_letters_on_tissue_beside_padding_are_read(eyes: Eyes, padding: int) -> None:
    """The padding is so far from the tissue that letters have two of 255 levels."""
    grey = np.random.default_rng(1).normal(32000, 40, (512, 512)).astype(np.uint16)
    letters = frame({(180, 240): "OSWALDINE 1961"}, (512, 512), size=16, ground=0, noise=0) > 120
    grey[letters] += 600
    grey[:80, :80] = grey[-80:, -80:] = padding
    assert "OSWALDINE" in said(eyes, grey)


def test_faint_letters_on_an_even_ground_are_read(eyes: Eyes) -> None:
    ground = np.random.default_rng(1).normal(100, 0.7, (480, 640))
    letters = frame({(180, 240): NAME}, (480, 640), size=20, ground=0, noise=0) > 120
    assert "QUENBERT" in said(eyes, (ground + 6 * letters).round().astype(np.uint8))


def test_what_the_time_did_not_reach_is_told(eyes: Eyes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viewer.finders.places._CANVAS", 8_000)
    grey = frame({(30, 40 + 90 * i): f"NUMBER {i} QUENBERT" for i in range(20)}, (2000, 1600))
    wanted = all_places(sharp_map(grey), grey)
    found = eyes.finder.find(grey, seconds=0)
    assert found.looked_at
    assert found.unseen
    assert len(found.looked_at) + len(found.unseen) == len(wanted)
    _, whole = eyes.lines(grey, seconds=0)
    assert not whole


def test_the_search_fails_when_its_own_sample_is_not_found(
    eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = np.zeros((32, 320), np.uint8)
    monkeypatch.setattr("viewer.finders.canvas.decoy", lambda: blind)
    looked = eyes.finder.find(frame(LINES))
    assert not looked.boxes
    assert not looked.looked_at
    assert looked.unseen
    assert "did not find its own sample" in looked.trouble
    with pytest.raises(NoTextSearch, match="does not find its own sample"):
        TextFinder.load(threads=1)


def test_a_network_that_finds_nothing_is_no_clean_image(eyes: Eyes, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def run(self, _names: None, fed: dict[str, np.ndarray]) -> list[np.ndarray]:
            return [np.zeros_like(fed["x"])]

    assert TextFinder(Network(Silent()), Glance.load()).find(frame(LINES)).unseen


@pytest.mark.parametrize("fault", ["missing", "damaged", "no runtime"])
def test_networks_that_are_not_whole_are_told(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (DETECTOR, RECOGNISER, GLANCE, "manifest.json"):
        (tmp_path / name).write_bytes(resource("text", name).read_bytes())
    if fault == "missing":
        (tmp_path / DETECTOR).unlink()
    if fault == "damaged":
        content = bytearray((tmp_path / DETECTOR).read_bytes())
        content[5_000_000] ^= 1
        (tmp_path / DETECTOR).write_bytes(bytes(content))
    if fault == "no runtime":
        monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    monkeypatch.setattr(networks, "resource", lambda _folder, name: tmp_path / name)
    networks.text_search_trouble.cache_clear()
    try:
        assert bool(networks.text_search_trouble()) is (fault != "damaged")
        with pytest.raises(NoTextSearch):
            load_network(DETECTOR, threads=1)
    finally:
        networks.text_search_trouble.cache_clear()


def test_networks_hold_no_weights_below_the_normal_range() -> None:
    """Processors compute with such in microcode: the detector had 255,000 and took four times as long."""
    for name in (DETECTOR, RECOGNISER):
        for weights in onnx.load_from_string(resource("text", name).read_bytes()).graph.initializer:
            values = onnx.numpy_helper.to_array(weights)
            if values.dtype == np.float32:
                assert ((values == 0) | (np.abs(values) >= np.finfo(np.float32).tiny)).all()


# Marks and parts of lines ----------------------------------------------------------------------------


def line(text: str, sure: float, box: TextBox) -> ReadLine:
    return ReadLine(box, text, sure)


@pytest.mark.parametrize(
    ("text", "sure", "wide", "high", "stays"),
    [
        ("4", 0.4, 17, 28, False),
        ("", 0.0, 15, 15, False),
        ("|", 0.99, 12, 30, False),
        ("之", 0.6, 17, 27, False),
        ("王", 0.97, 20, 22, True),
        ("十", 0.98, 20, 22, False),
        ("F", 0.98, 16, 22, False),
        ("一", 0.93, 20, 6, False),
        ("一", 0.2, 120, 20, True),
        ("11/11/11", 0.9, 120, 20, True),
        ("11", 0.9, 24, 20, True),
        ("·.", 0.9, 50, 56, False),
        ("269", 0.4, 26, 10, False),
        ("L", 0.99, 30, 34, True),
        ("", 0.0, 240, 22, True),
        ("张伟", 0.4, 60, 22, True),
        ("058", 0.4, 11, 6, False),
        ("QUENBERT", 0.3, 120, 20, True),
    ],
)
def test_marks_that_are_no_text_are_left_out(
    text: str, sure: float, wide: int, high: int, stays: bool
) -> None:
    one = line(text, sure, TextBox(100, 100, 100 + wide, 100 + high))
    assert bool(without_lone_marks([one])) is stays


def test_what_is_large_and_still_not_read_is_no_text() -> None:
    large = line("林樂", 0.2, TextBox(0, 0, 190, 60))
    assert not without_lone_marks([large], side=768)
    assert without_lone_marks([large], side=2500)  # small on a film: handwriting may be
    assert without_lone_marks([line("QUENBERT", 0.9, TextBox(0, 0, 190, 60))], side=768)
    assert without_lone_marks([large], [TextBox(200, 0, 400, 60)], side=768)


def test_a_mark_beside_a_line_belongs_to_it() -> None:
    mark = line("q", 0.3, TextBox(100, 100, 118, 122))
    name = line("UENBERT", 0.9, TextBox(124, 99, 240, 123))
    assert set(without_lone_marks([mark, name])) == {mark, name}
    assert without_lone_marks([mark], [name.box]) == [mark]
    assert without_lone_marks([mark]) == []


def test_parts_of_one_line_are_joined_and_two_lines_are_not() -> None:
    parts = [TextBox(0, 0, 60, 20, 0.5), TextBox(66, 1, 120, 21, 0.9), TextBox(126, 0, 200, 19)]
    below = TextBox(0, 17, 200, 37)
    far = TextBox(300, 0, 360, 20)
    standing = [TextBox(400, 0, 420, 80), TextBox(401, 88, 421, 180)]
    assert set(joined([*parts, below, far, *standing])) == {
        TextBox(0, 0, 200, 21, 1.0), below, far, TextBox(400, 0, 421, 180),
    }  # fmt: skip


def test_a_picture_above_a_line_is_no_part_of_it() -> None:
    """As on a scanner's screen: joined they would read as nothing, and be left out as a mark."""
    picture, line_below = TextBox(0, 3, 40, 43), TextBox(0, 69, 44, 93)
    assert set(joined([picture, line_below])) == {picture, line_below}


def test_characters_one_above_the_other_are_one_line() -> None:
    column = [TextBox(100, y, 124, y + 25) for y in (100, 128, 156)]
    assert joined(column) == [TextBox(100, 100, 124, 181)]
    lines = [TextBox(100, y, 200, y + 25) for y in (100, 128, 156)]
    assert set(joined(lines)) == set(lines)


def test_what_is_no_column_of_characters_is_read_apart(eyes: Eyes) -> None:
    """Read as one column it would be unsure, and might be left out as a mark."""
    grey = frame({(100, 100): "58%", (100, 128): "73%"}, size=22)
    upper, lower = TextBox(97, 98, 150, 126), TextBox(97, 127, 150, 154)
    column = TextBox(97, 98, 150, 154, 1.0, (upper, lower))
    assert [line.text for line in eyes.reader.read(grey, [column])] == ["58%", "73%"]


def test_boxes_keep_to_the_frame(eyes: Eyes) -> None:
    grey = frame({(-4, -3): NAME, (640, 580): NAME})
    for box in eyes.finder.find(grey).boxes:
        assert 0 <= box.x0 < box.x1 <= 800
        assert 0 <= box.y0 < box.y1 <= 600


def test_a_piece_that_hides_the_sample_does_not_blind_the_others(
    eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = TextFinder._look_once

    def fails_with_several(self: TextFinder, crops: list[np.ndarray]) -> object:
        if len(crops) > 1:
            raise NoSample("hidden")
        return once(self, crops)

    grey = frame({(30, 40): "QUENBERT OSWALDINE", (900, 800): "MRN 55381924"}, (1000, 1300))
    monkeypatch.setattr(TextFinder, "_look_once", fails_with_several)
    assert {line.text for line in eyes.lines(grey)[0]} == {"QUENBERT OSWALDINE", "MRN 55381924"}
