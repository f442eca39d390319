"""What is decided for documents: none passes silently, and what stands for one is valid and says nothing."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from pydicom.dataset import Dataset

from tests.factories import KEYRING, ct_slice, to_bytes
from tests.paper import clinical_document, instance, protected_pdf, text_pdf, unknown_class
from viewer.dicom.decisions import Action, Decision, Identity, Plan, Severity
from viewer.dicom.documents import document_texts, layout_of
from viewer.dicom.parsing import parse
from viewer.pixels.regions import Box, Region, Scope, ScopeKind
from viewer.rules.documents import PAGES, harmless
from viewer.rules.plan import plan
from viewer.rules.profiles import BASIC, profile_named
from viewer.rules.recipe import Documents, Override, Profile, Recipe
from viewer.rules.rows import rows

KINDS = (
    "application/pdf",
    "text/xml",
    "model/stl",
    "application/sla",
    "model/obj",
    "model/mtl",
    "text/plain",
)
DOCUMENT, LENGTH, MIME, TITLE = (0x00420011,), (0x00420015,), (0x00420012,), (0x00420010,)
REDACT = replace(BASIC, documents=Documents.REDACT)


def planned(dataset: Dataset, profile: Profile = BASIC, *, seen: bool = True, boxes=()) -> Plan:
    source = parse(to_bytes(dataset))
    reviewed = frozenset([str(dataset.SOPInstanceUID)] if seen else [])
    return plan(source, Recipe(profile, tuple(boxes), reviewed), KEYRING)


def of(made: Plan, path) -> Decision:
    (found,) = (d for d in made.decisions if d.path == path)
    return found


def codes(made: Plan, severity: Severity) -> set[str]:
    return {f.code for f in made.findings if f.severity is severity}


def box(dataset: Dataset, rows: int = 1755, columns: int = 1754, frames=None) -> Region:
    kind = ScopeKind.IMAGE if frames is None else ScopeKind.FRAME
    uid = str(dataset.SOPInstanceUID)
    return Region(Box(10, 20, 300, 40), Scope(kind, uid, rows, columns, frames))


# What stands for a document


@pytest.mark.parametrize("mime", KINDS)
def test_a_harmless_document_is_the_same_every_time(mime: str) -> None:
    assert harmless(mime, "2.25.7") == harmless(mime, "2.25.7")
    assert b"QUENBERT" not in (harmless(mime) or b"QUENBERT")


def test_no_harmless_document_is_made_up_for_an_unknown_type() -> None:
    assert harmless("application/x-unheard-of") is None
    assert harmless("") is None


def test_the_harmless_pdf_is_one_empty_page() -> None:
    made = harmless("application/pdf") or b""
    assert layout_of(made).pages == ((1755, 1240),)
    assert document_texts(made, "application/pdf") == []
    start = int(made.split(b"startxref\n")[1].split(b"\n")[0])
    assert made[start : start + 4] == b"xref"
    for number, entry in enumerate(made[start:].split(b"\n")[3:6], start=1):
        assert made[int(entry[:10]) :].startswith(b"%d 0 obj" % number)


def test_the_harmless_clinical_document_has_the_parts_that_are_required() -> None:
    root = ElementTree.fromstring(harmless("text/xml", "2.25.77") or b"")
    name = "{urn:hl7-org:v3}"
    assert root.tag == name + "ClinicalDocument"
    assert [child.tag.removeprefix(name) for child in root] == [
        "typeId", "id", "code", "effectiveTime", "confidentialityCode", "recordTarget", "author", "custodian",
        "component",
    ]  # fmt: skip
    assert root.find(name + "id").attrib == {"root": "2.25.77"}
    assert not "".join(root.itertext()).strip()


def test_the_harmless_model_is_one_triangle() -> None:
    made = harmless("model/stl") or b""
    assert len(made) == 84 + 50
    assert int.from_bytes(made[80:84], "little") == 1
    assert not made.startswith(b"solid")


@pytest.mark.parametrize("mime", ["model/obj", "model/mtl"])
def test_the_harmless_texts_are_plain(mime: str) -> None:
    words = [line.split()[0] for line in (harmless(mime) or b"").decode("ascii").splitlines()]
    assert words in (["v", "v", "v", "f"], ["newmtl", "Kd"])


# Replace


@pytest.mark.parametrize("mime", KINDS)
def test_a_document_is_replaced_and_it_is_said(mime: str) -> None:
    made = planned(instance(b"QUENBERT was here", mime))
    new = of(made, DOCUMENT)
    assert new.action is Action.REPLACE
    assert isinstance(new.value, bytes)
    assert of(made, LENGTH).value == len(new.value)
    assert codes(made, Severity.WARNING) == {"document-replaced"}
    assert codes(made, Severity.ERROR) == set()
    assert made.pages is None


@pytest.mark.parametrize("mime", ["application/x-unheard-of", "", "video/mpeg"])
@pytest.mark.parametrize("profile", [BASIC, REDACT])
def test_a_document_of_an_unknown_kind_is_held(mime: str, profile: Profile) -> None:
    assert "unknown-document" in codes(planned(instance(b"x" * 10, mime), profile), Severity.ERROR)


def test_a_media_type_keeps_no_file_name() -> None:
    made = planned(instance(text_pdf(), "application/pdf; name=QUENBERT.pdf"))
    assert of(made, MIME).value == "application/pdf"
    assert of(planned(instance(text_pdf(), "application/pdf")), MIME).action is Action.KEEP
    assert of(planned(instance(text_pdf(), "Application/PDF")), MIME).action is Action.KEEP


@pytest.mark.parametrize(
    ("profile", "action", "value"),
    [(BASIC, Action.EMPTY, None), (profile_named("sharing"), Action.CLEAN, ("Letter",))],
)
def test_a_title_is_a_description(profile, action, value) -> None:
    dataset = instance(text_pdf())
    dataset.DocumentTitle = "Letter of Oswaldine Quenbert"
    dataset.StudyDescription = "CT"
    title = of(planned(dataset, profile), TITLE)
    assert title.identity is Identity.FREE_TEXT
    if action is Action.EMPTY:
        assert (title.action, title.value) == (action, value)
    else:
        assert b"uenbert" not in repr(title.value).encode()


def test_a_title_that_the_class_does_not_have_goes() -> None:
    dataset = ct_slice()
    dataset.DocumentTitle = "Letter of Oswaldine Quenbert"
    assert of(planned(dataset), TITLE).action is Action.REMOVE


def test_a_clinical_document_gets_a_new_identifier_inside_and_beside_it() -> None:
    made = planned(clinical_document())
    identifier = of(made, (0x0040E001,)).value
    assert isinstance(identifier, str)
    assert identifier.startswith("2.25.")
    assert f'<id root="{identifier}"/>'.encode() in of(made, DOCUMENT).value
    assert of(made, (0x00420014,)).action is Action.REMOVE, "types of parts that are no longer there"


def test_the_identifier_of_a_clinical_document_is_the_same_where_it_is_referred_to() -> None:
    other = ct_slice()
    reference = Dataset()
    reference.HL7InstanceIdentifier = clinical_document().HL7InstanceIdentifier
    reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.2"
    reference.ReferencedSOPInstanceUID = "1.2.3"
    other.HL7StructuredDocumentReferenceSequence = [reference]
    there = of(planned(other), (0x0040A390, 0, 0x0040E001)).value
    assert there == of(planned(clinical_document()), (0x0040E001,)).value


def test_documents_in_an_unknown_class_and_in_items_are_replaced_too() -> None:
    made = planned(unknown_class(text_pdf()))
    nested = [d for d in made.decisions if d.path[-1] == 0x00420011]
    assert len(nested) == 2
    assert all(d.action is Action.REPLACE and isinstance(d.value, bytes) for d in nested)
    assert sum(f.code == "document-replaced" for f in made.findings) == 2


def test_who_keeps_a_document_keeps_identity() -> None:
    profile = replace(BASIC, overrides=(Override("(0042,0011)", Action.KEEP),))
    made = planned(instance(text_pdf()), profile)
    assert of(made, DOCUMENT).action is Action.KEEP
    assert of(made, LENGTH).action is Action.KEEP
    assert {"document-kept", "kept-identity"} <= codes(made, Severity.WARNING)
    assert of(made, (0x00120062,)).value == "NO"
    assert "113100" not in {c.value for c in made.claims}


# Redact


def test_pages_are_redrawn_once_a_person_has_looked() -> None:
    dataset = instance(text_pdf())
    made = planned(dataset, REDACT, boxes=[box(dataset, 1755, 1755, (1, 1)), box(dataset, 1755, 1755)])
    assert of(made, DOCUMENT).value == PAGES
    assert made.pages is not None
    assert [(b.points, b.frames) for b in made.pages] == [
        ((10, 20, 310, 60), (1,)),
        ((10, 20, 310, 60), (0, 1, 2)),
    ]
    assert codes(made, Severity.WARNING) == {"document-redrawn"}
    assert codes(made, Severity.ERROR) == set()
    assert {c.value for c in made.claims} == {"113100"}, "no claim about pixel data that it does not have"


@pytest.mark.parametrize(
    ("content", "seen", "code", "sentence"),
    [
        (text_pdf(), False, "document-unseen", "A person must look at every page first"),
        (protected_pdf(), True, "document-closed", "password"),
        (b"%PDF-1.4 broken", True, "document-closed", "only be replaced"),
    ],
)
def test_what_nobody_saw_or_can_see_is_held(content: bytes, seen: bool, code: str, sentence: str) -> None:
    made = planned(instance(content), REDACT, seen=seen)
    assert codes(made, Severity.ERROR) == {code}
    assert any(sentence in f.message for f in made.findings)
    assert made.pages is None
    assert "document-redrawn" not in codes(made, Severity.WARNING)


def test_a_box_for_another_size_holds() -> None:
    dataset = instance(text_pdf())
    made = planned(dataset, REDACT, boxes=[box(dataset, 512, 512)])
    assert codes(made, Severity.ERROR) == {"other-size"}


def test_a_box_for_a_page_that_is_not_there_holds() -> None:
    dataset = instance(text_pdf())
    made = planned(dataset, REDACT, boxes=[box(dataset, 1755, 1755, (3, 5))])
    assert codes(made, Severity.ERROR) == {"box-outside"}


def test_a_document_beside_an_image_is_not_redrawn() -> None:
    both = ct_slice()
    both.EncapsulatedDocument, both.MIMETypeOfEncapsulatedDocument = text_pdf(), "application/pdf"
    assert codes(planned(both, REDACT), Severity.ERROR) == {"document-and-image"}
    assert codes(planned(both), Severity.ERROR) == set()


@pytest.mark.parametrize("mime", [k for k in KINDS if k != "application/pdf"])
def test_other_kinds_are_replaced_also_where_pages_are_kept(mime: str) -> None:
    made = planned(instance(b"QUENBERT", mime), REDACT)
    assert isinstance(of(made, DOCUMENT).value, bytes)
    assert of(made, DOCUMENT).value != PAGES
    (finding,) = (f for f in made.findings if f.code == "document-replaced")
    assert "Only a PDF" in finding.message


def test_the_table_says_what_becomes_of_the_pages() -> None:
    dataset = instance(text_pdf())
    source = parse(to_bytes(dataset))
    made = plan(source, Recipe(REDACT, (), frozenset([str(dataset.SOPInstanceUID)])), KEYRING)
    (row,) = (r for r in rows(source, made) if r.path == DOCUMENT)
    assert row.new == "pages as pictures, 0 boxes made black"
