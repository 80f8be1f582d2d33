"""From a benchmark's page to its result: the runner, the list of past ones, the folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices, QImage

from soundstudio.core.benchmark_requests import BENCHMARK_TITLES, BenchmarkRequest
from soundstudio.core.catalogue_table import downloaded_claps
from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.settings import chosen_models_folder
from soundstudio.library.benchmarks import BenchmarkList, BenchmarkReport, read_benchmark
from soundstudio.ui.benchmark_panel import state_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.core.messages import BenchmarkFinished
    from soundstudio.core.paths import UserFolders
    from soundstudio.core.settings import Settings
    from soundstudio.jobs.background import Background
    from soundstudio.jobs.benchmark_runner import BenchmarkRunner, BenchmarkState
    from soundstudio.library.benchmarks import RunBenchmarkEntry
    from soundstudio.ui.benchmark_panel import BenchmarkPanel
    from soundstudio.ui.benchmark_results import BenchmarkResults

NOTE_MS = 8000


class BenchmarkDesk(QObject):
    """Connects the page with its process; files are read and written in the background."""

    def __init__(
        self,
        runner: BenchmarkRunner,
        folders: UserFolders,
        background: Background,
        panel: BenchmarkPanel,
        results: BenchmarkResults,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._folders = folders
        self._background = background
        self._panel = panel
        self._results = results
        self._device, self._dtype, self._models_folder = "auto", "auto", ""
        self._was_read = False
        runner.changed.connect(self._on_state)
        runner.finished.connect(self._on_finished)
        runner.failed.connect(panel.banner.show_error)
        runner.cancelled.connect(self._on_cancelled)
        panel.start_requested.connect(self.start)
        panel.cancel_requested.connect(runner.cancel)
        panel.opened.connect(self._open)
        panel.remove_requested.connect(self._remove)
        results.folder_requested.connect(self._open_folder)

    def set_settings(self, settings: Settings, rows: tuple[CatalogueRow, ...]) -> None:
        """The device, the models to choose from, and the backbone of the scorings."""
        self._device, self._dtype = settings.device, settings.dtype
        self._models_folder = str(chosen_models_folder(settings, self._folders))
        self._panel.more.set_models(rows, settings.model)
        more = self._panel.more
        more.set_backbone(
            settings.score_backbone, settings.panns_file, settings.vggish_file, settings.clap_file
        )
        more.clap.offer(downloaded_claps(Path(self._models_folder)))

    def show(self) -> None:
        """The page is seen: read the list, once."""
        if not self._was_read:
            self._was_read = True
            self._change_list(lambda past: past.entries(), "reading the past benchmarks")

    def start(self) -> None:
        """Run it, or say beside the button why not."""
        self._panel.banner.hide()
        try:
            request = BenchmarkRequest(
                **self._panel.values(),
                models_folder=self._models_folder,
                device=self._device,
                dtype=self._dtype,
            ).validated()
            self._runner.run(request)
        except InvalidRequestError as error:
            error.title = "The benchmark cannot run"
            self._panel.banner.show_error(error)
            return
        self._results.banner.hide()
        self._change_list(lambda past: past.add(request), "noting the benchmark")

    def _on_state(self, state: BenchmarkState) -> None:
        self._panel.show_state(state)
        if self._results.has_report():
            return
        if state.is_busy:
            self._results.show_busy(state_words(state))
        else:
            self._results.show_empty()

    def _on_finished(self, finished: BenchmarkFinished) -> None:
        self._panel.banner.hide()
        if finished.note:
            self._panel.banner.show_note("Not the whole dataset", finished.note)
        self._read(Path(finished.path))

    def _on_cancelled(self) -> None:
        self._panel.banner.show_note(
            "Stopped", "Run it again with the same folder: it goes on from there.", for_ms=NOTE_MS
        )

    # past ones

    def _open(self, entry: RunBenchmarkEntry) -> None:
        """Show a past one, and fill the page so that it can be run again."""
        self._panel.set_request(entry.request)
        self._read(entry.report)

    def _read(self, path: Path) -> None:
        def work() -> tuple[BenchmarkReport, QImage] | None:
            if not path.is_file():
                return None
            report = read_benchmark(path)
            return report, QImage(str(report.picture)) if report.picture else QImage()

        def done(found: tuple[BenchmarkReport, QImage] | None) -> None:
            self._results.banner.hide()
            if found is not None:
                self._results.show_report(*found)
            elif not self._runner.is_busy:
                self._results.show_unfinished(_title_of(path))

        self._background.run(
            "benchmark report", work, done, self._results.banner.show_error, "reading the result"
        )

    def _remove(self, entry: RunBenchmarkEntry) -> None:
        self._change_list(lambda past: past.remove(entry), "changing the past benchmarks")

    def _change_list(
        self, work: Callable[[BenchmarkList], list[RunBenchmarkEntry]], doing: str
    ) -> None:
        self._background.run(
            "benchmark list",
            lambda: work(BenchmarkList(self._folders.benchmarks_file)),
            lambda entries: self._panel.show_entries(entries, datetime.now().astimezone()),
            self._panel.banner.show_error,
            doing,
        )

    def _open_folder(self) -> None:
        if (report := self._results.report) is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(report.path.parent)))


def _title_of(path: Path) -> str:
    return next((title for name, title in BENCHMARK_TITLES.items() if name == path.stem), path.name)
