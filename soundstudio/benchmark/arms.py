"""Table II and Figure 2: which kinds of run are compared, and what each of them found.

An arm is one fine-tuning from trained or random weights, on text or on audio. `arm_runs` has them
made.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.benchmark.prompts import DEFAULT_TEMPLATE, TEMPLATES
from soundstudio.core.benchmark_requests import STARTS, StartName
from soundstudio.core.errors import InvalidRequestError, ModelError
from soundstudio.core.finetuning import CONDITIONS, FinetuneSettings, TrainingCondition, is_better
from soundstudio.core.processes import checked_processes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.benchmark.feature_store import BackboneSource
    from soundstudio.core.catalogue import CatalogueRow


@dataclass(frozen=True, slots=True)
class Arm:
    """Which weights a training begins with, and what tells the UNet of a clip in training."""

    start: StartName
    condition: TrainingCondition

    @property
    def title(self) -> str:
        start = "pre-trained" if self.start == "pre-trained" else "from scratch"
        return f"{start}, {self.condition}"


ARMS: Final = tuple(Arm(start, condition) for start in STARTS for condition in CONDITIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmsPlan:
    """Everything that determines the runs, but for the clips.

    settings: what all runs share; `best_by` chooses the best step of each. Their model, start,
    condition and seed are replaced.
    """

    backbone: BackboneSource
    model: CatalogueRow
    settings: FinetuneSettings
    arms: tuple[Arm, ...] = ARMS
    seeds: tuple[int, ...] = (0, 1, 2)
    template: str = TEMPLATES[DEFAULT_TEMPLATE]
    processes: int = 1

    def validated(self) -> ArmsPlan:
        """Return the plan itself. Raises InvalidRequestError, ModelError."""
        checked_processes(self.processes)
        self.settings.validated()
        if not self.arms or not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise InvalidRequestError("There must be an arm and a seed, and each seed once.")
        if not self.settings.validate_every or not self.settings.validation_sounds:
            raise InvalidRequestError(
                "Without validations and their sounds there is nothing to score.",
                "Choose at least one sound, and some steps between validations.",
            )
        if any(arm.condition == "audio" for arm in self.arms) and (
            "audio" not in self.model.capabilities
        ):
            raise ModelError(
                f"{self.model.title} cannot be trained on sounds: it has no audio tower of CLAP.",
                "Choose another model, or the text condition alone.",
            )
        for seed in self.seeds:
            dataclasses.replace(self.settings, seed=seed).validated()
        return self


@dataclass(frozen=True, slots=True)
class ArmRun:
    """One run, finished. points: step, loss, training_loss, copies and all of MEASURES.

    The first point, of step 0, is from before the training. real_accuracy: of the real clips among
    each other.
    """

    arm: Arm
    seed: int
    name: str
    points: tuple[dict[str, Any], ...]
    real_accuracy: float | None = None

    def best(self, best_by: str) -> dict[str, Any]:
        """The point after training with the best score; the last one if none has that score."""
        trained = self.points[1:]
        best: dict[str, Any] | None = None
        for point in trained:
            known = None if best is None else best[best_by]
            if point[best_by] is not None and is_better(best_by, point[best_by], known):
                best = point
        return best or trained[-1]


@dataclass(frozen=True, slots=True)
class FinishedArms:
    """All runs, in the order of the plan, and the digest of the model they began with."""

    runs: tuple[ArmRun, ...]
    model_sha256: str


def runs_of(finished: Sequence[ArmRun], arm: Arm) -> list[ArmRun]:
    """The runs of an arm, one a seed."""
    return [run for run in finished if run.arm == arm]
