"""Text on loops and series: every frame is covered, late labels and moving clocks are found."""

import numpy as np
import pytest

from tests.finders.drawn import frame
from viewer.dicom.errors import Unsupported
from viewer.finders.many_frames import Care, Eyes, Way, text_of_frames
from viewer.finders.text import NoSample, TextFinder

pytestmark = pytest.mark.text


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    return Eyes.open(threads=2)


def loop(count: int, *, label: dict[int, str] | None = None, clock: bool = False) -> list[np.ndarray]:
    """Frames of moving speckle under a name that stands still."""
    made = []
    for index in range(count):
        lines = {(20, 16): "QUENBERT OSWALDINE"}
        if label and index in label:
            lines[(300, 300)] = label[index]
        if clock:
            lines[(420, 16)] = f"10:11:{10 + 3 * index}"
        made.append(frame(lines, (360, 560), noise=9, seed=index))
    return made


def words(found, index: int) -> str:
    return " | ".join(one.line.text for one in found.lines if index in one.frames).upper()


def test_a_loop_shows_its_name_on_all_frames(eyes: Eyes) -> None:
    frames = loop(12)
    found = text_of_frames(frames.__getitem__, 12, eyes, way=Way.LOOP)
    assert found.trouble == ""
    assert Care.NOT not in found.care
    assert len(found.care) == 12
    assert found.care[0] is Care.FULL
    assert all("QUENBERT" in words(found, i) for i in range(12))


@pytest.mark.parametrize("late", [5, 7, 23])
def test_a_label_of_one_frame_is_found(eyes: Eyes, late: int) -> None:
    frames = loop(24, label={late: "MRN 55381924"})
    found = text_of_frames(frames.__getitem__, 24, eyes, way=Way.LOOP)
    assert "55381924" in words(found, late)


def test_a_clock_that_moves_is_found(eyes: Eyes) -> None:
    frames = loop(10, clock=True)
    found = text_of_frames(frames.__getitem__, 10, eyes, way=Way.LOOP)
    boxes = [one.line.box for one in found.lines if one.line.box.x0 > 380 and one.line.box.y0 < 40]
    assert min(b.x0 for b in boxes) < 430
    assert max(b.x1 for b in boxes) > 480


def test_a_series_is_looked_at_first_middle_last_and_by_marks(eyes: Eyes) -> None:
    frames = [frame({}, (512, 512), seed=i) for i in range(9)]
    frames[6] = frame({(60, 60): "ACC 7734120"}, (512, 512), seed=6)
    found = text_of_frames(frames.__getitem__, 9, eyes, way=Way.SERIES)
    assert [i for i, care in enumerate(found.care) if care is Care.FULL] == [0, 4, 8]
    assert set(found.care) == {Care.FULL, Care.MARKS}
    assert "7734120" in words(found, 6)
    assert words(found, 0) == words(found, 5) == ""


def test_pages_have_nothing_in_common(eyes: Eyes) -> None:
    pages = [frame({(40, 40 + 60 * i): f"PAGE {i} QUENBERT"}, (300, 500), seed=i) for i in range(3)]
    found = text_of_frames(pages.__getitem__, 3, eyes, way=Way.EACH)
    assert found.care == (Care.FULL,) * 3
    for index in range(3):
        assert f"PAGE {index}" in words(found, index)
        assert all(f"PAGE {i}" not in words(found, index) for i in range(3) if i != index)


def test_a_frame_that_cannot_be_decoded_is_not_looked_at(eyes: Eyes) -> None:
    frames = loop(6)

    def one(index: int) -> np.ndarray:
        if index == 4:
            raise Unsupported("It is damaged.")
        return frames[index]

    found = text_of_frames(one, 6, eyes, way=Way.LOOP)
    assert found.care[4] is Care.NOT
    assert found.trouble
    assert all(found.care[i] is not Care.NOT for i in range(6) if i != 4)


def test_what_is_cancelled_is_not_looked_at(eyes: Eyes) -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 4

    found = text_of_frames(loop(8).__getitem__, 8, eyes, way=Way.EACH, cancelled=cancelled)
    assert Care.NOT in found.care


@pytest.mark.parametrize("whole", [0, 3])
def test_a_wrong_number_of_frames_ends_soon(eyes: Eyes, whole: int) -> None:
    tried, asked = [], []

    def one(index: int) -> np.ndarray:
        tried.append(index)
        if index >= whole:
            raise Unsupported("There is no such frame.")
        return frame({}, (64, 64), seed=index)

    def cancelled() -> bool:
        asked.append(1)
        return False

    found = text_of_frames(one, 999_999, eyes, way=Way.LOOP, cancelled=cancelled)
    assert max(len(tried), len(asked)) < 60
    assert found.care[whole:] == (Care.NOT,) * (999_999 - whole)
    assert found.trouble


def test_what_the_time_did_not_reach_on_one_image_is_looked_at_on_the_next(eyes: Eyes) -> None:
    lines = {
        (20, y): "Adult echo of the left ventricle in the long axis with colour" for y in range(10, 1240, 36)
    }
    lines |= {(1000, y): "Parasternal, in colour" for y in range(10, 1240, 36)}
    lines[(1000, 1290)] = "MRN 55381924"
    images = [frame(lines, (1380, 1380), size=28, seed=seed) for seed in range(4)]
    found = text_of_frames(images.__getitem__, 4, eyes, way=Way.SERIES, seconds=0)
    assert found.care[0] is Care.NOT
    assert found.care[1] is Care.MARKS
    assert "55381924" in words(found, 1)


def test_marks_beside_which_the_sample_is_not_found_are_not_looked_at(
    eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(self: TextFinder, crops: list[np.ndarray]) -> object:
        raise NoSample("Its own sample was not found.")

    frames = loop(24, label={15: "MRN 55381924"})
    monkeypatch.setattr(TextFinder, "find_in", blind)
    found = text_of_frames(frames.__getitem__, 24, eyes, way=Way.LOOP)
    assert found.care[15] is Care.NOT
    assert found.trouble == "Its own sample was not found."
