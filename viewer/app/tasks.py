"""Background jobs: plain functions with progress and cancelled; a newer one of a key cancels the older."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Final, TypeAlias

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal

from viewer.dicom.errors import Cancelled, DeidError

_WAIT_MS: Final = 5000


Work: TypeAlias = Callable[[Callable[[int, int], None], Callable[[], bool]], Any]
"""What a job runs: `progress(done, total)` may be called at will, `cancelled()` should be asked often."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ticket:
    key: str
    done: Callable[[Any], None]
    failed: Callable[[str], None]
    progress: Callable[[int, int], None] | None
    stop: Event = field(default_factory=Event)


class _Courier(QObject):
    """Carries results from a worker to the GUI thread by a queued connection."""

    finished = Signal(object, object)
    failed = Signal(object, str)
    progressed = Signal(object, int, int)


class _Runnable(QRunnable):
    def __init__(self, work: Work, ticket: _Ticket, courier: _Courier) -> None:
        super().__init__()
        self._work, self._ticket, self._courier = work, ticket, courier

    def run(self) -> None:
        """Run the job; this is one of the three borders at which errors are caught."""
        ticket, courier = self._ticket, self._courier
        try:
            value = self._work(
                lambda done, total: courier.progressed.emit(ticket, done, total), ticket.stop.is_set
            )
        except Cancelled:
            return
        except DeidError as error:
            courier.failed.emit(ticket, str(error))
        except Exception as error:  # noqa: BLE001  (the border per task; no values in the sentence)
            courier.failed.emit(ticket, f"This could not be done ({type(error).__name__}).")
        else:
            courier.finished.emit(ticket, value)


class Tasks(QObject):
    """Owns the jobs under way. All methods are for the GUI thread; all results arrive there."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._courier = _Courier(self)
        queued = Qt.ConnectionType.QueuedConnection
        self._courier.finished.connect(self._on_finished, queued)
        self._courier.failed.connect(self._on_failed, queued)
        self._courier.progressed.connect(self._on_progressed, queued)
        self._current: dict[str, _Ticket] = {}

    def start(
        self,
        key: str,
        work: Work,
        done: Callable[[Any], None],
        *,
        failed: Callable[[str], None],
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Start a job; an older one of the same key is cancelled and its result dropped."""
        self.cancel(key)
        ticket = _Ticket(key, done, failed, progress)
        self._current[key] = ticket
        self._pool.start(_Runnable(work, ticket, self._courier))

    def cancel(self, key: str) -> None:
        """Ask a job to stop; nothing of it arrives any more."""
        ticket = self._current.pop(key, None)
        if ticket is not None:
            ticket.stop.set()

    def request_stop(self, key: str) -> None:
        """Ask a job to stop, but take what it returns (an export reports what it wrote)."""
        ticket = self._current.get(key)
        if ticket is not None:
            ticket.stop.set()

    def running(self, key: str) -> bool:
        """Return whether a job of this key is under way."""
        return key in self._current

    def close(self) -> None:
        """Stop everything and wait for the workers."""
        for key in list(self._current):
            self.cancel(key)
        self._pool.waitForDone(_WAIT_MS)

    def _is_current(self, ticket: _Ticket) -> bool:
        return self._current.get(ticket.key) is ticket

    def _on_finished(self, ticket: _Ticket, value: object) -> None:
        if self._is_current(ticket):
            del self._current[ticket.key]
            ticket.done(value)

    def _on_failed(self, ticket: _Ticket, sentence: str) -> None:
        if self._is_current(ticket):
            del self._current[ticket.key]
            ticket.failed(sentence)

    def _on_progressed(self, ticket: _Ticket, done: int, total: int) -> None:
        if self._is_current(ticket) and ticket.progress is not None:
            ticket.progress(done, total)
