"""Whether two models really differ: two scorings on the same prompts, sound by sound.

A report says of each sound how the score would change without it. To first order that is its share
in the score (`soundstudio.evaluation.influence`), so two reports are enough to draw their prompts
anew together: a prompt that is hard for both models then moves both, not their difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import numpy as np

from soundstudio.core.score_words import DIRECTIONS, TITLES
from soundstudio.library.scores.groups import decimals_of, keys_shown, written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from soundstudio.library.scores.groups import ScoreGroup
    from soundstudio.library.scores.reports import ClipRow, Report

    FloatArray = npt.NDArray[np.float64]

_DRAWS: Final = 2000
_LEVEL: Final = 0.95
_FEWEST: Final = 4
_Z: Final = 1.959964
"""The standard normal's quantile at 0.975."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One score of two scorings: second minus first, where it lies at 95 %, and a two-sided p.

    first, second: their titles. paired: of how many names that both have, 0 if they were compared
    as sets of their own.
    """

    key: str
    first: str
    second: str
    value: float
    low: float
    high: float
    p_value: float
    paired: int

    @property
    def is_decided(self) -> bool:
        """The interval leaves zero out."""
        return not self.low <= 0.0 <= self.high

    @property
    def better(self) -> str:
        """The title of the better one, if that is decided."""
        if not self.is_decided:
            return ""
        is_second = (self.value < 0.0) == (DIRECTIONS[self.key] == "lower")
        return self.second if is_second else self.first

    def sentence(self) -> str:
        """ "FD: “B” is better than “A” by 12.30 (5.1 to 19.5, p < 0.001, on the same 9 names)."."""
        places = decimals_of(self.value)
        on = f"on the same {self.paired:,} names" if self.paired else "as two sets of sounds"
        chance = "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.2g}"
        if not self.is_decided:
            between = f"{written(self.low, places)} to {written(self.high, places)}"
            return (
                f"{TITLES[self.key]}: not decided between “{self.first}” and “{self.second}” (the "
                f"difference lies in {between}, {chance}, {on})."
            )
        ends = sorted((abs(self.low), abs(self.high)))
        worse = self.first if self.better == self.second else self.second
        between = " to ".join(written(end, places) for end in ends)
        return (
            f"{TITLES[self.key]}: “{self.better}” is better than “{worse}” by "
            f"{written(abs(self.value), places)} ({between}, {chance}, {on})."
        )


def differences(group: ScoreGroup) -> list[Difference]:
    """Every scoring of a group that compares against its first, score by score."""
    first, *others = group.reports
    return [
        found
        for second in others
        for key in keys_shown(group.reports)
        if (found := difference(key, first, second)) is not None
    ]


def difference(key: str, first: Report, second: Report, *, seed: int = 0) -> Difference | None:
    """One score of two reports; None where a number, its parts or enough of them are missing.

    Paired where both have the same prompts: as many sounds, of the same names. Against the same
    reference sounds: what these may be is not drawn anew, for both models have met the same ones.
    IS is compared by its intervals, as it belongs to parts of a set and to no prompt.
    """
    score_1, score_2 = first.scores[key], second.scores[key]
    if score_1 is None or score_2 is None:
        return None
    value = score_2.value - score_1.value
    if key == "is":
        if score_1.interval is None or score_2.interval is None:
            return None
        ends = [score.interval for score in (score_1, score_2) if score.interval]
        error = math.hypot(*((high - low) / 2.0 / _Z for low, high in ends))
        low, high = value - _Z * error, value + _Z * error
        p_value = math.erfc(abs(value) / error / math.sqrt(2.0)) if error > 0.0 else 0.0
        return Difference(key, first.title, second.title, value, low, high, p_value, 0)
    shares_1, shares_2 = _shares(key, first), _shares(key, second)
    if min(len(shares_1), len(shares_2)) < _FEWEST:
        return None
    random = np.random.default_rng(seed)
    paired = shares_1.keys() == shares_2.keys()
    if paired:
        both = np.array([shares_2[name] - shares_1[name] for name in shares_1])
        moved = _drawn(random, both)
    else:
        moved = _drawn(random, np.array([*shares_2.values()]))
        moved = moved - _drawn(random, np.array([*shares_1.values()]))
    drawn = value + moved
    low, high = np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    # Counting the observed draw itself keeps p above zero (Davison and Hinkley 1997).
    beyond = min(int((drawn <= 0).sum()), int((drawn >= 0).sum())) + 1
    return Difference(
        key,
        first.title,
        second.title,
        value,
        float(low),
        float(high),
        min(1.0, 2.0 * beyond / (_DRAWS + 1)),
        len(shares_1) if paired else 0,
    )


def _drawn(random: np.random.Generator, shares: FloatArray) -> FloatArray:
    """Means of resamples of shares whose own mean is zero [draws]."""
    return np.array(
        [shares[random.integers(0, len(shares), len(shares))].mean() for _ in range(_DRAWS)]
    )


def _shares(key: str, report: Report) -> dict[str, float]:
    """The share in a score of each sound that has one, by its name without suffix; mean zero."""
    found: dict[str, float] = {}
    for clip in report.heard:
        share = _OF_CLIP[key](clip)
        if share is not None:
            name = PurePosixPath(clip.name).with_suffix("").as_posix().casefold()
            found[name if name not in found else clip.name] = share
    if key in _LEFT_OUT:
        # Without one of n sounds a score changes by a share of n - 1, the other way.
        found = {name: -share * max(1, len(found) - 1) for name, share in found.items()}
    mean = sum(found.values()) / max(1, len(found))
    return {name: share - mean for name, share in found.items()}


_OF_CLIP: Final[dict[str, Callable[[ClipRow], float | None]]] = {
    "fd": lambda clip: clip.fd_without,
    "fad": lambda clip: clip.fad_without,
    "kl": lambda clip: clip.kl,
    "clap": lambda clip: clip.clap,
}
_LEFT_OUT: Final = frozenset(("fd", "fad"))


def verdicts(groups: Sequence[ScoreGroup]) -> list[str]:
    """The sentences about all groups of more than one scoring."""
    return [found.sentence() for group in groups for found in differences(group)]
