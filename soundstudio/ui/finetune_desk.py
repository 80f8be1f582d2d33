"""From a folder to an order for a run: what the steps before the training show and do."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from soundstudio.core.errors import StudioError
from soundstudio.core.finetuning import FinetuneOrder, FinetuneSettings
from soundstudio.core.messages import ModelLoaded
from soundstudio.dataset.clips import DatasetOptions
from soundstudio.jobs.clip_reading import ClipReader, read_own_table, rebuilt, write_for_run
from soundstudio.jobs.finetune_answers import (
    Answers,
    choices_of,
    load_answers,
    save_answers,
    ticks_of,
)
from soundstudio.ui.finetune_caption_desk import FinetuneCaptionDesk
from soundstudio.ui.finetune_captions import FinetuneCaptions
from soundstudio.ui.finetune_findings import FinetuneFindings, counts_words
from soundstudio.ui.finetune_folder import FinetuneFolder
from soundstudio.ui.finetune_panel import StepPage
from soundstudio.ui.finetune_reckoning import FinetuneReckoning
from soundstudio.ui.finetune_settings import FinetuneSettingsPage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.core.messages import Message
    from soundstudio.core.paths import UserFolders
    from soundstudio.core.settings import Settings
    from soundstudio.jobs.background import Background
    from soundstudio.jobs.clip_reading import ReadClips
    from soundstudio.ui.finetune_panel import FinetunePanel
    from soundstudio.ui.icons import Icons
    from soundstudio.ui.theme import Theme

SAVE_PAUSE_MS = 500
AFTER_FOLDER = ("findings", "captions", "settings")


class FinetuneDesk(QObject):
    """signals: sound_chosen(Path, str, bool): a file and its name; True: play it now."""

    sound_chosen = Signal(object, str, bool)

    def __init__(
        self,
        folders: UserFolders,
        background: Background,
        panel: FinetunePanel,
        theme: Theme,
        icons: Icons,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._folders = folders
        self._background = background
        self._panel = panel
        self._file = folders.finetune / "answers.json"
        self.answers = Answers()
        self.read: ReadClips | None = None
        self._was_shown = False
        # A run that trains was put in front before the place is seen: it stays there.
        self._begins_with_folder = True
        self._wanted_step = ""
        self.reader = ClipReader(background, self)
        self.folder_page = FinetuneFolder(theme, icons)
        self.findings_page = FinetuneFindings(theme, icons)
        self.captions_page = FinetuneCaptions(theme, icons)
        self.settings_page = FinetuneSettingsPage(theme, icons)
        self.captions = FinetuneCaptionDesk(background, self.captions_page, panel.banner, self)
        self.reckoning = FinetuneReckoning(folders, background, self.settings_page, self)
        self._save_pause = QTimer(self, singleShot=True, interval=SAVE_PAUSE_MS)
        for step, page in (
            ("folder", self.folder_page),
            ("findings", self.findings_page),
            ("captions", self.captions_page),
            ("settings", self.settings_page),
        ):
            panel.set_page(step, page)
            panel.set_reachable(step, step == "folder")
        self._connect()

    def _connect(self) -> None:
        panel, reader = self._panel, self.reader
        panel.step_shown.connect(self._on_step)
        panel.begin_requested.connect(self.begin)
        reader.progressed.connect(self.folder_page.show_progress)
        reader.finished.connect(self._on_read)
        reader.failed.connect(self._on_read_failed)
        reader.cancelled.connect(self._on_cancelled)
        self.folder_page.folder_chosen.connect(self.choose_folder)
        self.folder_page.again_requested.connect(self._look_again)
        self.folder_page.cancel_requested.connect(reader.cancel)
        for page in (self.findings_page, self.captions_page):
            page.sound_chosen.connect(self._on_sound)
        self.findings_page.near_duplicates_kept.connect(
            lambda kept: self._change_options(keep_near_duplicates=kept)
        )
        self.captions_page.template_changed.connect(
            lambda template: self._change_options(template=template)
        )
        self.captions.table_changed.connect(self._rebuild)
        self.captions.caption_table_chosen.connect(self._read_caption_table)
        self.settings_page.share_changed.connect(
            lambda share: self._change_options(validation_share=share)
        )
        self.settings_page.changed.connect(self._on_settings)
        self._save_pause.timeout.connect(self._save)

    # life

    def show(self) -> None:
        """The place is seen: the first time, take up what was answered in an earlier session."""
        if self._was_shown:
            return
        self._was_shown = True
        if self._begins_with_folder:
            self._panel.show_step("folder")
        self._background.run(
            "answers",
            lambda: load_answers(self._file),
            self._on_answers,
            doing="reading the answers",
        )

    def close(self) -> None:
        """Keep the answers, let a running scan end."""
        self.reader.close()
        if self._save_pause.isActive():
            self._save_pause.stop()
            try:
                save_answers(self._with_choices()(self._kept()), self._file)
            except StudioError:
                return  # there is nobody left to tell

    def set_settings(self, settings: Settings, rows: Sequence[CatalogueRow]) -> None:
        """The models that there are, and where runs look for them."""
        self.reckoning.set_settings(settings)
        self.settings_page.set_models(rows, settings.model)

    @Slot(object)
    def on_engine_message(self, message: Message) -> None:
        """The engine knows where models run here."""
        if isinstance(message, ModelLoaded):
            self.reckoning.set_device(message.device)

    def focus(self) -> None:
        """To where the step in front begins."""
        page = self._panel.page(self._panel.step())
        if isinstance(page, StepPage):
            page.focus()

    def has_focus(self) -> bool:
        """Whether one of the lists of clips has it, so that the space bar is theirs."""
        return any(page.table.hasFocus() for page in (self.findings_page, self.captions_page))

    def play_current(self) -> None:
        for page in (self.findings_page, self.captions_page):
            if page.table.hasFocus():
                page.table.play_current()

    @Slot(object)
    def _on_answers(self, answers: Answers) -> None:
        if self.answers.folder:
            return  # the user was faster
        self.answers = answers
        self.settings_page.show_settings(
            answers.name, answers.settings, answers.chosen, answers.validation_share
        )
        if answers.folder:
            self._wanted_step = answers.step
            self._look(Path(answers.folder), is_in_front=self._begins_with_folder)

    # the folder

    @Slot(object)
    def choose_folder(self, folder: Path) -> None:
        """Another folder: its clips are looked at at once, captions begin anew."""
        if str(folder) != self.answers.folder:
            name = self.reckoning.name_for(folder)
            self.answers = dataclasses.replace(
                self.answers,
                folder=str(folder),
                choices=(),
                left_out=(),
                caption_table="",
                name=name,
            )
            self.settings_page.show_name(name)
        self._wanted_step = "findings"
        self._look(folder)

    def _look_again(self) -> None:
        if self.answers.folder:
            self.answers = self._with_choices()(self._kept())
            self._wanted_step = "findings"
            self._look(Path(self.answers.folder))

    def _look(self, folder: Path, *, is_in_front: bool = True) -> None:
        self._panel.banner.hide()
        if is_in_front:
            self._panel.show_step("folder")
        for step in AFTER_FOLDER:
            self._panel.set_reachable(step, False)
        self._panel.show_words("")
        self.read = None
        self.captions.forget()
        self.folder_page.show_folder(folder)
        self.reader.read(folder, self._options(), self.answers.candidates(), self.answers.ticks())
        self._save_soon()

    @Slot(object)
    def _on_read(self, read: ReadClips) -> None:
        self.captions.take(read)
        self._show_read(read)
        self.folder_page.show_idle(f"Found: {counts_words(read.numbers)}.")
        for step in AFTER_FOLDER:
            self._panel.set_reachable(step, True)
        wanted, self._wanted_step = self._wanted_step, ""
        if self._panel.step() == "folder" and wanted in AFTER_FOLDER:
            self._panel.show_step(wanted)

    @Slot(object)
    def _on_read_failed(self, error: StudioError) -> None:
        self.folder_page.show_idle("")
        self._panel.banner.show_error(error)

    @Slot()
    def _on_cancelled(self) -> None:
        self.folder_page.show_idle("Stopped. Nothing was lost: look again whenever you like.")

    def _show_read(self, read: ReadClips) -> None:
        self.read = read
        self.findings_page.show_clips(read)
        self.captions_page.show_clips(read)
        self.settings_page.show_clips(read.numbers.counts["train"])
        self.reckoning.set_clips(read.dataset.clips)
        self._panel.show_words(counts_words(read.numbers))

    # what follows from an answer

    def _options(self) -> DatasetOptions:
        answers = self.answers
        return DatasetOptions(
            caption_table=Path(answers.caption_table) if answers.caption_table else None,
            template=answers.template,
            keep_near_duplicates=answers.keep_near_duplicates,
            validation_share=answers.validation_share,
        )

    def _change_options(self, **values: object) -> None:
        self.answers = dataclasses.replace(self.answers, **values)  # type: ignore[arg-type]
        self._rebuild()

    @Slot()
    def _rebuild(self) -> None:
        """The dataset anew from the answers as they are; the scan stays."""
        self._save_soon()
        read, table, options = self.read, self.captions.table, self._options()
        if read is None or table is None:
            return
        self._background.run(
            "dataset",
            lambda: rebuilt(read, table, options),
            self._show_read,
            self._panel.banner.show_error,
            "splitting the clips",
        )

    def _read_caption_table(self, path: Path) -> None:
        """A table of the user's own is believed before all else that was found."""
        read, table = self.read, self.captions.table
        if read is None or table is None:
            return
        options = dataclasses.replace(self._options(), caption_table=path)

        def done(again: ReadClips) -> None:
            self.answers = dataclasses.replace(self.answers, caption_table=str(path), choices=())
            self.captions.take(again, keeps_undo=True)
            self._show_read(again)
            self._save_soon()

        self._background.run(
            "dataset",
            lambda: read_own_table(read, table, options),
            done,
            self._panel.banner.show_error,
            "reading the captions",
        )

    @Slot()
    def _on_settings(self) -> None:
        self.reckoning.reckon_soon()
        self._save_soon()

    @Slot(str)
    def _on_step(self, step: str) -> None:
        if step == "settings":
            # The name of before may belong to a run by now.
            self.settings_page.show_name(self.reckoning.name_for(Path(self.answers.folder)))
            self.reckoning.reckon_soon()
        self._begins_with_folder &= step not in ("training", "result")
        if self._panel.isVisible():
            self.focus()
        self._save_soon()

    @Slot(object, bool)
    def _on_sound(self, path: Path, is_now: bool) -> None:
        self.sound_chosen.emit(path, path.name.encode("utf-8", "replace").decode(), is_now)

    # keeping

    def _save_soon(self) -> None:
        if self._was_shown:
            self._save_pause.start()

    def _kept(self) -> Answers:
        """The answers as every page stands; for captions see `_with_choices`."""
        page = self.settings_page
        answers = dataclasses.replace(
            self.answers,
            name=page.name(),
            settings=_storable(page.settings(), self.answers.settings),
            chosen=page.chosen(),
        )
        if self.read is not None and self._panel.step() in ("folder", *AFTER_FOLDER):
            answers = dataclasses.replace(answers, step=self._panel.step())
        return answers

    def _with_choices(self) -> Callable[[Answers], Answers]:
        """A function that puts the changed captions in: of 10,000 not in the window's thread."""
        table, original = self.captions.table, self.read.original if self.read else None
        if table is None or original is None:
            return lambda answers: answers
        return lambda answers: dataclasses.replace(
            answers, choices=choices_of(table, original), left_out=ticks_of(table, original)
        )

    def _save(self) -> None:
        self.answers = self._kept()
        answers, complete, path = self.answers, self._with_choices(), self._file
        self._background.run(
            "keep answers",
            lambda: save_answers(complete(answers), path),
            lambda _: None,
            self._panel.banner.show_error,
            "keeping the answers",
        )

    # the order

    @Slot()
    def begin(self) -> None:
        """Check, write the clips for the run, and ask for it."""
        read, table, options = self.read, self.captions.table, self._options()
        if read is None or table is None:
            return
        self._panel.banner.hide()
        name, page = self.settings_page.name(), self.settings_page
        folders = self._folders
        settings = page.settings()

        def work() -> FinetuneOrder:
            self.reckoning.check(name, settings)
            file = folders.finetune / f"{name}.jsonl"
            # The last edit may not be in the shown numbers yet.
            written = write_for_run(rebuilt(read, table, options), file, folders.runs)
            return FinetuneOrder(name, settings.validated(), written)

        self._panel.set_starting(True)
        self._background.run(
            "order", work, self._on_order, self._on_order_failed, "writing the list of clips"
        )

    @Slot(object)
    def _on_order(self, order: FinetuneOrder) -> None:
        self._panel.set_starting(False)
        self._panel.start_requested.emit(order)

    @Slot(object)
    def _on_order_failed(self, error: StudioError) -> None:
        self._panel.set_starting(False)
        self._panel.banner.show_error(error)


def _storable(settings: FinetuneSettings, before: FinetuneSettings) -> FinetuneSettings:
    """Settings that can be read again; impossible ones are told of when the run is begun."""
    try:
        return settings.validated()
    except StudioError:
        return before
