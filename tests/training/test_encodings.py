"""The cache: frozen parts run once, and never what is not theirs is taken from it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tiny_model import build_tiny_model

from soundstudio.core.errors import AudioFileError, RunError
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.core.run_files import read_description
from soundstudio.engine.clap import ClipEncoder
from soundstudio.engine.model_folder import read_model_folder
from soundstudio.training import encoding
from soundstudio.training.encoding import encode, find_missing, texts_of
from soundstudio.training.encodings import EncodingCache, Posterior
from soundstudio.training.fingerprints import fingerprints_of
from soundstudio.training.front_end import segment_mel, training_frames
from soundstudio.training.run import train_run

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import RunMaker

    from soundstudio.dataset.dataset import Dataset


def cache_of(model: Path, folder: Path, frames: int = 32) -> EncodingCache:
    return EncodingCache(folder, fingerprints_of(read_model_folder(model)), frames)


def refuse(*_: Any, **__: Any) -> None:
    pytest.fail("a frozen part ran although all is in the cache")


def test_a_second_run_encodes_nothing(make_run: RunMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    first: list[str] = []
    train_run(make_run("first", steps=1), say=first.append)
    assert "will be added" in first[0]
    assert "are in the cache now" in first[1]
    monkeypatch.setattr(encoding, "build_part", refuse)
    monkeypatch.setattr(encoding, "encode_posterior", refuse)
    monkeypatch.setattr(ClipEncoder, "load", refuse)
    said: list[str] = []
    train_run(make_run("second", steps=1), say=said.append)
    assert "nothing is missing" in said[0]


def test_the_size_that_was_promised_is_the_size_on_the_disk(
    tiny_model_folder: Path, dataset: Dataset, tmp_path: Path
) -> None:
    cache = cache_of(tiny_model_folder, tmp_path)
    files = read_model_folder(tiny_model_folder)
    missing = find_missing(cache, dataset.clips, files)
    assert missing.count == 7 + 7 + 5  # latents, sounds, four captions and the empty prompt
    encode(cache, missing, files, "cpu")
    size = cache.size_bytes(dataset.clips, texts_of(dataset.clips))
    assert size == sum(path.stat().st_size for path in tmp_path.rglob("*.npz"))
    assert missing.bytes_needed == pytest.approx(size, rel=0.1)
    assert find_missing(cache, dataset.clips, files).count == 0


def test_an_entry_belongs_to_content_place_length_and_weights(
    tiny_model_folder: Path, dataset: Dataset, tmp_path: Path
) -> None:
    cache = cache_of(tiny_model_folder, tmp_path / "cache")
    files = read_model_folder(tiny_model_folder)
    encode(cache, find_missing(cache, dataset.clips, files), files, "cpu")
    clip = dataset.clips[0]
    renamed = dataclasses.replace(clip, path=tmp_path / "moved.wav", caption="else", split="test")
    assert cache.posterior(renamed) is not None
    for other in (
        dataclasses.replace(clip, content="0" * 64),
        dataclasses.replace(clip, start_s=0.1),
        dataclasses.replace(clip, duration_s=0.2),
    ):
        assert cache.posterior(other) is None
        assert cache.sound_embedding(other) is None
    assert cache_of(tiny_model_folder, tmp_path / "cache", frames=64).posterior(clip) is None
    another = cache_of(build_tiny_model(tmp_path / "another", seed=1), tmp_path / "cache")
    assert another.posterior(clip) is None
    assert another.sound_embedding(clip) is None
    assert another.text_embedding(clip.caption) is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "infinite", "empty"])
def test_a_damaged_entry_is_made_anew(
    tiny_model_folder: Path, dataset: Dataset, tmp_path: Path, damage: str
) -> None:
    cache = cache_of(tiny_model_folder, tmp_path)
    files = read_model_folder(tiny_model_folder)
    encode(cache, find_missing(cache, dataset.clips, files), files, "cpu")
    clip = dataset.clips[0]
    good = cache.posterior(clip)
    assert good is not None
    (path,) = [p for p in tmp_path.rglob("latents-*/*/*.npz") if p == cache._posterior_path(clip)]
    content = bytearray(path.read_bytes())
    if damage == "infinite":
        cache.keep_posterior(clip, Posterior(good.mean * np.float32(np.inf), good.log_variance))
    else:
        content[len(content) // 2] ^= 1
        parts = {"cut": content[:100], "flipped": content, "empty": b""}
        path.write_bytes(parts[damage])
    missing = find_missing(cache, dataset.clips, files)
    assert missing.posteriors == (clip,)
    encode(cache, missing, files, "cpu")
    again = cache.posterior(clip)
    assert again is not None
    np.testing.assert_array_equal(again.mean, good.mean)


def test_an_encoding_that_was_stopped_goes_on(
    tiny_model_folder: Path, dataset: Dataset, tmp_path: Path
) -> None:
    cache = cache_of(tiny_model_folder, tmp_path)
    files = read_model_folder(tiny_model_folder)
    missing = find_missing(cache, dataset.clips, files)

    def stop(where: Progress) -> None:
        if where.step == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        encode(cache, missing, files, "cpu", stop)
    assert find_missing(cache, dataset.clips, files).count == missing.count - 3


def test_a_lost_entry_is_said(make_run: RunMaker, dataset: Dataset, tmp_path: Path) -> None:
    from soundstudio.training.preparation import make_accelerator, prepare

    description = read_description(make_run())
    prepared = prepare(make_accelerator(description.settings), description, dataset)
    for path in (tmp_path / "made" / "cache").rglob("latents-*/*/*.npz"):
        path.unlink()
    with pytest.raises(RunError, match="lost an entry"):
        prepared.trainer.step(0)


def test_a_clip_that_vanished_before_it_was_encoded(make_run: RunMaker, dataset: Dataset) -> None:
    run = make_run()
    dataset.clips[2].path.unlink()
    with pytest.raises(AudioFileError, match="does not exist"):
        train_run(run)


def test_examples_are_padded_with_silence_not_with_zeros() -> None:
    from soundstudio.audio.files import Sound

    mel = segment_mel(Sound(np.ones((1, 1600), np.float32) * np.sin(np.arange(1600)), 16000), 32)
    assert mel.shape == (32, 64)
    np.testing.assert_allclose(mel[20:], -11.513, atol=1e-3)
    assert mel[:8].max() > 0


@pytest.mark.parametrize(
    ("seconds", "frames"), [(5.0, 512), (10.0, 1024), (10.24, 1024), (0.1, 32)]
)
def test_lengths_are_the_originals(dataset: Dataset, seconds: float, frames: int) -> None:
    clip = dataclasses.replace(dataset.clips[0], duration_s=seconds)
    vae, unet = {"block_out_channels": [0] * 3}, {"block_out_channels": [0] * 4}
    assert training_frames([clip], vae, unet) == frames
