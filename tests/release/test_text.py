"""Text in pixels at the release: held, masked, read again; through the command line and the real files."""

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from tests.factories import OSWALDINE, _pixels, base, to_bytes, write
from tests.finders.drawn import frame
from viewer.cli import run
from viewer.finders.many_frames import Eyes
from viewer.finders.networks import NoTextSearch
from viewer.pixels.regions import Box
from viewer.release import text_after, text_before
from viewer.release.text_after import Reading, left_in_pixels
from viewer.release.text_before import TextOutcome
from viewer.rules.profiles import BASIC
from viewer.rules.recipe import Dismissal, PixelText, Recipe

pytestmark = pytest.mark.text

SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
NAME, MARKER = "QUENBERT OSWALDINE", "Portable"


def screen(lines: dict[tuple[int, int], str], number: int = 1) -> Dataset:
    """A secondary capture with these lines in its pixels."""
    made = base(SECONDARY, "SR", series=30 + number, number=number)
    made.Modality, made.ConversionType = "OT", "WSD"
    return _pixels(made, frame(lines, (400, 600), seed=number), "MONOCHROME2")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write(tmp_path / "in" / "named.dcm", to_bytes(screen({(30, 30): NAME, (400, 330): MARKER})))
    write(tmp_path / "in" / "clean.dcm", to_bytes(screen({(400, 330): MARKER}, 2)))
    write(tmp_path / "in" / "empty.dcm", to_bytes(screen({}, 3)))
    return tmp_path


def clean(place: Path, *more: str) -> dict:
    report = place / "report.json"
    arguments = ["clean", str(place / "in"), "--out", str(place / "out"), "--key-file", str(place / "key")]
    run([*arguments, "--report", str(report), *more])
    return json.loads(report.read_bytes())


def test_propose_holds_what_has_text_that_is_not_harmless(place: Path) -> None:
    report = clean(place, "--text", "propose")
    assert report["counts"] == {"written": 2, "held": 1, "rejected": 0}
    (held,) = (row for row in report["instances"] if row.get("reason"))
    assert held["reason"].startswith("Text was found in its pixels (1 ×")
    assert NAME.split()[0].lower() not in json.dumps(report).lower()


def test_blank_masks_all_but_what_is_harmless(place: Path) -> None:
    report = clean(place, "--text", "blank")
    assert report["counts"] == {"written": 3, "held": 0, "rejected": 0}
    eyes = Eyes.open()
    said = []
    for path in sorted((place / "out").rglob("*.dcm")):
        lines, _ = eyes.lines(pydicom.dcmread(path).pixel_array)
        said += [line.text for line in lines]
    assert said == [MARKER, MARKER]
    assert {row["text_in_pixels"] for row in report["instances"]} == {"read again"}


def test_blank_leaves_the_pixels_of_clean_images_alone(place: Path) -> None:
    clean(place, "--text", "blank")
    sources = [pydicom.dcmread(place / "in" / name).pixel_array for name in ("clean.dcm", "empty.dcm")]
    outputs = [pydicom.dcmread(p).pixel_array for p in (place / "out").rglob("*.dcm")]
    assert all(any(np.array_equal(one, out) for out in outputs) for one in sources)


def test_off_does_not_look(place: Path) -> None:
    report = clean(place, "--text", "off")
    assert report["counts"]["written"] == 3
    assert {row["text_in_pixels"] for row in report["instances"]} == {"not read again"}


@pytest.mark.parametrize("policy", ["propose", "blank"])
def test_without_the_networks_it_is_refused(
    place: Path, policy: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("viewer.commands.clean.text_search_trouble", lambda: "It is not installed.")
    assert run(["clean", str(place / "in"), "--out", str(place / "out"), "--text", policy]) != 0
    assert "It is not installed." in capsys.readouterr().err
    assert not (place / "out").exists()


def test_a_search_that_does_not_work_writes_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample strip is not found: nothing was looked at, so nothing may be called clean."""
    blind = np.zeros((32, 320), np.uint8)
    monkeypatch.setattr("viewer.finders.canvas.decoy", lambda: blind)
    text_after.eyes_of_process.cache_clear()
    arguments = ["clean", str(place / "in"), "--out", str(place / "out"), "--key-file", str(place / "key")]
    assert run([*arguments, "--text", "blank"]) != 0
    assert not list(place.glob("out/**/*.dcm"))


def test_pixels_that_cannot_be_decoded_are_held(place: Path) -> None:
    broken = screen({}, 4)
    broken.PixelData = broken.PixelData[:1000]
    write(place / "in" / "broken.dcm", to_bytes(broken))
    report = clean(place, "--text", "blank")
    assert report["counts"]["held"] == 1


def test_text_that_the_first_look_missed_is_masked_after_the_second(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_before, "_outcome", lambda found, recipe: TextOutcome())
    report = clean(place, "--text", "blank", "--workers", "1")
    assert report["counts"] == {"written": 3, "held": 0, "rejected": 0}
    eyes = Eyes.open()
    greys = [pydicom.dcmread(path).pixel_array for path in sorted((place / "out").rglob("*.dcm"))]
    assert [line.text for grey in greys for line in eyes.lines(grey)[0]] == [MARKER, MARKER]


# Read again ------------------------------------------------------------------------------------------


def again(written: Dataset, *, text: PixelText = PixelText.BLANK, dismissed=frozenset(), how=Reading.FULL):
    from dataclasses import replace

    recipe = Recipe(replace(BASIC, text=text), dismissed=dismissed)
    return left_in_pixels(written, screen({}), recipe, "1.2.3", how).findings


@pytest.mark.parametrize("how", [Reading.FULL, Reading.STRONGEST])
def test_a_name_that_still_stands_there_holds_the_file(how: Reading) -> None:
    (finding,) = again(screen({(30, 30): NAME}), how=how)
    assert finding.severity.name == "ERROR"
    assert "still hold" in finding.message
    assert NAME not in finding.message
    assert again(screen({(400, 330): MARKER}), how=how) == ()
    assert again(screen({(30, 30): NAME}), how=Reading.NONE) == ()


def test_half_a_name_holds_the_file_too() -> None:
    half = screen({(30, 30): NAME})
    pixels = frame({(30, 30): NAME}, (400, 600))
    pixels[20:60, 20:150] = 0
    half.PixelData = pixels.tobytes()
    assert again(half)


def test_what_a_person_dismissed_is_left_alone() -> None:
    mark = Dismissal("1.2.3", "PIXELS", Box(25, 25, 230, 40))
    assert again(screen({(30, 30): NAME}), dismissed=frozenset({mark})) == ()
    elsewhere = Dismissal("1.2.3", "PIXELS", Box(300, 300, 230, 40))
    assert again(screen({(30, 30): NAME}), dismissed=frozenset({elsewhere}))


def test_without_the_search_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Eyes:
        raise NoTextSearch("It is not installed.")

    monkeypatch.setattr(text_after, "eyes_of_process", missing)
    (held,) = again(screen({}))
    (told,) = again(screen({}), text=PixelText.OFF)
    assert (held.severity.name, told.severity.name) == ("ERROR", "WARNING")


@pytest.mark.parametrize(("box", "written"), [("20,20,260,50", 1), ("20,80,260,50", 0), ("20,20,90,50", 0)])
def test_a_box_of_a_person_has_to_cover_the_text(place: Path, box: str, written: int) -> None:
    """One that misses the name by its height, or covers half of it, holds the file."""
    (place / "in" / "clean.dcm").unlink()
    (place / "in" / "empty.dcm").unlink()
    report = clean(place, "--box", box, "--text", "propose")
    assert report["counts"]["written"] == written
    assert OSWALDINE.name.split("^")[0].lower() not in json.dumps(report).lower()
