"""Settings from the file to the panels and back."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from soundstudio.core.catalogue import CatalogueRow, catalogue, row_of_folder
from soundstudio.core.settings import Settings, chosen_models_folder, save_settings
from soundstudio.library.export import make_plan
from soundstudio.ui.settings_dialog import SettingsDialog

if TYPE_CHECKING:
    from soundstudio.ui.parts import Parts

log = logging.getLogger(__name__)


class SettingsDesk(QObject):
    """Holds the current settings; every change is applied at once and written in the background."""

    def __init__(self, parts: Parts, settings: Settings) -> None:
        super().__init__(parts.window)
        self._parts = parts
        self.current = settings
        self.rows: tuple[CatalogueRow, ...] = ()

    def apply(self, settings: Settings) -> None:
        """Show the settings everywhere."""
        parts = self._parts
        old, self.current = self.current, settings
        if settings.theme != old.theme:
            parts.theme.choose(settings.theme)
        parts.viewer.set_look(
            settings.spectrogram_scale,
            settings.spectrogram_colours,
            settings.spectrogram_floor_db,
            settings.spectrogram_ceiling_db,
        )
        parts.viewer.look_changed.emit()
        models_folder = chosen_models_folder(settings, parts.folders)
        self.rows = catalogue(models_folder)
        parts.generate.set_models(self.rows, settings.model)
        parts.generation.set_settings(settings, self.rows)
        parts.scoring.set_settings(settings, models_folder)
        parts.benchmarks.set_settings(settings, self.rows)
        parts.finetuning.set_settings(settings, self.rows)
        parts.exports.set_plan(make_plan(settings, parts.folders))
        if settings.output_device != old.output_device:
            parts.output.choose(settings.output_device)

    def change(self, **values: Any) -> None:
        """Change single fields and write the file."""
        changed = dataclasses.replace(self.current, **values)
        if changed != self.current:
            self.current = changed
            self._write()

    def put(self, **values: Any) -> None:
        """Change fields, show them everywhere, and write the file."""
        self.apply(dataclasses.replace(self.current, **values))
        self._write()

    def capabilities_of(self, model: str) -> tuple[str, ...]:
        """What a model, of the catalogue or in any folder, can be told by."""
        row = next((row for row in self.rows if row.id == model), None)
        return (row or row_of_folder(Path(model))).capabilities

    def open_dialog(self) -> None:
        dialog = SettingsDialog(self.current, self._parts.window)
        dialog.accepted.connect(lambda: self._accept(dialog))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _accept(self, dialog: SettingsDialog) -> None:
        self.apply(dialog.settings())
        self._write()

    def _write(self) -> None:
        settings, path = self.current, self._parts.folders.settings_file
        self._parts.export_background.run(
            "settings",
            lambda: save_settings(settings, path),
            lambda _: None,
            self._parts.generate.banner.show_error,
            "writing the settings",
        )
