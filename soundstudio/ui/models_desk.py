"""The models page at work: questions first, then the runner, then the catalogue anew."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from soundstudio.core.catalogue_table import PANNS, VGGISH, downloaded_file
from soundstudio.core.errors import StudioError
from soundstudio.core.model_shelf import ShelfRow, shelf
from soundstudio.core.requests import STARTER_MODEL
from soundstudio.core.settings import chosen_models_folder
from soundstudio.jobs.model_runner import ModelTask
from soundstudio.ui.model_words import licence_question
from soundstudio.ui.models_dialog import ModelsDialog
from soundstudio.ui.questions import ask_licence, ask_to_remove_model

if TYPE_CHECKING:
    from soundstudio.core.messages import ModelAction, ModelFinished
    from soundstudio.jobs.background import Background
    from soundstudio.jobs.model_runner import ModelRunner
    from soundstudio.ui.banner import Banner
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.parts import Parts

NOTE_MS = 8000


class ModelsDesk(QObject):
    """Opens the page and carries out what is asked there; work goes on when the page is closed."""

    def __init__(
        self, parts: Parts, runner: ModelRunner, background: Background, icons: Icons
    ) -> None:
        super().__init__(parts.window)
        self._parts = parts
        self._runner = runner
        self._background = background
        self._icons = icons
        self._problem: StudioError | None = None
        self.dialog: ModelsDialog | None = None
        runner.changed.connect(self._on_state)
        runner.finished.connect(self._on_finished)
        runner.failed.connect(self._on_failed)
        runner.cancelled.connect(self.refresh)
        parts.actions.connect_all({"models": self.open})
        parts.generate.more.more_models_requested.connect(self.open)
        parts.score_panel.more.weights_requested.connect(lambda: self.open(PANNS))

    def open(self, chosen: str = "") -> None:
        """Show the page. chosen: the id of the row that is wanted."""
        if self.dialog is None:
            self.dialog = self._build()
        self.dialog.show_state(self._runner.state)
        self._look(chosen)
        self.dialog.open()

    def _build(self) -> ModelsDialog:
        dialog = ModelsDialog(self._parts.theme, self._icons, self._parts.window)
        dialog.download_requested.connect(self._download)
        dialog.stop_requested.connect(lambda row: self._runner.stop(row.id))
        dialog.verify_requested.connect(lambda row: self._ask("verify", row.id, row.title))
        dialog.remove_requested.connect(self._remove)
        dialog.import_folder_requested.connect(self._import_folder)
        dialog.import_file_requested.connect(self._import_file)
        dialog.folder_change_requested.connect(self._change_folder)
        dialog.current_stop_requested.connect(self._runner.cancel)
        return dialog

    @property
    def folder(self) -> Path:
        """Where the models lie now."""
        return chosen_models_folder(self._parts.settings.current, self._parts.folders)

    # what is asked for

    def _ask(self, action: ModelAction, operand: str, title: str) -> None:
        self._runner.ask(ModelTask(action, operand, title, str(self.folder)))

    def _download(self, row: ShelfRow) -> None:
        """The licence first, unless it was accepted when the download was begun."""
        if row.state != "absent":
            self._ask("download", row.id, row.title)
            return
        question, note = licence_question(row)
        ask_licence(self._over(), question, note, lambda: self._ask("download", row.id, row.title))

    def _remove(self, row: ShelfRow) -> None:
        ask_to_remove_model(
            self._over(),
            row.title,
            row.size_bytes if row.folder else row.received_bytes,
            lambda: self._ask("remove", row.id, row.title),
        )

    def _import_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self._over(), "A folder in AudioLDM's layout")
        if name:
            self.bring_in(Path(name))

    def _import_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self._over(), "An original checkpoint", "", "Checkpoints (*.ckpt);;All files (*)"
        )
        if name:
            self.bring_in(Path(name))

    def bring_in(self, source: Path) -> None:
        """Import a model's folder, or an original checkpoint."""
        self._ask("import", str(source), source.name)

    def _change_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self._over(), "Models folder", str(self.folder))
        if name:
            self.choose_folder(Path(name))

    def choose_folder(self, folder: Path) -> None:
        """Look for models, and keep new ones, in another folder; nothing is moved."""
        is_default = folder == self._parts.folders.models
        self._parts.settings.put(models_folder="" if is_default else str(folder))
        self._look()

    def _over(self) -> ModelsDialog:
        assert self.dialog is not None
        return self.dialog

    # what becomes of it

    def refresh(self) -> None:
        """The models folder has changed: say it everywhere."""
        settings, folder = self._parts.settings, self.folder
        changes: dict[str, str] = {}
        ended = self._runner.ended
        if (
            ended is not None
            and ended.action == "remove"
            and ended.operand == (settings.current.model)
        ):
            changes["model"] = STARTER_MODEL
        for field, id_ in (("panns_file", PANNS), ("vggish_file", VGGISH)):
            chosen = getattr(settings.current, field)
            found = downloaded_file(id_, folder)
            is_gone = bool(chosen) and Path(chosen).is_relative_to(folder) and found is None
            if (not chosen and found is not None) or is_gone:
                changes[field] = str(found or "")
        clap = settings.current.clap_file
        if clap and Path(clap).is_relative_to(folder) and not Path(clap).is_file():
            changes["clap_file"] = ""
        if changes:
            settings.put(**changes)
        else:
            settings.apply(settings.current)
        self._look()

    def _look(self, chosen: str = "") -> None:
        folder = self.folder

        def done(answer: tuple[tuple[ShelfRow, ...], int]) -> None:
            if self.dialog is None:
                return
            rows, free_bytes = answer
            self.dialog.show_folder(folder, free_bytes)
            self.dialog.show_rows(rows)
            if chosen:
                self.dialog.choose(chosen)

        self._background.run(
            "shelf",
            lambda: (shelf(folder), _free_bytes(folder)),
            done,
            self._on_failed,
            "looking at the models",
        )

    def _on_state(self, state: object) -> None:
        if self.dialog is not None:
            self.dialog.show_state(state)  # type: ignore[arg-type]

    def _on_finished(self, message: ModelFinished) -> None:
        self.refresh()
        ended = self._runner.ended
        title = "Checked" if ended is not None and ended.action == "verify" else "Done"
        if not self._shown_problem():  # a failure before it stays to be read
            self._banner().show_note(title, message.sentence, for_ms=NOTE_MS)

    def _on_failed(self, error: StudioError) -> None:
        ended = self._runner.ended
        about = f"{ended.title}: " if ended is not None else ""
        before = self._shown_problem()
        problem = StudioError(f"{before} {about}{error.message}".strip(), error.advice)
        problem.title = error.title
        self._banner().show_error(problem)
        self._problem = problem
        self._look()

    def _banner(self) -> Banner:
        """Where it is seen: on the page, or in the place of the model once that is closed."""
        if self.dialog is not None and self.dialog.isVisible():
            return self.dialog.banner
        return self._parts.generate.banner

    def _shown_problem(self) -> str:
        """The sentence of a failure that is still on the screen."""
        problem = self._problem
        if problem is None or problem.sentence() not in self._banner().text():
            return ""
        return problem.sentence()


def _free_bytes(folder: Path) -> int:
    """Room on the folder's disk, 0 if it cannot be told."""
    existing = next((f for f in (folder, *folder.absolute().parents) if f.exists()), None)
    try:
        return shutil.disk_usage(existing).free if existing else 0
    except OSError:
        return 0
