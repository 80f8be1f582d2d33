"""Reading and writing sound files: exact samples, clear refusals, nothing half-written."""

from __future__ import annotations

import os
import subprocess
import wave
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from soundstudio.audio.files import Sound, probe, read_sound, write_wav
from soundstudio.core.errors import AudioFileError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def noise(channels: int = 1, length: int = 1001, level: float = 0.3) -> Sound:
    samples = np.random.default_rng(7).standard_normal((channels, length)) * level
    return Sound(samples.astype(np.float32), 16000)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_float_files_hold_the_very_samples(tmp_path: Path, channels: int) -> None:
    sound = noise(channels, level=3.0)
    write_wav(tmp_path / "a.wav", sound, "FLOAT")
    back = read_sound(tmp_path / "a.wav")
    assert back.sample_rate == 16000
    np.testing.assert_array_equal(back.samples, sound.samples)


@pytest.mark.parametrize(("subtype", "bits"), [("PCM_16", 16), ("PCM_24", 24)])
def test_whole_numbers_are_rounded_to_the_nearest_step(
    tmp_path: Path, subtype: str, bits: int
) -> None:
    sound = noise()
    write_wav(tmp_path / "a.wav", sound, subtype)  # type: ignore[arg-type]
    back = read_sound(tmp_path / "a.wav")
    assert np.abs(back.samples - sound.samples).max() <= 0.5001 / 2 ** (bits - 1)
    assert probe(tmp_path / "a.wav").subtype == subtype


def test_full_scale_does_not_wrap_around(tmp_path: Path) -> None:
    sound = Sound(np.array([1.0, -1.0, 2.0, -2.0], dtype=np.float32), 8000)
    write_wav(tmp_path / "a.wav", sound, "PCM_16")
    with wave.open(str(tmp_path / "a.wav")) as file:
        values = np.frombuffer(file.readframes(4), dtype="<i2")
    assert values.tolist() == [32767, -32768, 32767, -32768]


def test_dither_keeps_a_tone_below_one_step(tmp_path: Path) -> None:
    time_s = np.arange(48000) / 48000
    tone = (0.4 / 32768 * np.sin(2 * np.pi * 1000 * time_s)).astype(np.float32)
    for name, dither in (("plain", False), ("dithered", True)):
        write_wav(tmp_path / f"{name}.wav", Sound(tone, 48000), "PCM_16", dither=dither)
    assert not read_sound(tmp_path / "plain.wav").samples.any()
    spectrum = np.abs(np.fft.rfft(read_sound(tmp_path / "dithered.wav").samples[0]))
    assert spectrum.argmax() == 1000
    assert spectrum[1000] > 10 * np.median(spectrum)


def test_the_same_sound_is_dithered_the_same_way(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_wav(tmp_path / f"{name}.wav", noise(), "PCM_16", dither=True)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_only_the_asked_part_is_read(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", noise(length=16000), "FLOAT")
    assert read_sound(tmp_path / "a.wav", max_duration_s=0.25).length == 4000


def test_probe_reads_the_header(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", noise(2, 8000), "PCM_24")
    info = probe(tmp_path / "a.wav")
    assert (info.duration_s, info.sample_rate, info.channels, info.format) == (
        0.5,
        16000,
        2,
        "WAV",
    )


def corrupt_files(folder: Path) -> Iterator[tuple[Path, str]]:
    yield folder / "not there.wav", "does not exist"
    (folder / "empty.wav").touch()
    yield folder / "empty.wav", "is empty"
    (folder / "text.wav").write_text("This is a shopping list, not a sound.\n" * 20)
    yield folder / "text.wav", "not a sound file"
    whole = folder / "whole.wav"
    write_wav(whole, noise(), "PCM_16")
    (folder / "cut.wav").write_bytes(whole.read_bytes()[:20])
    yield folder / "cut.wav", "not a sound file"
    (folder / "header.wav").write_bytes(whole.read_bytes()[:44])
    yield folder / "header.wav", "no sound"
    soundfile.write(folder / "nan.wav", np.array([0.0, np.nan, 0.1]), 8000, "FLOAT")
    yield folder / "nan.wav", "not numbers"
    (folder / "folder.wav").mkdir()
    yield folder / "folder.wav", "is a folder"


def test_bad_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    for path, words in corrupt_files(tmp_path):
        with pytest.raises(AudioFileError, match=words):
            read_sound(path)


def test_invalid_samples_are_not_written(tmp_path: Path) -> None:
    sound = Sound(np.array([0.0, np.nan], dtype=np.float32), 8000)
    with pytest.raises(AudioFileError, match="invalid"):
        write_wav(tmp_path / "a.wav", sound, "FLOAT")
    assert list(tmp_path.iterdir()) == []


def test_writing_replaces_whole_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, noise(), "FLOAT")
    before = path.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("soundstudio.audio.atomic_file.os.fsync", refuse)
    with pytest.raises(StorageError, match="disk is full"):
        write_wav(path, noise(2), "FLOAT")
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.wav"]


def test_a_full_disk_is_said_and_leaves_nothing(small_disk: Path) -> None:
    sound = noise(2, 400_000)
    with pytest.raises(StorageError, match="disk is full"):
        write_wav(small_disk / "a.wav", sound, "FLOAT")
    assert list(small_disk.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one megabyte, where that may be mounted."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode != 0:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_between_is_clamped_and_never_empty() -> None:
    sound = noise(length=16000)
    assert sound.between(0.25, 0.5).length == 4000
    assert sound.between(-1, 99).length == 16000
    assert sound.between(2, 3).length == 1


def test_mono_is_the_mean() -> None:
    sound = Sound(np.array([[1.0, 0.0], [0.0, 0.5]], dtype=np.float32), 8000)
    assert sound.mono().tolist() == [0.5, 0.25]


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    # Linux allows any bytes, and old archives hold names in Latin-1.
    path = tmp_path / os.fsdecode(b"t\xfcr.wav")
    sound = Sound(np.float32([0.25, -0.5]), 16_000)
    write_wav(path, sound, "FLOAT")
    assert read_sound(path).samples.tolist() == sound.samples.tolist()
    assert probe(path).duration_s == 2 / 16_000
