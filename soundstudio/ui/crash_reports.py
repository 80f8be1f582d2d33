"""What happens to an error nobody caught: it is logged, and the user can copy a report."""

from __future__ import annotations

import faulthandler
import logging
import platform
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler
from typing import IO, TYPE_CHECKING

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    QtMsgType,
    QUrl,
    Signal,
    Slot,
    qInstallMessageHandler,
    qVersion,
)
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout

from soundstudio.core.errors import explain_os_error

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from PySide6.QtWidgets import QWidget

log = logging.getLogger(__name__)

LOG_BYTES = 1_000_000
LOG_FILES = 5
QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def start_logging(folder: Path) -> logging.Handler | None:
    """Write the log of the whole program into `folder`; None, said in the log, if it cannot be.

    A program without a log still works.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            folder / "soundstudio.log",
            maxBytes=LOG_BYTES,
            backupCount=LOG_FILES,
            encoding="utf-8",
            delay=True,
        )
    except OSError as error:
        log.warning("no log file: %s", explain_os_error(error, "writing the log").sentence())
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    return handler


def report_of(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """Versions and the traceback, for a bug report; nothing about the user's sounds."""
    lines = [
        f"Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}",
        "",
        *traceback.format_exception(kind, error, trace),
    ]
    return "\n".join(line.rstrip("\n") for line in lines)


class CrashDialog(QDialog):
    """A report to copy and the way to the log folder; nothing is sent."""

    def __init__(self, report: str, logs: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Something went wrong")
        words = QLabel(
            "An error was not expected here. Your sounds are safe: each is on disk as soon as it "
            "is in the list. You can go on; if the window behaves oddly, start it again.",
            self,
            wordWrap=True,
        )
        text = QPlainTextEdit(report, self, readOnly=True)
        text.setAccessibleName("Report")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = buttons.addButton("Copy report", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(report))
        folder = buttons.addButton("Open log folder", QDialogButtonBox.ButtonRole.ActionRole)
        folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(logs))))
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(words)
        column.addWidget(text, 1)
        column.addWidget(buttons)
        self.resize(620, 420)


class CrashReports(QObject):
    """Installs the hooks and shows one dialog at a time; `close` puts the old hooks back."""

    _reported = Signal(str)

    def __init__(self, logs: Path, window: QWidget | None = None) -> None:
        super().__init__(window)
        self._logs = logs
        self._window = window
        self._dialog: CrashDialog | None = None
        self._fault_file: IO[str] | None = None
        self._old_hooks = (sys.excepthook, threading.excepthook)
        self._reported.connect(self._show)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        self._old_qt_handler = qInstallMessageHandler(_log_qt_message)
        # Windows' RPC raises benign native exceptions that would fill the file.
        if sys.platform != "win32":
            self._start_faulthandler()

    def close(self) -> None:
        sys.excepthook, threading.excepthook = self._old_hooks
        qInstallMessageHandler(self._old_qt_handler)
        if self._fault_file is not None:
            faulthandler.disable()
            self._fault_file.close()
            self._fault_file = None

    def _start_faulthandler(self) -> None:
        try:
            self._fault_file = (self._logs / "fatal.log").open("a", encoding="utf-8")
        except OSError as error:
            log.warning("no file for fatal errors: %s", error)
            return
        faulthandler.enable(self._fault_file)

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._old_hooks[0](kind, error, trace)
            return
        log.critical("uncaught", exc_info=(kind, error, trace))
        self._reported.emit(report_of(kind, error, trace))

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            self._on_exception(args.exc_type, args.exc_value, args.exc_traceback)

    @Slot(str)
    def _show(self, report: str) -> None:
        if self._dialog is not None and self._dialog.isVisible():
            return
        self._dialog = CrashDialog(report, self._logs, self._window)
        self._dialog.open()


def _log_qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    log.log(QT_LEVELS.get(kind, logging.WARNING), "Qt: %s", text)
