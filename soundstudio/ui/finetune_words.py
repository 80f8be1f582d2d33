"""A run in words: how it stands, how long it takes, what it needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from soundstudio.ui.elided_label import SEPARATOR

if TYPE_CHECKING:
    from datetime import datetime

    from soundstudio.jobs.run_facts import RunFacts

_STATES: Final = {
    "starting": "Starting …",
    "preparing": "Preparing: clips and captions are encoded",
    "training": "Training",
    "validating": "Making the sounds of a validation",
    "stopping": "Stopping after this step …",
    "stopped": "Stopped; it can go on",
    "interrupted": "Interrupted; it can go on",
    "failed": "Failed; it can go on once the reason is gone",
    "finished": "Finished",
    "damaged": "Damaged",
}
_SHORT: Final = {
    "starting": "starting",
    "preparing": "preparing",
    "training": "training",
    "validating": "validating",
    "stopping": "stopping",
    "stopped": "stopped",
    "interrupted": "interrupted",
    "failed": "failed",
    "finished": "finished",
    "damaged": "damaged",
}


def state_words(facts: RunFacts) -> str:
    """Where a run stands, in a sentence without its end."""
    words = _STATES[facts.phase]
    status = facts.status
    if facts.phase == "preparing" and status is not None and status.to_encode:
        words += f", {status.encoded:,} of {status.to_encode:,}"
    return words


def _is_before_first(facts: RunFacts) -> bool:
    """Whether a run is being prepared, as far as is known for its first step."""
    return facts.phase in ("starting", "preparing") and not facts.step


def fraction_of(facts: RunFacts) -> float:
    """How much of the steps is done; before the first, how much of the preparation."""
    status = facts.status
    if _is_before_first(facts):
        return status.encoded / status.to_encode if status and status.to_encode else 0.0
    return facts.step / facts.steps if facts.steps else 0.0


def short_state(facts: RunFacts) -> str:
    """The state and how far it came, for a list."""
    words = _SHORT[facts.phase]
    if facts.phase in ("finished", "starting", "preparing") or not facts.steps:
        return words
    return f"{words}, {facts.step:,} of {facts.steps:,}"


def duration_words(seconds: float) -> str:
    """ "3 s", "12 min", "3 h 12 min", "2 d 4 h"."""
    if not math.isfinite(seconds):
        return "?"
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def size_words(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def remaining_s(facts: RunFacts) -> float | None:
    """Seconds that are left: steps at the speed of the latest ones, validations as estimated."""
    status, settings = facts.status, facts.settings
    if status is None or settings is None or facts.phase not in ("training", "validating"):
        return None
    estimate = status.estimate or {}
    measured_s = _number(estimate, "seconds_per_step")
    per_step_s = status.seconds_per_step or measured_s
    if not per_step_s:
        return None
    left = max(0, facts.steps - facts.step)
    validations_s = 0.0
    if settings.validate_every and measured_s:
        # As the estimate has it: a sampling step takes a third of a training example's time.
        passes = settings.validation_sounds * settings.sampling_steps
        passes *= 2 if settings.guidance > 1 else 1
        each_s = passes * measured_s / settings.batch_size / 3
        validations_s = math.ceil(left / settings.validate_every) * each_s
    return left * per_step_s + validations_s


def progress_words(facts: RunFacts) -> str:
    """Step, time left, speed and loss, as far as they are known."""
    status = facts.status
    parts = []
    if _is_before_first(facts):
        return ""
    if facts.steps:
        parts.append(f"Step {facts.step:,} of {facts.steps:,}")
    left_s = remaining_s(facts)
    if left_s:
        parts.append(f"about {duration_words(left_s)} left")
    if status is not None and status.seconds_per_step:
        parts.append(f"{status.seconds_per_step:.2g} s a step")
    if status is not None and status.loss is not None:
        parts.append(f"loss {status.loss:.4g}")
    if facts.best_step is not None:
        parts.append(f"best at step {facts.best_step:,}")
    return SEPARATOR.join(parts)


def estimate_words(facts: RunFacts) -> str:
    """What the trial steps before the first one measured; "" before them."""
    estimate = facts.status.estimate if facts.status else None
    if not estimate:
        return ""
    parts = []
    device, dtype = estimate.get("device"), estimate.get("dtype")
    if device and dtype:
        method = {"lora": "LoRA", "full": "all weights"}.get(str(estimate.get("method")), "")
        parts.append(" ".join(word for word in (method, f"on {device}", f"in {dtype}") if word))
    if (seconds := _number(estimate, "seconds")) is not None:
        parts.append(f"about {duration_words(seconds)} in all")
    if (memory := _number(estimate, "memory_bytes")) is not None:
        free = _number(estimate, "memory_free_bytes")
        of = f", {size_words(free)} free" if free is not None else ""
        parts.append(f"{size_words(memory)} memory{of}")
    if (disk := _number(estimate, "disk_bytes")) is not None:
        free = _number(estimate, "disk_free_bytes")
        of = f", {size_words(free)} free" if free is not None else ""
        parts.append(f"{size_words(disk)} disk{of}")
    return SEPARATOR.join(parts)


def about_words(facts: RunFacts) -> str:
    """When it was begun, from which model, with what."""
    parts = [f"Begun {begun_words(facts.created)}"]
    if facts.description is not None:
        base = str(facts.description.base.get("title", "")) or facts.base_model
        start = (
            "from scratch, with the parts of " if facts.description.settings.from_scratch else ""
        )
        parts.append(f"{start}{base}" if start else f"from {base}")
    return SEPARATOR.join(parts)


def begun_words(moment: datetime) -> str:
    return f"{moment.astimezone():%d %b %Y %H:%M}"


def _number(values: dict[str, Any], key: str) -> float | None:
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
