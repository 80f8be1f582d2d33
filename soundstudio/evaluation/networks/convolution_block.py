"""The block that PANNs' networks and aisfx's are made of; they differ in how they pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch


class ConvolutionBlock(nn.Module):
    """Two 3 × 3 convolutions with batch norm and ReLU, then `pooling` by `size`, if above 1."""

    def __init__(
        self, inputs: int, outputs: int, pooling: Callable[..., torch.Tensor], size: int
    ) -> None:
        super().__init__()
        self.pooling = pooling
        self.size = size
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.bn2 = nn.BatchNorm2d(outputs)

    def fold_norms(self) -> None:
        """Put the batch norms' factors and offsets into the convolutions, for inference."""
        for number in (1, 2):
            convolution, norm = (getattr(self, f"{name}{number}") for name in ("conv", "bn"))
            setattr(self, f"conv{number}", fuse_conv_bn_eval(convolution, norm))
            setattr(self, f"bn{number}", nn.Identity())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu_(self.bn1(self.conv1(x)))
        x = functional.relu_(self.bn2(self.conv2(x)))
        return self.pooling(x, self.size) if self.size > 1 else x
