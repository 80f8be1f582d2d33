"""What a fine-tuning would take, and whether it can be begun: reckoned while settings change."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Slot

from soundstudio.core.catalogue import catalogue, find_model
from soundstudio.core.errors import ModelError, RunError, StorageError, StudioError
from soundstudio.core.run_files import run_folder
from soundstudio.core.settings import chosen_models_folder
from soundstudio.jobs import finetune_estimate as reckon
from soundstudio.ui.finetune_estimate_view import size_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.core.finetuning import FinetuneSettings
    from soundstudio.core.paths import UserFolders
    from soundstudio.core.settings import Settings
    from soundstudio.dataset.clips import DatasetClip
    from soundstudio.jobs.background import Background
    from soundstudio.ui.finetune_settings import FinetuneSettingsPage

PAUSE_MS: Final = 200
MOST_LETTERS: Final = 40
FALLBACK_NAME: Final = "my-sounds"


class FinetuneReckoning(QObject):
    """Keeps what is slow to find out: a model's size, the computer's speed, the cache's bytes."""

    def __init__(
        self,
        folders: UserFolders,
        background: Background,
        page: FinetuneSettingsPage,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._folders = folders
        self._background = background
        self._page = page
        self.models_folder = folders.models
        self._device = "cpu"
        self._clips: Sequence[DatasetClip] = ()
        self._sizes: dict[str, reckon.ModelSize] = {}
        self._speeds: dict[str, float] = {}
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._reckon)

    def set_settings(self, settings: Settings) -> None:
        self.models_folder = chosen_models_folder(settings, self._folders)
        self._sizes.clear()

    def set_device(self, device: str) -> None:
        if device != self._device:
            self._device = device
            self.reckon_soon()

    def set_clips(self, clips: Sequence[DatasetClip]) -> None:
        self._clips = clips
        self.reckon_soon()

    def name_for(self, folder: Path) -> str:
        """The name that the user gave, or a free one made of the folder's."""
        if "name" in self._page.chosen():
            return self._page.name()
        return free_name(folder.name, self._folders, self.models_folder)

    def reckon_soon(self) -> None:
        """After a moment without another change."""
        if self._clips:
            self._pause.start()

    @Slot()
    def _reckon(self) -> None:
        settings, clips = self._page.settings(), self._clips
        name = self._page.name()
        device = self._device if settings.device == "auto" else settings.device

        def work() -> tuple[str, reckon.RoughEstimate | None]:
            try:
                sentence = self._problem_of(name, settings)
                return sentence, self._estimate(settings, clips, device)
            except ModelError as error:
                return error.sentence(), None

        self._background.run("reckoning", work, self._on_reckoned, doing="reckoning what it takes")

    def _on_reckoned(self, answer: tuple[str, reckon.RoughEstimate | None]) -> None:
        sentence, estimate = answer
        self._page.show_problem(sentence)
        self._page.show_estimate(estimate)

    def _estimate(
        self, settings: FinetuneSettings, clips: Sequence[DatasetClip], device: str
    ) -> reckon.RoughEstimate:
        row = find_model(settings.model, self.models_folder)
        assert row.folder is not None
        if row.id not in self._sizes:
            self._sizes[row.id] = reckon.size_of(row.folder)
        if device not in self._speeds:
            self._speeds[device] = reckon.operations_per_s(device)
        cache = self._folders.cache / "training"
        return reckon.estimate(
            settings,
            self._sizes[row.id],
            reckon.facts_of(clips),
            device=device,
            speed=self._speeds[device],
            example_s=reckon.measured_example_s(self._folders.runs, row.id),
            folders=(self._folders.runs, cache),
            cache_now_bytes=reckon.folder_bytes(cache),
        )

    def _problem_of(self, name: str, settings: FinetuneSettings) -> str:
        """What is wrong with the answers, "" if nothing is."""
        try:
            self._check_name(name)
            self._check_model(settings)
        except StudioError as error:
            return error.sentence()
        return ""

    def check(self, name: str, settings: FinetuneSettings) -> None:
        """Refuse what cannot begin: RunError, ModelError, InvalidRequestError, StorageError."""
        self._check_name(name)
        settings.validated()
        self._check_model(settings)
        device = self._device if settings.device == "auto" else settings.device
        estimate = self._estimate(settings, self._clips, device)
        if not estimate.fits_disk:
            raise StorageError(
                f"The run needs about {size_words(estimate.disk_bytes)}, but only "
                f"{size_words(estimate.disk_free_bytes)} of the disk are free.",
                "Free some space first.",
            )

    def _check_name(self, name: str) -> None:
        if not name:
            raise RunError("The new model has no name yet.", "Write one into the first field.")
        run = run_folder(self._folders.runs, name)
        if run.folder.exists():
            raise RunError(f"There is a run called “{name}” already.", "Choose another name.")
        is_model = (self.models_folder / name).exists()
        if is_model or name in _catalogue_ids(self.models_folder):
            raise RunError(f"There is a model called “{name}” already.", "Choose another name.")

    def _check_model(self, settings: FinetuneSettings) -> None:
        row = find_model(settings.model, self.models_folder)
        if settings.condition == "audio" and "audio" not in row.capabilities:
            raise ModelError(
                f"{row.title} cannot listen, so it cannot learn from the sounds alone.",
                "Let it learn from the captions, or choose another base model.",
            )


def _catalogue_ids(models_folder: Path) -> frozenset[str]:
    return frozenset(row.id for row in catalogue(models_folder))


def free_name(folder_name: str, folders: UserFolders, models_folder: Path) -> str:
    """A name for a run made of a folder's; scripts that a name cannot hold give a plain one."""
    plain = unicodedata.normalize("NFKD", folder_name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:MOST_LETTERS].strip("-")
    stem = stem or FALLBACK_NAME
    name, number = stem, 2
    while (
        (folders.runs / name).exists()
        or (models_folder / name).exists()
        or name in _catalogue_ids(models_folder)
    ):
        name, number = f"{stem}-{number}", number + 1
    return name
