"""The composition root of the window: builds everything, connects it, owns nothing else."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from soundstudio.audio.player import Player
from soundstudio.core.errors import SettingsError, StudioError
from soundstudio.core.paths import APP_NAME, UserFolders, user_folders
from soundstudio.core.settings import Settings, load_settings
from soundstudio.jobs.background import Background
from soundstudio.jobs.benchmark_runner import BenchmarkRunner
from soundstudio.jobs.engine_thread import EngineThread
from soundstudio.jobs.model_runner import ModelRunner, models_command
from soundstudio.jobs.queue import JobQueue
from soundstudio.jobs.run_thread import RunThread
from soundstudio.jobs.score_runner import ScoreRunner
from soundstudio.jobs.serial_thread import SerialThread
from soundstudio.library.library import Library
from soundstudio.ui.action_registry import ActionRegistry
from soundstudio.ui.audition import Audition
from soundstudio.ui.benchmark_desk import BenchmarkDesk
from soundstudio.ui.benchmark_panel import BenchmarkPanel
from soundstudio.ui.benchmark_results import BenchmarkResults
from soundstudio.ui.clip_delegate import ClipDelegate
from soundstudio.ui.clip_exports import ClipExports
from soundstudio.ui.clip_table import ClipTable
from soundstudio.ui.clip_table_model import ClipTableModel
from soundstudio.ui.commands import Commands
from soundstudio.ui.crash_reports import CrashReports, start_logging
from soundstudio.ui.display import display_problem
from soundstudio.ui.early_play import EarlyPlay
from soundstudio.ui.finetune_desk import FinetuneDesk
from soundstudio.ui.finetune_panel import FinetunePanel
from soundstudio.ui.finetune_result import FinetuneResult
from soundstudio.ui.finetune_run_desk import FinetuneRunDesk
from soundstudio.ui.finetune_run_page import FinetuneRunPage
from soundstudio.ui.finetune_runs import FinetuneRuns
from soundstudio.ui.finetune_training import FinetuneTraining
from soundstudio.ui.generate_panel import GeneratePanel
from soundstudio.ui.generation_desk import GenerationDesk
from soundstudio.ui.icons import Icons
from soundstudio.ui.library_desk import LibraryDesk
from soundstudio.ui.library_panel import LibraryPanel
from soundstudio.ui.main_window import MainWindow
from soundstudio.ui.models_desk import ModelsDesk
from soundstudio.ui.output_watch import OutputWatch
from soundstudio.ui.places import Places
from soundstudio.ui.rail import Place, Rail
from soundstudio.ui.request_form import example_prompts
from soundstudio.ui.score_desk import ScoreDesk
from soundstudio.ui.score_file_exports import ScoreFileExports
from soundstudio.ui.score_panel import ScorePanel
from soundstudio.ui.score_place import ScorePlace
from soundstudio.ui.score_results import ScoreResults
from soundstudio.ui.settings_desk import SettingsDesk
from soundstudio.ui.single_instance import SingleInstance, hand_over, server_name
from soundstudio.ui.status_line import StatusLine
from soundstudio.ui.theme import Theme
from soundstudio.ui.thumbnails import Thumbnails
from soundstudio.ui.transport_bar import TransportBar
from soundstudio.ui.viewer_panel import ViewerPanel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from soundstudio.audio.player import PlayerLike

log = logging.getLogger(__name__)

SWITCH_INTERVAL_S = 0.001
# How many clips are read between two words about it.
OPENING_STEP = 25
PLACES = (
    Place("generate", "Generate", "generate"),
    Place("finetune", "Fine-tune", "finetune"),
    Place("score", "Score", "score"),
)


class Studio:
    """The built application: every part by name, so that tests and benchmarks can reach it."""

    def __init__(
        self,
        app: QApplication,
        folders: UserFolders,
        engine_command: Sequence[str] | None = None,
        make_player: Callable[[], PlayerLike] = Player,
        score_command: Sequence[str] | None = None,
        run_command: Sequence[str] | None = None,
        model_command: Sequence[str] | None = None,
    ) -> None:
        self.folders = folders
        settings, problem = read_settings(folders)
        self.theme = Theme(app, settings.theme)
        self.icons = Icons(self.theme)
        self._build_workers(engine_command, make_player)
        # Trainings are processes that outlive the window; the thread only looks after them.
        self.run_thread = RunThread(folders.runs, run_command)
        # A process of its own: generating goes on while it computes, and a crash of one spares
        # the other. It starts with the first scoring.
        self.score_thread = EngineThread(score_command, name="scoring process")
        self.score_runner = ScoreRunner(self.score_thread, folders.scorings)
        # Of days, beside scorings of minutes.
        self.benchmark_thread = EngineThread(score_command, name="benchmark process")
        self.benchmark_runner = BenchmarkRunner(self.benchmark_thread)
        # Downloads go on while sounds are made; pausing one may end the process.
        self.model_thread = EngineThread(model_command or models_command(), name="models process")
        self.model_runner = ModelRunner(self.model_thread)
        self._build_panels()
        self._build_desks(settings)
        self._connect()
        self.settings.apply(settings)
        if problem is not None:
            self.generate.banner.show_error(problem)

    def _build_workers(
        self, engine_command: Sequence[str] | None, make_player: Callable[[], PlayerLike]
    ) -> None:
        folders = self.folders
        self.engine = EngineThread(engine_command)
        self.queue = JobQueue(self.engine.send, folders.handover)
        self.library: SerialThread[Library] = SerialThread(
            lambda: Library.open(folders, self._tell_opening), Library.close, "opening the library"
        )
        self.player = make_player()
        player = self.player
        self.player_thread: SerialThread[PlayerLike] = SerialThread(
            lambda: player, lambda player: player.close(), "using the sound output"
        )
        self.background = Background(threads=2)
        # One thread of its own, so that a long export never keeps a click waiting.
        self.export_background = Background(threads=1)
        # Looking at 10,000 clips takes a minute; nothing that is clicked waits for it.
        self.finetune_background = Background(threads=2)

    def _build_panels(self) -> None:
        theme, icons = self.theme, self.icons
        self.window = MainWindow(self.folders.window_state_file)
        self.actions = ActionRegistry(self.window, icons)
        self.thumbnails = Thumbnails(self.background)
        self.model = ClipTableModel()
        self.table = ClipTable(self.model, ClipDelegate(self.thumbnails, theme, icons, self.window))
        foot = tuple(self.actions[name] for name in ("settings", "shortcuts", "about"))
        self.rail = Rail(PLACES, foot, icons)
        self.generate = GeneratePanel(theme, icons)
        self.finetune = FinetunePanel(theme, icons)
        self.finetune_training = FinetuneTraining(theme, icons)
        self.finetune_runs = FinetuneRuns(theme, icons)
        self.finetune_result = FinetuneResult(theme, icons)
        self.finetune.set_page(
            "training", FinetuneRunPage(self.finetune_runs, self.finetune_training)
        )
        self.finetune.set_page("result", self.finetune_result)
        self.score_panel = ScorePanel(theme, icons)
        self.viewer = ViewerPanel(self.actions, theme, icons)
        self.results = ScoreResults(theme, icons)
        self.benchmark_panel = BenchmarkPanel(theme, icons)
        self.benchmark_results = BenchmarkResults(theme, icons)
        self.score_place = ScorePlace(
            (self.score_panel, self.benchmark_panel), (self.results, self.benchmark_results)
        )
        self.transport = TransportBar(self.actions, theme, icons)
        self.library_panel = LibraryPanel(self.table, example_prompts(), theme, icons)
        self.status = StatusLine(theme)
        self.window.arrange(
            self.rail,
            (
                (self.generate, self.viewer),
                (None, self.finetune),
                (self.score_place.side, self.score_place.top),
            ),
            self.transport,
            self.library_panel,
            self.status,
        )
        self.window.add_menus(self.actions)
        self.actions.give_sound_keys(self.table)
        self.actions.give_sound_keys(self.viewer.canvas)

    def _build_desks(self, settings: Settings) -> None:
        window = self.window
        self.audition = Audition(
            self.player,
            self.player_thread,
            self.background,
            self.viewer,
            self.transport,
            window,
        )
        self.library_desk = LibraryDesk(self.library, self.library_panel, self.model, window)
        self.exports = ClipExports(
            self.export_background, self.library_panel.banner, self.theme, self.window
        )
        self.generation = GenerationDesk(
            self.queue,
            self.engine,
            self.library,
            self.generate,
            self.model,
            self.status,
            window,
        )
        self.early_play = EarlyPlay(self.queue, self.audition, self.model, window)
        self.finetuning = FinetuneDesk(
            self.folders, self.finetune_background, self.finetune, self.theme, self.icons, window
        )
        self.run_desk = FinetuneRunDesk(
            self.run_thread,
            self.queue,
            self.background,
            self.folders.cache / "comparisons",
            self.finetune_training,
            self.finetune_result,
            self.finetune_runs,
            window,
        )
        self.scoring = ScoreDesk(
            self.score_runner,
            self.folders.scorings,
            self.background,
            self.score_panel,
            self.results,
            window,
        )
        self.benchmarks = BenchmarkDesk(
            self.benchmark_runner,
            self.folders,
            self.background,
            self.benchmark_panel,
            self.benchmark_results,
            window,
        )
        self.score_exports = ScoreFileExports(
            self.export_background, self.results.banner, self.exports.reveal, window
        )
        self.output = OutputWatch(
            self.player, self.player_thread, self.transport, self.status, window
        )
        self.models = ModelsDesk(self, self.model_runner, self.background, self.icons)
        self.settings: SettingsDesk = SettingsDesk(self, settings)
        self.places = Places(self)
        self.commands = Commands(self)

    def _connect(self) -> None:
        self.commands.connect_all()
        self.engine.message_received.connect(self.finetuning.on_engine_message)
        self.engine.message_received.connect(self.early_play.on_message)
        self.engine.engine_stopped.connect(self.early_play.give_up)
        self.places.connect_all()
        self.window.closed.connect(self.close)

    def start(self, files: Sequence[str] = ()) -> None:
        """Show the window, then start what takes longer."""
        # With Python's 5 ms, two busy pool threads keep the event loop waiting for 10 ms a turn.
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self.window.restore_places()
        self.transport.set_volume(self.window.remembered("volume", 1.0))
        self.player.level_gain = self.window.remembered("volume", 1.0) ** 2
        self.window.show()
        self.generate.prompt.setFocus()
        self.library.start()
        self.library_desk.refresh()
        self.library_desk.refresh_prompts()
        self.library_desk.tell_notice()
        self.player_thread.start()
        self.output.start(self.settings.current.output_device)
        self.run_thread.start()
        # The engine's own start must not delay the first frame of the window.
        QTimer.singleShot(0, self.engine.start)
        if files:
            self.library_desk.add_files([Path(name) for name in files])

    def _tell_opening(self, done: int, of: int) -> None:
        """Called in the library's thread; a signal carries it over."""
        if done % OPENING_STEP == 0 or done == of:
            self.library_desk.opening_progressed.emit(done, of)

    def close(self) -> None:
        """End every thread and process; what is in the library stays."""
        self.audition.close()
        self.output.stop()
        self.queue.blockSignals(True)
        self.generation.close()
        self.score_runner.blockSignals(True)
        self.benchmark_runner.blockSignals(True)
        self.model_runner.blockSignals(True)
        self.finetuning.close()
        self.run_thread.shutdown()
        self.run_desk.close()
        self.engine.shutdown()
        self.score_thread.shutdown()
        self.benchmark_thread.shutdown()
        self.model_thread.shutdown()
        self.background.close()
        self.export_background.close()
        self.finetune_background.close()
        self.library.close()
        self.player_thread.close()


def read_settings(folders: UserFolders) -> tuple[Settings, StudioError | None]:
    """The user's settings, or the defaults and the reason why."""
    try:
        return load_settings(folders.settings_file), None
    except SettingsError as error:
        log.warning("%s", error)
        return Settings(), error


def run_window(files: list[str]) -> int:
    """Open the window and return the exit code; a second start hands its files to the first."""
    if QApplication.instance() is None and (problem := display_problem()):
        sys.stderr.write(f"soundstudio: {problem} `soundstudio generate` works without one.\n")
        return 1
    folders = user_folders()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName(APP_NAME)
    app.setDesktopFileName("soundstudio")
    name = server_name(folders.data)
    absolute = [str(Path(file).expanduser().absolute()) for file in files]
    if hand_over(name, absolute):
        sys.stderr.write("Sound Studio is already open; its window was brought to the front.\n")
        return 0
    handler = start_logging(folders.logs)
    studio = Studio(app, folders)
    reports = CrashReports(folders.logs, studio.window)
    instance = SingleInstance(name, studio.window)
    instance.raised.connect(studio.commands.on_raised)
    studio.start(absolute)
    code = app.exec()
    instance.close()
    reports.close()
    if handler is not None:
        logging.getLogger().removeHandler(handler)
        handler.close()
    return code
