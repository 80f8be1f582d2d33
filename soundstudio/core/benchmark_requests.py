"""What a benchmark is asked to do: frozen, serialisable, the same for window and command line."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.finetuning import CONDITIONS, FinetuneSettings
from soundstudio.core.requests import DEFAULT_SAMPLER, STARTER_MODEL, GenerationRequest

if TYPE_CHECKING:
    from soundstudio.core.finetuning import BestBy, TrainingCondition
    from soundstudio.core.score_requests import BackboneChoice

BenchmarkName = Literal["table1", "table2", "figure1", "figure2"]
DatasetKind = Literal["esc50", "urbansound8k", "audiocaps", "audioset", "folder"]
SubsetName = Literal["paper", "held-out", "all"]
CorruptionName = Literal["noise", "mask", "interference", "disorder"]
StartName = Literal["pre-trained", "scratch"]

BENCHMARKS: Final = get_args(BenchmarkName)
DATASETS: Final = get_args(DatasetKind)
SUBSETS: Final = get_args(SubsetName)
CORRUPTIONS: Final = get_args(CorruptionName)
STARTS: Final = get_args(StartName)

BENCHMARK_TITLES: Final[dict[BenchmarkName, str]] = {
    "table1": "Table I: a model as it is",
    "table2": "Table II: four fine-tunings",
    "figure1": "Figure 1: corrupted sounds",
    "figure2": "Figure 2: scores while training",
}
DATASET_TITLES: Final[dict[DatasetKind, str]] = {
    "esc50": "ESC-50",
    "urbansound8k": "UrbanSound8K",
    "audiocaps": "AudioCaps",
    "audioset": "AudioSet",
    "folder": "A folder of folders",
}
_GENERATION: Final = GenerationRequest(prompt="")
_TRAINING: Final = FinetuneSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class CorruptionWishes:
    """What of Figure 1's corruptions shall differ from the protocol; None leaves it alone.

    See `benchmark.corruption.CorruptionChoices`.
    """

    mel: str | None = None
    noise_spread: str | None = None
    noise_mean: str | None = None
    mask_share: float | None = None
    snr_db: float | None = None
    events: int | None = None
    event_s: float | None = None
    first_order: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationWishes:
    """How Table I generates. duration_s: None for that of the dataset's clips."""

    duration_s: float | None = None
    steps: int = _GENERATION.steps
    guidance: float = _GENERATION.guidance
    sampler: str = DEFAULT_SAMPLER
    eta: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingWishes:
    """How the runs of Table II and Figure 2 are trained and validated.

    validate_fold: evaluate on this fold of the dataset instead of a drawn subset, and train on
    train_folds, by default all others. sounds: generated at each validation, None for one for each
    evaluated clip.
    """

    starts: tuple[StartName, ...] = STARTS
    seeds: tuple[int, ...] = (0, 1, 2)
    validate_fold: str = ""
    train_folds: tuple[str, ...] = ()
    sounds: int | None = None
    best_by: BestBy = "fd"
    steps: int = _TRAINING.steps
    validate_every: int = _TRAINING.validate_every
    batch_size: int = _TRAINING.batch_size
    learning_rate: float = _TRAINING.learning_rate
    warmup_steps: int = _TRAINING.warmup_steps
    max_gradient_norm: float = _TRAINING.max_gradient_norm
    sampling_steps: int = _TRAINING.sampling_steps
    guidance: float = _TRAINING.guidance


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRequest:
    """Everything that determines a benchmark of the paper, and where it goes.

    data: the dataset's folder, in the layout `dataset`. out: where results and what can be reused
    go; the same folder goes on with what was interrupted. clips: at most so many. seed: of all that
    is drawn. panns, vggish: files of the paper's backbone; clap: whose CLAP hears for the bundled
    one (`core.catalogue.find_clap`), "" for the starter's. draws: resamples of each interval.
    shares: points of Figure 1's curves. models_folder: where the user's models lie.
    """

    benchmark: BenchmarkName
    dataset: DatasetKind
    data: str
    out: str
    models_folder: str
    subset: SubsetName = "paper"
    clips: int | None = None
    seed: int = 0
    backbone: BackboneChoice = "bundled"
    panns: str = ""
    vggish: str = ""
    clap: str = ""
    processes: int = 1
    device: str = "auto"
    dtype: str = "auto"
    draws: int = 200
    model: str = STARTER_MODEL
    conditions: tuple[TrainingCondition, ...] = CONDITIONS
    template: str = "label"
    corruptions: tuple[CorruptionName, ...] = CORRUPTIONS
    shares: int = 11
    corruption: CorruptionWishes = CorruptionWishes()
    generation: GenerationWishes = GenerationWishes()
    training: TrainingWishes = TrainingWishes()

    def validated(self) -> BenchmarkRequest:
        """Return the request itself, or raise InvalidRequestError for a part that is missing."""
        for value, known, what in (
            (self.benchmark, BENCHMARKS, "benchmark"),
            (self.dataset, DATASETS, "layout of a dataset"),
            (self.subset, SUBSETS, "subset"),
        ):
            if value not in known:
                raise InvalidRequestError(f"There is no {what} called “{value}”.")
        if not self.data:
            raise InvalidRequestError(
                "The benchmark has no dataset.", "Choose the folder in which it lies."
            )
        if not self.out:
            raise InvalidRequestError(
                "The benchmark has no folder for its results.", "Choose one, or a new one."
            )
        if self.clips is not None and self.clips < 1:
            raise InvalidRequestError(
                f"The number of clips must be at least 1; it is {self.clips}."
            )
        if self.training.train_folds and not self.training.validate_fold:
            raise InvalidRequestError(
                "Folds to train on need a fold to evaluate on.", "Add --validate-fold."
            )
        return self

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> BenchmarkRequest:
        """The inverse of `dataclasses.asdict`. Raises InvalidRequestError."""
        try:
            nested = {
                "corruption": CorruptionWishes(**values["corruption"]),
                "generation": GenerationWishes(**values["generation"]),
                "training": TrainingWishes(**_with_tuples(values["training"])),
            }
            return cls(**(_with_tuples(values) | nested)).validated()
        except (TypeError, KeyError, AttributeError) as error:
            raise InvalidRequestError(f"A benchmark cannot be read: {error}.") from error

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dataclasses.asdict(self)


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    """JSON gives lists where there were tuples."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
