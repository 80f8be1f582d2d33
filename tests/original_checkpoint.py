"""Builds a small AudioLDM checkpoint with random weights under the original's own names.

The networks are written down once more here, after the papers, so that what was converted can be
compared with something that knows nothing of diffusers or transformers.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

CONDITION = 32
GROUPS = 32


def group_norm(width: int, eps: float = 1e-5) -> nn.GroupNorm:
    return nn.GroupNorm(GROUPS, width, eps=eps)


class ResBlock(nn.Module):
    """Of the UNet: the embedding is added between the two convolutions."""

    def __init__(self, inside: int, outside: int, embedding: int) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(
            group_norm(inside), nn.SiLU(), nn.Conv2d(inside, outside, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embedding, outside))
        self.out_layers = nn.Sequential(
            group_norm(outside), nn.SiLU(), nn.Dropout(0), nn.Conv2d(outside, outside, 3, padding=1)
        )
        same = inside == outside
        self.skip_connection = nn.Identity() if same else nn.Conv2d(inside, outside, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.in_layers(x) + self.emb_layers(embedding)[:, :, None, None]
        result: Tensor = self.skip_connection(x) + self.out_layers(h)
        return result


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(width, width, bias=False)
        self.to_v = nn.Linear(width, width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width), nn.Dropout(0))

    def forward(self, x: Tensor) -> Tensor:
        batch, count, width = x.shape

        def split(y: Tensor) -> Tensor:
            return y.view(batch, count, self.heads, -1).transpose(1, 2)

        q, k, v = (split(layer(x)) for layer in (self.to_q, self.to_k, self.to_v))
        weights = (q @ k.transpose(-1, -2) / math.sqrt(width / self.heads)).softmax(-1)
        result: Tensor = self.to_out((weights @ v).transpose(1, 2).reshape(batch, count, width))
        return result


class Gated(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 8 * width)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        result: Tensor = value * functional.gelu(gate)
        return result


class FeedForward(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(Gated(width), nn.Dropout(0), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.net(x)
        return result


class TransformerBlock(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn1, self.attn2 = Attention(width, heads), Attention(width, heads)
        self.ff = FeedForward(width)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn2(self.norm2(x))
        result: Tensor = x + self.ff(self.norm3(x))
        return result


class SpatialTransformer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm = group_norm(width, eps=1e-6)
        self.proj_in = nn.Conv2d(width, width, 1)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(width, heads)])
        self.proj_out = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        h = self.proj_in(self.norm(x)).flatten(2).transpose(1, 2)
        for block in self.transformer_blocks:
            h = block(h)
        h = h.transpose(1, 2).unflatten(2, (height, width))
        result: Tensor = x + self.proj_out(h)
        return result


class Down(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.op = nn.Conv2d(width, width, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.op(x)
        return result


class Up(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.conv(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
        return result


class UNet(nn.Module):
    """Latent diffusion's UNet; the condition is concatenated with the time embedding."""

    def __init__(self, base: int = 32, multiples: tuple[int, ...] = (1, 2, 3), layers: int = 2):
        super().__init__()
        self.base = base
        widths = [base * m for m in multiples]
        embedding = 4 * base
        self.time_embed = nn.Sequential(
            nn.Linear(base, embedding), nn.SiLU(), nn.Linear(embedding, embedding)
        )
        self.film_emb = nn.Linear(CONDITION, embedding)
        embedding *= 2
        now, skips = base, [base]
        self.input_blocks = nn.ModuleList([nn.ModuleList([nn.Conv2d(8, base, 3, padding=1)])])
        for level, width in enumerate(widths):
            for _ in range(layers):
                block: list[nn.Module] = [ResBlock(now, width, embedding)]
                now = width
                if level:
                    block.append(SpatialTransformer(width, width // 32))
                self.input_blocks.append(nn.ModuleList(block))
                skips.append(width)
            if level < len(widths) - 1:
                self.input_blocks.append(nn.ModuleList([Down(width)]))
                skips.append(width)
        self.middle_block = nn.ModuleList(
            [
                ResBlock(now, now, embedding),
                SpatialTransformer(now, now // 32),
                ResBlock(now, now, embedding),
            ]
        )
        self.output_blocks = nn.ModuleList()
        for level, width in reversed(list(enumerate(widths))):
            for layer in range(layers + 1):
                block = [ResBlock(now + skips.pop(), width, embedding)]
                now = width
                if level:
                    block.append(SpatialTransformer(width, width // 32))
                if level and layer == layers:
                    block.append(Up(width))
                self.output_blocks.append(nn.ModuleList(block))
        self.out = nn.Sequential(group_norm(base), nn.SiLU(), nn.Conv2d(base, 8, 3, padding=1))

    def forward(self, x: Tensor, steps: Tensor, condition: Tensor) -> Tensor:
        half = self.base // 2
        frequencies = torch.exp(-math.log(10_000) * torch.arange(half) / half)
        angles = steps[:, None].float() * frequencies
        embedding = self.time_embed(torch.cat([angles.cos(), angles.sin()], dim=-1))
        embedding = torch.cat([embedding, self.film_emb(condition)], dim=-1)
        kept = []
        for block in self.input_blocks:
            x = _through(block, x, embedding)
            kept.append(x)
        x = _through(self.middle_block, x, embedding)
        for block in self.output_blocks:
            x = _through(block, torch.cat([x, kept.pop()], dim=1), embedding)
        result: Tensor = self.out(x)
        return result


def _through(block: Any, x: Tensor, embedding: Tensor) -> Tensor:
    for layer in block:
        x = layer(x, embedding) if isinstance(layer, ResBlock) else layer(x)
    return x


class VaeBlock(nn.Module):
    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = group_norm(inside, 1e-6), group_norm(outside, 1e-6)
        self.conv1 = nn.Conv2d(inside, outside, 3, padding=1)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1)
        if inside != outside:
            self.nin_shortcut = nn.Conv2d(inside, outside, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(functional.silu(self.norm1(x)))
        h = self.conv2(functional.silu(self.norm2(h)))
        shortcut = self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x
        result: Tensor = shortcut + h
        return result


class VaeAttention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = group_norm(width, 1e-6)
        self.q, self.k, self.v = (nn.Conv2d(width, width, 1) for _ in range(3))
        self.proj_out = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        q, k, v = (layer(h).flatten(2) for layer in (self.q, self.k, self.v))
        weights = (q.transpose(1, 2) @ k / math.sqrt(x.shape[1])).softmax(-1)
        result: Tensor = x + self.proj_out((v @ weights.transpose(1, 2)).view_as(x))
        return result


class VaeMiddle(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.block_1, self.block_2 = VaeBlock(width, width), VaeBlock(width, width)
        self.attn_1 = VaeAttention(width)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.block_2(self.attn_1(self.block_1(x)))
        return result


class VaeLevel(nn.Module):
    def __init__(self, inside: int, outside: int, layers: int, resample: str) -> None:
        super().__init__()
        self.block = nn.ModuleList(
            VaeBlock(inside if n == 0 else outside, outside) for n in range(layers)
        )
        self.kind = resample
        if resample:
            stride = 2 if resample == "down" else 1
            padding = 0 if resample == "down" else 1
            holder = nn.Module()
            holder.conv = nn.Conv2d(outside, outside, 3, stride=stride, padding=padding)
            setattr(self, f"{resample}sample", holder)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.block:
            x = block(x)
        if self.kind == "down":
            x = self.downsample.conv(functional.pad(x, (0, 1, 0, 1)))
        elif self.kind == "up":
            x = self.upsample.conv(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
        return x


class Encoder(nn.Module):
    def __init__(self, widths: tuple[int, ...], layers: int, latent: int) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(1, widths[0], 3, padding=1)
        last = len(widths) - 1
        self.down = nn.ModuleList(
            VaeLevel(widths[max(0, n - 1)], width, layers, "down" if n < last else "")
            for n, width in enumerate(widths)
        )
        self.mid = VaeMiddle(widths[-1])
        self.norm_out = group_norm(widths[-1], 1e-6)
        self.conv_out = nn.Conv2d(widths[-1], 2 * latent, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for level in self.down:
            x = level(x)
        result: Tensor = self.conv_out(functional.silu(self.norm_out(self.mid(x))))
        return result


class Decoder(nn.Module):
    """`up` is counted from the output: the level beside the latent comes first in time."""

    def __init__(self, widths: tuple[int, ...], layers: int, latent: int) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(latent, widths[-1], 3, padding=1)
        self.mid = VaeMiddle(widths[-1])
        last = len(widths) - 1
        self.up = nn.ModuleList(
            VaeLevel(widths[min(last, n + 1)], width, layers + 1, "up" if n else "")
            for n, width in enumerate(widths)
        )
        self.norm_out = group_norm(widths[0], 1e-6)
        self.conv_out = nn.Conv2d(widths[0], 1, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.mid(self.conv_in(z))
        for level in reversed(self.up):
            x = level(x)
        result: Tensor = self.conv_out(functional.silu(self.norm_out(x)))
        return result


class Vocoder(nn.Module):
    """HiFi-GAN's generator, V1's upsampling, few channels."""

    def __init__(self, bands: int = 64, width: int = 64) -> None:
        super().__init__()
        self.rates, kernels, sizes = (5, 4, 2, 2, 2), (16, 16, 8, 4, 4), (3, 7)
        self.conv_pre = nn.Conv1d(bands, width, 7, padding=3)
        self.ups = nn.ModuleList(
            nn.ConvTranspose1d(
                width >> n, width >> (n + 1), kernel, rate, padding=(kernel - rate) // 2
            )
            for n, (rate, kernel) in enumerate(zip(self.rates, kernels, strict=True))
        )
        self.sizes = sizes
        self.resblocks = nn.ModuleList(
            _res_block(width >> (n + 1), size) for n in range(len(self.rates)) for size in sizes
        )
        self.conv_post = nn.Conv1d(width >> len(self.rates), 1, 7, padding=3)

    def forward(self, mel: Tensor) -> Tensor:
        """[frames, bands] → [samples]."""
        x = self.conv_pre(mel.T[None])
        for n, up in enumerate(self.ups):
            x = up(functional.leaky_relu(x, 0.1))
            blocks = self.resblocks[n * len(self.sizes) : (n + 1) * len(self.sizes)]
            x = torch.stack([_res(block, x) for block in blocks]).mean(0)
        x = self.conv_post(functional.leaky_relu(x))
        result: Tensor = torch.tanh(x)[0, 0]
        return result


def _res_block(width: int, size: int) -> nn.Module:
    block = nn.Module()
    block.convs1 = nn.ModuleList(
        nn.Conv1d(width, width, size, dilation=d, padding=d * (size - 1) // 2) for d in (1, 3, 5)
    )
    block.convs2 = nn.ModuleList(
        nn.Conv1d(width, width, size, padding=(size - 1) // 2) for _ in range(3)
    )
    return block


def _res(block: Any, x: Tensor) -> Tensor:
    for first, second in zip(block.convs1, block.convs2, strict=True):
        h = second(functional.leaky_relu(first(functional.leaky_relu(x, 0.1)), 0.1))
        x = x + h
    return x


class Roberta(nn.Module):
    """The text tower with its projection; names as in transformers' RobertaModel of LAION's time.

    Positions are counted from 2: the padding token's number is 1.
    """

    def __init__(self, words: int, hidden: int = 128, layers: int = 2, inner: int = 64) -> None:
        super().__init__()
        e = nn.Module()
        e.word_embeddings = nn.Embedding(words, hidden)
        e.position_embeddings = nn.Embedding(66, hidden)
        e.token_type_embeddings = nn.Embedding(1, hidden)
        e.LayerNorm = nn.LayerNorm(hidden)
        branch = nn.Module()
        branch.embeddings = e
        branch.encoder = nn.Module()
        branch.encoder.layer = nn.ModuleList(_roberta_layer(hidden, inner) for _ in range(layers))
        branch.pooler = nn.Module()
        branch.pooler.dense = nn.Linear(hidden, hidden)
        self.text_branch = branch
        self.text_projection = nn.Sequential(
            nn.Linear(hidden, CONDITION), nn.ReLU(), nn.Linear(CONDITION, CONDITION)
        )

    def forward(self, ids: Tensor) -> Tensor:
        """[batch, tokens] without padding → [batch, condition]."""
        branch: Any = self.text_branch
        e = branch.embeddings
        places = torch.arange(ids.shape[1]) + 2
        x = e.word_embeddings(ids) + e.position_embeddings(places) + e.token_type_embeddings.weight
        x = e.LayerNorm(x)
        for layer in branch.encoder.layer:
            own = layer.attention.self
            heads = own.query.out_features // 64
            q, k, v = (
                part(x).unflatten(-1, (heads, 64)).transpose(1, 2)
                for part in (own.query, own.key, own.value)
            )
            mixed = (q @ k.transpose(-1, -2) / 8.0).softmax(-1) @ v
            mixed = mixed.transpose(1, 2).flatten(2)
            x = layer.attention.output.LayerNorm(x + layer.attention.output.dense(mixed))
            h = functional.gelu(layer.intermediate.dense(x))
            x = layer.output.LayerNorm(x + layer.output.dense(h))
        result: Tensor = self.text_projection(torch.tanh(branch.pooler.dense(x[:, 0])))
        return result


def _roberta_layer(hidden: int, inner: int) -> nn.Module:
    layer: Any = nn.Module()
    layer.attention = nn.Module()
    layer.attention.self = nn.Module()
    for name in ("query", "key", "value"):
        setattr(layer.attention.self, name, nn.Linear(hidden, hidden))
    layer.attention.output = nn.Module()
    layer.attention.output.dense = nn.Linear(hidden, hidden)
    layer.attention.output.LayerNorm = nn.LayerNorm(hidden)
    layer.intermediate = nn.Module()
    layer.intermediate.dense = nn.Linear(hidden, inner)
    layer.output = nn.Module()
    layer.output.dense = nn.Linear(inner, hidden)
    layer.output.LayerNorm = nn.LayerNorm(hidden)
    return layer


def random_parts(words: int, seed: int = 0) -> dict[str, nn.Module]:
    """The networks, every number of them random, norms included."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        widths, latent = (32, 64, 96), 8
        vae: Any = nn.Module()
        vae.encoder = Encoder(widths, 2, latent)
        vae.decoder = Decoder(widths, 2, latent)
        vae.quant_conv = nn.Conv2d(2 * latent, 2 * latent, 1)
        vae.post_quant_conv = nn.Conv2d(latent, latent, 1)
        parts = {"unet": UNet(), "vae": vae, "vocoder": Vocoder(), "text": Roberta(words)}
        for part in parts.values():
            part.eval().requires_grad_(False)
            for value in part.parameters():
                value.add_(0.05 * torch.randn_like(value))
    return parts


def checkpoint_of(
    parts: dict[str, nn.Module], audio: dict[str, Tensor], scale_factor: float = 0.9227914
) -> dict[str, Any]:
    """All of it by the names that AudioLDM's files have; the live UNet is not the averaged one."""
    state: dict[str, Tensor] = {}
    for name, value in parts["unet"].state_dict().items():
        flat = f"diffusion_model.{name}".replace(".", "")
        state[f"model_ema.{flat}"] = value
        state[f"model.diffusion_model.{name}"] = value + 1.0
    state["model_ema.decay"] = torch.tensor(0.9999)
    state["model_ema.num_updates"] = torch.tensor(100)
    for name, value in parts["vae"].state_dict().items():
        state[f"first_stage_model.{name}"] = value
    for name, value in parts["vocoder"].state_dict().items():
        state[f"first_stage_model.vocoder.{name}"] = value
    for name, value in (parts["text"].state_dict() | audio).items():
        state[f"cond_stage_model.model.{name}"] = value
    state["cond_stage_model.model.logit_scale_a"] = torch.tensor(14.0)
    state["cond_stage_model.model.text_branch.embeddings.position_ids"] = torch.arange(66)[None]
    state["scale_factor"] = torch.tensor(scale_factor)
    state["betas"] = torch.linspace(0.0015**0.5, 0.0195**0.5, 1000, dtype=torch.float64) ** 2
    state["betas"] = state["betas"].float()
    return {"state_dict": state, "global_step": 1}
