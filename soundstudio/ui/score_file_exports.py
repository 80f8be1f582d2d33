"""Scorings as files for others: asks where, writes in the background, says how it went."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog

from soundstudio.core.progress import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from soundstudio.core.errors import StudioError
    from soundstudio.jobs.background import Background
    from soundstudio.ui.banner import Banner

NOTE_MS = 8000
PATTERNS = {
    "json": "JSON (*.json)",
    "csv": "CSV (*.csv)",
    "tex": "LaTeX (*.tex)",
    "html": "Web page (*.html)",
}


class ScoreFileExports(QObject):
    """signals: exported(Path): the file is final."""

    exported = Signal(object)
    _progress = Signal(int, int)

    def __init__(
        self,
        background: Background,
        banner: Banner,
        reveal: Callable[[Path], None],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._background = background
        self._banner = banner
        self._reveal = reveal
        self._window = window
        self._last: Path | None = None
        self._cancel = threading.Event()
        self._is_writing = False
        self._progress.connect(self._on_progress)
        banner.action_requested.connect(self._on_action)

    def export_to(self, kind: str, reports: list[dict[str, Any]], folder: Path) -> None:
        """Ask for a file, then write the reports there. kind: json, csv, tex or html."""
        if not reports:
            return
        name = str(reports[0].get("title") or "scores").replace("/", "-")
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, "Export the scores", str(folder / f"{name}.{kind}"), PATTERNS[kind]
        )
        if chosen:
            path = Path(chosen)
            self.write(kind, reports, path if path.suffix else path.with_suffix(f".{kind}"))

    def write(self, kind: str, reports: list[dict[str, Any]], path: Path) -> None:
        """Write the reports in the background."""
        self._cancel.clear()
        self._is_writing = True
        self._background.run(
            "score export",
            lambda: self._written(kind, reports, path),
            self._on_written,
            self._on_failed,
            f"writing {path.name}",
        )

    def _written(self, kind: str, reports: list[dict[str, Any]], path: Path) -> Path | None:
        from soundstudio.library.scores import exports
        from soundstudio.library.scores.page import write_html

        def progress(done: int, of: int) -> None:
            if self._cancel.is_set():
                raise Cancelled
            self._progress.emit(done, of)

        try:
            if kind == "html":
                write_html(reports, path, progress=progress)
            elif kind == "csv":
                exports.write_csv(reports, path)
            elif kind == "tex":
                exports.write_latex(reports, path)
            else:
                exports.write_json(reports, path)
        except Cancelled:
            return None
        return path

    @Slot(int, int)
    def _on_progress(self, done: int, of: int) -> None:
        if self._is_writing:
            self._banner.show_note("Exporting", f"{done:,} of {of:,} sounds", "Cancel")

    def _on_written(self, path: Path | None) -> None:
        self._is_writing = False
        if path is None:
            self._banner.show_note("Export cancelled", "Nothing was written.", for_ms=NOTE_MS)
            return
        self._last = path
        self._banner.show_note("Exported", str(path), "Show in folder", NOTE_MS)
        self.exported.emit(path)

    def _on_failed(self, error: StudioError) -> None:
        self._is_writing = False
        self._banner.show_error(error)

    def _on_action(self) -> None:
        if self._is_writing:
            self._cancel.set()
        elif self._last is not None:
            self._reveal(self._last)
