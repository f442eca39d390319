"""The search in the background: what it finds waits for a decision, and blocks the export until then."""

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pytestqt.qtbot import QtBot

from tests.factories import to_bytes, write
from tests.release.test_text import MARKER, NAME, screen
from viewer.app import text_memory
from viewer.app.templates import Templates, offers
from viewer.app.text_marks import TextMarks
from viewer.app.text_memory import TITLE, remember
from viewer.app.text_search import OpenText, TextSearch
from viewer.app.workspace import Workspace
from viewer.dicom.parsing import LARGE, parse
from viewer.dicom.scan import scan
from viewer.dicom.sources import source_in_place
from viewer.finders.identity import Kind, Verdict
from viewer.finders.image_text import Layer
from viewer.finders.many_frames import Care, Eyes
from viewer.finders.networks import NoTextSearch
from viewer.finders.proposals import TextProposal
from viewer.pixels.regions import Box, ScopeKind
from viewer.release.report import Held
from viewer.rules.profiles import shipped_profiles
from viewer.rules.surrogates import Keyring

pytestmark = pytest.mark.text


@pytest.fixture
def workspace(qtbot: QtBot) -> Iterator[Workspace]:
    made = Workspace(Keyring(b"k" * 32), shipped_profiles()[0])
    yield made
    made.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for number, lines in enumerate(
        ({(30, 30): NAME, (30, 200): "SOMETHING ELSE"}, {(400, 330): MARKER}, {}), 1
    ):
        write(tmp_path / "in" / f"{number}.dcm", to_bytes(screen(lines, number)))
    return tmp_path


@pytest.fixture
def search(workspace: Workspace, place: Path, qtbot: QtBot) -> TextSearch:
    made = TextSearch(workspace)
    with qtbot.waitSignal(workspace.catalog_changed):
        workspace.open([place / "in"], lambda done, total: None)
    qtbot.waitUntil(lambda: not made.running and made.done == made.total == 3, timeout=20_000)
    qtbot.waitUntil(lambda: all(made.found_on(i) for i in workspace.catalog.instances))
    return made


def images(workspace: Workspace) -> list:
    return sorted(workspace.catalog.instances, key=lambda i: str(i.source.path))


def test_everything_is_looked_at_and_what_identifies_comes_first(
    search: TextSearch, workspace: Workspace
) -> None:
    named, marked, empty = images(workspace)
    assert [p.verdict.kind for p in search.open_on(named)] == [Kind.PHI, Kind.UNKNOWN]
    assert search.open_on(marked) == search.open_on(empty) == ()
    found = search.found_on(marked)
    assert found is not None
    assert [p.verdict.kind for p in found.proposals] == [Kind.HARMLESS]
    assert all(search.care_text(i) == (Care.FULL,) for i in (named, marked, empty))


def test_what_waits_is_a_blocker_until_it_is_decided(search: TextSearch, workspace: Workspace) -> None:
    named = images(workspace)[0]

    def keys() -> list[str]:
        return [b.key for b in workspace.blockers() if b.key.startswith("text-")]

    (key,) = keys()
    (blocker,) = (b for b in workspace.blockers() if b.key == key)
    assert blocker.sentence.endswith("2 text-like areas not decided, 1 of them identify.")
    assert blocker.instance is named
    name, room = search.open_on(named)
    search.accept([OpenText(named, name)])
    assert search.open_on(named) == (room,)
    search.dismiss([OpenText(named, room)])
    assert search.open_on(named) == ()
    assert keys() == []
    workspace.history.undo()
    assert search.open_on(named) == (room,)
    workspace.history.undo()
    assert search.open_on(named) == (name, room)
    assert keys() == [key]


def test_accepting_a_series_is_one_step(search: TextSearch, workspace: Workspace) -> None:
    study = workspace.catalog.studies[0]
    waiting = [one for series in study.series for one in search.open_in(series)]
    search.accept(waiting)
    assert len(workspace.recipe.regions) == len(waiting) == 2
    assert {r.scope.kind for r in workspace.recipe.regions} == {ScopeKind.IMAGE}
    workspace.history.undo()
    assert workspace.recipe.regions == ()


def test_a_box_that_a_person_drew_decides_too(search: TextSearch, workspace: Workspace) -> None:
    named = images(workspace)[0]
    name = search.open_on(named)[0]
    box = name.box
    search.accept_as(OpenText(named, name), Box(box.x - 9, box.y - 9, box.width + 18, box.height + 18))
    assert name not in search.open_on(named)
    workspace.history.undo()
    search.accept_as(OpenText(named, name), Box(box.x, box.y, box.width // 2, box.height))
    assert name in search.open_on(named)


def exported(workspace: Workspace, place: Path, qtbot: QtBot) -> tuple:
    reports, problems = [], []
    workspace.export(place / "out", lambda done, total: None, reports.append, problems.append)
    qtbot.waitUntil(lambda: bool(reports or problems), timeout=60_000)
    assert problems == []
    return reports[0].instances


def test_an_export_reads_again_and_holds_a_name(
    search: TextSearch, workspace: Workspace, place: Path, qtbot: QtBot
) -> None:
    held = [row for row in exported(workspace, place, qtbot) if isinstance(row, Held)]
    assert len(held) == 1
    assert "Read again, its pixels still hold" in held[0].reason
    assert len(list((place / "out").rglob("*.dcm"))) == 2


def test_an_accepted_box_lets_it_out(
    search: TextSearch, workspace: Workspace, place: Path, qtbot: QtBot
) -> None:
    named = images(workspace)[0]
    search.accept([OpenText(named, p) for p in search.open_on(named)])
    rows = exported(workspace, place, qtbot)
    assert not [row for row in rows if isinstance(row, Held)]
    lines = [Eyes.open().lines(read(p))[0] for p in sorted((place / "out").rglob("*.dcm"))]
    assert sorted(line.text for found in lines for line in found) == [MARKER]


def read(path: Path):
    return pydicom.dcmread(path).pixel_array


def read_dataset(path: Path):
    return parse(source_in_place(scan([path]).studies[0].series[0].instances[0].source, large=LARGE))


def test_marks_are_shown_on_demand(search: TextSearch, workspace: Workspace, qtbot: QtBot) -> None:
    marks = TextMarks(workspace, search)
    workspace.select(images(workspace)[0])
    with qtbot.waitSignal(marks.changed, raising=False, timeout=2000):
        marks.show(True)
    found = search.found_on(images(workspace)[0])
    assert found is not None
    boxes = [p.box for p in found.proposals]
    for mark in marks.marks:
        assert not any(b.x < mark.x0 < b.x + b.width and b.y < mark.y0 < b.y + b.height for b in boxes)
    marks.show(False)
    assert marks.marks == ()


def test_a_search_that_fails_says_so(workspace: Workspace, place: Path, qtbot: QtBot) -> None:
    def broken() -> Eyes:
        raise NoTextSearch("A network is damaged.")

    search = TextSearch(workspace, open_eyes=broken)
    with qtbot.waitSignal(workspace.catalog_changed):
        workspace.open([place / "in"], lambda done, total: None)
    qtbot.waitUntil(lambda: not search.running and search.trouble != "")
    assert search.trouble == "A network is damaged."
    assert search.found_on(images(workspace)[0]) is None


def test_opening_something_else_forgets_what_was_found(
    search: TextSearch, workspace: Workspace, place: Path, qtbot: QtBot
) -> None:
    write(place / "other" / "9.dcm", to_bytes(screen({}, 9)))
    with qtbot.waitSignal(workspace.catalog_changed):
        workspace.open([place / "other"], lambda done, total: None)
    qtbot.waitUntil(lambda: not search.running and search.done == 1, timeout=20_000)
    assert [b for b in workspace.blockers() if b.key.startswith("text-")] == []


def test_accepted_boxes_are_proposed_for_the_next_image_of_the_device(place: Path) -> None:
    first, second = screen({(30, 30): NAME}, 1), screen({}, 2)
    for image in (first, second):
        image.ManufacturerModelName = "Screen 3000"
        write(place / "device" / f"{image.SeriesNumber}.dcm", to_bytes(image))
    one, two = sorted(scan([place / "device"]).instances, key=lambda i: str(i.source.path))
    templates = Templates(place / "templates.json")
    proposal = TextProposal(Box(25, 25, 240, 40), Layer.PIXELS, None, NAME, Verdict(Kind.PHI, "a name"))
    assert remember(templates, [OpenText(one, proposal)]) == ""
    assert remember(templates, [OpenText(one, proposal)]) == ""
    (fits, *_) = offers(Templates(place / "templates.json").all, read_dataset(two.source.path))
    assert (fits[0].name, fits[0].fits) == (TITLE, True)
    assert [shape for shape, _ in fits[1]] == [Box(25, 25, 240, 40)]
    assert NAME.split()[0] not in (place / "templates.json").read_text()


def test_one_image_of_each_device_is_read_to_remember(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It happens in the GUI thread, for all images of a series at once."""
    read = []
    parse = text_memory.parse
    monkeypatch.setattr(text_memory, "parse", lambda source: read.append(source) or parse(source))
    for number in range(5):
        image = screen({}, number)
        image.ManufacturerModelName = "Screen 3000"
        write(place / "device" / f"{number}.dcm", to_bytes(image))
    proposal = TextProposal(Box(25, 25, 240, 40), Layer.PIXELS, None, NAME, Verdict(Kind.PHI, "a name"))
    accepted = [OpenText(one, proposal) for one in scan([place / "device"]).instances]
    assert len(accepted) == 5
    assert remember(Templates(place / "templates.json"), accepted) == ""
    assert len(read) == 1
