"""What is left to do before an export: a list; each entry leads to its place or is set aside."""

from typing import Final, TypeAlias

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from viewer.app.blockers import Blocker
from viewer.app.face_search import KEY
from viewer.app.workspace import Workspace
from viewer.ui.theme import SPACE

_ROLE: Final = Qt.ItemDataRole.UserRole


_Entry: TypeAlias = tuple[str, Blocker | None]
"""What an entry says, and what it leads to."""


def _changed(old: list[_Entry], new: list[_Entry]) -> tuple[int, int]:
    """Return how many entries are the same at the beginning, and how many behind those at the end."""
    most = min(len(old), len(new))
    first = next((n for n in range(most) if old[n] != new[n]), most)
    most -= first
    return first, next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)


class LeftPanel(QWidget):
    """Follows the workspace; one click goes there, a reason sets an entry aside."""

    face_wanted = Signal(object)
    """The blocker of a series that a face could be rendered from."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._entries: list[_Entry] = []
        self.title, self.list = QLabel(), QListWidget()
        self.aside = QPushButton(self.tr("Set aside…"))
        self.face = QPushButton(self.tr("Look at the face…"))
        self._lay_out()
        workspace.catalog_changed.connect(self.refresh)
        workspace.recipe_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """List what is left, and below it what was set aside; entries that stay are left as they are."""
        waiting = self._workspace.blockers()
        aside = self.tr("– set aside: {0}")
        entries: list[_Entry] = [(blocker.sentence, blocker) for blocker in waiting]
        entries += [(aside.format(waiver.reason), None) for waiver in self._workspace.recipe.waivers]
        kept, row = self.chosen(), self.list.currentRow()
        first, last = _changed(self._entries, entries)
        for _ in range(first, len(self._entries) - last):
            self.list.takeItem(first)
        for at in range(first, len(entries) - last):
            self.list.insertItem(at, self._item(*entries[at]))
        self._entries = entries
        if kept is not None and first <= row:
            same = (at for at, (_, blocker) in enumerate(entries) if blocker and blocker.key == kept.key)
            self.list.setCurrentRow(next(same, -1))
        self.title.setText(self._title(len(waiting)))
        self._refresh_button()

    def _item(self, text: str, blocker: Blocker | None) -> QListWidgetItem:
        item = QListWidgetItem(text)
        if blocker is None:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        else:
            item.setData(_ROLE, blocker)
            item.setToolTip(self.tr("Click to go there"))
        return item

    def chosen(self) -> Blocker | None:
        """Return the entry that is chosen."""
        item = self.list.currentItem()
        blocker = item.data(_ROLE) if item is not None else None
        return blocker if isinstance(blocker, Blocker) else None

    def set_aside(self, blocker: Blocker) -> None:
        """Ask for the reason that goes into the report, and set the entry aside."""
        question = blocker.sentence + "\n" + self.tr("Reason for the report (no patient data):")
        reason, given = QInputDialog.getText(self, self.tr("Set aside"), question)
        if given:
            self._workspace.waive(blocker, reason)

    def _title(self, count: int) -> str:
        if not self._workspace.catalog.studies:
            return self.tr("Nothing is open")
        return self.tr("{0} left to do").format(count) if count else self.tr("✓ Nothing left to do")

    def _refresh_button(self) -> None:
        chosen = self.chosen()
        self.aside.setEnabled(chosen is not None)
        self.face.setVisible(chosen is not None and chosen.key.startswith(KEY))

    def _go(self) -> None:
        blocker = self.chosen()
        if blocker is not None:
            self._workspace.select(blocker.instance)

    def _set_chosen_aside(self) -> None:
        blocker = self.chosen()
        if blocker is not None:
            self.set_aside(blocker)

    def _lay_out(self) -> None:
        self.title.setObjectName("heading")
        self.list.setWordWrap(True)
        self.list.setLayoutMode(QListWidget.LayoutMode.Batched)  # hundreds of entries are measured one by one
        self.list.setBatchSize(20)
        self.list.setAccessibleName(self.tr("What is left to do"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(lambda _item: self._go())
        self.list.itemActivated.connect(lambda _item: self._go())
        self.list.currentItemChanged.connect(lambda _now, _before: self._refresh_button())
        self.aside.setToolTip(self.tr("Leave this undone, with a reason that goes into the report"))
        self.aside.clicked.connect(self._set_chosen_aside)
        row = QHBoxLayout()
        row.addWidget(self.title, 1)
        self.face.clicked.connect(lambda: self.face_wanted.emit(self.chosen()))
        row.addWidget(self.aside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        layout.setSpacing(SPACE)
        layout.addLayout(row)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.face)
