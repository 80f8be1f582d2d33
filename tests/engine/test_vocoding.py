"""A long sound is vocoded piece by piece and is the same sound."""

from __future__ import annotations

import pytest
import torch
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

from soundstudio.core.progress import Cancelled
from soundstudio.engine import vocoding
from soundstudio.engine.vocoding import pieces_of, reach_frames, vocode


@pytest.fixture(scope="module")
def vocoder() -> SpeechT5HifiGan:
    """Of AudioLDM's rates and kernels, whose whole is 32 samples longer than its frames; thin."""
    torch.manual_seed(3)
    config = SpeechT5HifiGanConfig(
        model_in_dim=64,
        upsample_initial_channel=64,
        upsample_rates=[5, 4, 2, 2, 2],
        upsample_kernel_sizes=[16, 16, 8, 4, 4],
        resblock_kernel_sizes=[3, 7, 11],
        resblock_dilation_sizes=[[1, 3, 5]] * 3,
        normalize_before=False,
        initializer_range=0.12,
    )
    return SpeechT5HifiGan(config).eval().requires_grad_(False)


@pytest.mark.parametrize("frames", [90, 767, 769, 1281, 1999])
def test_pieces_are_the_whole(vocoder: SpeechT5HifiGan, frames: int) -> None:
    mel = torch.randn(frames, 64, generator=torch.Generator().manual_seed(frames))
    whole = vocoder(mel[None])[0]
    made = vocode(vocoder, mel)
    assert whole.std() > 0.05
    assert whole.abs().median() < 0.9  # not all at the limits of tanh
    assert made.shape == whole.shape == (frames * 160 + 32,)
    assert torch.allclose(made, whole, atol=1e-5)


def test_a_piece_that_sees_too_little_would_be_noticed(
    vocoder: SpeechT5HifiGan, monkeypatch: pytest.MonkeyPatch
) -> None:
    mel = torch.randn(1024, 64, generator=torch.Generator().manual_seed(0))
    whole = vocoder(mel[None])[0]
    monkeypatch.setattr(vocoding, "reach_frames", lambda config: 4)
    assert not torch.allclose(vocode(vocoder, mel), whole, atol=1e-5)


def test_the_reach_is_what_a_change_reaches(vocoder: SpeechT5HifiGan) -> None:
    mel = torch.zeros(200, 64)
    changed = mel.clone()
    changed[100] = 3.0
    difference = (vocoder(changed[None])[0] - vocoder(mel[None])[0]).nonzero()[:, 0]
    reach = reach_frames(vocoder.config)
    assert (100 - reach) * 160 <= int(difference.min())
    assert int(difference.max()) < (101 + reach) * 160
    assert reach < 40


def test_every_piece_is_told_and_can_be_the_last(vocoder: SpeechT5HifiGan) -> None:
    mel = torch.zeros(1536, 64)
    told: list[tuple[int, int]] = []
    vocode(vocoder, mel, lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]

    def stop(done: int, of: int) -> None:
        told.append((done, of))
        raise Cancelled

    told.clear()
    with pytest.raises(Cancelled):
        vocode(vocoder, mel, stop)
    assert told == [(1, 3)]


def test_how_many_pieces() -> None:
    assert [pieces_of(frames) for frames in (1, 512, 767, 769, 3000)] == [1, 1, 1, 2, 6]
