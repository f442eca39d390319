"""Video in pixel data: told apart, taken out, one frame of it shown."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.errors import Unsupported
from viewer.dicom.ffmpeg import SYNTAXES, command, nameless, run, video_format
from viewer.dicom.fragments import items
from viewer.dicom.pixel_format import PIXEL_DATA, number, pixel_value


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
