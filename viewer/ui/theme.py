"""Colours, fonts and spacing of the window: light and dark, colour-blind safe, readable on any scale."""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QLabel

from viewer.dicom.decisions import Identity
from viewer.resources import resource

SPACE: Final = 6
"""Pixels between things that belong together; twice that between groups."""
PAUSE_MS: Final = 50
"""How long the selection must rest before its tags are read."""
FAMILIES: Final = (
    "Segoe UI",
    "Microsoft YaHei UI",
    "Noto Sans",
    "Noto Sans CJK SC",
    "DejaVu Sans",
    "WenQuanYi Micro Hei",
)


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of colours."""

    window: str
    base: str
    raised: str
    text: str
    faint: str
    line: str
    accent: str
    on_accent: str
    warning: str
    good: str
    identity: dict[Identity, str]


LIGHT: Final = Theme(
    window="#f3f4f6",
    base="#ffffff",
    raised="#fafbfc",
    text="#1b2430",
    faint="#5b6675",
    line="#c9d0d9",
    accent="#0b63b0",
    on_accent="#ffffff",
    warning="#a04a00",
    good="#0f6b52",
    identity={
        Identity.DIRECT: "#b42318",
        Identity.QUASI: "#9a5b00",
        Identity.FREE_TEXT: "#6941a5",
        Identity.UNKNOWN: "#475467",
        Identity.HARMLESS: "#0f6b52",
    },
)
DARK: Final = Theme(
    window="#1d2126",
    base="#16191d",
    raised="#242a31",
    text="#e8ecf1",
    faint="#a3afbd",
    line="#3a434e",
    accent="#6cb6f5",
    on_accent="#0b1a28",
    warning="#ffb35c",
    good="#5fd0ab",
    identity={
        Identity.DIRECT: "#ff8a7a",
        Identity.QUASI: "#ffc14d",
        Identity.FREE_TEXT: "#c9a6ff",
        Identity.UNKNOWN: "#c3ccd6",
        Identity.HARMLESS: "#5fd0ab",
    },
)


def system_is_dark() -> bool:
    """Return whether the desktop asks for dark windows."""
    return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Give the whole program a theme; widgets follow at once."""
    application.setStyle("Fusion")
    font = QFont()
    font.setFamilies(list(FAMILIES))
    font.setPointSizeF(10)
    application.setFont(font)
    application.setPalette(_palette(theme))
    application.setStyleSheet(_sheet(theme))


def _palette(theme: Theme) -> QPalette:
    roles = {
        QPalette.ColorRole.Window: theme.window,
        QPalette.ColorRole.Base: theme.base,
        QPalette.ColorRole.AlternateBase: theme.raised,
        QPalette.ColorRole.Button: theme.raised,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.ToolTipBase: theme.raised,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.faint,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.on_accent,
        QPalette.ColorRole.Link: theme.accent,
        QPalette.ColorRole.Light: theme.line,
        QPalette.ColorRole.Midlight: theme.line,
        QPalette.ColorRole.Mid: theme.line,
        QPalette.ColorRole.Dark: theme.faint,
        QPalette.ColorRole.Shadow: theme.line,
    }
    palette = QPalette()
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.faint))
    return palette


def say(label: QLabel, kind: str, text: str) -> None:
    """Show a text in one of the kinds of the style sheet: faint, warning, good, title."""
    label.setObjectName(kind)
    label.style().unpolish(label)
    label.style().polish(label)
    label.setText(text)


def _sheet(theme: Theme) -> str:
    check = resource("icons", "check-dark.png" if theme is DARK else "check-light.png").as_posix()
    return f"""
    QToolBar {{ background: {theme.raised}; border: none; border-bottom: 1px solid {theme.line};
                spacing: {SPACE}px; padding: {SPACE}px; }}
    QToolButton, QPushButton {{ padding: 5px 8px; border: 1px solid {theme.line}; border-radius: 4px;
                background: {theme.base}; }}
    QToolButton:hover, QPushButton:hover {{ border-color: {theme.accent}; }}
    QToolButton:focus, QPushButton:focus {{ border: 2px solid {theme.accent}; padding: 4px 7px; }}
    QToolButton:checked, QPushButton:checked {{ background: {theme.accent}; color: {theme.on_accent}; }}
    QToolButton:disabled, QPushButton:disabled {{ color: {theme.faint}; background: {theme.window}; }}
    QToolButton::menu-indicator {{ image: none; }}
    QPushButton#primary {{ background: {theme.accent}; color: {theme.on_accent}; font-weight: bold; }}
    QPushButton#primary:disabled {{ background: {theme.window}; color: {theme.faint}; font-weight: normal; }}
    QLabel#faint {{ color: {theme.faint}; }}
    QLabel#warning {{ color: {theme.warning}; font-weight: bold; }}
    QLabel#good {{ color: {theme.good}; font-weight: bold; }}
    QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {theme.faint}; border-radius: 3px;
                background: {theme.base}; }}
    QCheckBox::indicator:checked {{ background: {theme.accent}; image: url({check}); }}
    QCheckBox::indicator:focus {{ border: 2px solid {theme.accent}; }}
    QLabel#heading {{ font-weight: bold; }}
    QFrame#notice {{ background: {theme.raised}; border: none; border-bottom: 2px solid {theme.warning}; }}
    QFrame#notice QLabel {{ color: {theme.warning}; font-weight: bold; }}
    QLabel#title {{ font-size: 15pt; font-weight: bold; }}
    QHeaderView::section {{ background: {theme.raised}; border: none; border-bottom: 1px solid {theme.line};
                padding: 4px 6px; color: {theme.faint}; }}
    QTableView, QTreeView, QListView, QLineEdit {{ border: 1px solid {theme.line}; }}
    QLineEdit {{ padding: 4px 6px; border-radius: 4px; background: {theme.base}; }}
    QLineEdit:focus, QTableView:focus, QTreeView:focus, QListView:focus
                {{ border: 1px solid {theme.accent}; }}
    QSplitter::handle {{ background: {theme.line}; }}
    QStatusBar {{ color: {theme.faint}; }}
    """
