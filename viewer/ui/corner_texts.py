"""Texts in the four corners of the picture; those that identify the patient can be masked."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QFont, QPainter

from viewer.ui.overlay_paint import HaloTexts

MASK: Final = "•••••"
_MARGIN: Final = 6
_WIDEST: Final = 0.46
"""Share of the view's width that a text may take, so that left and right never meet."""


class Corner(Enum):
    """A corner: (0 left or 1 right, 0 top or 1 bottom)."""

    TOP_LEFT = (0, 0)
    TOP_RIGHT = (1, 0)
    BOTTOM_LEFT = (0, 1)
    BOTTOM_RIGHT = (1, 1)


@dataclass(frozen=True, slots=True)
class CornerLine:
    """One line of text; it counts as identifying unless said otherwise."""

    text: str
    identifying: bool = True


class CornerTexts:
    """Holds the lines of the corners and paints them."""

    def __init__(self) -> None:
        self.masked = False
        self._lines: dict[Corner, tuple[CornerLine, ...]] = {}

    def put(self, corner: Corner, lines: Sequence[CornerLine | str]) -> None:
        """Replace the lines of a corner; a plain text counts as identifying."""
        self._lines[corner] = tuple(CornerLine(i) if isinstance(i, str) else i for i in lines)

    @property
    def used(self) -> bool:
        """Whether any corner holds a line."""
        return any(self._lines.values())

    def shown(self, corner: Corner) -> tuple[str, ...]:
        """Return the lines of a corner as they are painted."""
        return tuple(
            MASK if self.masked and line.identifying else line.text
            for line in self._lines.get(corner, ())
            if line.text
        )

    def paint(
        self,
        painter: QPainter,
        view: QRect,
        font: QFont,
        texts: HaloTexts,
        extra: dict[Corner, tuple[str, ...]],
    ) -> None:
        """Paint every corner, `extra` lines below the others; view and font are in device pixels."""
        inner = view.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        widest = int(view.width() * _WIDEST)
        for corner in Corner:
            # Two images per corner: the second changes with every drag, the first is kept.
            blocks = [lines for lines in (self.shown(corner), extra.get(corner, ())) if lines]
            right, bottom = corner.value
            images = [texts.image(lines, font, right=bool(right), widest=widest) for lines in blocks]
            top = inner.bottom() - sum(i.height() for i in images) if bottom else inner.top()
            for image in images:
                painter.drawImage(
                    QPoint(inner.right() - image.width() if right else inner.left(), top), image
                )
                top += image.height()
