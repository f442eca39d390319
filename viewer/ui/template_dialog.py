"""Device templates: what may be used on this image, why it fits or not, and what it would blank."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from viewer.app.templates import Templates, offers
from viewer.app.tools import Placement
from viewer.app.workspace import Workspace
from viewer.dicom.errors import DeidError
from viewer.pixels.device_templates import DeviceTemplate
from viewer.pixels.devices import Proposal
from viewer.pixels.regions import Manner, ScopeKind, Shape
from viewer.ui.shape_paint import Drawing, paint_shapes
from viewer.ui.theme import SPACE

_BLUE = QColor(86, 196, 255)


class ShapesPreview(QWidget):
    """Shows shapes on an empty image of the right size."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(260, 200)
        self._size = (0, 0)
        self._shapes: tuple[tuple[Shape, Manner], ...] = ()

    def show_shapes(self, shapes: tuple[tuple[Shape, Manner], ...], rows: int, columns: int) -> None:
        """Show these shapes; rows and columns of the image on screen."""
        self._shapes, self._size = shapes, (rows, columns)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        rows, columns = self._size
        if not rows or not columns:
            return
        painter = QPainter(self)
        scale = min((self.width() - 2) / columns, (self.height() - 2) / rows)
        image = QRect(1, 1, round(columns * scale), round(rows * scale))
        painter.fillRect(image, QColor(60, 64, 70))
        drawings = [Drawing(s, m.keep, _BLUE, QColor(0, 0, 0), dash=(4.0, 3.0)) for s, m in self._shapes]
        paint_shapes(painter, drawings, Placement(scale, 1, 1), image, after=False, unit=1)
        painter.end()


class TemplateDialog(QDialog):
    """Offers templates and rules for the selected image; nothing is used before a person says so."""

    def __init__(self, workspace: Workspace, templates: Templates, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Device templates"))
        self._workspace, self._templates = workspace, templates
        self._offers: list[tuple[Proposal, tuple[tuple[Shape, Manner], ...], DeviceTemplate | None]] = []
        self.list = QListWidget()
        self.conditions, self.notice = QLabel(), QLabel()
        self.preview = ShapesPreview()
        self.use = QPushButton(self.tr("Use here"))
        self.use_all = QPushButton(self.tr("Use on all of this device and size"))
        self.save = QPushButton(self.tr("Save current shapes as template…"))
        self.delete = QPushButton(self.tr("Delete"))
        self.export = QPushButton(self.tr("Export…"))
        self.take_in = QPushButton(self.tr("Import…"))
        self._lay_out()
        self.list.currentRowChanged.connect(self._show_chosen)
        self.use.clicked.connect(lambda: self._use(ScopeKind.IMAGE))
        self.use_all.clicked.connect(lambda: self._use(ScopeKind.DEVICE))
        self.save.clicked.connect(self._ask_and_save)
        self.delete.clicked.connect(self._delete)
        self.export.clicked.connect(self._export)
        self.take_in.clicked.connect(self._import)
        self.refresh()
        self._tell(templates.trouble)

    def refresh(self) -> None:
        """List what may be used on the selected image."""
        inspected = self._workspace.inspected()
        self._offers = offers(self._templates.all, inspected.dataset) if inspected else []
        self.list.clear()
        for proposal, _, template in self._offers:
            mark = "✓" if proposal.fits else "✕"
            kind = self.tr("template") if template is not None else self.tr("proposal")
            self.list.addItem(QListWidgetItem(f"{mark} {proposal.name} ({kind})"))
        if not self._offers:
            text = self.tr("Nothing is known of this device. Draw shapes and save them as a template.")
            item = QListWidgetItem(text)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        else:
            self.list.setCurrentRow(0)
        self.save.setEnabled(bool(self._workspace.regions_here()))
        self.export.setEnabled(bool(self._templates.all))
        self._show_chosen()

    def save_as(self, name: str) -> None:
        """Keep the shapes on the selected image as a template."""
        inspected = self._workspace.inspected()
        if inspected is None:
            return
        try:
            self._templates.save(name, inspected.dataset, self._workspace.regions_here())
        except DeidError as error:
            self._tell(str(error))
            return
        self.refresh()
        self._tell(self.tr("Saved. It is proposed for other images of this device."))

    def _chosen(self) -> tuple[Proposal, tuple[tuple[Shape, Manner], ...], DeviceTemplate | None] | None:
        row = self.list.currentRow()
        return self._offers[row] if 0 <= row < len(self._offers) else None

    def _show_chosen(self) -> None:
        chosen = self._chosen()
        image = self._workspace.selection.instance
        usable = chosen is not None and chosen[0].fits and bool(chosen[1])
        self.use.setEnabled(usable)
        self.use_all.setEnabled(usable)
        self.delete.setEnabled(chosen is not None and chosen[2] is not None)
        if chosen is None or image is None:
            self.conditions.setText("")
            self.preview.show_shapes((), 0, 0)
            return
        proposal, shapes, _ = chosen
        lines = [f"{'✓' if c.met else '✕'} {c.words}" for c in proposal.conditions]
        lines.append(self.tr("From: {0}").format(proposal.origin))
        if proposal.warning:
            lines.append(f"! {proposal.warning}")
        self.conditions.setText("\n".join(lines))
        self.preview.show_shapes(shapes, image.rows, image.columns)

    def _use(self, kind: ScopeKind) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self._workspace.add_regions(chosen[1], kind)
            self.accept()

    def _ask_and_save(self) -> None:
        image = self._workspace.selection.instance
        first = f"{image.manufacturer} {image.model}".strip() if image else ""
        title = self.tr("Save as template")
        name, sure = QInputDialog.getText(self, title, self.tr("Name (no patient data)"), text=first)
        if sure:
            self.save_as(name)

    def _delete(self) -> None:
        chosen = self._chosen()
        template = chosen[2] if chosen is not None else None
        if template is not None:
            self._try(lambda: self._templates.remove(template), self.tr("Deleted."))

    def _export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, self.tr("Export templates"), "", "JSON (*.json)")
        if path:
            self._try(lambda: self._templates.give_away(Path(path)), self.tr("Exported."))

    def _import(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Import templates"), "", "JSON (*.json)")
        if path:
            self.import_from(Path(path))

    def import_from(self, path: Path) -> None:
        """Add the templates of a file."""
        self._try(lambda: self._templates.take_in(path), self.tr("Imported."))

    def _try(self, act: Callable[[], object], done: str) -> None:
        try:
            act()
        except DeidError as error:
            self._tell(str(error))
            return
        self.refresh()
        self._tell(done)

    def _tell(self, text: str) -> None:
        self.notice.setText(text)
        self.notice.setVisible(bool(text))

    def _lay_out(self) -> None:
        for label in (self.conditions, self.notice):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.list.setAccessibleName(self.tr("Templates and proposals for this image"))
        self.list.setMinimumWidth(280)
        right = QVBoxLayout()
        right.addWidget(QLabel(self.tr("Why it fits, or not")))
        right.addWidget(self.conditions)
        right.addWidget(self.preview, 1)
        upper = QHBoxLayout()
        upper.addWidget(self.list)
        upper.addLayout(right, 1)
        lower = QGridLayout()
        for column, button in enumerate((self.use, self.use_all, self.save)):
            lower.addWidget(button, 0, column)
        for column, button in enumerate((self.delete, self.export, self.take_in)):
            lower.addWidget(button, 1, column)
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACE)
        layout.addLayout(upper, 1)
        layout.addWidget(self.notice)
        layout.addLayout(lower)
        self.resize(720, 480)
