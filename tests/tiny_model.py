"""Builds a tiny AudioLDM with random weights, in diffusers' layout, for tests.

In a test: the fixture `tiny_model_folder`. By hand: `python tests/tiny_model.py FOLDER`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tokenizers import Tokenizer

EMBEDDING_SIZE = 32
CORPUS = (
    "rain on a tin roof",
    "a dog barks in the distance",
    "heavy thunder with wind",
    "footsteps on gravel, slow",
    "a church bell rings twice",
    "an engine idles and stops",
)

UNET: dict[str, Any] = {
    "sample_size": 128,
    "in_channels": 8,
    "out_channels": 8,
    "down_block_types": ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * 3,
    "up_block_types": ["CrossAttnUpBlock2D"] * 3 + ["UpBlock2D"],
    "block_out_channels": [16, 16, 24, 32],
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "cross_attention_dim": [16, 16, 24, 32],
    "class_embed_type": "simple_projection",
    "projection_class_embeddings_input_dim": EMBEDDING_SIZE,
    "class_embeddings_concat": True,
    "attention_head_dim": 8,
}
VAE: dict[str, Any] = {
    "sample_size": 512,
    "in_channels": 1,
    "out_channels": 1,
    "down_block_types": ["DownEncoderBlock2D"] * 3,
    "up_block_types": ["UpDecoderBlock2D"] * 3,
    "block_out_channels": [8, 8, 16],
    "latent_channels": 8,
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "scaling_factor": 0.92,
}
VOCODER: dict[str, Any] = {
    "model_in_dim": 64,
    "sampling_rate": 16000,
    "upsample_initial_channel": 64,
    "upsample_rates": [5, 4, 2, 2, 2],
    "upsample_kernel_sizes": [16, 16, 8, 4, 4],
    "resblock_kernel_sizes": [3, 7],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5]],
    "normalize_before": False,
    # Random convolutions damp or saturate: this range gives a sound between the two.
    "initializer_range": 0.14,
}
TEXT: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 66,
    "type_vocab_size": 1,
    "projection_dim": EMBEDDING_SIZE,
    "initializer_range": 0.2,
}
AUDIO: dict[str, Any] = {
    "spec_size": 64,
    "patch_size": 4,
    "patch_stride": [4, 4],
    "window_size": 4,
    "num_mel_bins": 16,
    "enable_fusion": False,
    "patch_embeds_hidden_size": 16,
    "depths": [1, 1],
    "num_attention_heads": [2, 4],
    "hidden_size": 32,
    "projection_dim": EMBEDDING_SIZE,
}
FEATURES: dict[str, Any] = {
    "feature_size": 16,
    "sampling_rate": 48000,
    "hop_length": 480,
    "fft_window_size": 1024,
    "max_length_s": 2,
    "frequency_min": 50,
    "frequency_max": 14000,
    "truncation": "rand_trunc",
    "padding": "repeatpad",
}
SCHEDULER: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.0015,
    "beta_end": 0.0195,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}


def build_tiny_model(
    folder: Path,
    *,
    audio_tower: bool = True,
    tokenizer: Literal["bpe", "wordpiece"] = "bpe",
    unet: dict[str, Any] | None = None,
    vae: dict[str, Any] | None = None,
    vocoder: dict[str, Any] | None = None,
    text: dict[str, Any] | None = None,
    audio: dict[str, Any] | None = None,
    features: dict[str, Any] | None = None,
    half: bool = False,
    seed: int = 0,
) -> Path:
    """Write the model (about 3 MB) into `folder` and return it.

    unet, vae, vocoder, text, audio, features: replace single values of their configurations.
    """
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
    from transformers import (
        ClapAudioConfig,
        ClapAudioModelWithProjection,
        ClapFeatureExtractor,
        ClapTextConfig,
        ClapTextModelWithProjection,
        SpeechT5HifiGan,
        SpeechT5HifiGanConfig,
    )

    # A text tower may have rows for more words than the tokenizer knows.
    text_config = TEXT | save_tokenizer(folder / "tokenizer", tokenizer) | (text or {})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts: dict[str, Any] = {
            "unet": UNet2DConditionModel(**(UNET | (unet or {}))),
            "vae": AutoencoderKL(**(VAE | (vae or {}))),
            "vocoder": SpeechT5HifiGan(SpeechT5HifiGanConfig(**(VOCODER | (vocoder or {})))),
            "text_encoder": ClapTextModelWithProjection(ClapTextConfig(**text_config)),
        }
        # A prompt must be heard, so that a test can tell a wrong embedding from a right one.
        parts["unet"].class_embedding.weight.data *= 20.0
        if audio_tower:
            audio_config = ClapAudioConfig(**(AUDIO | (audio or {})))
            parts["audio_encoder"] = ClapAudioModelWithProjection(audio_config)
    for name, part in parts.items():
        (part.half() if half else part).save_pretrained(folder / name)
    if audio_tower:
        ClapFeatureExtractor(**(FEATURES | (features or {}))).save_pretrained(
            folder / "feature_extractor"
        )
    DDIMScheduler(**SCHEDULER).save_pretrained(folder / "scheduler")
    _write_json(folder / "model_index.json", _model_index(tokenizer))
    _write_json(folder / "soundstudio.json", {"title": "Tiny test model", "licence": "CC0-1.0"})
    return folder


def _model_index(tokenizer: str) -> dict[str, Any]:
    name = "RobertaTokenizerFast" if tokenizer == "bpe" else "BertTokenizerFast"
    return {
        "_class_name": "AudioLDMPipeline",
        "_diffusers_version": "0.42.1",
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "ClapTextModelWithProjection"],
        "tokenizer": ["transformers", name],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "vocoder": ["transformers", "SpeechT5HifiGan"],
    }


def save_tokenizer(folder: Path, kind: Literal["bpe", "wordpiece"]) -> dict[str, int]:
    """Train a tokenizer on six captions; return what the text tower's config must say."""
    folder.mkdir(parents=True, exist_ok=True)
    fast = _bpe_tokenizer() if kind == "bpe" else _wordpiece_tokenizer()
    fast.save(str(folder / "tokenizer.json"))
    bpe = kind == "bpe"
    special = {
        "bos_token": "<s>" if bpe else "[CLS]",
        "eos_token": "</s>" if bpe else "[SEP]",
        "cls_token": "<s>" if bpe else "[CLS]",
        "sep_token": "</s>" if bpe else "[SEP]",
        "pad_token": "<pad>" if bpe else "[PAD]",
        "unk_token": "<unk>" if bpe else "[UNK]",
        "mask_token": "<mask>" if bpe else "[MASK]",
    }
    name = "RobertaTokenizer" if bpe else "BertTokenizer"
    _write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": name, "model_max_length": 64, **special},
    )
    return {
        "vocab_size": fast.get_vocab_size(),
        "pad_token_id": fast.token_to_id(special["pad_token"]),
        "bos_token_id": fast.token_to_id(special["bos_token"]),
        "eos_token_id": fast.token_to_id(special["eos_token"]),
    }


def _bpe_tokenizer() -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    fast = Tokenizer(models.BPE())
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    fast.train_from_iterator(CORPUS, trainer)
    fast.post_processor = processors.RobertaProcessing(
        ("</s>", fast.token_to_id("</s>")), ("<s>", fast.token_to_id("<s>")), add_prefix_space=False
    )
    return fast


def _wordpiece_tokenizer() -> Tokenizer:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    fast = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    fast.normalizer = normalizers.BertNormalizer()
    fast.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=160,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        show_progress=False,
    )
    fast.train_from_iterator(CORPUS, trainer)
    fast.post_processor = processors.BertProcessing(
        ("[SEP]", fast.token_to_id("[SEP]")), ("[CLS]", fast.token_to_id("[CLS]"))
    )
    return fast


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2), encoding="utf-8")


if __name__ == "__main__":
    build_tiny_model(Path(sys.argv[1]))
