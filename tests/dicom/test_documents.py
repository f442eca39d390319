"""Encapsulated documents as facts: which instances have pages, how large they are, and their texts."""

from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from tests.factories import ct_slice, to_bytes, write
from tests.paper import CDA, SIZES, WORDS, file_of, instance, protected_pdf, scanned_pdf, text_pdf
from viewer.dicom.documents import (
    DPI,
    document_bytes,
    document_texts,
    has_pages,
    layout_of,
    page_on_canvas,
    page_picture,
)
from viewer.dicom.errors import Unsupported
from viewer.dicom.parsing import parse
from viewer.dicom.scan import scan


def page_of(width: int, height: int, extra: bytes = b"") -> bytes:
    return file_of(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]%b>>" % (width, height, extra),
        }
    )


def test_pages_have_their_sizes_at_150_dpi() -> None:
    sizes = layout_of(text_pdf(3)).pages
    for (rows, columns), (width, height) in zip(sizes, SIZES, strict=True):
        assert 0 <= rows - height * DPI / 72 < 1
        assert 0 <= columns - width * DPI / 72 < 1


def test_a_page_of_whole_pixels_gets_no_pixel_more() -> None:
    assert layout_of(scanned_pdf(["one"])).pages == ((1754, 1240),)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_page_is_drawn_as_large_as_it_says(number: int) -> None:
    content = text_pdf(3)
    assert page_picture(content, number).shape == (*layout_of(content).pages[number], 3)


def test_a_turned_page_is_laid_out_as_it_is_drawn() -> None:
    content = page_of(300, 600, b"/Rotate 90")
    assert page_picture(content, 0).shape[:2] == layout_of(content).pages[0] == (625, 1250)


def test_texts_notes_and_form_fields_are_drawn() -> None:
    picture = page_picture(text_pdf(1), 0)
    assert (picture[120:180, 100:] < 100).any(), "the text"
    assert (picture[1690:1740, 10:70] < 255).any(), "the note"
    assert (picture[1600:1640, 100:600] < 100).any(), "the form field"
    assert tuple(picture[1300, 700]) == (0, 0, 255), "red, green, blue"


def test_every_page_stands_at_the_top_left_of_one_white_canvas() -> None:
    dataset = instance(text_pdf(3))
    whole = layout_of(document_bytes(dataset))
    for number, (rows, columns) in enumerate(whole.pages):
        canvas = page_on_canvas(dataset, number)
        assert canvas.shape == (whole.rows, whole.columns, 3)
        assert (canvas[:rows, :columns] == page_picture(document_bytes(dataset), number)).all()
        assert (canvas[rows:] == 255).all()
        assert (canvas[:, columns:] == 255).all()


@pytest.mark.parametrize("number", [-1, 3])
def test_a_page_that_is_not_there(number: int) -> None:
    with pytest.raises(Unsupported, match="does not have that page"):
        page_on_canvas(instance(text_pdf(3)), number)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (protected_pdf(), "protected by a password"),
        (b"%PDF-1.4\n% nothing follows\n%%EOF\n", "damaged"),
        (b"", "damaged"),
        (text_pdf()[:300], "damaged"),
        (page_of(0, 0, b"/UserUnit 1")[:-200], "damaged"),
        (page_of(14400, 14400), "larger pages"),
        (page_of(10**9, 10), "larger pages"),
    ],
)
def test_what_cannot_be_shown_says_why(content: bytes, sentence: str) -> None:
    with pytest.raises(Unsupported, match=sentence):
        layout_of(content)


@pytest.mark.parametrize("odd", [False, True])
def test_the_padding_is_not_part_of_a_document(odd: bool) -> None:
    content = CDA + b"\n" * (1 - len(CDA) % 2)
    assert len(content) % 2 == 1
    found = document_bytes(instance(content, "text/xml", odd=odd))
    assert found == content + b"\0" * odd  # a length that counts the padding is believed


def test_a_stated_length_that_is_wrong_cuts_nothing_off() -> None:
    dataset = instance(text_pdf())
    dataset.EncapsulatedDocumentLength = 10
    assert document_bytes(dataset).rstrip(b"\0") == text_pdf()


def test_which_instances_have_pages() -> None:
    assert has_pages(instance(text_pdf()))
    assert has_pages(instance(text_pdf(), "APPLICATION/PDF; name=x.pdf"))
    assert not has_pages(instance(CDA, "text/xml"))
    assert not has_pages(ct_slice())
    both = ct_slice()
    both.EncapsulatedDocument, both.MIMETypeOfEncapsulatedDocument = b"%PDF", "application/pdf"
    assert not has_pages(both)


@pytest.mark.parametrize("syntax", ["explicit little", "implicit little", "explicit big", "deflated"])
def test_a_scan_counts_the_pages(tmp_path: Path, syntax: str) -> None:
    write(tmp_path / "a.dcm", to_bytes(instance(text_pdf(3)), syntax))
    (found,) = scan([tmp_path]).instances
    layout = layout_of(text_pdf(3))
    assert (found.frames, found.rows, found.columns) == (3, layout.rows, layout.columns)
    assert found.media_type == "application/pdf"


@pytest.mark.parametrize("content", [protected_pdf(), b"%PDF-1.4\nbroken"])
def test_a_scan_lists_what_it_cannot_open(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "a.dcm", to_bytes(instance(content)))
    (found,) = scan([tmp_path]).instances
    assert (found.frames, found.media_type) == (0, "application/pdf")


def test_the_texts_of_a_pdf_are_found_wherever_they_are() -> None:
    found = document_texts(text_pdf(2), "application/pdf")
    whole = "\n".join(found)
    assert "Page 1 of" in whole
    assert "Page 2 of" in whole
    assert f"attached {WORDS}" in whole
    assert sum(WORDS in text for text in found) >= 7, "title, author, bookmark, file, pages, notes, field"
    assert "D:20240517101112" in whole


def test_the_texts_of_a_pdf_do_not_depend_on_the_stated_type() -> None:
    assert document_texts(text_pdf(1), "application/octet-stream") == document_texts(text_pdf(1), "x/pdf")


@pytest.mark.parametrize(
    ("content", "mime", "wanted"),
    [
        (CDA, "text/xml", "Quenbert"),
        (b"<a>Qu&#233;nbert</a>", "text/xml", "Quénbert"),
        ("王小明".encode("gb18030"), "text/plain", "王小明"),
        ("王小明".encode("utf-16"), "text/plain", "王小明"),
        (b"solid QUENBERT\nendsolid\n", "model/stl", "QUENBERT"),
        (b"# QUENBERT\nv 0 0 0\n", "model/obj", "QUENBERT"),
        (b"\xff\x80 QUENBERT", "model/stl", "QUENBERT"),
    ],
)
def test_texts_of_other_documents(content: bytes, mime: str, wanted: str) -> None:
    assert any(wanted in text for text in document_texts(content, mime))


def test_a_pdf_without_text_has_none() -> None:
    assert document_texts(page_of(100, 100), "application/pdf") == []
    with pytest.raises(Unsupported):
        document_texts(protected_pdf(), "application/pdf")


def test_pages_can_be_drawn_from_several_threads() -> None:
    content = text_pdf(3)
    wanted = [page_picture(content, n) for n in range(3)]
    wrong = []

    def draw(number: int) -> None:
        for _ in range(4):
            if not np.array_equal(page_picture(content, number), wanted[number]):
                wrong.append(number)

    threads = [Thread(target=draw, args=(n % 3,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_damaged_bytes_of_a_file_are_no_document() -> None:
    dataset = parse(to_bytes(instance(text_pdf())))
    assert document_bytes(dataset) == text_pdf()
    assert document_bytes(ct_slice()) == b""
