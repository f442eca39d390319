"""Frames of the series on screen, decoded in the background: the wanted one first, then those about to be."""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from viewer.app.byte_cache import ByteCache, memory_budget
from viewer.dicom.catalog import Instance, Source
from viewer.dicom.documents import has_pages, page_on_canvas
from viewer.dicom.errors import DeidError
from viewer.dicom.frames import decode_frame, decode_rgb
from viewer.dicom.parsing import LARGE, dataset_of
from viewer.dicom.pixel_value import InFile
from viewer.dicom.sources import source_in_place
from viewer.dicom.video import is_video, video_frame
from viewer.pixels.overlays import drawn_over
from viewer.pixels.render import Colour, Picture, display_table, is_colour, prepare

AHEAD: Final = 24
BEHIND: Final = 6
NEAR: Final = 4
"""Frames ahead that come before thumbnails; the others come after."""
THUMBNAIL: Final = 96
"""Longer side of a thumbnail in pixels."""
_THUMBNAILS_KEPT: Final = 4000
_HEADER: Final = 1 << 20
"""Bytes that a data set takes whose pixel data is on disk; more than most have."""

Decoder: TypeAlias = Callable[[Dataset, int], NDArray[np.generic]]


def in_place(source: Source) -> bytes | InFile:
    """Return a file's bytes; a large one's are read when they are asked for."""
    return source_in_place(source, large=LARGE)


class FrameKey(NamedTuple):
    """Names a frame in signals: catalog number of the instance, 0-based frame."""

    instance: int
    frame: int


class _Place(NamedTuple):
    """One step of the frame slider."""

    instance: Instance
    frame: int

    @property
    def name(self) -> FrameKey:
        return FrameKey(self.instance.number, self.frame)

    @property
    def cached_as(self) -> tuple[Source, int]:
        """Return the key in the cache: the file, because catalog numbers change with every scan."""
        return self.instance.source, self.frame


@dataclass(frozen=True, slots=True)
class _Job:
    place: _Place
    series: int
    """Which call of `set_series` it belongs to; 0 for a thumbnail."""


@dataclass(frozen=True, slots=True, eq=False)
class _Result:
    job: _Job
    picture: Picture | None = None
    sentence: str = ""
    thumbnail: QImage | None = None


class FrameStore(QObject):
    """Decodes and keeps pictures. All methods are for the GUI thread; all signals arrive there.

    `frame_ready(FrameKey, Picture)` comes for every frame of the current series that was finished, also
    for those decoded ahead; `frame_failed(FrameKey, str)` only for the one that was asked for.
    `thumbnail_ready(int, QImage)`: catalog number and picture, null when it cannot be shown.
    """

    frame_ready = Signal(object, object)
    frame_failed = Signal(object, str)
    thumbnail_ready = Signal(int, QImage)
    _finished = Signal(object)

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        read: Callable[[Source], bytes | InFile] = in_place,
        decode: Decoder = decode_frame,
        decode_colour: Decoder = decode_rgb,
        budget: int | None = None,
        workers: int | None = None,
    ) -> None:
        super().__init__(parent)
        self._read, self._decode, self._decode_colour = read, decode, decode_colour
        budget = memory_budget() if budget is None else budget
        self._most_workers = workers or min(4, max(1, (os.cpu_count() or 2) - 1))
        self._pool = ThreadPoolExecutor(self._most_workers, thread_name_prefix="frames")
        self._lock = Lock()
        self._pictures: ByteCache[tuple[Source, int], Picture] = ByteCache(budget)
        self._datasets: ByteCache[Source, Dataset] = ByteCache(budget // 4)
        self._thumbnails: ByteCache[Source, QImage] = ByteCache(_THUMBNAILS_KEPT)
        self._asked_thumbnails: OrderedDict[Source, Instance] = OrderedDict()
        self._failed: dict[tuple[Source, int], str] = {}
        self._parsing: dict[Source, Lock] = {}
        self._running: set[tuple[Source, int]] = set()
        self._places: tuple[_Place, ...] = ()
        self._files: frozenset[Source] = frozenset()
        self._wanted, self._direction, self._series, self._active = -1, 1, 0, 0
        self._frame_bytes = 1
        self._closed = False
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def count(self) -> int:
        """The number of frames of the current series."""
        return len(self._places)

    def key(self, position: int) -> FrameKey:
        """Return which frame stands at a 0-based position of the current series."""
        return self._places[position].name

    def set_series(self, instances: Sequence[Instance]) -> None:
        """Make these instances the current series; nothing is decoded before the first request."""
        places = tuple(_Place(i, frame) for i in instances for frame in range(i.frames))
        with self._lock:
            self._places, self._files = places, frozenset(i.source for i in instances)
            self._wanted, self._direction = -1, 1
            self._series += 1
            self._datasets.clear()
            self._parsing.clear()
            self._failed.clear()

    def request(self, position: int) -> Picture | None:
        """Return the picture at a position if it is there, else None and a signal when it is done.

        A later request comes first; the frames round it are decoded ahead.
        """
        with self._lock:
            place = self._places[position]
            if self._wanted >= 0 and position != self._wanted:
                self._direction = 1 if position > self._wanted else -1
            self._wanted = position
            picture = self._pictures.get(place.cached_as)
            failed = self._failed.get(place.cached_as)
            job = _Job(place, self._series)
        if failed is not None:
            self._finished.emit(_Result(job, sentence=failed))
        self._start()
        return picture

    def nearest(self, position: int, reach: int = BEHIND) -> tuple[FrameKey, Picture] | None:
        """Return the finished frame closest to a position, to show while decoding cannot keep up."""
        with self._lock:
            around = sorted(range(-reach, reach + 1), key=abs)
            for at in (position + by for by in around):
                if 0 <= at < len(self._places):
                    picture = self._pictures.get(self._places[at].cached_as)
                    if picture is not None:
                        return self._places[at].name, picture
        return None

    def thumbnail(self, instance: Instance) -> QImage | None:
        """Return the thumbnail if it is there, else None and a signal when it is done.

        It shows the middle frame. Instances without pixels have a null one at once.
        """
        if instance.frames < 1:
            return QImage()
        with self._lock:
            image = self._thumbnails.get(instance.source)
            if image is None:
                self._asked_thumbnails[instance.source] = instance
        if image is None:
            self._start()
        return image

    def close(self) -> None:
        """Stop, and wait until the frames in work are finished; no signal comes afterwards."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            self._pictures.clear()
            self._datasets.clear()

    def _start(self) -> None:
        with self._lock:
            idle = 0 if self._closed else self._most_workers - self._active
            self._active += idle
        for _ in range(idle):
            self._pool.submit(self._work)

    def _work(self) -> None:
        """Finish one job after another; what comes next is looked at anew each time."""
        while True:
            with self._lock:
                job = None if self._closed else self._next_job()
                if job is None:
                    self._active -= 1
                    return
                self._running.add(job.place.cached_as)
            result = self._result(job)
            with self._lock:
                self._keep(result)
                silent = self._closed
            if not silent:
                self._finished.emit(result)

    def _next_job(self) -> _Job | None:
        for position in self._order(0, NEAR):
            if self._is_open(self._places[position]):
                return _Job(self._places[position], self._series)
        while self._asked_thumbnails:
            _, instance = self._asked_thumbnails.popitem(last=False)
            if instance.source not in self._thumbnails:
                return _Job(_Place(instance, instance.frames // 2), 0)
        for position in self._order(NEAR, AHEAD + BEHIND):
            if self._is_open(self._places[position]):
                return _Job(self._places[position], self._series)
        return None

    def _order(self, first: int, last: int) -> Iterator[int]:
        """Yield positions by importance, as many as the cache can hold."""
        if self._wanted < 0:
            return
        room = max(0, self._pictures.budget // self._frame_bytes - 1)
        steps = [0, *range(1, AHEAD + 1), *range(-1, -BEHIND - 1, -1)][: room + 1]
        for step in steps[first and first + 1 : last + 1]:
            position = self._wanted + step * self._direction
            if 0 <= position < len(self._places):
                yield position

    def _is_open(self, place: _Place) -> bool:
        key = place.cached_as
        return key not in self._pictures and key not in self._running and key not in self._failed

    def _result(self, job: _Job) -> _Result:
        try:
            with self._lock:
                picture = self._pictures.get(job.place.cached_as)
            picture = picture or self._picture(job.place)
            return _Result(job, picture, thumbnail=None if job.series else thumbnail_image(picture))
        except DeidError as error:
            return _Result(job, sentence=str(error))
        except Exception as error:  # noqa: BLE001 - task border: a damaged frame must not end the viewer
            return _Result(job, sentence=f"This image cannot be shown ({type(error).__name__}).")

    def _picture(self, place: _Place) -> Picture:
        dataset = self._dataset(place.instance)
        if has_pages(dataset):
            return prepare(page_on_canvas(dataset, place.frame), dataset, place.frame)
        if is_video(dataset):
            return prepare(video_frame(dataset, place.frame), dataset, place.frame)
        decode = self._decode_colour if is_colour(dataset) else self._decode
        picture = prepare(decode(dataset, place.frame), dataset, place.frame)
        drawn = drawn_over(dataset, place.frame)
        return picture if drawn is None else replace(picture, overlay=drawn)

    def _dataset(self, instance: Instance) -> Dataset:
        """Return the parsed file; two workers never parse one file at the same time."""
        source = instance.source
        with self._lock:
            parsing = self._parsing.setdefault(source, Lock())
        with parsing:
            with self._lock:
                dataset = self._datasets.get(source)
            if dataset is None:
                content = self._read(source)
                dataset = dataset_of(content)
                with self._lock:
                    if source in self._files:
                        held = len(content) if isinstance(content, bytes) else _HEADER
                        self._datasets.put(source, dataset, held)
                    else:
                        self._parsing.pop(source, None)
            return dataset

    def _keep(self, result: _Result) -> None:
        place = result.job.place
        self._running.discard(place.cached_as)
        if not result.job.series:
            self._thumbnails.put(place.instance.source, result.thumbnail or QImage(), 1)
        if place.instance.source not in self._files:
            return
        if result.picture is not None:
            self._frame_bytes = max(1, result.picture.nbytes)
            self._pictures.put(place.cached_as, result.picture, self._frame_bytes)
        else:
            self._failed[place.cached_as] = result.sentence

    @Slot(object)
    def _deliver(self, result: _Result) -> None:
        """Pass a result on in the GUI thread, unless it is of a former series."""
        place = result.job.place
        if self._closed:
            return
        if not result.job.series:
            self.thumbnail_ready.emit(place.instance.number, result.thumbnail or QImage())
        wanted = self._wanted >= 0 and place == self._places[self._wanted]
        if result.picture is not None and (wanted or result.job.series == self._series):
            self.frame_ready.emit(place.name, result.picture)
        elif result.picture is None and wanted:
            self.frame_failed.emit(place.name, result.sentence)


def thumbnail_image(picture: Picture) -> QImage:
    """Return a picture of at most 96 x 96 pixels that owns its memory."""
    wide = [level for level in picture.levels if max(level.shape[:2]) >= THUMBNAIL]
    level = wide[-1] if wide else picture.levels[0]
    rows, columns = level.shape[:2]
    if isinstance(picture, Colour):
        image = QImage(level.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
    else:
        window = None if picture.mapping.voi is not None else picture.window
        grey = np.zeros((rows, (columns + 3) // 4 * 4), dtype=np.uint8)
        grey[:, :columns] = display_table(picture.mapping, window)[level]
        image = QImage(grey.data, columns, rows, grey.shape[1], QImage.Format.Format_Grayscale8)
    aspect, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return image.scaled(THUMBNAIL, THUMBNAIL, aspect, smooth).copy()
