"""Whole exports of documents: replaced by default, as pages of pictures once looked at, or held."""

import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from pydicom import dcmread

from tests.factories import KEYRING, ct_slice, to_bytes, us_loop, write
from tests.paper import WORDS, clinical_document, instance, protected_pdf, text_pdf, unknown_class
from viewer.app.blockers import blockers, likely_text
from viewer.cli import run
from viewer.dicom.catalog import Catalog
from viewer.dicom.documents import document_bytes, document_texts, layout_of, page_picture
from viewer.dicom.scan import scan
from viewer.pixels.regions import Box, Region, Scope, ScopeKind
from viewer.release.batch import Job, export
from viewer.release.recheck import recheck
from viewer.release.report import Held, Report, Written
from viewer.release.report_file import report_json
from viewer.rules.profiles import BASIC
from viewer.rules.recipe import Documents, Recipe, read_profile, write_profile

REDACT = replace(BASIC, documents=Documents.REDACT)
BOX = Box(100, 130, 1655, 60)


def numbered(dataset, number: int):
    dataset.SOPInstanceUID = f"{dataset.SOPInstanceUID}.{number}"
    return dataset


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A PDF, a protected one, a clinical document, an unknown class with documents, and a CT slice."""
    made = (text_pdf(3), protected_pdf())
    for number, content in enumerate(made):
        write(tmp_path / "in" / f"{number}.dcm", to_bytes(numbered(instance(content), number)))
    for number, dataset in enumerate((clinical_document(), unknown_class(text_pdf(1)), ct_slice()), start=5):
        write(tmp_path / "in" / f"{number}.dcm", to_bytes(numbered(dataset, number)))
    return scan([tmp_path / "in"])


def exported(catalog: Catalog, out: Path, recipe: Recipe) -> Report:
    return export(Job(tuple(catalog.instances), catalog.duplicates, recipe, KEYRING, out))


def the_pdf(catalog: Catalog):
    return next(i for i in catalog.instances if i.frames == 3)


def seen(catalog: Catalog) -> frozenset[str]:
    """What a person marks who looked at everything."""
    return frozenset(i.sop_instance_uid for i in catalog.instances)


def boxes(catalog: Catalog) -> tuple[Region, ...]:
    pdf = the_pdf(catalog)
    return (Region(BOX, Scope(ScopeKind.FRAME, pdf.sop_instance_uid, pdf.rows, pdf.columns, (0, 1))),)


def test_every_document_is_replaced_by_default(catalog, tmp_path) -> None:
    report = exported(catalog, tmp_path / "out", Recipe(BASIC))
    assert report.counts == {"written": 5, "held": 0, "rejected": 0}
    told = [i for i in report.instances if isinstance(i, Written) and i.findings]
    assert len(told) == 4
    assert all({f.code for f in i.findings} == {"document-replaced"} for i in told)
    assert not any(i.burned_in_text_likely for i in report.instances if isinstance(i, Written))
    for path in (tmp_path / "out").rglob("*.dcm"):
        written = dcmread(path)
        if "EncapsulatedDocument" in written:
            mime = written.MIMETypeOfEncapsulatedDocument
            texts = document_texts(document_bytes(written), mime)
            assert not any("uenbert" in t.lower() or "HOSP" in t for t in texts)
    assert all(not checked.findings for checked in recheck(tmp_path / "out", catalog.instances))


def test_pages_looked_at_are_written_as_pictures(catalog, tmp_path) -> None:
    report = exported(catalog, tmp_path / "out", Recipe(REDACT, boxes(catalog), seen(catalog)))
    (pdf,) = (i for i in report.instances if isinstance(i, Written) and i.pixels.frames == 3)
    assert (pdf.pixels.frames, pdf.pixels.frames_touched, pdf.pixels.pixels_changed_outside) == (3, 2, 0)
    assert pdf.looked_at
    assert {f.code for f in pdf.findings} == {"document-redrawn"}
    written = dcmread(tmp_path / "out" / pdf.name)
    content = document_bytes(written)
    assert document_texts(content, "application/pdf") == []
    assert layout_of(content) == layout_of(text_pdf(3))
    page = page_picture(content, 1)
    assert (page[130:190, 100:] == 0).all()
    assert (page_picture(content, 2) == page_picture(text_pdf(3), 2)).all()
    assert {c.CodeValue for c in written.DeidentificationMethodCodeSequence} == {"113100"}
    assert written.PatientIdentityRemoved == "YES"
    (held,) = (i for i in report.instances if isinstance(i, Held))
    assert "password" in held.reason
    assert all(not checked.findings for checked in recheck(tmp_path / "out", catalog.instances))


def test_pages_that_nobody_looked_at_are_held(catalog, tmp_path) -> None:
    report = exported(catalog, tmp_path / "out", Recipe(REDACT, boxes(catalog)))
    held = {i.number: i.reason for i in report.instances if isinstance(i, Held)}
    assert held[the_pdf(catalog).number].startswith("A person must look at every page first")
    assert len(held) == 3


def test_the_report_says_what_became_of_documents_and_holds_no_value(catalog, tmp_path) -> None:
    recipe = Recipe(REDACT, boxes(catalog), seen(catalog))
    content = report_json(exported(catalog, tmp_path / "out", recipe), product="x", recipe=recipe)
    plain = msgspec.json.decode(content)
    text = content.decode()
    assert "document-redrawn" in text
    assert "document-replaced" in text
    assert not any(word in text for word in WORDS.split())
    assert plain["counts"]["written"] == 4


def test_a_document_needs_a_person_only_where_its_pages_are_kept(catalog) -> None:
    pdf = the_pdf(catalog)
    likely = likely_text(catalog)
    waiting = {b.instance.number for b in blockers(catalog, Recipe(BASIC), likely)}
    assert pdf.number not in waiting
    waiting = {b.instance.number for b in blockers(catalog, Recipe(REDACT), likely)}
    assert pdf.number in waiting
    looked = Recipe(REDACT, (), seen(catalog))
    assert pdf.number not in {b.instance.number for b in blockers(catalog, looked, likely)}


def test_a_box_of_another_size_on_a_document_is_a_blocker_only_where_it_matters(catalog) -> None:
    pdf = the_pdf(catalog)
    region = Region(BOX, Scope(ScopeKind.IMAGE, pdf.sop_instance_uid, 10, 10))
    keys = {b.key for b in blockers(catalog, Recipe(REDACT, (region,)), frozenset())}
    assert any(key.startswith("size-") for key in keys)
    keys = {b.key for b in blockers(catalog, Recipe(BASIC, (region,)), frozenset())}
    assert not any(key.startswith("size-") for key in keys)


def test_the_same_pages_give_the_same_file(catalog, tmp_path) -> None:
    recipe = Recipe(REDACT, boxes(catalog), seen(catalog))
    contents = []
    for name in ("a", "b"):
        exported(catalog, tmp_path / name, recipe)
        files = sorted((tmp_path / name).rglob("*.dcm"))
        contents.append([p.read_bytes() for p in files])
    assert contents[0] == contents[1]
    assert len(contents[0]) == 4


def test_what_was_cleaned_can_be_cleaned_again(catalog, tmp_path) -> None:
    recipe = Recipe(REDACT, boxes(catalog), seen(catalog))
    exported(catalog, tmp_path / "once", recipe)
    again = scan([tmp_path / "once"])
    report = exported(again, tmp_path / "twice", Recipe(REDACT, (), seen(again)))
    assert report.counts == {"written": 4, "held": 0, "rejected": 0}


def test_two_exports_at_a_time_do_not_get_in_each_others_way(catalog, tmp_path) -> None:
    recipe = Recipe(REDACT, boxes(catalog), seen(catalog))
    reports: list[Report] = []

    def work(name: str) -> None:
        reports.append(exported(catalog, tmp_path / name, recipe))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r.counts["written"] for r in reports] == [4, 4]


def test_a_profile_file_keeps_the_choice(tmp_path) -> None:
    write_profile(REDACT, tmp_path / "p.json")
    assert read_profile(tmp_path / "p.json").documents is Documents.REDACT


@pytest.mark.parametrize(("choice", "code", "written"), [("replace", 0, 2), ("redact", 1, 1)])
def test_the_command_line(tmp_path, capsys, choice: str, code: int, written: int) -> None:
    write(tmp_path / "in" / "a.dcm", to_bytes(instance(text_pdf(2))))
    write(tmp_path / "in" / "b.dcm", to_bytes(us_loop()))
    key = ["--key-file", str(tmp_path / "key")]
    arguments = ["clean", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--documents", choice, *key]
    assert run(arguments) == code
    said = capsys.readouterr().out
    assert f"written {written}" in said
    wanted = "replaced by an empty one" if choice == "replace" else "A person must look at every page first"
    assert wanted in said
