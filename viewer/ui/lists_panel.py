"""Below the tags: boxes drawn, what was noticed, and the result of the last export."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from viewer.app.private_queue import PrivateQueue
from viewer.app.text_search import TextSearch
from viewer.app.workspace import Workspace
from viewer.dicom.catalog import Rejected
from viewer.dicom.decisions import Severity
from viewer.pixels.regions import Ellipse, Fan, Polygon, Region
from viewer.release.channels import KINDS
from viewer.release.report import Held, Report, Written
from viewer.rules.profiles import title_of
from viewer.ui.image_panel import ImagePanel
from viewer.ui.private_panel import PrivatePanel
from viewer.ui.text_panel import TextPanel
from viewer.ui.theme import PAUSE_MS, SPACE

_ROLE = Qt.ItemDataRole.UserRole


class ListsPanel(QTabWidget):
    """Five lists that follow the workspace."""

    def __init__(
        self,
        workspace: Workspace,
        images: ImagePanel,
        queue: PrivateQueue,
        search: TextSearch,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.text, self._search = TextPanel(workspace, search), search
        self._queue = queue
        self.private = PrivatePanel(workspace, queue)
        self._workspace, self._images = workspace, images
        self.boxes, self.findings, self.report = QListWidget(), QListWidget(), QListWidget()
        self._remove = QPushButton(self.tr("Remove box"))
        self._lines: list[str] = []
        self._masked = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(PAUSE_MS)
        self._later.timeout.connect(self._fill_findings)
        self._lay_out()
        workspace.recipe_changed.connect(self.refresh)
        workspace.selection_changed.connect(self._later.start)
        workspace.catalog_changed.connect(self.refresh)
        workspace.catalog_changed.connect(self._fill_report)

    def set_masked(self, masked: bool) -> None:
        """Hide names of files, which may hold the patient's."""
        self._masked = masked
        self.private.set_masked(masked)
        self.text.set_masked(masked)
        self._fill_findings()

    def refresh(self) -> None:
        """Fill boxes and findings from the workspace."""
        self._fill_boxes()
        self._fill_findings()

    def show_report(self) -> None:
        """Show the last report and bring its tab to the front."""
        self._fill_report()
        self.setCurrentWidget(self.report)

    def _fill_report(self) -> None:
        self.report.clear()
        report = self._workspace.report
        if report is None:
            self._placeholder(self.report, self.tr("Nothing was exported yet."))
            return
        counts = report.counts
        self.report.addItem(
            self.tr("{0} written, {1} held, {2} not opened").format(
                counts["written"], counts["held"], counts["rejected"]
            )
        )
        for line in self._search_lines(report):
            self.report.addItem(line)
        for one in report.instances:
            if isinstance(one, Held):
                self.report.addItem(self.tr("✕ image {0} held: {1}").format(one.number, one.reason))
        unseen = sum(
            1
            for one in report.instances
            if isinstance(one, Written) and not one.looked_at and one.pixels.basis != "none"
        )
        if unseen:
            text = self.tr("! nobody has looked at the pixels of {0} written images")
            self.report.addItem(text.format(unseen))

    def _search_lines(self, report: Report) -> list[str]:
        """Return the table of the residual search in words."""
        cells = report.search_table()
        clean = sorted({k for (_, k), cell in cells.items() if cell.clean}, key=KINDS.index)
        lines = []
        if clean:
            places = len({channel for channel, _ in cells})
            kinds = ", ".join(self.tr(kind) for kind in clean)
            text = self.tr("✓ searched again after writing, in {0} kinds of place, and not found: {1}")
            lines.append(text.format(places, kinds))
        for (channel, kind), cell in cells.items():
            if cell.waived:
                text = self.tr("! kept in {0} files: {1} in {2} ({3})")
                why = ", ".join(self.tr(title_of(reason)) for reason in sorted(cell.reasons))
                lines.append(text.format(cell.waived, self.tr(kind), self.tr(channel), why))
            if cell.held:
                text = self.tr("✕ found in {0} files, which are held: {1} in {2}")
                lines.append(text.format(cell.held, self.tr(kind), self.tr(channel)))
        return lines

    def _fill_boxes(self) -> None:
        self.boxes.clear()
        for region in self._workspace.recipe.regions:
            box, scope = region.box, region.scope
            reach = self.tr(scope.kind.value)
            if scope.frames is not None:
                first, last = scope.frames[0] + 1, scope.frames[1] + 1
                words = self.tr("frame {0} only") if first == last else self.tr("frames {0} to {1}")
                reach = words.format(first, last)
            text = f"{box.width} × {box.height} at {box.x}, {box.y} — {reach}"
            item = QListWidgetItem(f"{self._shape_text(region)}{text}")
            item.setData(_ROLE, region)
            self.boxes.addItem(item)
        if not self._workspace.recipe.regions:
            self._placeholder(
                self.boxes, self.tr("No boxes yet. Choose the Box tool and drag over the image.")
            )
        self._remove.setEnabled(bool(self._workspace.recipe.regions))
        self.setTabText(0, self.tr("Boxes ({0})").format(len(self._workspace.recipe.regions)))

    def _shape_text(self, region: Region) -> str:
        """Return what is not plain about a region: its shape, what it keeps, what fills it."""
        names = {Ellipse: self.tr("Ellipse"), Polygon: self.tr("Polygon"), Fan: self.tr("Fan")}
        parts = [names[type(region.shape)]] if type(region.shape) in names else []
        if region.features:
            parts = [self.tr("Face")]
        if region.keep:
            parts.append(self.tr("keeps its inside"))
        if region.fill != "black":
            parts.append(self.tr("filled with {0}").format(self.tr(str(region.fill))))
        return f"{', '.join(parts)}: " if parts else ""

    def _placeholder(self, into: QListWidget, text: str) -> None:
        item = QListWidgetItem(text)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        into.addItem(item)

    def _fill_findings(self) -> None:
        catalog = self._workspace.catalog
        lines = []
        image = self._workspace.selection.instance
        inspected = self._workspace.inspected()
        if inspected is not None and image is not None:
            for finding in inspected.plan.findings:
                shape = "✕" if finding.severity is Severity.ERROR else "!"
                lines.append(f"{shape} {self.tr('this image')}: {finding.message} {finding.where}".rstrip())
        if catalog.duplicates:
            lines.append(
                self.tr("! {0} images share an identifier with another").format(len(catalog.duplicates))
            )
        if any(study.mixed_patients for study in catalog.studies):
            lines.append(self.tr("! a study holds images of different patients"))
        lines += [f"✕ {self.tr('not opened')}: {self._name(r)}: {r.reason}" for r in catalog.rejected]
        if lines == self._lines and self.findings.count():
            return
        self._lines = lines
        self.findings.clear()
        self.findings.addItems(lines)
        if not lines:
            self._placeholder(self.findings, self.tr("Nothing was noticed."))
        self.setTabText(self.indexOf(self.findings), self.tr("Findings ({0})").format(len(lines)))

    def _count_text(self) -> None:
        series = self._workspace.selection.series
        waiting = len(self._search.open_in(series)) if series is not None else 0
        self.setTabText(self.indexOf(self.text), self.tr("Text ({0})").format(waiting))

    def _count_private(self) -> None:
        count = self._queue.open_questions
        self.setTabText(self.indexOf(self.private), self.tr("Private ({0})").format(count))

    def _name(self, rejected: Rejected) -> str:
        return "••••••" if self._masked else rejected.source.member or rejected.source.path.name

    def _chosen_region(self) -> Region | None:
        item = self.boxes.currentItem()
        region = item.data(_ROLE) if item is not None else None
        return region if isinstance(region, Region) else None

    def _jump(self) -> None:
        """Show an image that the chosen box is for."""
        region = self._chosen_region()
        if region is None:
            return
        for study in self._workspace.catalog.studies:
            for series in study.series:
                for instance in series.instances:
                    if region.scope.uid in (instance.sop_instance_uid, series.uid, study.uid):
                        first = region.scope.frames[0] if region.scope.frames else 0
                        here = self._workspace.selection
                        if here.instance is None or region not in self._workspace.regions_here():
                            self._workspace.select(instance, first)
                        self._images.select_box(region)
                        return

    def _remove_chosen(self) -> None:
        region = self._chosen_region()
        if region is not None:
            self._workspace.remove_region(region)

    def _lay_out(self) -> None:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, SPACE, 0, 0)
        layout.addWidget(self.boxes, 1)
        row = QHBoxLayout()
        hint = QLabel(self.tr("Click a box to jump to it."))
        hint.setObjectName("faint")
        row.addWidget(hint, 1)
        row.addWidget(self._remove)
        layout.addLayout(row)
        self.boxes.itemClicked.connect(lambda _item: self._jump())
        self._remove.clicked.connect(self._remove_chosen)
        for view, name in ((self.boxes, "Boxes"), (self.findings, "Findings"), (self.report, "Report")):
            view.setAccessibleName(self.tr(name))
            view.setWordWrap(True)
        self.addTab(page, self.tr("Boxes"))
        self.addTab(self.text, self.tr("Text"))
        self.addTab(self.findings, self.tr("Findings"))
        self.addTab(self.private, self.tr("Private"))
        self.addTab(self.report, self.tr("Report"))
        self._queue.changed.connect(self._count_private)
        self._count_private()
        self._search.changed.connect(self._count_text)
        self._workspace.selection_changed.connect(self._count_text)
        self.text.chosen.connect(self._images.select_box)
        self._count_text()
        self.refresh()
        self._fill_report()
