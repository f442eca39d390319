"""The ten options of PS3.15 as switches, each with one plain sentence."""

from typing import Final

from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from viewer.app.workspace import Workspace
from viewer.rules.profiles import OPTION_TEXTS
from viewer.rules.recipe import Option
from viewer.ui.more_rules import MoreRules
from viewer.ui.theme import SPACE

_TEXT_WIDTH: Final = 560
"""Pixels; nearly every sentence fits one line."""


class OptionsDialog(QDialog):
    """Every switch acts at once and can be undone; there is nothing to apply."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.switches: dict[Option, QCheckBox] = {}
        self.weekday = QCheckBox(self.tr("Keep the day of the week when dates are moved"))
        self.more = MoreRules(workspace)
        self._dates = QLabel(
            self.tr("The two ways of keeping dates exclude each other: choosing one takes the other back.")
        )
        self.setWindowTitle(self.tr("Options of the profile"))
        self._lay_out()
        self.refresh()
        workspace.recipe_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the options of the recipe."""
        chosen = self._workspace.recipe.profile.options
        for option, switch in self.switches.items():
            switch.blockSignals(True)
            switch.setChecked(option in chosen)
            switch.blockSignals(False)
        self.weekday.setEnabled(Option.RETAIN_MODIFIED_DATES in chosen)
        self.weekday.setChecked(self._workspace.recipe.profile.keep_weekday)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * SPACE)
        grid.setVerticalSpacing(SPACE)
        grid.setColumnStretch(1, 1)
        for row, (option, (title, sentence)) in enumerate(OPTION_TEXTS.items()):
            switch = QCheckBox(self.tr(title))
            switch.setToolTip(self.tr(sentence))
            switch.toggled.connect(lambda wanted, o=option: self._workspace.set_option(o, wanted))
            text = QLabel(self.tr(sentence))
            text.setObjectName("faint")
            text.setWordWrap(True)
            text.setMinimumWidth(_TEXT_WIDTH)
            text.setMinimumHeight(text.heightForWidth(_TEXT_WIDTH))
            grid.addWidget(switch, row, 0)
            grid.addWidget(text, row, 1)
            self.switches[option] = switch
        self._dates.setObjectName("faint")
        self._dates.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * SPACE, 3 * SPACE, 3 * SPACE, 2 * SPACE)
        layout.setSpacing(2 * SPACE)
        intro = QLabel(
            self.tr("Without options the Basic Profile removes all of this. Each keeps something, at a risk.")
        )
        intro.setWordWrap(True)
        layout.addWidget(intro)
        layout.addLayout(grid)
        self.weekday.setToolTip(self.tr("Dates are moved by whole weeks"))
        self.weekday.clicked.connect(self._workspace.set_keep_weekday)
        layout.addWidget(self.weekday)
        layout.addWidget(self._dates)
        layout.addWidget(self.more)
        layout.addWidget(buttons)
