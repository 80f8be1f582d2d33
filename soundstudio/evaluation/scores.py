"""Features of two sets → the paper's four scores, each with what it is worth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from soundstudio.evaluation.bootstrap import Interval, influence_interval
from soundstudio.evaluation.divergence import kl_per_pair
from soundstudio.evaluation.frechet import (
    extrapolated_distance_of_sets,
    frechet_distance_of_features,
)
from soundstudio.evaluation.inception import DEFAULT_SPLITS, inception_score
from soundstudio.evaluation.influence import frechet_influences, inception_influences
from soundstudio.evaluation.kernel import kernel_distance
from soundstudio.evaluation.statistics import ScoringError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from soundstudio.evaluation.backbones import ClipFeatures

    FloatArray = npt.NDArray[np.float64]

LEVEL: Final = 0.95
_MOST_FRAMES: Final = 5000
_NEARLY_ZERO: Final = 0.1
"""An extrapolation so far below zero, as a share of FD, is read as zero: half of them are."""
_NO_REFERENCE: Final = "There is no reference set to compare with."


@dataclass(frozen=True, slots=True)
class Score:
    """A number, how sure it is, which networks it was heard with, and how much it was made of.

    counts: of clips (`generated`, `reference`), `pairs`, `frames_…` and `splits`, as they apply.
    """

    value: float
    interval: Interval | None
    backbone: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The four scores; None where one cannot be had, and `missing` says why, by JSON key.

    beside, under their JSON keys, where they can be had: fd_infinite, FD extrapolated to infinitely
    many sounds on both sides; kernel_distance, unbiased, on the same features;
    fad_kernel_distance, the same of FAD's frames where they are few; is_deviation, over the splits.
    fd_influence, inception_influence [generated], fad_influence [generated] (the sum over a clip's
    frames) and kl_of_pairs [pairs] say which clip weighs how much.
    """

    fd: Score | None
    inception: Score | None
    kl: Score | None
    fad: Score | None
    missing: dict[str, str] = field(default_factory=dict)
    beside: dict[str, Score] = field(default_factory=dict)
    fd_influence: FloatArray | None = None
    inception_influence: FloatArray | None = None
    fad_influence: FloatArray | None = None
    kl_of_pairs: FloatArray | None = None

    def by_key(self) -> dict[str, Score | None]:
        """The scores under their keys in JSON."""
        return {"fd": self.fd, "is": self.inception, "kl": self.kl, "fad": self.fad}


def compute_scores(
    generated: Sequence[ClipFeatures],
    reference: Sequence[ClipFeatures] | None,
    pairs: Sequence[tuple[int, int]] = (),
    *,
    draws: int = 200,
    seed: int = 0,
) -> Scores:
    """All scores that these features allow.

    pairs: (index of the generated clip, index of its reference), for KL. Intervals are at 95 %,
    both sets drawn anew `draws` times from `seed`. Raises ScoringError: no generated clip, features
    of different backbones, values that are not finite.
    """
    if not generated:
        raise ScoringError("There are no generated sounds to score.")
    references = list(reference or ())
    _check_one_backbone([*generated, *references])
    scoring = _Scoring(list(generated), references, draws, seed)
    inception = scoring.inception()
    if not references:
        scoring.missing.update(dict.fromkeys(("fd", "kl", "fad"), _NO_REFERENCE))
    fd = scoring.frechet()
    kl = scoring.divergence(pairs) if references else None
    fad = scoring.frames_distance()
    return Scores(fd=fd, inception=inception, kl=kl, fad=fad, missing=scoring.missing,
                  beside=scoring.beside, **scoring.of_clips)  # fmt: skip


def _check_one_backbone(clips: Sequence[ClipFeatures]) -> None:
    for attribute in ("backbone", "frames_backbone"):
        names = sorted({getattr(clip, attribute) for clip in clips})
        if len(names) > 1:
            raise ScoringError(
                f"The features come from different networks: {', '.join(n or '?' for n in names)}.",
                "Score both sets with one backbone.",
            )


class _Scoring:
    """One computation: what it works on, and what it finds beside the scores."""

    def __init__(
        self, generated: list[ClipFeatures], reference: list[ClipFeatures], draws: int, seed: int
    ) -> None:
        self.generated = generated
        self.reference = reference
        self.draws = draws
        self.seed = seed
        self.missing: dict[str, str] = {}
        self.beside: dict[str, Score] = {}
        self.of_clips: dict[str, FloatArray] = {}

    def inception(self) -> Score | None:
        logits = np.stack([clip.logits for clip in self.generated]).astype(np.float64)
        try:
            score = inception_score(logits)
        except ScoringError as error:
            self.missing["is"] = error.sentence()
            return None
        self.of_clips["inception_influence"] = inception_influences(logits)
        counts = {"generated": len(logits), "splits": DEFAULT_SPLITS}
        backbone = self.generated[0].backbone
        self.beside["is_deviation"] = Score(score.deviation, None, backbone, counts)
        return Score(score.mean, score.interval, backbone, counts)

    def frechet(self) -> Score | None:
        if not self.reference:
            return None
        first, second = (
            np.stack([clip.embedding for clip in clips])
            for clips in (self.generated, self.reference)
        )
        if min(len(first), len(second)) < 2:
            self.missing["fd"] = "FD needs at least two sounds in each set."
            return None
        value = frechet_distance_of_features(first, second)
        backbone = self.generated[0].backbone
        counts = {"generated": len(first), "reference": len(second)}
        kernel = kernel_distance(first, second)
        self.beside["kernel_distance"] = Score(kernel, None, backbone, counts)
        if value == 0.0:
            self.missing["fd_infinite"] = "Both sets are the same: there is nothing to extrapolate."
            return Score(value, None, backbone, counts)
        endless = self._extrapolated(value, first, second)
        if endless is not None:
            self.beside["fd_infinite"] = Score(endless, None, backbone, counts)
        influences = frechet_influences(first, second)
        self.of_clips["fd_influence"] = influences[0]
        return Score(value, self._interval(value, *influences), backbone, counts)

    def _extrapolated(
        self, value: float, first: npt.NDArray[Any], second: npt.NDArray[Any]
    ) -> float | None:
        """FD of endless sets; `missing` says why where it cannot be had."""
        endless = None
        if min(len(first), len(second)) >= 4:
            endless = extrapolated_distance_of_sets(first, second, seed=self.seed)
        if endless is None or not -_NEARLY_ZERO * value <= endless <= value:
            self.missing["fd_infinite"] = "FD cannot be extrapolated from so few sounds."
            return None
        return max(0.0, endless)

    def divergence(self, pairs: Sequence[tuple[int, int]]) -> Score | None:
        if not pairs:
            self.missing["kl"] = "KL needs pairs of sounds with the same name in both sets."
            return None
        targets = np.stack([self.reference[j].logits for _, j in pairs])
        outputs = np.stack([self.generated[i].logits for i, _ in pairs])
        divergences = kl_per_pair(targets, outputs)
        value = float(divergences.mean())
        self.of_clips["kl_of_pairs"] = divergences
        # The mean is linear: its interval is a plain bootstrap.
        interval = self._interval(value, divergences - value) if len(pairs) > 1 else None
        return Score(value, interval, self.generated[0].backbone, {"pairs": len(pairs)})

    def frames_distance(self) -> Score | None:
        if not self.reference:
            return None
        sets = (self.generated, self.reference)
        if any(clip.frames.shape[0] == 0 for clips in sets for clip in clips):
            self.missing["fad"] = "This backbone has no network for FAD's frames."
            return None
        first, second = (np.concatenate([clip.frames for clip in clips]) for clips in sets)
        if min(len(first), len(second)) < 2:
            self.missing["fad"] = "FAD needs at least two frames of sound in each set."
            return None
        value = frechet_distance_of_features(first, second)
        backbone = self.generated[0].frames_backbone
        counts = {
            "generated": len(self.generated),
            "reference": len(self.reference),
            "frames_generated": len(first),
            "frames_reference": len(second),
        }
        if min(len(first), len(second)) < first.shape[1]:
            kernel = kernel_distance(_thinned(first), _thinned(second))
            self.beside["fad_kernel_distance"] = Score(kernel, None, backbone, counts)
        if value == 0.0:
            return Score(value, None, backbone, counts)
        # Frames of one clip are no independent samples: clips are drawn, with all their frames.
        influences = [
            _clip_sums(weights, clips)
            for weights, clips in zip(frechet_influences(first, second), sets, strict=True)
        ]
        self.of_clips["fad_influence"] = influences[0]
        has_interval = min(len(clips) for clips in sets) > 1
        interval = self._interval(value, *influences) if has_interval else None
        return Score(value, interval, backbone, counts)

    def _interval(self, value: float, *influences: FloatArray) -> Interval:
        """No score that is computed so can be below zero."""
        found = influence_interval(value, influences, draws=self.draws, level=LEVEL, seed=self.seed)
        return replace(found, low=max(0.0, found.low))


def _thinned(frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Some thousand frames from all over a set: a kernel's work grows with their square."""
    return frames[:: -(-len(frames) // _MOST_FRAMES)]


def _clip_sums(weights: FloatArray, clips: Sequence[ClipFeatures]) -> FloatArray:
    """Influences of clips from those of their frames: as if each had the mean number of frames."""
    ends = np.cumsum([len(clip.frames) for clip in clips])
    sums = np.array([part.sum() for part in np.split(weights, ends[:-1])])
    return np.asarray(sums * len(clips) / len(weights))
