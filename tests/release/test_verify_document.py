"""The checker of documents: an honest one passes; each thing left in or changed on purpose is noticed."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.factories import KEYRING, to_bytes
from tests.paper import (
    clinical_document,
    deflated,
    file_of,
    instance,
    scanned_pdf,
    stream,
    text_pdf,
    unknown_class,
)
from viewer.dicom.decisions import Severity
from viewer.dicom.documents import Page, page_picture
from viewer.dicom.parsing import parse
from viewer.pixels.document_pages import image_only_pdf, redraw_document
from viewer.pixels.regions import Box, Region, Scope, ScopeKind
from viewer.release.apply import apply
from viewer.release.encode import encoded
from viewer.release.verify import verify
from viewer.rules.documents import harmless
from viewer.rules.plan import plan
from viewer.rules.profiles import BASIC
from viewer.rules.recipe import Documents, Recipe

REDACT = replace(BASIC, documents=Documents.REDACT)
SOURCE = text_pdf(2)
ROWS = COLUMNS = 1755


def prepared(dataset, profile=REDACT):
    """Return (source bytes, plan, output) of an honest run with one box on the second page."""
    uid = str(dataset.SOPInstanceUID)
    region = Region(Box(100, 130, 700, 50), Scope(ScopeKind.FRAME, uid, ROWS, COLUMNS, (1, 1)))
    source = to_bytes(dataset)
    made = plan(parse(source), Recipe(profile, (region,), frozenset([uid])), KEYRING)
    assert not [f for f in made.findings if f.severity is Severity.ERROR]
    output = apply(parse(source), made)
    if made.pages is not None:
        redraw_document(output, parse(source), made.pages)
    return source, made, output


def errors(source: bytes, made, output) -> set[str]:
    _, findings = verify(encoded(output), "ANON/a.dcm", source, made)
    return {f.code for f in findings if f.severity is Severity.ERROR}


def put(output, content: bytes) -> None:
    output.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    output.EncapsulatedDocumentLength = len(content)


def pictures() -> list[Page]:
    """The pages as they ought to be."""
    pages = [page_picture(SOURCE, n) for n in range(2)]
    pages[1][130:180, 100:800] = 0
    return pages


def test_honest_pages_pass_with_a_proof() -> None:
    source, made, output = prepared(instance(SOURCE))
    assert errors(source, made, output) == set()
    proof, _ = verify(encoded(output), "ANON/a.dcm", source, made)
    assert (proof.basis, proof.frames, proof.frames_touched) == ("decoded", 2, 1)
    assert (proof.pixels_blanked, proof.pixels_changed_outside) == (700 * 50, 0)


def test_pages_put_in_by_the_test_are_what_the_others_begin_with() -> None:
    source, made, output = prepared(instance(SOURCE))
    put(output, image_only_pdf(pictures(), 2))
    assert errors(source, made, output) == set()


def one_pixel(pages: list[Page]) -> None:
    pages[0][700, 700, 1] ^= 1


def box_forgotten(pages: list[Page]) -> None:
    pages[1] = page_picture(SOURCE, 1)


def box_a_pixel_short(pages: list[Page]) -> None:
    pages[1][179, 799] = 255


def box_on_the_wrong_page(pages: list[Page]) -> None:
    pages[1] = page_picture(SOURCE, 1)
    pages[0][130:180, 100:800] = 0


def pages_swapped(pages: list[Page]) -> None:
    pages.reverse()


def page_lost(pages: list[Page]) -> None:
    pages.pop()


def page_added(pages: list[Page]) -> None:
    pages.append(pages[0])


def page_blank(pages: list[Page]) -> None:
    pages[0] = np.full_like(pages[0], 255)


def page_halved(pages: list[Page]) -> None:
    pages[0] = np.ascontiguousarray(pages[0][::2, ::2])


@pytest.mark.parametrize(
    "change",
    [
        one_pixel, box_forgotten, box_a_pixel_short, box_on_the_wrong_page, pages_swapped, page_lost,
        page_added, page_blank, page_halved,
    ],
)  # fmt: skip
def test_wrong_pixels_are_noticed(change: Callable[[list[Page]], None]) -> None:
    source, made, output = prepared(instance(SOURCE))
    pages = pictures()
    change(pages)
    put(output, image_only_pdf(pages, len(pages)))
    assert "document-wrong" in errors(source, made, output)


def honest() -> bytes:
    return image_only_pdf(pictures(), 2)


def source_itself() -> bytes:
    return SOURCE


def after_the_end() -> bytes:
    return honest() + b"% Mrs Q\n"


def before_the_end() -> bytes:
    return honest().replace(b"xref\n0 9", b"% Mrs Q\nxref\n0 9", 1)


def in_the_trailer() -> bytes:
    return honest().replace(b"/Root 1 0 R>>", b"/Root 1 0 R/X(Mrs Q)>>")


def information() -> bytes:
    return honest().replace(b"/Root 1 0 R>>", b"/Root 1 0 R/Info<</Title(Mrs Q)>>>>")


def identifier() -> bytes:
    return honest().replace(b"/Root 1 0 R>>", b"/Root 1 0 R/ID[<4d7273><4d7273>]>>")


def stream_nobody_refers_to() -> bytes:
    return honest() + b"99 0 obj\n" + deflated(b"Mrs Q") + b"\nendobj\n%%EOF\n"


def note_on_a_page() -> bytes:
    note = b"/Annots[<</Type/Annot/Subtype/Text/Rect[1 1 9 9]>>]"
    return honest().replace(b"/Type/Page/", note + b"/Type/Page/", 1)


def script() -> bytes:
    action = b"/OpenAction<</S/JavaScript/JS<4d7273>>>"
    return honest().replace(b"/Type/Catalog", b"/Type/Catalog" + action, 1)


def script_by_name() -> bytes:
    names = b"/Names<</JavaScript<</Names[<4d>1 0 R]>>>>"
    return honest().replace(b"/Type/Catalog", b"/Type/Catalog" + names, 1)


def text_layer() -> bytes:
    """An invisible text over the picture, as a scanner with recognition writes it."""
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.19 842.39]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>"
    )
    return file_of(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R 3 0 R]/Count 2>>",
            3: page + b">>",
            4: stream(b"BT 3 Tr /F 9 Tf 9 9 Td (Mrs Q) Tj ET"),
            5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        }
    )


def picture_beside_the_page() -> bytes:
    return honest().replace(b" cm/I Do", b" cm/I Do/I Do ", 1).replace(b"/Length 32", b"/Length 38", 1)


def name_that_says_it() -> bytes:
    return honest().replace(b"/Type/Catalog", b"/Type/Catalog/MrsQ 1", 1)


def behind_the_samples() -> bytes:
    """Bytes after the end of the compressed picture, which no reader shows."""
    made = honest()
    end = made.index(b"\nendstream", made.index(b"/FlateDecode"))
    start = made.rindex(b"/Length ", 0, end) + 8
    length = made[start : made.index(b">>", start)]
    longer = b"%d" % (int(length) + 5)
    changed = made[:end] + b"Mrs Q" + made[end:]
    return changed[:start] + changed[start:].replace(length, longer, 1)


def more_samples_than_pixels() -> bytes:
    """Rows below the last one, which no reader shows."""
    pages = pictures()
    taller = np.concatenate([pages[0], np.full((9, pages[0].shape[1], 3), 77, np.uint8)])
    made = image_only_pdf([taller, pages[1]], 2)
    return made.replace(b"/Height 1764", b"/Height 1755", 1).replace(b" 846.71", b" 842.39")


def nothing() -> bytes:
    return b"%PDF-1.4\n%%EOF\n"


def empty_page() -> bytes:
    return harmless("application/pdf") or b""


@pytest.mark.parametrize(
    "content",
    [
        source_itself, after_the_end, before_the_end, in_the_trailer, information, identifier,
        stream_nobody_refers_to, note_on_a_page, script, script_by_name, text_layer, picture_beside_the_page,
        name_that_says_it, behind_the_samples, more_samples_than_pixels, nothing, empty_page,
    ],
)  # fmt: skip
def test_what_is_left_in_is_noticed(content: Callable[[], bytes]) -> None:
    source, made, output = prepared(instance(SOURCE))
    changed = content()
    assert changed != honest()
    put(output, changed)
    assert "document-wrong" in errors(source, made, output)


@pytest.mark.parametrize("length", [0, 5, 10**6])
def test_a_wrong_length_is_noticed(length: int) -> None:
    source, made, output = prepared(instance(SOURCE))
    output.EncapsulatedDocumentLength = length
    assert "document-missing" in errors(source, made, output)


@pytest.mark.parametrize("profile", [BASIC, REDACT])
def test_a_document_that_is_missing_is_noticed(profile) -> None:
    source, made, output = prepared(instance(SOURCE), profile)
    del output.EncapsulatedDocument
    assert {"document-missing", "element-missing"} <= errors(source, made, output)


# Replaced ones


KINDS = {
    "pdf": instance(SOURCE),
    "scan": instance(scanned_pdf(["QUENBERT"])),
    "cda": clinical_document(),
    "stl": instance(b"solid QUENBERT\nendsolid\n", "model/stl"),
    "obj": instance(b"# QUENBERT\nv 0 0 0\n", "model/obj"),
    "mtl": instance(b"newmtl QUENBERT\n", "model/mtl"),
    "nested": unknown_class(SOURCE),
}


@pytest.mark.parametrize("kind", KINDS)
def test_honest_replacements_pass(kind: str) -> None:
    source, made, output = prepared(KINDS[kind], BASIC)
    assert errors(source, made, output) == set()
    assert b"QUENBERT" not in encoded(output)


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_that_was_not_replaced_is_noticed(kind: str) -> None:
    source, made, output = prepared(KINDS[kind], BASIC)
    output.EncapsulatedDocument = KINDS[kind].EncapsulatedDocument
    assert {"value-wrong", "document-wrong"} & errors(source, made, output)


def test_a_nested_document_that_was_not_replaced_is_noticed() -> None:
    source, made, output = prepared(KINDS["nested"], BASIC)
    inner, was = output.ContentItemModifierSequence[0], KINDS["nested"].ContentItemModifierSequence[0]
    inner.EncapsulatedDocument = was.EncapsulatedDocument
    assert "value-wrong" in errors(source, made, output)


@pytest.mark.parametrize(
    ("mime", "content"),
    [
        ("application/pdf", scanned_pdf(["x"])),
        ("application/pdf", text_pdf(1)),
        ("application/pdf", b"no document"),
        ("text/xml", b'<ClinicalDocument xmlns="urn:hl7-org:v3"><title>x</title></ClinicalDocument>'),
        ("text/xml", b'<ClinicalDocument xmlns="urn:hl7-org:v3"><title lang="Q"/></ClinicalDocument>'),
        ("text/xml", b'<ClinicalDocument xmlns="urn:hl7-org:v3"><!-- Q --></ClinicalDocument>'),
        ("text/xml", b'<!DOCTYPE a [<!ENTITY e "Q">]><ClinicalDocument/>'),
        ("text/xml", b"<ClinicalDocument>"),
        ("text/xml", b"<Other/>"),
        ("model/stl", b"Mrs Q".ljust(84, b"\0")),
        ("model/stl", bytes(80) + b"\2\0\0\0" + bytes(100)),
        ("model/stl", bytes(80) + b"\1\0\0\0" + bytes(60)),
        ("model/obj", b"v 0 0 0\n" * 20),
    ],
)
def test_a_harmless_document_that_is_not_is_noticed_even_if_it_was_planned(mime: str, content: bytes) -> None:
    """The doer's table could be wrong, so the checker does not take the plan's word for it."""
    source, made, output = prepared(instance(b"QUENBERT", mime), BASIC)
    wrong = {(0x00420011,): content, (0x00420015,): len(content)}
    made = replace(
        made, decisions=tuple(replace(d, value=wrong.get(d.path, d.value)) for d in made.decisions)
    )
    put(output, content)
    assert "document-wrong" in errors(source, made, output)
