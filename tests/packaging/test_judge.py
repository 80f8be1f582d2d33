"""The judge's rules: categories, held-out recordings, forbidden prompts, table."""

from __future__ import annotations

import numpy as np
from recipe.judge import (
    Reference,
    Score,
    category_of,
    forbidden_prompts,
    held_out_categories,
    markdown,
    nearest_categories,
    overall,
    recording_of,
)
from recipe.judge_embedding import SoundEffectEmbedding, embed_sounds, judge_mel
from recipe.judge_tables import CATEGORIES


def test_every_category_has_five_prompts() -> None:
    assert len(CATEGORIES) >= 30
    prompts = [prompt for category in CATEGORIES for prompt in category.prompts]
    assert len(prompts) == len(set(prompts)) == 5 * len(CATEGORIES)


def test_labels_find_their_category() -> None:
    def name(folder: str, label: str) -> str:
        number = category_of(folder, label)
        return CATEGORIES[number].name if number >= 0 else ""

    assert name("mod-sounds", "dog bark") == "dog"
    assert name("mod-sounds", "cat meow") == "cat"
    assert name("freedoom", "cybsit") == "monster"
    assert name("freedoom", "dshtgn") == "gunshot"
    assert name("kenney-ui-audio", "ui switch") == "click"
    assert name("scratch", "beat box") == ""


def test_prompts_inside_captions_are_found() -> None:
    prompt = CATEGORIES[0].prompts[0]
    assert forbidden_prompts([f"hear {prompt.upper()} now"]) == [prompt]
    assert forbidden_prompts(["dog"]) == []


def test_cuts_of_one_recording_do_not_count() -> None:
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1]] + 0.01
    vectors[2, 0] = 0.9
    reference = Reference(vectors, np.array([0, 0, 1]), np.array([0, 0, 1]))
    assert held_out_categories(reference).tolist() == [1, 1, 0]
    assert nearest_categories(reference, vectors).tolist()[0] == 0


def test_left_and_right_are_one_recording() -> None:
    row = {"file": "pack/thunder-l_01.flac", "label": "thunder l", "author": "a", "source": "s"}
    assert recording_of(row) == recording_of({**row, "label": "thunder r"})
    single = {**row, "file": "arcade/coin_01.flac"}
    assert recording_of(single) != recording_of({**single, "file": "arcade/coin_02.flac"})


def test_table_has_the_ratio_and_the_worst_first() -> None:
    rows = [Score("a", 6, 0.5, 0.1), Score("b", 6, 0.5, 0.5)]
    assert overall(rows)[2] == np.float64(0.6)
    assert markdown(rows).splitlines()[2].startswith("| a |")
    unheard = Score("c", 6, 0.0, 0.1)
    assert unheard.ratio is None
    assert markdown([unheard, *rows]).splitlines()[2].endswith("| 0% | 10% | – |")


def test_embedding_is_unit_and_silent_tails_do_not_matter() -> None:
    ear = SoundEffectEmbedding(None)
    sound = np.random.default_rng(0).normal(0, 0.1, 8_000).astype(np.float32)
    padded = np.concatenate([sound, np.zeros(20_000, np.float32)])
    one, two = embed_sounds(ear, [sound, padded], 16_000)
    assert np.linalg.norm(one) == np.float32(1.0) or abs(np.linalg.norm(one) - 1) < 1e-5
    assert float(one @ two) > 0.99
    assert judge_mel(np.zeros(4096, np.float32)).shape == (3, 96)
