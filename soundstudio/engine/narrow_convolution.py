"""A way round oneDNN's wrong strided convolutions in bfloat16.

On processors with matrix units (AMX), oneDNN 3.12, which torch 2.14.1 carries, computes a strided
convolution in bfloat16 wrongly wherever its output is one column wide: the result is unrelated to
the input, changes from call to call and is at times not finite (measured against float32 over
kernels of 1 to 4, strides of 2 and 3; pytorch's issue 169688 sees the same at stride 3). The
starter model halves maps of 4 columns twice; AudioLDM's own sizes end at 2 columns.
"""

from __future__ import annotations

import torch
from torch import nn


class NarrowConv2d(nn.Conv2d):
    """A strided convolution that computes in float32 where the processor's bfloat16 errs."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Maps [n, c, h, w] → [n, outputs, h / stride, w / stride], in the same number format."""
        taps = self.dilation[1] * (self.kernel_size[1] - 1) + 1
        reach = 2 * int(self.padding[1]) + input.shape[3] - taps
        if input.device.type != "cpu" or reach >= self.stride[1]:
            return super().forward(input)
        # Autocast would take both operands back to bfloat16.
        with torch.autocast("cpu", enabled=False):
            bias = None if self.bias is None else self.bias.float()
            made: torch.Tensor = self._conv_forward(input.float(), self.weight.float(), bias)
        return made.to(input.dtype)


def has_plain_padding(layer: nn.Conv1d | nn.Conv2d) -> bool:
    """Whether a convolution pads with zeros, so many as its numbers say."""
    return layer.padding_mode == "zeros" and not isinstance(layer.padding, str)


def mend_narrow_convolutions(module: nn.Module) -> None:
    """Let every strided convolution of `module` be right on every processor."""
    for part in module.modules():
        if type(part) is nn.Conv2d and part.stride[1] > 1 and has_plain_padding(part):
            part.__class__ = NarrowConv2d
