"""The settings of a fine-tuning in words: a label, and what follows from each choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.requests import MAX_SEED

if TYPE_CHECKING:
    from soundstudio.core.finetuning import FinetuneSettings

    Choices = tuple[tuple[Any, str, str], ...]


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """One setting: a field of FinetuneSettings, or of the dataset's options.

    sentence: what it does and what follows. choices: (value, title, what follows from it).
    """

    name: str
    label: str
    sentence: str = ""
    choices: Choices = ()
    low: float = 0.0
    high: float = 0.0
    step: float = 1.0
    decimals: int = 0


VISIBLE: Final = (
    SettingSpec(
        "condition", "The model learns from",
        choices=(
            ("text", "The captions", "It hears a clip and reads its caption: afterwards such words "
             "call up such sounds. Right for most."),
            ("audio", "The sounds alone", "Captions are not read in training; what a clip sounds "
             "like stands for its description. For folders that cannot be described."),
        ),
    ),
    SettingSpec(
        "method", "How much of it learns",
        choices=(
            ("auto", "Choose by memory", "All of the model if the memory holds it, otherwise small "
             "parts beside it. Right for most."),
            ("full", "All of it (full)", "Learns most, and needs the most memory; stops with a "
             "message if that is not there."),
            ("lora", "Small parts beside it (LoRA)", "Needs a fraction of the memory, and keeps "
             "more of what the base model can; learns a little less."),
        ),
    ),
    SettingSpec(
        "steps", "Steps",
        "One step shows the model a handful of clips. More steps take longer; far too many make it "
        "repeat your clips, which the curves will show.",
        low=1, high=1_000_000, step=100,
    ),
)  # fmt: skip
MORE: Final = (
    SettingSpec(
        "from_scratch", "Begin from",
        choices=(
            (False, "What the base model knows", "A few clips are enough, as it knows what sounds "
             "are like."),
            (True, "Nothing (from scratch)", "It forgets all that it has learned. For experiments "
             "with thousands of clips; expect noise from small folders."),
        ),
    ),
    SettingSpec(
        "batch_size", "Clips a step",
        "More make each step steadier and slower. If they do not fit into memory together they go "
        "in turns, with the same result.", low=1, high=256,
    ),
    SettingSpec(
        "learning_rate", "Learning rate",
        "How far each step moves the model. Higher learns faster and forgets faster; if the sounds "
        "turn to noise, take a third of it.", low=1e-7, high=1e-2, step=1e-5, decimals=7,
    ),
    SettingSpec(
        "warmup_steps", "Warm-up steps",
        "The learning rate rises over these, so that the first steps break nothing.",
        low=0, high=100_000, step=50,
    ),
    SettingSpec(
        "validate_every", "Listen every … steps",
        "Then it makes sounds for you to hear and measures itself on clips it never trains on; "
        "each time costs some minutes on a processor. 0 never does, and keeps the last state.",
        low=0, high=1_000_000, step=100,
    ),
    SettingSpec(
        "validation_sounds", "Sounds to listen to",
        "How many are made each time, from captions of your clips; more take longer and judge "
        "better.", low=0, high=64,
    ),
    SettingSpec(
        "best_by", "The best state is that with",
        choices=(
            ("loss", "the least error", "Measured on clips kept out of the training: quick and "
             "steady."),
            ("fd", "the lowest FD", "How near its sounds are to real ones as a whole; needs many "
             "sounds to mean much."),
            ("fad", "the lowest FAD", "As FD, with another ear; needs many sounds, too."),
            ("kl", "the lowest KL", "How well each sound fits the clip of its caption."),
            ("is", "the highest IS", "How clear and how varied its sounds are, whatever your clips "
             "are like."),
        ),
    ),
    SettingSpec(
        "validation_share", "Kept for checking (%)",
        "Of the recordings; they are not trained on, so that it is seen whether the model learns "
        "or repeats. Tables that name splits come first.", low=0, high=50,
    ),
    SettingSpec(
        "seed", "Seed",
        "Decides all that is left to chance: the same seed and clips give the same model.",
        low=0, high=MAX_SEED,
    ),
    SettingSpec(
        "device", "Trains on",
        choices=(
            ("auto", "The fastest device", "A graphics card if there is one that PyTorch can use, "
             "else the processor."),
            ("cpu", "The processor", "Slow, but works everywhere and holds large models."),
            ("cuda", "An NVIDIA card (CUDA)", "Many times as fast; stops with a message "
             "if there is none."),
            ("mps", "An Apple chip (MPS)", "Several times as fast as its processor."),
        ),
    ),
)  # fmt: skip
FOLLOWING: Final = ("steps", "warmup_steps", "validate_every")
"""Set by the clips and by each other until the user sets them."""
_TIMES_EACH: Final = 100
_FEWEST, _MOST = 300, 20_000
_CHECKS: Final = 10


def suggested_steps(train_clips: int, batch_size: int) -> int:
    """So many that each clip comes about a hundred times, in a round number."""
    steps = _TIMES_EACH * train_clips / max(1, batch_size)
    unit = 1000 if steps >= 3000 else 100
    return int(min(_MOST, max(_FEWEST, round(steps / unit) * unit)))


def suggested_warmup(steps: int) -> int:
    """A tenth of the run; 2,000 as in the paper's author's training at most."""
    return min(2000, steps // 10)


def suggested_validation(steps: int) -> int:
    """Ten times in a run."""
    return max(1, steps // _CHECKS)


def steps_words(settings: FinetuneSettings, train_clips: int) -> str:
    """What the number of steps means for these clips."""
    if not train_clips:
        return ""
    times = settings.steps * settings.batch_size / train_clips
    words = (
        f"The model meets each of your {train_clips:,} training clips about {times:,.0f} times. "
    )
    if train_clips == 1:
        words = f"The model meets your one training clip {times:,.0f} times. "
    if times < 1:
        return "Not every clip comes once: good for a trial run only. "
    return words
