"""What is wrong with two sets is said in one sentence each, and nothing is said of good ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from soundstudio.audio.files import Sound
from soundstudio.evaluation import guards
from soundstudio.evaluation.backbones import ClipFeatures
from soundstudio.evaluation.clip_measurements import ClipMeasurements
from soundstudio.evaluation.listening import HeardClip
from soundstudio.evaluation.scores import Scores, compute_scores
from soundstudio.evaluation.sets import pair_by_name
from soundstudio.evaluation.statistics import ScoringError

GOOD = ClipMeasurements(
    duration_s=5.0, heard_s=5.0, sample_rate_hz=16_000.0, channels=1.0, peak=0.5, clipped_share=0.0
)


def clip(number: int, **changes: float) -> HeardClip:
    random = np.random.default_rng(number)
    features = ClipFeatures(
        random.normal(size=8).astype(np.float32),
        (4 * random.normal(size=6)).astype(np.float32),
        np.zeros((0, 0), dtype=np.float32),
    )
    name = f"{number}.wav"
    return HeardClip(Path(name), name, f"{number:064}", features, replace(GOOD, **changes))


def kinds(cautions: list[guards.Caution]) -> list[str]:
    return [caution.kind for caution in cautions]


def test_nothing_is_said_of_good_sets() -> None:
    generated, reference = [clip(n) for n in range(3)], [clip(n) for n in range(3, 6)]
    assert guards.cautions_of_set(generated, "generated") == []
    assert guards.cautions_between(generated, reference) == []


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("silent", {"peak": 1e-5}),
        ("clipped", {"clipped_share": 0.01}),
        ("cut", {"duration_s": 10_800.0, "heard_s": 60.0}),
        ("short", {"duration_s": 0.05, "heard_s": 0.05}),
        ("rate", {"sample_rate_hz": 8000.0}),
    ],
)
def test_one_bad_clip(kind: str, changes: dict[str, float]) -> None:
    (caution,) = guards.cautions_of_set([clip(0), clip(1, **changes)], "reference")
    assert caution.kind == kind
    assert caution.sentence.startswith("In the reference set, 1 sound of 2 is ")
    assert caution.clips == ("1.wav",)


def test_many_names_are_cut_short() -> None:
    (caution,) = guards.cautions_of_set([clip(n, peak=0.0) for n in range(9)], "generated")
    assert "9 sounds of 9 are" in caution.sentence
    assert caution.sentence.endswith("0.wav, 1.wav, 2.wav and 6 more.")
    assert len(caution.clips) == 9


def test_a_failed_clip_is_named() -> None:
    bad = HeardClip(Path("bad.wav"), "bad.wav", failure="It is damaged.")
    (caution,) = guards.cautions_of_set([clip(0), bad], "generated")
    assert caution.kind == "failed"
    assert "1 sound of 2" in caution.sentence
    assert "bad.wav" in caution.sentence


def test_copies_within_a_set() -> None:
    copy = replace(clip(0), name="copy.wav")
    (caution,) = guards.cautions_of_set([clip(0), copy, clip(1)], "generated")
    assert caution.kind == "duplicates"
    assert caution.clips == ("0.wav", "copy.wav")
    assert "1 exact copy" in caution.sentence


def test_equal_sets_and_copies_of_the_reference() -> None:
    clips = [clip(n) for n in range(4)]
    (caution,) = guards.cautions_between(clips, clips)
    assert "same sounds" in caution.sentence
    (caution,) = guards.cautions_between(clips[:2], [clips[1], clip(7)])
    assert caution.clips == ("1.wav",)


def test_sets_of_different_length_and_rate() -> None:
    generated = [clip(n) for n in range(3)]
    reference = [clip(n, duration_s=10.0, sample_rate_hz=44_100.0) for n in range(3, 6)]
    assert kinds(guards.cautions_between(generated, reference)) == ["length", "rate"]


def test_unpaired_and_ambiguous_names() -> None:
    names = ["a.wav", "b.wav", "c.wav", "d.wav"]
    pairing = pair_by_name(names, ["a.wav", "b.wav", "x/c.wav", "y/c.wav"])
    first, second = guards.cautions_about_pairs(pairing, names)
    assert first.clips == ("c.wav", "d.wav")
    assert "share a name" in second.sentence
    (refusal,) = guards.cautions_about_pairs(pair_by_name(["a.wav"], ["b.wav"]), ["a.wav"])
    assert refusal.kind == "unpaired"


def test_few_clips_make_fd_too_high() -> None:
    features = [clip(n).features for n in range(30)]
    few = [f for f in features if f is not None]
    scores = compute_scores(few[:6], few[6:], ())
    cautions = guards.cautions_about_scores(scores, 8, 0)
    assert kinds(cautions) == ["few"]
    assert cautions[0].sentence.startswith("FD is made of 6 sounds, which are few for 8 dimensions")
    assert guards.cautions_about_scores(Scores(None, None, None, None), 8, 0) == []


def test_the_same_set_twice_is_nothing_to_extrapolate() -> None:
    features = [f for n in range(30) if (f := clip(n).features) is not None]
    same = compute_scores(features, features, ())
    assert kinds(guards.cautions_about_scores(same, 60, 0)) == ["few"]
    assert "nothing to extrapolate" in same.missing["fd_infinite"]
    assert "fd_infinite" not in same.beside


def test_few_frames_make_fad_too_high() -> None:
    random = np.random.default_rng(4)
    first, second = (
        [
            replace(features, frames=random.normal(size=(2, 40)).astype(np.float32))
            for n in range(start, start + 12)
            if (features := clip(n).features) is not None
        ]
        for start in (0, 12)
    )
    scores = compute_scores(first, second, ())
    caution = guards.cautions_about_scores(scores, 8, 40)[0]
    assert caution.sentence.startswith("FAD is made of 24 frames, which are few for 40 dimensions")
    kernel = scores.beside["fad_kernel_distance"].value
    assert f"kernel distance, which has no such bias, is {kernel:.4g}" in caution.sentence
    assert [c.kind for c in guards.cautions_about_scores(scores, 8, 20)] == ["few"]


def test_one_reason_is_counted_once() -> None:
    failed = [HeardClip(Path(n), n, failure=f"{n} is silent.") for n in ("a.wav", "b.wav")]
    with pytest.raises(ScoringError, match=r"heard: a.wav is silent\.$"):
        guards.heard_enough(failed, "generated")


class TestAccidentalPairs:
    def features(self, offset: int, like: int | None = None) -> list[ClipFeatures]:
        random = np.random.default_rng(9)
        found = []
        for number in range(24):
            base = clip(number + offset).features
            assert base is not None
            logits = base.logits
            if like is not None:
                other = clip(number + like).features
                assert other is not None
                logits = other.logits + random.normal(size=6).astype(np.float32)
            found.append(replace(base, logits=logits))
        return found

    def test_pairs_by_chance(self) -> None:
        pairs = [(i, i) for i in range(24)]
        found = guards.caution_about_chance(self.features(0), self.features(200), pairs)
        assert kinds(found) == ["accidental"]

    def test_pairs_that_belong_together(self) -> None:
        pairs = [(i, i) for i in range(24)]
        assert guards.caution_about_chance(self.features(100, 0), self.features(0), pairs) == []

    def test_thousands_of_pairs_are_sampled(self) -> None:
        pairs = [(i % 24, i % 24) for i in range(3000)]
        assert guards.caution_about_chance(self.features(100, 0), self.features(0), pairs) == []

    def test_too_few_to_tell(self) -> None:
        pairs = [(i, i) for i in range(7)]
        assert guards.caution_about_chance(self.features(0), self.features(100), pairs) == []


def test_a_set_that_cannot_be_heard() -> None:
    reasons = {"a.wav": "damaged", "b.wav": "damaged", "c.wav": "silent"}
    bad = [HeardClip(Path(n), n, failure=f"{n} is {why}.") for n, why in reasons.items()]
    with pytest.raises(ScoringError, match=r"a.wav is damaged. \(and 1 other reason\)"):
        guards.heard_enough(bad, "generated")


class TestMeasurements:
    def test_a_flattened_wave_is_clipped_and_a_loud_one_is_not(self) -> None:
        time = np.arange(16_000) / 16_000
        wave = np.sin(2 * np.pi * 220 * time).astype(np.float32)
        loud = ClipMeasurements.of(Sound(wave, 16_000), 1.0)
        cut = ClipMeasurements.of(Sound(np.clip(2 * wave, -1, 1), 16_000), 1.0)
        assert (loud.is_clipped, cut.is_clipped) == (False, True)
        assert cut.clipped_share == pytest.approx(2 / 3, abs=0.06)

    def test_quiet_clipping_is_none(self) -> None:
        square = np.sign(np.sin(np.arange(16_000) / 10)).astype(np.float32) * 0.5
        assert not ClipMeasurements.of(Sound(square, 16_000), 1.0).is_clipped

    def test_dither_is_silence(self) -> None:
        noise = np.random.default_rng(0).uniform(-3e-5, 3e-5, 16_000).astype(np.float32)
        assert ClipMeasurements.of(Sound(noise, 16_000), 1.0).is_silent

    def test_array_and_back(self) -> None:
        assert ClipMeasurements.from_array(GOOD.as_array()) == GOOD
        with pytest.raises(ValueError, match="no measurements"):
            ClipMeasurements.from_array([1.0])
