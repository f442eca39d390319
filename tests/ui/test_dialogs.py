"""Options and export: what is chosen acts at once, what cannot be done is said in words."""

import json
from pathlib import Path
from time import sleep

import pytest
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from viewer.app import workspace
from viewer.release import batch
from viewer.release.batch import Job
from viewer.release.report import Report
from viewer.rules.recipe import Option
from viewer.ui.export_dialog import ExportDialog
from viewer.ui.main_window import MainWindow
from viewer.ui.options_dialog import OptionsDialog


@pytest.fixture
def options(opened: MainWindow, qtbot: QtBot) -> OptionsDialog:
    made = OptionsDialog(opened.workspace, opened)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def export(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> ExportDialog:
    opened.workspace.mark_reviewed(tuple(opened.workspace.catalog.instances))
    made = opened.export_dialog()
    qtbot.addWidget(made)
    made.folder.setText(str(tmp_path / "输出"))
    made.show()
    return made


def words(dialog: ExportDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


def test_every_option_has_a_switch_and_a_sentence(options: OptionsDialog) -> None:
    assert set(options.switches) == set(Option)
    assert all(switch.toolTip().endswith(".") for switch in options.switches.values())


def test_a_switch_acts_at_once_and_follows_undo(opened: MainWindow, options: OptionsDialog) -> None:
    switch = options.switches[Option.RETAIN_UIDS]
    switch.click()
    assert Option.RETAIN_UIDS in opened.workspace.recipe.profile.options
    opened.workspace.history.undo()
    assert not switch.isChecked()


def test_of_the_two_ways_to_keep_dates_one_takes_the_other_back(options: OptionsDialog) -> None:
    full, moved = options.switches[Option.RETAIN_FULL_DATES], options.switches[Option.RETAIN_MODIFIED_DATES]
    full.click()
    moved.click()
    assert (full.isChecked(), moved.isChecked()) == (False, True)


def test_the_weekday_can_be_kept_when_dates_are_moved(opened: MainWindow, options: OptionsDialog) -> None:
    assert not options.weekday.isEnabled()
    options.switches[Option.RETAIN_MODIFIED_DATES].click()
    options.weekday.click()
    assert opened.workspace.recipe.profile.keep_weekday
    opened.workspace.history.undo()
    assert not options.weekday.isChecked()


def test_export_writes_and_the_report_can_be_saved(
    export: ExportDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with qtbot.waitSignal(export.exported, timeout=30_000):
        export.begin()
    assert "14 written and verified, 0 held" in words(export)
    target = tmp_path / "report.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    export._save_report()
    saved = json.loads(target.read_bytes())
    assert saved["counts"] == {"written": 14, "held": 0, "rejected": 0}
    assert "Zhang" not in target.read_text(encoding="utf-8")


def test_a_second_export_into_the_same_folder_is_told_before(
    export: ExportDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "输出").mkdir()
    (tmp_path / "输出" / "note.txt").write_text("mine")
    export.folder.setText(str(tmp_path / "输出") + "/")
    assert "not empty" in words(export)
    with qtbot.waitSignal(export.exported, timeout=30_000):
        export.begin()
    assert (tmp_path / "输出" / "note.txt").read_text() == "mine"


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the window time to cancel: the sample study is exported in a fifth of a second."""

    def unhurried(job: Job, *, progress, cancelled) -> Report:
        return batch.export(
            job, progress=lambda done, total: (progress(done, total), sleep(0.05)), cancelled=cancelled
        )

    monkeypatch.setattr(workspace, "export", unhurried)


@pytest.mark.usefixtures("slowly")
def test_cancelling_leaves_only_finished_files(export: ExportDialog, qtbot: QtBot, tmp_path: Path) -> None:
    export.bar.valueChanged.connect(lambda value: export.cancel_button.click() if value == 2 else None)
    with qtbot.waitSignal(export.exported, timeout=30_000):
        export.begin()
    report = export._workspace.report
    assert report.cancelled
    assert "Stopped" in words(export)
    files = [p for p in (tmp_path / "输出").rglob("*") if p.is_file()]
    assert len(files) == report.counts["written"] < 14


def test_closing_while_it_runs_only_asks_to_stop(export: ExportDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(export.exported, timeout=30_000):
        export.begin()
        export.close()
        assert export.isVisible()
    assert export.pages.currentIndex() == 2


@pytest.mark.parametrize("inside", ["", "out"])
def test_the_source_folder_is_refused_in_words(export: ExportDialog, sample: Path, inside: str) -> None:
    export.folder.setText(str(sample / "ct-series" / inside))
    export.begin()
    assert export.pages.currentIndex() == 0
    assert "among the source files" in words(export)


def test_without_a_folder_there_is_nothing_to_start(export: ExportDialog) -> None:
    export.folder.setText("   ")
    assert not export.start.isEnabled()
