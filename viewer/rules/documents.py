"""What is decided for encapsulated documents: a harmless one in their place, or their pages as pixels."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Final

from pydicom.dataset import Dataset

from viewer.dicom.catalog import Instance
from viewer.dicom.decisions import Action, Basis, Blank, Decision, Finding, Identity, Reason, Severity
from viewer.dicom.documents import (
    DOCUMENT,
    DOCUMENT_LENGTH,
    MEDIA_TYPE,
    PDF,
    document_bytes,
    has_pages,
    layout_of,
    media_type,
)
from viewer.dicom.elements import ElementPath, path_text, texts
from viewer.dicom.errors import Unsupported
from viewer.rules.blanks import fitted, regions_on
from viewer.rules.recipe import Documents, Option, Profile, Recipe
from viewer.rules.standard import resolve
from viewer.rules.surrogates import Keyring

TITLE: Final = 0x00420010
_PART_TYPES: Final = 0x00420014
HL7_IDENTIFIER: Final = 0x0040E001
COMPANIONS: Final = frozenset((TITLE, MEDIA_TYPE, _PART_TYPES, DOCUMENT_LENGTH, HL7_IDENTIFIER))
"""Attributes beside a document that follow what becomes of it (PS3.3 C.24.2); the table lists none."""
PAGES: Final = b""
"""Stands for the new value of a document whose pages are redrawn: only the release step can make it."""

_TRIANGLE: Final = (
    b"\0\0\x80?\0\0\0\0\0\0\0\0"  # its second corner (1, 0, 0); the first is the origin
    b"\0\0\0\0\0\0\x80?\0\0\0\0"  # its third corner (0, 1, 0)
    b"\0\0"
)
_STL: Final = bytes(80) + b"\1\0\0\0" + bytes(8) + b"\0\0\x80?" + bytes(12) + _TRIANGLE
"""One triangle in the binary form: 80 bytes of header, a count, a normal, three corners, two bytes."""
_CDA: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/><id root="{identifier}"/>'
    '<code nullFlavor="MSK"/><effectiveTime nullFlavor="MSK"/><confidentialityCode nullFlavor="MSK"/>'
    '<recordTarget><patientRole><id nullFlavor="MSK"/></patientRole></recordTarget>'
    '<author><time nullFlavor="MSK"/><assignedAuthor><id nullFlavor="MSK"/></assignedAuthor></author>'
    "<custodian><assignedCustodian><representedCustodianOrganization>"
    '<id nullFlavor="MSK"/></representedCustodianOrganization></assignedCustodian></custodian>'
    '<component><nonXMLBody><text nullFlavor="MSK"/></nonXMLBody></component></ClinicalDocument>\n'
)
"""The parts that CDA R2 requires, each with the null flavour “masked”."""
_PLAIN: Final = {
    "model/stl": _STL,
    "application/sla": _STL,
    "model/obj": b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
    "model/mtl": b"newmtl removed\nKd 1 1 1\n",
    "text/plain": b"REMOVED\n",
}


# One document ------------------------------------------------------------------------------------------


def harmless(mime: str, identifier: str = "2.25.0") -> bytes | None:
    """Return a minimal valid document of a media type, or None when none is known (PS3.15 E.1-1, code D).

    `identifier` is the UID that a clinical document carries as its own.
    """
    if mime == PDF:
        return _empty_pdf()
    if mime == "text/xml":
        return _CDA.format(identifier=identifier).encode()
    return _PLAIN.get(mime)


@cache
def _empty_pdf() -> bytes:
    """Return a PDF of one blank page of A4, without any information about itself."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>",
    )
    made, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    table = b"xref\n0 4\n0000000000 65535 f \n%btrailer\n<</Size 4/Root 1 0 R>>\n" % entries
    return made + table + b"startxref\n%d\n%%%%EOF\n" % len(made)


def replaced(made: Decision, dataset: Dataset, profile: Profile, keyring: Keyring) -> Decision:
    """Return the decision for a document that may not stay as it is: code D of the table.

    The value is a harmless document; PAGES where the profile wants the pages of the instance's own PDF;
    None, which holds the instance, when no harmless document of its kind is known.
    """
    if profile.documents is Documents.REDACT and len(made.path) == 1 and media_type(dataset) == PDF:
        return replace(made, action=Action.REPLACE, value=PAGES)
    document = harmless(media_type(dataset), _new_identifier(dataset, keyring, made.path))
    return replace(made, action=Action.REPLACE, value=document)


def _new_identifier(dataset: Dataset, keyring: Keyring, path: ElementPath) -> str:
    """Return the UID that stands for an HL7 Instance Identifier, root and extension, wherever it occurs."""
    own = texts(dataset.get_item(HL7_IDENTIFIER), ["ascii"]) if HL7_IDENTIFIER in dataset else ()
    instance = texts(dataset.get_item(0x00080018), ["ascii"]) if 0x00080018 in dataset else ()
    return keyring.uid("HL7 " + (own[0] if own else f"of {''.join(instance)} {path_text(path)}"))


# What stands beside it -----------------------------------------------------------------------------------


def companion(
    made: Decision,
    dataset: Dataset,
    of_document: Decision | None,
    options: frozenset[Option],
    keyring: Keyring,
) -> Decision:
    """Return the decision for one of COMPANIONS. `made`: the one of an unlisted element that may stay.

    `of_document`: what becomes of the document at the same level, None when there is none.
    """
    tag = made.path[-1]
    if tag == TITLE:
        return _title(made, options)
    if tag == HL7_IDENTIFIER:
        why = Reason(Basis.VALUE_REPRESENTATION, "U", "", made.why.iod_type)
        value = _new_identifier(dataset, keyring, made.path)
        return replace(made, action=Action.REPLACE, identity=Identity.QUASI, why=why, value=value)
    if of_document is None or of_document.action is Action.KEEP:
        return made
    structure = replace(made, why=Reason(Basis.STRUCTURE, "", "", made.why.iod_type))
    if tag == _PART_TYPES:  # the new document has no parts
        return replace(structure, action=Action.REMOVE)
    if tag == DOCUMENT_LENGTH:
        length = len(of_document.value) if isinstance(of_document.value, bytes) else 0
        return replace(structure, vr="UL", action=Action.REPLACE, value=length)
    return _bare(structure, dataset)


def _bare(made: Decision, dataset: Dataset) -> Decision:
    """Return the decision for a media type: parameters such as a file name go; an unknown one is held."""
    mime = media_type(dataset)
    written = texts(dataset.get_item(MEDIA_TYPE), ["ascii"])
    if not mime or (written and written[0].lower() == mime):
        return made
    return replace(made, action=Action.REPLACE, value=mime)


def _title(made: Decision, options: frozenset[Option]) -> Decision:
    """Return the decision for Document Title: free text about what is inside, treated like a description."""
    why = Reason(Basis.VALUE_REPRESENTATION, "X/Z/D", "", made.why.iod_type)
    made = replace(made, identity=Identity.FREE_TEXT, why=why)
    if Option.CLEAN_DESCRIPTORS in options:
        return replace(made, action=Action.CLEAN)
    resolved = resolve("X/Z/D", made.why.iod_type)
    if resolved == "D":
        return replace(made, action=Action.REPLACE, value="REMOVED")
    return replace(made, action=Action.REMOVE if resolved == "X" else Action.EMPTY)


# The instance ----------------------------------------------------------------------------------------------


def pages_of(
    dataset: Dataset, recipe: Recipe, decisions: Iterable[Decision], sop_instance: str
) -> tuple[tuple[Blank, ...] | None, tuple[Finding, ...]]:
    """Return what to blank on the pages of the instance's PDF, None when they are not redrawn; and findings.

    The new document is made of pixels that a person has looked at, page by page, and of nothing else of the
    source; so the Basic Profile holds for it as for an image, and 113100 may be claimed. No claim is made of
    Pixel Data, which it has none of. Every document that goes or stays is a finding, so that none passes
    silently.
    """
    about = [d for d in decisions if d.path[-1] == DOCUMENT]
    findings = tuple(f for d in about for f in _told(d, recipe.profile))
    if not any(_is_redrawn(d) for d in about):
        return None, findings
    problem = _hindrance(dataset, recipe, sop_instance)
    if problem is not None:
        return None, (*findings, problem)
    message = (
        "The pages of the document inside were redrawn as pictures; its texts, links and files are gone."
    )
    told = Finding("document-redrawn", Severity.WARNING, path_text((DOCUMENT,)), message)
    layout = layout_of(document_bytes(dataset))
    mine = regions_on(dataset, recipe.regions)
    blanks, problems = fitted(mine, layout.rows, layout.columns, len(layout.pages))
    return blanks, (*findings, told, *problems)


def _is_redrawn(decision: Decision) -> bool:
    return decision.action is Action.REPLACE and decision.path == (DOCUMENT,) and decision.value == PAGES


def _hindrance(dataset: Dataset, recipe: Recipe, sop_instance: str) -> Finding | None:
    """Return why the pages of a document cannot be redrawn, None when they can."""
    if not has_pages(dataset):
        message = "It has both an image and a document; choose to replace the document."
        return _error("document-and-image", message)
    try:
        layout_of(document_bytes(dataset))
    except Unsupported as error:
        return _error("document-closed", f"{error} It can only be replaced.")
    if sop_instance not in recipe.reviewed:
        message = "A person must look at every page first, or choose to replace the document."
        return _error("document-unseen", message)
    return None


def shows_pixels(instance: Instance, profile: Profile) -> bool:
    """Return whether pixels of an instance reach the output: those of a document only when it is redrawn."""
    return instance.frames > 0 and (not instance.media_type or profile.documents is Documents.REDACT)


def _told(decision: Decision, profile: Profile) -> Iterable[Finding]:
    where = path_text(decision.path)
    if decision.action is Action.KEEP:
        message = "The document inside was kept as it is by choice; nothing was taken out of it."
        yield Finding("document-kept", Severity.WARNING, where, message)
    elif decision.action is Action.REPLACE and decision.value:
        message = "The document inside was replaced by an empty one."
        if profile.documents is Documents.REDACT:
            message += " Only a PDF that is the whole of an instance can be redrawn as pictures."
        yield Finding("document-replaced", Severity.WARNING, where, message)


def _error(code: str, message: str) -> Finding:
    return Finding(code, Severity.ERROR, path_text((DOCUMENT,)), message)
