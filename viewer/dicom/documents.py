"""An encapsulated document: its media type and bytes, the pages of a PDF as pictures, and its texts."""

import html
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.elements import CONVERSION_ERRORS, texts
from viewer.dicom.errors import Unsupported
from viewer.dicom.facts import bare_type

DOCUMENT: Final = 0x00420011
MEDIA_TYPE: Final = 0x00420012
DOCUMENT_LENGTH: Final = 0x00420015
PDF: Final = "application/pdf"
DPI: Final = 150
"""Dots per inch of a page as a picture: the stored pixels of its boxes, and of what is written."""
PIXELS_PER_POINT: Final = DPI / 72 * (1 - 1e-6)
"""A little less, or rounding in the library would add a pixel to a page that is a whole number of them."""

pdfium_lock: Final = RLock()
"""Whoever uses pypdfium2 holds this, also while closing: the library is not made for threads."""

_PIXELS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_MOST_PAGES: Final = 5000
_LARGEST_PAGE: Final = 64_000_000
"""Pixels; a sheet of A0 has 35 million."""
_LONGEST_SIDE: Final = 30_000
_PASSWORD: Final = 4
_PROTECTED: Final = "The document inside is protected by a password and cannot be shown."
_DAMAGED: Final = "The document inside is damaged and cannot be shown."
_TOO_LARGE: Final = "The document inside has more or larger pages than this program accepts."

Page = NDArray[np.uint8]
"""(rows, columns, 3) RGB."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How large the pages of a PDF are as pictures: (rows, columns) of each."""

    pages: tuple[tuple[int, int], ...]

    @property
    def rows(self) -> int:
        """Return the rows of the canvas on which every page fits."""
        return max(rows for rows, _ in self.pages)

    @property
    def columns(self) -> int:
        """Return the columns of that canvas."""
        return max(columns for _, columns in self.pages)


# The element ------------------------------------------------------------------------------------------


def media_type(dataset: Dataset) -> str:
    """Return MIME Type of Encapsulated Document in lower case, without parameters; "" when missing."""
    found = texts(dataset.get_item(MEDIA_TYPE), ["ascii"]) if MEDIA_TYPE in dataset else ()
    return bare_type(found[0]) if found else ""


def document_bytes(dataset: Dataset) -> bytes:
    """Return the document of one level, without the byte that pads it (PS3.3 C.24.2); b"" when none.

    Raises Unsupported when it cannot be read.
    """
    if DOCUMENT not in dataset:
        return b""
    try:
        value = dataset.get_item(DOCUMENT).value or b""
        stated = texts(dataset.get_item(DOCUMENT_LENGTH), ["ascii"]) if DOCUMENT_LENGTH in dataset else ()
    except CONVERSION_ERRORS as error:
        raise Unsupported(_DAMAGED) from error
    if not isinstance(value, bytes):
        raise Unsupported(_DAMAGED)
    padded = bool(stated) and stated[0] == str(len(value) - 1)
    return value[:-1] if padded else value


def has_pages(dataset: Dataset) -> bool:
    """Return whether the instance is shown page by page: a PDF, and no pixel data beside it."""
    if DOCUMENT not in dataset or any(tag in dataset for tag in _PIXELS):
        return False
    return media_type(dataset) == PDF


# Pages of a PDF ---------------------------------------------------------------------------------------


@contextmanager
def opened_pdf(content: bytes) -> Iterator[Any]:
    """Yield a PDF opened by pypdfium2 while holding its lock; raises Unsupported when it cannot be opened.

    What fails inside as an error of the library is raised as Unsupported too.
    """
    import pypdfium2  # 70 ms: only who meets a document waits for it

    with pdfium_lock:
        try:
            document = pypdfium2.PdfDocument(content)
        except pypdfium2.PdfiumError as error:
            code = getattr(error, "err_code", None)
            raise Unsupported(_PROTECTED if code == _PASSWORD else _DAMAGED) from None
        try:
            yield document
        except pypdfium2.PdfiumError:
            raise Unsupported(_DAMAGED) from None
        finally:
            document.close()


def layout_of(content: bytes) -> Layout:
    """Return the size of every page of a PDF; nothing is rendered.

    Raises Unsupported when it is protected, damaged, empty, or larger than the program accepts.
    """
    with opened_pdf(content) as document:
        if not 0 < len(document) <= _MOST_PAGES:
            raise Unsupported(_TOO_LARGE if len(document) else _DAMAGED)
        sizes = [document.get_page_size(number) for number in range(len(document))]
    layout = Layout(tuple((_pixels(height), _pixels(width)) for width, height in sizes))
    if min(min(size) for size in layout.pages) < 1:
        raise Unsupported(_DAMAGED)
    longest = max(layout.rows, layout.columns)
    if longest > _LONGEST_SIDE or layout.rows * layout.columns > _LARGEST_PAGE:
        raise Unsupported(_TOO_LARGE)
    return layout


def _pixels(points: float) -> int:
    return math.ceil(points * PIXELS_PER_POINT) if abs(points) < _LONGEST_SIDE else _LONGEST_SIDE + 1


def page_picture(content: bytes, number: int) -> Page:
    """Return one page of a PDF (0-based) as it would be printed: annotations and forms drawn, on white.

    Raises Unsupported when it cannot be drawn.
    """
    with opened_pdf(content) as document:
        if not 0 <= number < len(document):
            raise Unsupported("The document inside does not have that page.")
        if document.get_formtype():
            document.init_forms()
        return _drawn(document, number)


def _drawn(document: Any, number: int) -> Page:
    page = document[number]
    try:
        bitmap = page.render(scale=PIXELS_PER_POINT, rev_byteorder=True, draw_annots=True)
        try:
            picture: Page = np.array(bitmap.to_numpy())
        finally:
            bitmap.close()
    finally:
        page.close()
    return picture


def page_on_canvas(dataset: Dataset, number: int) -> Page:
    """Return one page (0-based) of a PDF instance at the top left of the canvas of its largest page.

    Raises Unsupported when it cannot be shown.
    """
    content = document_bytes(dataset)
    layout = layout_of(content)
    picture = page_picture(content, number)
    rows, columns = picture.shape[:2]
    if (rows, columns) != layout.pages[number]:
        raise Unsupported(_DAMAGED)
    canvas = np.full((layout.rows, layout.columns, 3), 255, np.uint8)
    canvas[:rows, :columns] = picture
    return canvas


# Texts ------------------------------------------------------------------------------------------------


def document_texts(content: bytes, mime: str) -> list[str]:
    """Return every text in a document that a search should see; markup is given raw and without its tags.

    Of a PDF: page texts, annotations, document information, bookmarks, and what is attached. Raises
    Unsupported when a PDF cannot be opened.
    """
    if bare_type(mime) == PDF or content.startswith(b"%PDF-"):
        with opened_pdf(content) as document:
            return [text for text in _pdf_texts(document) if text.strip()]
    raw = _decoded(content)
    plain = html.unescape(re.sub(r"<[^<>]*>", " ", raw)) if "<" in raw else raw
    return list(dict.fromkeys(text for text in (raw, plain) if text.strip(" \0")))


def _decoded(content: bytes) -> str:
    for codec in ("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "gb18030"):
        try:
            return content.decode(codec)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _pdf_texts(document: Any) -> Iterator[str]:
    yield from document.get_metadata_dict().values()
    for bookmark in document.get_toc():
        yield bookmark.get_title()
    for number in range(document.count_attachments()):
        attachment = document.get_attachment(number)
        yield attachment.get_name()
        yield _decoded(bytes(attachment.get_data()))
    for number in range(len(document)):
        page = document[number]
        try:
            yield from _page_texts(page)
        finally:
            page.close()


def _page_texts(page: Any) -> Iterator[str]:
    text = page.get_textpage()
    try:
        yield text.get_text_range()
    finally:
        text.close()
    import pypdfium2.raw as raw

    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        try:
            for key in (b"Contents", b"T", b"Subj", b"V"):
                yield _annotation_text(raw.FPDFAnnot_GetStringValue, annotation, key)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _annotation_text(get: Callable[..., int], annotation: object, key: bytes) -> str:
    import ctypes

    size = get(annotation, key, None, 0)
    buffer = ctypes.create_string_buffer(size)
    get(annotation, key, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: max(size - 2, 0)].decode("utf-16-le", "replace")
