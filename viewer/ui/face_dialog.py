"""A head from the front, before and after its face is taken off; a person says whether."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from viewer.app.face_search import FaceSearch
from viewer.dicom.catalog import Series
from viewer.finders.faces import FaceRemoval
from viewer.ui.theme import SPACE

_PICTURE: Final = 300
_LINES: Final = 5


class FaceDialog(QDialog):
    """Works the removal out while it is open; nothing is changed before the button is pressed."""

    def __init__(self, search: FaceSearch, series: Series, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Face"))
        self._search = search
        self._removal: FaceRemoval | None = None
        self.before, self.after = QLabel(), QLabel()
        self.words = QLabel(self.tr("The surface of the head is being worked out…"))
        self.busy = QProgressBar()
        self.remove = QPushButton(self.tr("Take the face off"))
        self._lay_out()
        self.finished.connect(lambda _: search.withdraw())
        search.offer(series, self._show, self._tell)

    def _show(self, removal: FaceRemoval) -> None:
        self._removal = removal
        self.busy.hide()
        for label, picture in ((self.before, removal.before), (self.after, removal.after)):
            label.setPixmap(_pixmap(picture))
        words = self.tr(
            "The skin of the front of the head, with nose, lips and chin, is replaced by air in {0} images. "
            "The inside of the skull is not changed. Look at the slices afterwards: the shapes can be moved "
            "or removed like any box; an image whose shape was moved does not claim that its face is gone. "
            "Outlines of the eye sockets may remain."
        )
        self.words.setText(words.format(removal.slices))
        self.remove.setEnabled(True)
        self.remove.setFocus()

    def _tell(self, sentence: str) -> None:
        self.busy.hide()
        self.words.setText(sentence)

    def _take(self) -> None:
        if self._removal is not None:
            self._search.accept(self._removal)
        self.accept()

    def _lay_out(self) -> None:
        self.busy.setRange(0, 0)
        self.words.setWordWrap(True)
        self.words.setFixedWidth(2 * _PICTURE + SPACE)
        self.words.setMinimumHeight(_LINES * self.words.fontMetrics().lineSpacing())
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        grid = QGridLayout()
        grid.setSpacing(SPACE)
        for column, (title, label) in enumerate(
            ((self.tr("Now"), self.before), (self.tr("After"), self.after))
        ):
            head = QLabel(title)
            head.setObjectName("heading")
            grid.addWidget(head, 0, column)
            label.setFixedSize(_PICTURE, _PICTURE)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setStyleSheet("background: black")
            label.setAccessibleName(self.tr("The head from the front: {0}").format(title))
            grid.addWidget(label, 1, column)
        self.remove.setObjectName("primary")
        self.remove.setEnabled(False)
        self.remove.clicked.connect(self._take)
        close = QPushButton(self.tr("Leave it"))
        close.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.busy, 1)
        row.addStretch(1)
        row.addWidget(close)
        row.addWidget(self.remove)
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACE)
        layout.addLayout(grid)
        layout.addWidget(self.words)
        layout.addLayout(row)


def _pixmap(picture: NDArray[np.uint8]) -> QPixmap:
    rows, columns = picture.shape
    image = QImage(
        np.ascontiguousarray(picture).data, columns, rows, columns, QImage.Format.Format_Grayscale8
    ).copy()
    return QPixmap.fromImage(image).scaled(
        _PICTURE, _PICTURE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
