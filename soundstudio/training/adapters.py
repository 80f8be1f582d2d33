"""LoRA: small matrices beside the UNet's frozen weights, and merged into them in the end.

Hu et al. 2021, eq. 3: W + (alpha / rank) · B A, where B starts at zero.
"""

from __future__ import annotations

import copy
import importlib
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import ModelError
from soundstudio.training.draws import weights_seed

if TYPE_CHECKING:
    import torch

    from soundstudio.core.finetuning import FinetuneSettings

_ADAPTER: Final = "default"
_ATTENTION: Final = ("to_q", "to_k", "to_v", "to_out.0")
# How AudioLDM's UNet hears its condition: it has no cross-attention (docs/adr/0041).
_CONDITION: Final = ("time_emb_proj", "class_embedding")


def adapted_layers(unet: Any) -> list[str]:
    """Names of the linear layers that get adapters: attention, and the condition's way in."""
    import torch

    return [
        name
        for name, layer in unet.named_modules()
        if isinstance(layer, torch.nn.Linear)
        and any(name == end or name.endswith("." + end) for end in (*_ATTENTION, *_CONDITION))
    ]


def add_adapters(unet: Any, settings: FinetuneSettings) -> None:
    """Freeze the UNet and put adapters beside its layers; its output stays what it was.

    Their random halves come from the run's seed. Raises ModelError: there is nothing to adapt.
    """
    import torch

    names = adapted_layers(unet)
    if not names:
        raise ModelError(
            "The model's UNet has no layers that LoRA adapts.", "Choose --method full."
        )
    peft = importlib.import_module("peft")
    unet.requires_grad_(False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(weights_seed(settings.seed))
        unet.add_adapter(
            peft.LoraConfig(
                r=settings.lora_rank, lora_alpha=settings.lora_alpha, target_modules=names
            ),
            adapter_name=_ADAPTER,
        )


def learned_names(unet: Any) -> list[str]:
    """Names of the parameters that training changes, in the UNet's order."""
    return [name for name, value in unet.named_parameters() if value.requires_grad]


def copy_of_learned(unet: Any) -> Any:
    """A second UNet with weights of its own where they learn; frozen ones are shared."""
    shared = {id(value): value for value in unet.parameters() if not value.requires_grad}
    return copy.deepcopy(unet, shared)


def merged_weights(unet: Any) -> dict[str, torch.Tensor]:
    """The weights of a plain UNet that computes the same, adapters added to what they adapt."""
    import torch

    base, mark = "base_layer.", ".lora_"
    merged = {
        name.replace(base, ""): value
        for name, value in unet.state_dict().items()
        if mark not in name
    }
    with torch.no_grad():
        for name, layer in unet.named_modules():
            if hasattr(layer, "base_layer") and hasattr(layer, "get_delta_weight"):
                weight = f"{name}.weight"
                merged[weight] = merged[weight] + layer.get_delta_weight(_ADAPTER)
    return merged
