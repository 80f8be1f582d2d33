"""The quicker gradient of convolutions: the same numbers as torch's own."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from soundstudio.training.quick_convolution import QuickConv2d, quicken_convolutions


def learnt(layer: nn.Module, maps: torch.Tensor, autocast: bool) -> list[torch.Tensor]:
    """The gradients of the input and of every parameter, in float32."""
    maps = maps.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        made = checkpoint(layer, maps, use_reentrant=False)
    made.float().square().mean().backward()
    gradients = [maps.grad, *(value.grad for value in layer.parameters())]
    assert all(gradient is not None for gradient in gradients)
    return [gradient for gradient in gradients if gradient is not None]


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    ("size", "height", "width"), [(3, 8, 4), (3, 1, 1), (1, 5, 2), (5, 9, 3), (3, 16, 16)]
)
def test_gradients_are_torchs(
    size: int, height: int, width: int, bias: bool, autocast: bool
) -> None:
    torch.manual_seed(0)
    plain = nn.Conv2d(8, 12, size, padding=size // 2, bias=bias)
    quick = copy.deepcopy(plain)
    quicken_convolutions(quick)
    assert type(quick) is QuickConv2d
    maps = torch.randn(3, 8, height, width)
    wanted = learnt(plain, maps, autocast=False)
    for right, made in zip(wanted, learnt(quick, maps, autocast), strict=True):
        assert made.dtype == torch.float32
        error = float((made - right).norm() / right.norm())
        assert error < (0.02 if autocast else 1e-5)


def test_the_forward_pass_is_untouched() -> None:
    torch.manual_seed(0)
    plain = nn.Conv2d(8, 12, 3, padding=1)
    quick = copy.deepcopy(plain)
    quicken_convolutions(quick)
    maps = torch.randn(2, 8, 6, 4)
    assert torch.equal(quick(maps), plain(maps))


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(8, 8, 3, stride=2, padding=1),
        nn.Conv2d(8, 8, 3),
        nn.Conv2d(8, 8, 3, padding=1, groups=2),
        nn.Conv2d(8, 8, 3, padding=2, dilation=2),
        nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(8, 8, 3, padding="same"),
    ],
)
def test_other_convolutions_stay(layer: nn.Conv2d) -> None:
    quicken_convolutions(layer)
    assert type(layer) is nn.Conv2d
