"""Check a video that was coded anew: same frames, regions black in each, the rest close to what it was."""

import subprocess
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from threading import Timer
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.decisions import Blank
from viewer.dicom.errors import Unsupported
from viewer.dicom.ffmpeg import SYNTAXES, command, container_of, nameless, video_format
from viewer.release.report import PixelProof
from viewer.release.verify_frames import fragments
from viewer.release.verify_shapes import filled

HISTORY: Final = frozenset((0x00282110, 0x00282112, 0x00282114))
"""Lossy Image Compression, its ratio and method: a step is added to them (PS3.3 C.7.6.1.1.5)."""
_METHODS: Final = {"mpeg2video": "ISO_13818_2", "h264": "ISO_14496_10", "hevc": "ISO_23008_2"}
_SECONDS: Final = 900
_RIM: Final = 2
"""Pixels at the edge of a region that share their colours with those outside."""
_NEAR: Final = 16
"""Pixels outside a region to which coding may carry it."""
_BLACK: Final = 40
_CLOSE: Final = 6.0
"""Mean difference outside the regions, of 255."""


def is_video(dataset: Dataset) -> bool:
    """Return whether the pixel data is a video."""
    return str(dataset.file_meta.get("TransferSyntaxUID", "")) in SYNTAXES


def video_problem(source: Dataset, written: Dataset, blanks: Sequence[Blank]) -> tuple[PixelProof, str]:
    """Return what was shown, and a short code of what is wrong, "" when nothing is.

    The picture outside is not proved equal: coding changes it a little everywhere.
    """
    size = int(source.Rows), int(source.Columns)
    parts = filled(blanks, *size)
    inside = np.any([part.shown for part in parts], axis=0)
    try:
        streams = [b"".join(next(fragments(one, 1))) for one in (source, written)]
        formats = [video_format(stream) for stream in streams]
        if formats[0].codec != formats[1].codec or container_of(streams[0]) != container_of(streams[1]):
            return PixelProof("none"), "syntax-changed"
        if not _is_noted(source, written, formats[1].codec):
            return PixelProof("none"), "history-wrong"
        seen = 0
        for old, new in zip_longest(_frames(streams[0], *size), _frames(streams[1], *size)):
            if old is None or new is None:
                return PixelProof("none"), "frame-missing"
            problem = _problem(old, new, inside)
            if problem:
                return PixelProof("none"), problem
            seen += 1
    except (Unsupported, OSError, StopIteration, ValueError):
        return PixelProof("none"), "pixels-unreadable"
    if not seen:
        return PixelProof("none"), "frame-missing"
    return PixelProof("video", seen, seen, seen * int(np.count_nonzero(inside))), ""


def _problem(old: NDArray[Any], new: NDArray[Any], inside: NDArray[np.bool_]) -> str:
    core = ~_grown(~inside, _RIM)
    core = core if core.any() else inside
    if core.any() and int(new[core].max()) > _BLACK:
        return "box-not-blank"
    outside = ~_grown(inside, _NEAR)
    if outside.any():
        difference = np.abs(old[outside].astype(np.int16) - new[outside])
        if float(difference.mean()) > _CLOSE:
            return "pixels-outside-changed"
    return ""


def _grown(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """Return a mask that reaches so many pixels farther to every side."""
    grown = mask.copy()
    for axis in (0, 1):
        once = grown.copy()
        for step in range(1, by + 1):
            lower = [slice(None), slice(None)]
            upper = [slice(None), slice(None)]
            lower[axis], upper[axis] = slice(step, None), slice(None, -step)
            grown[tuple(lower)] |= once[tuple(upper)]
            grown[tuple(upper)] |= once[tuple(lower)]
    return grown


def _frames(stream: bytes, rows: int, columns: int) -> Iterator[NDArray[np.uint8]]:
    """Yield every frame as (rows, columns, 3); raises ValueError when one is cut short."""
    size = rows * columns * 3
    with nameless(stream) as (names, handles):
        raw = ("-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1")
        with subprocess.Popen(
            command("ffmpeg", "-i", names[0], "-an", *raw),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=tuple(handles),
        ) as running:
            limit = Timer(_SECONDS, running.kill)
            limit.start()
            try:
                while running.stdout is not None and (data := running.stdout.read(size)):
                    if len(data) != size:
                        raise ValueError("a frame is cut short")
                    yield np.frombuffer(data, np.uint8).reshape(rows, columns, 3)
            finally:
                limit.cancel()
                running.kill()


def _is_noted(source: Dataset, written: Dataset, codec: str) -> bool:
    """Return whether the step stands in the history, behind what stood there."""
    if str(written.get("LossyImageCompression", "")) != "01":
        return False
    for keyword in ("LossyImageCompressionRatio", "LossyImageCompressionMethod"):
        old, new = _values(source, keyword), _values(written, keyword)
        if new[:-1] != old or not new:
            return False
    last = str(_values(written, "LossyImageCompressionMethod")[-1])
    return last == _METHODS[codec] and float(_values(written, "LossyImageCompressionRatio")[-1]) > 0


def _values(dataset: Dataset, keyword: str) -> list[Any]:
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    return [value] if isinstance(value, (str, int, float)) else list(value)
