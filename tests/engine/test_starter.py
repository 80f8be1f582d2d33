"""The model that ships: whole, small, credited, and the same in diffusers' pipeline."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pipeline_oracle import assert_equal, ddim

from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.paths import resource
from soundstudio.core.requests import GenerationRequest
from soundstudio.engine.loading import load_model
from soundstudio.generation.generate import generate

if TYPE_CHECKING:
    from soundstudio.engine.audioldm import AudioLDM

FOLDER = resource("models", "starter")
MOST_BYTES = 100_000_000
# Trained weights amplify the last bits of float32 more than random ones: 1.5e-4 was seen.
TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def starter() -> AudioLDM:
    return load_model(row_of_folder(FOLDER), "cpu", "float32")


def test_folder_is_small_and_credited() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= MOST_BYTES
    with (FOLDER / "CREDITS.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 1000
    assert all(row["licence"] and row["source"] for row in rows)


def test_it_says_nothing_of_the_machine_it_was_made_on() -> None:
    for path in FOLDER.glob("*/config.json"):
        assert "_name_or_path" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("duration_s", [2.56, 5.0])
def test_equals_the_pipeline(duration_s: float) -> None:
    assert_equal(FOLDER, ddim(duration_s=duration_s), TOLERANCE)


@pytest.mark.parametrize("duration_s", [0.5, 3.3, 30.0])
def test_any_duration_is_sound_and_not_silence(starter: AudioLDM, duration_s: float) -> None:
    request = GenerationRequest(prompt="rain on a tin roof", duration_s=duration_s, steps=4, seed=3)
    sound = next(generate(starter, request))
    assert sound.samples.shape[-1] / starter.sample_rate == pytest.approx(duration_s, abs=0.001)
    assert np.isfinite(sound.samples).all()
    assert float(np.abs(sound.samples).max()) > 0.01


def test_words_that_no_caption_used_lie_near_those_that_did(starter: AudioLDM) -> None:
    texts = ("my terrier yapping at the postman", "dog barking", "church bells", "laser gun")
    asked, *others = (np.asarray(starter.embed_prompt(text)[0]) for text in texts)
    likeness = [float(asked @ other) for other in others]
    assert likeness[0] == max(likeness)


def test_clip_becomes_a_condition_in_the_same_space(starter: AudioLDM) -> None:
    time_s = np.arange(16_000) / 16_000
    tone = np.sin(2 * np.pi * 880 * time_s).astype(np.float32) * 0.5
    vector = np.asarray(starter.ear.embed_condition(tone, 16_000))
    assert vector.shape == np.asarray(starter.embed_prompt("beep")[0]).shape
    assert float(np.linalg.norm(vector)) == pytest.approx(1.0, abs=1e-4)
