"""The image with its tools: what the mouse does, how far a box reaches, before and after, frames."""

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from viewer.app.frames import FrameKey, FrameStore
from viewer.app.region_scopes import what_stays
from viewer.app.report_tree import goes_whole, report_lines
from viewer.app.sketch import Corners, inside_box, shape_of
from viewer.app.text_search import TextSearch
from viewer.app.tools import DRAWS, Placement, Tool
from viewer.app.workspace import Workspace
from viewer.dicom.catalog import Instance
from viewer.dicom.charset import display_name
from viewer.dicom.documents import PDF
from viewer.finders.proposals import TextProposal
from viewer.finders.text_box import TextBox
from viewer.pixels.regions import Box, Ellipse, Region, ScopeKind, Shape
from viewer.pixels.render import CT_PRESETS, Picture
from viewer.rules.documents import shows_pixels
from viewer.rules.recipe import Option
from viewer.ui.corner_texts import Corner, CornerLine
from viewer.ui.frame_bar import FrameBar
from viewer.ui.image_view import ImageView
from viewer.ui.overlay_paint import Preview
from viewer.ui.region_bar import RegionBar
from viewer.ui.report_view import ReportView
from viewer.ui.shown_boxes import ShownBoxes
from viewer.ui.theme import SPACE

_TOOLS: Final = (
    (Tool.BOX, "Box", "B", "Draw a box over text that identifies"),
    (Tool.ELLIPSE, "Ellipse", "E", "Draw an ellipse: drag from corner to corner of the box round it"),
    (
        Tool.POLYGON,
        "Polygon",
        "G",
        "Click the corners; Enter or a double click closes, Backspace takes one back",
    ),
    (Tool.FAN, "Fan", "U", "Click the corners of an ultrasound sector: four, or three and Enter"),
    (Tool.SELECT, "Select", "S", "Choose, move and resize boxes"),
    (Tool.WINDOW, "Window", "W", "Drag to change brightness and contrast (also the right button)"),
    (Tool.PAN, "Pan", "P", "Move the image (also the middle button)"),
    (Tool.ZOOM, "Zoom", "Z", "Drag up or down to zoom (also Ctrl and wheel)"),
)
_VIEWS: Final = (
    ("Before", "The image as it is, with the boxes drawn on it"),
    ("After", "The image as it will be written"),
    ("Side by side", "Both"),
)


class ImagePanel(QWidget):
    """Shows the selected frame; turns drawn boxes into verbs of the workspace."""

    frame_moved = Signal(int)

    def __init__(
        self, workspace: Workspace, store: FrameStore, search: TextSearch, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace, self._store = workspace, store
        self._series: object = None
        self.boxes = ShownBoxes(workspace, search)
        search.changed.connect(self.refresh_boxes)
        self._positions: dict[FrameKey, int] = {}
        self.before, self.after = ImageView(), ImageView()
        self.report = ReportView()
        self._middle = QStackedWidget()
        self.bar = FrameBar()
        self.manner = RegionBar()
        self.templates = QPushButton(self.tr("Templates…"))
        self.templates.setToolTip(self.tr("Shapes known for this device: use them, or save those drawn here"))
        self.scope = self.manner.scope
        self.seen = QPushButton(self.tr("Looked at this image"))
        self.changes = QLabel()
        self.changes.setContentsMargins(SPACE, 0, SPACE, 0)
        self.tools = QToolBar()
        self._tool_actions: dict[Tool, QAction] = {}
        self.view_actions: list[QAction] = []
        self._lay_out()
        self._connect()
        self.set_tool(Tool.BOX)
        self.view_actions[0].trigger()

    def set_tool(self, tool: Tool) -> None:
        self._tool_actions[tool].setChecked(True)
        self.before.set_tool(tool)
        self.after.set_tool(Tool.SELECT if tool in DRAWS else tool)
        self.manner.set_keep(tool is Tool.FAN)

    def set_view(self, number: int) -> None:
        """Show before (0), after (1) or both side by side (2)."""
        self.view_actions[number].setChecked(True)
        self.report.set_view(number)
        self.before.setVisible(number in (0, 2))
        self.after.setVisible(number in (1, 2))
        self.before.fit()
        self.after.fit()

    def set_masked(self, masked: bool) -> None:
        self.before.set_masked(masked)
        self.after.set_masked(masked)
        self.report.set_masked(masked)

    def select_box(self, chosen: Region | TextProposal) -> None:
        self.before.set_selected(self.boxes.number_of(chosen))

    def show_marks(self, marks: tuple[TextBox, ...]) -> None:
        """Outline marks that look like text and were not taken for it."""
        self.boxes.marks = marks
        self.refresh_boxes()

    def refresh_selection(self) -> None:
        """Show the selected instance and frame."""
        chosen = self._workspace.selection
        self._show_report()
        if chosen.series is None or chosen.instance is None:
            self._show(None, "")
            self.bar.set_count(0)
            self._show_mark()
            return
        if chosen.series is not self._series:
            self._enter_series()
        position = self._positions.get(FrameKey(chosen.instance.number, chosen.frame))
        self._corners(chosen.instance)
        self._show_mark()
        self.refresh_boxes()
        if position is None:
            self._show(None, self._why_no_picture(chosen.instance))
            return
        self.bar.set_frame(position)
        self.manner.set_frame(chosen.frame)
        count = len(self._positions)
        for view in (self.before, self.after):
            view.set_frame(position + 1, count)
        picture = self._store.request(position)
        if picture is not None:
            self._show(picture, "")

    def refresh_boxes(self) -> None:
        """Draw the boxes of the frame on screen."""
        items = self.boxes.items()
        self.before.set_boxes(items)
        self.after.set_boxes(items)
        self.changes.setText(self._change_text())

    def _change_text(self) -> str:
        """Return how many pixels of the frame on screen will change; after an export, what was proved."""
        proof, image = self._workspace.proof(), self._workspace.selection.instance
        rest = self.tr(what_stays(image.transfer_syntax_uid if image else ""))
        if proof is not None:
            words = self.tr("Written and checked: {0} of {1} frames changed, {2} pixels filled; {3}.")
            return words.format(proof.frames_touched, proof.frames, f"{proof.pixels_blanked:,}", rest)
        pixels, whole = self._workspace.pixels_to_change()
        if not pixels:
            return self.tr("No pixel of this frame will be filled.") if whole else ""
        words = self.tr("{0} of {1} pixels of this frame will be filled; {2}.")
        return words.format(f"{pixels:,}", f"{whole:,}", rest)

    def chosen_scope(self) -> ScopeKind:
        kind: ScopeKind = self.scope.currentData()
        return kind

    def _enter_series(self) -> None:
        series = self._workspace.selection.series
        self._series = series
        self._store.set_series(series.instances if series else ())
        self._positions = {self._store.key(i): i for i in range(self._store.count)}
        self.bar.set_count(self._store.count)
        self.manner.set_count(max((i.frames for i in series.instances), default=1) if series else 1)
        for view in (self.before, self.after):
            view.reset()
            view.set_presets(CT_PRESETS if series and series.modality == "CT" else ())

    def _show(self, picture: Picture | None, message: str) -> None:
        image = self._workspace.selection.instance
        gone = image is not None and image.frames and not shows_pixels(image, self._workspace.recipe.profile)
        self.before.set_picture(picture, message)
        self.after.set_picture(None if gone else picture, self._instead() if gone else message)

    def _show_report(self) -> None:
        """Show the report of an object without pixels in place of the images, and the images for others."""
        image = self._workspace.selection.instance
        plain = image is not None and not image.frames and not image.media_type
        inspected = self._workspace.inspected() if plain else None
        lines = report_lines(inspected.dataset, inspected.plan) if inspected else ()
        if inspected is not None and lines:
            self.report.set_report(lines, whole=goes_whole(inspected.plan))
        self._middle.setCurrentIndex(1 if lines else 0)
        self.scope.setEnabled(not lines)
        for tool in self._tool_actions.values():
            tool.setEnabled(not lines)

    def _instead(self) -> str:
        return self.tr(
            "An empty document is written instead. Its pages can be kept as pictures: see Options."
        )

    def _why_no_picture(self, image: Instance) -> str:
        if not image.media_type:
            return self.tr("There is no image in this object. Its tags are listed on the right.")
        if image.media_type == PDF:
            return self.tr("The document in it is protected or damaged and cannot be shown, only replaced.")
        return self.tr("The document in it cannot be shown here. An empty one is written instead.")

    def _corners(self, image: Instance) -> None:
        chosen = self._workspace.selection
        study, series = chosen.study, chosen.series
        if study is None or series is None:
            return
        who = [display_name(study.patient_name), study.patient_id]
        what = [study.date, " ".join(t for t in (series.modality, series.description) if t)]
        size = f"{image.columns} × {image.rows}" if image.frames else ""
        seen = image.sop_instance_uid in self._workspace.recipe.reviewed
        state = self.tr("✓ looked at") if seen else ""
        for view in (self.before, self.after):
            view.set_corner(Corner.TOP_LEFT, [t for t in who if t])
            view.set_corner(Corner.TOP_RIGHT, [t for t in what if t])
            lines = [CornerLine(t, identifying=False) for t in (size, state) if t]
            view.set_corner(Corner.BOTTOM_RIGHT, lines)

    def _on_ready(self, key: FrameKey, picture: Picture) -> None:
        chosen = self._workspace.selection
        if chosen.instance is not None and key == FrameKey(chosen.instance.number, chosen.frame):
            self._show(picture, "")

    def _on_failed(self, key: FrameKey, sentence: str) -> None:
        chosen = self._workspace.selection
        if chosen.instance is not None and key == FrameKey(chosen.instance.number, chosen.frame):
            self._show(None, sentence)

    def _go_to(self, position: int) -> None:
        if not 0 <= position < self._store.count:
            return
        key = self._store.key(position)
        series = self._workspace.selection.series
        for instance in series.instances if series else ():
            if instance.number == key.instance:
                self._workspace.select(instance, key.frame)
                self.frame_moved.emit(position)

    def _step(self, by: int) -> None:
        self._go_to(min(max(self.bar.frame + by, 0), self._store.count - 1))

    def _draw(self, box: Box) -> None:
        """Add what the tool makes of a box that was dragged, or put there with the keyboard."""
        tool = self.before.tool
        if tool in (Tool.POLYGON, Tool.FAN):
            self._add(inside_box(box, as_fan=tool is Tool.FAN))
        else:
            self._add(Ellipse(box) if tool is Tool.ELLIPSE else box)

    def _draw_corners(self, corners: Corners) -> None:
        self._add(shape_of(corners, as_fan=self.before.tool is Tool.FAN))

    def _add(self, shape: Shape | None) -> None:
        if shape is None:
            self._workspace.noticed.emit(
                self.tr("That encloses nothing: a shape has three corners or more; a fan three or four.")
            )
            return
        bar = self.manner
        self._workspace.add_region(shape, self.chosen_scope(), manner=bar.manner(), frames=bar.frames())

    def _changed(self, index: int, box: Box) -> None:
        self.boxes.change(index, box)

    def _removed(self, index: int) -> None:
        self.boxes.remove(index)

    def _connect(self) -> None:
        store, workspace = self._store, self._workspace
        store.frame_ready.connect(self._on_ready)
        store.frame_failed.connect(self._on_failed)
        workspace.selection_changed.connect(self.refresh_selection)
        workspace.recipe_changed.connect(self._on_recipe)
        workspace.catalog_changed.connect(self._on_catalog)
        self.bar.frame_chosen.connect(self._go_to)
        for view, other in ((self.before, self.after), (self.after, self.before)):
            view.box_drawn.connect(self._draw)
            view.shape_drawn.connect(self._draw_corners)
            view.box_changed.connect(self._changed)
            view.box_removed.connect(self._removed)
            view.frame_step_requested.connect(self._step)
            view.place_changed.connect(lambda place, v=view, o=other: self._follow(v, o, place))
            view.window_changed.connect(
                lambda _c, _w, v=view, o=other: o.set_display_window(v.display_window)
            )
        self.after.set_preview(Preview.AFTER)

    def _follow(self, view: ImageView, other: ImageView, place: Placement) -> None:
        """Keep both views on the same place; a hidden one has no say."""
        if not (view.isVisible() and other.isVisible()):
            return
        if not view.fitted:
            other.set_place(place)
        elif not other.fitted:
            other.fit()

    def _on_recipe(self) -> None:
        image = self._workspace.selection.instance
        if image is not None and not image.frames:
            self.refresh_selection()  # what is kept of a document or a report is a choice
            return
        self.refresh_boxes()
        self._show_mark()
        if image is not None:
            self._corners(image)

    def _on_catalog(self) -> None:
        self._series = None
        self._positions = {}
        if not self._workspace.catalog.studies:
            self.refresh_selection()

    def _scope_row(self) -> QHBoxLayout:
        self.seen.setCheckable(True)
        self.seen.setToolTip(self.tr("You have looked at every frame of this image (Shift+L)"))
        self.seen.clicked.connect(self._mark)
        row = QHBoxLayout()
        row.setContentsMargins(SPACE, 0, SPACE, 0)
        row.addWidget(self.manner)
        row.addWidget(self.templates)
        row.addStretch(1)
        row.addWidget(self.seen)
        return row

    def _mark(self, seen: bool) -> None:
        image = self._workspace.selection.instance
        if image is not None:
            self._workspace.mark_reviewed([image], seen)

    def _show_mark(self) -> None:
        image = self._workspace.selection.instance
        marked = image is not None and image.sop_instance_uid in self._workspace.recipe.reviewed
        self.seen.setEnabled(image is not None and image.frames > 0)
        self.seen.setChecked(marked)
        stay = marked and Option.CLEAN_GRAPHICS in self._workspace.recipe.profile.options
        self.after.set_overlays_stay(stay)
        self.before.set_overlays_stay(stay)
        self.seen.setText(self.tr("✓ Looked at this image") if marked else self.tr("Looked at this image"))
        self.seen.setShortcut("Shift+L")  # a new text takes the shortcut away

    def _lay_out(self) -> None:
        group = QActionGroup(self)
        for tool, name, key, tip in _TOOLS:
            action = QAction(self.tr(name), self)
            action.setCheckable(True)
            action.setShortcut(QKeySequence(key))
            action.setToolTip(f"{self.tr(tip)} ({key})")
            action.triggered.connect(lambda _checked, t=tool: self.set_tool(t))
            group.addAction(action)
            self.tools.addAction(action)
            self._tool_actions[tool] = action
        views = QActionGroup(self)
        for number, (name, tip) in enumerate(_VIEWS):
            action = QAction(self.tr(name), self)
            action.setCheckable(True)
            action.setToolTip(self.tr(tip))
            action.triggered.connect(lambda _checked, n=number: self.set_view(n))
            views.addAction(action)
            self.view_actions.append(action)
        self.tools.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        images = QHBoxLayout()
        images.setSpacing(2)
        images.addWidget(self.before, 1)
        images.addWidget(self.after, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addWidget(self.tools)
        layout.addLayout(self._scope_row())
        pictures = QWidget()
        pictures.setLayout(images)
        images.setContentsMargins(0, 0, 0, 0)
        self._middle.addWidget(pictures)
        self._middle.addWidget(self.report)
        layout.addWidget(self._middle, 1)
        layout.addWidget(self.changes)
        layout.addWidget(self.bar)
