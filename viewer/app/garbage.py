"""Garbage is collected from the event loop of the GUI thread, and nowhere else.

Python collects cycles in whatever thread happens to allocate, in the middle of whatever it does. A dialog
that was closed is such a cycle. Its timers and children must not end in a worker; nor while Qt holds the lock
of a connection and asks Python something: taking a QObject apart waits for that lock, and the window hangs.
"""

import gc
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer

_EACH_MS: Final = 200
_collecting: set[int] = set()
"""Who collects, by identity."""


class GuiGarbage(QObject):
    """Collects in the thread that it lives in until `end`; all of it only while nothing is `busy()`."""

    def __init__(self, busy: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._busy = busy
        _collecting.add(id(self))
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_EACH_MS)
        self._timer.timeout.connect(self._sweep)
        self._timer.start()

    def end(self) -> None:
        """Let Python collect when it likes again, when nobody else collects."""
        self._timer.stop()
        _collecting.discard(id(self))
        if not _collecting:
            gc.enable()

    def _sweep(self) -> None:
        counts, limits = gc.get_count(), gc.get_threshold()
        for generation in (1, 0) if self._busy() else (2, 1, 0):
            if counts[generation] > limits[generation]:
                gc.collect(generation)
                return
