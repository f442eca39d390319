"""The text on one image or one series: its frames, its overlays, its icon, the pages of a document in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from viewer.dicom.documents import document_bytes, has_pages, layout_of, page_on_canvas
from viewer.dicom.elements import CONVERSION_ERRORS
from viewer.dicom.errors import Unsupported
from viewer.dicom.frames import frame_count
from viewer.dicom.pixel_format import number
from viewer.dicom.video import VideoReader, is_video
from viewer.finders.grey import brightness, grey_frame
from viewer.finders.many_frames import Care, Eyes, FoundLine, Way, text_of_frames
from viewer.finders.reading import ReadLine
from viewer.finders.sharpness import Grey
from viewer.finders.text_box import TextBox
from viewer.pixels.overlays import drawn_over, has_overlays

ICON: Final = 0x00880200
_LETTERS: Final = 7
"""Pixels of a side on which no line of letters has room."""


class Layer(Enum):
    """Where on an image text stands."""

    PIXELS = "in the pixels"
    OVERLAY = "in an overlay over the pixels"
    ICON = "in the icon"


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line on one image. `frames`: where it stands (0-based), None for all of them."""

    line: ReadLine
    layer: Layer
    frames: frozenset[int] | None = None

    @property
    def box(self) -> TextBox:
        """Return where it stands, in pixels of its layer."""
        return self.line.box


@dataclass(frozen=True, slots=True)
class ImageText:
    """What was found on one image, how well each frame was looked at, and why some were not."""

    lines: tuple[TextLine, ...]
    care: tuple[Care, ...]
    trouble: str = ""

    @property
    def was_looked_at(self) -> bool:
        """Return whether nothing of it was left out."""
        return not self.trouble and Care.NOT not in self.care


def _never() -> bool:
    return False


def text_of_image(
    dataset: Dataset,
    eyes: Eyes,
    *,
    seconds: float = np.inf,
    cancelled: Callable[[], bool] = _never,
) -> ImageText:
    """Return the text on all frames and layers of one image. `seconds`: for each frame looked at in full.

    What cannot be decoded is told as not looked at. Raises NoTextSearch when the search does not work.
    """
    try:
        count, frame = _frames_of(dataset)
    except (Unsupported, *CONVERSION_ERRORS) as error:
        return ImageText((), (Care.NOT,), _told(error))
    if count and min(dataset.get("Rows") or _LETTERS, dataset.get("Columns") or _LETTERS) < _LETTERS:
        return ImageText((), (Care.FULL,) * count)
    pages = has_pages(dataset)
    way = Way.EACH if pages else Way.LOOP
    found = text_of_frames(frame, count, eyes, way=way, seconds=seconds, cancelled=cancelled)
    lines = [TextLine(one.line, Layer.PIXELS, _frames(one, count)) for one in found.lines]
    seen = [index for index, care in enumerate(found.care) if care is not Care.NOT]
    others, trouble = _other_layers(dataset, count, seen, eyes) if not pages else ([], "")
    return ImageText((*lines, *others), found.care, found.trouble or trouble)


def text_of_series(
    image: Callable[[int], Dataset],
    count: int,
    eyes: Eyes,
    *,
    each: bool = False,
    seconds: float = np.inf,
    cancelled: Callable[[], bool] = _never,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[ImageText]:
    """Return the text on images of one frame and one size each, in their order: `image(i)` gives one.

    The first, middle and last are looked at in full, and what others have that the ones before have not;
    with `each` all are. Raises NoTextSearch.
    """
    others: dict[int, tuple[list[TextLine], str]] = {}

    def frame(index: int) -> Grey:
        dataset = image(index)
        grey = _decoded(dataset, 0)
        if index not in others:
            others[index] = _other_layers(dataset, 1, (0,), eyes)
            progress(len(others), count)
        return grey

    way = Way.EACH if each else Way.SERIES
    found = text_of_frames(frame, count, eyes, way=way, seconds=seconds, cancelled=cancelled)
    made = []
    for index in range(count):
        lines = [TextLine(one.line, Layer.PIXELS) for one in found.lines if index in one.frames]
        more, trouble = others.get(index, ([], ""))
        missed = found.trouble if found.care[index] is Care.NOT else ""
        made.append(ImageText((*lines, *more), (found.care[index],), missed or trouble))
    return made


def _frames(found: FoundLine, count: int) -> frozenset[int] | None:
    return None if len(found.frames) == count else found.frames


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, Unsupported) else "It cannot be decoded."


def _frames_of(dataset: Dataset) -> tuple[int, Callable[[int], Grey]]:
    """Return how many frames there are to look at, and what decodes one."""
    if has_pages(dataset):
        count = len(layout_of(document_bytes(dataset)).pages)
        return count, lambda index: brightness(page_on_canvas(dataset, index))
    if is_video(dataset):
        reader = VideoReader(dataset)
        return number(dataset, 0x00280008, 1), lambda index: brightness(reader.frame(index))
    return frame_count(dataset), lambda index: _decoded(dataset, index)


def grey_of(dataset: Dataset, index: int) -> Grey:
    """Return one frame (0-based) or page as greys; raises Unsupported."""
    count, frame = _frames_of(dataset)
    if not 0 <= index < count:
        raise Unsupported("It has no frame of this number.")
    return frame(index)


def _decoded(dataset: Dataset, index: int) -> Grey:
    try:
        return grey_frame(dataset, index)
    except CONVERSION_ERRORS as error:
        raise Unsupported("It cannot be decoded.") from error


# Other layers ----------------------------------------------------------------------------------------


def _other_layers(
    dataset: Dataset, count: int, seen: Sequence[int], eyes: Eyes
) -> tuple[list[TextLine], str]:
    """Return the text in icons and in overlays of frames that were seen, and why one was not looked at."""
    made: list[TextLine] = []
    trouble = ""
    for frames, drawn in _overlays(dataset, count, seen):
        lines, whole = eyes.lines(drawn)
        made += [TextLine(line, Layer.OVERLAY, frames) for line in lines]
        trouble = trouble if whole else "An overlay was not looked at as a whole."
    try:
        icon = _icon(dataset)
        if icon is not None:
            lines, whole = eyes.lines(icon)
            made += [TextLine(line, Layer.ICON) for line in lines]
            trouble = trouble if whole else "Its icon was not looked at as a whole."
    except (Unsupported, *CONVERSION_ERRORS):
        trouble = trouble or "Its icon cannot be decoded."
    return made, trouble


def _overlays(dataset: Dataset, count: int, seen: Sequence[int]) -> list[tuple[frozenset[int] | None, Grey]]:
    """Return what overlays draw, white on black: once for all frames on which they draw the same."""
    drawings: dict[bytes, tuple[set[int], Grey]] = {}
    for index in seen if has_overlays(dataset) else ():
        try:
            drawn = drawn_over(dataset, index)
        except (Unsupported, *CONVERSION_ERRORS):
            continue  # told of where the frame itself is decoded
        if drawn is None:
            continue
        bits = drawn != 0
        frames, _ = drawings.setdefault(np.packbits(bits).tobytes(), (set(), bits * np.uint8(255)))
        frames.add(index)
    return [(None if len(f) == count else frozenset(f), drawn) for f, drawn in drawings.values()]


def _icon(dataset: Dataset) -> Grey | None:
    """Return the icon image (PS3.3 F.7 macro) as greys, None where there is none."""
    items = dataset[ICON].value if ICON in dataset else None
    if not items:
        return None
    icon = Dataset(items[0])
    icon.file_meta = dataset.file_meta
    icon.set_original_encoding(*dataset.original_encoding)
    return grey_frame(icon, 0)
