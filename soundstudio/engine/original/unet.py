"""The UNet of latent diffusion (Rombach et al. 2022) with AudioLDM's concatenated condition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from soundstudio.engine.original.parts import (
    ConvertedPart,
    foreign,
    missing,
    need,
    numbers_after,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.engine.original.parts import Tensors

Heads = Literal["trained", "published"]

_PUBLISHED_HEADS: Final = 8
"""The number that diffusers' configurations of AudioLDM give for every level."""
_RESNET: Final = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
_OUTSIDE: Final = {
    "time_embed.0": "time_embedding.linear_1",
    "time_embed.2": "time_embedding.linear_2",
    "film_emb": "class_embedding",
    "input_blocks.0.0": "conv_in",
    "out.0": "conv_norm_out",
    "out.2": "conv_out",
}
_BLOCK: Final = re.compile(r"(input_blocks|output_blocks)\.(\d+)\.(\d+)\.(.+)")
_MIDDLE: Final = re.compile(r"middle_block\.(\d+)\.(.+)")
_MIDDLE_NAMES: Final = {
    "0": "mid_block.resnets.0",
    "1": "mid_block.attentions.0",
    "2": "mid_block.resnets.1",
}


def convert_unet(tensors: Tensors, heads: Heads = "trained") -> ConvertedPart:
    """`tensors` by the original's names below `model.diffusion_model.`.

    heads: `trained` divides a level's channels by 32, and by 64 in the large model, as the
    original's configurations do; `published` writes diffusers' 8 for all levels. No shape depends
    on it. Raises ModelError if something is missing or foreign.
    """
    shape = _Shape(tensors)
    renamed = {shape.new_name(name): value for name, value in tensors.items()}
    return ConvertedPart(shape.config(heads), renamed)


class _Shape:
    """How many levels and layers there are, as the tensors' names and sizes tell."""

    def __init__(self, tensors: Tensors) -> None:
        first = need(tensors, "input_blocks.0.0.weight", "UNet")
        self.base, self.in_channels = int(first.shape[0]), int(first.shape[1])
        self.out_channels = int(need(tensors, "out.2.weight", "UNet").shape[0])
        self.condition = int(need(tensors, "film_emb.weight", "UNet").shape[1])
        self.widths: list[int] = []
        self.attends: list[bool] = []
        self.depth = 1
        per_level: list[int] = [0]
        for number in numbers_after(tensors, "input_blocks.")[1:]:
            prefix = f"input_blocks.{number}"
            if f"{prefix}.0.op.weight" in tensors:
                per_level.append(0)
                continue
            width = need(tensors, f"{prefix}.0.out_layers.3.weight", "UNet").shape[0]
            if per_level[-1] == 0:
                self.widths.append(int(width))
                self.attends.append(f"{prefix}.1.proj_in.weight" in tensors)
            per_level[-1] += 1
            blocks = numbers_after(tensors, f"{prefix}.1.transformer_blocks.")
            self.depth = max(self.depth, len(blocks))
        if len(set(per_level)) != 1 or not per_level[0]:
            raise missing("UNet", "a level with as many layers as the others")
        self.layers = per_level[0]

    def new_name(self, name: str) -> str:
        """The name that UNet2DConditionModel has for it."""
        stem, _, leaf = name.rpartition(".")
        if stem in _OUTSIDE:
            return f"{_OUTSIDE[stem]}.{leaf}"
        if match := _MIDDLE.fullmatch(name):
            number, rest = match.groups()
            if number in _MIDDLE_NAMES:
                inside = rest if number == "1" else _resnet_name(rest, name)
                return f"{_MIDDLE_NAMES[number]}.{inside}"
        if match := _BLOCK.fullmatch(name):
            side, block, place, rest = match.groups()
            if side == "input_blocks":
                return self._down_name(int(block) - 1, place, rest, name)
            return self._up_name(int(block), place, rest, name)
        raise foreign("UNet", name)

    def _down_name(self, block: int, place: str, rest: str, name: str) -> str:
        level, layer = divmod(block, self.layers + 1)
        if rest.startswith("op."):
            return f"down_blocks.{level}.downsamplers.0.conv.{rest.removeprefix('op.')}"
        if place == "0":
            return f"down_blocks.{level}.resnets.{layer}.{_resnet_name(rest, name)}"
        return f"down_blocks.{level}.attentions.{layer}.{rest}"

    def _up_name(self, block: int, place: str, rest: str, name: str) -> str:
        level, layer = divmod(block, self.layers + 1)
        if rest.startswith("conv."):
            return f"up_blocks.{level}.upsamplers.0.{rest}"
        if place == "0":
            return f"up_blocks.{level}.resnets.{layer}.{_resnet_name(rest, name)}"
        return f"up_blocks.{level}.attentions.{layer}.{rest}"

    def config(self, heads: Heads) -> dict[str, object]:
        down = ["CrossAttnDownBlock2D" if there else "DownBlock2D" for there in self.attends]
        up = ["CrossAttnUpBlock2D" if there else "UpBlock2D" for there in reversed(self.attends)]
        return {
            "_class_name": "UNet2DConditionModel",
            "sample_size": 128,
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "down_block_types": down,
            "up_block_types": up,
            "block_out_channels": self.widths,
            "layers_per_block": self.layers,
            "transformer_layers_per_block": self.depth,
            "cross_attention_dim": self.widths,
            "class_embed_type": "simple_projection",
            "projection_class_embeddings_input_dim": self.condition,
            "class_embeddings_concat": True,
            "attention_head_dim": _PUBLISHED_HEADS
            if heads == "published"
            else trained_heads(self.widths),
        }


def trained_heads(widths: Sequence[int]) -> list[int]:
    """Heads per level of the original: 32 channels each, 64 in the large model (256 wide)."""
    channels = 64 if widths[0] >= 256 else 32
    return [max(1, width // channels) for width in widths]


def _resnet_name(rest: str, name: str) -> str:
    stem, _, leaf = rest.rpartition(".")
    if stem not in _RESNET:
        raise foreign("UNet", name)
    return f"{_RESNET[stem]}.{leaf}"
