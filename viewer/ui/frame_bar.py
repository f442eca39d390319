"""The bar below the picture: which frame, to and fro, and play."""

from typing import Final

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QSpinBox, QStyle, QToolButton, QWidget

RATES: Final = (2, 5, 10, 15, 25, 30, 60)
"""Frames per second to choose from."""
_USUAL_RATE: Final = 15


class FrameBar(QWidget):
    """Chooses a frame by slider, number, buttons or play; hidden while there is nothing to choose.

    `frame_chosen(int)`: 0-based, only for what a person or the play timer did.
    """

    frame_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._advance)
        self._back, self._on, self._play = (QToolButton(self) for _ in range(3))
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        self._number = QSpinBox(self)
        self._of = QLabel(self)
        self._rate = QComboBox(self)
        self._lay_out()
        self._connect()
        self._name()
        self.set_count(0)

    @property
    def frame(self) -> int:
        """The frame it stands at, 0-based."""
        return self._slider.value()

    @property
    def count(self) -> int:
        """How many frames there are."""
        return self._slider.maximum() + 1

    @property
    def playing(self) -> bool:
        """Whether frames go on by themselves."""
        return self._timer.isActive()

    def set_count(self, count: int) -> None:
        """Offer that many frames, stand at the first and stop playing; reports nothing."""
        self.stop()
        with QSignalBlocker(self._slider), QSignalBlocker(self._number):
            self._slider.setRange(0, max(count - 1, 0))
            self._number.setRange(1, max(count, 1))
            self._of.setText(f"/ {count}")
        self.set_frame(0)
        self.setVisible(count > 1)

    def set_frame(self, frame: int) -> None:
        """Stand at a frame, 0-based, clipped to those there are; reports nothing."""
        with QSignalBlocker(self._slider), QSignalBlocker(self._number):
            self._slider.setValue(frame)
            self._number.setValue(self._slider.value() + 1)

    def set_rate(self, frames_per_second: float) -> None:
        """Choose the offered rate that is nearest."""
        nearest = min(RATES, key=lambda rate: abs(rate - frames_per_second))
        self._rate.setCurrentIndex(RATES.index(nearest))

    def step(self, by: int) -> None:
        """Go that many frames, stop at the ends, and report the frame if it is another one."""
        self._choose(min(max(self.frame + by, 0), self.count - 1))

    def play(self) -> None:
        """Show one frame after another, from the first again after the last."""
        if self.count > 1:
            self._timer.start(round(1000 / RATES[self._rate.currentIndex()]))
        self._show_playing()

    def stop(self) -> None:
        """Stop playing."""
        self._timer.stop()
        self._show_playing()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._name()
        super().changeEvent(event)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        for widget in (self._back, self._slider, self._on, self._number, self._of, self._play, self._rate):
            row.addWidget(widget, 1 if widget is self._slider else 0)
        self._back.setIcon(self.style().standardIcon(QStyle.StandardPixmap.SP_MediaSeekBackward))
        self._on.setIcon(self.style().standardIcon(QStyle.StandardPixmap.SP_MediaSeekForward))
        self._play.setCheckable(True)
        for button in (self._back, self._on):
            button.setAutoRepeat(True)
        self._rate.addItems([str(rate) for rate in RATES])
        self._rate.setCurrentIndex(RATES.index(_USUAL_RATE))

    def _connect(self) -> None:
        self._back.clicked.connect(lambda: self.step(-1))
        self._on.clicked.connect(lambda: self.step(1))
        self._play.toggled.connect(lambda playing: self.play() if playing else self.stop())
        self._slider.valueChanged.connect(self._report)
        self._number.valueChanged.connect(lambda number: self._choose(number - 1))
        self._rate.currentIndexChanged.connect(lambda _: self.play() if self.playing else None)

    def _name(self) -> None:
        names = {
            self._back: self.tr("Previous frame"),
            self._on: self.tr("Next frame"),
            self._play: self.tr("Play"),
            self._slider: self.tr("Frame"),
            self._number: self.tr("Frame number"),
            self._rate: self.tr("Frames per second"),
        }
        for widget, name in names.items():
            widget.setAccessibleName(name)
            widget.setToolTip(name)

    def _choose(self, frame: int) -> None:
        self._slider.setValue(frame)

    def _report(self, frame: int) -> None:
        self.set_frame(frame)
        self.frame_chosen.emit(frame)

    def _advance(self) -> None:
        self._choose((self.frame + 1) % self.count)

    def _show_playing(self) -> None:
        pixmap = QStyle.StandardPixmap.SP_MediaPause if self.playing else QStyle.StandardPixmap.SP_MediaPlay
        self._play.setIcon(self.style().standardIcon(pixmap))
        with QSignalBlocker(self._play):
            self._play.setChecked(self.playing)
