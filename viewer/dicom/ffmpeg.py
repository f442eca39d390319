"""ffmpeg, where it is installed: what video is, and how the program is asked (PS3.5 8.2.5 to 8.2.8).

ffmpeg is never part of the program. Its input is a file without a name where the system can do that, and
its arguments hold numbers only.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from viewer.dicom.errors import Unsupported

_BASE: Final = "1.2.840.10008.1.2.4."
SYNTAXES: Final = {
    **{f"{_BASE}{n}{f}": "mpeg2video" for n in (100, 101) for f in ("", ".1")},
    **{f"{_BASE}{n}{f}": "h264" for n in range(102, 107) for f in ("", ".1")},
    **{f"{_BASE}{n}": "hevc" for n in (107, 108)},
}
"""The codec that a transfer syntax asks for, as ffmpeg calls it."""
NO_FFMPEG: Final = "Video cannot be shown or changed here: that needs ffmpeg, which is not installed."
_DAMAGED: Final = "Its video cannot be decoded."
_SECONDS: Final = 600
_LARGEST_FRAME: Final = 1 << 27


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What a stream says of itself. `container`: "mp4", "mpegts", "mpeg" or a bare stream's codec."""

    codec: str
    container: str
    rows: int
    columns: int
    pixels: str
    rate: str


def container_of(data: bytes) -> str:
    """Return what a stream is wrapped in, "" for a bare one."""
    if data[4:8] == b"ftyp":
        return "mp4"
    if len(data) > 376 and data[0] == data[188] == data[376] == 0x47:
        return "mpegts"
    return "mpeg" if data[:4] == b"\x00\x00\x01\xba" else ""


@contextmanager
def nameless(*contents: bytes) -> Iterator[tuple[list[str], list[int]]]:
    """Give file names that ffmpeg can open, and the handles that it has to inherit."""
    with ExitStack() as stack:
        if hasattr(os, "memfd_create") and Path("/proc/self/fd").exists():
            handles = []
            for content in contents:
                handle = os.memfd_create("video")
                stack.callback(os.close, handle)
                with os.fdopen(os.dup(handle), "wb") as file:
                    file.write(content)
                handles.append(handle)
            yield [f"/proc/self/fd/{handle}" for handle in handles], handles
            return
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for place, content in enumerate(contents):
            (folder / str(place)).write_bytes(content)
        yield [str(folder / str(place)) for place in range(len(contents))], []


def command(program: str, *arguments: str) -> list[str]:
    """Return the start of a command; raises Unsupported when the program is not installed."""
    found = shutil.which(program)
    if found is None:
        raise Unsupported(NO_FFMPEG)
    quiet = ["-v", "error"] + (["-nostdin", "-y"] if program == "ffmpeg" else [])
    return [found, *quiet, *arguments]


def run(arguments: Sequence[str], handles: Sequence[int]) -> bytes:
    """Return what a command prints; raises Unsupported when it fails or takes too long."""
    for handle in handles:
        os.lseek(handle, 0, os.SEEK_SET)
    try:
        done = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            pass_fds=tuple(handles) if os.name == "posix" else (),
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unsupported(_DAMAGED) from error
    if done.returncode:
        raise Unsupported(_DAMAGED)
    return done.stdout


def video_format(data: bytes) -> VideoFormat:
    """Return what a stream is; raises Unsupported when it is none, or ffmpeg is not there."""
    wanted = "stream=codec_name,width,height,pix_fmt,r_frame_rate"
    with nameless(data) as (names, handles):
        options = ("-select_streams", "v:0", "-show_entries", wanted, "-of", "json", names[0])
        printed = run(command("ffprobe", *options), handles)
    try:
        (stream,) = json.loads(printed)["streams"]
        found = VideoFormat(
            *(str(stream["codec_name"]), container_of(data) or str(stream["codec_name"])),
            *(int(stream["height"]), int(stream["width"])),
            *(str(stream["pix_fmt"]), str(stream["r_frame_rate"])),
        )
    except (KeyError, ValueError) as error:
        raise Unsupported(_DAMAGED) from error
    if not 0 < found.rows * found.columns * 3 <= _LARGEST_FRAME:
        raise Unsupported(_DAMAGED)
    return found
