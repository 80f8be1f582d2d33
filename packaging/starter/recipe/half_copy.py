"""A network's copy in bfloat16 that computes, while the float32 original learns."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import nn


class HalfCopy:
    """Autocast turns every weight and many activations over in each step: 40 % of its time here.

    ``network`` is the copy, or the original itself where the processor's bfloat16 is not quick.
    """

    def __init__(self, original: nn.Module, is_quick: bool) -> None:
        self.network = copy.deepcopy(original).bfloat16() if is_quick else original
        self._learnt: list[torch.Tensor] = list(original.parameters()) if is_quick else []
        self._own: list[torch.Tensor] = list(self.network.parameters()) if is_quick else []

    def hand_over(self) -> None:
        """Give the copy's gradients to the original and forget them."""
        for learnt, own in zip(self._learnt, self._own, strict=True):
            learnt.grad = None if own.grad is None else own.grad.float()
            own.grad = None

    @torch.no_grad()
    def refresh(self) -> None:
        """Take over the original's weights."""
        if self._own:
            torch._foreach_copy_(self._own, self._learnt)
