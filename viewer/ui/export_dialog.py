"""Export: where to, progress with the time left, cancel at any moment, then what came of it."""

import time
from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from viewer import PRODUCT, VERSION
from viewer.app.workspace import Workspace
from viewer.dicom.errors import UnsafeDestination
from viewer.release.report import Held, Report
from viewer.release.report_file import report_json, write_report
from viewer.ui.theme import SPACE, say


class ExportDialog(QDialog):
    """Three pages: choose, wait, result."""

    exported = Signal()

    def __init__(self, workspace: Workspace, destination: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._began = 0.0
        self.pages = QStackedWidget()
        self.folder = QLineEdit(destination)
        self.start = QPushButton(self.tr("&Export"))
        self.disc = QCheckBox(self.tr("For a disc: short names and a new DICOMDIR"))
        self.bar = QProgressBar()
        self._note, self._left, self._outcome = QLabel(), QLabel(), QLabel()
        self.cancel_button = QPushButton(self.tr("&Cancel"))
        self.held = QListWidget()
        self.setWindowTitle(self.tr("Export cleaned copies"))
        self.setMinimumSize(620, 380)
        for page in (self._choose_page(), self._wait_page(), self._result_page()):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * SPACE, 3 * SPACE, 3 * SPACE, 2 * SPACE)
        layout.addWidget(self.pages)
        self._look_at_folder()

    @property
    def destination(self) -> str:
        """The folder that was written to or chosen last."""
        return self.folder.text().strip()

    def begin(self) -> None:
        """Start the export into the chosen folder; a folder that cannot be used is said in words."""
        destination = Path(self.destination)
        try:
            self._workspace.check_destination(destination)
        except UnsafeDestination as error:
            self._warn(str(error))
            return
        self._began = time.monotonic()
        self.bar.setRange(0, 0)
        self._left.setText(self.tr("Reading…"))
        self.pages.setCurrentIndex(1)
        disc = self.disc.isChecked()
        self._workspace.export(destination, self._progress, self._finish, self._fail, disc=disc)

    def _progress(self, done: int, total: int) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        if done:
            seconds = (time.monotonic() - self._began) / done * (total - done)
            left = self.tr("less than a minute left") if seconds < 60 else self._minutes(seconds)
            self._left.setText(self.tr("{0} of {1} images — {2}").format(done, total, left))

    def _minutes(self, seconds: float) -> str:
        return self.tr("about {0} min left").format(round(seconds / 60))

    def _stop(self) -> None:
        self.cancel_button.setEnabled(False)
        self._left.setText(self.tr("Stopping after this image…"))
        self._workspace.stop_export()

    def _fail(self, sentence: str) -> None:
        self.pages.setCurrentIndex(0)
        self.cancel_button.setEnabled(True)
        self._warn(sentence)

    def _finish(self, report: Report) -> None:
        self.cancel_button.setEnabled(True)
        counts = report.counts
        good = not counts["held"] and not report.cancelled
        text = self.tr("{0} written and verified, {1} held").format(counts["written"], counts["held"])
        if report.cancelled:
            text = self.tr("Stopped. ") + text + self.tr("; the rest was not exported")
        say(self._outcome, "good" if good else "warning", ("✓ " if good else "! ") + text)
        self.held.clear()
        for one in report.instances:
            if isinstance(one, Held):
                self.held.addItem(self.tr("✕ image {0} held: {1}").format(one.number, one.reason))
        for reason in report.rejected:
            self.held.addItem(self.tr("– not opened: {0}").format(reason))
        self.held.addItems([f"! {note}" for note in report.notes])
        if not self.held.count():
            self.held.addItem(self.tr("Every file was read again from disk and searched for the patient."))
        self.pages.setCurrentIndex(2)
        self.exported.emit()

    def _warn(self, sentence: str) -> None:
        say(self._note, "warning", sentence)

    def _look_at_folder(self) -> None:
        """Say before the start what the folder is like."""
        text = self.destination
        self.start.setEnabled(bool(text))
        folder = Path(text) if text else None
        note = self.tr("A new folder is made if there is none.")
        if folder is not None and folder.is_dir() and any(folder.iterdir()):
            note = self.tr(
                "This folder is not empty. Files already there are kept; a file that differs holds its image."
            )
        say(self._note, "faint", note)

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Output folder"), self.destination)
        if chosen:
            self.folder.setText(chosen)

    def _save_report(self) -> None:
        report = self._workspace.report
        name, _kind = QFileDialog.getSaveFileName(
            self, self.tr("Save report"), "report.json", "JSON (*.json)"
        )
        if name and report is not None:
            product = f"{PRODUCT} {VERSION}"
            try:
                write_report(report_json(report, product=product, recipe=self._workspace.recipe), Path(name))
            except OSError:
                self._outcome.setText(self.tr("The report could not be written there."))

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self.destination))

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.pages.currentIndex() == 1:
            self._stop()
            event.ignore()
        else:
            super().closeEvent(event)

    def reject(self) -> None:
        if self.pages.currentIndex() == 1:
            self._stop()
        else:
            super().reject()

    def _choose_page(self) -> QWidget:
        count = sum(1 for _ in self._workspace.catalog.instances)
        title = QLabel(self.tr("{0} images will be cleaned, checked and written").format(count))
        title.setObjectName("title")
        browse = QPushButton(self.tr("&Browse…"))
        browse.clicked.connect(self._browse)
        self.folder.setPlaceholderText(self.tr("Choose an empty folder"))
        self.folder.setAccessibleName(self.tr("Output folder"))
        self.folder.textChanged.connect(self._look_at_folder)
        self.start.setObjectName("primary")
        self.start.clicked.connect(self.begin)
        self._note.setWordWrap(True)
        names = QLabel(
            self.tr(
                "Folders and files get made-up names. The originals are not touched. "
                "What cannot be cleaned and proved is held."
            )
        )
        names.setWordWrap(True)
        names.setObjectName("faint")
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.reject)
        return _page(
            (
                title,
                names,
                (QLabel(self.tr("Into:")), self.folder, browse),
                self._note,
                self.disc,
                None,
                (None, close, self.start),
            )
        )

    def _wait_page(self) -> QWidget:
        title = QLabel(self.tr("Cleaning and checking"))
        title.setObjectName("title")
        self.bar.setAccessibleName(self.tr("Progress"))
        self.cancel_button.clicked.connect(self._stop)
        hint = QLabel(self.tr("You may cancel at any moment: no half-written file is left."))
        hint.setObjectName("faint")
        return _page((title, self.bar, self._left, hint, None, (None, self.cancel_button)))

    def _result_page(self) -> QWidget:
        self._outcome.setWordWrap(True)
        self.held.setWordWrap(True)
        self.held.setAccessibleName(self.tr("What came of it"))
        folder = QPushButton(self.tr("&Open folder"))
        folder.clicked.connect(self._open_folder)
        save = QPushButton(self.tr("&Save report…"))
        save.clicked.connect(self._save_report)
        done = QPushButton(self.tr("&Done"))
        done.setObjectName("primary")
        done.clicked.connect(self.accept)
        return _page((self._outcome, self.held, (folder, save, None, done)))


def _page(parts: tuple[object, ...]) -> QWidget:
    """Return a page with its parts below each other; a tuple is a row, None is free space."""
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(2 * SPACE)
    for part in parts:
        if isinstance(part, QWidget):
            layout.addWidget(part)
        elif part is None:
            layout.addStretch(1)
        elif isinstance(part, tuple):
            row = QHBoxLayout()
            for one in part:
                if one is None:
                    row.addStretch(1)
                else:
                    row.addWidget(one)
            layout.addLayout(row)
    return page
