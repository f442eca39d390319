"""The tags beside the image: class, value now and after, a choice per row, and why."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from viewer.app.row_model import ACTION_WORDS, SHAPES, WORDS, Column, RowModel, Show
from viewer.app.workspace import Workspace
from viewer.dicom.catalog import Series
from viewer.dicom.decisions import Action, Identity
from viewer.rules.recipe import CHOICES
from viewer.rules.rows import Row
from viewer.ui.struck_text import StruckText
from viewer.ui.theme import PAUSE_MS, SPACE, Theme

_BACK: Final = "back to profile"
_SHORT: Final = {
    Identity.DIRECT: "direct",
    Identity.QUASI: "quasi",
    Identity.FREE_TEXT: "text",
    Identity.UNKNOWN: "unknown",
    Identity.HARMLESS: "harmless",
}
_WIDTHS: Final = {Column.CLASS: 24, Column.TAG: 96, Column.ACTION: 68}
_NARROWEST: Final = 56
_ROOM_FOR_TAGS: Final = 400
"""Below this width the name stands for the tag, which is still told below the table and in tool tips."""


class _Choices(QStyledItemDelegate):
    """Offers the actions of a row in a list."""

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QWidget:
        box = QComboBox(parent)
        box.addItems([ACTION_WORDS[action] for action in CHOICES] + [_BACK])
        box.activated.connect(lambda: self._finish(box))
        return box

    def _finish(self, box: QComboBox) -> None:
        self.commitData.emit(box)
        self.closeEditor.emit(box)

    def setEditorData(self, editor: QWidget, index: QModelIndex | QPersistentModelIndex) -> None:
        if isinstance(editor, QComboBox):
            editor.setCurrentText(str(index.data()))
            editor.showPopup()

    def setModelData(
        self,
        editor: QWidget,
        model: QAbstractItemModel,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        if isinstance(editor, QComboBox) and editor.currentText() != index.data():
            model.setData(index, editor.currentText())


class TagPanel(QWidget):
    """Reads the workspace, paints rows, and turns choices into verbs."""

    rows_shown = Signal(int)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.model = RowModel(self)
        self._filter = QLineEdit()
        self._show = QComboBox()
        self._changes = QCheckBox(self.tr("Changes only"))
        self._series = QCheckBox(self.tr("Whole series"))
        self._why, self._legend_text = QLabel(), QLabel()
        self._struck = StruckText(self)
        self.table = QTableView()
        self._summed: Series | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE_MS)
        self._later.timeout.connect(self.refresh)
        self._lay_out()
        self.model.action_chosen.connect(self._choose)
        workspace.selection_changed.connect(self._follow)
        workspace.recipe_changed.connect(self.refresh)

    def set_theme(self, theme: Theme) -> None:
        self._legend_text.setText(
            "&nbsp; ".join(
                f'<span style="color:{theme.identity[k]}">{SHAPES[k]}</span> {self.tr(word)}'
                for k, word in _SHORT.items()
            )
        )
        self._struck.colour = QColor(theme.identity[Identity.DIRECT])
        self.model.set_colours({k: QColor(v) for k, v in theme.identity.items()})

    def set_masked(self, masked: bool) -> None:
        self.model.set_masked(masked)

    def focus_filter(self) -> None:
        self._filter.setFocus()
        self._filter.selectAll()

    def show_series(self, wanted: bool) -> None:
        self._series.setChecked(wanted)

    def _follow(self) -> None:
        """Show other rows once the selection rests: scrolling through a series must not wait for tags."""
        series = self._workspace.selection.series
        if series is None or not self._series.isChecked() or series is not self._summed:
            self._later.start()

    def refresh(self) -> None:
        """Show the rows of the selected instance, or of the series when that is asked for."""
        self._later.stop()
        self._summed = self._workspace.selection.series if self._series.isChecked() else None
        if self._summed is not None:
            count = len(self._summed.instances)
            self._why.setText(self.tr("Reading the tags of {0} images…").format(count))
            self._workspace.series_rows(self._take)
            return
        self._workspace.stop_series_rows()
        inspected = self._workspace.inspected()
        self._take(inspected.rows if inspected else ())

    def _take(self, rows: Sequence[Row]) -> None:
        self.model.set_rows(rows)
        self.rows_shown.emit(self.model.rowCount())
        self._explain()

    def _lay_out(self) -> None:
        self._filter.setPlaceholderText(self.tr("Search tag, name or value"))
        self._filter.setClearButtonEnabled(True)
        self._filter.setAccessibleName(self.tr("Search tags"))
        self._filter.textChanged.connect(self.model.set_filter)
        for show in Show:
            self._show.addItem(self.tr(show.value), show)
        self._show.setCurrentIndex(1)
        self._show.setAccessibleName(self.tr("Which classes are shown"))
        self._show.currentIndexChanged.connect(lambda: self.model.set_show(self._show.currentData()))
        self._changes.toggled.connect(self.model.set_changes_only)
        self._series.toggled.connect(self.refresh)
        self._series.setToolTip(self.tr("Show one row per tag for all images of the series"))
        top = QHBoxLayout()
        top.addWidget(self._filter, 1)
        top.addWidget(self._show)
        switches = QHBoxLayout()
        switches.addWidget(self._changes)
        switches.addWidget(self._series)
        switches.addStretch(1)
        self._set_up_table()
        self._why.setObjectName("faint")
        self._why.setWordWrap(True)
        self._why.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + SPACE)
        self._why.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        layout.setSpacing(SPACE)
        layout.addLayout(top)
        layout.addLayout(switches)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._legend())
        layout.addWidget(self._why)

    def _legend(self) -> QLabel:
        label = self._legend_text
        label.setTextFormat(Qt.TextFormat.RichText)
        label.setObjectName("faint")
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        label.setToolTip("\n".join(f"{SHAPES[k]}  {WORDS[k]}" for k in _SHORT))
        return label

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setItemDelegateForColumn(Column.ACTION, _Choices(table))
        table.setItemDelegateForColumn(Column.OLD, self._struck)
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setAccessibleName(self.tr("Tags"))
        table.setEditTriggers(QTableView.EditTrigger.DoubleClicked | QTableView.EditTrigger.EditKeyPressed)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + SPACE)
        table.horizontalHeader().setStretchLastSection(True)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setMinimumSectionSize(_WIDTHS[Column.CLASS])
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        for column, width in _WIDTHS.items():
            table.setColumnWidth(column, width)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._open_menu)
        table.selectionModel().currentChanged.connect(lambda: self._explain())
        table.clicked.connect(self._edit_on_click)

    def _edit_on_click(self, index: QModelIndex) -> None:
        if index.column() == Column.ACTION and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.table.edit(index)

    def _explain(self) -> None:
        row = self.model.row_at(self.table.currentIndex())
        if row is None:
            self._why.setText(self.tr("Choose a row to see why. Click an action to change it."))
        else:
            self._why.setText(f"{row.tag} {row.name} — {WORDS[row.identity]}. {row.why}")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + SPACE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width so that the value now and after are both in sight."""
        super().resizeEvent(event)
        self.table.setColumnHidden(Column.TAG, self.width() < _ROOM_FOR_TAGS)
        fixed = sum(self.table.columnWidth(c) for c in (Column.CLASS, Column.TAG, Column.ACTION))
        free = self.width() - 4 * SPACE - self.table.verticalScrollBar().sizeHint().width() - fixed
        for column, percent in ((Column.NAME, 40), (Column.OLD, 30), (Column.NEW, 28)):
            self.table.setColumnWidth(column, max(free * percent // 100, _NARROWEST))

    def _open_menu(self, point: QPoint) -> None:
        row = self.model.row_at(self.table.indexAt(point))
        if row is None or not row.is_open:
            return
        menu = QMenu(self)
        everywhere = menu.addMenu(self.tr("This tag everywhere"))
        here = menu.addMenu(self.tr("Only at this place"))
        for target, selector in ((everywhere, row.selector_everywhere), (here, row.selector_here)):
            for action in CHOICES:
                target.addAction(
                    ACTION_WORDS[action], lambda s=selector, a=action, r=row: self._override(s, a, r)
                )
        menu.addSeparator()
        menu.addAction(self.tr("Back to the profile's choice"), lambda: self._back(row))
        menu.exec(self.table.viewport().mapToGlobal(point))

    def _choose(self, row: Row, word: str) -> None:
        if word == _BACK:
            self._back(row)
            return
        action = next(a for a in CHOICES if ACTION_WORDS[a] == word)
        self._override(row.selector_everywhere, action, row)

    def _back(self, row: Row) -> None:
        for selector in (row.selector_everywhere, row.selector_here):
            self._workspace.clear_override(selector)

    def _override(self, selector: str, action: Action, row: Row) -> None:
        value = ""
        if action is Action.REPLACE:
            title, label = self.tr("Replace"), self.tr("New value of {0}:").format(row.name)
            value, given = QInputDialog.getText(self, title, label)
            if not given or not value:
                return
        self._workspace.override(selector, action, value)
