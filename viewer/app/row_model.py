"""The tag table's model: a flat list of rows, a list of those shown, one prepared search key per row."""

from collections.abc import Iterable, Sequence
from enum import Enum, IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFont

from viewer.dicom.decisions import Action, Identity
from viewer.rules.pieces import taken_out
from viewer.rules.rows import Row

_Index = QModelIndex | QPersistentModelIndex
SHAPES: Final = {
    Identity.DIRECT: "■",
    Identity.QUASI: "▲",
    Identity.FREE_TEXT: "◆",
    Identity.UNKNOWN: "?",
    Identity.HARMLESS: "○",
}
WORDS: Final = {
    Identity.DIRECT: "direct identifier",
    Identity.QUASI: "date, device, place: may identify together with other things",
    Identity.FREE_TEXT: "free text that may hold anything",
    Identity.UNKNOWN: "private or unknown",
    Identity.HARMLESS: "harmless",
}
ACTION_WORDS: Final = {
    Action.KEEP: "keep",
    Action.REMOVE: "remove",
    Action.EMPTY: "empty",
    Action.REPLACE: "replace",
    Action.REMAP: "new UID",
    Action.SHIFT: "shift",
    Action.CLEAN: "clean",
    Action.ADD: "add",
}
_TEXTS: Final = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
_MASK: Final = "••••••"
STRUCK_ROLE: Final = Qt.ItemDataRole.UserRole + 1
"""Of the value now: (start, length) of the parts that cleaning takes out."""


class Column(IntEnum):
    """The columns of the tag table."""

    CLASS = 0
    TAG = 1
    NAME = 2
    OLD = 3
    ACTION = 4
    NEW = 5


HEADINGS: Final = {
    Column.CLASS: "",
    Column.TAG: "Tag",
    Column.NAME: "Name",
    Column.OLD: "Now",
    Column.ACTION: "Action",
    Column.NEW: "After",
}


class Show(Enum):
    """Which classes the table shows."""

    ALL = "All elements"
    IDENTIFYING = "Identifying"
    DIRECT = "■ Direct"
    QUASI = "▲ Quasi-identifier"
    FREE_TEXT = "◆ Free text"
    UNKNOWN = "? Private, unknown"

    def holds(self, identity: Identity) -> bool:
        """Return whether rows of a class are shown."""
        if self is Show.ALL:
            return True
        if self is Show.IDENTIFYING:
            return identity is not Identity.HARMLESS
        return identity.name == self.name


class RowModel(QAbstractTableModel):
    """Rows as they come, filtered without a proxy (viewing trials: 8 times faster)."""

    action_chosen = Signal(object, str)
    """(Row, action word): the view turns it into one verb of the workspace."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Row] = ()
        self._keys: list[str] = []
        self._shown: list[int] = []
        self._words = ""
        self._show = Show.IDENTIFYING
        self._changes_only = False
        self._masked = False
        self._colours: dict[Identity, QColor] = {}
        self._bold = QFont()
        self._bold.setBold(True)
        self._struck = QFont()
        self._struck.setStrikeOut(True)

    def set_colours(self, colours: dict[Identity, QColor]) -> None:
        self._colours = colours
        self._repaint()

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Show other rows; where paths are the same the view keeps its place."""
        fresh = tuple(rows)
        same = [r.path for r in fresh] == [r.path for r in self._rows]
        self._rows = fresh
        self._keys = [f"{r.tag} {r.name} {r.old} {r.new}".lower() for r in fresh]
        if same and self._visible() == self._shown:
            self._repaint()
        else:
            self._refilter()

    def set_filter(self, words: str) -> None:
        self._words = words.strip().lower()
        self._refilter()

    def set_show(self, show: Show) -> None:
        self._show = show
        self._refilter()

    def set_changes_only(self, wanted: bool) -> None:
        self._changes_only = wanted
        self._refilter()

    def set_masked(self, masked: bool) -> None:
        """Hide original values on the screen."""
        self._masked = masked
        self._repaint()

    def row_at(self, index: _Index) -> Row | None:
        return self._rows[self._shown[index.row()]] if index.isValid() else None

    @property
    def total(self) -> int:
        return len(self._rows)

    def _visible(self) -> list[int]:
        words, show, only = self._words.split(), self._show, self._changes_only
        return [
            number
            for number, row in enumerate(self._rows)
            if show.holds(row.identity)
            and (not only or row.changed)
            and all(word in self._keys[number] for word in words)
        ]

    def _refilter(self) -> None:
        self.beginResetModel()
        self._shown = self._visible()
        self.endResetModel()

    def _repaint(self) -> None:
        if self._shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, len(Column) - 1))

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(Column)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.tr(HEADINGS[Column(section)])
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        base = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        row = self.row_at(index)
        if row is None:
            return Qt.ItemFlag.NoItemFlags
        if index.column() == Column.ACTION and row.is_open:
            return base | Qt.ItemFlag.ItemIsEditable
        return base

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in _ROLES or not index.isValid():
            return None
        row = self._rows[self._shown[index.row()]]
        column = Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colours.get(row.identity) if _is_coloured(row, column) else None
        if role == Qt.ItemDataRole.FontRole:
            return self._font(row, column)
        if role == STRUCK_ROLE:
            return self._struck_ranges(row) if column is Column.OLD else None
        return f"{row.tag} {row.name}, {WORDS[row.identity]}, {ACTION_WORDS[row.action]}"

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Hand a choice on; the rows follow when the recipe has changed."""
        row = self.row_at(index)
        if row is None or role != Qt.ItemDataRole.EditRole:
            return False
        self.action_chosen.emit(row, str(value))
        return True

    def _font(self, row: Row, column: Column) -> QFont | None:
        if row.within_removed and column is Column.OLD:
            return self._struck
        return self._bold if row.overridden and column is Column.ACTION else None

    def _struck_ranges(self, row: Row) -> tuple[tuple[int, int], ...]:
        shown = not self._masked and row.action is Action.CLEAN and row.vr in _TEXTS
        return taken_out(row.old, row.new) if shown else ()

    def _text(self, row: Row, column: Column) -> str:
        if column is Column.CLASS:
            return SHAPES[row.identity]
        if column is Column.TAG:
            return row.tag
        if column is Column.NAME:
            return "    " * row.depth + row.name
        if column is Column.OLD:
            return _MASK if self._masked and row.old and row.identity is not Identity.HARMLESS else row.old
        if column is Column.ACTION:
            return self.tr("with it") if row.within_removed else ACTION_WORDS[row.action]
        return self._new(row)

    def _new(self, row: Row) -> str:
        if row.within_removed:
            return ""
        if row.action is Action.REMOVE:
            return self.tr("(gone)")
        if self._masked and not row.changed and row.identity is not Identity.HARMLESS and row.new:
            return _MASK
        return row.new

    def _tip(self, row: Row, column: Column) -> str:
        if column is Column.CLASS:
            return WORDS[row.identity]
        full = self._text(row, column).strip()
        head = f"{row.tag} {row.name}" if column is Column.NAME else full
        told = column in (Column.NAME, Column.OLD, Column.NEW) and full
        return f"{head}\n{row.why}" if told else row.why


def _is_coloured(row: Row, column: Column) -> bool:
    """Return whether a cell has the colour of its class: the shape, and a keep that a person chose."""
    return column is Column.CLASS or (
        column is Column.ACTION and row.overridden and row.action is Action.KEEP
    )


_ROLES: Final = frozenset(
    (
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.ToolTipRole,
        Qt.ItemDataRole.ForegroundRole,
        Qt.ItemDataRole.FontRole,
        Qt.ItemDataRole.AccessibleTextRole,
        STRUCK_ROLE,
    )
)
