"""AudioLDM as its authors lay it out, at any width: parameter names, and the computation itself.

Written from the architecture's description, in plain torch, so that an imported checkpoint has
something to be compared with that shares no line with diffusers or transformers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Sizes:
    """Widths of all parts; the default is tiny."""

    base: int = 32
    multipliers: tuple[int, ...] = (1, 2, 3)
    head_channels: int = 32
    vae: tuple[int, ...] = (32, 64, 64)
    vocoder: int = 64
    vocabulary: int = 300
    text: tuple[int, int, int] = (128, 2, 256)  # hidden, layers, intermediate
    positions: int = 66
    embedding: int = 32
    spectrogram: int = 64
    mel_bins: int = 16
    window: int = 4
    swin: int = 32
    depths: tuple[int, ...] = (2, 2)
    swin_heads: tuple[int, ...] = (2, 4)


FULL_S = Sizes(
    base=128, multipliers=(1, 2, 3, 5), vae=(128, 256, 512), vocoder=1024, vocabulary=50265,
    text=(768, 12, 3072), positions=514, embedding=512, spectrogram=256, mel_bins=64, window=8,
    swin=96, depths=(2, 2, 6, 2), swin_heads=(4, 8, 16, 32),
)  # fmt: skip


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | float = 0.0) -> Tensor:
    """softmax(q kᵀ / √d + bias) v over [..., tokens, d]."""
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + bias
    return scores.softmax(-1) @ v


def by_heads(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(-2, -3)


def joined(x: Tensor) -> Tensor:
    return x.transpose(-2, -3).flatten(-2)


class Res(nn.Module):
    def __init__(self, width: int, out: int, embedding: int) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(
            nn.GroupNorm(32, width), nn.SiLU(), nn.Conv2d(width, out, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embedding, out))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(32, out), nn.SiLU(), nn.Dropout(0.0), nn.Conv2d(out, out, 3, padding=1)
        )
        self.skip_connection = nn.Conv2d(width, out, 1) if width != out else nn.Identity()

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        h = self.in_layers(x) + self.emb_layers(emb)[:, :, None, None]
        return self.skip_connection(x) + self.out_layers(h)


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width, bias=False) for _ in "qkv")
        self.to_out = nn.Sequential(nn.Linear(width, width), nn.Dropout(0.0))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (by_heads(to(x), self.heads) for to in (self.to_q, self.to_k, self.to_v))
        return self.to_out(joined(attend(q, k, v)))


class Geglu(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 8 * width)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, -1)
        return value * functional.gelu(gate)


class TransformerBlock(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn1, self.attn2 = SelfAttention(width, heads), SelfAttention(width, heads)
        self.ff = nn.Module()
        self.ff.net = nn.Sequential(Geglu(width), nn.Dropout(0.0), nn.Linear(4 * width, width))
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn2(self.norm2(x))
        return x + self.ff.net(self.norm3(x))


class Spatial(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(32, width, eps=1e-6)
        self.proj_in, self.proj_out = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(width, heads)])

    def forward(self, x: Tensor) -> Tensor:
        h = self.proj_in(self.norm(x))
        tokens = self.transformer_blocks[0](h.flatten(2).transpose(1, 2))
        return x + self.proj_out(tokens.transpose(1, 2).unflatten(2, x.shape[2:]))


class Down(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.op = nn.Conv2d(width, width, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.op(x)


class Up(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.repeat_interleave(2, 2).repeat_interleave(2, 3))


def through(block: nn.ModuleList, x: Tensor, emb: Tensor) -> Tensor:
    for piece in block:
        x = piece(x, emb) if isinstance(piece, Res) else piece(x)
    return x


class Unet(nn.Module):
    def __init__(self, sizes: Sizes, layers: int = 2) -> None:
        super().__init__()
        self.base, emb = sizes.base, 8 * sizes.base
        widths = [sizes.base * m for m in sizes.multipliers]

        def spatial(level: int) -> list[nn.Module]:
            # The outermost level has no attention.
            heads = widths[level] // sizes.head_channels
            return [Spatial(widths[level], heads)] if level else []

        self.time_embed = nn.Sequential(
            nn.Linear(self.base, 4 * self.base), nn.SiLU(), nn.Linear(4 * self.base, 4 * self.base)
        )
        self.film_emb = nn.Linear(sizes.embedding, 4 * self.base)
        down: list[Any] = [nn.ModuleList([nn.Conv2d(8, self.base, 3, padding=1)])]
        width, kept = self.base, [self.base]
        for level, out in enumerate(widths):
            for _ in range(layers):
                down.append(nn.ModuleList([Res(width, out, emb), *spatial(level)]))
                width = out
                kept.append(width)
            if level < len(widths) - 1:
                down.append(nn.ModuleList([Down(width)]))
                kept.append(width)
        self.input_blocks = nn.ModuleList(down)
        last = len(widths) - 1
        self.middle_block = nn.ModuleList(
            [Res(width, width, emb), *spatial(last), Res(width, width, emb)]
        )
        up: list[Any] = []
        for level in reversed(range(len(widths))):
            for layer in range(layers + 1):
                pieces = [Res(width + kept.pop(), widths[level], emb), *spatial(level)]
                width = widths[level]
                if level and layer == layers:
                    pieces.append(Up(width))
                up.append(nn.ModuleList(pieces))
        self.output_blocks = nn.ModuleList(up)
        self.out = nn.Sequential(
            nn.GroupNorm(32, width), nn.SiLU(), nn.Conv2d(width, 8, 3, padding=1)
        )

    def forward(self, x: Tensor, timestep: Tensor, condition: Tensor) -> Tensor:
        half = self.base // 2
        frequencies = torch.exp(-math.log(10000) * torch.arange(half) / half)
        angles = timestep[:, None] * frequencies
        time = self.time_embed(torch.cat([angles.cos(), angles.sin()], -1))
        emb = torch.cat([time, self.film_emb(condition)], -1)
        kept = []
        for block in self.input_blocks:
            x = through(block, x, emb)
            kept.append(x)
        x = through(self.middle_block, x, emb)
        for block in self.output_blocks:
            x = through(block, torch.cat([x, kept.pop()], 1), emb)
        return self.out(x)


class VaeRes(nn.Module):
    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(32, width, 1e-6), nn.GroupNorm(32, out, 1e-6)
        self.conv1 = nn.Conv2d(width, out, 3, padding=1)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)
        if width != out:
            self.nin_shortcut = nn.Conv2d(width, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv2(functional.silu(self.norm2(self.conv1(functional.silu(self.norm1(x))))))
        return h + (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x)


class VaeAttention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(32, width, 1e-6)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(width, width, 1) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        q, k, v = (conv(h).flatten(2).transpose(1, 2) for conv in (self.q, self.k, self.v))
        return x + self.proj_out(attend(q, k, v).transpose(1, 2).unflatten(2, x.shape[2:]))


def vae_middle(width: int) -> nn.Module:
    mid = nn.Module()
    mid.block_1, mid.attn_1, mid.block_2 = (
        VaeRes(width, width), VaeAttention(width), VaeRes(width, width)
    )  # fmt: skip
    return mid


class VaeSide(nn.Module):
    """Encoder or decoder; `channels_in` and `channels_out` are the other ends'."""

    def __init__(self, widths: Sequence[int], channels_in: int, channels_out: int) -> None:
        super().__init__()
        is_encoder = channels_in == 1
        first, last = (widths[0], widths[-1]) if is_encoder else (widths[-1], widths[0])
        self.conv_in = nn.Conv2d(channels_in, first, 3, padding=1)
        self.mid = vae_middle(widths[-1])
        levels = nn.ModuleList()
        order = range(len(widths)) if is_encoder else reversed(range(len(widths)))
        width, made = first, {}
        for level in order:
            made[level] = nn.Module()
            made[level].block = nn.ModuleList()
            for _ in range(2 if is_encoder else 3):
                made[level].block.append(VaeRes(width, widths[level]))
                width = widths[level]
            if is_encoder and level < len(widths) - 1:
                made[level].downsample = nn.Module()
                made[level].downsample.conv = nn.Conv2d(width, width, 3, stride=2)
            if not is_encoder and level > 0:
                made[level].upsample = Up(width)
        levels.extend(made[level] for level in range(len(widths)))
        if is_encoder:
            self.down = levels
        else:
            self.up = levels
        self.norm_out = nn.GroupNorm(32, last, 1e-6)
        self.conv_out = nn.Conv2d(last, channels_out, 3, padding=1)

    def middle(self, x: Tensor) -> Tensor:
        return self.mid.block_2(self.mid.attn_1(self.mid.block_1(x)))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        if hasattr(self, "down"):
            for level in self.down:
                for block in level.block:
                    x = block(x)
                if hasattr(level, "downsample"):
                    x = level.downsample.conv(functional.pad(x, (0, 1, 0, 1)))
            x = self.middle(x)
        else:
            x = self.middle(x)
            for level in reversed(self.up):
                for block in level.block:
                    x = block(x)
                if hasattr(level, "upsample"):
                    x = level.upsample(x)
        return self.conv_out(functional.silu(self.norm_out(x)))


class VocoderBlock(nn.Module):
    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            nn.Conv1d(width, width, kernel, dilation=d, padding=d * (kernel - 1) // 2)
            for d in (1, 3, 5)
        )
        self.convs2 = nn.ModuleList(
            nn.Conv1d(width, width, kernel, padding=(kernel - 1) // 2) for _ in range(3)
        )

    def forward(self, x: Tensor) -> Tensor:
        for first, second in zip(self.convs1, self.convs2, strict=True):
            x = x + second(functional.leaky_relu(first(functional.leaky_relu(x, 0.1)), 0.1))
        return x


class Vocoder(nn.Module):
    def __init__(self, width: int, bands: int) -> None:
        super().__init__()
        self.conv_pre = nn.Conv1d(bands, width, 7, padding=3)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for rate, kernel in zip((5, 4, 2, 2, 2), (16, 16, 8, 4, 4), strict=True):
            padding = (kernel - rate) // 2
            self.ups.append(nn.ConvTranspose1d(width, width // 2, kernel, rate, padding))
            width //= 2
            self.resblocks.extend(VocoderBlock(width, k) for k in (3, 7, 11))
        self.conv_post = nn.Conv1d(width, 1, 7, padding=3)

    def forward(self, mel: Tensor) -> Tensor:
        """Mel [batch, bands, frames] → waveform [batch, 1, samples]."""
        x = self.conv_pre(mel)
        for number, up in enumerate(self.ups):
            x = up(functional.leaky_relu(x, 0.1))
            blocks = self.resblocks[3 * number : 3 * number + 3]
            x = torch.stack([block(x) for block in blocks]).mean(0)
        return self.conv_post(functional.leaky_relu(x)).tanh()


class FirstStage(nn.Module):
    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.encoder = VaeSide(sizes.vae, 1, 16)
        self.decoder = VaeSide(sizes.vae, 8, 1)
        self.quant_conv, self.post_quant_conv = nn.Conv2d(16, 16, 1), nn.Conv2d(8, 8, 1)
        self.vocoder = Vocoder(sizes.vocoder, 64)


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


class OriginalAudioLDM:
    """All parts with random weights, and the checkpoint of them."""

    def __init__(self, sizes: Sizes = Sizes(), seed: int = 0) -> None:
        self.sizes = sizes
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.averaged, self.live = Unet(sizes).eval(), Unet(sizes).eval()
            self.first_stage = FirstStage(sizes).eval()
            self.clap = Clap(sizes).eval()
            for module in (self.averaged, self.live, self.first_stage, self.clap):
                self._stir(module)
        self.scale_factor = 0.9227914

    @staticmethod
    def _stir(module: nn.Module) -> None:
        """No weight stays at 0 or 1, where an exchange of two would not be seen."""
        with torch.no_grad():
            for name, tensor in module.named_parameters():
                if tensor.ndim == 3:
                    tensor.mul_(2.0)  # the vocoder's convolutions would damp the sound away
                if tensor.ndim < 2 or name.endswith("bias_table"):
                    tensor.add_(0.2 * torch.randn_like(tensor))
            for name, tensor in module.named_buffers():
                if name.endswith(("running_mean", "running_var")):
                    tensor.add_(torch.rand_like(tensor))

    def state(self) -> dict[str, Tensor]:
        state = {
            f"model.diffusion_model.{name}": tensor
            for name, tensor in self.live.state_dict().items()
        }
        state |= {
            "model_ema." + f"diffusion_model.{name}".replace(".", ""): tensor
            for name, tensor in self.averaged.state_dict().items()
        }
        state |= {"model_ema.decay": torch.tensor(0.9999), "model_ema.num_updates": torch.tensor(7)}
        state |= {f"first_stage_model.{n}": t for n, t in self.first_stage.state_dict().items()}
        state |= {f"cond_stage_model.model.{n}": t for n, t in self.clap.state_dict().items()}
        state |= {"scale_factor": torch.tensor(self.scale_factor), "betas": torch.rand(1000)}
        return state

    def save(self, path: Path, **beside: object) -> Path:
        torch.save({"epoch": 3, "state_dict": self.state(), **beside}, path)
        return path
