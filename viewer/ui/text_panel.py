"""The text found in pixels: which words, why they may identify, and what a person makes of them."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QBrush, QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from viewer.app.text_search import OpenText, TextSearch
from viewer.app.workspace import Workspace
from viewer.finders.identity import Kind
from viewer.finders.image_text import Layer
from viewer.finders.many_frames import Care
from viewer.ui.theme import SPACE

_ROLE: Final = Qt.ItemDataRole.UserRole
_HIDDEN: Final = "••••••"
_SIGNS: Final = {Kind.PHI: "■", Kind.PHI_LIKE: "▲", Kind.UNKNOWN: "?", Kind.HARMLESS: "○"}
"""Shape as well as colour tells the class, as in the tag table."""
COLOURS: Final = {Kind.PHI: QColor(213, 94, 0), Kind.PHI_LIKE: QColor(190, 130, 0)}


class TextPanel(QWidget):
    """Lists what was found on the selected image, and decides it one by one, by class, or for a series."""

    marks_wanted = Signal(bool)
    chosen = Signal(object)
    """A proposal that was clicked."""

    def __init__(self, workspace: Workspace, search: TextSearch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._search = workspace, search
        self._masked = False
        self._rows: list[OpenText] = []
        self.table = QTableWidget(0, 3)
        self.progress = QProgressBar()
        self._state = QLabel()
        self.cover = QPushButton(self.tr("Mask"))
        self.harmless = QPushButton(self.tr("Harmless"))
        self.mask_all = QPushButton(self.tr("Mask all here"))
        self.series = QToolButton()
        self.mask_series = QAction(self.tr("Mask all that identifies or looks like it"), self)
        self.mask_rest = QAction(self.tr("Mask all that was found"), self)
        self.dismiss_series = QAction(self.tr("What is left is harmless"), self)
        self.marks = QToolButton()
        self._lay_out()
        search.changed.connect(self.refresh)
        workspace.selection_changed.connect(self.refresh)
        self.refresh()

    def set_masked(self, masked: bool) -> None:
        """Hide the words, which may hold a name."""
        self._masked = masked
        self.refresh()

    def refresh(self) -> None:
        """Fill the table with what is open on the selected image."""
        image = self._workspace.selection.instance
        rows = [OpenText(image, p) for p in self._search.open_on(image)] if image is not None else []
        if rows != self._rows or self.table.rowCount() != len(rows) or self._masked != self._shown_masked:
            self._fill(rows)
        self._rows = rows
        self._show_state()
        self._enable()

    def chosen_rows(self) -> list[OpenText]:
        """Return the proposals that are selected in the table."""
        return [self._rows[i.row()] for i in self.table.selectionModel().selectedRows()]

    def _fill(self, rows: Sequence[OpenText]) -> None:
        self._shown_masked = self._masked
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(rows))
            for number, row in enumerate(rows):
                self._fill_row(number, row)
        self.table.clearSelection()

    def _fill_row(self, number: int, row: OpenText) -> None:
        verdict = row.proposal.verdict
        words = _HIDDEN if self._masked else row.proposal.words or self.tr("(not readable)")
        why = self.tr(verdict.why)
        if row.proposal.layer is not Layer.PIXELS:
            why += f" ({self.tr(row.proposal.layer.value)})"
        texts = (f"{_SIGNS[verdict.kind]} {self.tr(verdict.kind.value)}", words, why)
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            if column == 0 and verdict.kind in COLOURS:
                item.setForeground(QBrush(COLOURS[verdict.kind]))
            self.table.setItem(number, column, item)

    def _show_state(self) -> None:
        search, image = self._search, self._workspace.selection.instance
        self.progress.setVisible(search.running)
        self.progress.setRange(0, max(1, search.total))
        self.progress.setValue(search.done)
        if search.trouble:
            self._state.setText(
                self.tr("Pixels were not looked at for text. {0}").format(self.tr(search.trouble))
            )
            return
        if image is None or not image.frames:
            self._state.setText("" if image is None else self.tr("There are no pixels in this object."))
            return
        found = search.found_on(image)
        if found is None:
            words = self.tr("Not looked at yet.") if search.running else self.tr("Not looked at.")
            self._state.setText(words)
            return
        self._state.setText(self._coverage(found.text.care, found.text.trouble, len(found.proposals)))

    def _coverage(self, care: Sequence[Care], trouble: str, lines: int) -> str:
        """Return how well the frames were looked at, and how much was found, in words."""
        counts = {kind: sum(one is kind for one in care) for kind in Care}
        parts = [f"{self.tr(kind.value)}: {n}" for kind, n in counts.items() if n]
        frames = self.tr("Frames {0}.").format(", ".join(parts)) if len(care) > 1 else ""
        if len(care) == 1:
            frames = self.tr("This image was {0}.").format(self.tr(care[0].value))
        told = self.tr("Lines of text: {0}, to decide: {1}.").format(lines, len(self._rows))
        warning = f" {self.tr(trouble)}" if trouble else ""
        return f"{frames} {told}{warning}"

    def _enable(self) -> None:
        some = bool(self.table.selectionModel().selectedRows())
        self.cover.setEnabled(some)
        self.harmless.setEnabled(some)
        self.mask_all.setEnabled(bool(self._rows))
        series = self._workspace.selection.series
        waiting = self._search.open_in(series) if series is not None else []
        names = [one for one in waiting if one.proposal.verdict.kind in (Kind.PHI, Kind.PHI_LIKE)]
        self.series.setEnabled(bool(waiting))
        self.mask_series.setEnabled(bool(names))
        self.dismiss_series.setEnabled(bool(waiting) and not names)

    def _mask_series(self) -> None:
        series = self._workspace.selection.series
        if series is not None:
            kinds = (Kind.PHI, Kind.PHI_LIKE)
            self._search.accept([o for o in self._search.open_in(series) if o.proposal.verdict.kind in kinds])

    def _mask_rest(self) -> None:
        series = self._workspace.selection.series
        if series is not None:
            self._search.accept(self._search.open_in(series))

    def _dismiss_series(self) -> None:
        series = self._workspace.selection.series
        if series is not None:
            self._search.dismiss(self._search.open_in(series))

    def _on_chosen(self) -> None:
        rows = self.chosen_rows()
        self._enable()
        if rows:
            self.chosen.emit(rows[0].proposal)

    def _lay_out(self) -> None:
        self._shown_masked = False
        self.table.setHorizontalHeaderLabels([self.tr("Class"), self.tr("Words"), self.tr("Why")])
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.table.verticalHeader().setMinimumSectionSize(self.fontMetrics().height() + 4)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.table.setAccessibleName(self.tr("Text found in pixels"))
        self.table.itemSelectionChanged.connect(self._on_chosen)
        self._state.setWordWrap(True)
        self._state.setObjectName("faint")
        self._state.setToolTip(self.tr("Faint or tiny text may be missed: look at the image, too."))
        self.progress.setMaximumHeight(14)
        self.progress.setTextVisible(False)
        self.marks.setText(self.tr("Text-like marks"))
        self.marks.setCheckable(True)
        self.marks.setToolTip(self.tr("Also outline sharp marks that were not taken for text: look at these"))
        self.marks.toggled.connect(self.marks_wanted)
        self.cover.setToolTip(self.tr("Put a box over the chosen text"))
        self.harmless.setToolTip(self.tr("The chosen text tells nothing about a person: leave it"))
        self.cover.clicked.connect(lambda: self._search.accept(self.chosen_rows()))
        self.harmless.clicked.connect(lambda: self._search.dismiss(self.chosen_rows()))
        self.mask_all.clicked.connect(lambda: self._search.accept(self._rows))
        self._series_menu()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, SPACE, 0, 0)
        layout.addWidget(self._state)
        layout.addWidget(self.progress)
        layout.addWidget(self.table, 1)
        row = QHBoxLayout()
        for widget in (self.cover, self.harmless, self.mask_all, self.series, self.marks):
            row.addWidget(widget)
        row.addStretch(1)
        layout.addLayout(row)

    def _series_menu(self) -> None:
        self.series.setText(self.tr("Whole series"))
        self.series.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.series)
        menu.addActions([self.mask_series, self.mask_rest, self.dismiss_series])
        self.series.setMenu(menu)
        self.mask_series.triggered.connect(self._mask_series)
        self.mask_rest.triggered.connect(self._mask_rest)
        self.dismiss_series.triggered.connect(self._dismiss_series)
