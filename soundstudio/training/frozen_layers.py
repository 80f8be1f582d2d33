"""Frozen layers that keep less for the backward pass, and compute the very same."""

from __future__ import annotations

import functools
import importlib
from typing import Any


def keep_less(unet: Any) -> None:
    """Change the UNet's frozen convolutions and feed-forward parts; names and weights stay.

    torch's convolution keeps its input for a gradient of its weights, frozen or not. A feed-forward
    part keeps tensors four and eight times as wide as its input: it is computed again instead,
    which is two small products of matrices.
    """
    import torch

    from soundstudio.engine.narrow_convolution import has_plain_padding

    feed_forward = importlib.import_module("diffusers.models.attention").FeedForward
    for layer in unet.modules():
        is_frozen = not any(value.requires_grad for value in layer.parameters())
        if type(layer) is torch.nn.Conv2d and is_frozen and has_plain_padding(layer):
            layer.__class__ = _frozen_convolution()
        elif type(layer) is feed_forward and is_frozen:
            layer.__class__ = _recomputed_feed_forward()


@functools.cache
def _frozen_convolution() -> Any:
    import torch

    gradients: Any = importlib.import_module("torch.nn.grad")

    class WithoutItsInput(torch.autograd.Function):
        """A convolution whose weights get no gradient."""

        @staticmethod
        def forward(context: Any, values: Any, weight: Any, bias: Any, layer: Any) -> Any:
            context.save_for_backward(weight)
            context.facts = (values.shape, values.dtype, layer)
            return torch.nn.functional.conv2d(
                values, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups
            )

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            (weight,) = context.saved_tensors
            shape, dtype, layer = context.facts
            result = gradients.conv2d_input(
                shape,
                weight.to(gradient.dtype),  # under autocast the product was in another
                gradient,
                layer.stride,
                layer.padding,
                layer.dilation,
                layer.groups,
            )
            return result.to(dtype), None, None, None

    class FrozenConvolution(torch.nn.Conv2d):
        def _conv_forward(self, input: Any, weight: Any, bias: Any) -> Any:
            if not torch.is_grad_enabled():
                return super()._conv_forward(input, weight, bias)
            apply: Any = WithoutItsInput.apply
            return apply(input, weight, bias, self)

    return FrozenConvolution


@functools.cache
def _recomputed_feed_forward() -> Any:
    import torch

    checkpoint = importlib.import_module("torch.utils.checkpoint").checkpoint
    feed_forward: Any = importlib.import_module("diffusers.models.attention").FeedForward

    class RecomputedFeedForward(feed_forward):  # type: ignore[misc]
        def forward(self, *values: Any, **options: Any) -> Any:
            if not torch.is_grad_enabled():
                return super().forward(*values, **options)
            return checkpoint(super().forward, *values, use_reentrant=False, **options)

    return RecomputedFeedForward
