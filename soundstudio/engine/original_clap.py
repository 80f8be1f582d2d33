"""LAION's CLAP, as AudioLDM's checkpoints hold it → transformers' two towers.

Text: RoBERTa; sound: HTSAT, a Swin Transformer over a mel spectrogram (Chen et al. 2022).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import ModelError
from soundstudio.engine.model_folder import AUDIO_CLASS, AUDIO_PART, TEXT_PART
from soundstudio.engine.original_parts import ConvertedPart, count, renamed, shape

if TYPE_CHECKING:
    import torch

    from soundstudio.engine.original_parts import Names, Tensors

_TEXT_HEAD_CHANNELS: Final = 64
_SPECTROGRAM_SIZE: Final = 256
_SAMPLE_RATE: Final = 48_000
_HOP_SAMPLES: Final = 480
_PROJECTION: Final = {"0": "linear1", "2": "linear2"}
# Front ends, masks and heads of HTSAT that the embedding does not come from, or that are computed.
_NO_PART_OF_EMBEDDING: Final = (
    "spectrogram_extractor.",
    "logmel_extractor.",
    "tscam_conv.",
    "head.",
)
_COMPUTED: Final = (".attn_mask", ".relative_position_index", "position_ids", "token_type_ids")
_HTSAT_BLOCK: Final = {
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "attn.relative_position_bias_table": "attention.self.relative_position_bias_table",
    "attn.query": "attention.self.query",
    "attn.key": "attention.self.key",
    "attn.value": "attention.self.value",
    "attn.proj": "attention.output.dense",
    "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense",
}


def convert_text_tower(tensors: Tensors) -> ConvertedPart:
    """The text tower; names without the prefix of CLAP. Raises ModelError."""
    wanted = _of(tensors, "text_branch.", "text_projection.")
    part = "text tower"
    words = "text_branch.embeddings.word_embeddings.weight"
    vocabulary, hidden = shape(wanted, words, part)
    layers = count(wanted, "text_branch.encoder.layer.{}.output.dense.weight")
    names = {"text_branch": "text_model"}
    names |= {f"text_projection.{a}": f"text_projection.{b}" for a, b in _PROJECTION.items()}
    config = {
        "architectures": ["ClapTextModelWithProjection"],
        "model_type": "clap_text_model",
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": max(1, hidden // _TEXT_HEAD_CHANNELS),
        "intermediate_size": shape(
            wanted, "text_branch.encoder.layer.0.intermediate.dense.weight", part
        )[0],
        "hidden_act": "gelu",
        "max_position_embeddings": shape(
            wanted, "text_branch.embeddings.position_embeddings.weight", part
        )[0],
        "type_vocab_size": shape(
            wanted, "text_branch.embeddings.token_type_embeddings.weight", part
        )[0],
        # As in roberta-base, which LAION's tower began as; transformers' own default is 1e-12.
        "layer_norm_eps": 1e-5,
        "projection_dim": shape(wanted, "text_projection.2.weight", part)[0],
        "projection_hidden_act": "relu",
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }
    converted = renamed(wanted, names, part)
    return ConvertedPart(TEXT_PART, "ClapTextModelWithProjection", config, converted)


def convert_audio_tower(tensors: Tensors) -> ConvertedPart:
    """The audio tower; names without the prefix of CLAP. Raises ModelError."""
    part = "audio tower"
    masks = {name: tensor.shape for name, tensor in tensors.items() if name.endswith(".attn_mask")}
    htsat = {
        name.removeprefix("audio_branch."): tensor
        for name, tensor in _of(tensors, "audio_branch.").items()
    }
    htsat = {n: t for n, t in htsat.items() if not n.startswith(_NO_PART_OF_EMBEDDING)}
    if any("fusion" in name or "mel_conv2d" in name for name in htsat):
        raise ModelError(
            "The checkpoint's CLAP is of the kind that fuses long sounds; AudioLDM's is not."
        )
    depths = _depths(htsat)
    width, _, patch, _ = shape(htsat, "patch_embed.proj.weight", part)
    table = "layers.{}.blocks.0.attn.relative_position_bias_table"
    side = math.isqrt(shape(htsat, table.format(0), part)[0])
    window = (side + 1) // 2
    projection = _of(tensors, "audio_projection.")
    config = {
        "architectures": ["ClapAudioModelWithProjection"],
        "model_type": "clap_audio_model",
        "spec_size": _spectrogram_size(masks, window, patch),
        "patch_size": patch,
        "patch_stride": [patch, patch],
        "window_size": window,
        "num_mel_bins": shape(htsat, "bn0.weight", part)[0],
        "enable_fusion": False,
        "patch_embeds_hidden_size": width,
        "depths": depths,
        "num_attention_heads": [
            shape(htsat, table.format(layer), part)[1] for layer in range(len(depths))
        ],
        "hidden_size": shape(htsat, "norm.weight", part)[0],
        "mlp_ratio": shape(htsat, "layers.0.blocks.0.mlp.fc1.weight", part)[0] / width,
        "projection_dim": shape(projection, "audio_projection.2.weight", part)[0],
        "projection_hidden_act": "relu",
    }
    encoder = "audio_model.audio_encoder."
    converted = {
        encoder + name: tensor
        for name, tensor in renamed(_split_attention(htsat), _htsat_names(depths), part).items()
    }
    names = {f"audio_projection.{a}": f"audio_projection.{b}" for a, b in _PROJECTION.items()}
    converted |= renamed(projection, names, part)
    return ConvertedPart(AUDIO_PART, AUDIO_CLASS[0], config, converted)


def front_end_of(audio_tower: ConvertedPart) -> dict[str, Any]:
    """What the audio tower listens to: LAION's mel spectrogram (ClapFeatureExtractor).

    As many whole seconds as fit into its square: ten in the published sizes.
    """
    side, bands = int(audio_tower.config["spec_size"]), int(audio_tower.config["num_mel_bins"])
    longest_s = (side * (side // bands) - 1) * _HOP_SAMPLES // _SAMPLE_RATE
    # transformers' own defaults are others: from 0 Hz, and fusing.
    return {
        "feature_extractor_type": "ClapFeatureExtractor",
        "feature_size": audio_tower.config["num_mel_bins"],
        "sampling_rate": _SAMPLE_RATE,
        "hop_length": _HOP_SAMPLES,
        "fft_window_size": 1024,
        "max_length_s": longest_s,
        "frequency_min": 50,
        "frequency_max": 14000,
        "truncation": "rand_trunc",
        "padding": "repeatpad",
    }


def _of(tensors: Tensors, *prefixes: str) -> dict[str, torch.Tensor]:
    return {
        name: tensor
        for name, tensor in tensors.items()
        if name.startswith(prefixes) and not name.endswith(_COMPUTED)
    }


def _depths(htsat: Tensors) -> list[int]:
    depths: list[int] = []
    while number := count(htsat, f"layers.{len(depths)}.blocks.{{}}.norm1.weight"):
        depths.append(number)
    if not depths:
        raise ModelError(
            "The checkpoint is incomplete: CLAP's audio tower is missing.",
            "Download or copy the file again.",
        )
    return depths


def _spectrogram_size(masks: dict[str, Any], window: int, patch: int) -> int:
    """Side of the square that HTSAT folds the spectrogram into, by the first level's windows."""
    mask = masks.get("audio_branch.layers.0.blocks.1.attn_mask")
    return math.isqrt(mask[0]) * window * patch if mask is not None else _SPECTROGRAM_SIZE


def _htsat_names(depths: list[int]) -> Names:
    names = {
        "bn0": "batch_norm",
        "patch_embed.proj": "patch_embed.proj",
        "patch_embed.norm": "patch_embed.norm",
        "norm": "norm",
    }
    for layer, depth in enumerate(depths):
        names[f"layers.{layer}.downsample"] = f"layers.{layer}.downsample"
        for block in range(depth):
            stem = f"layers.{layer}.blocks.{block}"
            names |= {f"{stem}.{a}": f"{stem}.{b}" for a, b in _HTSAT_BLOCK.items()}
    return names


def _split_attention(htsat: Tensors) -> dict[str, torch.Tensor]:
    """Query, key and value stand under one another in one matrix; here each is its own."""
    split = {}
    for name, tensor in htsat.items():
        if ".qkv." in name:
            thirds = tensor.chunk(3)
            for word, third in zip(("query", "key", "value"), thirds, strict=True):
                split[name.replace("qkv", word)] = third
        else:
            split[name] = tensor
    return split
