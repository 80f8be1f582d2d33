"""A sound that is heard before it is finished: its pieces, and when play may begin."""

from __future__ import annotations

import numpy as np
import pytest

from soundstudio.audio.growing_sound import GrowingSound, SoundPiece, packed, unpacked

RATE = 1000


def piece(start_s: float, length_s: float, seconds: float, total_s: float = 30.0) -> SoundPiece:
    samples = np.full(round(length_s * RATE), 0.5, dtype=np.float32)
    return SoundPiece(samples, round(start_s * RATE), round(total_s * RATE), RATE, seconds)


def test_samples_survive_as_text() -> None:
    samples = np.array([0.0, 1.0, -1e-7, 3e38], dtype=np.float32)
    assert np.array_equal(unpacked(packed(samples)), samples)
    with pytest.raises(ValueError, match=r"."):
        unpacked("no base64!")


def test_pieces_are_taken_in_their_order() -> None:
    growing = GrowingSound(10 * RATE, RATE)
    assert growing.duration_s == 10
    assert growing.add(piece(0, 5, 1))
    assert not growing.add(piece(0, 5, 1))
    assert not growing.add(piece(6, 4, 1))
    assert not growing.add(piece(5, 6, 1))
    assert (growing.filled, growing.is_complete) == (5 * RATE, False)
    assert growing.samples[0, 4999] == 0.5
    assert not growing.samples[0, 5000:].any()
    assert growing.add(piece(5, 5, 1))
    assert growing.is_complete


@pytest.mark.parametrize(
    ("total_s", "seconds", "pieces"),
    [
        (10.0, 3.9, 1),
        (10.0, 4.1, 2),  # with caution the second piece would come after 5.1 s
        (30.0, 3.9, 1),
        (30.0, 5.0, 2),  # 25 % slower than it is heard: two pieces ahead last to the end
        (30.0, 8.0, 4),
        (30.0, 50.0, 6),
    ],
)
def test_play_begins_as_soon_as_it_is_not_overtaken(
    total_s: float, seconds: float, pieces: int
) -> None:
    """Pieces of 5 s that take so many seconds each; played against the clock they never end."""
    growing = GrowingSound(round(total_s * RATE), RATE)
    assert not growing.can_start()
    needed = 0
    while not growing.can_start():
        growing.add(piece(5 * needed, 5, seconds, total_s))
        needed += 1
    assert needed == pieces
    left = round(total_s / 5) - needed
    for number in range(1, left + 1):  # even if all the rest is a quarter slower
        assert 1.25 * seconds * number <= 5 * (needed + number - 1)
