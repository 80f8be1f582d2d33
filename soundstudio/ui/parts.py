"""The built parts of the window as the commands see them; app.py builds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from soundstudio.core.paths import UserFolders
    from soundstudio.jobs.background import Background
    from soundstudio.jobs.queue import JobQueue
    from soundstudio.ui.action_registry import ActionRegistry
    from soundstudio.ui.audition import Audition
    from soundstudio.ui.clip_exports import ClipExports
    from soundstudio.ui.clip_table import ClipTable
    from soundstudio.ui.clip_table_model import ClipTableModel
    from soundstudio.ui.generate_panel import GeneratePanel
    from soundstudio.ui.generation_desk import GenerationDesk
    from soundstudio.ui.library_desk import LibraryDesk
    from soundstudio.ui.library_panel import LibraryPanel
    from soundstudio.ui.main_window import MainWindow
    from soundstudio.ui.output_watch import OutputWatch
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
    export_background: Background
    window: MainWindow
    actions: ActionRegistry
    thumbnails: Thumbnails
    model: ClipTableModel
    table: ClipTable
    generate: GeneratePanel
    viewer: ViewerPanel
    transport: TransportBar
    library_panel: LibraryPanel
    status: StatusLine
    audition: Audition
    library_desk: LibraryDesk
    exports: ClipExports
    generation: GenerationDesk
    output: OutputWatch
    settings: SettingsDesk
