"""What each action does, and what follows from one panel for another."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from soundstudio.audio.files import SOUND_SUFFIXES
from soundstudio.ui.clip_rows import FailedRow, PendingRow
from soundstudio.ui.generate_again import more_like, try_prompt, use_again
from soundstudio.ui.leaving import asks_before_leaving
from soundstudio.ui.main_window import CLIP_MENU, FAILED_MENU, VIEWER_MENU
from soundstudio.ui.questions import ask_to_empty_trash
from soundstudio.ui.request_form import example_prompts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from soundstudio.core.errors import StudioError
    from soundstudio.library.clips import Clip
    from soundstudio.ui.parts import Parts

AUDITION_PAUSE_MS = 80
SEEK_S = 0.5
ZOOM = 1.5


class Commands(QObject):
    """Built last, when every panel and desk is there."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.window)
        self._s = parts
        self._audition_pause = QTimer(self, singleShot=True, interval=AUDITION_PAUSE_MS)
        self._audition_pause.timeout.connect(self._on_audition_pause)
        self._is_quiet_move = False
        self._is_foreign = False  # what is open is none of the list's

    def connect_all(self) -> None:
        """Connect every action and every panel."""
        self._connect_actions()
        self._connect_list()
        self._connect_generation()
        self._connect_rest()
        self._s.window.asks_first = partial(asks_before_leaving, self._s)

    def _connect_actions(self) -> None:
        s, canvas = self._s, self._s.viewer.canvas
        slots: dict[str, Callable[[], object]] = {
            "generate": s.generation.generate,
            "new_seed": s.generate.seed.roll,
            "play_stop": self._play_stop,
            "stop": s.audition.stop,
            "seek_back": lambda: s.audition.seek_by(-SEEK_S),
            "seek_forward": lambda: s.audition.seek_by(SEEK_S),
            "seek_start": lambda: s.audition.seek(0.0),
            "seek_end": s.audition.seek_end,
            "export": self._export,
            "export_to": lambda: s.exports.export_to(self._chosen()),
            "export_selection": self._export_selection,
            "favourite": lambda: s.library_desk.toggle_favourite(s.table.selected_ids()),
            "rename": s.table.edit_name,
            "use_again": lambda: use_again(s),
            "more_like": lambda: more_like(s, self._current()),
            "copy_file": lambda: s.exports.copy_files(self._chosen()),
            "copy_path": lambda: s.exports.copy_path(self._chosen()),
            "reveal": self._reveal,
            "trash": self._trash,
            "restore": self._restore,
            "dismiss": self._dismiss,
            "search": self._search,
            "add_files": self._add_files,
            "empty_trash": self._empty_trash,
            "zoom_in": lambda: canvas.zoom(ZOOM),
            "zoom_out": lambda: canvas.zoom(1 / ZOOM),
            "zoom_fit": canvas.zoom_fit,
            "zoom_selection": canvas.zoom_selection,
            "select_all": self._select_all,
            "clear_selection": lambda: canvas.set_selection(None),
            "settings": s.settings.open_dialog,
            "refresh_devices": s.output.refresh,
            "restart_engine": s.generation.restart_engine,
            "open_logs": self._open_logs,
            "shortcuts": self._show_shortcuts,
            "about": self._show_about,
            "quit": s.window.close,
        }
        for stars in range(6):
            slots[f"rate_{stars}"] = partial(self._rate, stars)
        s.actions.connect_all(slots)
        s.actions["loop"].toggled.connect(s.audition.set_looping)

    def _connect_list(self) -> None:
        s = self._s
        s.table.current_changed.connect(self._on_current)
        s.table.activated_by_mouse.connect(self._play_current)
        s.table.favourite_clicked.connect(lambda i: s.library_desk.toggle_favourite([i]))
        s.table.rating_clicked.connect(lambda i, stars: s.library_desk.rate([i], stars))
        s.table.drag_out_requested.connect(lambda: s.exports.drag(s.table, self._chosen()))
        s.table.menu_requested.connect(self._show_clip_menu)
        s.thumbnails.arrived.connect(s.table.viewport().update)
        s.thumbnails.file_failed.connect(lambda i, _: s.library_desk.mark_missing(i))
        s.model.clips_arrived.connect(self._on_data)
        s.library_panel.prompt_chosen.connect(partial(try_prompt, s))
        s.library_desk.clip_added.connect(self._on_added)
        s.library_desk.rows_replaced.connect(self._enable)
        s.library_desk.size_changed.connect(s.status.show_library_size)
        s.library_desk.recent_prompts_changed.connect(
            lambda prompts: s.generate.set_recent_prompts(prompts, example_prompts())
        )

    def _connect_generation(self) -> None:
        s = self._s
        s.generation.job_queued.connect(s.library_desk.count_rows)
        s.generation.job_queued.connect(s.table.scrollToTop)
        s.generation.job_ended.connect(s.library_desk.count_rows)
        s.generation.job_ended.connect(s.library_desk.refresh_prompts)
        s.generation.clip_stored.connect(lambda _: s.library_desk.note_new_clip())
        s.generation.first_clip_ready.connect(self._on_first_clip)
        s.early_play.asks_first = self._may_play_early
        s.early_play.began.connect(self._on_early_play)
        s.generate.like.set_names(s.model.rows.name_of)
        s.generate.model_chosen.connect(self._on_model)

    def _connect_rest(self) -> None:
        s = self._s
        s.viewer.colours_changed.connect(lambda name: s.settings.change(spectrogram_colours=name))
        s.viewer.look_changed.connect(self._keep_look)
        s.viewer.canvas.drag_out_requested.connect(self._drag_selection)
        s.viewer.canvas.menu_requested.connect(
            lambda at: s.window.pop_up(s.actions, VIEWER_MENU, at)
        )
        s.viewer.canvas.selection_changed.connect(lambda _: self._enable())
        s.audition.failed.connect(self._on_audition_failed)
        s.audition.playing_changed.connect(self._on_playing)
        s.transport.device_chosen.connect(self._choose_device)
        s.transport.volume_changed.connect(lambda volume: s.window.remember("volume", volume))
        self._enable()

    # what is chosen

    def _current(self) -> Clip | None:
        row = self._s.model.rows.at(self._s.table.current_row())
        if row is None or isinstance(row, PendingRow | FailedRow):
            return None
        return row

    def _chosen(self) -> list[Clip]:
        rows = self._s.model.rows
        clips = (rows.clips.get(clip_id) for clip_id in self._s.table.selected_ids())
        return [clip for clip in clips if clip is not None]

    def _on_current(self, is_repeating: bool) -> None:
        self._is_quiet_move = is_repeating
        self._enable()
        self._audition_pause.start()

    def _on_audition_pause(self) -> None:
        """The list has stood still for a moment: open what is current."""
        clip = self._current()
        if clip is None:
            is_clip = self._s.model.rows.id_at(self._s.table.current_row()) is not None
            if not is_clip and not self._s.audition.is_growing:
                self._s.viewer.show_clip(None)
                self._s.audition.open(None)
            return
        self._open(clip, self._s.settings.current.audition_on_select and not self._is_quiet_move)

    def _on_data(self) -> None:
        """A page arrived: the current row may be known only now."""
        if self._is_foreign:
            return
        clip = self._current()
        if clip is not None and clip.path != self._s.audition.path:
            self._audition_pause.start()
        elif clip is not None:
            self._s.viewer.show_clip(clip)

    def note_foreign_sound(self) -> None:
        """A sound that is none of the list's was opened."""
        self._is_foreign = True
        self._audition_pause.stop()

    def _open(self, clip: Clip, and_play: bool, is_grown: bool = False) -> None:
        self._is_foreign = False
        self._s.viewer.show_clip(clip)
        self._s.audition.open(clip.path, and_play=and_play, is_grown=is_grown)

    def _enable(self) -> None:
        """Actions that have nothing to act on are grey."""
        s = self._s
        row = s.model.rows.at(s.table.current_row())
        is_clip = s.model.rows.id_at(s.table.current_row()) is not None
        has_request = isinstance(row, FailedRow | PendingRow) or (
            is_clip and row is not None and getattr(row, "request", None) is not None
        )
        for name in ("export", "export_to", "favourite", "rename", "copy_file", "copy_path"):
            s.actions[name].setEnabled(is_clip)
        for name in ("reveal", "score_selected", *(f"rate_{stars}" for stars in range(6))):
            s.actions[name].setEnabled(is_clip)
        is_trash = s.library_panel.query().trashed
        s.actions["trash"].setEnabled(isinstance(row, FailedRow) or (is_clip and not is_trash))
        s.actions["use_again"].setEnabled(has_request)
        s.actions["more_like"].setEnabled(is_clip and s.generate.like.isEnabled())
        s.actions["restore"].setEnabled((is_clip and is_trash) or s.library_desk.can_undo_trash)
        s.actions["dismiss"].setEnabled(isinstance(row, FailedRow))
        has_selection = s.viewer.canvas.selection() is not None
        for name in ("export_selection", "clear_selection", "zoom_selection"):
            s.actions[name].setEnabled(has_selection and is_clip)

    # playing

    def _play_stop(self) -> None:
        clip, s = self._current(), self._s
        if not s.audition.is_playing and s.places.play_focused():
            return
        if self._is_foreign and not s.table.hasFocus():
            s.audition.toggle()
        elif clip is not None and s.audition.path != clip.path:
            self._open(clip, and_play=True)
        else:
            self._s.audition.toggle()

    def _play_current(self) -> None:
        clip = self._current()
        if clip is not None:
            self._open(clip, and_play=True)

    def _on_playing(self, is_playing: bool) -> None:
        clip = None if self._is_foreign else self._current()
        self._s.table.set_playing(clip.id if is_playing and clip is not None else None)

    def _on_audition_failed(self, error: StudioError) -> None:
        banner = self._s.places.banner() if self._is_foreign else self._s.viewer.banner
        banner.show_error(error)
        clip = None if self._is_foreign else self._current()
        if clip is not None:
            self._s.library_desk.mark_missing(clip.id)

    def _choose_device(self, title: str) -> None:
        self._s.output.choose(title)
        self._s.settings.change(output_device=title)

    # generating

    def _on_first_clip(self, row: int, clip: Clip, job_id: str) -> None:
        """The first sound of a job is shown and played, unless the user listens to another."""
        s = self._s
        was_heard = s.early_play.has_begun(job_id)
        if not (was_heard and s.audition.is_growing) and self._is_occupied():
            return
        self._select_quietly(row)
        self._open(clip, s.settings.current.play_when_ready and not was_heard, was_heard)
        self._on_playing(s.audition.is_playing)

    def _may_play_early(self) -> bool:
        return self._s.settings.current.play_when_ready and not self._is_occupied()

    def _is_occupied(self) -> bool:
        """Whether the user listens to something, or renames it."""
        s = self._s
        return bool(s.audition.is_playing or s.table.state() == s.table.State.EditingState)

    def _on_early_play(self, row: int) -> None:
        """The first sound of a job is heard, but not there yet."""
        self._select_quietly(row)
        self._is_foreign = False
        entry = self._s.model.rows.at(row)
        self._s.viewer.show_title(entry.title if isinstance(entry, PendingRow) else "", "")

    def _select_quietly(self, row: int) -> None:
        s = self._s
        s.table.blockSignals(True)
        s.table.select_row(row)
        s.table.blockSignals(False)
        self._enable()

    def _on_model(self, model: str) -> None:
        s = self._s
        s.generate.set_listens("audio" in s.settings.capabilities_of(model))
        s.settings.change(model=model)
        s.generation.load_model(model)
        self._enable()

    # the library

    def _rate(self, stars: int) -> None:
        self._s.library_desk.rate(self._s.table.selected_ids(), stars)

    def _export(self) -> None:
        self._s.exports.export(self._chosen())

    def _export_selection(self) -> None:
        clip, span = self._current(), self._s.viewer.canvas.selection()
        if clip is not None and span is not None:
            self._s.exports.export([clip], span)

    def _drag_selection(self) -> None:
        clip, span = self._current(), self._s.viewer.canvas.selection()
        if clip is not None and span is not None:
            self._s.exports.drag(self._s.viewer.canvas, [clip], span)

    def _reveal(self) -> None:
        clip = self._current()
        if clip is not None:
            self._s.exports.reveal(clip.path)

    def _restore(self) -> None:
        """What is selected in the trash, or else what was moved there last."""
        desk, ids = self._s.library_desk, self._s.table.selected_ids()
        if self._s.library_panel.query().trashed and ids:
            desk.restore(ids)
        else:
            desk.undo_trash()

    def _trash(self) -> None:
        """Clips go to the trash; failures have nothing to keep and just go."""
        ids = self._s.table.selected_ids()
        self._dismiss()
        self._s.library_desk.trash(ids)

    def _dismiss(self) -> None:
        for job_id in self._s.table.failed_jobs():
            self._s.generation.dismiss(job_id)

    def _select_all(self) -> None:
        if self._s.viewer.canvas.hasFocus():
            self._s.viewer.canvas.select_all()
        else:
            self._s.table.selectAll()

    def _search(self) -> None:
        self._s.places.unfold_library()
        self._s.library_panel.search.setFocus()
        self._s.library_panel.search.selectAll()

    def _add_files(self) -> None:
        pattern = " ".join(f"*{suffix}" for suffix in sorted(SOUND_SUFFIXES))
        names, _ = QFileDialog.getOpenFileNames(
            self._s.window, "Add sound files", "", f"Sounds ({pattern})"
        )
        self._s.library_desk.add_files([Path(name) for name in names])

    def _empty_trash(self) -> None:
        ask_to_empty_trash(self._s.window, self._s.library_desk.empty_trash)

    def _on_added(self, clip: Clip) -> None:
        self._s.viewer.show_clip(clip)
        self._s.audition.open(clip.path)

    def _show_clip_menu(self, at: QPoint) -> None:
        ids = FAILED_MENU if self._s.table.failed_row() is not None else CLIP_MENU
        self._s.window.pop_up(self._s.actions, ids, at)

    # the rest

    def _keep_look(self) -> None:
        floor, ceiling = self._s.viewer.range_db()
        self._s.settings.change(
            spectrogram_scale=self._s.viewer.scale(),
            spectrogram_floor_db=floor,
            spectrogram_ceiling_db=ceiling,
        )

    def _open_logs(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._s.folders.logs)))

    def _show_shortcuts(self) -> None:
        from soundstudio.ui.shortcuts_dialog import ShortcutsDialog  # a page few open

        dialog = ShortcutsDialog(self._s.window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _show_about(self) -> None:
        from soundstudio.ui.about_dialog import AboutDialog  # a page few open

        dialog = AboutDialog(self._s.settings.rows, self._s.window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def on_raised(self, files: Sequence[str]) -> None:
        """Another start asked for the window."""
        window = self._s.window
        window.setWindowState(
            (window.windowState() & ~Qt.WindowState.WindowMinimized) | Qt.WindowState.WindowActive
        )
        window.show()
        window.raise_()
        window.activateWindow()
        if files:
            self._s.library_desk.add_files([Path(name) for name in files])
