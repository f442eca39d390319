"""The frame store: order of work, memory bound, what is reported, and what goes wrong quietly."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from threading import Event, Lock, get_ident

import numpy as np
import pytest
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from viewer.app import frames
from viewer.app.byte_cache import ByteCache, memory_budget
from viewer.app.frames import FrameKey, FrameStore, thumbnail_image
from viewer.dicom.catalog import Instance, Source
from viewer.dicom.errors import Unsupported
from viewer.pixels.render import Grey, prepare

SIDE = 64


def file_of(number: int, count: int) -> bytes:
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = generate_uid()
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.Rows = dataset.Columns = SIDE
    dataset.NumberOfFrames = count
    stored = np.repeat(np.arange(count, dtype="<u2"), SIDE * SIDE) + 100 * number
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    written = BytesIO()
    dcmwrite(written, dataset, enforce_file_format=True)
    return written.getvalue()


def instance(number: int, count: int = 1) -> Instance:
    return Instance(
        number=number, source=Source(Path(f"{number}.dcm"), 10_000, number), sop_class_uid="1.2",
        sop_instance_uid=f"1.2.{number}", transfer_syntax_uid="1.2.840.10008.1.2.1", modality="OT",
        instance_number=number, rows=SIDE, columns=SIDE, frames=count, photometric="MONOCHROME2",
    )  # fmt: skip


class Desk:
    """Stands in for files and decoder: counts, can be held up, can fail."""

    def __init__(self, counts: dict[int, int]) -> None:
        self.files = {number: file_of(number, count) for number, count in counts.items()}
        self.reads: list[int] = []
        self.decoded: list[tuple[int, int]] = []
        self.threads: set[int] = set()
        self.gate = Event()
        self.gate.set()
        self.failure: Exception | None = None
        self.lock = Lock()

    def read(self, source: Source) -> bytes:
        with self.lock:
            self.reads.append(source.mtime_ns)
        return self.files[source.mtime_ns]

    def decode(self, dataset: Dataset, index: int) -> np.ndarray:
        stored = np.frombuffer(dataset.PixelData, dtype="<u2").reshape(-1, SIDE, SIDE)[index]
        with self.lock:
            self.decoded.append((int(stored[0, 0]) // 100, index))
            self.threads.add(get_ident())
        assert self.gate.wait(10)
        if self.failure is not None:
            raise self.failure
        return stored


@pytest.fixture
def stores() -> Iterator[list[FrameStore]]:
    made: list[FrameStore] = []
    yield made
    for store in made:
        store.close()


def store_of(stores: list[FrameStore], desk: Desk, **limits: int) -> FrameStore:
    store = FrameStore(
        read=desk.read, decode=desk.decode, decode_colour=desk.decode, **({"workers": 1} | limits)
    )
    stores.append(store)
    return store


def ready(store: FrameStore) -> list[FrameKey]:
    keys: list[FrameKey] = []
    store.frame_ready.connect(lambda key, _: keys.append(key))
    return keys


def test_a_request_is_answered_in_the_gui_thread(stores: list[FrameStore], qtbot: QtBot) -> None:
    desk = Desk({1: 1, 2: 3})
    store = store_of(stores, desk)
    store.set_series([instance(1), instance(2, 3)])
    assert store.count == 4
    threads: set[int] = set()
    store.frame_ready.connect(lambda *_: threads.add(get_ident()))
    with qtbot.waitSignal(store.frame_ready) as caught:
        assert store.request(2) is None
    key, picture = caught.args
    assert key == store.key(2) == FrameKey(2, 1)
    assert isinstance(picture, Grey)
    assert int(picture.levels[0][0, 0]) == 201
    assert store.request(2) is picture
    assert threads == {get_ident()}
    assert get_ident() not in desk.threads


def test_wanted_first_then_ahead_then_behind(stores: list[FrameStore], qtbot: QtBot) -> None:
    desk = Desk({1: 60})
    store = store_of(stores, desk)
    store.set_series([instance(1, 60)])
    keys = ready(store)
    store.request(20)
    qtbot.waitUntil(lambda: len(keys) == 31)
    assert [frame for _, frame in desk.decoded] == [*range(20, 45), *range(19, 13, -1)]
    assert desk.reads == [1], "the file is parsed once"


def test_going_back_looks_ahead_backwards(stores: list[FrameStore], qtbot: QtBot) -> None:
    desk = Desk({1: 60})
    store = store_of(stores, desk)
    store.set_series([instance(1, 60)])
    desk.gate.clear()
    keys = ready(store)
    store.request(40)
    store.request(39)
    desk.gate.set()
    qtbot.waitUntil(lambda: len(keys) >= 31)
    assert [frame for _, frame in desk.decoded][:4] == [40, 39, 38, 37]


def test_a_newer_request_comes_before_everything_else(stores: list[FrameStore], qtbot: QtBot) -> None:
    desk = Desk({1: 60})
    store = store_of(stores, desk)
    store.set_series([instance(1, 60)])
    keys = ready(store)
    desk.gate.clear()
    store.request(0)
    qtbot.waitUntil(lambda: len(desk.decoded) == 1)
    for wanted in (10, 20, 50):
        store.request(wanted)
    desk.gate.set()
    qtbot.waitUntil(lambda: len(keys) > 3)
    assert [frame for _, frame in desk.decoded][:3] == [0, 50, 51]


def test_memory_is_bounded_and_look_ahead_does_not_push_out_the_wanted(
    stores: list[FrameStore], qtbot: QtBot
) -> None:
    desk = Desk({1: 60})
    size = SIDE * SIDE * 2
    store = store_of(stores, desk, budget=5 * size)
    store.set_series([instance(1, 60)])
    keys = ready(store)
    for wanted in (0, 1, 2, 30):
        store.request(wanted)
        qtbot.waitUntil(lambda at=wanted: FrameKey(1, at) in keys or store.request(at) is not None)
    qtbot.waitUntil(lambda: store._active == 0)
    assert store._pictures.used <= 5 * size
    assert store.request(30) is not None
    assert len(desk.decoded) < 20


def test_four_workers_parse_a_file_once(stores: list[FrameStore], qtbot: QtBot) -> None:
    desk = Desk({1: 20})
    store = store_of(stores, desk, workers=4)
    store.set_series([instance(1, 20)])
    keys = ready(store)
    store.request(0)
    qtbot.waitUntil(lambda: len(keys) == 20)
    assert desk.reads == [1]
    assert len(set(desk.decoded)) == len(desk.decoded) == 20


def test_a_refusal_is_told_in_its_own_words(stores: list[FrameStore], qtbot: QtBot) -> None:
    desk = Desk({1: 3})
    desk.failure = Unsupported("This compression is not supported.")
    store = store_of(stores, desk)
    store.set_series([instance(1, 3)])
    with qtbot.waitSignal(store.frame_failed) as caught:
        store.request(1)
    assert caught.args == [FrameKey(1, 1), "This compression is not supported."]
    qtbot.waitUntil(lambda: store._active == 0)
    before = len(desk.decoded)
    with qtbot.waitSignal(store.frame_failed) as again:
        store.request(1)
    assert again.args[1] == "This compression is not supported."
    qtbot.waitUntil(lambda: store._active == 0)
    assert len(desk.decoded) == before, "it is not tried again and again"


def test_any_other_error_shows_its_kind_but_no_value(stores: list[FrameStore], qtbot: QtBot) -> None:
    desk = Desk({1: 1})
    desk.failure = RuntimeError("ZHANG^SAN has no pixels")
    store = store_of(stores, desk)
    store.set_series([instance(1)])
    with qtbot.waitSignal(store.frame_failed) as caught:
        store.request(0)
    assert caught.args[1] == "This image cannot be shown (RuntimeError)."
    desk.failure = None
    store.set_series([instance(1)])
    with qtbot.waitSignal(store.frame_ready):
        store.request(0)


def test_a_file_that_is_no_dicom_is_told(stores: list[FrameStore], qtbot: QtBot) -> None:
    desk = Desk({1: 1})
    desk.files[1] = b""
    store = store_of(stores, desk)
    store.set_series([instance(1)])
    with qtbot.waitSignal(store.frame_failed) as caught:
        store.request(0)
    assert caught.args[1].startswith("This image cannot be shown (")


def test_results_of_a_former_series_are_not_reported(stores: list[FrameStore], qtbot: QtBot) -> None:
    desk = Desk({1: 1, 2: 1})
    store = store_of(stores, desk)
    keys = ready(store)
    desk.gate.clear()
    store.set_series([instance(1)])
    store.request(0)
    qtbot.waitUntil(lambda: len(desk.decoded) == 1)
    store.set_series([instance(2)])
    store.request(0)
    desk.gate.set()
    qtbot.waitUntil(lambda: len(keys) == 1)
    assert keys == [FrameKey(2, 0)]


def test_a_new_scan_with_the_same_numbers_shows_the_new_files(stores: list[FrameStore], qtbot: QtBot) -> None:
    desk = Desk({1: 1, 7: 1})
    store = store_of(stores, desk)
    store.set_series([instance(1)])
    with qtbot.waitSignal(store.frame_ready):
        store.request(0)
    other = Instance(
        **{f: getattr(instance(1), f) for f in Instance.__slots__} | {"source": instance(7).source}
    )
    store.set_series([other])
    with qtbot.waitSignal(store.frame_ready) as caught:
        assert store.request(0) is None
    assert int(caught.args[1].levels[0][0, 0]) == 700


def test_the_nearest_finished_frame(stores: list[FrameStore], qtbot: QtBot) -> None:
    desk = Desk({1: 40})
    store = store_of(stores, desk, budget=SIDE * SIDE * 2)
    store.set_series([instance(1, 40)])
    assert store.nearest(3) is None
    with qtbot.waitSignal(store.frame_ready):
        store.request(3)
    found = store.nearest(5)
    assert found is not None
    assert found[0] == FrameKey(1, 3)
    assert store.nearest(20) is None


def test_thumbnails_show_the_middle_frame_and_come_after_the_wanted(
    stores: list[FrameStore], qtbot: QtBot
) -> None:
    desk = Desk({1: 60, 2: 5})
    store = store_of(stores, desk)
    store.set_series([instance(1, 60)])
    desk.gate.clear()
    store.request(0)
    assert store.thumbnail(instance(2, 5)) is None
    desk.gate.set()
    with qtbot.waitSignal(store.thumbnail_ready) as caught:
        pass
    number, image = caught.args
    assert number == 2
    assert max(image.width(), image.height()) == 96
    assert desk.decoded.index((2, 2)) == 5
    again = store.thumbnail(instance(2, 5))
    assert again is not None
    assert not again.isNull()


def test_a_thumbnail_that_cannot_be_made_is_null(stores: list[FrameStore], qtbot: QtBot) -> None:
    desk = Desk({1: 1})
    desk.failure = ValueError()
    store = store_of(stores, desk)
    with qtbot.waitSignal(store.thumbnail_ready) as caught:
        store.thumbnail(instance(1))
    assert caught.args[1].isNull()
    without_pixels = store.thumbnail(instance(3, 0))
    assert without_pixels is not None
    assert without_pixels.isNull()


def test_thumbnail_of_a_wide_and_of_a_coloured_picture() -> None:
    header = Dataset()
    header.PhotometricInterpretation, header.BitsStored = "MONOCHROME2", 16
    stored = np.zeros((333, 999), dtype=np.uint16)
    stored[:, 500:] = 60_000
    grey = thumbnail_image(prepare(stored, header))
    assert (grey.width(), grey.height()) == (96, 32)
    assert (grey.pixelColor(2, 16).red(), grey.pixelColor(90, 16).red()) == (0, 255)
    colour: QImage = thumbnail_image(prepare(np.full((50, 25, 3), (200, 10, 90), dtype=np.uint8), header))
    assert colour.height() == 96
    assert colour.pixelColor(20, 40).getRgb()[:3] == (200, 10, 90)


def test_close_waits_and_is_silent_afterwards(qtbot: QtBot) -> None:
    desk = Desk({1: 60})
    store = FrameStore(read=desk.read, decode=desk.decode, decode_colour=desk.decode, workers=2)
    store.set_series([instance(1, 60)])
    keys = ready(store)
    store.request(0)
    store.close()
    done = len(desk.decoded)
    store.request(5)
    store.thumbnail(instance(1, 60))
    qtbot.wait(50)
    assert len(desk.decoded) == done < 60
    assert keys == []


def test_budget() -> None:
    assert 0 < memory_budget() <= 1 << 30


def test_the_cache_forgets_what_was_used_longest_ago() -> None:
    cache: ByteCache[str, int] = ByteCache(10)
    for name in "abc":
        cache.put(name, 1, 4)
        cache.get("a")
    assert ("a" in cache, "b" in cache, "c" in cache, cache.used) == (True, False, True, 8)
    cache.put("c", 2, 6)
    assert (cache.get("c"), cache.used, len(cache)) == (2, 10, 2)
    cache.put("huge", 3, 100)
    assert (len(cache), cache.get("huge")) == (1, 3)
    cache.clear()
    assert cache.used == 0


def test_workers_leave_a_core_free(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, workers in ((1, 1), (2, 1), (4, 3), (32, 4), (None, 1)):
        monkeypatch.setattr(frames.os, "cpu_count", lambda cores=cores: cores)
        store = FrameStore()
        assert store._most_workers == workers
        store.close()
