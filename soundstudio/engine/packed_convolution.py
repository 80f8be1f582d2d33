"""Convolutions in bfloat16 whose weights lie in oneDNN's order from the first step on.

torch hands oneDNN the weights as they are, and oneDNN sorts them anew in every call: in AudioLDM's
deep levels, wide in channels and a few columns narrow, that takes longer than the sums themselves.
torch's own compiler packs weights by the same two operators; here no compiler is needed.
"""

from __future__ import annotations

import platform
from typing import Any

import torch
from torch import nn

from soundstudio.engine.devices import cpu_has_fast_bfloat16
from soundstudio.engine.narrow_convolution import has_plain_padding


class PackedConv2d(nn.Conv2d):
    """Sorts its weights at the first call, for that call's shape; other shapes work as well."""

    packed: torch.Tensor | None

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Maps [n, c, h, w] → [n, outputs, h / stride, w / stride], channels last."""
        layout: Any = (self.padding, self.stride, self.dilation, self.groups)
        if self.packed is None:
            reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
            self.packed = reorder(self.weight.detach().to_mkldnn(), *layout, list(input.shape))
            # The sorted ones take their place: twice the weights would be twice the memory.
            self.weight = nn.Parameter(self.weight.new_empty(0), requires_grad=False)
        convolve: Any = torch.ops.mkldnn._convolution_pointwise
        made: torch.Tensor = convolve(input, self.packed, self.bias, *layout, "none", [], "")
        return made


def pack_convolutions(module: nn.Module) -> None:
    """Change the plain convolutions of `module` that compute in bfloat16 on an x86 processor.

    For inference only: its weights can then no longer be read from the module.
    """
    if not _can_pack():
        return
    for part in module.modules():
        if type(part) is nn.Conv2d and _is_packable(part):
            part.__class__ = PackedConv2d
            part.packed = None  # type: ignore[assignment]


def _can_pack() -> bool:
    return (
        platform.machine().lower() in ("x86_64", "amd64")
        and cpu_has_fast_bfloat16()
        and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
        and hasattr(torch._C._nn, "mkldnn_reorder_conv2d_weight")
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
    )


def _is_packable(layer: nn.Conv2d) -> bool:
    return (
        layer.weight.dtype == torch.bfloat16
        and layer.weight.device.type == "cpu"
        and has_plain_padding(layer)
    )
