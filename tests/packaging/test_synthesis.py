"""Every family of procedural sounds gives finite, unclipped, captioned clips, reproducibly."""

from __future__ import annotations

import numpy as np
import pytest
from recipe.synthesis import FAMILIES, synthesise


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_family(family: str) -> None:
    clips = synthesise(2, 7, [family])
    assert len(clips) == 2
    for clip in clips:
        assert np.isfinite(clip.waveform).all()
        assert np.abs(clip.waveform).max() == pytest.approx(0.5, abs=0.01)
        assert 0.05 * 16_000 < len(clip.waveform) < 7 * 16_000
        assert clip.captions
        assert all(caption.strip() == caption and caption for caption in clip.captions)
    assert not np.array_equal(clips[0].waveform[:400], clips[1].waveform[:400])


def test_same_seed_gives_the_same_sound() -> None:
    first, second = (synthesise(1, 3, ["rain"])[0] for _ in range(2))
    np.testing.assert_array_equal(first.waveform, second.waveform)
