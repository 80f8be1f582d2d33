"""Taking clips out: export, drag, copy, reveal. Files are rendered off the window's thread."""

from __future__ import annotations

import dataclasses
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog

from soundstudio.core.progress import Cancelled
from soundstudio.library.export import (
    BatchResult,
    ExportPlan,
    export_batch,
    export_clip,
    export_selection,
)
from soundstudio.ui.drag_out import drag_files, mime_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QWidget

    from soundstudio.jobs.background import Background
    from soundstudio.library.clips import Clip
    from soundstudio.ui.banner import Banner
    from soundstudio.ui.theme import Theme

log = logging.getLogger(__name__)

NOTE_MS = 8000
Span = tuple[float, float]


def licence_note(clips: Sequence[Clip]) -> str:
    """What must be said when sounds of a restricted model leave the application."""
    licences = sorted(
        {c.model_licence for c in clips if "NC" in c.model_licence.upper().split("-")}
    )
    if not licences:
        return ""
    return f"The model's licence ({', '.join(licences)}) forbids commercial use."


def reveal_command(path: Path, platform: str = sys.platform) -> list[str] | None:
    """The command that shows a file selected in its folder, or None to open the folder itself."""
    if platform == "win32":
        return ["explorer", f"/select,{path}"]
    if platform == "darwin":
        return ["open", "-R", str(path)]
    return None


class ClipExports(QObject):
    """signals: exported(list): paths that are final now."""

    exported = Signal(list)
    _progress = Signal(int, int)

    def __init__(
        self, background: Background, banner: Banner, theme: Theme, window: QWidget
    ) -> None:
        super().__init__(window)
        self._background = background
        self._banner = banner
        self._theme = theme
        self._window = window
        self._plan: ExportPlan | None = None
        self._last: list[Path] = []
        self._cancel = threading.Event()
        self._is_batch = False
        self._progress.connect(self._on_progress)
        banner.action_requested.connect(self._on_banner_action)

    def set_plan(self, plan: ExportPlan) -> None:
        """Where exports go and how they sound."""
        self._plan = plan

    # exporting

    def export(self, clips: Sequence[Clip], span: Span | None = None) -> None:
        """Export clips, or the selection of one, to the export folder."""
        self._render(clips, span, lambda paths: self._say_exported(clips, paths))

    def export_to(self, clips: Sequence[Clip]) -> None:
        """Ask for a folder, then export a batch with its table there."""
        if not clips or self._plan is None:
            return
        folder = QFileDialog.getExistingDirectory(self._window, "Export to", str(self._plan.folder))
        if folder:
            self.export_batch(clips, Path(folder))

    def export_batch(self, clips: Sequence[Clip], folder: Path) -> None:
        """Export into `folder`; one clip alone gets no table."""
        assert self._plan is not None
        plan = dataclasses.replace(self._plan, folder=folder)
        chosen = list(clips)
        if len(chosen) == 1:
            self._background.run(
                "export",
                lambda: [export_clip(chosen[0], plan)],
                lambda paths: self._say_exported(chosen, paths),
                self._banner.show_error,
                "exporting",
            )
            return
        self._cancel.clear()
        self._is_batch = True
        self._background.run(
            "export",
            lambda: self._batch(chosen, plan),
            lambda result: self._on_batch(chosen, result),
            self._banner.show_error,
            "exporting",
        )

    def _batch(self, clips: list[Clip], plan: ExportPlan) -> BatchResult | None:
        def progress(done: int, of: int) -> None:
            if self._cancel.is_set():
                raise Cancelled
            self._progress.emit(done, of)

        try:
            return export_batch(clips, plan, progress)
        except Cancelled:
            return None

    @Slot(int, int)
    def _on_progress(self, done: int, of: int) -> None:
        if self._is_batch:
            self._banner.show_note("Exporting", f"{done} of {of} files", "Cancel")

    def _on_batch(self, clips: list[Clip], result: BatchResult | None) -> None:
        self._is_batch = False
        if result is None:
            self._banner.show_note(
                "Export cancelled", "The files that were finished stay.", for_ms=NOTE_MS
            )
            return
        self._say_exported(clips, list(result.paths))
        if result.failures:
            _, sentence = result.failures[0]
            self._banner.show_note(
                f"{len(result.failures)} of {len(clips)} not exported", sentence, "Show in folder"
            )

    def _render(
        self,
        clips: Sequence[Clip],
        span: Span | None,
        done: Callable[[list[Path]], None],
        key: str = "export",
    ) -> None:
        plan, chosen = self._plan, list(clips)
        if plan is None or not chosen:
            return

        def work() -> list[Path]:
            if span is not None:
                return [export_selection(chosen[0], span[0], span[1], plan)]
            return [export_clip(clip, plan) for clip in chosen]

        self._background.run(key, work, done, self._banner.show_error, "exporting")

    def _say_exported(self, clips: Sequence[Clip], paths: list[Path]) -> None:
        self._last = paths
        if not paths:
            return
        where = str(paths[0]) if len(paths) == 1 else f"{len(paths)} files in {paths[0].parent}"
        note = licence_note(clips)
        self._banner.show_note(
            "Exported", f"{where}. {note}" if note else where, "Show in folder", NOTE_MS
        )
        self.exported.emit(paths)

    def _on_banner_action(self) -> None:
        if self._is_batch:
            self._cancel.set()
        elif self._last:
            self.reveal(self._last[0])

    # dragging and copying

    def drag(self, source: QWidget, clips: Sequence[Clip], span: Span | None = None) -> None:
        """Render first; when the files are final and the button is still down, drag them."""
        self._render(clips, span, lambda paths: self._drag_now(source, paths), key="drag")

    def _drag_now(self, source: QWidget, paths: list[Path]) -> None:
        if not QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            return
        if drag_files(source, paths, self._theme.colours):
            self.exported.emit(paths)

    def copy_files(self, clips: Sequence[Clip], span: Span | None = None) -> None:
        """Export, then put the files on the clipboard for a file manager or a DAW."""
        self._render(clips, span, self._copy_now)

    def _copy_now(self, paths: list[Path]) -> None:
        QGuiApplication.clipboard().setMimeData(mime_of(paths))
        words = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
        self._banner.show_note("Copied", f"{words} can be pasted now.", for_ms=NOTE_MS // 2)

    def copy_path(self, clips: Sequence[Clip], span: Span | None = None) -> None:
        """Export, then put the paths on the clipboard as text, one a line."""
        self._render(clips, span, self._copy_text)

    def _copy_text(self, paths: list[Path]) -> None:
        QGuiApplication.clipboard().setText("\n".join(str(path) for path in paths))
        self._banner.show_note("Path copied", str(paths[0]), for_ms=NOTE_MS // 2)

    def reveal(self, path: Path) -> None:
        """Show a file in the file manager."""
        command = reveal_command(path)
        if command is None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
            return
        try:
            subprocess.Popen(command)
        except OSError as error:
            log.warning("%s cannot be shown: %s", path, error)
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
