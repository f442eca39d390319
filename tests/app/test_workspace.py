"""The workspace: verbs down, four signals up, one undo step per act."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.factories import dx, to_bytes, write
from viewer.app.workspace import Workspace
from viewer.dicom.catalog import Instance
from viewer.dicom.decisions import Action
from viewer.dicom.errors import UnsafeDestination
from viewer.pixels.regions import Box, Region, Scope, ScopeKind
from viewer.release.report import Report
from viewer.rules.profiles import BASIC, shipped_profiles
from viewer.rules.recipe import Option
from viewer.rules.surrogates import Keyring

NAME = (0x00100010,)


def ignore(done: int, total: int) -> None:
    """Take no notice of progress."""


@pytest.fixture
def workspace(qtbot: QtBot):
    made = Workspace(Keyring(b"k" * 32), shipped_profiles()[0])
    yield made
    made.close()


@pytest.fixture
def opened(workspace: Workspace, qtbot: QtBot, sample: Path) -> Workspace:
    with qtbot.waitSignal(workspace.catalog_changed):
        workspace.open([sample], ignore)
    return workspace


def first(workspace: Workspace, modality: str) -> Instance:
    return next(i for i in workspace.catalog.instances if i.modality == modality)


def test_opening_selects_the_first_image(workspace: Workspace, qtbot: QtBot, sample: Path) -> None:
    signals = [workspace.catalog_changed, workspace.recipe_changed, workspace.selection_changed]
    with qtbot.waitSignals(signals, order="strict"):
        workspace.open([sample], ignore)
    assert workspace.selection.instance is next(workspace.catalog.instances)
    assert len(list(workspace.catalog.instances)) == 14
    assert not workspace.history.canUndo()


def test_finding_nothing_says_so_and_keeps_what_is_open(
    opened: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    opened.mark_reviewed([first(opened, "DX")])
    before = (opened.catalog, opened.recipe, opened.selection)
    with qtbot.waitSignal(opened.noticed) as caught:
        opened.open([tmp_path], ignore)
    assert "stays open" in caught.args[0]
    assert (opened.catalog, opened.recipe, opened.selection) == before


def test_finding_nothing_first_lists_what_was_refused(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    with qtbot.waitSignal(workspace.noticed):
        workspace.open([tmp_path], ignore)
    assert len(workspace.catalog.rejected) == 1
    assert workspace.inspected() is None
    assert workspace.blockers() == ()


def test_selection_is_told_once(opened: Workspace, qtbot: QtBot) -> None:
    image = first(opened, "US")
    with qtbot.waitSignal(opened.selection_changed):
        opened.select(image, 3)
    with qtbot.assertNotEmitted(opened.selection_changed):
        opened.select(image, 3)
    opened.select(image, 99)
    assert opened.selection.frame == 7, "frames are clipped to those there are"


def test_inspecting_is_kept_for_the_selection_only(opened: Workspace) -> None:
    opened.select(first(opened, "US"))
    one = opened.inspected()
    opened.select(first(opened, "US"), 4)
    assert opened.inspected() is one, "another frame is the same file"
    opened.select(first(opened, "DX"))
    assert opened.inspected() is not one


def test_what_is_shown_follows_the_recipe_at_once(opened: Workspace) -> None:
    opened.select(first(opened, "DX"))

    def row():
        return next(r for r in opened.inspected().rows if r.path == NAME)

    assert row().new.startswith("ANON-")
    opened.override("PatientName", Action.REPLACE, "Case 7")
    assert (row().new, row().overridden) == ("Case 7", True)
    opened.clear_override("PatientName")
    assert row().new.startswith("ANON-")
    opened.history.undo()
    assert row().new == "Case 7"


@pytest.mark.parametrize(
    "act",
    [
        lambda w: w.set_profile(BASIC),
        lambda w: w.set_option(Option.RETAIN_UIDS, True),
        lambda w: w.override("KVP", Action.REMOVE),
        lambda w: w.add_region(Box(1, 1, 10, 10), ScopeKind.SERIES),
        lambda w: w.mark_reviewed([w.selection.instance]),
        lambda w: w.waive(w.blockers()[0], "seen elsewhere"),
    ],
)
def test_every_act_is_one_step_that_can_be_undone(opened: Workspace, qtbot: QtBot, act) -> None:
    before = opened.recipe
    with qtbot.waitSignal(opened.recipe_changed):
        act(opened)
    after = opened.recipe
    assert after != before
    assert opened.history.count() == 1
    opened.history.undo()
    assert opened.recipe == before
    opened.history.redo()
    assert opened.recipe == after


def test_an_act_that_changes_nothing_is_no_step(opened: Workspace, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(opened.recipe_changed):
        opened.set_profile(opened.recipe.profile)
        opened.clear_override("PatientName")
        opened.mark_reviewed([])
    assert opened.history.count() == 0


def test_of_the_two_ways_to_keep_dates_the_newer_stays(opened: Workspace) -> None:
    opened.set_option(Option.RETAIN_FULL_DATES, True)
    opened.set_option(Option.RETAIN_MODIFIED_DATES, True)
    options = opened.recipe.profile.options
    assert Option.RETAIN_MODIFIED_DATES in options
    assert Option.RETAIN_FULL_DATES not in options


def test_a_selector_that_names_nothing_is_said(opened: Workspace, qtbot: QtBot) -> None:
    with qtbot.waitSignal(opened.noticed) as caught:
        opened.override("NoSuchThing", Action.KEEP)
    assert "names no element" in caught.args[0]
    assert opened.history.count() == 0


def test_boxes_reach_as_far_as_was_chosen(opened: Workspace) -> None:
    loop = first(opened, "US")
    opened.select(loop, 2)
    for kind in ScopeKind:
        opened.add_region(Box(0, 0, 9, 9), kind, frames=(1, 3))
    assert {r.scope.kind for r in opened.regions_here()} == set(ScopeKind)
    opened.select(loop, 3)
    assert {r.scope.kind for r in opened.regions_here()} == set(ScopeKind) - {ScopeKind.FRAME}
    opened.select(loop, 0)
    assert ScopeKind.FRAMES not in {r.scope.kind for r in opened.regions_here()}
    opened.select(first(opened, "CT"))
    assert opened.regions_here() == ()


def test_a_box_is_clipped_and_one_outside_is_refused(opened: Workspace, qtbot: QtBot) -> None:
    opened.select(first(opened, "DX"))
    opened.add_region(Box(-10, -10, 30, 30), ScopeKind.IMAGE)
    (region,) = opened.recipe.regions
    assert region.box == Box(0, 0, 20, 20)
    with qtbot.waitSignal(opened.noticed):
        opened.add_region(Box(5000, 5000, 3, 3), ScopeKind.IMAGE)
    assert len(opened.recipe.regions) == 1


def test_boxes_are_moved_and_removed(opened: Workspace) -> None:
    opened.select(first(opened, "DX"))
    for x in (0, 50):
        opened.add_region(Box(x, 0, 9, 9), ScopeKind.IMAGE)
    opened.change_region(opened.recipe.regions[0], Box(7, 7, 9, 9))
    assert [r.box.x for r in opened.recipe.regions] == [7, 50]
    opened.change_region(opened.recipe.regions[0], Box(9000, 0, 9, 9))
    assert [r.box.x for r in opened.recipe.regions] == [50], "dragged out of the image it is gone"
    opened.remove_region(opened.recipe.regions[0])
    assert opened.recipe.regions == ()


def test_a_shape_over_a_face_that_was_moved_claims_no_face_any_more(opened: Workspace) -> None:
    image = first(opened, "DX")
    scope = Scope(ScopeKind.IMAGE, image.sop_instance_uid, image.rows, image.columns)
    opened.take_boxes("face", [Region(Box(0, 0, 9, 9), scope, features=True)], ())
    opened.change_region(opened.recipe.regions[0], Box(0, 0, 9, 9))
    assert opened.recipe.regions[0].features
    opened.change_region(opened.recipe.regions[0], Box(5, 0, 9, 9))
    assert not opened.recipe.regions[0].features


def test_what_is_left_shrinks_and_comes_back_with_undo(opened: Workspace) -> None:
    assert len(opened.blockers()) == 3
    opened.mark_reviewed(list(opened.catalog.instances))
    assert opened.blockers() == ()
    opened.history.undo()
    assert len(opened.blockers()) == 3


def test_setting_aside_needs_a_reason(opened: Workspace, qtbot: QtBot) -> None:
    with qtbot.waitSignal(opened.noticed):
        opened.waive(opened.blockers()[0], "   ")
    assert len(opened.blockers()) == 3
    opened.waive(opened.blockers()[0], "seen on the console")
    assert len(opened.blockers()) == 2


def test_the_likely_text_is_known(opened: Workspace) -> None:
    assert opened.is_text_likely(first(opened, "US"))
    assert not opened.is_text_likely(first(opened, "CT"))


def test_a_series_is_summed_up_and_a_damaged_image_left_out(
    workspace: Workspace, qtbot: QtBot, sample: Path, tmp_path: Path
) -> None:
    for path in sorted((sample / "ct-series").iterdir())[:4]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with qtbot.waitSignal(workspace.catalog_changed):
        workspace.open([tmp_path], ignore)
    broken = list(workspace.catalog.instances)[1].source.path
    got: list[tuple] = []
    workspace.series_rows(got.append)
    qtbot.waitUntil(lambda: len(got) == 1)
    assert any(r.old == "4 different values in 4 images" for r in got[0])
    broken.write_bytes(broken.read_bytes()[:3000])
    workspace.series_rows(got.append)
    qtbot.waitUntil(lambda: len(got) == 2)
    assert any(r.old == "3 different values in 3 images" for r in got[1])


def test_a_file_that_went_away_is_said_by_its_number(
    workspace: Workspace, qtbot: QtBot, sample: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "张三.dcm"
    copy.write_bytes((sample / "chest-film" / "IM0001.dcm").read_bytes())
    with qtbot.waitSignal(workspace.catalog_changed):
        workspace.open([copy], ignore)
    copy.unlink()
    with qtbot.waitSignal(workspace.noticed) as caught:
        assert workspace.inspected() is None
    assert caught.args[0].startswith("Image 1: ")
    assert "张三" not in caught.args[0]


def test_export_writes_and_reports(opened: Workspace, qtbot: QtBot, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    reports: list[Report] = []
    opened.export(tmp_path / "输出", lambda *step: steps.append(step), reports.append, pytest.fail)
    qtbot.waitUntil(lambda: bool(reports), timeout=30_000)
    assert reports[0].counts == {"written": 14, "held": 0, "rejected": 0}
    assert steps[-1] == (14, 14)
    assert opened.report is reports[0]
    assert len(list((tmp_path / "输出").rglob("*.dcm"))) == 14


def test_a_stopped_export_reports_what_it_wrote(opened: Workspace, qtbot: QtBot, tmp_path: Path) -> None:
    reports: list[Report] = []

    def stop_early(done: int, total: int) -> None:
        opened.stop_export()

    opened.export(tmp_path / "out", stop_early, reports.append, pytest.fail)
    qtbot.waitUntil(lambda: bool(reports), timeout=30_000)
    report = reports[0]
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == report.counts["written"]
    assert report.cancelled == (report.counts["written"] < 14)


def test_the_source_folder_is_no_destination(opened: Workspace, sample: Path) -> None:
    for folder in (sample / "ct-series", sample / "ct-series" / "out"):
        with pytest.raises(UnsafeDestination):
            opened.check_destination(folder)
        assert not (sample / "ct-series" / "out").exists()


def test_a_value_that_does_not_fit_is_said_at_once(opened: Workspace, qtbot: QtBot) -> None:
    opened.select(first(opened, "DX"))
    with qtbot.waitSignal(opened.noticed) as caught:
        opened.override("PatientBirthDate", Action.REPLACE, "last week")
    assert "held" in caught.args[0]
    assert "last week" not in caught.args[0]
    row = next(r for r in opened.inspected().rows if r.path == (0x00100030,))
    assert row.new == "(does not fit)"
    with qtbot.assertNotEmitted(opened.noticed):
        opened.override("PatientBirthDate", Action.REPLACE, "19600101")


def test_an_image_without_an_identifier_takes_boxes_too(
    workspace: Workspace, tmp_path: Path, qtbot: QtBot
) -> None:
    made = dx()
    del made.SOPInstanceUID
    write(tmp_path / "none" / "a.dcm", to_bytes(made))
    workspace.open([tmp_path / "none"], ignore)
    qtbot.waitUntil(lambda: bool(workspace.catalog.studies))
    workspace.select(next(iter(workspace.catalog.instances)))
    workspace.add_region(Box(1, 1, 4, 4), ScopeKind.IMAGE)
    (region,) = workspace.regions_here()
    assert region.box == Box(1, 1, 4, 4)
    inspected = workspace.inspected()
    assert inspected is not None
    assert [blank.shape for blank in inspected.plan.blanks] == ["rectangle"]
