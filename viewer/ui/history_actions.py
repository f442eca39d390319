"""Undo and Redo with fixed words; what they are about is told in the tool tip."""

from PySide6.QtGui import QAction, QKeySequence, QUndoStack
from PySide6.QtWidgets import QWidget


class HistoryAction(QAction):
    """One direction of the history."""

    def __init__(self, word: str, keys: tuple[str, ...], parent: QWidget) -> None:
        super().__init__(word, parent)
        self.setShortcuts([QKeySequence(key) for key in keys])
        self.setEnabled(False)
        self.tell("")

    def tell(self, what: str) -> None:
        """Name in the tool tip what would be undone or done again."""
        keys = self.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        words = f"{self.text()}: {what}" if what else self.text()
        self.setToolTip(f"{words} ({keys})")


def history_actions(history: QUndoStack, parent: QWidget) -> tuple[QAction, QAction]:
    """Return Undo and Redo of a history."""
    undo = HistoryAction(parent.tr("Undo"), ("Ctrl+Z",), parent)
    redo = HistoryAction(parent.tr("Redo"), ("Ctrl+Shift+Z", "Ctrl+Y"), parent)
    undo.triggered.connect(history.undo)
    redo.triggered.connect(history.redo)
    history.canUndoChanged.connect(undo.setEnabled)
    history.canRedoChanged.connect(redo.setEnabled)
    history.undoTextChanged.connect(undo.tell)
    history.redoTextChanged.connect(redo.tell)
    return undo, redo
