"""Any sound gives features, a bad one a sentence; what is missing is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from evaluation.random_networks import cnn14_state
from evaluation.sounds import chord, silence

from soundstudio.audio.files import Sound
from soundstudio.audio.resampling import resample
from soundstudio.core.errors import AudioFileError, ModelError
from soundstudio.evaluation import bundled_backbone
from soundstudio.evaluation.backbones import HEARD_S, Backbone, load_bundled, load_paper
from soundstudio.evaluation.paper_backbone import PaperBackbone, panns_waveform

if TYPE_CHECKING:
    from pathlib import Path

CLAP_DIMENSIONS = 32  # of the tiny model


def similarity(first: np.ndarray, second: np.ndarray) -> float:
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


class TestBundled:
    @pytest.mark.parametrize("duration_s", [1 / 16_000, 0.05, 2.0])
    def test_any_length(self, bundled: Backbone, duration_s: float) -> None:
        features = bundled.features(chord(0, duration_s))
        assert features.embedding.shape == (512,)
        assert features.logits.shape == (78,)
        assert features.frames.shape == (1, CLAP_DIMENSIONS)
        for array in (features.embedding, features.logits, features.frames):
            assert array.dtype == np.float32
            assert np.isfinite(array).all()

    def test_silence_has_features(self, bundled: Backbone) -> None:
        features = bundled.features(silence())
        assert np.isfinite(features.embedding).all()
        assert np.isfinite(features.frames).all()

    def test_a_frame_of_what_the_tower_hears_at_once(self, bundled: Backbone) -> None:
        for duration_s, frames in ((2.1, 1), (2.2, 2), (5.0, 3)):  # the tiny tower hears 2 s
            assert len(bundled.features(chord(0, duration_s)).frames) == frames

    def test_rates_and_channels_hardly_matter(self, bundled: Backbone) -> None:
        mono = chord(3)
        stereo = Sound(np.repeat(mono.samples, 2, axis=0), mono.sample_rate)
        fast = resample(mono, 48_000)
        first, second = bundled.features(mono), bundled.features(stereo)
        np.testing.assert_allclose(first.embedding, second.embedding, atol=1e-4)
        assert similarity(first.embedding, bundled.features(fast).embedding) > 0.99

    def test_highs_above_8_khz_are_not_heard(self, bundled: Backbone) -> None:
        low = chord(3, sample_rate=44_100)
        time = np.arange(low.length) / 44_100
        hiss = (0.2 * np.sin(2 * np.pi * 12_000 * time)).astype(np.float32)
        both = Sound(low.samples + hiss, 44_100)
        first, second = bundled.features(low), bundled.features(both)
        assert similarity(first.embedding, second.embedding) > 0.999

    def test_only_the_beginning_of_a_long_sound_is_heard(self, bundled: Backbone) -> None:
        short = chord(1, HEARD_S)
        long = Sound(np.tile(short.samples, 3), 16_000)
        first, second = bundled.features(short), bundled.features(long)
        np.testing.assert_array_equal(first.embedding, second.embedding)
        np.testing.assert_array_equal(first.frames, second.frames)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_samples_that_are_no_numbers(self, bundled: Backbone, bad: float) -> None:
        samples = chord(0).samples.copy()
        samples[0, 77] = bad
        with pytest.raises(AudioFileError, match="not numbers"):
            bundled.features(Sound(samples, 16_000))

    def test_facts(self, bundled: Backbone) -> None:
        effects, clap = bundled.facts.networks
        assert (effects.dimensions, effects.classes, effects.licence) == (512, 78, "CC-BY-4.0")
        assert (clap.metrics, clap.dimensions) == (("fad", "clap"), CLAP_DIMENSIONS)
        assert len({effects.weights_sha256, clap.weights_sha256}) == 2
        assert not bundled.facts.missing_frames

    def test_without_the_starter_model_only_fad_is_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bundled_backbone, "resource", lambda *parts: tmp_path / "gone")
        backbone = load_bundled(device="cpu")
        assert "does not exist" in backbone.facts.missing_frames
        assert backbone.features(chord(0)).frames.shape[0] == 0
        assert len(backbone.facts.networks) == 1

    def test_a_named_folder_without_a_model_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match="does not exist"):
            load_bundled(tmp_path / "gone", device="cpu")


class TestPaper:
    def test_short_stereo_and_fast(self, paper_files: tuple[Path, Path]) -> None:
        backbone = load_paper(*paper_files, device="cpu")
        short = backbone.features(chord(0, 0.05))
        assert short.embedding.shape == (2048,)
        assert short.logits.shape == (527,)
        assert short.frames.shape == (1, 128)
        other = backbone.features(Sound(np.tile(chord(0, 2.0, 44_100).samples, (2, 1)), 44_100))
        assert other.frames.shape == (2, 128)
        assert all(np.isfinite(a).all() for a in (other.embedding, other.logits, other.frames))
        with pytest.raises(AudioFileError, match="not numbers"):
            backbone.features(Sound(np.full(9, np.nan, dtype=np.float32), 16_000))

    def test_together_as_one_by_one(self, paper_files: tuple[Path, Path]) -> None:
        backbone = PaperBackbone.load(*paper_files, device="cpu")
        sounds = [chord(0, 2.2), chord(1, 0.5), chord(2, 2.2)]
        together = backbone.features_of(sounds)
        for sound, features in zip(sounds, together, strict=True):
            alone = backbone.features(sound)
            for name in ("embedding", "logits", "frames"):
                expected = getattr(alone, name)
                largest = float(np.abs(expected).max())
                np.testing.assert_allclose(getattr(features, name), expected, atol=1e-5 * largest)

    def test_odd_files_are_named(self, paper_files: tuple[Path, Path], tmp_path: Path) -> None:
        first = load_paper(*paper_files, device="cpu").facts
        assert [note for note in first.notes if "VGGish" in note] == list(first.notes)
        other = {**cnn14_state(), "fc_audioset.bias": torch.ones(527)}
        torch.save({"model": other}, tmp_path / "other.pth")
        second = load_paper(tmp_path / "other.pth", paper_files[1], device="cpu").facts
        assert any("first used on this computer" in note for note in second.notes)
        assert first.fingerprint != second.fingerprint

    def test_files_given_the_wrong_way_round(self, paper_files: tuple[Path, Path]) -> None:
        with pytest.raises(ModelError, match="another network"):
            load_paper(paper_files[1], paper_files[0], device="cpu")

    def test_what_cnn14_hears(self) -> None:
        stereo = Sound(np.stack([np.full(16_000, 0.5), np.ones(16_000)]), 16_000)
        stereo.samples[0, :8000] = -0.1
        heard = panns_waveform(stereo)
        assert heard.shape == (32_000,)
        np.testing.assert_allclose(heard[:8000], -0.3, atol=1e-6)
        np.testing.assert_allclose(heard[8000:16_000], 0.3, atol=1e-6)
        assert not heard[16_000:].any()
