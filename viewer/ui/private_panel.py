"""The queue of private elements that nobody knows: what they hold, and whether they are safe to keep."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.app.private_queue import PrivateQueue, Question
from viewer.app.workspace import Workspace
from viewer.rules.recipe import Option
from viewer.ui.theme import SPACE

_ROLE: Final = Qt.ItemDataRole.UserRole
_HIDDEN: Final = "••••••"


class PrivatePanel(QWidget):
    """A table of questions; a decision holds for the whole site and is remembered."""

    def __init__(self, workspace: Workspace, queue: PrivateQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._queue = workspace, queue
        self._masked = False
        self.table = QTableWidget(0, 4)
        self.keep = QPushButton(self.tr("Safe: keep"))
        self.remove = QPushButton(self.tr("Not safe: remove"))
        self.again = QPushButton(self.tr("Ask again"))
        self._hint = QLabel()
        self._lay_out()
        queue.changed.connect(self.refresh)
        workspace.recipe_changed.connect(self._refresh_hint)
        self.refresh()

    def set_masked(self, masked: bool) -> None:
        """Hide the samples, which may hold a name."""
        self._masked = masked
        self.refresh()

    def refresh(self) -> None:
        """Fill the table, what is open first."""
        chosen = {question.key for question in self.chosen()}
        ordered = sorted(self._queue.questions, key=lambda q: (self._queue.judged(q) is not None, q.key))
        self.table.setRowCount(len(ordered))
        for row, question in enumerate(ordered):
            samples = _HIDDEN if self._masked else "  |  ".join(question.samples)
            texts = (question.name, question.vr, samples, self._decision(question))
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setData(_ROLE, question)
                item.setToolTip(text)
                self.table.setItem(row, column, item)
            if question.key in chosen:
                self.table.selectRow(row)
        self._refresh_buttons()
        self._refresh_hint()

    def _decision(self, question: Question) -> str:
        judged = self._queue.judged(question)
        if judged is None:
            return self.tr("? not decided: removed")
        return self.tr("✓ safe: kept") if judged else self.tr("✕ removed")

    def chosen(self) -> list[Question]:
        """Return the questions of the selected rows."""
        rows = sorted({index.row() for index in self.table.selectedIndexes()})
        items = [self.table.item(row, 0) for row in rows]
        return [item.data(_ROLE) for item in items if item is not None]

    def _refresh_buttons(self) -> None:
        chosen = self.chosen()
        self.keep.setEnabled(bool(chosen))
        self.remove.setEnabled(bool(chosen))
        self.again.setEnabled(any(self._queue.judged(question) is not None for question in chosen))

    def _refresh_hint(self) -> None:
        if not self._queue.questions:
            self._hint.setText(self.tr("There are no private elements here that are not known."))
        elif Option.RETAIN_SAFE_PRIVATE in self._workspace.recipe.profile.options:
            self._hint.setText(self.tr("A decision holds for every study of this site and is remembered."))
        else:
            self._hint.setText(
                self.tr(
                    "All private elements are removed now. Decisions count once “Retain safe private” is on."
                )
            )

    def _judge(self, safe: bool) -> None:
        self._queue.judge(self.chosen(), safe)

    def _lay_out(self) -> None:
        table = self.table
        table.setHorizontalHeaderLabels(
            [self.tr("Private element"), self.tr("VR"), self.tr("Holds, for example"), self.tr("Decision")]
        )
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setAlternatingRowColors(True)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + SPACE)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.ResizeToContents)
        table.setAccessibleName(self.tr("Unknown private elements"))
        self._hint.setObjectName("faint")
        self._hint.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self._hint, 1)
        for button in (self.keep, self.remove, self.again):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, SPACE, 0, 0)
        layout.addWidget(table, 1)
        layout.addLayout(row)
        table.itemSelectionChanged.connect(self._refresh_buttons)
        self.keep.clicked.connect(lambda: self._judge(True))
        self.remove.clicked.connect(lambda: self._judge(False))
        self.again.clicked.connect(lambda: self._queue.forget(self.chosen()))
