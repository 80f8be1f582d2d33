"""AudioLDM's original parameter names → diffusers': UNet, VAE and vocoder.

Shapes tell the configuration. Names of the original: CompVis' latent diffusion (UNet, VAE) and
HiFi-GAN (vocoder).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import ModelError
from soundstudio.engine.attention_heads import PUBLISHED_HEADS, Heads, heads_as_trained

if TYPE_CHECKING:
    import torch

Tensors = Mapping[str, "torch.Tensor"]

_SAMPLE_RATE: Final = 16000
# Strides cannot be read from shapes; AudioLDM has one vocoder at 16 kHz.
_VOCODER_RATES: Final[Mapping[tuple[int, ...], tuple[int, ...]]] = {
    (16, 16, 8, 4, 4): (5, 4, 2, 2, 2)
}
_VOCODER_DILATIONS: Final = (1, 3, 5)

_UNET_RESNET: Final = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
_VAE_RESNET: Final = {
    "norm1": "norm1",
    "conv1": "conv1",
    "norm2": "norm2",
    "conv2": "conv2",
    "nin_shortcut": "conv_shortcut",
}
_VAE_ATTENTION: Final = {
    "norm": "group_norm",
    "q": "to_q",
    "k": "to_k",
    "v": "to_v",
    "proj_out": "to_out.0",
}
_UNUSED: Final = ("mean", "scale")
Names = dict[str, str]


@dataclass(frozen=True, slots=True)
class ConvertedPart:
    """One part in the layout of diffusers or transformers; its tensors are still mapped."""

    name: str
    class_name: str
    config: Mapping[str, Any]
    tensors: Tensors

    @property
    def size_bytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors.values())

    @property
    def parameters(self) -> int:
        # Not the vocoder's unused mean and scale.
        return sum(t.numel() for name, t in self.tensors.items() if name not in _UNUSED)


def renamed(tensors: Tensors, prefixes: Names, part: str) -> dict[str, torch.Tensor]:
    """`tensors` with the beginnings of their names replaced, the longest that fits.

    Raises ModelError for a tensor that has no place.
    """
    result = {}
    ordered = sorted(prefixes, key=len, reverse=True)
    for name, tensor in tensors.items():
        prefix = next((p for p in ordered if name == p or name.startswith(f"{p}.")), None)
        if prefix is None:
            raise ModelError(
                f"The checkpoint's {part} is not AudioLDM's: it has no place for {name}."
            )
        result[prefixes[prefix] + name[len(prefix) :]] = tensor
    return result


def shape(tensors: Tensors, name: str, part: str) -> tuple[int, ...]:
    """The shape of one tensor. Raises ModelError if it is missing."""
    if name not in tensors:
        raise ModelError(
            f"The checkpoint is incomplete: {name} of the {part} is missing.",
            "Download or copy the file again.",
        )
    return tuple(tensors[name].shape)


def count(tensors: Tensors, pattern: str) -> int:
    """How many numbers in a row, from 0, `pattern` has a tensor for."""
    number = 0
    while pattern.format(number) in tensors:
        number += 1
    return number


def convert_unet(tensors: Tensors, heads: Heads) -> ConvertedPart:
    """The UNet; names without `model.diffusion_model.`. Raises ModelError."""
    base, in_channels = shape(tensors, "input_blocks.0.0.weight", "UNet")[:2]
    names: Names = {
        "time_embed.0": "time_embedding.linear_1",
        "time_embed.2": "time_embedding.linear_2",
        "film_emb": "class_embedding",
        "input_blocks.0.0": "conv_in",
        "middle_block.1": "mid_block.attentions.0",
        "out.0": "conv_norm_out",
        "out.2": "conv_out",
    }
    _add(names, "middle_block.0", "mid_block.resnets.0", _UNET_RESNET)
    _add(names, "middle_block.2", "mid_block.resnets.1", _UNET_RESNET)
    widths, layers, attends = _name_way_down(tensors, names)
    _name_way_up(tensors, names, len(widths), layers + 1)
    down = ["CrossAttnDownBlock2D" if attention else "DownBlock2D" for attention in attends]
    up = ["CrossAttnUpBlock2D" if attention else "UpBlock2D" for attention in reversed(attends)]
    if base != widths[0]:
        raise ModelError("The checkpoint's UNet is not AudioLDM's: its first level is wider.")
    config = {
        "_class_name": "UNet2DConditionModel",
        "sample_size": 128,
        "in_channels": in_channels,
        "out_channels": shape(tensors, "out.2.weight", "UNet")[0],
        "down_block_types": down,
        "up_block_types": up,
        "block_out_channels": widths,
        "layers_per_block": layers,
        "cross_attention_dim": widths,
        "class_embed_type": "simple_projection",
        "projection_class_embeddings_input_dim": shape(tensors, "film_emb.weight", "UNet")[1],
        # Joined to the embedding of time; the original calls it film.
        "class_embeddings_concat": True,
        "attention_head_dim": (heads_as_trained(widths) if heads == "trained" else PUBLISHED_HEADS),
    }
    return ConvertedPart("unet", "UNet2DConditionModel", config, renamed(tensors, names, "UNet"))


def _add(names: Names, old: str, new: str, inner: Mapping[str, str]) -> None:
    names |= {f"{old}.{a}": f"{new}.{b}" for a, b in inner.items()}


def _name_way_down(tensors: Tensors, names: Names) -> tuple[list[int], int, list[bool]]:
    """Channels of each level, ResBlocks of one level, which levels have attention."""
    widths: list[int] = []
    attends: list[bool] = []
    layer, number, layers = 0, 1, 0
    while True:
        old, level = f"input_blocks.{number}", max(len(widths) - 1, 0)
        if f"{old}.0.op.weight" in tensors:
            names[f"{old}.0.op"] = f"down_blocks.{level}.downsamplers.0.conv"
            layers, layer = layer, 0
        elif f"{old}.0.out_layers.3.weight" in tensors:
            if layer == 0:
                widths.append(shape(tensors, f"{old}.0.out_layers.3.weight", "UNet")[0])
                attends.append(f"{old}.1.norm.weight" in tensors)
            new = f"down_blocks.{len(widths) - 1}"
            _add(names, f"{old}.0", f"{new}.resnets.{layer}", _UNET_RESNET)
            names[f"{old}.1"] = f"{new}.attentions.{layer}"
            layer += 1
        else:
            break
        number += 1
    if not widths:
        raise ModelError(
            "The checkpoint is incomplete: its UNet has no levels.",
            "Download or copy the file again.",
        )
    return widths, layers or layer, attends


def _name_way_up(tensors: Tensors, names: Names, levels: int, layers: int) -> None:
    for number in range(levels * layers):
        level, layer = divmod(number, layers)
        old, new = f"output_blocks.{number}", f"up_blocks.{level}"
        _add(names, f"{old}.0", f"{new}.resnets.{layer}", _UNET_RESNET)
        # Upsampling comes last, after an attention if there is one.
        if f"{old}.1.conv.weight" in tensors:
            names[f"{old}.1.conv"] = f"{new}.upsamplers.0.conv"
        else:
            names[f"{old}.1"] = f"{new}.attentions.{layer}"
            names[f"{old}.2.conv"] = f"{new}.upsamplers.0.conv"


def convert_vae(tensors: Tensors, scaling_factor: float) -> ConvertedPart:
    """The VAE; names without `first_stage_model.`. Raises ModelError."""
    levels = count(tensors, "encoder.down.{}.block.0.conv1.weight")
    layers = count(tensors, "encoder.down.0.block.{}.conv1.weight")
    widths = [
        shape(tensors, f"encoder.down.{level}.block.0.conv2.weight", "VAE")[0]
        for level in range(levels)
    ]
    names: Names = {"quant_conv": "quant_conv", "post_quant_conv": "post_quant_conv"}
    for side in ("encoder", "decoder"):
        names |= {f"{side}.{conv}": f"{side}.{conv}" for conv in ("conv_in", "conv_out")}
        names[f"{side}.norm_out"] = f"{side}.conv_norm_out"
        for number in (0, 1):
            new = f"{side}.mid_block.resnets.{number}"
            _add(names, f"{side}.mid.block_{number + 1}", new, _VAE_RESNET)
        new = f"{side}.mid_block.attentions.0"
        _add(names, f"{side}.mid.attn_1", new, _VAE_ATTENTION)
    for level in range(levels):
        old, new = f"encoder.down.{level}", f"encoder.down_blocks.{level}"
        names[f"{old}.downsample.conv"] = f"{new}.downsamplers.0.conv"
        for layer in range(layers):
            _add(names, f"{old}.block.{layer}", f"{new}.resnets.{layer}", _VAE_RESNET)
        # The original numbers the decoder's levels by their resolution, diffusers by their order.
        old, new = f"decoder.up.{level}", f"decoder.up_blocks.{levels - 1 - level}"
        names[f"{old}.upsample.conv"] = f"{new}.upsamplers.0.conv"
        for layer in range(layers + 1):
            _add(names, f"{old}.block.{layer}", f"{new}.resnets.{layer}", _VAE_RESNET)
    converted = {
        # The attention's 1×1 convolutions are linear layers in diffusers.
        name: tensor.flatten(1) if ".attentions." in name and tensor.ndim == 4 else tensor
        for name, tensor in renamed(tensors, names, "VAE").items()
    }
    config = {
        "_class_name": "AutoencoderKL",
        "sample_size": 512,
        "in_channels": shape(tensors, "encoder.conv_in.weight", "VAE")[1],
        "out_channels": shape(tensors, "decoder.conv_out.weight", "VAE")[0],
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "block_out_channels": widths,
        "latent_channels": shape(tensors, "post_quant_conv.weight", "VAE")[1],
        "layers_per_block": layers,
        "norm_num_groups": 32,
        "act_fn": "silu",
        "scaling_factor": scaling_factor,
    }
    return ConvertedPart("vae", "AutoencoderKL", config, converted)


def convert_vocoder(tensors: Tensors) -> ConvertedPart:
    """The vocoder; names without `first_stage_model.vocoder.`. Raises ModelError."""
    import torch

    plain = _without_weight_norm(tensors)
    initial, bands = shape(plain, "conv_pre.weight", "vocoder")[:2]
    stages = count(plain, "ups.{}.weight")
    kernels = tuple(shape(plain, f"ups.{i}.weight", "vocoder")[2] for i in range(stages))
    rates = _VOCODER_RATES.get(kernels)
    blocks = count(plain, "resblocks.{}.convs1.0.weight")
    if rates is None or blocks % stages:
        raise ModelError(
            f"The checkpoint's vocoder is not AudioLDM's: it upsamples with kernels of {kernels}."
        )
    names = {"conv_pre": "conv_pre", "conv_post": "conv_post"}
    names |= {f"ups.{i}": f"upsampler.{i}" for i in range(stages)}
    names |= {f"resblocks.{i}": f"resblocks.{i}" for i in range(blocks)}
    converted = renamed(plain, names, "vocoder")
    # Unused without normalize_before, but the layout has them.
    converted |= {"mean": torch.zeros(bands), "scale": torch.ones(bands)}
    per_stage = blocks // stages
    config = {
        "architectures": ["SpeechT5HifiGan"],
        "model_type": "hifigan",
        "model_in_dim": bands,
        "sampling_rate": _SAMPLE_RATE,
        "upsample_initial_channel": initial,
        "upsample_rates": list(rates),
        "upsample_kernel_sizes": list(kernels),
        "resblock_kernel_sizes": [
            shape(plain, f"resblocks.{i}.convs1.0.weight", "vocoder")[2] for i in range(per_stage)
        ],
        "resblock_dilation_sizes": [list(_VOCODER_DILATIONS)] * per_stage,
        "normalize_before": False,
    }
    return ConvertedPart("vocoder", "SpeechT5HifiGan", config, converted)


def _without_weight_norm(tensors: Tensors) -> dict[str, torch.Tensor]:
    """Weights as they are used: w = g · v / ‖v‖ (Salimans and Kingma 2016)."""
    import torch

    plain = {}
    for name, tensor in tensors.items():
        if name.endswith(".weight_g"):
            continue
        if name.endswith(".weight_v"):
            shape(tensors, f"{name[:-1]}g", "vocoder")
            length = torch.linalg.vector_norm(tensor, dim=(1, 2), keepdim=True)
            plain[name[:-2]] = tensors[f"{name[:-1]}g"] * tensor / length
        else:
            plain[name] = tensor
    return plain
