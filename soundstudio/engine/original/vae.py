"""The mel autoencoder and the HiFi-GAN that the checkpoint keeps inside of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import ModelError
from soundstudio.engine.original.parts import ConvertedPart, foreign, need, numbers_after

if TYPE_CHECKING:
    import torch

    from soundstudio.engine.original.parts import Tensors

VOCODER: Final = "vocoder."
_IGNORED: Final = ("loss.", VOCODER)
_ATTENTION: Final = {
    "norm": "group_norm",
    "q": "to_q",
    "k": "to_k",
    "v": "to_v",
    "proj_out": "to_out.0",
}
_ENDS: Final = {"norm_out": "conv_norm_out", "conv_in": "conv_in", "conv_out": "conv_out"}
_LEVEL: Final = re.compile(
    r"(encoder|decoder)\.(?:down|up)\.(\d+)\.(?:block\.(\d+)\.(.+)|(?:down|up)sample\.conv\.(.+))"
)
_MIDDLE: Final = re.compile(r"(encoder|decoder)\.mid\.(block_1|block_2|attn_1)\.(.+)")
_RATES: Final = {(16, 16, 8, 4, 4): (5, 4, 2, 2, 2)}
"""Kernel sizes → how much each layer stretches: the shapes do not say the latter."""


def convert_vae(tensors: Tensors, scale_factor: float) -> ConvertedPart:
    """`tensors` by the original's names below `first_stage_model.`. Raises ModelError."""
    levels = numbers_after(tensors, "encoder.down.")
    layers = len(numbers_after(tensors, "encoder.down.0.block."))
    widths = [
        int(need(tensors, f"encoder.down.{n}.block.0.conv2.weight", "VAE").shape[0]) for n in levels
    ]
    if not widths:
        raise ModelError(
            "The checkpoint is no AudioLDM: it holds no autoencoder.",
            "Choose one of AudioLDM's original .ckpt files.",
        )
    renamed: dict[str, torch.Tensor] = {}
    for name, value in tensors.items():
        if name.startswith(_IGNORED):
            continue
        new = _new_name(name, len(levels))
        # The attention's 1×1 convolutions are linear layers in diffusers.
        is_linear = ".attentions." in new and value.ndim == 4
        renamed[new] = value.flatten(1) if is_linear else value
    config = {
        "_class_name": "AutoencoderKL",
        "sample_size": 512,
        "in_channels": int(need(tensors, "encoder.conv_in.weight", "VAE").shape[1]),
        "out_channels": int(need(tensors, "decoder.conv_out.weight", "VAE").shape[0]),
        "down_block_types": ["DownEncoderBlock2D"] * len(levels),
        "up_block_types": ["UpDecoderBlock2D"] * len(levels),
        "block_out_channels": widths,
        "latent_channels": int(need(tensors, "post_quant_conv.weight", "VAE").shape[0]),
        "layers_per_block": layers,
        "norm_num_groups": 32,
        "act_fn": "silu",
        "scaling_factor": scale_factor,
    }
    return ConvertedPart(config, renamed)


def _new_name(name: str, levels: int) -> str:
    stem, _, leaf = name.rpartition(".")
    if stem in ("quant_conv", "post_quant_conv"):
        return name
    side, _, rest = stem.partition(".")
    if side in ("encoder", "decoder") and rest in _ENDS:
        return f"{side}.{_ENDS[rest]}.{leaf}"
    if match := _MIDDLE.fullmatch(name):
        side, place, rest = match.groups()
        if place != "attn_1":
            number = int(place[-1]) - 1
            return f"{side}.mid_block.resnets.{number}.{_shortcut(rest)}"
        what, _, leaf = rest.rpartition(".")
        if what in _ATTENTION:
            return f"{side}.mid_block.attentions.0.{_ATTENTION[what]}.{leaf}"
    if match := _LEVEL.fullmatch(name):
        side, number_text, layer, inside, resampling = match.groups()
        # The decoder's levels are counted from the widest side in one, the other way in the other.
        number = int(number_text) if side == "encoder" else levels - 1 - int(number_text)
        blocks = "down_blocks" if side == "encoder" else "up_blocks"
        if resampling:
            kind = "downsamplers" if side == "encoder" else "upsamplers"
            return f"{side}.{blocks}.{number}.{kind}.0.conv.{resampling}"
        return f"{side}.{blocks}.{number}.resnets.{layer}.{_shortcut(inside)}"
    raise foreign("VAE", name)


def _shortcut(rest: str) -> str:
    return rest.replace("nin_shortcut", "conv_shortcut")


def convert_vocoder(tensors: Tensors) -> ConvertedPart:
    """`tensors` by HiFi-GAN's own names (Kong et al. 2020), with weight norm or without.

    Raises ModelError.
    """
    import torch

    plain = _without_weight_norm(tensors)
    first = need(plain, "conv_pre.weight", "vocoder")
    stages = numbers_after(plain, "ups.")
    kernels = tuple(int(need(plain, f"ups.{n}.weight", "vocoder").shape[2]) for n in stages)
    if kernels not in _RATES:
        raise foreign("vocoder", f"upsampling kernels of {kernels}")
    blocks = numbers_after(plain, "resblocks.")
    per_stage = len(blocks) // len(stages)
    sizes = [
        int(need(plain, f"resblocks.{n}.convs1.0.weight", "vocoder").shape[2])
        for n in range(per_stage)
    ]
    renamed = {
        "upsampler." + name.removeprefix("ups.") if name.startswith("ups.") else name: value
        for name, value in plain.items()
    }
    bands = int(first.shape[1])
    # SpeechT5's own normalisation, which AudioLDM's mels do without.
    renamed |= {"mean": torch.zeros(bands), "scale": torch.ones(bands)}
    config = {
        "model_in_dim": bands,
        "sampling_rate": 16000,
        "upsample_initial_channel": int(first.shape[0]),
        "upsample_rates": list(_RATES[kernels]),
        "upsample_kernel_sizes": list(kernels),
        "resblock_kernel_sizes": sizes,
        "resblock_dilation_sizes": [[1, 3, 5]] * per_stage,
        "normalize_before": False,
        "architectures": ["SpeechT5HifiGan"],
    }
    return ConvertedPart(config, renamed)


def _without_weight_norm(tensors: Tensors) -> dict[str, torch.Tensor]:
    """Join weight_g and weight_v (Salimans and Kingma 2016, eq. 2): w = g v / |v|."""
    joined = {}
    for name, value in tensors.items():
        if name.endswith(".weight_g"):
            continue
        if name.endswith(".weight_v"):
            stem = name.removesuffix("_v")
            size = need(tensors, f"{stem}_g", "vocoder")
            norm = value.flatten(1).norm(dim=1).view(-1, *[1] * (value.ndim - 1))
            joined[stem] = size * value / norm
        else:
            joined[name] = value
    return joined
