"""Muon makes its updates orthogonal, leaves the rest to AdamW, and goes down hill."""

from __future__ import annotations

import copy

import pytest
import torch
from recipe.muon import Muon, orthogonalised


@pytest.mark.parametrize("shape", [(32, 200), (200, 32), (64, 64)])
def test_singular_values_are_drawn_together(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    before, after = (torch.linalg.svdvals(m) for m in (matrix, orthogonalised(matrix)))
    # The smallest of a square one are near nothing; of the others none may be left behind.
    middle = len(after) // 4
    assert after.max() < 1.35
    assert after[:-middle].min() > 0.5
    assert after[0] / after[middle] < before[0] / before[middle] + 0.5


def test_plain_and_small_weights_are_adams() -> None:
    wide, plain, bias = (torch.nn.Parameter(torch.randn(s)) for s in ((32, 32), (32, 32), (32,)))
    optimiser = Muon([wide, plain, bias], plain=[plain])
    for parameter in (wide, plain, bias):
        parameter.grad = torch.randn_like(parameter)
    optimiser.step()
    assert "momentum" in optimiser.state[wide]
    assert "square" in optimiser.state[plain]
    assert "square" in optimiser.state[bias]


def test_resumed_state_takes_the_same_step() -> None:
    torch.manual_seed(1)
    first, second = torch.nn.Linear(32, 32), torch.nn.Linear(32, 32)
    inputs = torch.randn(64, 32)
    optimisers = [Muon(first.parameters()), Muon(second.parameters())]

    def step(layer: torch.nn.Linear, optimiser: Muon) -> float:
        loss = (layer(inputs) - inputs.flip(1)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    start = step(first, optimisers[0])
    for _ in range(20):
        step(first, optimisers[0])
    second.load_state_dict(first.state_dict())
    optimisers[1].load_state_dict(copy.deepcopy(optimisers[0].state_dict()))
    assert step(first, optimisers[0]) == step(second, optimisers[1])
    assert torch.equal(first.weight, second.weight)
    assert step(first, optimisers[0]) < start
