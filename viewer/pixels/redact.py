"""Blank shapes in pixel data: touched frames only, every other sample as it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset

from viewer.dicom.codecs import SYNTAXES
from viewer.dicom.decisions import Blank
from viewer.dicom.errors import Unsupported
from viewer.dicom.fragments import joined_frames
from viewer.dicom.parsing import LARGE
from viewer.dicom.pixel_format import FLOATS, PIXEL_DATA, PixelFormat, pixel_format, pixel_value
from viewer.dicom.pixel_value import InMemory, Overwritten, PixelValue
from viewer.dicom.streams import Stream
from viewer.dicom.video import is_video
from viewer.pixels import stream_text, unused_bits
from viewer.pixels.compressed import blank_streams
from viewer.pixels.native import blanked_value
from viewer.pixels.spool import Spool
from viewer.pixels.strokes import strokes
from viewer.pixels.video import blanked_video

_UNDEFINED: Final = 0xFFFFFFFF
_PHOTOMETRIC: Final = 0x00280004


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was done. `lossless`: nothing outside the shapes changed in value."""

    frames_touched: int
    lossless: bool
    syntax_changed: bool


def redact(dataset: Dataset, blanks: Sequence[Blank], spool: Spool | None = None) -> Redaction:
    """Blank shapes in the pixel data of this data set, which is changed in place.

    Only touched frames change; a compressed one is compressed again in the same transfer syntax, proved by
    a decoder of another origin. Frames of large files are changed when the data set is written, and wait in
    the `spool`, which has to stay open until then. Raises Unsupported, with the data set unchanged, when
    something is not possible.
    """
    if any(blank.shape == stream_text.SHAPE for blank in blanks):
        parts = stream_text.hidden_parts(dataset) or ()
        put_value(dataset, PIXEL_DATA, Overwritten(pixel_value(dataset), parts))
        blanks = [blank for blank in blanks if blank.shape != stream_text.SHAPE]
    if not blanks:
        return Redaction(0, lossless=True, syntax_changed=False)
    if is_video(dataset):
        return _redact_video(dataset, blanks)
    made = pixel_format(dataset)
    hidden = any(blank.shape == unused_bits.SHAPE for blank in blanks)
    of_frame = strokes([blank for blank in blanks if blank.shape != unused_bits.SHAPE], made)
    _refuse_what_is_unclear(dataset, made)
    if made.encapsulated:
        done = blank_streams(dataset, made, of_frame, spool or Spool(), hidden=hidden)
        put_value(dataset, PIXEL_DATA, done.value)
        for tag, value in done.elements.items():
            _put_bytes(dataset, tag, value)
    elif of_frame or hidden:
        put_value(dataset, made.tag, blanked_value(dataset, made, of_frame, hidden=hidden))
    touched = made.frames if hidden else len(of_frame)
    return Redaction(touched, lossless=True, syntax_changed=False)


def _redact_video(dataset: Dataset, blanks: Sequence[Blank]) -> Redaction:
    """Put a new stream in, in one fragment (PS3.5 A.4.5), and note the step of lossy compression."""
    made = blanked_video(dataset, blanks)
    frames = [[InMemory(made.stream + b"\0" * (len(made.stream) % 2))]]
    put_value(dataset, PIXEL_DATA, joined_frames(frames, with_table=False)[0])
    for tag, vr, value in (
        (0x00282112, "DS", f"{made.ratio:.2f}"),
        (0x00282114, "CS", made.method),
    ):
        before = dataset[tag].value if tag in dataset else None
        steps = [before] if isinstance(before, (str, int, float)) else list(before or ())
        dataset[tag] = DataElement(tag, vr, [*(str(step) for step in steps if str(step)), value])
    dataset[0x00282110] = DataElement(0x00282110, "CS", "01")
    return Redaction(max(len(blank.frames) for blank in blanks), lossless=False, syntax_changed=False)


def _refuse_what_is_unclear(dataset: Dataset, made: PixelFormat) -> None:
    """Raise Unsupported where blanking one copy of the pixels could leave another."""
    if sum(tag in dataset for tag in (PIXEL_DATA, *FLOATS)) != 1:
        raise Unsupported("It has more than one kind of pixel data.")
    if made.encapsulated != (SYNTAXES[made.syntax].stream is not Stream.NATIVE):
        raise Unsupported("Its image is compressed although its transfer syntax says it is not.")


def put_value(dataset: Dataset, tag: int, value: PixelValue) -> None:
    """Exchange the value of an element; how it is encoded stays. Small values are worked out at once."""
    _put_bytes(dataset, tag, value if len(value) >= LARGE else bytes(value))


def _put_bytes(dataset: Dataset, tag: int, value: PixelValue | bytes) -> None:
    element = dataset.get_item(tag)
    if isinstance(element, RawDataElement):
        length = _UNDEFINED if element.length == _UNDEFINED else len(value)
        dataset[tag] = element._replace(value=value, length=length)
    elif element is not None:
        changed = DataElement(tag, element.VR, value)
        changed.is_undefined_length = element.is_undefined_length
        dataset[tag] = changed
