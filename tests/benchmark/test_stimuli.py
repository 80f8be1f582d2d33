"""Which clips a stimulus is made of, and that it is made the same every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from soundstudio.benchmark.corruption import CorruptionChoices
from soundstudio.benchmark.dataset import DatasetClip
from soundstudio.benchmark.layouts import read_dataset
from soundstudio.benchmark.stimuli import plan_stimuli, render
from soundstudio.dataset.findings import DatasetError

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.benchmark.stimuli import StimulusKind

QUICK = CorruptionChoices(event_s=0.3, griffin_lim_iterations=2)
KINDS: tuple[StimulusKind, ...] = (
    "clean", "noise", "mask", "interference", "sequence", "disorder",
)  # fmt: skip


@pytest.fixture
def clips(esc_folder: Path) -> tuple[DatasetClip, ...]:
    return read_dataset("esc50", esc_folder).clips


def classes_of(paths: tuple[Path, ...], clips: tuple[DatasetClip, ...]) -> list[str]:
    by_path = {clip.path: clip.labels[0] for clip in clips}
    return [by_path[path] for path in paths]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_makes_the_same_sound(
    kind: StimulusKind, clips: tuple[DatasetClip, ...]
) -> None:
    plan = plan_stimuli(clips, kind, 0, QUICK)
    assert plan == plan_stimuli(clips, kind, 0, QUICK)
    sound = render(plan[0], QUICK)
    np.testing.assert_array_equal(sound.samples, render(plan[0], QUICK).samples)
    assert np.isfinite(sound.samples).all()
    assert 0.01 < np.abs(sound.samples).max() <= 1.0
    other = plan_stimuli(clips, kind, 1, QUICK)
    assert other != plan
    if kind != "clean":
        assert any(
            not np.array_equal(render(a, QUICK).samples, render(b, QUICK).samples)
            for a, b in zip(plan[:3], other[:3], strict=True)
        )


def test_interference_is_of_another_class(clips: tuple[DatasetClip, ...]) -> None:
    partners = set()
    for seed in range(5):
        for clip, stimulus in zip(
            clips, plan_stimuli(clips, "interference", seed, QUICK), strict=True
        ):
            own, other = classes_of(stimulus.paths, clips)
            assert stimulus.paths[0] == clip.path
            assert own != other
            partners.add((own, other))
    assert len(partners) == 4 * 3


def test_irrelevant_classes_are_drawn_before_their_clips(clips: tuple[DatasetClip, ...]) -> None:
    """One rooster against three rains: half of the draws, not a quarter, are the rooster."""
    one = CorruptionChoices(irrelevant_classes=1)
    by_class = {name: [c for c in clips if c.labels == (name,)] for name in ("rooster", "rain")}
    few = (clips[0], by_class["rooster"][0], *by_class["rain"])
    partners = [plan_stimuli(few, "interference", seed, one)[0].paths[1] for seed in range(200)]
    assert 80 < partners.count(by_class["rooster"][0].path) < 120
    assert set(partners) == {clip.path for clip in few[1:]}


def test_a_disordered_sequence_has_the_same_events(clips: tuple[DatasetClip, ...]) -> None:
    before = plan_stimuli(clips, "sequence", 0, QUICK)
    after = plan_stimuli(clips, "disorder", 0, QUICK)
    for clip, one, other in zip(clips, before, after, strict=True):
        assert one.paths == other.paths
        assert clip.path in one.paths
        assert len(set(classes_of(one.paths, clips))) == 4
        assert sorted(other.order) == [0, 1, 2, 3]
        assert other.order != (0, 1, 2, 3)
        length = round(0.3 * 44_100)
        ordered, disordered = render(one, QUICK).mono(), render(other, QUICK).mono()
        assert len(ordered) == len(disordered) == 4 * length
        place = other.order.index(0) * length
        np.testing.assert_array_equal(disordered[place : place + length], ordered[:length])


def test_events_in_the_order_of_their_classes(clips: tuple[DatasetClip, ...]) -> None:
    choices = CorruptionChoices(first_order="by-class", events=3)
    for stimulus in plan_stimuli(clips, "sequence", 0, choices):
        classes = classes_of(stimulus.paths, clips)
        assert classes == sorted(classes)
    orders = [classes_of(s.paths, clips) for s in plan_stimuli(clips, "sequence", 0, QUICK)]
    assert any(classes != sorted(classes) for classes in orders)


def test_nothing_to_mix_or_to_disorder(clips: tuple[DatasetClip, ...]) -> None:
    dogs = [clip for clip in clips if clip.labels == ("dog",)]
    with pytest.raises(DatasetError, match="all clips share its class"):
        plan_stimuli(dogs, "interference", 0, QUICK)
    with pytest.raises(DatasetError, match="at least two classes"):
        plan_stimuli(dogs, "sequence", 0, QUICK)


def test_captions_name_no_classes(clips: tuple[DatasetClip, ...]) -> None:
    spoken = [DatasetClip(c.path, c.name, (), ("Rain",), source=c.source) for c in clips]
    for clip, stimulus in zip(spoken, plan_stimuli(spoken, "interference", 0, QUICK), strict=True):
        source = next(other.source for other in spoken if other.path == stimulus.paths[1])
        assert source != clip.source
    with pytest.raises(DatasetError, match="more than one recording"):
        plan_stimuli(spoken[:2], "interference", 0, QUICK)


def test_very_short_and_very_long_clips(tmp_path: Path) -> None:
    for name, seconds in (("short", 0.05), ("long", 30.0)):
        samples = np.random.default_rng(0).normal(0, 0.1, (round(seconds * 8000), 2))
        soundfile.write(tmp_path / f"{name}.wav", samples, 8000)
    clips = [
        DatasetClip(tmp_path / f"{name}.wav", name, (name,), source=name)
        for name in ("short", "long")
    ]
    for kind in KINDS:
        short, long = (render(s, QUICK) for s in plan_stimuli(clips, kind, 0, QUICK))
        assert short.duration_s == pytest.approx(
            0.6 if "order" in kind or kind == "sequence" else 0.5, abs=0.02
        )
        if kind == "clean":
            assert long.duration_s == pytest.approx(10.0, abs=0.02)
