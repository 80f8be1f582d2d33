"""A fine-tuning with all its parts put together: what each of its processes runs."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import StudioError
from soundstudio.core.progress import Cancelled, Progress, ProgressCallback, ignore_progress
from soundstudio.core.run_orders import is_asked_to_stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from soundstudio.core.finetuning import FinetuneSettings
    from soundstudio.core.run_files import RunFolder, RunStatus
    from soundstudio.evaluation.backbones import Backbone

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 0.2


def is_one_of_several() -> bool:
    """Whether a launcher (accelerate's, torchrun, or this application) started this process."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


def join_others(settings: FinetuneSettings) -> Any:
    """Meet the other processes that the launcher started; returns accelerate's view of them."""
    from soundstudio.engine.surroundings import prepare_surroundings

    prepare_surroundings()
    from soundstudio.training.preparation import make_accelerator

    return make_accelerator(settings)


def carry_out(
    run: RunFolder,
    progress: ProgressCallback = ignore_progress,
    say: Callable[[str], None] = lambda _: None,
    accelerator: Any = None,
) -> RunStatus:
    """Train a run in this process, its validations scored with the bundled backbone.

    It stops when somebody asks for it in the run's folder, too; see core/run_orders.py.
    See `soundstudio.training.run.train_run`.
    """
    from soundstudio.engine.surroundings import prepare_surroundings

    prepare_surroundings()
    from soundstudio.training.run import train_run

    return train_run(run, StopWatch(run, progress), say, BundledScore(), accelerator)


class StopWatch:
    """Passes progress on, and looks now and then whether this process is asked to stop."""

    def __init__(self, run: RunFolder, progress: ProgressCallback) -> None:
        self._run = run
        self._progress = progress
        self._looked_s = 0.0

    def __call__(self, where: Progress) -> None:
        """Raises Cancelled."""
        self._progress(where)
        now = time.monotonic()
        if now - self._looked_s >= _LOOK_EVERY_S:
            self._looked_s = now
            if is_asked_to_stop(self._run, os.getpid()):
                raise Cancelled


class BundledScore:
    """FD, IS, KL and FAD of a validation's sounds, by the networks that ship.

    The networks are loaded at the first validation and stay.
    """

    def __init__(self) -> None:
        self._backbone: Backbone | None = None

    def __call__(self, generated: Path, reference: Path) -> Mapping[str, float | None]:
        """Values by key; empty, with a line in the log, if the sounds cannot be scored."""
        from soundstudio.evaluation.backbones import load_bundled
        from soundstudio.evaluation.feature_cache import FeatureCache
        from soundstudio.evaluation.scoring import score_folders

        try:
            if self._backbone is None:
                self._backbone = load_bundled(device="cpu")
            cache = FeatureCache(self._backbone, reference.parent / "features")
            result = score_folders(generated, reference, self._backbone, cache=cache)
        except StudioError as error:
            # A score that cannot be had must not end a training of days.
            log.warning("the validation's sounds were not scored: %s", error.sentence())
            return {}
        return {
            key: None if score is None else float(score.value)
            for key, score in result.scores.by_key().items()
        }
