import copy

import pytest
import torch
from torch import nn

from soundstudio.engine.winograd_convolution import WinogradConv2d, quicken_convolutions


def pair(inputs: int, outputs: int, *, bias: bool = True) -> tuple[nn.Conv2d, nn.Conv2d]:
    """A convolution and its twin that takes the short way."""
    torch.manual_seed(inputs + outputs)
    plain = nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
    twin = copy.deepcopy(plain)
    quicken_convolutions(twin)
    assert type(twin) is WinogradConv2d
    return plain, twin


def assert_equal(plain: nn.Conv2d, twin: nn.Conv2d, maps: torch.Tensor) -> None:
    """Within float32's error of the sum in float64, which is taken of the plain weights."""
    with torch.inference_mode():
        expected = copy.deepcopy(plain).double()(maps.double())
        made = twin(maps)
    assert made.shape == expected.shape
    error = (made - expected).norm() / expected.norm()
    assert error < 3e-6


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("height", "width"), [(8, 4), (5, 3), (1, 1), (7, 2), (30, 17)])
def test_is_the_direct_convolution(height: int, width: int, bias: bool) -> None:
    """Maps that tiles do not fill, and maps narrower than a tile, too."""
    plain, twin = pair(128, 96, bias=bias)
    assert_equal(plain, twin, torch.randn(3, 128, height, width))


def test_wide_layers_take_smaller_tiles() -> None:
    plain, twin = pair(512, 512)
    assert_equal(plain, twin, torch.randn(1, 512, 3, 2))
    assert twin.kernels.shape == (16, 512, 512)


@pytest.mark.parametrize(("height", "width"), [(43, 40), (130, 64)])
def test_maps_are_taken_in_parts(height: int, width: int) -> None:
    """0.9 MB a map: two at a time and one that is left over; 4 MB: in three bands."""
    plain, twin = pair(128, 8)
    assert_equal(plain, twin, torch.randn(5, 128, height, width))


def test_any_order_in_memory_is_read() -> None:
    plain, twin = pair(128, 8)
    maps = torch.randn(2, 128, 12, 10)
    assert_equal(plain, twin, maps.to(memory_format=torch.channels_last))
    assert_equal(plain, twin, maps[:, :, 1:8, 1:6])


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(64, 64, 3, padding=1),
        nn.Conv2d(128, 128, 3, padding=0),
        nn.Conv2d(128, 128, 3, padding=1, stride=2),
        nn.Conv2d(128, 128, 3, padding=1, groups=2),
        nn.Conv2d(128, 128, 3, padding=2, dilation=2),
        nn.Conv2d(128, 128, 3, padding="same"),
        nn.Conv2d(128, 128, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(128, 128, 1),
        nn.Conv2d(128, 128, 3, padding=1, dtype=torch.bfloat16),
    ],
    ids=str,
)
def test_others_stay_as_they_are(layer: nn.Conv2d) -> None:
    quicken_convolutions(layer)
    assert type(layer) is nn.Conv2d


def test_the_plain_weights_are_let_go() -> None:
    _, twin = pair(128, 128)
    twin(torch.randn(1, 128, 4, 4))
    assert twin.weight.numel() == 0
