"""What a fine-tuning is asked to do: frozen, serialisable, the same for window and command line."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.requests import MAX_SEED, STARTER_MODEL

TrainingCondition = Literal["text", "audio"]
Method = Literal["auto", "full", "lora"]
BestBy = Literal["loss", "fd", "is", "kl", "fad"]
METHODS: Final = get_args(Method)
CONDITIONS: Final = get_args(TrainingCondition)
BEST_BY: Final = get_args(BestBy)
HIGHER_IS_BETTER: Final = frozenset({"is"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneSettings:
    """One fine-tuning. Defaults: the paper's author's DCASE 2023 training where it is known, the
    AudioLDM training repository elsewhere.

    model: catalogue id or folder; its VAE, CLAP and vocoder stay as they are.
    from_scratch: the UNet starts from random weights instead of the model's.
    method: full trains all of the UNet, lora small adapters beside its frozen weights; auto takes
    full if the memory holds it. lora_rank, lora_alpha: the adapters' rank, and alpha / rank their
    factor; by default one that lets both methods share their learning rate (docs/adr/0041).
    condition: what the UNet is told in training; it is always sampled with text.
    batch_size: of one optimiser step, over all processes.
    warmup_steps: the learning rate rises linearly, then stays.
    max_gradient_norm: longer gradients are shortened to it, so that one odd batch does not throw
    the weights out (docs/adr/0061); 0 leaves them, as the paper's author does.
    ema_decay: of the averaged copy that is sampled and kept; effectively min(ema_decay, (1 + n) /
    (10 + n)) after n steps.
    condition_dropout: how often, clip by clip, the empty prompt's embedding stands for the
    condition.
    validate_every: steps; 0 never validates, and the last weights are kept.
    validation_sounds: how many are generated each time. best_by: which number chooses the weights
    that become the model.
    checkpoint_every, checkpoint_s: whichever comes first.
    micro_batch: clips that go through the UNet at once; 0 finds out what fits.
    """

    model: str = STARTER_MODEL
    from_scratch: bool = False
    method: Method = "auto"
    lora_rank: int = 16
    lora_alpha: float = 128.0
    condition: TrainingCondition = "text"
    steps: int = 20_000
    batch_size: int = 8
    learning_rate: float = 3e-5
    warmup_steps: int = 2_000
    weight_decay: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.999
    max_gradient_norm: float = 1.0
    ema_decay: float = 0.9999
    condition_dropout: float = 0.1
    seed: int = 0
    validate_every: int = 1_000
    validation_sounds: int = 8
    sampling_steps: int = 20
    guidance: float = 2.5
    best_by: BestBy = "loss"
    checkpoint_every: int = 1_000
    checkpoint_s: float = 60.0
    device: str = "auto"
    dtype: str = "auto"
    micro_batch: int = 0

    def validated(self) -> FinetuneSettings:
        """Return the settings themselves, or raise InvalidRequestError with a clear sentence."""
        _one_of("method", self.method, METHODS)
        _between("rank of the adapters", self.lora_rank, 1, 1024)
        _between("alpha of the adapters", self.lora_alpha, 1e-3, 1e5)
        if self.method == "lora" and self.from_scratch:
            raise InvalidRequestError(
                "LoRA adapts weights that have learned something; from scratch there are none.",
                "Choose --method full, or leave --from-scratch away.",
            )
        _one_of("condition", self.condition, CONDITIONS)
        _one_of("score that chooses the best weights", self.best_by, BEST_BY)
        _between("number of steps", self.steps, 1, 10_000_000)
        _between("batch size", self.batch_size, 1, 4096)
        _between("learning rate", self.learning_rate, 1e-9, 1.0)
        _between("number of warm-up steps", self.warmup_steps, 0, 10_000_000)
        _between("weight decay", self.weight_decay, 0.0, 1.0)
        _between("beta1", self.beta1, 0.0, 0.9999)
        _between("beta2", self.beta2, 0.0, 0.999999)
        _between("longest gradient", self.max_gradient_norm, 0.0, 1e6)
        _between("decay of the averaged weights", self.ema_decay, 0.0, 1.0)
        _between("conditioning dropout", self.condition_dropout, 0.0, 1.0)
        _between("seed", self.seed, 0, MAX_SEED)
        _between("steps between validations", self.validate_every, 0, 10_000_000)
        _between("number of validation sounds", self.validation_sounds, 0, 1000)
        _between("number of sampling steps", self.sampling_steps, 1, 1000)
        _between("guidance", self.guidance, 1.0, 30.0)
        _between("steps between checkpoints", self.checkpoint_every, 1, 10_000_000)
        _between("seconds between checkpoints", self.checkpoint_s, 0.0, 3600.0)
        _between("micro-batch", self.micro_batch, 0, self.batch_size)
        return self

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of a step, counted from 0: linear warm-up, then constant."""
        return self.learning_rate * min(1.0, (step + 1) / max(1, self.warmup_steps))

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FinetuneSettings:
        """Read stored settings; unknown keys are ignored. Raises InvalidRequestError."""
        names = {field.name for field in dataclasses.fields(cls)}
        try:
            return cls(**{key: value for key, value in values.items() if key in names}).validated()
        except TypeError as error:
            raise InvalidRequestError(f"Stored settings cannot be read: {error}.") from error


@dataclass(frozen=True, slots=True)
class FinetuneOrder:
    """What the Fine-tune place asks for: a new run of this name on clips that were looked at.

    dataset_file: a file that `dataset.save_dataset` wrote.
    """

    name: str
    settings: FinetuneSettings
    dataset_file: str


def is_better(best_by: str, value: float, than: float | None) -> bool:
    """Whether a score of this name improves on `than` (None: there was none)."""
    if than is None:
        return True
    return value > than if best_by in HIGHER_IS_BETTER else value < than


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidRequestError(f"“{value}” is no {name}.", f"Use one of {', '.join(choices)}.")


def _between(name: str, value: float, low: float, high: float) -> None:
    if not isinstance(value, int | float) or not math.isfinite(value) or not low <= value <= high:
        raise InvalidRequestError(
            f"The {name} must be between {low:,.10g} and {high:,.10g}; it is {value}."
        )
