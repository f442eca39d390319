"""Text-like marks of the frame on screen, worked out in the background while a person wants to see them."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Signal

from viewer.app.text_search import TextSearch
from viewer.app.workspace import Workspace
from viewer.dicom.catalog import Instance
from viewer.dicom.errors import UnreadableFile, Unsupported
from viewer.dicom.parsing import LARGE, parse
from viewer.dicom.sources import source_in_place
from viewer.finders.image_text import Layer, grey_of
from viewer.finders.marks import text_like_marks
from viewer.finders.text_box import TextBox

MARKS: Final = "text-like marks"


class TextMarks(QObject):
    """Gives the marks that were not taken for text; they are to be looked at, and decide nothing."""

    changed = Signal()

    def __init__(self, workspace: Workspace, search: TextSearch, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._search = workspace, search
        self._wanted = False
        self.marks: tuple[TextBox, ...] = ()
        workspace.selection_changed.connect(self._refresh)

    def show(self, wanted: bool) -> None:
        """Begin or stop to show them."""
        self._wanted = wanted
        self._refresh()

    def _refresh(self) -> None:
        chosen = self._workspace.selection
        image = chosen.instance
        self._take(())
        if not self._wanted or image is None or not image.frames:
            self._workspace.tasks.cancel(MARKS)
            return
        found = self._search.found_on(image)
        lines = found.text.lines if found is not None else ()
        boxes = [line.box for line in lines if line.layer is Layer.PIXELS]
        self._workspace.tasks.start(
            MARKS,
            lambda _progress, cancelled: _marks(image, chosen.frame, boxes, cancelled),
            self._take,
            failed=self._workspace.noticed.emit,
        )

    def _take(self, marks: tuple[TextBox, ...]) -> None:
        if marks != self.marks:
            self.marks = marks
            self.changed.emit()


def _marks(
    image: Instance, frame: int, boxes: list[TextBox], cancelled: Callable[[], bool]
) -> tuple[TextBox, ...]:
    try:
        grey = grey_of(parse(source_in_place(image.source, large=LARGE)), frame)
    except (UnreadableFile, Unsupported):
        return ()  # the image itself says why it cannot be shown
    return () if cancelled() else tuple(text_like_marks(grey, boxes))
