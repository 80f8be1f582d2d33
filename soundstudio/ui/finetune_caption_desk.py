"""Editing captions: each change one after the other in the background, with a way back."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from soundstudio.dataset.caption_files import write_caption_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstudio.core.errors import StudioError
    from soundstudio.dataset.captions import CaptionTable
    from soundstudio.jobs.background import Background
    from soundstudio.jobs.clip_reading import ReadClips
    from soundstudio.ui.banner import Banner
    from soundstudio.ui.finetune_captions import FinetuneCaptions

    Change = Callable[[CaptionTable], CaptionTable]

MOST_UNDOS = 50
NOTE_MS = 8000


class FinetuneCaptionDesk(QObject):
    """Tables are frozen and share their rows, so that fifty of them cost little.

    signals: table_changed(): ask `table`. caption_table_chosen(Path): read captions from it.
    """

    table_changed = Signal()
    caption_table_chosen = Signal(object)

    def __init__(
        self,
        background: Background,
        page: FinetuneCaptions,
        banner: Banner,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._background = background
        self._page = page
        self._banner = banner
        self.table: CaptionTable | None = None
        self._before: deque[CaptionTable] = deque(maxlen=MOST_UNDOS)
        self._waiting: deque[Change] = deque()
        self._is_busy = False
        page.captions_set.connect(self._on_captions_set)
        page.source_set.connect(self._on_source_set)
        page.left_out_set.connect(self._on_left_out_set)
        page.replaced.connect(self._on_replaced)
        page.undo_requested.connect(self.undo)
        page.export_requested.connect(self._ask_where)
        page.table_requested.connect(self._ask_for_table)

    def take(self, read: ReadClips, *, keeps_undo: bool = False) -> None:
        """Another table, of a new scan or from a file."""
        if keeps_undo and self.table is not None:
            self._before.append(self.table)
        else:
            self._before.clear()
        self._drop_waiting()
        self.table = read.table
        self._page.show_captions(read.table, bool(self._before))

    def forget(self) -> None:
        """The folder is looked at anew."""
        self._drop_waiting()
        self._before.clear()
        self.table = None

    def change(self, change: Change) -> None:
        """Queue a change; 10,000 captions take too long for the window's own thread."""
        self._waiting.append(change)
        self._next()

    def undo(self) -> None:
        """Take back the last change."""
        if self._before and not self._is_busy:
            self._show(self._before.pop())

    def _drop_waiting(self) -> None:
        self._waiting.clear()
        self._background.drop("captions")
        self._is_busy = False

    def _next(self) -> None:
        table = self.table
        if self._is_busy or not self._waiting or table is None:
            return
        change = self._waiting.popleft()
        self._is_busy = True

        def done(changed: CaptionTable) -> None:
            self._is_busy = False
            # Rows that did not change are the very same: comparing them in full takes long.
            if any(a is not b for a, b in zip(changed.rows, table.rows, strict=True)):
                self._before.append(table)
                self._show(changed)
            self._next()

        def failed(error: StudioError) -> None:
            self._is_busy = False
            self._banner.show_error(error)
            self._next()

        self._background.run(
            "captions", lambda: change(table), done, failed, "changing the captions"
        )

    def _show(self, table: CaptionTable) -> None:
        self.table = table
        self._page.show_captions(table, bool(self._before))
        self.table_changed.emit()

    def _on_captions_set(self, paths: list[Path], text: str) -> None:
        self.change(lambda table: table.edited(paths, text))

    def _on_source_set(self, paths: list[Path], source: str) -> None:
        self.change(lambda table: table.from_source(paths, source))  # type: ignore[arg-type]

    def _on_left_out_set(self, paths: list[Path], is_left_out: bool) -> None:
        ticks = dict.fromkeys(paths, is_left_out)
        self.change(lambda table: table.with_left_out(ticks))

    def _on_replaced(self, paths: list[Path], search: str, replacement: str) -> None:
        self.change(lambda table: table.replaced(search, replacement, paths))

    # files

    def _ask_where(self) -> None:
        if self.table is None:
            return
        chosen, _ = QFileDialog.getSaveFileName(
            self._page, "Export the captions", str(Path.home() / "captions.csv"), "CSV (*.csv)"
        )
        if chosen:
            path = Path(chosen)
            self.export(path if path.suffix else path.with_suffix(".csv"))

    def export(self, path: Path) -> None:
        """Write the captions as they are chosen now."""
        table = self.table
        if table is None:
            return
        count = len(table.rows)
        self._background.run(
            "caption export",
            lambda: write_caption_file(table.table_rows(), path),
            lambda _: self._banner.show_note(
                "Exported", f"{count:,} captions are in {path.name}.", for_ms=NOTE_MS
            ),
            self._banner.show_error,
            f"writing {path.name}",
        )

    def _ask_for_table(self) -> None:
        start = str(self.table.folder) if self.table else ""
        pattern = "Tables (*.csv *.tsv *.json *.jsonl *.ndjson)"
        chosen, _ = QFileDialog.getOpenFileName(
            self._page, "Read captions from a table", start, pattern
        )
        if chosen:
            self.caption_table_chosen.emit(Path(chosen))
