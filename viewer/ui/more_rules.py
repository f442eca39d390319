"""Rules of a profile beside the ten options: birth date, documents inside, originals for recipients."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from viewer.app.workspace import Workspace
from viewer.custody.envelope import certificates
from viewer.dicom.errors import BadSelector
from viewer.rules.recipe import BirthDate, Documents
from viewer.ui.theme import SPACE


class MoreRules(QWidget):
    """Every change is a step of the workspace's history."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.birth_date = QComboBox()
        self.documents = QCheckBox(self.tr("Keep the pages of PDF documents as pictures, once looked at"))
        self.hold_lossy = QCheckBox(self.tr("Hold lossy images with a shape drawn on them"))
        self.add_recipient = QPushButton(self.tr("Add certificate…"))
        self.no_recipients = QPushButton(self.tr("Remove all"))
        self._recipients, self.problem = QLabel(), QLabel()
        self._lay_out()
        workspace.recipe_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the rules of the present profile."""
        profile = self._workspace.recipe.profile
        self.birth_date.setCurrentIndex(self.birth_date.findData(profile.birth_date))
        self.documents.setChecked(profile.documents is Documents.REDACT)
        self.hold_lossy.setChecked(profile.hold_lossy)
        count = len(profile.recipients)
        nobody = self.tr("The originals are not in the output.")
        some = self.tr("Encrypted into every file for {0} certificates.").format(count)
        self._recipients.setText(some if count else nobody)
        self.no_recipients.setEnabled(bool(count))

    def _choose_birth_date(self, index: int) -> None:
        chosen: BirthDate = self.birth_date.itemData(index)
        self._workspace.set_profile(replace(self._workspace.recipe.profile, birth_date=chosen))

    def _choose_documents(self, pages: bool) -> None:
        chosen = Documents.REDACT if pages else Documents.REPLACE
        self._workspace.set_profile(replace(self._workspace.recipe.profile, documents=chosen))

    def _choose_lossy(self, hold: bool) -> None:
        self._workspace.set_profile(replace(self._workspace.recipe.profile, hold_lossy=hold))

    def _ask_for_certificate(self) -> None:
        title, kinds = self.tr("Certificate of a recipient"), self.tr("Certificates (*.pem *.crt *.cer)")
        name, _ = QFileDialog.getOpenFileName(self, title, "", kinds)
        if name:
            self.take_certificate(Path(name))

    def take_certificate(self, path: Path) -> None:
        """Encrypt the originals for the holder of this certificate, or say why that cannot be."""
        self.problem.clear()
        profile = self._workspace.recipe.profile
        try:
            text = path.read_text(encoding="ascii", errors="replace")
            certificates([text])
        except (OSError, BadSelector) as error:
            words = str(error) if isinstance(error, BadSelector) else self.tr("This file cannot be read.")
            self.problem.setText(words)
            return
        self._workspace.set_profile(replace(profile, recipients=(*profile.recipients, text)))

    def _remove_recipients(self) -> None:
        self._workspace.set_profile(replace(self._workspace.recipe.profile, recipients=()))

    def _lay_out(self) -> None:
        for rule, words in (
            (BirthDate.TABLE, self.tr("empty, as the standard says")),
            (BirthDate.YEAR, self.tr("only the year (leaves the standard's profile)")),
            (BirthDate.SHIFT, self.tr("moved with the dates (leaves the standard's profile)")),
        ):
            self.birth_date.addItem(words, rule)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, SPACE, 0, 0)
        grid.addWidget(QLabel(self.tr("Birth date")), 0, 0)
        grid.addWidget(self.birth_date, 0, 1)
        grid.addWidget(QLabel(self.tr("Documents")), 1, 0)
        grid.addWidget(self.documents, 1, 1)
        grid.addWidget(QLabel(self.tr("Compression")), 2, 0)
        grid.addWidget(self.hold_lossy, 2, 1)
        grid.addWidget(QLabel(self.tr("Way back")), 3, 0)
        row = QHBoxLayout()
        row.addWidget(self._recipients, 1)
        row.addWidget(self.add_recipient)
        row.addWidget(self.no_recipients)
        grid.addLayout(row, 3, 1)
        warning = QLabel(self.tr("Archives outlive ciphers: leave the way back out where nobody needs it."))
        warning.setObjectName("faint")
        grid.addWidget(warning, 4, 1)
        self.problem.setObjectName("warning")
        grid.addWidget(self.problem, 5, 1)
        grid.setColumnStretch(1, 1)
        self.documents.setToolTip(self.tr("Otherwise an empty document is written in place of each"))
        self.birth_date.activated.connect(self._choose_birth_date)
        self.documents.clicked.connect(self._choose_documents)
        self.hold_lossy.setToolTip(
            self.tr("Otherwise JPEG blocks under it are changed, or the frame is stored without further loss")
        )
        self.hold_lossy.clicked.connect(self._choose_lossy)
        self.add_recipient.clicked.connect(self._ask_for_certificate)
        self.no_recipients.clicked.connect(self._remove_recipients)
