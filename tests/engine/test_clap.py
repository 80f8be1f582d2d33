"""CLAP's front end: what the tower is given of short and long sounds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tiny_model import build_tiny_model

from soundstudio.audio.mel import normalise_waveform
from soundstudio.engine.clap import ClipEncoder
from soundstudio.engine.model_folder import read_model_folder

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

RATE_HZ = 48_000


@pytest.fixture
def heard_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A model's ear, and the waveforms that its front end was given."""

    def make(**changes: float) -> tuple[ClipEncoder, list[tuple[npt.NDArray[np.float32], str]]]:
        folder = build_tiny_model(tmp_path / "model")
        path = folder / "feature_extractor" / "preprocessor_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
        encoder = ClipEncoder.load(read_model_folder(folder), "cpu")
        given = []
        whole: Any = type(encoder._extractor).__call__

        def listening(extractor: Any, waveform: Any, **options: Any) -> Any:
            given.append((waveform, options["padding"]))
            return whole(extractor, waveform, **options)

        monkeypatch.setattr(type(encoder._extractor), "__call__", listening)
        return encoder, given

    return make


def sound_of(seconds: float) -> npt.NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 0.1, round(RATE_HZ * seconds)).astype(np.float32)


def test_clap_repeats_a_short_sound_and_audioldm_puts_silence_after_it(heard_by: Any) -> None:
    encoder, given = heard_by()
    assert encoder.heard_s == 2.0
    short = sound_of(0.4)
    repeated = np.concatenate([short] * 5)
    silence = np.zeros(round(RATE_HZ * 1.6), np.float32)
    followed = np.concatenate([normalise_waveform(short, 0.5), silence])
    clap, audioldm, loop, silent = (
        np.asarray(vector)
        for vector in (
            encoder.embed(short, RATE_HZ),
            encoder.embed_condition(short, RATE_HZ),
            encoder.embed(repeated, RATE_HZ),
            encoder.embed(followed, RATE_HZ),
        )
    )
    np.testing.assert_allclose(clap, loop, atol=1e-5)
    np.testing.assert_allclose(audioldm, silent, atol=1e-5)
    assert float(np.abs(clap - audioldm).max()) > 1e-3
    quiet = np.asarray(encoder.embed_condition(0.01 * short + 0.2, RATE_HZ))
    np.testing.assert_allclose(quiet, audioldm, atol=1e-5)
    encoder.embed(sound_of(3), RATE_HZ)
    np.testing.assert_array_equal(given[-1][0], sound_of(3)[: RATE_HZ * 2])


@pytest.mark.parametrize("seconds", [0.3, 0.99, 1.0, 1.01, 3.0])
def test_a_tower_with_a_window_hears_just_that(heard_by: Any, seconds: float) -> None:
    encoder, given = heard_by(window_s=1.0)
    assert encoder.heard_s == 1.0
    sound = sound_of(seconds)
    for embed, heard in (
        (encoder.embed, sound),
        (encoder.embed_condition, normalise_waveform(sound, 0.5)),
    ):
        embed(sound, RATE_HZ)
        waveform, padding = given[-1]
        assert padding == "pad"
        np.testing.assert_array_equal(waveform, np.tile(heard, 10)[:RATE_HZ])
