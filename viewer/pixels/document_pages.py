"""The pages of a PDF drawn anew as pictures with boxes made black, in a PDF that holds nothing else."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from viewer.dicom.decisions import Blank
from viewer.dicom.documents import (
    DOCUMENT,
    DOCUMENT_LENGTH,
    DPI,
    Layout,
    Page,
    document_bytes,
    layout_of,
    page_picture,
)
from viewer.dicom.errors import Unsupported
from viewer.pixels.areas import areas
from viewer.pixels.strokes import SHAPES, has_no_area

_LONGEST_VALUE: Final = 0xFFFFFFFE
_HEAD: Final = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
"""The second line tells programs that bytes above 127 follow (ISO 32000-1 7.5.2)."""

_LESS: Final = 0.01
"""Points that a page is smaller than its picture, so that no reader rounds it up and resamples it."""


def redraw_document(output: Dataset, source: Dataset, blanks: Sequence[Blank]) -> None:
    """Put the pages of the source's PDF into the output as pictures; `blanks` are in pixels of the canvas.

    Its stated length follows where there is one (PS3.3 C.24.2). Raises Unsupported if a page cannot be drawn.
    """
    made = redrawn(document_bytes(source), blanks)
    if len(made) > _LONGEST_VALUE:
        raise Unsupported("The pages of the document inside take more room than a DICOM file has.")
    output[DOCUMENT] = DataElement(DOCUMENT, "OB", made + b"\0" * (len(made) % 2))
    if DOCUMENT_LENGTH in output:
        output[DOCUMENT_LENGTH] = DataElement(DOCUMENT_LENGTH, "UL", len(made))


def redrawn(content: bytes, blanks: Sequence[Blank]) -> bytes:
    """Return a PDF of the same number of pages, each one lossless picture and nothing more.

    It has no texts, fonts, links, attachments, scripts, dates or identifiers, and is the same whenever it is
    made. Raises Unsupported.
    """
    layout = layout_of(content)
    if any(blank.shape not in SHAPES or has_no_area(blank) for blank in blanks):
        raise Unsupported("A region has a shape that this version cannot blank.")
    return image_only_pdf(_blanked_pages(content, layout, blanks), len(layout.pages))


def _blanked_pages(content: bytes, layout: Layout, blanks: Sequence[Blank]) -> Iterator[Page]:
    for number, size in enumerate(layout.pages):
        picture = page_picture(content, number)
        if picture.shape[:2] != size:
            raise Unsupported("A page of the document inside has another size than it says.")
        for rows, columns, _ in areas([b for b in blanks if number in b.frames], *picture.shape[:2]):
            picture[rows, columns] = 0
        yield picture


def image_only_pdf(pictures: Iterable[Page], count: int) -> bytes:
    """Return a PDF of `count` pages at 150 dpi, each one picture, compressed without loss.

    Written here because the library at hand makes JPEG of pages and puts the day and the program in.
    """
    pages = b" ".join(b"%d 0 R" % (3 + 3 * number) for number in range(count))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%b]/Count %d>>" % (pages, count),
    ]
    for number, picture in enumerate(pictures):
        objects.extend(_page_objects(picture, 3 + 3 * number))
    return _file_of(objects)


def _page_objects(picture: Page, number: int) -> tuple[bytes, bytes, bytes]:
    """Return the objects of one page: the page itself, how the picture is placed, and the picture."""
    rows, columns = picture.shape[:2]
    width, height = (b"%.2f" % (size * 72 / DPI - _LESS) for size in (columns, rows))
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %b %b]"
        b"/Resources<</XObject<</I %d 0 R>>>>/Contents %d 0 R>>" % (width, height, number + 2, number + 1)
    )
    placing = b"%b 0 0 %b 0 0 cm/I Do" % (width, height)
    grey = bool((picture == picture[..., :1]).all())
    samples = np.ascontiguousarray(picture[..., 0] if grey else picture)
    head = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/%b" % (
        columns,
        rows,
        b"DeviceGray" if grey else b"DeviceRGB",
    )
    return (
        page,
        _stream(b"", placing),
        _stream(head + b"/Filter/FlateDecode", zlib.compress(samples.tobytes(), 6)),
    )


def _stream(head: bytes, content: bytes) -> bytes:
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (head, len(content), content)


def _file_of(objects: Sequence[bytes]) -> bytes:
    """Return a file of these objects, numbered from 1; the first is the catalog (ISO 32000-1 7.5)."""
    parts, offsets, position = [_HEAD], [], len(_HEAD)
    for number, content in enumerate(objects, start=1):
        part = b"%d 0 obj\n%b\nendobj\n" % (number, content)
        parts.append(part)
        offsets.append(position)
        position += len(part)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, entries))
    parts.append(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, position))
    return b"".join(parts)
