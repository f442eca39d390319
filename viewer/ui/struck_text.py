"""A cell of the tag table that shows which words of a text are taken out: struck through, in red."""

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF
from PySide6.QtGui import QColor, QPainter, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from viewer.app.row_model import STRUCK_ROLE
from viewer.ui.theme import SPACE


class StruckText(QStyledItemDelegate):
    """Paints the ranges that the model gives; other cells as usual."""

    colour = QColor("#b3261e")

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        ranges = index.data(STRUCK_ROLE)
        if not ranges:
            super().paint(painter, option, index)
            return
        styled: Any = QStyleOptionViewItem(option)  # its fields are missing in the library's type hints
        self.initStyleOption(styled, index)
        text, styled.text = styled.text, ""
        text = styled.fontMetrics.elidedText(text, styled.textElideMode, styled.rect.width() - SPACE)
        style = QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, styled, painter, styled.widget)
        chosen = bool(styled.state & QStyle.StateFlag.State_Selected)
        layout = self._layout(text, ranges, styled, struck_only=chosen)
        painter.save()
        painter.setClipRect(styled.rect)
        role = styled.palette.ColorRole.HighlightedText if chosen else styled.palette.ColorRole.Text
        painter.setPen(styled.palette.color(role))
        top = styled.rect.top() + (styled.rect.height() - layout.boundingRect().height()) // 2
        layout.draw(painter, QPointF(styled.rect.left() + SPACE / 2, top))
        painter.restore()

    def _layout(self, text: str, ranges: object, option: Any, *, struck_only: bool) -> QTextLayout:
        layout = QTextLayout(text, option.font)
        wrapping = QTextOption()
        wrapping.setWrapMode(QTextOption.WrapMode.NoWrap)
        layout.setTextOption(wrapping)
        gone = QTextCharFormat()
        gone.setFontStrikeOut(True)
        if not struck_only:
            gone.setForeground(self.colour)
        formats = []
        for start, length in ranges if isinstance(ranges, (tuple, list)) else ():
            one: Any = QTextLayout.FormatRange()
            one.start, one.length, one.format = start, length, gone
            formats.append(one)
        layout.setFormats(formats)
        layout.beginLayout()
        layout.createLine().setLineWidth(max(option.rect.width(), 1))
        layout.endLayout()
        return layout
