"""Pages drawn anew: the same pixels, boxes black, and a file that holds nothing else."""

import re
import zlib

import numpy as np
import pytest

from tests.paper import instance, protected_pdf, scanned_pdf, text_pdf
from viewer.dicom.decisions import Blank
from viewer.dicom.documents import document_texts, layout_of, page_picture
from viewer.dicom.errors import Unsupported
from viewer.pixels.document_pages import image_only_pdf, redraw_document, redrawn

BOX = Blank("rectangle", (100, 130, 700, 180), (1,))


@pytest.fixture(scope="module", params=["text", "scan"])
def content(request) -> bytes:
    return text_pdf(3) if request.param == "text" else scanned_pdf(["QUENBERT\none", "two", "three"])


def test_pixels_outside_of_the_boxes_are_those_of_the_source(content: bytes) -> None:
    made = redrawn(content, [BOX])
    assert layout_of(made) == layout_of(content)
    for number in range(3):
        before, after = page_picture(content, number), page_picture(made, number)
        if number == 1:
            assert (after[130:180, 100:700] == 0).all()
            before[130:180, 100:700] = 0
        assert np.array_equal(before, after)


def test_nothing_but_pictures_is_in_it(content: bytes) -> None:
    made = redrawn(content, [BOX])
    assert document_texts(made, "application/pdf") == []
    heads = re.sub(rb"stream\n.*?\nendstream", b"", made, flags=re.DOTALL)
    assert b"(" not in heads
    for word in (b"Info", b"Date", b"Metadata", b"JavaScript", b"Annot", b"Font", b"ID", b"Producer"):
        assert b"/" + word not in heads


def test_it_is_the_same_whenever_it_is_made(content: bytes) -> None:
    assert redrawn(content, [BOX]) == redrawn(content, [BOX])


def test_drawing_it_again_changes_nothing(content: bytes) -> None:
    once = redrawn(content, [BOX])
    assert redrawn(once, []) == once


def test_grey_pages_are_stored_as_grey() -> None:
    grey, colour = np.full((4, 6, 3), 200, np.uint8), np.full((4, 6, 3), 200, np.uint8)
    colour[0, 0] = (255, 0, 0)
    assert b"/DeviceGray" in image_only_pdf([grey], 1)
    assert b"/DeviceRGB" in image_only_pdf([colour], 1)
    assert np.array_equal(page_picture(image_only_pdf([colour], 1), 0), colour)


def test_the_cross_references_are_right(content: bytes) -> None:
    made = redrawn(content, [])
    start = int(re.findall(rb"startxref\n(\d+)\n", made)[-1])
    entries = made[start:].split(b"\n")[3:14]
    for number, entry in enumerate(entries[:11], start=1):
        assert made[int(entry[:10]) :].startswith(b"%d 0 obj\n" % number)
    lengths = re.finditer(rb"/Length (\d+)>>\nstream\n", made)
    assert all(made[m.end() + int(m[1]) :].startswith(b"\nendstream") for m in lengths)
    assert zlib.decompress(made[made.rindex(b"stream\n", 0, made.rindex(b"\nendstream")) + 7 :][:9_000_000])


def test_a_box_that_reaches_beyond_a_smaller_page_blanks_what_is_there() -> None:
    made = redrawn(text_pdf(2), [Blank("rectangle", (1200, 1200, 1755, 1755), (0, 1))])
    first, second = page_picture(made, 0), page_picture(made, 1)
    assert (first[1200:, 1200:] == 0).all()
    assert (second[1200:, 1200:] == 0).all()
    assert first.shape[:2] == (1755, 1240)


@pytest.mark.parametrize(
    "blank",
    [
        Blank("star", (1, 2, 3, 4), (0,)),
        Blank("rectangle", (1, 2), (0,)),
        Blank("rectangle", (5, 5, 5, 9), (0,)),
        Blank("polygon", (5, 0, 5, 9), (0,)),
    ],
)
def test_a_box_that_makes_no_sense_holds(blank: Blank) -> None:
    with pytest.raises(Unsupported):
        redrawn(text_pdf(1), [blank])


def test_what_cannot_be_opened_holds() -> None:
    with pytest.raises(Unsupported):
        redrawn(protected_pdf(), [])


@pytest.mark.parametrize("stated", [True, False])
def test_the_length_follows_where_there_is_one(stated: bool) -> None:
    source, output = instance(text_pdf(1)), instance(text_pdf(1))
    if not stated:
        del output.EncapsulatedDocumentLength
    redraw_document(output, source, [])
    made = redrawn(text_pdf(1), [])
    assert output.EncapsulatedDocument == made + b"\0" * (len(made) % 2)
    assert output.get("EncapsulatedDocumentLength") == (len(made) if stated else None)
