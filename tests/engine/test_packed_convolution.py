"""Packed convolutions compute what plain ones do, at every shape, with no more memory."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from soundstudio.engine import packed_convolution
from soundstudio.engine.devices import cpu_has_fast_bfloat16
from soundstudio.engine.packed_convolution import PackedConv2d, pack_convolutions

IS_HERE = packed_convolution._can_pack()


@pytest.mark.parametrize(("size", "stride", "bias"), [(3, 1, True), (1, 1, True), (3, 2, False)])
def test_every_shape_gives_the_plain_result(size: int, stride: int, bias: bool) -> None:
    torch.manual_seed(0)
    plain = nn.Conv2d(96, 64, size, stride=stride, padding=size // 2, bias=bias)
    made = copy.deepcopy(plain).bfloat16()
    pack_convolutions(made)
    assert type(made) is (PackedConv2d if IS_HERE else nn.Conv2d)
    with torch.inference_mode():
        for batch, height, width in ((2, 16, 4), (6, 16, 4), (1, 7, 9), (2, 64, 16)):
            maps = torch.randn(batch, 96, height, width)
            wanted = plain(maps)
            got = made(maps.bfloat16())
            assert got.dtype == torch.bfloat16
            assert got.shape == wanted.shape
            assert float((got.float() - wanted).norm() / wanted.norm()) < 0.02


def test_the_plain_weights_are_given_back() -> None:
    layer = nn.Conv2d(96, 64, 3, padding=1).bfloat16()
    pack_convolutions(layer)
    layer(torch.randn(1, 96, 8, 4).bfloat16())
    assert layer.weight.numel() == (0 if IS_HERE else 96 * 64 * 9)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(8, 8, 3, padding=1),
        nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect").bfloat16(),
        nn.Conv2d(8, 8, 3, padding="same").bfloat16(),
    ],
)
def test_other_convolutions_stay(layer: nn.Conv2d) -> None:
    pack_convolutions(layer)
    assert type(layer) is nn.Conv2d


def test_without_the_operators_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_convolution, "cpu_has_fast_bfloat16", lambda: False)
    layer = nn.Conv2d(8, 8, 3, padding=1).bfloat16()
    pack_convolutions(layer)
    assert type(layer) is nn.Conv2d


def test_this_torch_has_the_operators() -> None:
    # The operators are torch's own but not public: a torch without them must be noticed here.
    assert (cpu_has_fast_bfloat16() and torch.backends.mkldnn.is_available()) == IS_HERE
