"""Blank shapes in a video: coded anew by ffmpeg, with nothing but the picture (PS3.5 8.2.5 to 8.2.8)."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset

from viewer.dicom.decisions import Blank
from viewer.dicom.errors import Unsupported
from viewer.dicom.ffmpeg import SYNTAXES, VideoFormat, command, nameless, run, video_format
from viewer.dicom.pixel_format import number
from viewer.dicom.video import video_stream
from viewer.pixels.areas import areas
from viewer.pixels.strokes import has_no_area

METHODS: Final = {"mpeg2video": "ISO_13818_2", "h264": "ISO_14496_10", "hevc": "ISO_23008_2"}
"""Lossy Image Compression Method (PS3.3 C.7.6.1.1.5.1)."""
_CODERS: Final = {
    "mpeg2video": ("mpeg2video", "-q:v", "2", "-bf", "2"),
    "h264": ("libx264", "-crf", "16", "-preset", "medium", "-x264-params", "log-level=none"),
    "hevc": ("libx265", "-crf", "18", "-preset", "medium", "-x265-params", "log-level=none:info=0"),
}
_WITHOUT_TEXTS: Final = {"h264": "filter_units=remove_types=6", "hevc": "filter_units=remove_types=39|40"}
"""Supplemental information, in which encoders write about themselves."""
_LEVELS: Final = {"102": "4.1", "103": "4.1", "104": "4.2", "105": "4.2", "106": "4.2"}
_FORMATS: Final = {"mpeg2video": "mpeg2video", "h264": "h264", "hevc": "hevc"}


@dataclass(frozen=True, slots=True)
class Recoded:
    """A new stream. `ratio`: of its size to that of the frames uncompressed; `method`: a Defined Term."""

    stream: bytes
    ratio: float
    method: str


def blanked_video(dataset: Dataset, blanks: Sequence[Blank]) -> Recoded:
    """Return the video with shapes black on every frame, in the same codec and container, without sound.

    Raises Unsupported without ffmpeg, for shapes on some frames only and for other fills than black.
    """
    frames = number(dataset, 0x00280008, 1) or 1
    rows, columns = number(dataset, 0x00280010), number(dataset, 0x00280011)
    if any(blank.frames != tuple(range(frames)) for blank in blanks):
        raise Unsupported("It is a video: a region on it has to be for all of its frames.")
    if any(blank.fill != "black" or has_no_area(blank) for blank in blanks):
        raise Unsupported("It is a video: regions on it can only be black, and have to have an area.")
    data = video_stream(dataset)
    made = video_format(data)
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if (made.rows, made.columns) != (rows, columns):
        raise Unsupported("Its video has another size than the file says.")
    if made.codec != SYNTAXES[syntax]:
        raise Unsupported("Its video is compressed in another way than its transfer syntax says.")
    with nameless(data, _mask(blanks, rows, columns)) as (names, handles):
        arguments = _arguments(names, made, syntax)
        stream = run(command("ffmpeg", *arguments), handles)
    if not stream:
        raise Unsupported("Its video could not be compressed again.")
    ratio = rows * columns * 3 * frames / len(stream)
    return Recoded(stream, round(ratio, 2), METHODS[made.codec])


def _mask(blanks: Sequence[Blank], rows: int, columns: int) -> bytes:
    """Return a picture that is black in the shapes and transparent elsewhere."""
    shown = np.zeros((rows, columns, 4), np.uint8)
    for down, across, _ in areas(blanks, rows, columns):
        shown[down, across, 3] = 255
    buffer = io.BytesIO()
    Image.fromarray(shown).save(buffer, "PNG")
    return buffer.getvalue()


def _arguments(names: Sequence[str], made: VideoFormat, syntax: str) -> list[str]:
    number_of = syntax.removeprefix("1.2.840.10008.1.2.4.").split(".")[0]
    over = f"[0:v:0][1:v]overlay=0:0:eof_action=repeat,format={made.pixels}[out]"
    arguments = ["-i", names[0], "-i", names[1], "-filter_complex", over, "-map", "[out]"]
    arguments += ["-an", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"]
    arguments += ["-fps_mode", "passthrough", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
    arguments += ["-c:v", *_CODERS[made.codec]]
    if number_of in _LEVELS:
        arguments += ["-level", _LEVELS[number_of]]
    if made.codec in _WITHOUT_TEXTS:
        arguments += ["-bsf:v", _WITHOUT_TEXTS[made.codec]]
    container = made.container if made.container in ("mp4", "mpegts", "mpeg") else _FORMATS[made.codec]
    if container == "mp4":
        arguments += ["-movflags", "frag_keyframe+empty_moov+default_base_moof"]
    return [*arguments, "-f", container, "pipe:1"]
