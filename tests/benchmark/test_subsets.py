"""Which clips are evaluated on, and that a held-out split splits no recording."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from soundstudio.benchmark.dataset import Dataset, DatasetClip
from soundstudio.benchmark.prompts import TEMPLATES, prompt_of, template_of
from soundstudio.benchmark.subsets import draw_subset
from soundstudio.core.benchmark_requests import SUBSETS, DatasetKind, SubsetName
from soundstudio.core.errors import InvalidRequestError


def dataset_of(kind: DatasetKind, count: int, slices: int = 4, folds: int = 5) -> Dataset:
    """`count` clips of 10 classes; `slices` in a row share a recording, a class and a fold."""
    clips = []
    for number in range(count):
        source = number // slices
        clips.append(
            DatasetClip(
                path=Path(f"{number}.wav"),
                name=f"clip{number}",
                labels=(f"class {source % 10}",),
                fold=str(source % folds + 1),
                source=str(source),
            )
        )
    return Dataset(kind, kind, Path(), tuple(clips))


@pytest.mark.parametrize(("kind", "wanted"), [("esc50", 400), ("urbansound8k", 870)])
def test_as_the_paper_draws(kind: DatasetKind, wanted: int) -> None:
    dataset = dataset_of(kind, 2000)
    subset = draw_subset(dataset, "paper", seed=1)
    assert len(subset.clips) == wanted
    assert len(subset.others) == 2000 - wanted
    assert draw_subset(dataset, "paper", seed=1) == subset
    assert draw_subset(dataset, "paper", seed=2) != subset
    # Random slices share recordings with what is left, and the note says so.
    assert subset.leaking_sources() > 100
    assert f"{subset.leaking_sources()} source recordings" in subset.note


@pytest.mark.parametrize("kind", ["esc50", "urbansound8k"])
@pytest.mark.parametrize("count", [None, 60])
def test_held_out_splits_no_recording(kind: DatasetKind, count: int | None) -> None:
    dataset = dataset_of(kind, 2000)
    subset = draw_subset(dataset, "held-out", seed=3, count=count)
    wanted = count or (400 if kind == "esc50" else 870)
    assert 0.95 * wanted <= len(subset.clips) <= wanted
    assert subset.leaking_sources() == 0
    assert "both sides" not in subset.note
    assert subset.others
    if kind == "urbansound8k":
        sizes = Counter(clip.labels[0] for clip in subset.clips).values()
        assert max(sizes) - min(sizes) <= 12


def test_esc50_holds_out_a_fold() -> None:
    subset = draw_subset(dataset_of("esc50", 2000), "held-out")
    assert {clip.fold for clip in subset.clips} == {"5"}
    assert "5" not in {clip.fold for clip in subset.others}


def test_small_datasets_and_wishes() -> None:
    small = dataset_of("esc50", 30)
    assert len(draw_subset(small, "paper").clips) == 30
    assert draw_subset(small, "paper").note.startswith("All 30 clips")
    assert len(draw_subset(small, "paper", count=7).clips) == 7
    assert len(draw_subset(small, "all", count=99).clips) == 30
    with pytest.raises(InvalidRequestError):
        draw_subset(small, "all", count=0)


@pytest.mark.parametrize("name", SUBSETS)
def test_published_test_splits_are_used(name: SubsetName) -> None:
    clips = tuple(
        DatasetClip(Path(f"{n}.wav"), f"{n}", (), ("Rain",), "test" if n % 2 else "train", f"{n}")
        for n in range(20)
    )
    dataset = Dataset("audiocaps", "AudioCaps", Path(), clips)
    assert {clip.fold for clip in draw_subset(dataset, name).clips} == {"test"}


def test_prompts() -> None:
    labelled = DatasetClip(Path("a.wav"), "a", ("door_wood_knock", "Dog {1}"))
    assert prompt_of(labelled) == "door wood knock, Dog {1}"
    assert (
        prompt_of(labelled, TEMPLATES["sound-of"]) == "This is a sound of door wood knock, Dog {1}."
    )
    captioned = DatasetClip(Path("a.wav"), "a", ("x",), ("A dog barks", "Barking"))
    assert prompt_of(captioned, TEMPLATES["sound-of"]) == "A dog barks"
    assert template_of("sound-of") == TEMPLATES["sound-of"]
    assert template_of("{label} outside") == "{label} outside"
    with pytest.raises(InvalidRequestError, match="nosuch") as refusal:
        template_of("nosuch")
    assert "label, sound-of" in refusal.value.advice
