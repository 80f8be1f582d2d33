"""The one model that stays loaded between jobs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from soundstudio.core.catalogue import find_model
from soundstudio.core.settings import current_models_folder

if TYPE_CHECKING:
    from soundstudio.core.progress import ProgressCallback
    from soundstudio.engine.audioldm import AudioLDM

log = logging.getLogger(__name__)


class WarmModel:
    """Holds the last model, under the names by which it was asked for."""

    def __init__(self) -> None:
        self._key: tuple[str, str, str, int] | None = None
        self._model: AudioLDM | None = None

    def find(self, model: str, device: str, dtype: str) -> AudioLDM | None:
        """The warm model if it is the named one and its folder was not replaced since."""
        return self._model if self._key == _key(model, device, dtype) else None

    def load(self, model: str, device: str, dtype: str, progress: ProgressCallback) -> AudioLDM:
        """Load the named model in place of the warm one. Raises what `load_model` raises."""
        # First let go of the old one: two at once may not fit.
        self._key = self._model = None
        from soundstudio.engine.failures import free_unused_memory
        from soundstudio.engine.loading import load_model

        row = find_model(model, current_models_folder())
        free_unused_memory()
        self._model = load_model(row, device, dtype, progress)
        self._key = _key(model, device, dtype)
        return self._model


def _key(model: str, device: str, dtype: str) -> tuple[str, str, str, int]:
    index = Path(model).expanduser() / "model_index.json"
    changed = index.stat().st_mtime_ns if index.is_file() else 0
    return model, device, dtype, changed
