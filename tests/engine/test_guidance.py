"""Guidance along a run, with a network that counts what it is given."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from soundstudio.engine.guidance import GuidedUnet

WANTED, AGAINST = torch.tensor([3.0, 0.0]), torch.tensor([1.0, 0.0])
STEP = torch.tensor(0)


class Network:
    """Answers each latent with its row's first number times the number of the call."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, latents: torch.Tensor, *_: Any, **options: Any) -> tuple[torch.Tensor]:
        self.batches.append(len(latents))
        rows = options["class_labels"]
        assert len(rows) == len(latents)
        return (torch.ones_like(latents) * rows[:, :1, None, None] * len(self.batches),)


def run(calls: int, **options: Any) -> tuple[list[float], list[int]]:
    network = Network()
    guided = GuidedUnet(network, WANTED, dtype=torch.float32, **options)
    latents = torch.zeros(2, 1, 1, 1)
    values = [guided(latents, STEP) for _ in range(calls)]
    assert all(value.shape == latents.shape for value in values)
    return [float(value[0, 0, 0, 0]) for value in values], network.batches


def test_every_call_is_guided_by_default() -> None:
    # against + w (wanted - against) = 1 + 2 (3 - 1), times the call.
    assert run(3, against=AGAINST, scale=2.0) == ([5.0, 10.0, 15.0], [4, 4, 4])


def test_calls_between_take_the_last_difference() -> None:
    values, batches = run(5, against=AGAINST, scale=2.0, every=3)
    assert batches == [4, 2, 2, 4, 2]
    # wanted of this call + (w - 1) times the difference of call 1, and later of call 4.
    assert values == [5.0, 3 * 2 + 2.0, 3 * 3 + 2.0, 20.0, 3 * 5 + 8.0]


def test_without_guidance_there_is_one_half() -> None:
    assert run(2, against=None, scale=1.0, every=2) == ([3.0, 6.0], [2, 2])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_network_computes_in_its_own_format(dtype: torch.dtype) -> None:
    seen: list[torch.dtype] = []

    def network(latents: torch.Tensor, *_: Any, **options: Any) -> tuple[torch.Tensor]:
        seen.extend([latents.dtype, options["class_labels"].dtype])
        return (latents,)

    guided = GuidedUnet(network, WANTED, AGAINST, scale=2.0, every=2, dtype=dtype)
    assert guided(torch.zeros(1, 1, 1, 1), STEP).dtype == torch.float32
    assert set(seen) == {dtype}
