"""Tells of series that a face could be rendered from, and offers to take it off; a person confirms."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Signal

from viewer.app.blockers import Blocker
from viewer.app.workspace import Workspace
from viewer.dicom.catalog import Catalog, Series
from viewer.finders.faces import Chance, FaceRemoval, FaceRisk, face_removal, face_risk

FACES: Final = "faces"
REMOVAL: Final = "face removal"
KEY: Final = "face-"


class FaceSearch(QObject):
    """Owns what was told of each series. `changed`: there is more."""

    changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._risks: dict[int, FaceRisk] = {}
        workspace.add_blockers(self.blockers)
        workspace.catalog_changed.connect(self.start)

    @property
    def running(self) -> bool:
        """Return whether the search is under way."""
        return self._workspace.tasks.running(FACES)

    def start(self) -> None:
        """Forget what was told, and look at all series that are open."""
        self._risks = {}
        catalog = self._workspace.catalog
        if catalog.studies:
            self._workspace.tasks.start(
                FACES,
                lambda _progress, cancelled: _risks(catalog, cancelled),
                self._take,
                failed=self._workspace.noticed.emit,
            )

    def risk_of(self, series: Series) -> FaceRisk | None:
        """Return what was told of a series, None while it was not looked at."""
        return next((self._risks.get(n) for n, s in self._numbered() if s is series), None)

    def offer(
        self, series: Series, done: Callable[[FaceRemoval], None], failed: Callable[[str], None]
    ) -> None:
        """Work out in the background what takes the face off a series."""
        self._workspace.tasks.start(
            REMOVAL,
            lambda _progress, cancelled: face_removal(series, cancelled=cancelled),
            done,
            failed=failed,
        )

    def withdraw(self) -> None:
        """Stop working on what was asked for last; nothing of it arrives any more."""
        self._workspace.tasks.cancel(REMOVAL)

    def accept(self, removal: FaceRemoval) -> None:
        """Take what was offered, in one step that can be undone."""
        self._workspace.take_boxes("face", removal.regions, ())

    def series_of(self, blocker: Blocker) -> Series | None:
        """Return the series that a blocker of this search is about."""
        return next((s for n, s in self._numbered() if blocker.key == f"{KEY}{n}"), None)

    def blockers(self) -> list[Blocker]:
        """Return the series with a face that nobody has decided on."""
        faceless = {r.scope.uid for r in self._workspace.recipe.regions if r.features}
        made = []
        for number, series in self._numbered():
            risk = self._risks.get(number)
            if risk is None or risk.chance is Chance.UNLIKELY or not series.instances:
                continue
            if risk.chance is Chance.UNKNOWN and not risk.named:
                continue
            if not any(i.sop_instance_uid in faceless for i in series.instances):
                words = f"Series {number}: {risk.chance.value} ({risk.why})."
                made.append(Blocker(f"{KEY}{number}", words, series.instances[len(series.instances) // 2]))
        return made

    def _numbered(self) -> list[tuple[int, Series]]:
        series = [s for study in self._workspace.catalog.studies for s in study.series]
        return list(enumerate(series, 1))

    def _take(self, risks: dict[int, FaceRisk]) -> None:
        self._risks = risks
        self._workspace.forget_blockers()
        self.changed.emit()


def _risks(catalog: Catalog, cancelled: Callable[[], bool]) -> dict[int, FaceRisk]:
    told = {}
    for number, one in enumerate((s for study in catalog.studies for s in study.series), 1):
        if cancelled():
            break
        told[number] = face_risk(one, cancelled=cancelled)
    return told
