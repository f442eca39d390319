"""The boxes on the image: regions of the recipe, then text proposed and not decided, then marks."""

from PySide6.QtCore import QCoreApplication

from viewer.app.text_search import OpenText, TextSearch
from viewer.app.workspace import Workspace
from viewer.finders.image_text import Layer
from viewer.finders.proposals import TextProposal
from viewer.finders.text_box import TextBox
from viewer.pixels.regions import Box, Region
from viewer.ui.overlay_paint import BoxItem, BoxState


class ShownBoxes:
    """Turns regions and proposals into boxes to paint, and what a person does to a box into verbs."""

    def __init__(self, workspace: Workspace, search: TextSearch) -> None:
        self._workspace, self._search = workspace, search
        self.regions: tuple[Region, ...] = ()
        self.proposals: tuple[TextProposal, ...] = ()
        self.marks: tuple[TextBox, ...] = ()

    def items(self) -> list[BoxItem]:
        """Return the boxes of the frame on screen; those meant for another size are marked as such."""
        self.regions = self._workspace.regions_here()
        self.proposals = tuple(p for p in self._search.open_here() if p.layer is not Layer.ICON)
        image = self._workspace.selection.instance
        size = (image.rows, image.columns) if image else (0, 0)
        made = [self._region(region, size) for region in self.regions]
        made += [BoxItem(p.box, BoxState.PROPOSED, self._told(p)) for p in self.proposals]
        return made + [_mark(mark) for mark in self.marks]

    def number_of(self, chosen: Region | TextProposal) -> int:
        """Return the number of a box, -1 when it is not on screen."""
        both: tuple[Region | TextProposal, ...] = (*self.regions, *self.proposals)
        return both.index(chosen) if chosen in both else -1

    def change(self, index: int, box: Box) -> None:
        """Move a region; a proposal that is moved is accepted as it now is."""
        if 0 <= index < len(self.regions):
            self._workspace.change_region(self.regions[index], box)
        elif (one := self._proposal(index)) is not None:
            self._search.accept_as(one, box)

    def remove(self, index: int) -> None:
        """Take a region away; a proposal is dismissed as harmless."""
        if 0 <= index < len(self.regions):
            self._workspace.remove_region(self.regions[index])
        elif (one := self._proposal(index)) is not None:
            self._search.dismiss([one])

    def _proposal(self, index: int) -> OpenText | None:
        image, number = self._workspace.selection.instance, index - len(self.regions)
        if image is None or not 0 <= number < len(self.proposals):
            return None
        return OpenText(image, self.proposals[number])

    def _region(self, region: Region, size: tuple[int, int]) -> BoxItem:
        state = (
            BoxState.ACCEPTED if (region.scope.rows, region.scope.columns) == size else BoxState.OTHER_SIZE
        )
        shape = None if isinstance(region.shape, Box) else region.shape
        fill = self._workspace.shown_fill(region.fill)
        return BoxItem(region.box, state, _tr(region.scope.kind.value), shape, region.keep, fill)

    def _told(self, proposal: TextProposal) -> str:
        words = proposal.words or _tr("(not readable)")
        return f"{words} — {_tr(proposal.verdict.why)}"


def _mark(mark: TextBox) -> BoxItem:
    box = Box(mark.x0, mark.y0, mark.x1 - mark.x0, mark.y1 - mark.y0)
    return BoxItem(box, BoxState.MARK, _tr("a text-like mark: look at it"))


def _tr(text: str) -> str:
    return QCoreApplication.translate("ShownBoxes", text)
