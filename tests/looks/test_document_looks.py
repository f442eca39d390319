"""A PDF in the real window: its pages as frames, a box on the second one, and what is written of it."""

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QMessageBox

from tests.factories import KEYRING, to_bytes, write
from tests.looks.test_looks import opened, settled, window  # noqa: F401
from tests.paper import clinical_document, instance, protected_pdf, scanned_pdf
from viewer.dicom.documents import document_bytes, page_picture
from viewer.pixels.regions import Box, ScopeKind
from viewer.release.batch import export
from viewer.dicom.parsing import parse
from viewer.rules.recipe import Documents
from viewer.ui.options_dialog import OptionsDialog

FONTS = ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", "C:/Windows/Fonts/msyh.ttc")
LETTER = """Saint Ekaterin Hospital          圣叶卡捷琳娜医院

Patient: QUENBERT, Oswaldine      姓名：昆伯特
ID: HOSP-778341      出生日期：1961年12月3日

Chest film of 17 May 2024         胸部X线检查

Both lungs are clear. The heart is of normal size.
双肺清晰，心影大小正常。

Page {0}                          第{0}页"""


def paper() -> bytes:
    font = next((name for name in FONTS if Path(name).is_file()), None)
    return scanned_pdf([LETTER.format(number) for number in (1, 2, 3)], font)


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    return write(tmp_path / "in" / "letter.dcm", to_bytes(instance(paper())))


def to_page(qtbot, window, number: int) -> None:  # noqa: F811
    window.images.bar.step(number - 1 - window.images.bar.frame)
    qtbot.waitUntil(lambda: window.images.before.picture_shown)
    settled(qtbot, window)


def keep_pages(window) -> None:  # noqa: F811
    dialog = OptionsDialog(window.workspace, window)
    assert not dialog.more.documents.isChecked()
    dialog.more.documents.click()
    assert window.workspace.recipe.profile.documents is Documents.REDACT
    assert dialog.more.documents.isChecked()


def test_a_document_is_shown_page_by_page(qtbot, window, grab, letter) -> None:  # noqa: F811
    opened(qtbot, window, letter)
    assert window.images.bar.count == 3
    to_page(qtbot, window, 2)
    window.images.set_view(2)
    settled(qtbot, window)
    assert window.images.before.picture_shown
    assert not window.images.after.picture_shown, "an empty document is written"
    grab(window, "40-document-replaced")


def test_a_box_on_the_second_page_is_black_in_what_is_written(qtbot, window, grab, letter, tmp_path) -> None:  # noqa: F811
    opened(qtbot, window, letter)
    keep_pages(window)
    assert any(b.key.startswith("unseen") for b in window.workspace.blockers())
    to_page(qtbot, window, 2)
    window.workspace.add_region(Box(90, 250, 1060, 150), ScopeKind.FRAME)
    window.images.set_view(2)
    settled(qtbot, window)
    assert window.images.after.picture_shown
    grab(window, "41-document-boxed")
    window.workspace.mark_reviewed(list(window.workspace.catalog.instances))
    assert window.workspace.blockers() == ()
    report = export(window.workspace.job(tmp_path / "out"))
    assert report.counts == {"written": 1, "held": 0, "rejected": 0}
    written = next((tmp_path / "out").rglob("*.dcm"))
    page = page_picture(document_bytes(parse(written.read_bytes())), 1)
    assert (page[250:400, 90:1150] == 0).all()
    assert (page[600:] == page_picture(paper(), 1)[600:]).all()
    Image.fromarray(page).resize((620, 877)).save(
        grab(window, "42-document-marked").with_name("43-document-written.png")
    )


def test_the_written_document_can_be_opened_again(qtbot, window, grab, letter, tmp_path, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    opened(qtbot, window, letter)
    keep_pages(window)
    window.workspace.add_region(Box(90, 250, 1060, 150), ScopeKind.IMAGE)
    window.workspace.mark_reviewed(list(window.workspace.catalog.instances))
    export(window.workspace.job(tmp_path / "out"))
    opened(qtbot, window, tmp_path / "out")
    to_page(qtbot, window, 3)
    grab(window, "44-document-opened-again")


@pytest.mark.parametrize(
    ("dataset", "sentence"),
    [
        (instance(protected_pdf()), "protected or damaged"),
        (clinical_document(), "An empty one is written instead"),
    ],
)
def test_what_cannot_be_shown_says_so(qtbot, window, grab, tmp_path, dataset, sentence) -> None:  # noqa: F811
    path = write(tmp_path / "in" / "a.dcm", to_bytes(dataset))
    window.open_paths([path])
    qtbot.waitUntil(lambda: window.tags.model.rowCount() > 0)
    settled(qtbot, window)
    assert sentence in window.images.before.accessibleDescription()
    assert KEYRING is not None
    grab(window, f"45-document-{'protected' if 'damaged' in sentence else 'clinical'}")
