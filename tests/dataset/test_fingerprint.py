"""Near duplicates: what is found, what is not, and at what cost."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
import soundfile
import soxr
from made_sounds import RATE, Samples, made_sound

from soundstudio.dataset.fingerprint import near_pairs, picture_of
from soundstudio.dataset.groups import Groups


def through(samples: Samples, kind: str, subtype: str) -> Samples:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format=kind, subtype=subtype)
    buffer.seek(0)
    return np.asarray(soundfile.read(buffer, dtype="float32")[0])


COPIES = {
    "MP3": lambda sound: (through(sound, "MP3", "MPEG_LAYER_III"), RATE),
    "Ogg": lambda sound: (through(sound, "OGG", "VORBIS"), RATE),
    "16 bits, 20 dB less": lambda sound: (through(sound * 0.1, "WAV", "PCM_16"), RATE),
    "another rate": lambda sound: (soxr.resample(sound, RATE, 44_100), 44_100),
    "half the rate": lambda sound: (soxr.resample(sound, RATE, 8_000), 8_000),
    "silence around": lambda sound: (np.pad(sound, (RATE // 3, RATE // 2)), RATE),
    "a fade": lambda sound: (sound * np.linspace(1, 0.7, len(sound), dtype=np.float32), RATE),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_found(name: str) -> None:
    sounds = [(made_sound(number, 2.0), RATE) for number in range(8)]
    sounds.append(COPIES[name](sounds[3][0]))
    pictures, lengths = zip(*(picture_of(*sound) for sound in sounds), strict=True)
    assert near_pairs(pictures, lengths) == [(3, 8)]


@pytest.mark.parametrize("change", [lambda s: s[::-1].copy(), lambda s: s[len(s) // 2 :]])
def test_what_cannot_be_found(change: object) -> None:
    """As the module says: reversed sounds, and cuts of longer ones."""
    sounds = [made_sound(3, 2.0), change(made_sound(3, 2.0))]  # type: ignore[operator]
    pictures, lengths = zip(*(picture_of(sound, RATE) for sound in sounds), strict=True)
    assert near_pairs(pictures, lengths) == []


def test_shapeless_sounds_are_no_duplicates() -> None:
    flat = [picture_of(np.zeros(RATE, np.float32), RATE) for _ in range(3)]
    tiny = picture_of(np.ones(3, np.float32), RATE)
    pictures, lengths = zip(*flat, tiny, strict=True)
    assert near_pairs(pictures, lengths) == []
    assert near_pairs([], []) == []


def test_many_clips_are_not_compared_each_with_each() -> None:
    """Planted copies among 6,000 pictures are found, in far less than n² work."""
    random = np.random.default_rng(0)
    shapes = random.standard_normal((6000, 12, 32)).astype(np.float32)
    copies = np.arange(0, 6000, 40)
    near = shapes[copies] + 0.12 * random.standard_normal((len(copies), 12, 32))
    pictures = np.concatenate([shapes, near]).astype(np.float16)
    start_s = time.process_time()
    pairs = near_pairs(list(pictures), [1.0] * len(pictures))
    assert time.process_time() - start_s < 10
    planted = {(int(original), 6000 + number) for number, original in enumerate(copies)}
    assert set(pairs) <= planted
    assert len(pairs) > 0.98 * len(planted)


def test_six_thousand_copies_of_one_sound() -> None:
    """The worst case stays bounded, and pairs tie all copies together."""
    picture = picture_of(made_sound(1), RATE)[0]
    start_s = time.process_time()
    pairs = near_pairs([picture] * 6000, [1.0] * 6000)
    assert time.process_time() - start_s < 20
    groups = Groups(6000)
    for pair in pairs:
        groups.join(*pair)
    assert {groups.first(index) for index in range(6000)} == {0}
