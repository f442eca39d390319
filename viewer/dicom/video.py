"""Video in pixel data: told apart, taken out, one frame of it shown, all of them in their order."""

import subprocess
from collections.abc import Iterator
from threading import Timer
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.errors import Unsupported
from viewer.dicom.ffmpeg import SYNTAXES, command, nameless, run, video_format
from viewer.dicom.fragments import items
from viewer.dicom.pixel_format import PIXEL_DATA, number, pixel_value

_SECONDS: Final = 600


def is_video(dataset: Dataset) -> bool:
    """Return whether the pixel data is a video."""
    meta = getattr(dataset, "file_meta", None)
    syntax = str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""
    return syntax in SYNTAXES and PIXEL_DATA in dataset


def video_stream(dataset: Dataset) -> bytes:
    """Return the coded video; raises Unsupported when it is not encapsulated as it should be."""
    value = pixel_value(dataset)
    return b"".join(value.read(start, stop) for start, stop in list(items(value))[1:])


def video_frame(dataset: Dataset, index: int) -> NDArray[np.uint8]:
    """Return one frame (0-based) as (rows, columns, 3) red, green, blue; raises Unsupported."""
    data = video_stream(dataset)
    rows, columns = number(dataset, 0x00280010), number(dataset, 0x00280011)
    made = video_format(data)
    if (made.rows, made.columns) != (rows, columns):
        raise Unsupported("Its video has another size than the file says.")
    with nameless(data) as (names, handles):
        chosen = ("-vf", f"select=eq(n\\,{int(index)})", "-frames:v", "1")
        raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1")
        pixels = run(command("ffmpeg", "-i", names[0], "-an", *chosen, *raw), handles)
    if len(pixels) != rows * columns * 3:
        raise Unsupported("It has no frame of this number.")
    return np.frombuffer(pixels, np.uint8).reshape(rows, columns, 3)


def video_frames(dataset: Dataset) -> Iterator[NDArray[np.uint8]]:
    """Yield all frames in their order, as `video_frame` gives one; raises Unsupported."""
    data = video_stream(dataset)
    rows, columns = number(dataset, 0x00280010), number(dataset, 0x00280011)
    made = video_format(data)
    if (made.rows, made.columns) != (rows, columns):
        raise Unsupported("Its video has another size than the file says.")
    size = rows * columns * 3
    raw = ("-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1")
    with (
        nameless(data) as (names, handles),
        subprocess.Popen(
            command("ffmpeg", "-i", names[0], "-an", *raw),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=tuple(handles),
        ) as running,
    ):
        limit = Timer(_SECONDS, running.kill)
        limit.start()
        try:
            while running.stdout is not None and len(pixels := running.stdout.read(size)) == size:
                yield np.frombuffer(pixels, np.uint8).reshape(rows, columns, 3)
        finally:
            limit.cancel()
            running.kill()


class VideoReader:
    """Gives the frames of a video by number; quick when they are asked for in their order."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._frames: Iterator[NDArray[np.uint8]] = iter(())
        self._at = -1
        self._last: NDArray[np.uint8] | None = None

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Return frame `index` (0-based) as (rows, columns, 3); raises Unsupported when there is none."""
        if self._at < 0 or index < self._at:
            self._frames, self._at, self._last = video_frames(self._dataset), -1, None
        while self._at < index:
            self._last = next(self._frames, None)
            self._at += 1
            if self._last is None:
                self._at = -1
                raise Unsupported("It has no frame of this number.")
        if self._last is None:
            raise Unsupported("It has no frame of this number.")
        return self._last
