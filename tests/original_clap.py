"""LAION's CLAP with the original's parameter names: RoBERTa, HTSAT and two projections."""

from __future__ import annotations

import math

import torch
from original_sizes import Sizes, attend, by_heads, joined
from torch import Tensor, nn
from torch.nn import functional


def named(**children: nn.Module) -> nn.Module:
    module = nn.Module()
    for name, child in children.items():
        setattr(module, name, child)
    return module


class Text(nn.Module):
    """RoBERTa up to its pooled first token."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        hidden, layers, inner = sizes.text
        self.heads = hidden // 64
        self.embeddings = named(
            word_embeddings=nn.Embedding(sizes.vocabulary, hidden),
            position_embeddings=nn.Embedding(sizes.positions, hidden),
            token_type_embeddings=nn.Embedding(1, hidden),
            LayerNorm=nn.LayerNorm(hidden, 1e-5),
        )
        self.embeddings.register_buffer("position_ids", torch.arange(sizes.positions)[None])
        self.encoder = named(layer=nn.ModuleList(self._layer(hidden, inner) for _ in range(layers)))
        self.pooler = named(dense=nn.Linear(hidden, hidden))

    @staticmethod
    def _layer(hidden: int, inner: int) -> nn.Module:
        qkv = {name: nn.Linear(hidden, hidden) for name in ("query", "key", "value")}
        after = named(dense=nn.Linear(hidden, hidden), LayerNorm=nn.LayerNorm(hidden, 1e-5))
        layer = named(
            intermediate=named(dense=nn.Linear(hidden, inner)),
            output=named(dense=nn.Linear(inner, hidden), LayerNorm=nn.LayerNorm(hidden, 1e-5)),
        )
        layer.attention = nn.Module()
        layer.attention.self = named(**qkv)
        layer.attention.output = after
        return layer

    def forward(self, ids: Tensor) -> Tensor:
        table = self.embeddings
        # RoBERTa counts positions from 2 on: 1 is the padding's.
        positions = torch.arange(2, 2 + ids.shape[1])[None]
        x = table.word_embeddings(ids) + table.position_embeddings(positions)
        x = table.LayerNorm(x + table.token_type_embeddings.weight[0])
        for layer in self.encoder.layer:
            own = layer.attention.self
            q, k, v = (by_heads(to(x), self.heads) for to in (own.query, own.key, own.value))
            after = layer.attention.output
            x = after.LayerNorm(x + after.dense(joined(attend(q, k, v))))
            inner = functional.gelu(layer.intermediate.dense(x))
            x = layer.output.LayerNorm(x + layer.output.dense(inner))
        return self.pooler.dense(x[:, 0]).tanh()


class SwinBlock(nn.Module):
    def __init__(self, width: int, heads: int, window: int, side: int, shifted: bool) -> None:
        super().__init__()
        self.window = min(window, side)
        self.heads, self.side = heads, side
        self.shift = window // 2 if shifted and side > window else 0
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = named(qkv=nn.Linear(width, 3 * width), proj=nn.Linear(width, width))
        w = self.window
        self.attn.relative_position_bias_table = nn.Parameter(torch.zeros((2 * w - 1) ** 2, heads))
        rows, columns = (
            grid.flatten() for grid in torch.meshgrid(*[torch.arange(w)] * 2, indexing="ij")
        )
        index = (rows[:, None] - rows + w - 1) * (2 * w - 1) + columns[:, None] - columns + w - 1
        self.attn.register_buffer("relative_position_index", index)
        if self.shift:
            self.register_buffer("attn_mask", self._mask())
        self.mlp = named(fc1=nn.Linear(width, 4 * width), fc2=nn.Linear(4 * width, width))

    def _mask(self) -> Tensor:
        """-100 between cells that only meet because the shift wraps around."""
        cells = torch.arange(self.side)
        region = (cells >= self.side - self.window).int() + (cells >= self.side - self.shift).int()
        grid = (region[:, None] * 3 + region)[None, :, :, None]
        windows = self._windows(grid.float())[..., 0]
        return torch.where(windows[:, :, None] == windows[:, None], 0.0, -100.0)

    def _windows(self, grid: Tensor) -> Tensor:
        """[batch, side, side, width] → [batch · windows, cells, width]."""
        n, w = self.side // self.window, self.window
        parts = grid.unflatten(1, (n, w)).unflatten(3, (n, w)).transpose(2, 3)
        return parts.reshape(-1, w * w, grid.shape[-1])

    def forward(self, x: Tensor) -> Tensor:
        batch, _, width = x.shape
        side, w = self.side, self.window
        grid = self.norm1(x).unflatten(1, (side, side)).roll((-self.shift,) * 2, (1, 2))
        windows = self._windows(grid)
        q, k, v = (by_heads(third, self.heads) for third in self.attn.qkv(windows).chunk(3, -1))
        table = self.attn.relative_position_bias_table
        bias = table[self.attn.relative_position_index].permute(2, 0, 1)
        if self.shift:
            bias = bias[None] + self.attn_mask.repeat(batch, 1, 1)[:, None]
        out = self.attn.proj(joined(attend(q, k, v, bias)))
        n = side // w
        grid = (
            out.reshape(batch, n, n, w, w, width).transpose(2, 3).reshape(batch, side, side, width)
        )
        x = x + grid.roll((self.shift,) * 2, (1, 2)).flatten(1, 2)
        return x + self.mlp.fc2(functional.gelu(self.mlp.fc1(self.norm2(x))))


class Htsat(nn.Module):
    """Log-mel spectrogram [batch, 1, frames, bands] → embedding."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.spectrogram = sizes.spectrogram
        self.folds = sizes.spectrogram // sizes.mel_bins
        self.bn0 = nn.BatchNorm2d(sizes.mel_bins)
        self.patch_embed = named(
            proj=nn.Conv2d(1, sizes.swin, 4, stride=4), norm=nn.LayerNorm(sizes.swin)
        )
        self.layers = nn.ModuleList()
        width, side = sizes.swin, sizes.spectrogram // 4
        for number, (depth, heads) in enumerate(zip(sizes.depths, sizes.swin_heads, strict=True)):
            blocks = (SwinBlock(width, heads, sizes.window, side, i % 2 == 1) for i in range(depth))
            layer = named(blocks=nn.ModuleList(blocks))
            if number < len(sizes.depths) - 1:
                layer.downsample = named(
                    reduction=nn.Linear(4 * width, 2 * width, bias=False),
                    norm=nn.LayerNorm(4 * width),
                )
                width, side = 2 * width, side // 2
            self.layers.append(layer)
        self.norm = nn.LayerNorm(width)
        # Of the published files, but without influence on the embedding.
        self.tscam_conv = nn.Conv2d(width, 11, (1, 3))
        self.head = nn.Linear(11, 11)
        self.logmel_extractor = nn.Module()
        self.logmel_extractor.register_buffer("melW", torch.zeros(9, sizes.mel_bins))

    def forward(self, mel: Tensor) -> Tensor:
        x = self.bn0(mel.transpose(1, 3)).transpose(1, 3)
        frames = self.spectrogram * self.folds
        if x.shape[2] < frames:
            x = functional.interpolate(x, (frames, x.shape[3]), mode="bicubic", align_corners=True)
        # Time is cut into stretches that are laid under one another, frequency within each.
        x = torch.cat(x.transpose(2, 3).chunk(self.folds, dim=3), dim=2)
        x = self.patch_embed.norm(self.patch_embed.proj(x).flatten(2).transpose(1, 2))
        for layer in self.layers:
            for block in layer.blocks:
                x = block(x)
            if hasattr(layer, "downsample"):
                side = math.isqrt(x.shape[1])
                grid = x.unflatten(1, (side, side))
                corners = [grid[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
                merged = torch.cat(corners, -1).flatten(1, 2)
                x = layer.downsample.reduction(layer.downsample.norm(merged))
        return self.norm(x).mean(1)


class Clap(nn.Module):
    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.text_branch, self.audio_branch = Text(sizes), Htsat(sizes)
        e = sizes.embedding
        width = self.audio_branch.norm.weight.shape[0]
        self.text_projection = nn.Sequential(
            nn.Linear(sizes.text[0], e), nn.ReLU(), nn.Linear(e, e)
        )
        self.audio_projection = nn.Sequential(nn.Linear(width, e), nn.ReLU(), nn.Linear(e, e))
        self.text_transform = nn.Linear(e, e)
        self.logit_scale_a = nn.Parameter(torch.tensor(2.6))

    def embed_text(self, ids: Tensor) -> Tensor:
        return self.text_projection(self.text_branch(ids))

    def embed_audio(self, mel: Tensor) -> Tensor:
        return self.audio_projection(self.audio_branch(mel))
