"""Garbage is collected in the GUI thread while workers run: nothing of Qt may be taken apart elsewhere.

Python collects cycles in whatever thread happens to allocate. A dialog that was closed is such a cycle, and
its timers and children must not end in a worker.
"""

import gc
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer

_EACH_MS: Final = 200
_waiting: set[int] = set()
"""Who has put collection off, by identity."""


class GuiGarbage(QObject):
    """Puts collection off while `busy()`, and collects the young generations in the thread it lives in."""

    def __init__(self, busy: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._busy = busy
        self._timer = QTimer(self)
        self._timer.setInterval(_EACH_MS)
        self._timer.timeout.connect(self._sweep)

    def put_off(self) -> None:
        """Put collection off until nothing is busy."""
        _waiting.add(id(self))
        gc.disable()
        self._timer.start()

    def resume(self) -> None:
        """Let Python collect again, when nobody else has put it off."""
        self._timer.stop()
        _waiting.discard(id(self))
        if not _waiting:
            gc.enable()

    def _sweep(self) -> None:
        if not self._busy():
            self.resume()
            return
        young, middle, _ = gc.get_count()
        if middle > gc.get_threshold()[1]:
            gc.collect(1)
        elif young > gc.get_threshold()[0]:
            gc.collect(0)
