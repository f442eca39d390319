"""A report as a person reads it: a tree of lines with what they say now and what will be written."""

from collections.abc import Sequence
from typing import Any, Final, cast

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import (
    QApplication,
    QHeaderView,
    QLabel,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from viewer.app.report_model import STRUCK_ROLE, Column, ReportModel
from viewer.app.report_tree import ReportLine, Status
from viewer.dicom.decisions import Identity
from viewer.ui.theme import LIGHT, SPACE, Theme, say

_Index = QModelIndex | QPersistentModelIndex
_MANY_LINES: Final = 1000
"""A longer report opens with its sections closed."""
_TALLEST: Final = 4000
"""Pixels of one line; a text as long as a book is cut on the screen."""


class Paragraph(QStyledItemDelegate):
    """Paints a text over as many lines as it needs; what goes is struck through."""

    struck = QColor(LIGHT.identity[Identity.DIRECT])

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        styled: Any = QStyleOptionViewItem(option)  # its fields are missing in the library's type hints
        self.initStyleOption(styled, index)
        text, styled.text = styled.text, ""
        QApplication.style().drawControl(
            QStyle.ControlElement.CE_ItemViewItem, styled, painter, styled.widget
        )
        chosen = bool(styled.state & QStyle.StateFlag.State_Selected)
        layout = self._layout(
            text, styled.font, styled.rect.width(), () if chosen else index.data(STRUCK_ROLE)
        )
        role = styled.palette.ColorRole.HighlightedText if chosen else styled.palette.ColorRole.Text
        own = index.data(Qt.ItemDataRole.ForegroundRole)
        painter.save()
        painter.setClipRect(styled.rect)
        painter.setPen(own if isinstance(own, QColor) and not chosen else styled.palette.color(role))
        layout.draw(painter, QPointF(styled.rect.left() + SPACE / 2, styled.rect.top() + SPACE / 2))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        view, styled = self.parent(), cast("Any", option)
        width = view.width_of(index) if isinstance(view, ReportTree) else 200
        text: str = index.data() or ""
        font = index.data(Qt.ItemDataRole.FontRole) or styled.font
        metrics = styled.fontMetrics if font is styled.font else QFontMetrics(font)
        if "\n" not in text and metrics.horizontalAdvance(text) <= width - SPACE:
            height = metrics.lineSpacing()
        else:
            height = int(self._layout(text, font, width, ()).boundingRect().height())
        return QSize(width, min(height + SPACE, _TALLEST))

    def _layout(self, text: str, font: QFont, width: int, struck: object) -> QTextLayout:
        layout = QTextLayout(text.replace("\r\n", "\u2028").replace("\n", "\u2028"), font)
        wrapping = QTextOption()
        wrapping.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(wrapping)
        if text.count("\r\n") == 0:  # places are counted in the text as it was
            layout.setFormats(
                [self._gone(*one) for one in struck] if isinstance(struck, (tuple, list)) else []
            )
        layout.beginLayout()
        top = 0.0
        while top < _TALLEST and (line := layout.createLine()).isValid():
            line.setLineWidth(max(width - SPACE, 20))
            line.setPosition(QPointF(0, top))
            top += line.height()
        layout.endLayout()
        return layout

    def _gone(self, start: int, length: int) -> QTextLayout.FormatRange:
        form = QTextCharFormat()
        form.setFontStrikeOut(True)
        form.setForeground(self.struck)
        made: Any = QTextLayout.FormatRange()
        made.start, made.length, made.format = start, length, form
        found: QTextLayout.FormatRange = made
        return found


class ReportTree(QTreeView):
    """The tree itself; tells the painter how wide a cell is."""

    def width_of(self, index: _Index) -> int:
        model = index.model()
        depth = model.line(index).depth if isinstance(model, ReportModel) else 0
        taken = (depth + 1) * self.indentation() if index.column() == Column.CONCEPT else 0
        return max(self.columnWidth(index.column()) - taken, 40)


class ReportView(QWidget):
    """Stands where images are, for an object that is a report."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model, self.tree, self.note = ReportModel(self), ReportTree(), QLabel()
        self._paragraph = Paragraph(self.tree)
        self._view = 0
        self.note.setWordWrap(True)
        self.note.setContentsMargins(SPACE, SPACE, SPACE, 0)
        self._lay_out()
        self.set_theme(LIGHT)
        self.set_view(2)
        self.set_report((), whole=False)

    def set_report(self, lines: Sequence[ReportLine], *, whole: bool) -> None:
        """Show a report; `whole` says that all of it goes because no option cleans it."""
        self.model.set_lines(lines)
        if len(lines) > _MANY_LINES:
            self.tree.expandToDepth(0)  # all of them at once would take seconds
        else:
            self.tree.expandAll()
        self._hide_what_goes()
        self.tree.setVisible(bool(lines))
        if not lines:
            say(self.note, "faint", self.tr("There is no report in this object."))
        elif whole:
            text = self.tr(
                "The whole report goes; one empty line is written instead. "
                "“Clean structured content” in Options keeps what is harmless."
            )
            say(self.note, "warning", text)
        else:
            say(self.note, "faint", self._summary(lines))

    def _summary(self, lines: Sequence[ReportLine]) -> str:
        counts = [sum(line.status is status for line in lines) for status in Status]
        text = self.tr("{0} lines: ○ {1} stay, ◆ {2} change, ✕ {3} lose what they say")
        return text.format(len(lines), *counts)

    def set_view(self, number: int) -> None:
        """Show before (0), after (1) or both side by side (2)."""
        self._view = number
        self.tree.setColumnHidden(Column.BEFORE, number == 1)
        self.tree.setColumnHidden(Column.AFTER, number == 0)
        self.model.set_after(number == 1)
        self._hide_what_goes()
        self._share_out()

    def _hide_what_goes(self) -> None:
        """Leave lines out of the view of what is written that are not written at all."""
        root = self.model.index(0, 0)
        for row in range(self.model.rowCount(root) if root.isValid() else 0):
            gone = self.model.line(self.model.index(row, 0, root)).gone
            self.tree.setRowHidden(row, root, self._view == 1 and gone)

    def set_masked(self, masked: bool) -> None:
        self.model.set_masked(masked)

    def set_theme(self, theme: Theme) -> None:
        colours = {Status.KEPT: theme.faint, Status.CHANGED: theme.warning}
        colours[Status.REMOVED] = theme.identity[Identity.DIRECT]
        self._paragraph.struck = QColor(theme.identity[Identity.DIRECT])
        self.model.set_colours({status: QColor(colour) for status, colour in colours.items()})

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._share_out()

    def _share_out(self) -> None:
        """Give the columns their widths: the names of things two fifths, the texts the rest."""
        room = max(self.tree.viewport().width(), 240)
        mark = self.tree.fontMetrics().horizontalAdvance("◆") + 3 * SPACE
        names = int((room - mark) * (0.36 if self._view == 2 else 0.42))
        texts = room - mark - names
        self.tree.setColumnWidth(Column.CONCEPT, names)
        self.tree.setColumnWidth(Column.STATUS, mark)
        for column in (Column.BEFORE, Column.AFTER):
            self.tree.setColumnWidth(column, texts // 2 if self._view == 2 else texts)

    def _lay_out(self) -> None:
        self.tree.setModel(self.model)
        self.tree.setItemDelegate(self._paragraph)
        self.tree.setIndentation(2 * SPACE)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        self.tree.setAccessibleName(self.tr("Report"))
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.sectionResized.connect(lambda *_sizes: self.tree.scheduleDelayedItemsLayout())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addWidget(self.note)
        layout.addWidget(self.tree, 1)
        layout.addStretch(0)
