"""The glance: letters stay, speckle goes, and where it misses its sample all that is sharp stays."""

from pathlib import Path

import numpy as np
import pytest

from tests.finders.drawn import covered, extent, frame, tissue
from viewer.finders import networks
from viewer.finders.canvas import STEP
from viewer.finders.glance import Glance, _letters
from viewer.finders.networks import GLANCE, Network, NoTextSearch, text_search_trouble
from viewer.finders.sharpness import CELL, Grey, SharpMap, sharp_cells, sharp_map
from viewer.finders.text import TextFinder
from viewer.resources import resource

pytestmark = pytest.mark.text

LINES = {(30, 20): "QUENBERT OSWALDINE", (300, 250): "DOB 03.12.1961", (520, 560): "MRN HOSP-778341"}


@pytest.fixture(scope="module")
def glance() -> Glance:
    return Glance.load(threads=2)


def speckled(lines: dict[tuple[int, int], str], size: int = 16) -> Grey:
    """White lines on speckle that fills the frame."""
    ink = frame(lines, size=size, ground=0, noise=0) > 120
    return np.where(ink, np.uint8(235), tissue())


class Answering:
    """A session that gives one answer everywhere."""

    def __init__(self, answer: float) -> None:
        self._answer = answer

    def run(self, _names: None, fed: dict[str, np.ndarray]) -> list[np.ndarray]:
        rows, columns = (n // CELL for n in fed["x"].shape[2:])
        return [np.full((1, 1, rows, columns), self._answer, np.float32)]


def share_kept(narrowed: SharpMap, found: SharpMap, where: tuple[int, int, int, int]) -> float:
    """The share of the sharp cells of a rectangle that stay."""
    x0, y0, x1, y1 = (n // found.cell for n in where)
    sharp = found.strength[y0 : y1 + 1, x0 : x1 + 1] > 1
    return float((narrowed.strength[y0 : y1 + 1, x0 : x1 + 1][sharp] > 1).mean())


@pytest.mark.parametrize("size", [10, 16, 26, 40])
@pytest.mark.parametrize("ground", ["dark", "bright", "inverted", "speckle", "16 bit"])
def test_letters_stay(glance: Glance, ground: str, size: int) -> None:
    if ground == "speckle":
        grey: Grey = speckled(LINES, size)
    else:
        grey = frame(
            LINES, size=size, ground=170 if ground == "bright" else 50, ink=30 if ground == "bright" else 235
        )
    if ground == "inverted":
        grey = 255 - grey
    if ground == "16 bit":
        grey = grey.astype(np.uint16) * 13 + 300
    found = sharp_map(grey)
    narrowed = glance.at(grey, found).found
    for place, text in LINES.items():
        assert share_kept(narrowed, found, extent(place, text, size)) > 0.98


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_letters_that_are_turned_stay(glance: Glance, turns: int) -> None:
    grey = np.ascontiguousarray(np.rot90(speckled(LINES), turns))
    where = np.zeros(speckled({}).shape, np.bool_)
    x0, y0, x1, y1 = extent((300, 250), LINES[300, 250], 16)
    where[y0:y1, x0:x1] = True
    down, across = np.nonzero(np.rot90(where, turns))
    found = sharp_map(grey)
    place = (int(across.min()), int(down.min()), int(across.max()), int(down.max()))
    assert share_kept(glance.at(grey, found).found, found, place) > 0.98


def test_speckle_goes(glance: Glance) -> None:
    grey = speckled(LINES)
    found = sharp_map(grey)
    before, after = sharp_cells(found).mean(), sharp_cells(glance.at(grey, found).found).mean()
    assert before > 0.3
    assert after < 0.1
    assert not glance.at(tissue(), sharp_map(tissue())).lines


def test_lines_that_are_sure_are_told_where_they_stand(glance: Glance) -> None:
    grey = speckled(LINES, 20)
    lines = glance.at(grey, sharp_map(grey)).lines
    assert len(lines) == len(LINES)
    for place, text in LINES.items():
        where = extent(place, text)
        assert covered(list(lines), where) > 0.97
        own = next(line for line in lines if covered([line], where) > 0.5)
        assert (own.x1 - own.x0) * (own.y1 - own.y0) < 2.5 * (where[2] - where[0]) * (where[3] - where[1])


def test_what_only_the_glance_sees_is_a_line(glance: Glance) -> None:
    """The detector finds its sample and nothing else."""

    class Nothing:
        def run(self, _names: None, fed: dict[str, np.ndarray]) -> list[np.ndarray]:
            answer = np.zeros_like(fed["x"])
            answer[:, :, -STEP:] = 1
            return [answer]

    finder = TextFinder(Network(Nothing()), glance)
    grey = speckled(LINES, 20)
    looked = finder.find(grey)
    assert not looked.unseen
    for place, text in LINES.items():
        assert covered(list(looked.boxes), extent(place, text)) > 0.97
    assert not finder.find(tissue()).boxes


def test_what_is_unlikely_goes_and_its_neighbours_stay() -> None:
    """The weak end of a line stands in the corner that a weak mark makes."""
    likely = np.zeros((20, 20), np.float32)
    likely[1:13, 10] = 0.3
    likely[0, 10] = 0.9
    likely[17, 4:18] = likely[6:18, 17] = 0.4
    letters = _letters(likely, 0.2, 0.8)
    assert letters[:13, 10].all()
    assert not letters[17, 4:18].any()
    assert not letters[6:18, 17].any()


def test_films_stay_as_they_are(glance: Glance) -> None:
    grey = frame(LINES, (1500, 1500))
    found = sharp_map(grey)
    assert glance.at(grey, found).found is found


def test_a_glance_that_misses_its_sample_drops_nothing() -> None:
    grey = speckled(LINES)
    found = sharp_map(grey)
    blind = Glance(Network(Answering(0.0)))
    assert blind.at(grey, found).found is found


def test_a_glance_that_cannot_be_a_glance_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viewer.finders.glance.load_network", lambda name, threads: Network(Answering(0.0)))
    with pytest.raises(NoTextSearch, match="does not find its own sample"):
        Glance.load()


def test_frames_of_any_size_are_looked_at(glance: Glance) -> None:
    for shape in ((32, 32), (33, 1399), (480, 641), (1400, 40)):
        grey = frame({(2, 2): "ABC"}, shape)
        found = sharp_map(grey)
        narrowed = glance.at(grey, found).found
        assert narrowed.strength.shape == found.strength.shape
        assert (narrowed.strength <= found.strength).all()
        assert (narrowed.strength > 1).any()


def test_without_its_file_no_text_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx", "manifest.json"):
        (tmp_path / path).write_bytes(resource("text", path).read_bytes())
    monkeypatch.setattr(networks, "resource", lambda _folder, name: tmp_path / name)
    text_search_trouble.cache_clear()
    try:
        assert "not installed" in text_search_trouble()
        (tmp_path / GLANCE).write_bytes(resource("text", GLANCE).read_bytes()[:-1] + b"?")
        text_search_trouble.cache_clear()
        with pytest.raises(NoTextSearch, match="damaged"):
            Glance.load()
    finally:
        text_search_trouble.cache_clear()
