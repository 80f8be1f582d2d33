"""What Table II is asked: does pre-training help, do texts train better than sounds.

Each answer is a difference between two arms, seed by seed, against its spread over the seeds.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from soundstudio.benchmark.arms import Arm
from soundstudio.benchmark.score_facts import IS_WORSE_WHEN_HIGHER, METRICS
from soundstudio.benchmark.set_score import ACCURACY, MEASURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Outcome = Literal["better", "worse", "not decided"]
Values = dict[Arm, dict[int, dict[str, Any]]]
"""Arm → seed → measure → value, None where it cannot be had."""

LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Question:
    """Whether `first` is better than `second`."""

    name: str
    sentence: str
    first: Arm
    second: Arm


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one measure, positive where the first arm is better.

    mean, low, high: over the seeds that both arms have; Student's interval at 95 % of the paired
    differences, None with fewer than two seeds.
    """

    outcome: Outcome
    seeds: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None


QUESTIONS: Final = (
    Question("pre-training, text", "Trained on text, pre-training helps.",
             Arm("pre-trained", "text"), Arm("scratch", "text")),
    Question("pre-training, audio", "Trained on sounds, pre-training helps.",
             Arm("pre-trained", "audio"), Arm("scratch", "audio")),
    Question("text, pre-trained", "From a pre-trained model, text trains better than sounds.",
             Arm("pre-trained", "text"), Arm("pre-trained", "audio")),
    Question("text, from scratch", "From scratch, text trains better than sounds.",
             Arm("scratch", "text"), Arm("scratch", "audio")),
)  # fmt: skip


def answer_questions(
    values: Values, paper: Mapping[Arm, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """Each question whose arms were run: its verdict, what each measure says, what the paper's did.

    The verdict stands on the paper's four metrics: "yes" or "no" if all that are decided agree,
    "in part" if they do not, "not decided" if none is. values: each arm's best scores.
    """
    answers = []
    for question in QUESTIONS:
        if question.first not in values or question.second not in values:
            continue
        first, second = values[question.first], values[question.second]
        found = {measure: difference(first, second, measure) for measure in MEASURES}
        answers.append(
            {
                "question": question.name,
                "sentence": question.sentence,
                "verdict": _verdict([found[metric].outcome for metric in METRICS]),
                "found": {measure: _plain(found[measure]) for measure in MEASURES},
                "paper": _of_paper(paper.get(question.first), paper.get(question.second)),
            }
        )
    return answers


def difference(
    first: Mapping[int, Mapping[str, Any]], second: Mapping[int, Mapping[str, Any]], measure: str
) -> Difference:
    """One measure of two arms, over the seeds for which both have a value.

    Runs of one seed see the same draws, so that differences are taken seed by seed.
    """
    pairs = [(first[seed][measure], second[seed][measure]) for seed in first if seed in second]
    changes = [
        _improvement(measure, ours, theirs)
        for ours, theirs in pairs
        if ours is not None and theirs is not None
    ]
    if not changes:
        return Difference("not decided", 0)
    mean = statistics.fmean(changes)
    if len(changes) < 2:
        return Difference("not decided", 1, mean)
    from scipy.stats import t

    spread = statistics.stdev(changes) / math.sqrt(len(changes))
    reach = float(t.ppf((1 + LEVEL) / 2, len(changes) - 1)) * spread
    low, high = mean - reach, mean + reach
    outcome: Outcome = "better" if low > 0 else "worse" if high < 0 else "not decided"
    return Difference(outcome, len(changes), mean, low, high)


def _improvement(measure: str, ours: float, theirs: float) -> float:
    is_worse_when_higher = measure != ACCURACY and IS_WORSE_WHEN_HIGHER[measure]  # type: ignore[index]
    return theirs - ours if is_worse_when_higher else ours - theirs


def _verdict(outcomes: Sequence[Outcome]) -> str:
    decided = {outcome for outcome in outcomes if outcome != "not decided"}
    if not decided:
        return "not decided"
    if len(decided) > 1:
        return "in part"
    return "yes" if decided == {"better"} else "no"


def _of_paper(
    first: Mapping[str, float] | None, second: Mapping[str, float] | None
) -> dict[str, str] | None:
    """Which of the paper's two rows is better, metric by metric; it ran each once."""
    if first is None or second is None:
        return None
    return {
        metric: "better" if _improvement(metric, first[metric], second[metric]) > 0 else "worse"
        for metric in METRICS
    }


def _plain(difference: Difference) -> dict[str, Any]:
    return {name: getattr(difference, name) for name in Difference.__slots__}


def sentence_of(answer: Mapping[str, Any]) -> str:
    """The answer in a line: the verdict, what each measure says, and the paper."""
    found = ", ".join(
        f"{measure.upper() if measure != ACCURACY else measure} {_words(difference)}"
        for measure, difference in answer["found"].items()
        if difference["seeds"]
    )
    line = f"{answer['sentence']} — {answer['verdict']} ({found or 'no scores'})"
    if (paper := answer["paper"]) is not None:
        better = [metric.upper() for metric, outcome in paper.items() if outcome == "better"]
        line += f"; in the paper better in {', '.join(better) or 'none'}"
    return line


def _words(difference: Mapping[str, Any]) -> str:
    if difference["low"] is None:
        return f"{difference['outcome']}: {difference['mean']:+.3g} with one seed"
    interval = f"{difference['low']:+.3g} to {difference['high']:+.3g}"
    return f"{difference['outcome']}: {difference['mean']:+.3g} [{interval}]"
