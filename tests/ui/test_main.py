"""The composition root: what nobody caught is told without values, and logs hold none."""

import logging
import sys
import warnings

import pytest
from PySide6.QtCore import qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from viewer.dicom.quiet import keep_values_out_of_logs
from viewer.ui import main
from viewer.ui.main import keep_paths_out_of_logs, show_unexpected


@pytest.fixture
def boxes(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> list[QMessageBox]:
    shown: list[QMessageBox] = []

    def take(box: QMessageBox) -> int:
        qtbot.addWidget(box)
        shown.append(box)
        return 0

    monkeypatch.setattr(QMessageBox, "exec", take)
    return shown


def test_an_unexpected_error_names_places_in_the_program_only(boxes: list[QMessageBox]) -> None:
    patient = "Zhang^San"
    try:
        {}[patient]
    except KeyError:
        show_unexpected(*sys.exc_info())
    (box,) = boxes
    said = box.text() + box.informativeText() + box.detailedText()
    assert "KeyError" in box.detailedText()
    assert "test_main.py" in box.detailedText()
    assert patient not in said
    assert "/" not in box.detailedText(), "no path, which may name a patient or a user"


def test_control_c_ends_the_program_quietly(
    boxes: list[QMessageBox], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []
    monkeypatch.setattr(QApplication, "quit", lambda *_: ended.append(1))
    show_unexpected(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert (ended, boxes) == ([1], [])


def test_warnings_of_libraries_are_not_written_anywhere(
    capfd: pytest.CaptureFixture, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    level = logging.getLogger("pydicom").level
    handlers = []
    monkeypatch.setattr(main, "qInstallMessageHandler", handlers.append)
    with warnings.catch_warnings():
        keep_values_out_of_logs()
        keep_paths_out_of_logs()
        warnings.warn("Invalid value: 'Zhang^San'", UserWarning, stacklevel=1)
    logging.getLogger("pydicom").warning("Zhang^San")
    logging.getLogger("pydicom").setLevel(level)
    assert handlers, "Qt's messages are taken too"
    assert "Zhang" not in caplog.text + "".join(capfd.readouterr())
    assert qInstallMessageHandler is not main.qInstallMessageHandler
