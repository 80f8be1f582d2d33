"""How many variations go through the model at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from soundstudio.core.requests import GenerationRequest
    from soundstudio.engine.audioldm import AudioLDM

log = logging.getLogger(__name__)

# Feature maps of the first level's width that a UNet step keeps alive at once: an upper estimate
# from its skip connections. If it is too low, `generate` halves the batch.
_LIVE_MAPS: Final = 24
_SHARE_OF_FREE_MEMORY: Final = 0.6
MAX_BATCH: Final = 16


def batch_size(model: AudioLDM, request: GenerationRequest, sounds: int) -> int:
    """1 on a processor, where batches save nothing and the first sound would come late.

    On a graphics card as many of the `sounds` as fit into its free memory.
    """
    if model.device.kind == "cpu" or sounds == 1:
        return 1
    free = _free_bytes(model.device.kind)
    channels, time, bands = model.latent_shape(request.duration_s)
    width = int(model.unet.config.block_out_channels[0])
    guided = 2 if request.is_guided else 1
    bytes_per_variation = _LIVE_MAPS * max(width, channels) * time * bands * 4 * guided
    fitting = int(free * _SHARE_OF_FREE_MEMORY / max(bytes_per_variation, 1))
    return max(1, min(fitting, MAX_BATCH, sounds))


def _free_bytes(kind: str) -> int:
    import torch

    if kind == "cuda":
        free, _ = torch.cuda.mem_get_info()
        return int(free)
    # MPS shares the computer's memory and tells only what it advises.
    return int(torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
