"""Strided convolutions whose output is one column wide: bfloat16 must mean what float32 means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from soundstudio.engine.loading import build_part
from soundstudio.engine.model_folder import read_model_folder
from soundstudio.engine.narrow_convolution import NarrowConv2d, mend_narrow_convolutions

if TYPE_CHECKING:
    from pathlib import Path


def mended(channels: int, size: int, stride: int, padding: int) -> nn.Conv2d:
    torch.manual_seed(1)
    layer = nn.Conv2d(channels, 32, size, stride=stride, padding=padding)
    mend_narrow_convolutions(layer)
    return layer


# On a processor with matrix units three of these fail without the mending.
@pytest.mark.parametrize(
    ("channels", "size", "stride", "padding", "height", "width"),
    [(128, 3, 2, 1, 8, 2), (128, 3, 2, 1, 16, 1), (64, 3, 2, 0, 16, 3), (128, 4, 3, 1, 16, 3)],
)
def test_one_column_is_right_in_bfloat16(
    channels: int, size: int, stride: int, padding: int, height: int, width: int
) -> None:
    layer = mended(channels, size, stride, padding)
    maps = torch.randn(4, channels, height, width)
    with torch.no_grad():
        wanted = layer(maps)
        with torch.autocast("cpu", torch.bfloat16):
            under_autocast = layer(maps.bfloat16())
        halved = layer.bfloat16()(maps.bfloat16())
    assert wanted.shape[-1] == 1
    for made in (under_autocast, halved):
        assert made.dtype == torch.bfloat16
        assert float((made.float() - wanted).norm() / wanted.norm()) < 0.02


def test_gradients_are_right_too() -> None:
    layer = mended(128, 3, 2, 1)
    maps = torch.randn(4, 128, 8, 2)
    layer(maps).square().sum().backward()
    assert layer.weight.grad is not None
    wanted = layer.weight.grad.clone()
    layer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        made = layer(maps.bfloat16())
    made.float().square().sum().backward()
    assert float((layer.weight.grad - wanted).norm() / wanted.norm()) < 0.02


def test_wide_maps_and_other_convolutions_are_left_alone() -> None:
    layer = mended(16, 3, 2, 1)
    maps = torch.randn(1, 16, 8, 8)
    assert torch.equal(layer(maps), nn.Conv2d.forward(layer, maps))
    plain = nn.Conv2d(4, 4, 3, padding=1)
    mend_narrow_convolutions(plain)
    assert type(plain) is nn.Conv2d


def test_a_loaded_unet_is_mended(tiny_model_folder: Path) -> None:
    unet = build_part(read_model_folder(tiny_model_folder).parts["unet"])
    strided = [part for part in unet.modules() if getattr(part, "stride", (1, 1)) == (2, 2)]
    assert strided
    assert all(type(part) is NarrowConv2d for part in strided)
