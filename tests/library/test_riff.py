"""RIFF files of any shape: walked, rewritten, and damaged at random."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from soundstudio.audio.files import Sound, probe, read_sound, write_wav
from soundstudio.core.errors import AudioFileError
from soundstudio.library.riff import NewChunk, read_chunks, read_content, rewrite
from soundstudio.library.wav_chunks import Marker
from soundstudio.library.wav_metadata import SoundMetadata, embed, read

if TYPE_CHECKING:
    from pathlib import Path


def make_wav(path: Path, length: int = 101) -> Path:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, length).astype(np.float32)
    write_wav(path, Sound(samples, 16000), "PCM_24")
    return path


@pytest.mark.parametrize("seed", range(20))
def test_any_chunks_come_back_in_order(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source = make_wav(tmp_path / "a.wav", int(rng.integers(1, 50)))
    new = [
        NewChunk(bytes(rng.integers(97, 122, 4).tolist()), rng.bytes(int(rng.integers(0, 40))))
        for _ in range(int(rng.integers(1, 12)))
    ]
    target = tmp_path / "b.wav"
    rewrite(source, target, [*read_chunks(source), *new], "a test")
    found = read_chunks(target)[2:]
    assert [(chunk.id, read_content(target, chunk)) for chunk in found] == [
        (chunk.id, chunk.content) for chunk in new
    ]
    np.testing.assert_array_equal(read_sound(target).samples, read_sound(source).samples)
    assert target.stat().st_size % 2 == 0


@pytest.mark.parametrize("seed", range(20))
def test_damage_is_refused_or_survived_but_never_crashes(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    path = make_wav(tmp_path / "a.wav")
    embed(path, SoundMetadata(title="x", loop=(3, 9), markers=(Marker(4, "m"),)))
    whole = path.read_bytes()
    for _ in range(10):
        content = bytearray(whole)
        for position in rng.integers(0, len(content), int(rng.integers(1, 30))):
            content[position] = rng.integers(0, 256)
        del content[int(rng.integers(10, len(content) + 1)) :]
        path.write_bytes(content)
        for work in (read, probe, read_sound, lambda path: embed(path, SoundMetadata(title="y"))):
            with contextlib.suppress(AudioFileError):
                work(path)


def test_a_cut_data_chunk_is_taken_as_far_as_it_goes(tmp_path: Path) -> None:
    path = make_wav(tmp_path / "a.wav")
    path.write_bytes(path.read_bytes()[:-33])
    data = [chunk for chunk in read_chunks(path) if chunk.id == b"data"]
    assert data[0].size == 303 - 32


def test_a_failed_rewrite_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_wav(tmp_path / "a.wav")
    before = path.read_bytes()

    def refuse(*_: object) -> None:
        raise RuntimeError("pulled the plug")

    monkeypatch.setattr("soundstudio.library.riff._copy", refuse)
    with pytest.raises(RuntimeError):
        embed(path, SoundMetadata(title="x"))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.wav"]
