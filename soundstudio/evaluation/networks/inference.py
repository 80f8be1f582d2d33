"""What is done to a network once its weights are loaded: the same numbers with less work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from soundstudio.engine.winograd_convolution import quicken_convolutions
from soundstudio.evaluation.networks.convolution_block import ConvolutionBlock

if TYPE_CHECKING:
    from torch import nn


def prepare_for_inference(network: nn.Module) -> None:
    """Change `network` in place, on its device; its weights cannot be read from it any more."""
    for part in network.modules():
        if isinstance(part, ConvolutionBlock):
            part.fold_norms()
    network.to(memory_format=torch.channels_last)
    quicken_convolutions(network)
