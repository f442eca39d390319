"""Background jobs: plain functions with progress and cancelled; a newer one of a key cancels the older."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Final, TypeAlias

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal

from viewer.app.garbage import GuiGarbage
from viewer.dicom.errors import Cancelled, DeidError

_WAIT_MS: Final = 5000
_TURN_S: Final = 0.001
"""How long a worker keeps the interpreter while the window wants it. Python's own 5 ms would be waited for at
each of the hundred entries of a list that is filled anew."""


Work: TypeAlias = Callable[[Callable[[int, int], None], Callable[[], bool]], Any]
"""What a job runs: `progress(done, total)` may be called at will, `cancelled()` should be asked often."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ticket:
    """What a worker knows of its job. Nothing of Qt: a worker must not be the last to let go of that."""

    key: str
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    ticket: _Ticket
    done: Callable[[Any], None]
    failed: Callable[[str], None]
    progress: Callable[[int, int], None] | None


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
        sys.setswitchinterval(_TURN_S)
        self._pool = QThreadPool(self)
        self._courier = _Courier(self)
        queued = Qt.ConnectionType.QueuedConnection
        self._courier.finished.connect(self._on_finished, queued)
        self._courier.failed.connect(self._on_failed, queued)
        self._courier.progressed.connect(self._on_progressed, queued)
        self._current: dict[str, _Job] = {}
        self._garbage = GuiGarbage(lambda: self._pool.activeThreadCount() > 0, self)

    def start(
        self,
        key: str,
        work: Work,
        done: Callable[[Any], None],
        *,
        failed: Callable[[str], None],
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Start a job; an older one of the same key is cancelled and its result dropped.

        `work` must not hold a QObject: the worker may be the last to let go of it.
        """
        self.cancel(key)
        ticket = _Ticket(key)
        self._current[key] = _Job(ticket, done, failed, progress)
        self._pool.start(_Runnable(work, ticket, self._courier))

    def cancel(self, key: str) -> None:
        """Ask a job to stop; nothing of it arrives any more."""
        job = self._current.pop(key, None)
        if job is not None:
            job.ticket.stop.set()

    def request_stop(self, key: str) -> None:
        """Ask a job to stop, but take what it returns (an export reports what it wrote)."""
        job = self._current.get(key)
        if job is not None:
            job.ticket.stop.set()

    def running(self, key: str) -> bool:
        """Return whether a job of this key is under way."""
        return key in self._current

    def close(self) -> None:
        """Stop everything and wait for the workers."""
        for key in list(self._current):
            self.cancel(key)
        self._pool.waitForDone(_WAIT_MS)
        self._garbage.end()

    def _of(self, ticket: _Ticket) -> _Job | None:
        job = self._current.get(ticket.key)
        return job if job is not None and job.ticket is ticket else None

    def _on_finished(self, ticket: _Ticket, value: object) -> None:
        job = self._of(ticket)
        if job is not None:
            del self._current[ticket.key]
            job.done(value)

    def _on_failed(self, ticket: _Ticket, sentence: str) -> None:
        job = self._of(ticket)
        if job is not None:
            del self._current[ticket.key]
            job.failed(sentence)

    def _on_progressed(self, ticket: _Ticket, done: int, total: int) -> None:
        job = self._of(ticket)
        if job is not None and job.progress is not None:
            job.progress(done, total)
