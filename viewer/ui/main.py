"""Composition root: application, workspace, window; and the border for what nobody caught."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import (
    QLibraryInfo,
    QLocale,
    QMessageLogContext,
    QTimer,
    QtMsgType,
    QTranslator,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from viewer import PRODUCT, VERSION
from viewer.custody.vault import site_keyring
from viewer.dicom.errors import DeidError
from viewer.dicom.quiet import keep_values_out_of_logs
from viewer.rules.profiles import shipped_profiles
from viewer.ui.main_window import MainWindow


def run_window(paths: Sequence[str]) -> int:
    """Open the window on paths (or empty) and return the exit code when it is closed."""
    from viewer.app.workspace import Workspace

    application = make_application()
    keep_values_out_of_logs()
    keep_paths_out_of_logs()
    sys.excepthook = show_unexpected
    try:
        keyring = site_keyring()
    except DeidError as error:
        QMessageBox.critical(QWidget(), PRODUCT, f"{error}\n\nThe program cannot start without its key.")
        return 2
    window = MainWindow(Workspace(keyring, shipped_profiles()[0]))
    window.show()
    if paths:
        QTimer.singleShot(0, lambda: window.open_paths([Path(p) for p in paths]))
    return application.exec()


def make_application() -> QApplication:
    """Return the application with its name and the translation of Qt's own buttons."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication([PRODUCT])
    application.setApplicationName(PRODUCT)
    application.setApplicationVersion(VERSION)
    own_words = QTranslator(application)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if own_words.load(QLocale.system(), "qtbase", "_", folder):
        application.installTranslator(own_words)
    return application


def keep_paths_out_of_logs() -> None:
    """Silence Qt's messages, which quote paths."""
    qInstallMessageHandler(_told)


def _told(kind: QtMsgType, _context: QMessageLogContext, _message: str) -> None:
    if kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg):
        logging.getLogger(PRODUCT).error("Qt reported a %s.", kind.name)


def show_unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell that something went wrong; the third border at which errors are caught. No value is shown.

    The details name the places in the program, not what was in its variables.
    """
    if issubclass(kind, KeyboardInterrupt):
        QApplication.quit()
        return
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    box = QMessageBox(QMessageBox.Icon.Warning, PRODUCT, "Something went wrong in this window.")
    box.setInformativeText(
        "Files already exported are complete and checked; nothing half-written is left. You can go on. "
        "If it happens again, tell your administrator the details."
    )
    box.setDetailedText("\n".join([kind.__name__, *places[-12:]]))
    box.exec()
