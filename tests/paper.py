"""Documents that tests put into instances: PDFs with everything that a PDF can hide, and other kinds."""

import io
import zlib
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset

from tests.factories import base, pdf

WORDS = "QUENBERT OSWALDINE HOSP-778341"
SIZES = ((595, 842), (842, 595), (595, 842))
CDA = (
    b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><id root="2.16.840.1.113883.9.1" '
    b'extension="HOSP-778341"/><title>Letter</title><recordTarget><patientRole><patient><name>'
    b"<given>Oswaldine</given><family>Quenbert</family></name></patient></patientRole></recordTarget>"
    b"</ClinicalDocument>\n"
)


def file_of(objects: dict[int, bytes], trailer: bytes = b"", head: bytes = b"%PDF-1.7\n") -> bytes:
    """Return a PDF of numbered objects, the first of which is the catalog."""
    made, offsets = head, {}
    for number, content in objects.items():
        offsets[number] = len(made)
        made += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offsets[n] for n in sorted(objects))
    start, size = len(made), len(objects) + 1
    made += b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table)
    return made + b"trailer\n<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)


def stream(content: bytes, head: bytes = b"") -> bytes:
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (head, len(content), content)


def text_pdf(pages: int = 3, words: str = WORDS) -> bytes:
    """Return pages of text with a note, a form field, an attachment, a script, a bookmark and a title."""
    said = words.encode()
    first = 10
    kids = b" ".join(b"%d 0 R" % (first + 2 * n) for n in range(pages))
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/Outlines 5 0 R/AcroForm<</Fields[9 0 R]/DA(/F 12 Tf)>>"
        b"/Names<</EmbeddedFiles<</Names[(%b) 7 0 R]>>/JavaScript<</Names[(s)<</S/JavaScript/JS(%b)>>]>>>>>>"
        % (said, said),
        2: b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, pages),
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        4: b"<</Title(%b)/Author(%b)/CreationDate(D:20240517101112)>>" % (said, said),
        5: b"<</Type/Outlines/First 6 0 R/Last 6 0 R/Count 1>>",
        6: b"<</Title(%b)/Parent 5 0 R/Dest[%d 0 R/Fit]>>" % (said, first),
        7: b"<</Type/Filespec/F(a.txt)/UF(a.txt)/EF<</F 8 0 R>>>>",
        8: stream(b"attached " + said, b"/Type/EmbeddedFile"),
        9: b"<</Type/Annot/Subtype/Widget/FT/Tx/T(field)/V(%b)/Rect[50 50 400 80]/P %d 0 R/F 4"
        b"/AP<</N %d 0 R>>>>" % (said, first, first + 2 * pages),
    }
    for number in range(pages):
        width, height = SIZES[number % len(SIZES)]
        notes = b"9 0 R " if not number else b""
        objects[first + 2 * number] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R"
            b"/Annots[%b<</Type/Annot/Subtype/Text/Contents(%b)/Rect[10 10 30 30]>>]>>"
            % (width, height, first + 2 * number + 1, notes, said)
        )
        text = b"BT /F 24 Tf 60 %d Td (Page %d of %b) Tj ET 0 0 1 rg 300 200 100 50 re f" % (
            height - 100, number + 1, said,
        )  # fmt: skip
        objects[first + 2 * number + 1] = stream(text)
    look = b"BT /F 12 Tf 2 8 Td (field %b) Tj ET" % said
    objects[first + 2 * pages] = stream(
        look, b"/Type/XObject/Subtype/Form/BBox[0 0 350 30]/Resources<</Font<</F 3 0 R>>>>"
    )
    return file_of(objects, b"/Info 4 0 R")


def scanned_pdf(pages: Sequence[str], font: str | None = None) -> bytes:
    """Return a PDF as a scanner makes it, by Pillow: pictures of text, 150 dpi."""
    letters = ImageFont.truetype(font, 40) if font else ImageFont.load_default(40)
    pictures = []
    for text in pages:
        picture = Image.new("RGB", (1240, 1754), "white")
        ImageDraw.Draw(picture).multiline_text((120, 120), text, font=letters, fill=(0, 0, 60), spacing=24)
        pictures.append(picture)
    made = io.BytesIO()
    pictures[0].save(made, "PDF", save_all=True, append_images=pictures[1:], resolution=150, title=WORDS)
    return made.getvalue()


def protected_pdf() -> bytes:
    """Return a PDF that asks for a password."""
    return file_of(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>",
            4: b"<</Filter/Standard/V 1/R 2/O<%b>/U<%b>/P -4>>" % (b"5a" * 32, b"a5" * 32),
        },
        b"/Encrypt 4 0 R/ID[<00><00>]",
    )


def instance(content: bytes, mime: str = "application/pdf", *, odd: bool = False) -> Dataset:
    """Return an instance with this document. `odd`: the stated length counts the padding."""
    made = pdf()
    made.MIMETypeOfEncapsulatedDocument = mime
    made.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    made.EncapsulatedDocumentLength = len(made.EncapsulatedDocument) if odd else len(content)
    return made


def clinical_document() -> Dataset:
    """Return an encapsulated CDA with its identifier beside it."""
    made = instance(CDA, "text/XML")
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.2"
    made.HL7InstanceIdentifier = "2.16.840.1.113883.9.1^HOSP-778341"
    made.ListOfMIMETypes = ["image/jpeg", "text/plain; name=QUENBERT.txt"]
    return made


def unknown_class(content: bytes) -> Dataset:
    """Return an object of a private SOP Class with a document in it and in an item."""
    made = base("1.2.826.0.1.3680043.99999.7.7", "DOC")
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    inner = Dataset()
    inner.MIMETypeOfEncapsulatedDocument = "text/plain"
    inner.EncapsulatedDocument = b"QUENBERT^OSWALDINE was here "
    made.ContentItemModifierSequence = [inner]
    return made


def deflated(content: bytes) -> bytes:
    return stream(zlib.compress(content), b"/Filter/FlateDecode")
