"""One file after the other, sound and damaged: what is found is said, nothing is raised."""

from __future__ import annotations

import hashlib
import os
import re
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_sounds import RATE, made_sound, odd_name, write_samples, write_sound

from soundstudio.dataset.examine import examine
from soundstudio.library.wav_metadata import SoundMetadata, embed

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.dataset.findings import Finding


def findings_of(path: Path) -> list[Finding]:
    return list(examine(path, 0.05).findings)


def refusal_of(path: Path) -> Finding:
    """The one finding of a file that cannot be used."""
    examined = examine(path, 0.05)
    assert examined.clip is None
    (finding,) = examined.findings
    assert finding.excludes
    assert finding.path == path
    return finding


@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [
        ("a.wav", 8000, 1), ("a.wav", 192_000, 2), ("a.flac", 44_100, 6), ("a.aiff", 96_000, 2),
        ("a.ogg", 48_000, 2), ("a.mp3", 44_100, 1), ("a.wav", 11_127, 3), ("a.mp3", 22_050, 2),
    ],
)  # fmt: skip
def test_formats_rates_and_channels(tmp_path: Path, name: str, rate: int, channels: int) -> None:
    path = write_sound(tmp_path / name, 3, 1.5, rate, channels)
    clip = examine(path, 0.05).clip
    assert clip is not None
    assert (clip.sample_rate, clip.channels) == (rate, channels)
    assert clip.duration_s == pytest.approx(1.5, abs=0.06)  # MP3 pads
    assert clip.content == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(clip.peaks) in (3, 4)


def test_a_low_rate_is_said_and_used(tmp_path: Path) -> None:
    (finding,) = findings_of(write_sound(tmp_path / "a.wav", rate=8000))
    assert (finding.kind, finding.excludes) == ("low rate", False)
    assert "8,000 Hz: nothing in it lies above 4 kHz" in finding.sentence


def test_empty_and_textual_files(tmp_path: Path) -> None:
    (tmp_path / "zero.wav").touch()
    (tmp_path / "text.wav").write_text("This is a shopping list.\n" * 50)
    write_samples(tmp_path / "bare.wav", np.zeros((0, 1), np.float32))
    assert refusal_of(tmp_path / "zero.wav").kind == "empty"
    assert refusal_of(tmp_path / "text.wav").kind == "damaged"
    assert "text.wav is not a sound file" in refusal_of(tmp_path / "text.wav").sentence
    assert refusal_of(tmp_path / "bare.wav").kind == "empty"


def test_a_file_that_vanished(tmp_path: Path) -> None:
    finding = refusal_of(tmp_path / "none.wav")
    assert (finding.kind, finding.sentence) == (
        "unreadable", "none.wav cannot be read: No such file or directory.",
    )  # fmt: skip


def test_silence_and_shortness(tmp_path: Path) -> None:
    silent = write_samples(tmp_path / "silent.wav", np.zeros(RATE, np.float32))
    quiet = write_samples(tmp_path / "quiet.wav", made_sound(1) * 1e-4, subtype="FLOAT")
    short = write_sound(tmp_path / "short.wav", 1, 0.02)
    assert refusal_of(silent).kind == "silent"
    assert refusal_of(quiet).kind == "silent"
    assert refusal_of(short).sentence == "short.wav: it is 20 ms long."
    assert examine(short, 0.01).clip is not None


def test_samples_that_are_not_numbers(tmp_path: Path) -> None:
    for value in (np.nan, np.inf, -np.inf):
        samples = made_sound(1)
        samples[12_345] = value
        path = write_samples(tmp_path / "a.wav", samples, subtype="FLOAT")
        assert refusal_of(path).kind == "not numbers"


def test_clipping(tmp_path: Path) -> None:
    loud = np.clip(made_sound(1) * 20, -1, 1)
    (finding,) = findings_of(write_samples(tmp_path / "loud.wav", loud))
    assert (finding.kind, finding.excludes) == ("clipped", False)
    top = made_sound(1) / np.abs(made_sound(1)).max()
    assert findings_of(write_samples(tmp_path / "normalised.wav", top)) == []


@pytest.mark.parametrize("suffix", [".wav", ".aiff", ".mp3"])
def test_a_file_cut_short_is_used_as_far_as_it_goes(tmp_path: Path, suffix: str) -> None:
    path = write_sound(tmp_path / f"a{suffix}", 1, 3.0)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    examined = examine(path, 0.05)
    (finding,) = examined.findings
    assert (finding.kind, finding.excludes) == ("cut off", False)
    assert re.search(r"1\.[57] s of what it announces are missing", finding.sentence)
    assert examined.clip is not None
    assert examined.clip.duration_s == pytest.approx(1.5, abs=0.2)


def test_a_flac_cut_short_is_damaged(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.flac", 1, 3.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert refusal_of(path).kind == "damaged"


def test_a_header_that_claims_an_hour(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", 1, 1.0)
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    struct.pack_into("<I", content, at, 3600 * RATE * 2)
    path.write_bytes(content)
    examined = examine(path, 0.05)
    assert examined.clip is not None
    assert examined.clip.duration_s == 1.0
    assert "3599.0 s of what it announces are missing" in examined.findings[0].sentence


def test_a_flac_that_claims_a_year(tmp_path: Path) -> None:
    """Nobody may reserve memory for what a header says."""
    path = write_sound(tmp_path / "a.flac", 1, 1.0)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # the high bits of STREAMINFO's count of samples
    content[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert refusal_of(path).kind == "damaged"


@pytest.mark.parametrize("rate", [1, 0x7FFFFFFF])
def test_absurd_sample_rates(tmp_path: Path, rate: int) -> None:
    path = write_sound(tmp_path / "a.wav", 1)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 24, rate)
    path.write_bytes(content)
    assert refusal_of(path).kind == "damaged"


def test_noise_in_place_of_any_byte_raises_nothing(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    for suffix in (".wav", ".flac", ".ogg", ".mp3", ".aiff"):
        content = write_sound(tmp_path / f"good{suffix}", 2, 0.5).read_bytes()
        for trial in range(12):
            damaged = bytearray(content)
            where = random.integers(0, len(content) if trial % 2 else 64, 20)
            for place in where:
                damaged[place] = int(random.integers(0, 256))
            path = tmp_path / f"bad{suffix}"
            path.write_bytes(damaged)
            examined = examine(path, 0.05)
            assert examined.clip is not None or len(examined.findings) == 1


def test_any_name(tmp_path: Path) -> None:
    for name in ("雨.wav", "дождь.ogg", "مطر.flac", "🌧.wav", "a\nb.wav", odd_name(b"caf\xe9.wav")):
        path = write_sound(tmp_path / name, 1)
        clip = examine(path, 0.05).clip
        assert clip is not None
        assert clip.path == path
    broken = tmp_path / odd_name(b"n\xe9.wav")
    broken.write_text("no sound")
    refusal_of(broken).sentence.encode()  # it can be printed


def test_a_name_says_another_format(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.flac", 1)
    path = path.rename(tmp_path / "a.wav")
    assert examine(path, 0.05).clip is not None
    assert findings_of(path) == []


def test_what_a_file_says_of_itself(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", 1)
    embed(path, SoundMetadata(description="Rain on a tin roof", model="starter", seed=7))
    clip = examine(path, 0.05).clip
    assert clip is not None
    assert clip.description == "Rain on a tin roof"


def test_settings_of_a_recorder_are_no_description(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", 1)
    content = path.read_bytes()
    bext = b"zSPEED=023.976\r\nzTAKE=01".ljust(256, b"\0") + bytes(346)
    path.write_bytes(content + struct.pack("<4sI", b"bext", len(bext)) + bext)
    clip = examine(path, 0.05).clip
    assert clip is not None
    assert clip.description == ""


def test_the_same_samples_in_another_file_have_the_same_digest(tmp_path: Path) -> None:
    samples = np.round(made_sound(4) * 2**15) / 2**15
    first = examine(write_samples(tmp_path / "a.wav", samples), 0.05).clip
    second = examine(write_samples(tmp_path / "a.flac", samples), 0.05).clip
    other = examine(write_samples(tmp_path / "b.flac", samples, 2 * RATE), 0.05).clip
    assert first is not None
    assert second is not None
    assert other is not None
    assert first.audio == second.audio
    assert first.content != second.content
    assert other.audio != first.audio


def test_peaks_of_steps_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the samples come in, the level over time is the same."""
    samples = made_sound(6, 3.3)
    path = write_samples(tmp_path / "a.wav", samples, subtype="FLOAT")
    whole = examine(path, 0.05).clip
    monkeypatch.setattr("soundstudio.dataset.examine._BLOCK_SAMPLES", 777)
    pieces = examine(path, 0.05).clip
    assert whole is not None
    assert pieces is not None
    step = RATE // 2
    expected = [np.abs(samples[at : at + step]).max() for at in range(0, len(samples), step)]
    np.testing.assert_allclose(whole.peaks, expected, atol=1e-7)
    np.testing.assert_array_equal(pieces.peaks, whole.peaks)
    assert pieces.audio == whole.audio
    np.testing.assert_array_equal(pieces.picture, whole.picture)


def test_nothing_is_changed(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", 1)
    path.chmod(0o400)
    before = (path.read_bytes(), path.stat().st_mtime_ns, os.listdir(tmp_path))  # noqa: PTH208
    examine(path, 0.05)
    assert (path.read_bytes(), path.stat().st_mtime_ns, os.listdir(tmp_path)) == before  # noqa: PTH208
