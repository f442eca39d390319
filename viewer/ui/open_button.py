"""Open: a folder, files, the sample study, or something opened before."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from viewer.resources import resource


class OpenButton(QToolButton):
    """Asks for paths and passes them on; `recent` gives the names opened before, newest first."""

    chosen = Signal(list)

    def __init__(
        self, recent: Callable[[], Sequence[str]], masked: Callable[[], bool], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._recent_names, self._masked = recent, masked
        self._recent = QMenu(self.tr("Recent"), self)
        self._recent.aboutToShow.connect(self._fill_recent)
        self.setText(self.tr("&Open ▾"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        menu.addAction(self._action(self.tr("Folder…"), "Ctrl+O", self._choose_folder))
        menu.addAction(self._action(self.tr("Files, DICOMDIR or ZIP…"), "Ctrl+Shift+O", self._choose_files))
        menu.addSeparator()
        menu.addAction(self.tr("Sample study"), lambda: self.chosen.emit([resource("sample")]))
        menu.addMenu(self._recent)
        self.setMenu(menu)

    def _action(self, text: str, key: str, verb: Callable[[], None]) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(key))
        action.setToolTip(f"{text} ({key})")
        action.triggered.connect(lambda _checked: verb())
        return action

    def _choose_files(self) -> None:
        names, _kind = QFileDialog.getOpenFileNames(self, self.tr("Open files, DICOMDIR or ZIP"))
        self.chosen.emit([Path(name) for name in names])

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Open a folder"))
        if name:
            self.chosen.emit([Path(name)])

    def _fill_recent(self) -> None:
        self._recent.clear()
        hidden = self._masked()
        for name in self._recent_names():
            shown = "••••••" if hidden else name
            self._recent.addAction(shown, lambda n=name: self.chosen.emit([Path(n)]))
        if self._recent.isEmpty():
            self._recent.addAction(self.tr("Nothing yet")).setEnabled(False)
