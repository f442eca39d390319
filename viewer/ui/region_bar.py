"""How the next shape is meant: how far it reaches, what goes, and what takes its place."""

from typing import Final

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QWidget

from viewer.pixels.regions import Manner, ScopeKind
from viewer.ui.theme import SPACE

_SHORT: Final = 11
"""Characters that a choice shows; the list that opens shows them all."""
_WIDE: Final = 180


class RegionBar(QWidget):
    """Chosen for shapes that are drawn from now on; those that are there stay as they are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = QComboBox()
        self.first, self.last = QSpinBox(), QSpinBox()
        self.keep = QComboBox()
        self.fill = QComboBox()
        self.value = QSpinBox()
        self._to = QLabel(self.tr("to"))
        self._lay_out()
        self.scope.currentIndexChanged.connect(self._show_what_is_needed)
        self.fill.currentIndexChanged.connect(self._show_what_is_needed)
        self._show_what_is_needed()

    def manner(self) -> Manner:
        """Return what goes and what takes its place."""
        chosen: str = self.fill.currentData()
        fill: str | int = self.value.value() if chosen == "value" else chosen
        return Manner(fill, bool(self.keep.currentData()))

    def frames(self) -> tuple[int, int]:
        """Return the first and the last frame, 0-based, whichever was put in first."""
        first, last = sorted((self.first.value() - 1, self.last.value() - 1))
        return first, last

    def set_keep(self, keep: bool) -> None:
        """Choose whether the next shape keeps its inside."""
        self.keep.setCurrentIndex(int(keep))

    def set_count(self, frames: int) -> None:
        """Say how many frames an image has."""
        for box in (self.first, self.last):
            box.setRange(1, max(frames, 1))
        self.last.setValue(frames)

    def set_frame(self, frame: int) -> None:
        """Begin a range with the frame on screen, 0-based, while none was chosen."""
        if self.scope.currentData() is not ScopeKind.FRAMES:
            self.first.setValue(frame + 1)

    def _show_what_is_needed(self) -> None:
        ranged = self.scope.currentData() is ScopeKind.FRAMES
        for widget in (self.first, self.last, self._to):
            widget.setVisible(ranged)
        self.value.setVisible(self.fill.currentData() == "value")

    def _lay_out(self) -> None:
        for kind in ScopeKind:
            self.scope.addItem(self.tr(kind.value), kind)
        self.scope.setCurrentIndex(list(ScopeKind).index(ScopeKind.IMAGE))
        self.keep.addItem(self.tr("blanks its inside"), False)
        self.keep.addItem(self.tr("keeps its inside"), True)
        self.fill.addItem(self.tr("black"), "black")
        self.fill.addItem(self.tr("mean"), "mean")
        self.fill.addItem(self.tr("value"), "value")
        for box in (self.scope, self.keep):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(_SHORT)
            box.view().setMinimumWidth(_WIDE)
        self.value.setRange(-(1 << 30), 1 << 30)
        texts = (
            (self.scope, self.tr("How far the next shape reaches")),
            (
                self.keep,
                self.tr("Whether the inside of the next shape is blanked, or all that lies outside"),
            ),
            (
                self.fill,
                self.tr("What takes the place: black, the mean of what is blanked, or a stored value"),
            ),
            (self.value, self.tr("Stored value; in a colour image a grey")),
            (self.first, self.tr("First frame")),
            (self.last, self.tr("Last frame")),
        )
        for widget, text in texts:
            widget.setToolTip(text)
            widget.setAccessibleName(text)
        label = QLabel(self.tr("A shape is for"))
        label.setBuddy(self.scope)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE)
        order = (label, self.scope, self.first, self._to, self.last, self.keep, QLabel(self.tr("with")))
        for part in (*order, self.fill, self.value):
            row.addWidget(part)
