"""LAION's CLAP inside the checkpoint: its text tower (RoBERTa) and audio tower (HTSAT)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

from soundstudio.engine.original.parts import (
    ConvertedPart,
    below,
    foreign,
    need,
    numbers_after,
)

if TYPE_CHECKING:
    import torch

    from soundstudio.engine.original.parts import Tensors

_HEAD_CHANNELS: Final = 64
"""Of RoBERTa, in all its sizes."""
_ROBERTA_EPS: Final = 1e-5
_PROJECTION: Final = {"0": "linear1", "2": "linear2"}
# The front end is transformers' own; the rest belongs to HTSAT's training on labels.
_UNUSED_AUDIO: Final = (
    "spectrogram_extractor.",
    "logmel_extractor.",
    "spec_augmenter.",
    "head.",
    "tscam_conv.",
)
_BLOCK: Final = re.compile(r"(layers\.\d+\.blocks\.\d+)\.(.+)")
_BLOCK_NAMES: Final = {
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense",
    "attn.proj": "attention.output.dense",
}
_WHOLE_NAMES: Final = ("patch_embed.proj", "patch_embed.norm", "norm")
_DOWNSAMPLE: Final = re.compile(r"layers\.\d+\.downsample\.(norm|reduction)")


def convert_text_tower(tensors: Tensors) -> ConvertedPart:
    """`tensors` below `cond_stage_model.model.`. Raises ModelError."""
    branch = below(tensors, "text_branch.")
    words = need(branch, "embeddings.word_embeddings.weight", "text tower")
    positions = need(branch, "embeddings.position_embeddings.weight", "text tower")
    types = need(branch, "embeddings.token_type_embeddings.weight", "text tower")
    inner = need(branch, "encoder.layer.0.intermediate.dense.weight", "text tower")
    renamed = {
        f"text_model.{name}": value
        for name, value in branch.items()
        if not name.endswith(("position_ids", "token_type_ids"))
    }
    renamed |= _projection(tensors, "text_projection")
    hidden = int(words.shape[1])
    config = {
        "vocab_size": int(words.shape[0]),
        "hidden_size": hidden,
        "num_hidden_layers": len(numbers_after(branch, "encoder.layer.")),
        "num_attention_heads": max(1, hidden // _HEAD_CHANNELS),
        "intermediate_size": int(inner.shape[0]),
        "hidden_act": "gelu",
        "max_position_embeddings": int(positions.shape[0]),
        "type_vocab_size": int(types.shape[0]),
        "layer_norm_eps": _ROBERTA_EPS,
        "projection_dim": int(need(tensors, "text_projection.2.weight", "text tower").shape[0]),
        "projection_hidden_act": "relu",
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "architectures": ["ClapTextModelWithProjection"],
    }
    return ConvertedPart(config, renamed)


def convert_audio_tower(tensors: Tensors) -> ConvertedPart:
    """`tensors` below `cond_stage_model.model.`. Raises ModelError."""
    branch = {
        name: value
        for name, value in below(tensors, "audio_branch.").items()
        if not name.startswith(_UNUSED_AUDIO)
        and not name.endswith(("attn_mask", "relative_position_index"))
    }
    renamed: dict[str, torch.Tensor] = {}
    for name, value in branch.items():
        for new, tensor in _audio_names(name, value).items():
            renamed[f"audio_model.audio_encoder.{new}"] = tensor
    renamed |= _projection(tensors, "audio_projection")
    return ConvertedPart(_audio_config(tensors, branch), renamed)


def _audio_config(tensors: Tensors, branch: Tensors) -> dict[str, Any]:
    patch = need(branch, "patch_embed.proj.weight", "audio tower")
    bands = int(need(branch, "bn0.weight", "audio tower").shape[0])
    levels = numbers_after(branch, "layers.")
    tables = [
        need(branch, f"layers.{n}.blocks.0.attn.relative_position_bias_table", "audio tower")
        for n in levels
    ]
    side = math.isqrt(int(tables[0].shape[0]))
    width, stride = int(patch.shape[0]), int(patch.shape[2])
    return {
        # HTSAT folds the spectrogram into a square that is four times its bands high.
        "spec_size": 4 * bands,
        "patch_size": stride,
        "patch_stride": [stride, stride],
        "window_size": (side + 1) // 2,
        "num_mel_bins": bands,
        "enable_fusion": False,
        "patch_embeds_hidden_size": width,
        "depths": [len(numbers_after(branch, f"layers.{n}.blocks.")) for n in levels],
        "num_attention_heads": [int(table.shape[1]) for table in tables],
        "hidden_size": int(need(branch, "norm.weight", "audio tower").shape[0]),
        "projection_dim": int(need(tensors, "audio_projection.2.weight", "audio tower").shape[0]),
        "architectures": ["ClapAudioModelWithProjection"],
    }


def _audio_names(name: str, value: torch.Tensor) -> dict[str, torch.Tensor]:
    """New names and what belongs to each: queries, keys and values lie in one tensor."""
    stem, _, leaf = name.rpartition(".")
    if stem == "bn0":
        return {f"batch_norm.{leaf}": value}
    if stem in _WHOLE_NAMES or _DOWNSAMPLE.fullmatch(stem):
        return {name: value}
    if match := _BLOCK.fullmatch(name):
        block, rest = match.groups()
        inside = rest.rpartition(".")[0]
        if inside in _BLOCK_NAMES:
            return {f"{block}.{_BLOCK_NAMES[inside]}.{leaf}": value}
        if inside == "attn.qkv":
            query, key, values = value.chunk(3)
            named = {"query": query, "key": key, "value": values}
            return {f"{block}.attention.self.{k}.{leaf}": part for k, part in named.items()}
        if rest == "attn.relative_position_bias_table":
            return {f"{block}.attention.self.relative_position_bias_table": value}
    raise foreign("audio tower", name)


def _projection(tensors: Tensors, name: str) -> dict[str, torch.Tensor]:
    part = "text tower" if name.startswith("text") else "audio tower"
    return {
        f"{name}.{new}.{leaf}": need(tensors, f"{name}.{old}.{leaf}", part)
        for old, new in _PROJECTION.items()
        for leaf in ("weight", "bias")
    }
