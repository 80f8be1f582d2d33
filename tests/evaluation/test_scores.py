"""Four scores of features: the evaluator's numbers, their intervals, and what cannot be had."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from soundstudio.evaluation.backbones import ClipFeatures
from soundstudio.evaluation.frechet import frechet_distance_of_features
from soundstudio.evaluation.scores import compute_scores
from soundstudio.evaluation.statistics import ScoringError


def clips(
    embeddings: np.ndarray, logits: np.ndarray, frames: list[np.ndarray] | None = None, **names: str
) -> list[ClipFeatures]:
    return [
        ClipFeatures(
            embedding=embedding.astype(np.float64),  # type: ignore[arg-type]
            logits=logits[i],
            frames=frames[i] if frames else np.zeros((0, 0), dtype=np.float32),
            **{"backbone": "test", **names},
        )
        for i, embedding in enumerate(embeddings)
    ]


def sets(count: int = 30, seed: int = 0) -> tuple[list[ClipFeatures], list[ClipFeatures]]:
    random = np.random.default_rng(seed)
    frames: list[list[np.ndarray]] = [
        [random.normal(size=(1 + i % 3, 5)) + shift for i in range(count)] for shift in (0, 1)
    ]
    return tuple(  # type: ignore[return-value]
        clips(random.normal(size=(count, 6)), random.normal(size=(count, 4)), frames[place])
        for place in range(2)
    )


def test_the_evaluator() -> None:
    """The inputs and numbers of audioldm_eval 0.0.3 that `test_metrics.py` records."""
    random = np.random.default_rng(7)
    first = random.normal(size=(60, 24)) @ random.normal(size=(24, 24))
    second = random.normal(size=(75, 24)) @ random.normal(size=(24, 24)) + 0.3
    target_logits = random.normal(size=(60, 12)) * 3
    generated_logits = target_logits + random.normal(size=(60, 12))
    reference_logits = np.vstack([target_logits, np.zeros((15, 12))])
    generated = clips(first, generated_logits, [row[None] for row in first])
    reference = clips(second, reference_logits, [row[None] for row in second])
    scores = compute_scores(generated, reference, [(i, i) for i in range(60)])
    assert scores.fd is not None
    assert scores.fad is not None
    assert scores.kl is not None
    assert scores.fd.value == pytest.approx(347.3818909140441, rel=1e-6)
    assert scores.fad.value == pytest.approx(347.3818909140441, rel=1e-6)
    assert scores.kl.value == pytest.approx(0.19423639575320154, rel=1e-6)
    targets = clips(second[:60], target_logits)
    inception = compute_scores(targets, None, ()).inception
    assert inception is not None
    assert inception.value == pytest.approx(3.084838519560554, rel=1e-6)


def test_every_score_lies_in_its_interval_and_counts() -> None:
    generated, reference = sets()
    scores = compute_scores(generated, reference, [(i, i) for i in range(20)], draws=50)
    for score in scores.by_key().values():
        assert score is not None
        assert score.interval is not None
        assert score.interval.low < score.value < score.interval.high
        assert score.interval.level == 0.95
    draws = {key: s.interval.draws for key, s in scores.by_key().items() if s and s.interval}
    assert draws == {"fd": 50, "is": 0, "kl": 50, "fad": 50}
    assert scores.fd is not None and scores.fd.counts == {"generated": 30, "reference": 30}  # noqa: PT018
    assert scores.kl is not None and scores.kl.counts == {"pairs": 20}  # noqa: PT018
    assert scores.fad is not None and scores.fad.counts["frames_generated"] == 60  # noqa: PT018
    assert set(scores.missing) <= {"fd_infinite"}
    assert list(scores.by_key()) == ["fd", "is", "kl", "fad"]


def test_the_seed_decides_the_intervals() -> None:
    generated, reference = sets()
    first, again, other = (
        compute_scores(generated, reference, [(0, 0), (1, 1)], seed=seed).by_key()
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_frames_are_pooled_and_clips_are_drawn() -> None:
    generated, reference = sets()
    scores = compute_scores(generated, reference, ())
    pooled = [np.concatenate([clip.frames for clip in part]) for part in (generated, reference)]
    assert scores.fad is not None
    assert scores.fad.value == pytest.approx(frechet_distance_of_features(*pooled))
    assert scores.fad_influence is not None
    assert scores.fad_influence.shape == (30,)
    assert scores.fad_influence.mean() == pytest.approx(0.0, abs=1e-9)


def test_without_a_reference_only_the_inception_score() -> None:
    scores = compute_scores(sets()[0], None, ())
    assert scores.inception is not None
    assert (scores.fd, scores.kl, scores.fad) == (None, None, None)
    assert set(scores.missing) == {"fd", "kl", "fad"}


@pytest.mark.parametrize(
    ("generated", "reference", "present"),
    [
        (1, 1, {"kl"}),
        (1, 2, {"kl"}),
        (2, 2, {"fd", "kl", "fad"}),
        (9, 9, {"fd", "kl", "fad"}),
        (10, 2, {"fd", "is", "kl", "fad"}),
    ],
)
def test_few_clips(generated: int, reference: int, present: set[str]) -> None:
    first, second = sets()
    scores = compute_scores(first[:generated], second[:reference], [(0, 0)])
    assert {key for key, score in scores.by_key().items() if score is not None} == present
    assert set(scores.missing) - {"fd_infinite"} == {"fd", "is", "kl", "fad"} - present


def test_equal_sets_have_no_distance() -> None:
    generated, _ = sets()
    scores = compute_scores(generated, generated, [(i, i) for i in range(30)])
    assert scores.fd is not None
    assert scores.fad is not None
    assert scores.kl is not None
    assert scores.fd.value == pytest.approx(0.0, abs=1e-9)
    assert scores.fad.value == pytest.approx(0.0, abs=1e-9)
    assert scores.kl.value == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("name", ["backbone", "frames_backbone"])
def test_features_of_two_backbones_are_refused(name: str) -> None:
    random = np.random.default_rng(0)
    first, second = (
        clips(random.normal(size=(12, 3)), random.normal(size=(12, 3)), **names)
        for names in ({}, {name: "another"})
    )
    with pytest.raises(ScoringError, match="different networks"):
        compute_scores(first, second, ())


def test_a_value_that_is_no_number_is_refused() -> None:
    generated, reference = sets()
    generated[3].embedding[2] = np.nan
    with pytest.raises(ScoringError, match="not finite"):
        compute_scores(generated, reference, ())


def test_no_clips() -> None:
    with pytest.raises(ScoringError, match="no generated sounds"):
        compute_scores([], None, ())


def test_pairs_are_indices_into_both_sets() -> None:
    generated, reference = sets()
    logits: Any = reference[7].logits
    twin = ClipFeatures(generated[2].embedding, logits, generated[2].frames, "test")
    scores = compute_scores([*generated[:2], twin, *generated[3:]], reference, [(2, 7)])
    assert scores.kl is not None
    assert scores.kl.value == pytest.approx(0.0, abs=1e-4)
    assert scores.kl.interval is None
