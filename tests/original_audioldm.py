"""AudioLDM as its authors lay it out, at any width: parameter names, and the computation itself.

Written from the architecture's description, in plain torch, so that an imported checkpoint has
something to be compared with that shares no line with diffusers or transformers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from original_clap import Clap
from original_sizes import Sizes, attend, by_heads, joined
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


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


class OriginalAudioLDM:
    """All parts with random weights, and the checkpoint of them."""

    def __init__(self, sizes: Sizes, seed: int = 0) -> None:
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
