"""The list and the library: queries, pages, marks, the trash; all of it asked off-thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from soundstudio.core.errors import StudioError
    from soundstudio.jobs.serial_thread import SerialThread
    from soundstudio.library.clips import Clip
    from soundstudio.library.library import Library
    from soundstudio.ui.clip_table_model import ClipTableModel
    from soundstudio.ui.library_panel import LibraryPanel

RECENT_PROMPTS = 12
NOTICE_MS = 8000


class LibraryDesk(QObject):
    """signals:
    recent_prompts_changed(list). size_changed(int): clips in the library, trash left out.
    clip_added(Clip): a file was taken in. clips_changed(list): marks, names.
    rows_replaced(): another query was answered.
    opening_progressed(int, int): clips read, of how many; may be emitted from any thread.
    """

    recent_prompts_changed = Signal(list)
    size_changed = Signal(int)
    clip_added = Signal(object)
    rows_replaced = Signal()
    opening_progressed = Signal(int, int)
    clips_changed = Signal(list)

    def __init__(
        self,
        library: SerialThread[Library],
        panel: LibraryPanel,
        model: ClipTableModel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._panel = panel
        self._model = model
        self._query_number = 0
        self._found = 0
        # What Ctrl+Z brings back, the last one first; the row to select once it is back.
        self._trashed: list[list[int]] = []
        self._select_next: list[int] = []
        self.opening_progressed.connect(self._on_opening)
        panel.query_changed.connect(self.refresh)
        panel.files_dropped.connect(self.add_files)
        model.clips_wanted.connect(self._fetch)
        model.rename_requested.connect(self.rename)
        library.failed.connect(self._on_failed)

    @property
    def found(self) -> int:
        """How many clips the last query found."""
        return self._found

    # asking

    def refresh(self) -> None:
        """Ask the panel's query anew; an answer to an older one is dropped."""
        self._query_number += 1
        number = self._query_number
        query = self._panel.query()
        self._library.ask(
            lambda library: library.ids(query),
            lambda ids: self._on_ids(number, ids),
            doing="searching the library",
        )

    def refresh_size(self) -> None:
        """Ask how many clips the library holds, whatever the list shows."""
        self._library.ask(lambda library: library.count(), self.size_changed.emit)

    def refresh_prompts(self) -> None:
        """Ask for the prompts that were used last."""
        self._library.ask(
            lambda library: list(library.recent_prompts(RECENT_PROMPTS)),
            self.recent_prompts_changed.emit,
        )

    def tell_notice(self) -> None:
        """Say what opening the library met: a damaged database, files found again."""
        self._library.ask(lambda library: library.notice, self._on_notice)

    def _on_opening(self, done: int, of: int) -> None:
        """Opening takes long only where the database must be built anew."""
        if done < of:
            self._panel.banner.show_note("Reading your clips", f"{done:,} of {of:,}")
        else:
            self._panel.banner.hide()

    def _on_notice(self, notice: str) -> None:
        if notice:
            self._panel.banner.show_note("The library was mended", notice)

    def count_rows(self) -> None:
        """Show how many clips there are now."""
        self._panel.show_count(self._model.rowCount(), self._found)

    def note_new_clip(self) -> None:
        """A generated clip came; where the newest does not stand first, ask for its place."""
        self.refresh_size()
        if self._panel.is_filtered() or self._panel.query().order != "newest":
            self.refresh()
            return
        self._found += 1
        self.count_rows()

    def _on_ids(self, number: int, ids: Any) -> None:
        if number != self._query_number:
            return
        kept = self._select_next or self._panel.table.selected_ids()
        self._select_next = []
        query = self._panel.query()
        is_of_marks = query.favourites_only or query.min_rating > 0 or query.trashed
        self._model.set_ids(ids, shows_top=not is_of_marks)
        self._found = len(ids)
        self.count_rows()
        self.refresh_size()
        self._select_again(kept[:1])
        self.rows_replaced.emit()

    def _select_again(self, ids: Sequence[int]) -> None:
        for clip_id in ids:
            row = self._model.rows.row_of(clip_id)
            if row is not None:
                self._panel.table.blockSignals(True)
                self._panel.table.select_row(row)
                self._panel.table.blockSignals(False)

    def _fetch(self, ids: list[int]) -> None:
        self._library.ask(lambda library: library.clips(ids), self._model.add_clips)

    # marks

    def toggle_favourite(self, ids: Sequence[int]) -> None:
        """If any of them is not a favourite, all become one; else none is."""
        clips = self._known(ids)
        if clips:
            wanted = not all(clip.favourite for clip in clips)
            self._change(ids, lambda library, i: library.set_favourite(i, wanted))

    def rate(self, ids: Sequence[int], stars: int) -> None:
        """The same rating again clears it."""
        clips = self._known(ids)
        if clips:
            wanted = 0 if all(clip.rating == stars for clip in clips) else stars
            self._change(ids, lambda library, i: library.set_rating(i, wanted))

    def rename(self, clip_id: int, name: str) -> None:
        self._change([clip_id], lambda library, i: library.rename(i, name))

    def mark_missing(self, clip_id: int) -> None:
        """The clip's file cannot be read; the library looks whether it is still there."""
        self._change([clip_id], lambda library, i: None)

    def trash(self, ids: Sequence[int]) -> None:
        """Move clips to the trash, and say how they come back; what lies there stays there."""
        chosen = list(ids)
        if not chosen or self._panel.query().trashed:
            return
        row = self._panel.table.current_row()
        names = [clip.name for clip in self._known(chosen)]
        self._library.ask(
            lambda library: library.trash(chosen),
            lambda _: self._on_trashed(chosen, names, row),
            doing="moving to the trash",
        )

    def _on_trashed(self, ids: list[int], names: list[str], row: int) -> None:
        self._trashed.append(ids)
        what = f"“{names[0]}”" if len(ids) == len(names) == 1 else f"{len(ids):,} clips"
        self._panel.banner.show_note(
            "Moved to the trash", f"{what}. Ctrl+Z brings back what went last.", for_ms=NOTICE_MS
        )
        self._on_removed(set(ids), row)

    @property
    def can_undo_trash(self) -> bool:
        """Whether something was moved to the trash and not brought back."""
        return bool(self._trashed)

    def undo_trash(self) -> None:
        """Bring back what was moved to the trash last."""
        if self._trashed:
            ids = self._trashed.pop()
            self._library.ask(
                lambda library: library.restore(ids),
                lambda _: self._on_undone(ids),
                doing="restoring",
            )

    def _on_undone(self, ids: list[int]) -> None:
        self._panel.banner.hide()
        self._select_next = ids[:1]
        self.refresh()

    def restore(self, ids: Sequence[int]) -> None:
        gone = set(ids)
        self._trashed = [
            left for old in self._trashed if (left := [i for i in old if i not in gone])
        ]
        self._remove(ids, lambda library: library.restore(list(ids)), "restoring")

    def empty_trash(self) -> None:
        self._trashed.clear()
        self._library.ask(
            lambda library: library.empty_trash(),
            lambda _: self.refresh(),
            doing="emptying the trash",
        )

    def add_files(self, paths: Sequence[Path]) -> None:
        """Take sound files into the library; each that cannot be read is said by name."""
        for path in paths:
            self._add_file(path)

    def _add_file(self, path: Path) -> None:
        self._library.ask(
            lambda library: library.add_file(path), self._on_added, doing=f"adding {path.name}"
        )

    def _on_added(self, clip: Clip) -> None:
        self.refresh()
        self.clip_added.emit(clip)

    def _known(self, ids: Sequence[int]) -> list[Clip]:
        clips = (self._model.rows.clips.get(clip_id) for clip_id in ids)
        return [clip for clip in clips if clip is not None]

    def _change(self, ids: Sequence[int], change: Callable[[Library, int], object]) -> None:
        chosen = list(ids)

        def work(library: Library) -> list[Clip]:
            for clip_id in chosen:
                change(library, clip_id)
            return library.clips(chosen)

        self._library.ask(work, self._on_changed, doing="changing the clip")

    def _on_changed(self, clips: list[Clip]) -> None:
        self._model.add_clips(clips)
        self.clips_changed.emit(clips)

    def _remove(self, ids: Sequence[int], work: Callable[[Library], object], doing: str) -> None:
        gone = set(ids)
        row = self._panel.table.current_row()
        self._library.ask(work, lambda _: self._on_removed(gone, row), doing=doing)

    def _on_removed(self, gone: set[int], row: int) -> None:
        self._model.forget_ids(gone)
        self._found = max(0, self._found - len(gone))
        self.count_rows()
        self.refresh_size()
        rows = self._model.rowCount()
        if rows:
            # The neighbour moves up, so that deleting one after another needs no aiming.
            self._panel.table.select_row(min(max(row, 0), rows - 1))
        self.rows_replaced.emit()

    def _on_failed(self, error: StudioError) -> None:
        self._panel.banner.show_error(error)
