"""The built parts of the window as the commands see them; app.py builds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from soundstudio.core.paths import UserFolders
    from soundstudio.jobs.background import Background
    from soundstudio.jobs.benchmark_runner import BenchmarkRunner
    from soundstudio.jobs.model_runner import ModelRunner
    from soundstudio.jobs.queue import JobQueue
    from soundstudio.jobs.run_thread import RunThread
    from soundstudio.jobs.score_runner import ScoreRunner
    from soundstudio.jobs.serial_thread import SerialThread
    from soundstudio.library.library import Library
    from soundstudio.ui.action_registry import ActionRegistry
    from soundstudio.ui.audition import Audition
    from soundstudio.ui.benchmark_desk import BenchmarkDesk
    from soundstudio.ui.benchmark_panel import BenchmarkPanel
    from soundstudio.ui.clip_exports import ClipExports
    from soundstudio.ui.clip_table import ClipTable
    from soundstudio.ui.clip_table_model import ClipTableModel
    from soundstudio.ui.commands import Commands
    from soundstudio.ui.early_play import EarlyPlay
    from soundstudio.ui.finetune_desk import FinetuneDesk
    from soundstudio.ui.finetune_panel import FinetunePanel
    from soundstudio.ui.finetune_run_desk import FinetuneRunDesk
    from soundstudio.ui.finetune_training import FinetuneTraining
    from soundstudio.ui.generate_panel import GeneratePanel
    from soundstudio.ui.generation_desk import GenerationDesk
    from soundstudio.ui.library_desk import LibraryDesk
    from soundstudio.ui.library_panel import LibraryPanel
    from soundstudio.ui.main_window import MainWindow
    from soundstudio.ui.models_desk import ModelsDesk
    from soundstudio.ui.output_watch import OutputWatch
    from soundstudio.ui.places import Places
    from soundstudio.ui.rail import Rail
    from soundstudio.ui.score_desk import ScoreDesk
    from soundstudio.ui.score_file_exports import ScoreFileExports
    from soundstudio.ui.score_panel import ScorePanel
    from soundstudio.ui.score_place import ScorePlace
    from soundstudio.ui.score_results import ScoreResults
    from soundstudio.ui.settings_desk import SettingsDesk
    from soundstudio.ui.status_line import StatusLine
    from soundstudio.ui.theme import Theme
    from soundstudio.ui.thumbnails import Thumbnails
    from soundstudio.ui.transport_bar import TransportBar
    from soundstudio.ui.viewer_panel import ViewerPanel


class Parts(Protocol):
    """Every part by name."""

    folders: UserFolders
    theme: Theme
    queue: JobQueue
    library: SerialThread[Library]
    run_thread: RunThread
    score_runner: ScoreRunner
    model_runner: ModelRunner
    benchmark_runner: BenchmarkRunner
    export_background: Background
    window: MainWindow
    actions: ActionRegistry
    thumbnails: Thumbnails
    model: ClipTableModel
    table: ClipTable
    rail: Rail
    generate: GeneratePanel
    finetune: FinetunePanel
    finetuning: FinetuneDesk
    finetune_training: FinetuneTraining
    run_desk: FinetuneRunDesk
    score_panel: ScorePanel
    score_place: ScorePlace
    benchmark_panel: BenchmarkPanel
    results: ScoreResults
    viewer: ViewerPanel
    transport: TransportBar
    library_panel: LibraryPanel
    status: StatusLine
    audition: Audition
    library_desk: LibraryDesk
    exports: ClipExports
    generation: GenerationDesk
    early_play: EarlyPlay
    models: ModelsDesk
    output: OutputWatch
    scoring: ScoreDesk
    benchmarks: BenchmarkDesk
    score_exports: ScoreFileExports
    places: Places
    commands: Commands
    settings: SettingsDesk
