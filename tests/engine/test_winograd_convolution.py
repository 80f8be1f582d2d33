import copy

import pytest
import torch
from torch import nn
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

from soundstudio.engine.winograd_convolution import (
    WinogradConv1d,
    WinogradConv2d,
    matrices,
    quicken_convolutions,
)


def quick(plain: nn.Module) -> nn.Module:
    """The twin that takes the short way."""
    twin = copy.deepcopy(plain)
    quicken_convolutions(twin)
    assert type(twin) in (WinogradConv2d, WinogradConv1d)
    return twin


def pair(inputs: int, outputs: int, *, bias: bool = True) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(inputs + outputs)
    plain = nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
    return plain, quick(plain)


def assert_equal(plain: nn.Module, twin: nn.Module, maps: torch.Tensor) -> None:
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
    plain, twin = pair(128, 160, bias=bias)
    assert_equal(plain, twin, torch.randn(3, 128, height, width))


def test_wide_layers_take_smaller_tiles() -> None:
    plain, twin = pair(512, 512)
    assert_equal(plain, twin, torch.randn(1, 512, 3, 2))
    assert twin.kernels.shape == (16, 512, 512)


@pytest.mark.parametrize(("height", "width"), [(43, 40), (130, 64)])
def test_maps_are_taken_in_parts(height: int, width: int) -> None:
    """0.9 MB a map: two at a time and one that is left over; 4 MB: in three bands."""
    plain, twin = pair(128, 128)
    assert_equal(plain, twin, torch.randn(5, 128, height, width))


def test_any_order_in_memory_is_read() -> None:
    plain, twin = pair(128, 128)
    maps = torch.randn(2, 128, 12, 10)
    assert_equal(plain, twin, maps.to(memory_format=torch.channels_last))
    assert_equal(plain, twin, maps[:, :, 1:8, 1:6])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dilation", [1, 3, 5])
@pytest.mark.parametrize("taps", [5, 7, 11])
@pytest.mark.parametrize("length", [1, 17, 160])
def test_long_kernels_over_time(length: int, taps: int, dilation: int, bias: bool) -> None:
    """HiFi-GAN's, of lengths that the dilation does not divide."""
    torch.manual_seed(taps)
    padding = dilation * (taps - 1) // 2
    plain = nn.Conv1d(128, 160, taps, padding=padding, dilation=dilation, bias=bias)
    assert_equal(plain, quick(plain), torch.randn(2, 128, length))


@pytest.mark.parametrize("dilation", [1, 5])
def test_long_sequences_are_taken_in_bands(dilation: int) -> None:
    """A band is some 4,096 numbers long for 128 channels."""
    plain = nn.Conv1d(128, 128, 7, padding=3 * dilation, dilation=dilation)
    assert_equal(plain, quick(plain), torch.randn(1, 128, 9000))


@pytest.mark.parametrize(("outputs", "taps"), [(2, 3), (4, 3), (4, 4)])
def test_the_transforms_are_exact(outputs: int, taps: int) -> None:
    inputs, kernel, products = matrices(outputs, taps)
    x = torch.randn(outputs + taps - 1, dtype=torch.float64)
    k = torch.randn(taps, dtype=torch.float64)
    direct = x.unfold(0, taps, 1) @ k
    torch.testing.assert_close(products @ ((inputs @ x) * (kernel @ k)), direct)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(64, 128, 3, padding=1),
        nn.Conv2d(128, 1, 3, padding=1),
        nn.Conv1d(128, 128, 3, padding=1),
        nn.Conv1d(128, 128, 8, padding=4),
        nn.Conv1d(128, 128, 7, padding=1),
        nn.Conv1d(32, 128, 7, padding=3),
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
def test_others_stay_as_they_are(layer: nn.Module) -> None:
    quicken_convolutions(layer)
    assert type(layer) in (nn.Conv2d, nn.Conv1d)


def test_the_plain_weights_are_let_go() -> None:
    _, twin = pair(128, 128)
    twin(torch.randn(1, 128, 4, 4))
    assert twin.weight.numel() == 0


def test_a_vocoder_of_such_layers_sounds_the_same() -> None:
    config = SpeechT5HifiGanConfig(
        model_in_dim=16,
        upsample_initial_channel=256,
        upsample_rates=[2, 2],
        upsample_kernel_sizes=[4, 4],
        initializer_range=0.03,
    )
    torch.manual_seed(0)
    plain = SpeechT5HifiGan(config).eval()
    twin = copy.deepcopy(plain)
    quicken_convolutions(twin)
    assert any(isinstance(part, WinogradConv1d) for part in twin.modules())
    mel = torch.randn(100, 16)
    with torch.inference_mode():
        expected, made = plain(mel), twin(mel)
    assert 0.01 < expected.std() < 0.5
    assert (made - expected).norm() / expected.norm() < 1e-5
