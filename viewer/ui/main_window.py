"""The one window: studies, image, tags; open, options, undo, next, export."""

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QIcon, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QMenu,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from viewer.app.blockers import Blocker
from viewer.app.face_search import FaceSearch
from viewer.app.frames import FrameStore
from viewer.app.private_queue import PrivateQueue
from viewer.app.settings import Settings, load_settings, save_settings, settings_file
from viewer.app.templates import NAME, Templates
from viewer.app.text_marks import TextMarks
from viewer.app.text_memory import remember
from viewer.app.text_search import OpenText, TextSearch
from viewer.app.workspace import Workspace
from viewer.resources import resource
from viewer.rules.profiles import profile_named
from viewer.ui.export_dialog import ExportDialog
from viewer.ui.face_dialog import FaceDialog
from viewer.ui.history_actions import history_actions
from viewer.ui.image_panel import ImagePanel
from viewer.ui.left_panel import LeftPanel
from viewer.ui.lists_panel import ListsPanel
from viewer.ui.notice_bar import NoticeBar
from viewer.ui.open_button import OpenButton
from viewer.ui.options_dialog import OptionsDialog
from viewer.ui.profile_choice import ProfileChoice
from viewer.ui.study_panel import StudyPanel
from viewer.ui.tag_panel import TagPanel
from viewer.ui.template_dialog import TemplateDialog
from viewer.ui.theme import DARK, LIGHT, apply_theme, system_is_dark

_SIZE: Final = QSize(1440, 900)
_WIDTHS: Final = (220, 640, 580)
_NOTICE_MS: Final = 8000


class MainWindow(QMainWindow):
    """Composes the panels; each of its actions calls one verb."""

    def __init__(self, workspace: Workspace, settings_path: Path | None = None) -> None:
        super().__init__()
        self.workspace = workspace
        self._settings_path = settings_path or settings_file()
        self.settings: Settings = load_settings(self._settings_path)
        self.store = FrameStore(self)
        self.text = TextSearch(workspace, self)
        self.marks = TextMarks(workspace, self.text, self)
        self.faces = FaceSearch(workspace, self)
        self.images = ImagePanel(workspace, self.store, self.text)
        self.images.templates.clicked.connect(self.show_templates)
        self.studies = StudyPanel(workspace, self.store)
        self.tags = TagPanel(workspace)
        self.private = PrivateQueue(workspace, self._settings_path.with_name("site-list.json"), self)
        self.lists = ListsPanel(workspace, self.images, self.private, self.text)
        self.left = LeftPanel(workspace)
        self.notice = NoticeBar()
        self.profile = ProfileChoice(workspace)
        self.next_button = QToolButton()
        self.export_button = QPushButton(self.tr("Export…"))
        self._busy, self._end = QProgressBar(), QToolBar()
        self._stop = QPushButton(self.tr("Stop reading"))
        self.mask_action = QAction(self.tr("Mask screen"), self)
        self.dark = QAction(self.tr("Dark"), self)
        self.setWindowTitle("deid-viewer")
        self.setWindowIcon(QIcon(str(resource("icons", "deid-viewer-256.png"))))
        self.setAcceptDrops(True)
        self._lay_out()
        self._connect()
        self._restore()
        self.refresh()

    # What the actions do -------------------------------------------------------------------------

    def open_paths(self, paths: list[Path]) -> None:
        """Open files or folders; the list of recent ones remembers the first."""
        if not paths or not self._may_put_away():
            return
        self.settings = self.settings.opened(str(paths[0]))
        self._remember()
        self._busy.setRange(0, 0)
        self._show_busy(True)
        self.statusBar().showMessage(self.tr("Reading…"))
        self.workspace.open(paths, self._scan_progress)

    def _may_put_away(self) -> bool:
        """Ask before boxes and marks of what is open are put away."""
        recipe = self.workspace.recipe
        if not (recipe.regions or recipe.reviewed or recipe.waivers) or self.workspace.report is not None:
            return True
        boxes, marks = len(recipe.regions), len(recipe.reviewed)
        question = self.tr("Open something else? Your work here is put away: boxes {0}, images marked {1}.")
        answer = QMessageBox.question(self, self.tr("Open"), question.format(boxes, marks))
        return answer is QMessageBox.StandardButton.Yes

    def show_next(self) -> None:
        """Go to the first thing that is left to do."""
        waiting = self.workspace.blockers()
        if waiting:
            self.workspace.select(waiting[0].instance)
            self.statusBar().showMessage(waiting[0].sentence)

    def set_aside(self) -> None:
        """Ask for a reason and set the first blocker aside."""
        waiting = self.workspace.blockers()
        if waiting:
            self.left.set_aside(waiting[0])

    def export(self) -> None:
        """Open the export dialog; it is closed again before anything else can be done."""
        dialog = self.export_dialog()
        dialog.exec()

    def export_dialog(self) -> ExportDialog:
        """Return the export dialog, ready to be shown."""
        dialog = ExportDialog(self.workspace, self.settings.destination, self)
        dialog.exported.connect(lambda: self._exported(dialog))
        return dialog

    def _exported(self, dialog: ExportDialog) -> None:
        self.settings = replace(self.settings, destination=dialog.destination)
        self._remember()
        self.lists.show_report()

    def set_dark(self, dark: bool) -> None:
        """Switch between the light and the dark theme."""
        theme = DARK if dark else LIGHT
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, theme)
        self.tags.set_theme(theme)
        self.images.report.set_theme(theme)
        with QSignalBlocker(self.dark):  # only a person's own choice is remembered
            self.dark.setChecked(dark)

    def set_masked(self, masked: bool) -> None:
        """Hide patient data on the screen and in screenshots."""
        for panel in (self.images, self.studies, self.tags, self.lists):
            panel.set_masked(masked)

    # What is painted -----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what is left to do and which profile holds."""
        catalog = self.workspace.catalog
        waiting = self.workspace.blockers()
        opened = bool(catalog.studies)
        self.next_button.setEnabled(bool(waiting))
        left = self.tr("{0} left: Next ▸").format(len(waiting))
        done = self.tr("✓ Nothing left to do") if opened else self.tr("Nothing is open")
        self.next_button.setText(left if waiting else done)
        tips = [b.sentence for b in waiting[:8]] + (
            [f"… {len(waiting) - 8} more"] if len(waiting) > 8 else []
        )
        self.next_button.setToolTip("\n".join(tips))
        self.export_button.setEnabled(opened and not waiting)
        why = self.tr("Write cleaned copies")
        if waiting:
            why = self.tr("First look at what is left, or set it aside with a reason")
        self.export_button.setToolTip(why)
        self._end.setMinimumWidth(self._end.sizeHint().width())
        self.profile.refresh()

    def _scan_progress(self, done: int, total: int) -> None:
        self._busy.setRange(0, max(total, 1))
        self._busy.setValue(done)

    def _show_busy(self, busy: bool) -> None:
        self._busy.setVisible(busy)
        self._stop.setVisible(busy)

    def _stop_opening(self) -> None:
        self.workspace.stop_opening()
        self._show_busy(False)
        self.statusBar().showMessage(self.tr("Stopped. What was open stays open."), _NOTICE_MS)

    def _on_catalog(self) -> None:
        self._show_busy(False)
        self.notice.hide()
        count = sum(1 for _ in self.workspace.catalog.instances)
        if count:
            self.statusBar().showMessage(self.tr("Images open: {0}").format(count), _NOTICE_MS)

    def _on_notice(self, sentence: str) -> None:
        self._show_busy(False)
        self.notice.say(sentence)
        self.statusBar().showMessage(sentence, _NOTICE_MS)

    # Set-up --------------------------------------------------------------------------------------

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.catalog_changed.connect(self._on_catalog)
        workspace.catalog_changed.connect(self.refresh)
        workspace.recipe_changed.connect(self.refresh)
        workspace.noticed.connect(self._on_notice)
        for search in (self.text, self.faces):
            search.changed.connect(self.refresh)
            search.changed.connect(self.left.refresh)
        self.left.face_wanted.connect(self.show_face)
        self.text.accepted.connect(self._remember_text)
        self.lists.text.marks_wanted.connect(self.marks.show)
        self.marks.changed.connect(lambda: self.images.show_marks(self.marks.marks))

    def _lay_out(self) -> None:
        bar = QToolBar(self.tr("Main"))
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.addToolBar(bar)
        opener = OpenButton(lambda: self.settings.recent, self.mask_action.isChecked)
        opener.chosen.connect(self.open_paths)
        bar.addWidget(opener)
        self.profile.noticed.connect(self.notice.say)
        bar.addWidget(self.profile)
        bar.addAction(self._action(self.tr("Options…"), "Ctrl+,", self._open_options, ""))
        bar.addSeparator()
        bar.addActions(history_actions(self.workspace.history, self))
        bar.addSeparator()
        bar.addActions(self.images.view_actions)
        bar.addSeparator()
        self.mask_action.setCheckable(True)
        self.mask_action.setShortcut("Ctrl+M")
        self.mask_action.setToolTip(
            self.tr("Hide patient data on the screen; text inside images stays visible (Ctrl+M)")
        )
        self.mask_action.toggled.connect(self.set_masked)
        bar.addAction(self.mask_action)
        self.dark.setCheckable(True)
        self.dark.toggled.connect(self._toggle_dark)
        bar.addAction(self.dark)
        self._lay_out_end()
        self.addAction(self._action(self.tr("Search tags"), "Ctrl+F", self.tags.focus_filter, ""))
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(self.tags)
        right.addWidget(self.lists)
        right.setStretchFactor(0, 3)
        right.setStretchFactor(1, 1)
        whole = QSplitter(Qt.Orientation.Horizontal)
        left = QSplitter(Qt.Orientation.Vertical)
        left.addWidget(self.studies)
        left.addWidget(self.left)
        left.setSizes([600, 190])
        left.setStretchFactor(0, 1)
        for panel, width in ((left, 0), (self.images, 2), (right, 1)):
            whole.addWidget(panel)
            whole.setStretchFactor(whole.count() - 1, width)
        whole.setSizes(list(_WIDTHS))
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notice)
        column.addWidget(whole, 1)
        self.setCentralWidget(middle)
        self._busy.setMaximumWidth(220)
        self._busy.hide()
        self.statusBar().addPermanentWidget(self._busy)
        self._stop.hide()
        self._stop.clicked.connect(self._stop_opening)
        self.statusBar().addPermanentWidget(self._stop)

    def _lay_out_end(self) -> None:
        """Next and Export have a bar of their own, so that no narrow window can hide them."""
        end = self._end
        end.setWindowTitle(self.tr("Next and export"))
        end.setMovable(False)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        end.addWidget(space)
        end.addWidget(self._make_next_button())
        self.export_button.setObjectName("primary")
        self.export_button.setShortcut("Ctrl+E")
        self.export_button.clicked.connect(self.export)
        end.addWidget(self.export_button)
        self.addToolBar(end)

    def _make_next_button(self) -> QToolButton:
        self.next_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.next_button.setShortcut("N")
        self.next_button.clicked.connect(self.show_next)
        menu = QMenu(self.next_button)
        menu.addAction(self.tr("Set aside with a reason…"), self.set_aside)
        self.next_button.setMenu(menu)
        return self.next_button

    def _open_options(self) -> None:
        OptionsDialog(self.workspace, self).exec()

    def show_templates(self) -> None:
        """Offer what is known of the device of the selected image."""
        TemplateDialog(self.workspace, self._templates(), self).exec()

    def _templates(self) -> Templates:
        return Templates(self._settings_path.with_name(NAME))

    def _remember_text(self, accepted: list[OpenText]) -> None:
        trouble = remember(self._templates(), accepted)
        if trouble:
            self.notice.say(trouble)

    def show_face(self, blocker: Blocker) -> None:
        """Offer to take the face off the series that a blocker is about."""
        series = self.faces.series_of(blocker)
        if series is not None:
            FaceDialog(self.faces, series, self).exec()

    def _action(self, text: str, key: str, verb: Callable[[], None], tip: str) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(key))
        action.setToolTip(tip or f"{text} ({key})")
        action.triggered.connect(lambda _checked: verb())
        return action

    def _toggle_dark(self, dark: bool) -> None:
        self.settings = replace(self.settings, dark=dark)
        self.set_dark(dark)

    def _restore(self) -> None:
        self.resize(_SIZE)
        if self.settings.geometry:
            self.restoreGeometry(QByteArray(base64.b64decode(self.settings.geometry)))
        chosen = profile_named(self.settings.profile)
        if chosen is not None:
            self.workspace.set_profile(chosen)
            self.workspace.history.clear()
        wanted = self.settings.dark
        self.set_dark(system_is_dark() if wanted is None else wanted)

    def _remember(self) -> None:
        geometry = base64.b64encode(self.saveGeometry().data()).decode("ascii")
        name = self.workspace.recipe.profile.name
        self.settings = replace(self.settings, profile=name, geometry=geometry)
        save_settings(self.settings, self._settings_path)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        self.open_paths(paths)
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._remember()
        self.workspace.close()
        self.store.close()
        super().closeEvent(event)
