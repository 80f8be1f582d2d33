"""Which sounds the runs have made: what can be chosen to be scored."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from soundstudio.core.run_sounds import read_step_sounds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from soundstudio.core.run_sounds import StepSounds
    from soundstudio.jobs.run_facts import RunFacts

MOST_RUNS: Final = 12


@dataclass(frozen=True, slots=True)
class RunSteps:
    """The validations of a run that left sounds, newest first.

    best: the step whose weights are the model's, as far as it is known.
    """

    name: str
    steps: tuple[StepSounds, ...]
    best: int | None = None


def steps_of_runs(runs: Iterable[RunFacts]) -> tuple[RunSteps, ...]:
    """The first runs that have sounds, in their order; damaged ones are passed over."""
    found = (
        RunSteps(facts.name, steps[::-1], facts.best_step)
        for facts in runs
        if facts.description is not None and (steps := read_step_sounds(facts.run))
    )
    return tuple(islice(found, MOST_RUNS))
