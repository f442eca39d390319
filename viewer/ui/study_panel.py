"""The studies that are open: patients, studies, series with thumbnails and what is left to do."""

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QLabel, QPushButton, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from viewer.app.frames import FrameStore
from viewer.app.workspace import Workspace
from viewer.dicom.catalog import Instance, Series, Study
from viewer.dicom.charset import display_name
from viewer.rules.documents import shows_pixels
from viewer.ui.theme import SPACE

_ROLE: Final = Qt.ItemDataRole.UserRole
_THUMBNAIL: Final = QSize(56, 56)
_MASK: Final = "••••••"


class StudyPanel(QWidget):
    """A tree of studies and series; choosing one selects it in the workspace."""

    def __init__(self, workspace: Workspace, store: FrameStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._store = workspace, store
        self._masked = False
        self._items: dict[str, QTreeWidgetItem] = {}
        self._by_thumbnail: dict[int, QTreeWidgetItem] = {}
        self.tree = QTreeWidget()
        self.seen = QPushButton(self.tr("&Looked at this series"))
        self._summary = QLabel()
        self._lay_out()
        store.thumbnail_ready.connect(self._on_thumbnail)
        workspace.catalog_changed.connect(self.rebuild)
        workspace.recipe_changed.connect(self.refresh_states)
        workspace.selection_changed.connect(self._follow)

    def set_masked(self, masked: bool) -> None:
        self._masked = masked
        self.rebuild()

    def rebuild(self) -> None:
        """Show the catalog anew."""
        catalog = self._workspace.catalog
        self.tree.blockSignals(True)
        self.tree.clear()
        self._items.clear()
        self._by_thumbnail.clear()
        for study in catalog.studies:
            top = QTreeWidgetItem([self._study_text(study)])
            top.setToolTip(0, "" if self._masked else self._study_text(study))
            font = top.font(0)
            font.setBold(True)
            top.setFont(0, font)
            self.tree.addTopLevelItem(top)
            for series in study.series:
                top.addChild(self._series_item(series))
            top.setExpanded(True)
        self.tree.blockSignals(False)
        count = sum(1 for _ in catalog.instances)
        rejected = len(catalog.rejected)
        text = ""
        if count:
            studies = self.tr("1 study") if len(catalog.studies) == 1 else self.tr("{0} studies")
            images = self.tr("1 image") if count == 1 else self.tr("{0} images")
            text = f"{studies.format(len(catalog.studies))}, {images.format(count)}"
        if rejected:
            text += self.tr("\n{0} files not opened: see Findings").format(rejected)
        self._summary.setText(text)
        self.refresh_states()
        self._follow()

    def _study_text(self, study: Study) -> str:
        if self._masked:
            return _MASK
        name = display_name(study.patient_name) or self.tr("(no name)")
        return "\n".join(t for t in (name, " ".join(t for t in (study.date, study.description) if t)) if t)

    def _series_item(self, series: Series) -> QTreeWidgetItem:
        item = QTreeWidgetItem()
        middle = series.instances[len(series.instances) // 2]
        item.setData(0, _ROLE, series)
        item.setSizeHint(0, QSize(0, _THUMBNAIL.height() + SPACE))
        self._items[series.uid + str(series.instances[0].number)] = item
        self._by_thumbnail[middle.number] = item
        image = self._store.thumbnail(middle)
        if image is not None:
            self._set_thumbnail(item, image)
        return item

    def refresh_states(self) -> None:
        """Write state, modality and counts of every series; the state by shape and by word."""
        for item in self._items.values():
            series: Series = item.data(0, _ROLE)
            images = [i for i in series.instances if shows_pixels(i, self._workspace.recipe.profile)]
            state = (
                self._state(images) if images or not series.instances[0].media_type else "– to be replaced"
            )
            name = " ".join(t for t in (series.modality, "" if self._masked else series.description) if t)
            size = _size(series)
            item.setText(0, f"{name or 'no modality'}\n{size}\n{self.tr(state)}")
        self._refresh_button()

    def _refresh_button(self) -> None:
        reviewed = self._workspace.recipe.reviewed
        chosen = self._workspace.selection.series
        profile = self._workspace.recipe.profile
        waiting = chosen is not None and any(
            shows_pixels(i, profile) and i.sop_instance_uid not in reviewed for i in chosen.instances
        )
        self.seen.setEnabled(bool(waiting))

    def _state(self, images: list[Instance]) -> str:
        reviewed = self._workspace.recipe.reviewed
        if not images:
            return "– no image"
        if all(i.sop_instance_uid in reviewed for i in images):
            return "✓ looked at"
        if any(self._workspace.is_text_likely(i) for i in images):
            return "! text likely"
        return "● to look at"

    def mark_seen(self) -> None:
        """Mark the selected series as looked at."""
        series = self._workspace.selection.series
        if series is not None:
            self._workspace.mark_reviewed(series.instances)

    def _follow(self) -> None:
        chosen = self._workspace.selection
        if chosen.series is None:
            return
        item = self._items.get(chosen.series.uid + str(chosen.series.instances[0].number))
        if item is not None and self.tree.currentItem() is not item:
            self.tree.blockSignals(True)
            self.tree.setCurrentItem(item)
            self.tree.blockSignals(False)
        self._refresh_button()

    def _on_thumbnail(self, number: int, image: QImage) -> None:
        item = self._by_thumbnail.get(number)
        if item is not None:
            self._set_thumbnail(item, image)

    def _set_thumbnail(self, item: QTreeWidgetItem, image: QImage) -> None:
        if not image.isNull():
            icon = QIcon(QPixmap.fromImage(image))
            icon.addPixmap(QPixmap.fromImage(image), QIcon.Mode.Selected)  # or it is tinted when chosen
            item.setIcon(0, icon)

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        series = item.data(0, _ROLE) if item is not None else None
        if isinstance(series, Series):
            self._workspace.select_series(series)

    def _lay_out(self) -> None:
        self.tree.setHeaderHidden(True)
        self.tree.setIconSize(_THUMBNAIL)
        self.tree.setIndentation(SPACE)
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(False)
        self.tree.setAccessibleName(self.tr("Studies and series"))
        self.tree.currentItemChanged.connect(lambda current, _before: self._chosen(current))
        self.seen.setToolTip(self.tr("You have looked at every image of this series (L)"))
        self.seen.setShortcut("L")
        self.seen.clicked.connect(self.mark_seen)
        self.seen.setEnabled(False)
        self._summary.setObjectName("faint")
        self._summary.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        layout.setSpacing(SPACE)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.seen)
        layout.addWidget(self._summary)


def _size(series: Series) -> str:
    count, frames = len(series.instances), series.frames
    kind, part = ("document", "page") if series.instances[0].media_type else ("image", "frame")
    many = f"{count} {kind}" + ("" if count == 1 else "s")
    whole = sum(1 for i in series.instances if i.frames)
    return many if frames == whole else f"{many}, {frames} {part}s"
