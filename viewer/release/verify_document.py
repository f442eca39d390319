"""Check the documents in a written file: opened afresh, page by page, by code of its own."""

import math
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom.decisions import Action, Blank, Decision, Finding, Plan, Severity
from viewer.dicom.documents import pdfium_lock
from viewer.dicom.elements import ElementPath, path_text
from viewer.release.report import PixelProof
from viewer.release.verify_shapes import filled

DOCUMENT: Final = 0x00420011
LENGTH: Final = 0x00420015
REDRAWN: Final = frozenset((DOCUMENT, LENGTH))
"""Elements of the top level whose new values the plan does not hold when pages are redrawn."""
_MIME: Final = 0x00420012
_PER_INCH, _POINTS = 150, 72
_FLAT: Final = re.compile(rb"(?:[\w/\[\]\s.]|<<|>>)*")
"""What stands in a plain PDF outside of streams: no strings, no comments."""
_WORDS: Final = frozenset(
    b"BitsPerComponent Catalog ColorSpace Contents Count DeviceGray DeviceRGB Filter FlateDecode Height I "
    b"Image Kids Length MediaBox Page Pages Parent R Resources Root Size Subtype Type Width XObject endobj "
    b"endstream f n obj startxref stream trailer xref".split()
)
"""Every word that a PDF of nothing but pictures needs; a name could hold anything else."""
_STREAM: Final = re.compile(rb"<<([^<>]*)/Length (\d{1,10})>>\nstream\n")
_PICTURE: Final = re.compile(
    rb"/Type/XObject/Subtype/Image/Width (\d+)/Height (\d+)/BitsPerComponent 8"
    rb"/ColorSpace/Device(Gray|RGB)/Filter/FlateDecode"
)
_NO_WORDS: Final = frozenset(("ClinicalDocument", "typeId", "id"))


def check_documents(
    source: Dataset, written: Dataset, plan: Plan
) -> tuple[PixelProof | None, tuple[Finding, ...]]:
    """Return what is wrong with the documents of a written file, and a proof when its pages were redrawn.

    A document that a person chose to keep is compared with the source elsewhere, byte for byte.
    """
    found: list[Finding] = []
    proof: PixelProof | None = None
    for decision in plan.decisions:
        if decision.path[-1] != DOCUMENT or decision.action in (Action.KEEP, Action.REMOVE, Action.EMPTY):
            continue
        holder = _holder(written, decision.path)
        content = _content(holder) if holder is not None else None
        if holder is None or content is None:
            found.append(_error("document-missing", "A document that should be there is missing.", decision))
            continue
        try:
            if plan.pages is not None and decision.path == (DOCUMENT,):
                proof, problems = _check_pages(bytes(source[DOCUMENT].value), content, plan.pages)
            else:
                problems = list(_harmless_problems(content, _mime(holder)))
        except Exception as error:  # noqa: BLE001  (whatever a reader stumbles on, the file is not released)
            problems = [f"The written document cannot be checked ({type(error).__name__})."]
        found.extend(_error("document-wrong", problem, decision) for problem in dict.fromkeys(problems))
    return proof, tuple(found)


def _error(code: str, message: str, decision: Decision) -> Finding:
    return Finding(code, Severity.ERROR, path_text(decision.path), message)


def _holder(dataset: Dataset, path: ElementPath) -> Dataset | None:
    """Return the data set or item in which the last element of a path stands, or None."""
    for tag, number in zip(path[:-1:2], path[1::2], strict=True):
        items = dataset[tag].value if tag in dataset else None
        if not items or number >= len(items):
            return None
        dataset = items[number]
    return dataset if path[-1] in dataset else None


def _content(holder: Dataset) -> bytes | None:
    """Return a document, cut to its stated length when that fits, else None."""
    value = holder[DOCUMENT].value if DOCUMENT in holder else None
    if not isinstance(value, bytes) or not value:
        return None
    if LENGTH in holder:
        stated = holder[LENGTH].value
        return value[:stated] if stated in (len(value), len(value) - 1) else None
    return value


def _mime(holder: Dataset) -> str:
    return str(holder[_MIME].value or "").lower() if _MIME in holder else ""


# A document that stands for another ------------------------------------------------------------------------


def _harmless_problems(content: bytes, mime: str) -> Iterator[str]:
    """Yield what is wrong with a harmless document: it must open and say nothing."""
    if mime == "application/pdf":
        yield from _empty_pdf_problems(content)
    elif mime == "text/xml":
        yield from _empty_xml_problems(content)
    elif mime in ("model/stl", "application/sla"):
        facets = int.from_bytes(content[80:84], "little")
        if content[:80].strip(b"\0") or len(content) != 84 + 50 * facets or facets > 1:
            yield "The model that stands for the document holds more than a triangle."
    elif len(content) > 64:
        yield "The document that stands for the one inside is longer than it should be."


def _empty_pdf_problems(content: bytes) -> Iterator[str]:
    with _opened(content) as pdf:
        yield from _hidden_problems(pdf, content, streams=0, objects=3)
        if len(pdf) != 1:
            yield "The empty document has more than one page."
        for number in range(len(pdf)):
            with _page(pdf, number) as page:
                if list(page.get_objects()) or _texts_and_notes(page):
                    yield "The empty document is not empty."


def _empty_xml_problems(content: bytes) -> Iterator[str]:
    """Yield what is wrong with a clinical document: it has a root, no texts, and no values but fixed ones."""
    names: list[str] = []
    said: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        names.append(name)
        said.extend(key for key in attributes if key != "nullFlavor" and name not in _NO_WORDS)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.CharacterDataHandler = lambda text: said.append(text) if text.strip() else None
    parser.CommentHandler = said.append
    parser.ProcessingInstructionHandler = lambda target, data: said.append(target)
    parser.StartDoctypeDeclHandler = lambda *declared: said.append("DOCTYPE")
    try:
        parser.Parse(content.rstrip(b"\0"), True)
    except expat.ExpatError:
        yield "The clinical document that stands for the one inside is not well-formed."
    if names[:1] != ["ClinicalDocument"] or said:
        yield "The clinical document that stands for the one inside is not empty."


# Pages redrawn as pictures ---------------------------------------------------------------------------------


def _check_pages(before: bytes, after: bytes, blanks: tuple[Blank, ...]) -> tuple[PixelProof, list[str]]:
    """Return how many pixels were blanked and changed elsewhere, and what is wrong.

    The library is let go of after every page: the window may wait for it.
    """
    with _opened(before) as source:
        count = len(source)
    with _opened(after) as pdf:
        if len(pdf) != count:
            return PixelProof("decoded"), ["The redrawn document has another number of pages."]
        problems = list(_hidden_problems(pdf, after, streams=2 * count, objects=2 + 3 * count))
    blanked = outside = touched = 0
    for number in range(count):
        wanted = _drawn(before, number)
        found, wrong = _only_picture(after, number)
        problems.extend(wrong)
        if found is None or found.shape != wanted.shape:
            problems.append("A page of the redrawn document is not the page that it should be.")
            continue
        inside = _inside(blanks, number, wanted.shape)
        blanked += int(inside.sum())
        touched += bool(inside.any())
        outside += int((found != wanted).any(axis=2)[~inside].sum())
        if found[inside].any():
            problems.append("A box on a page is not black.")
    if outside:
        problems.append("A page of the redrawn document differs from the source outside of the boxes.")
    return PixelProof("decoded", count, touched, blanked, outside), problems


def _inside(blanks: tuple[Blank, ...], number: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pixels of a page are to be black."""
    inside = np.zeros(shape[:2], dtype=bool)
    for part in filled([blank for blank in blanks if number in blank.frames], *shape[:2]):
        inside |= part.shown
    return inside


def _drawn(content: bytes, number: int) -> NDArray[np.uint8]:
    """Return a page as (rows, columns, 3) RGB, at 150 dots per inch, sizes rounded up to whole pixels."""
    nearly = _PER_INCH / _POINTS * (1 - 1e-6)
    with _opened(content) as pdf:
        if pdf.get_formtype():
            pdf.init_forms()
        with _page(pdf, number) as page:
            size = tuple(math.ceil(side * nearly) for side in page.get_size())
            bitmap = page.render(scale=nearly, may_draw_forms=True, draw_annots=True)
            picture = np.array(bitmap.to_numpy()[..., ::-1])
            bitmap.close()
    if (picture.shape[1], picture.shape[0]) != size:
        raise ValueError("a page was drawn in another size than it has")
    return picture


def _only_picture(content: bytes, number: int) -> tuple[NDArray[np.uint8] | None, list[str]]:
    """Return the picture that a page consists of as RGB, and what else is wrong with the page."""
    import pypdfium2.raw as raw

    problems: list[str] = []
    with _opened(content) as pdf, _page(pdf, number) as page:
        if _texts_and_notes(page):
            problems.append("A page of the redrawn document still has texts or notes.")
        objects = list(page.get_objects())
        if len(objects) != 1 or objects[0].type != raw.FPDF_PAGEOBJ_IMAGE:
            return None, [*problems, "A page of the redrawn document is more than one picture."]
        covered = zip(objects[0].get_bounds(), (0, 0, *page.get_size()), strict=True)
        if any(abs(a - b) > 0.1 for a, b in covered) or page.get_rotation():
            problems.append("The picture on a page of the redrawn document does not fill it.")
        picture = np.array(objects[0].get_bitmap().to_numpy())
    if picture.ndim == 2:
        return np.repeat(picture[..., None], 3, axis=2), problems
    if picture.shape[2] == 1:
        return np.repeat(picture, 3, axis=2), problems
    return picture[..., 2::-1], problems


def _texts_and_notes(page: Any) -> bool:
    import pypdfium2.raw as raw

    text = page.get_textpage()
    try:
        letters = text.count_chars()
    finally:
        text.close()
    return bool(letters > 0 or raw.FPDFPage_GetAnnotCount(page) > 0)


def _hidden_problems(pdf: Any, content: bytes, *, streams: int, objects: int) -> Iterator[str]:
    """Yield what a PDF holds beside its pages, by what the reader says and by its bytes."""
    import pypdfium2.raw as raw

    if any(pdf.get_metadata_dict().values()):
        yield "The written document says something about itself."
    if pdf.count_attachments() or raw.FPDFDoc_GetJavaScriptActionCount(pdf):
        yield "The written document holds files or scripts."
    if pdf.get_formtype() or any(True for _ in pdf.get_toc()) or raw.FPDF_CountNamedDests(pdf):
        yield "The written document holds a form, bookmarks or links."
    if not _is_bare(content, streams=streams, objects=objects):
        yield "The written document holds more than its pages."


def _is_bare(content: bytes, *, streams: int, objects: int) -> bool:
    """Return whether the bytes of a PDF are known words and numbers, and streams that only hold pictures."""
    outside, parts = _taken_apart(content)
    return (
        len(parts) == streams
        and outside.count(b" obj") == objects
        and bool(_FLAT.fullmatch(outside))
        and set(re.findall(rb"[A-Za-z]+", outside)) <= _WORDS
        and all(_is_picture(head, data) for head, data in parts)
    )


def _taken_apart(content: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return a plain PDF without header, end mark and streams; and of every stream its head and its data."""
    body = re.sub(rb"\A%PDF-1\.4\n(%[\x80-\xff]{4}\n)?", b"", content.rstrip(b"\0"))
    body = re.sub(rb"%%EOF\n\Z", b"", body)
    outside, parts, position = [], [], 0
    for found in _STREAM.finditer(body):
        end = found.end() + int(found[2])
        if found.start() < position:
            continue  # these bytes stand inside of a stream
        outside.append(body[position : found.end()])
        parts.append((found[1], body[found.end() : end]))
        position = end
    outside.append(body[position:])
    return b"".join(outside), parts


def _is_picture(head: bytes, data: bytes) -> bool:
    """Return whether a stream is what places a picture, or the picture with no byte too many."""
    if not head:
        return bool(re.fullmatch(rb"[\d.]+ 0 0 [\d.]+ 0 0 cm/I Do", data))
    said = _PICTURE.fullmatch(head)
    if said is None:
        return False
    size = int(said[1]) * int(said[2]) * (3 if said[3] == b"RGB" else 1)
    inflater = zlib.decompressobj()
    try:
        samples = inflater.decompress(data, size + 1)
    except zlib.error:
        return False
    return len(samples) == size and inflater.eof and not inflater.unused_data


@contextmanager
def _opened(content: bytes) -> Iterator[Any]:
    import pypdfium2

    with pdfium_lock:
        pdf = pypdfium2.PdfDocument(content)
        try:
            yield pdf
        finally:
            pdf.close()


@contextmanager
def _page(pdf: Any, number: int) -> Iterator[Any]:
    page = pdf[number]
    try:
        yield page
    finally:
        page.close()
