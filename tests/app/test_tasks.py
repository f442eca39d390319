"""Background jobs: results arrive in the GUI thread, newer ones replace older ones, errors are sentences."""

from threading import Event, current_thread, main_thread

import pytest
from pytestqt.qtbot import QtBot

from viewer.app.tasks import Tasks
from viewer.dicom.errors import Cancelled, UnreadableFile


class Outcome:
    """Notes what arrives, and whether in the GUI thread."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self.sentences: list[str] = []
        self.steps: list[tuple[int, int]] = []
        self.elsewhere = False

    def done(self, value: object) -> None:
        self._note()
        self.values.append(value)

    def failed(self, sentence: str) -> None:
        self._note()
        self.sentences.append(sentence)

    def progress(self, done: int, total: int) -> None:
        self._note()
        self.steps.append((done, total))

    def _note(self) -> None:
        self.elsewhere |= current_thread() is not main_thread()


@pytest.fixture
def tasks(qtbot: QtBot):
    made = Tasks()
    yield made
    made.close()


def test_result_and_progress_arrive_in_the_gui_thread(qtbot: QtBot, tasks: Tasks) -> None:
    seen = Outcome()
    threads = []

    def work(progress, cancelled):
        threads.append(current_thread())
        progress(1, 2)
        progress(2, 2)
        return "value"

    tasks.start("k", work, seen.done, failed=seen.failed, progress=seen.progress)
    assert tasks.running("k")
    assert not seen.values, "nothing arrives before the event loop runs"
    qtbot.waitUntil(lambda: bool(seen.values))
    assert seen.values == ["value"]
    assert seen.steps == [(1, 2), (2, 2)]
    assert not seen.elsewhere
    assert threads[0] is not main_thread()
    assert not tasks.running("k")


def test_a_newer_job_cancels_the_older_and_drops_its_result(qtbot: QtBot, tasks: Tasks) -> None:
    seen, started, stopped = Outcome(), Event(), Event()

    def older(progress, cancelled):
        started.set()
        while not cancelled():
            stopped.wait(0.001)
        stopped.set()
        return "older"

    tasks.start("k", older, seen.done, failed=seen.failed)
    assert started.wait(5)
    tasks.start("k", lambda progress, cancelled: "newer", seen.done, failed=seen.failed)
    assert stopped.wait(5), "the older job was asked to stop"
    qtbot.waitUntil(lambda: bool(seen.values))
    qtbot.wait(50)
    assert seen.values == ["newer"]


def test_jobs_of_other_keys_go_on(qtbot: QtBot, tasks: Tasks) -> None:
    seen = Outcome()
    for name in ("a", "b"):
        tasks.start(name, lambda progress, cancelled, n=name: n, seen.done, failed=seen.failed)
    qtbot.waitUntil(lambda: len(seen.values) == 2)
    assert sorted(seen.values) == ["a", "b"]


def test_request_stop_takes_what_the_job_returns(qtbot: QtBot, tasks: Tasks) -> None:
    seen, started = Outcome(), Event()

    def work(progress, cancelled):
        started.set()
        while not cancelled():
            pass
        return "as far as it came"

    tasks.start("k", work, seen.done, failed=seen.failed)
    assert started.wait(5)
    tasks.request_stop("k")
    qtbot.waitUntil(lambda: bool(seen.values))
    assert seen.values == ["as far as it came"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UnreadableFile("It is cut short."), "It is cut short."),
        (KeyError("Zhang^San"), "This could not be done (KeyError)."),
    ],
)
def test_an_error_becomes_a_sentence_without_values(
    qtbot: QtBot, tasks: Tasks, error: Exception, sentence: str
) -> None:
    seen = Outcome()

    def work(progress, cancelled):
        raise error

    tasks.start("k", work, seen.done, failed=seen.failed)
    qtbot.waitUntil(lambda: bool(seen.sentences))
    assert seen.sentences == [sentence]
    assert not tasks.running("k")


def test_a_cancelled_job_is_silent(qtbot: QtBot, tasks: Tasks) -> None:
    seen, over = Outcome(), Event()

    def work(progress, cancelled):
        over.set()
        raise Cancelled("stopped")

    tasks.start("k", work, seen.done, failed=seen.failed)
    assert over.wait(5)
    qtbot.wait(50)
    assert (seen.values, seen.sentences) == ([], [])


def test_nothing_arrives_after_close(qtbot: QtBot) -> None:
    tasks, seen = Tasks(), Outcome()
    tasks.start("k", lambda progress, cancelled: "late", seen.done, failed=seen.failed)
    tasks.close()
    qtbot.wait(50)
    assert seen.values == []
