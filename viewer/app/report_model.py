"""The model of a report's tree: lines with what they say now and what will be written."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont

from viewer.app.report_tree import ReportLine, Status
from viewer.rules.pieces import taken_out

_Index = QModelIndex | QPersistentModelIndex
_MASK: Final = "••••••"
STRUCK_ROLE: Final = Qt.ItemDataRole.UserRole + 1
SHAPES: Final = {Status.KEPT: "○", Status.CHANGED: "◆", Status.REMOVED: "✕"}
WORDS: Final = {
    Status.KEPT: "Stays as it is",
    Status.CHANGED: "Is changed",
    Status.REMOVED: "Goes",
}


class Column(IntEnum):
    """The columns of the tree."""

    CONCEPT = 0
    STATUS = 1
    BEFORE = 2
    AFTER = 3


class ReportModel(QAbstractItemModel):
    """The lines of one report; an index carries the number of its line."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: Sequence[ReportLine] = ()
        self._places: list[int] = []
        self._masked = False
        self._show_after = False
        self._colours: dict[Status, QColor] = {}
        self._bold = QFont()
        self._bold.setBold(True)

    def set_lines(self, lines: Sequence[ReportLine]) -> None:
        self.beginResetModel()
        self._lines = lines
        self._places = [0] * len(lines)
        for line in lines:
            for place, child in enumerate(line.children):
                self._places[child] = place
        self.endResetModel()

    def set_masked(self, masked: bool) -> None:
        self._masked = masked
        self._repaint()

    def set_after(self, wanted: bool) -> None:
        """Name the concepts as they will be written."""
        self._show_after = wanted
        self._repaint()

    def set_colours(self, colours: dict[Status, QColor]) -> None:
        self._colours = colours
        self._repaint()

    def line(self, index: _Index) -> ReportLine:
        return self._lines[index.internalId()]

    def index(self, row: int, column: int, parent: _Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        if not self._lines or not 0 <= column < len(Column):
            return QModelIndex()
        if not parent.isValid():
            return self.createIndex(row, column, 0) if row == 0 else QModelIndex()
        children = self.line(parent).children
        return self.createIndex(row, column, children[row]) if 0 <= row < len(children) else QModelIndex()

    def parent(self, index: _Index = QModelIndex()) -> Any:  # noqa: B008
        above = self.line(index).parent if index.isValid() else -1
        return self.createIndex(self._places[above], 0, above) if above >= 0 else QModelIndex()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802
        if not parent.isValid():
            return 1 if self._lines else 0
        return len(self.line(parent).children) if parent.column() == 0 else 0

    def columnCount(self, _parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802
        return len(Column)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return (self.tr("Report"), "", self.tr("Now"), self.tr("After"))[section]

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        line, column = self.line(index), Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return _short(line, self._text(line, column))
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tr(WORDS[line.status]) if column is Column.STATUS else self._text(line, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colours.get(line.status) if column is Column.STATUS else None
        if role == Qt.ItemDataRole.FontRole:
            return self._bold if line.value_type == "CONTAINER" and column is Column.CONCEPT else None
        if role == STRUCK_ROLE:
            return self._struck(line) if column is Column.BEFORE else ()
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._text(line, column)}, {self.tr(WORDS[line.status])}"
        return None

    def _text(self, line: ReportLine, column: Column) -> str:
        if column is Column.CONCEPT:
            return self._concept(line)
        if column is Column.STATUS:
            return SHAPES[line.status]
        if column is Column.BEFORE:
            return _MASK if self._masked and line.tells and line.before else line.before
        if line.status is Status.REMOVED and not line.after and (line.before or line.path):
            return self.tr("(gone)") if line.before or not line.children else ""
        return (
            _MASK if self._masked and line.tells and line.after == line.before and line.after else line.after
        )

    def _concept(self, line: ReportLine) -> str:
        name = line.concept_after if self._show_after else line.concept_before or line.concept_after
        if self._masked and line.concept_before != line.concept_after and not self._show_after:
            name = _MASK
        return name or self.tr(_KINDS.get(line.value_type, line.value_type.capitalize()))

    def _struck(self, line: ReportLine) -> tuple[tuple[int, int], ...]:
        if self._masked or not line.before:
            return ()
        if line.value_type in _REFERRING:
            return ()
        if line.cleaned:
            return taken_out(line.before, line.after)
        return ((0, len(line.before)),) if line.status is Status.REMOVED else ()

    def _repaint(self) -> None:
        if self._lines:
            self.layoutChanged.emit()


def _short(line: ReportLine, text: str) -> str:
    """Return the end of a UID, which is what differs; the tool tip has all of it."""
    is_uid = line.value_type in _REFERRING and len(text) > _LONG_UID and text[:1].isdigit()
    return f"…{text[-_UID_END:]}" if is_uid else text


_REFERRING: Final = frozenset(("COMPOSITE", "IMAGE", "UIDREF", "WAVEFORM"))
_LONG_UID, _UID_END = 20, 12
_KINDS: Final = {
    "IMAGE": "Image",
    "COMPOSITE": "Other object",
    "WAVEFORM": "Waveform",
    "SCOORD": "Place in the image",
    "SCOORD3D": "Place in space",
    "TCOORD": "Time in the recording",
    "CONTAINER": "Section",
    "PNAME": "Name",
}
"""What a line without a concept name is called."""
