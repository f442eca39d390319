"""The choice of a profile; one that a person has changed is offered beside those shipped."""

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QWidget

from viewer.app.workspace import Workspace
from viewer.rules.profiles import shipped_profiles


class ProfileChoice(QComboBox):
    """Shows the profile of the recipe; choosing one is a verb."""

    noticed = Signal(str)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        for shipped in shipped_profiles():
            self.addItem(self.tr(shipped.name), shipped)
        self.setAccessibleName(self.tr("Profile"))
        self.setToolTip(self.tr("What is done to the tags"))
        self.setMinimumContentsLength(16)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.activated.connect(self._choose)

    def refresh(self) -> None:
        """Show the profile that holds."""
        profile, shipped = self._workspace.recipe.profile, shipped_profiles()
        own = len(shipped)
        with QSignalBlocker(self):
            if self.count() > own:
                self.removeItem(own)
            if profile not in shipped:
                self.addItem(self.tr("{0} (changed)").format(profile.name), profile)
            self.setCurrentIndex(shipped.index(profile) if profile in shipped else own)

    def _choose(self, index: int) -> None:
        chosen, former = self.itemData(index), self._workspace.recipe.profile
        if chosen is None or chosen == former:
            return
        self._workspace.set_profile(chosen)
        if former.overrides and not chosen.overrides:
            text = self.tr("Your choices for {0} tags went with the former profile. Undo brings them back.")
            self.noticed.emit(text.format(len(former.overrides)))
