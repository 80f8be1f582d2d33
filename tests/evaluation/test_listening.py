"""Clips are heard in batches where a backbone gains by it, and stay in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from evaluation.sounds import chord, write_set

from soundstudio.audio.files import Sound, write_wav
from soundstudio.core.errors import AudioFileError
from soundstudio.evaluation.backbones import BackboneFacts, ClipFeatures
from soundstudio.evaluation.listening import hear, listen
from soundstudio.evaluation.sets import find_sounds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Counting:
    """The embedding is the sound's length and first sample; short sounds are refused."""

    name = "bundled"
    facts = BackboneFacts(())

    def __init__(self) -> None:
        self.batches: list[int] = []

    def features(self, sound: Sound) -> ClipFeatures:
        return self.features_of([sound])[0]

    def features_of(self, sounds: Sequence[Sound]) -> list[ClipFeatures]:
        self.batches.append(len(sounds))
        if any(sound.duration_s < 0.1 for sound in sounds):
            raise AudioFileError("Too short.")
        empty = np.zeros((0, 0), dtype=np.float32)
        return [
            ClipFeatures(
                np.array([sound.length, sound.samples[0, 0]], dtype=np.float32),
                np.zeros(0, dtype=np.float32),
                empty,
            )
            for sound in sounds
        ]


def test_eight_together_and_in_order(tmp_path: Path) -> None:
    sounds = find_sounds(write_set(tmp_path, range(19)))
    backbone = Counting()
    (together,) = listen([sounds], backbone)  # type: ignore[arg-type]
    assert backbone.batches == [8, 8, 3]
    for clip in together:
        alone, measurements = hear(clip.path, backbone)  # type: ignore[arg-type]
        assert clip.features is not None
        np.testing.assert_array_equal(clip.features.embedding, alone.embedding)
        assert clip.measurements == measurements


def test_long_sounds_are_not_heaped_up(tmp_path: Path) -> None:
    for number in range(4):
        write_wav(tmp_path / f"{number}.wav", chord(number, 30.0), "PCM_16")
    backbone = Counting()
    listen([find_sounds(tmp_path)], backbone)  # type: ignore[arg-type]
    assert backbone.batches == [2, 2]


def test_a_bad_sound_does_not_take_its_batch_with_it(tmp_path: Path) -> None:
    write_set(tmp_path, range(3))
    write_wav(tmp_path / "a.wav", chord(0, 0.05), "PCM_16")
    (tmp_path / "b.wav").write_text("no sound")
    (clips,) = listen([find_sounds(tmp_path)], Counting())  # type: ignore[arg-type]
    assert [clip.name for clip in clips][:2] == ["a.wav", "b.wav"]
    assert [bool(clip.failure) for clip in clips] == [True, True, False, False, False]
    assert clips[0].failure == "Too short."
    assert all(clip.features is not None for clip in clips[2:])


def test_features_that_are_no_numbers(tmp_path: Path) -> None:
    class Broken(Counting):
        def features_of(self, sounds: Sequence[Sound]) -> list[ClipFeatures]:
            found = super().features_of(sounds)
            found[0].embedding[0] = np.nan
            return found

    write_set(tmp_path, range(2))
    (clips,) = listen([find_sounds(tmp_path)], Broken())  # type: ignore[arg-type]
    assert "not numbers" in clips[0].failure
    assert clips[1].features is not None
    with pytest.raises(AudioFileError, match="not numbers"):
        hear(clips[1].path, Broken())  # type: ignore[arg-type]
