"""From two sets to numbers: the runner, the history, what is shown, what is played."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from soundstudio.core.catalogue_table import downloaded_claps
from soundstudio.core.errors import ScoreRequestError
from soundstudio.core.score_requests import SetChoice
from soundstudio.jobs.folder_facts import FolderFacts, look_at
from soundstudio.library.scores.differences import verdicts
from soundstudio.library.scores.groups import grouped
from soundstudio.library.scores.history import ScoreEntry, ScoreHistory
from soundstudio.library.scores.reports import titled
from soundstudio.ui.score_panel import state_words
from soundstudio.ui.score_reading import ShownReport, read_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.core.errors import StudioError
    from soundstudio.core.messages import ScoreFinished
    from soundstudio.core.settings import Settings
    from soundstudio.jobs.background import Background
    from soundstudio.jobs.score_runner import ScoreRunner, ScoreState
    from soundstudio.ui.score_panel import ScorePanel
    from soundstudio.ui.score_results import ScoreResults
    from soundstudio.ui.set_picker import SetPicker

NOTE_MS = 8000


class ScoreDesk(QObject):
    """signals:
    sound_chosen(Path, str, bool): a file and its name; True: play it now, False: it was moved to.
    options_changed(dict): settings to keep.
    """

    sound_chosen = Signal(object, str, bool)
    options_changed = Signal(dict)

    def __init__(
        self,
        runner: ScoreRunner,
        history_folder: Path,
        background: Background,
        panel: ScorePanel,
        results: ScoreResults,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._folder = history_folder
        self._background = background
        self._panel = panel
        self._results = results
        self._device = "auto"
        self._entries: list[ScoreEntry] = []
        self._opened: Path | None = None
        self._read: dict[Path, ShownReport] = {}
        self._removed: ScoreEntry | None = None
        self._was_read = False
        self._connect()

    def _connect(self) -> None:
        panel, results, runner = self._panel, self._results, self._runner
        runner.changed.connect(self._on_state)
        runner.finished.connect(self._on_finished)
        runner.failed.connect(panel.banner.show_error)
        runner.cancelled.connect(self._on_cancelled)
        panel.score_requested.connect(self.score)
        panel.cancel_requested.connect(runner.cancel)
        panel.banner.action_requested.connect(self._restore)
        panel.more.changed.connect(self._on_options)
        for picker in (panel.generated, panel.reference):
            picker.folder_chosen.connect(lambda folder, p=picker: self._look_at(p, folder))
        history = panel.history
        history.opened.connect(self._open)
        history.compared.connect(self._compare)
        history.renamed.connect(self._rename)
        history.remove_requested.connect(self._remove)
        results.clips.clip_chosen.connect(self._on_clip)
        results.clips.reference_chosen.connect(self._play_reference)
        results.map.point_chosen.connect(self._on_point)
        results.compare_shown.connect(self._compare)

    def set_settings(self, settings: Settings, models_folder: Path) -> None:
        """The device, and what the panel showed last time."""
        self._device = settings.device
        more = self._panel.more
        more.set_backbone(
            settings.score_backbone, settings.panns_file, settings.vggish_file, settings.clap_file
        )
        more.clap.offer(downloaded_claps(models_folder))

    def show(self) -> None:
        """The place is seen: read the history, once."""
        if not self._was_read:
            self._was_read = True
            self._refresh()

    def use_files(self, title: str, files: Sequence[str], picker: SetPicker | None = None) -> None:
        """Take these files as a set; as the generated one by default."""
        choice = SetChoice(title, files=tuple(files)) if files else None
        (picker or self._panel.generated).set_choice(choice)

    # scoring

    def score(self) -> None:
        """Begin, or say beside the button why not."""
        self._panel.banner.hide()
        self._removed = None
        try:
            self._runner.score(self._panel.request(), self._device)
        except ScoreRequestError as error:
            self._panel.banner.show_error(error)
            if self._panel.more.chosen_backbone() == "paper":
                self._panel.more.unfold()

    def _on_state(self, state: ScoreState) -> None:
        self._panel.show_state(state)
        if self._results.report is None:
            if state.is_busy:
                self._results.empty.show_busy(state_words(state))
            else:
                self._results.empty.show_idle()

    def _on_finished(self, finished: ScoreFinished) -> None:
        self._panel.banner.hide()
        if finished.path:
            self._opened = Path(finished.path)
            self._refresh()
            return
        # The disk is full: the numbers are shown all the same, only not kept.
        now, report = datetime.now(UTC), finished.report or {}
        self._opened = None
        self._background.run(
            "score report",
            lambda: read_report(report, made_at=now),
            self._show,
            self._results.banner.show_error,
            "reading the scores",
        )
        self._panel.banner.show_note("The scoring is not kept", finished.problem)

    def _on_cancelled(self) -> None:
        self._panel.banner.show_note(
            "Cancelled", "Sounds that were heard are kept for the next scoring.", for_ms=NOTE_MS
        )

    # the history

    def _refresh(self) -> None:
        """Read the history anew; then show the one that shall be open."""
        self._background.run(
            "score history",
            lambda: ScoreHistory(self._folder).entries(),
            self._on_entries,
            self._panel.banner.show_error,
            "reading the past scorings",
        )

    def _on_entries(self, entries: list[ScoreEntry]) -> None:
        self._entries = entries
        known = {entry.path for entry in entries}
        self._read = {path: report for path, report in self._read.items() if path in known}
        if self._opened not in known and self._results.report is None:
            self._opened = next((entry.path for entry in entries if not entry.problem), None)
        self._panel.history.show_entries(entries, self._opened)
        entry = next((entry for entry in entries if entry.path == self._opened), None)
        if entry is not None:
            self._open(entry)
        else:
            self._compare()

    def _open(self, entry: ScoreEntry) -> None:
        """Show a past scoring; reading 10,000 clips takes a moment, so off this thread."""
        self._opened = entry.path
        if entry.problem:
            self._results.banner.show_note(f"“{entry.title}” cannot be shown", entry.problem)
            return
        known = self._read.get(entry.path)
        if known is not None and known.title == entry.title:
            self._background.drop("score report")
            self._show(known)
            return
        self._background.run(
            "score report",
            lambda: read_report(entry.report, entry.title, entry.made_at),
            lambda report: self._on_read(entry, report),
            self._results.banner.show_error,
            "reading the scores",
        )

    def _on_read(self, entry: ScoreEntry, report: ShownReport) -> None:
        self._read[entry.path] = report
        self._show(report)

    def _show(self, report: ShownReport) -> None:
        self._results.banner.hide()
        if report is not self._results.report:
            self._results.show_report(report)
        self._compare()

    def _compare(self) -> None:
        """Put the open scoring and the ticked ones side by side."""
        entries = [e for e in self._panel.history.ticked() if e.path != self._opened]
        missing = [entry for entry in entries if entry.path not in self._read]
        if not missing:
            shown = [self._results.report] if self._results.report else []
            shown += [self._read[entry.path] for entry in entries]
            self._results.show_compared(shown)
            if len(shown) > 1 and self._results.tab() == "compare":
                self._look_for_differences(shown)
            return
        self._background.run(
            "score comparison",
            lambda: [read_report(e.report, e.title, e.made_at) for e in missing],
            lambda reports: self._on_compared(missing, reports),
            self._results.banner.show_error,
            "reading the scores",
        )

    def _on_compared(self, entries: list[ScoreEntry], reports: list[ShownReport]) -> None:
        self._read |= {e.path: report for e, report in zip(entries, reports, strict=True)}
        self._compare()

    def _look_for_differences(self, compared: list[ShownReport]) -> None:
        """Thousands of resamples of thousands of sounds: off the window's thread."""
        reports = [{**report.raw, "title": report.title} for report in compared]

        def show(sentences: list[str]) -> None:
            if self._results.chart.canvas.reports == compared:
                self._results.chart.show_verdicts(sentences)

        self._background.run(
            "score differences",
            lambda: verdicts(grouped(titled(reports))),
            show,
            self._results.banner.show_error,
            "comparing the scores",
        )

    def _rename(self, entry: ScoreEntry, title: str) -> None:
        self._change(lambda history: history.rename(entry, title), "renaming the scoring")

    def _remove(self, entry: ScoreEntry) -> None:
        self._background.run(
            "score change",
            lambda: ScoreHistory(self._folder).remove(entry),
            lambda removed: self._on_removed(entry, removed),
            self._panel.banner.show_error,
            "removing the scoring",
        )

    def _on_removed(self, entry: ScoreEntry, removed: ScoreEntry) -> None:
        self._removed = removed
        if self._opened == entry.path:
            self._opened = None
            self._results.show_report(None)
            self._results.empty.show_idle()
        self._panel.banner.show_note("Moved to the trash", f"“{entry.title}”.", "Bring it back")
        self._refresh()

    def _restore(self) -> None:
        removed, self._removed = self._removed, None
        if removed is not None:
            self._panel.banner.hide()
            self._change(lambda history: history.restore(removed), "bringing back the scoring")

    def _change(self, work: Any, doing: str) -> None:
        def done(entry: ScoreEntry) -> None:
            self._opened = entry.path
            self._refresh()

        self._background.run(
            "score change",
            lambda: work(ScoreHistory(self._folder)),
            done,
            self._panel.banner.show_error,
            doing,
        )

    def entry(self) -> ScoreEntry | None:
        """The past scoring that is open."""
        return next((entry for entry in self._entries if entry.path == self._opened), None)

    def exported(self) -> list[dict[str, Any]]:
        """The reports that an export writes: the open one, then those it is compared with."""
        open_one = self._results.report
        if open_one is None:
            return []
        others = [e for e in self._panel.history.ticked() if e.path != self._opened]
        return [
            {**open_one.raw, "title": open_one.title},
            *({**entry.report, "title": entry.title} for entry in others),
        ]

    # playing

    def play_nearest(self) -> None:
        self._results.clips.play_nearest()

    def play_current(self) -> None:
        """What the place's focus means by the space bar."""
        if self._results.map.hasFocus():
            self._results.map.play_current()
        else:
            self._results.clips.play_clip()

    def has_focus(self) -> bool:
        """Whether the clips or the map have it, so that the space bar is theirs."""
        return self._results.map.hasFocus() or self._results.clips.table.hasFocus()

    def _on_clip(self, name: str, is_now: bool) -> None:
        report = self._results.report
        if report is not None:
            self._results.map.select(name)
            self._choose(report.generated_file(name), name, is_now)

    def _play_reference(self, name: str) -> None:
        report = self._results.report
        if report is not None and report.reference:
            self._choose(report.reference_file(name), name, True)

    def _on_point(self, name: str, is_reference: bool, is_now: bool) -> None:
        report = self._results.report
        if report is None:
            return
        if not is_reference:
            self._results.clips.select(name)
        file = report.reference_file(name) if is_reference else report.generated_file(name)
        self._choose(file, name, is_now)

    def _choose(self, file: Path | None, name: str, is_now: bool) -> None:
        if file is not None:
            self.sound_chosen.emit(file, name, is_now)

    # the panel

    def _look_at(self, picker: SetPicker, folder: str) -> None:
        def failed(_: StudioError) -> None:
            picker.show_facts(folder, FolderFacts(0))

        self._background.run(
            ("folder facts", id(picker)),
            lambda: look_at(Path(folder)),
            lambda facts: picker.show_facts(folder, facts),
            failed,
            f"looking into {folder}",
        )

    def _on_options(self) -> None:
        more = self._panel.more
        self.options_changed.emit(
            {
                "score_backbone": more.chosen_backbone(),
                "panns_file": more.panns.path(),
                "vggish_file": more.vggish.path(),
                "clap_file": more.clap.path(),
            }
        )
