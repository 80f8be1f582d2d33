"""Convolutions whose weights learn quicker on a processor, by the very same numbers.

oneDNN's gradient of a convolution's weights is slow where maps are small, and in bfloat16
everywhere: for AudioLDM-s' deepest levels it takes 20 ms where the product of the gradient with the
unfolded input, which is the same sum, takes 2 ms (two cores with matrix units).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

_NARROW: Final = 4
"""In float32 the product is quicker for maps of so many columns; wider ones gain nothing."""


class _Convolve(torch.autograd.Function):
    """Same-size convolution of stride 1 in the number format of `maps`."""

    @staticmethod
    def forward(
        ctx: Any, maps: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        ctx.save_for_backward(maps, weight)
        return functional.conv2d(maps, weight, bias, padding=weight.shape[-1] // 2)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (gradient,) = gradients
        maps, weight = ctx.saved_tensors
        size = weight.shape[-1]
        of_maps = of_bias = None
        if ctx.needs_input_grad[0]:
            reach = [size // 2] * 2
            layout: Any = (None, [1, 1], reach, [1, 1], False, [0, 0], 1)
            wanted = [True, False, False]
            of_maps = torch.ops.aten.convolution_backward(gradient, maps, weight, *layout, wanted)[
                0
            ]
        if ctx.needs_input_grad[2]:
            of_bias = gradient.sum(dim=(0, 2, 3))
        return of_maps, weight_gradient(maps, gradient, size), of_bias


def weight_gradient(maps: torch.Tensor, gradient: torch.Tensor, size: int) -> torch.Tensor:
    """Of a same-size convolution: maps [n, c, h, w], gradient [n, o, h, w] → [o, c, size, size]."""
    height, width = maps.shape[2:]
    padded = functional.pad(maps, (size // 2,) * 4).transpose(0, 1)
    shifted = [
        padded[:, :, row : row + height, column : column + width]
        for row in range(size)
        for column in range(size)
    ]
    # In the order of the weights: sorting the product, as large as they are, would cost more.
    unfolded = torch.stack(shifted, dim=1).reshape(maps.shape[1] * size * size, -1)
    product = gradient.transpose(0, 1).reshape(gradient.shape[1], -1) @ unfolded.T
    return product.view(-1, maps.shape[1], size, size)


class QuickConv2d(nn.Conv2d):
    """Like any other, but for the way in which its weights' gradient is computed."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Maps [n, c, h, w] → [n, outputs, h, w]."""
        autocast = torch.is_autocast_enabled("cpu")
        kind = torch.get_autocast_dtype("cpu") if autocast else input.dtype
        learns = torch.is_grad_enabled() and self.weight.requires_grad
        gains = kind == torch.bfloat16 or input.shape[3] <= _NARROW
        if input.device.type != "cpu" or not learns or not gains:
            return super().forward(input)
        convolve: Callable[..., torch.Tensor] = _Convolve.apply
        bias = None if self.bias is None else self.bias.to(kind)
        with torch.autocast("cpu", enabled=False):
            return convolve(input.to(kind), self.weight.to(kind), bias)


def quicken_convolutions(module: nn.Module) -> None:
    """Let every same-size convolution of stride 1 in `module` learn so; names and weights stay."""
    for part in module.modules():
        if type(part) is nn.Conv2d and _is_same_size(part):
            part.__class__ = QuickConv2d


def _is_same_size(layer: nn.Conv2d) -> bool:
    size = layer.kernel_size[0]
    return (
        size % 2 == 1
        and layer.kernel_size == (size, size)
        and layer.padding == (size // 2, size // 2)
        and layer.stride == layer.dilation == (1, 1)
        and layer.groups == 1
        and layer.padding_mode == "zeros"
    )
