"""The latent diffusion model: AudioLDM's UNet scheme, thin, on cached latents and embeddings."""

from __future__ import annotations

import copy
import logging
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch.nn import functional

from recipe.half_copy import HalfCopy
from recipe.latents import LatentCache, load_latents
from recipe.settings import EMBEDDING_SIZE, LATENT_CHANNELS, Settings
from recipe.training import Session, descend, start_from
from recipe.vae import POSTERIOR
from soundstudio.engine.devices import cpu_has_fast_bfloat16
from soundstudio.engine.narrow_convolution import mend_narrow_convolutions
from soundstudio.training.quick_convolution import quicken_convolutions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recipe.clips import Clip

log = logging.getLogger(__name__)

_REAL_SHARE = 0.9
_DROP_SHARE = 0.1
_AUDIO_SHARE = 0.1
_WORD_SHARE = 0.5
"""How often a clip that has single words for it is asked for by one of them."""
_CONCEPT_POWER = 0.45
"""A concept's share grows with this power of its clips: else clicks are all that is learnt."""
_WINDOWS = ((8, 2.0, 0.2), (16, 1.0, 0.6), (32, 0.5, 0.2))
"""Latent frames, batch size relative to the budget's, share of steps."""
_SNR_LIMIT = 5.0
_NOISE_RATIO = (0.9, 1.1)
"""Median of noise over signal in the details' share of the draws, and its logarithm's deviation."""
_TEXT_SHARE = 0.65
_TEXT_STEPS = 500
"""This share of the draws is of steps from here on, at least three times as much noise as signal.

There only the text can say what it will be. With a sixth of the draws there, sounds of the right
concept came out for 42 % of the training captions themselves (REPORT.md).
"""
_EMA_DECAY = 0.9995
_CLASS_GAIN = 25.0
"""A unit vector of 512 numbers is small for a default linear layer: start it at unit variance."""
_CLASS_RATE = 10.0
"""Weights that many times as large need steps as large: the optimiser's do not know of it."""
_BLUR = 1.15
"""The largest angle, in radians, by which a text embedding is turned in training.

A prompt that no caption says is 1.0 away from the nearest one (median of the judge's 150).
"""


def build_scheduler() -> DDIMScheduler:
    """AudioLDM's noise schedule, with v as the target instead of the noise.

    Measured: after a short training the noise prediction's small errors at the noisiest steps,
    divided by the signal's share of 0.013 there, blow the latents up tenfold. v has no such step.
    """
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.0015,
        beta_end=0.0195,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
        timestep_spacing="leading",
    )


def build_unet(settings: Settings) -> UNet2DConditionModel:
    """Class embedding concatenated to the time embedding, self-attention at the deepest level.

    ``attention_head_dim`` is a list of head *counts* per level, whatever its name says.
    """
    widths = settings.widths
    plain = len(widths.unet) - 1
    torch.manual_seed(settings.seed + 2)
    unet = UNet2DConditionModel(
        sample_size=32,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=("DownBlock2D",) * plain + ("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * plain,
        block_out_channels=widths.unet,
        layers_per_block=1,
        cross_attention_dim=list(widths.unet),
        class_embed_type="simple_projection",
        projection_class_embeddings_input_dim=EMBEDDING_SIZE,
        class_embeddings_concat=True,
        time_embedding_dim=widths.unet_embedding,
        resnet_time_scale_shift="scale_shift",
        attention_head_dim=widths.unet_heads,
        norm_num_groups=widths.unet_groups,
    )
    with torch.no_grad():
        unet.class_embedding.weight.mul_(_CLASS_GAIN)
        unet.conv_out.weight.zero_()
    mend_narrow_convolutions(unet)
    quicken_convolutions(unet)
    return unet


@dataclass(slots=True)
class Examples:
    """Draws batches of scaled latents and conditions.

    ``captions_of_clip`` and ``words_of_clip`` are rows of ``text``; a clip may have no words.
    """

    cache: LatentCache
    probabilities: npt.NDArray[np.float64]
    captions_of_clip: list[npt.NDArray[np.int64]]
    words_of_clip: list[npt.NDArray[np.int64]]
    text: torch.Tensor
    audio: torch.Tensor | None
    empty: torch.Tensor
    scaling_factor: float
    rng: np.random.Generator

    def batch(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents [about count, 56, 8 to 32, 4] and unit conditions [as many, 512]."""
        kind = int(self.rng.choice(len(_WINDOWS), p=[share for _, _, share in _WINDOWS]))
        frames, factor, _ = _WINDOWS[kind]
        count = max(1, int(count * factor))
        chosen = self.rng.choice(len(self.probabilities), count, p=self.probabilities)
        mean = self.cache.mean[chosen, :, :frames].astype(np.float32)
        z = torch.from_numpy(mean) * self.scaling_factor
        return z + POSTERIOR * torch.randn_like(z), torch.stack(
            [self._condition(int(row)) for row in chosen]
        )

    def _condition(self, row: int) -> torch.Tensor:
        draw = self.rng.random()
        if draw < _DROP_SHARE:
            return self.empty
        if self.audio is not None and draw < _DROP_SHARE + _AUDIO_SHARE:
            return self.audio[int(self.cache.clip[row])]
        clip = int(self.cache.clip[row])
        options = self.captions_of_clip[clip]
        if len(self.words_of_clip[clip]) and self.rng.random() < _WORD_SHARE:
            options = self.words_of_clip[clip]
        vector = self.text[int(options[int(self.rng.integers(len(options)))])]
        angle = float(self.rng.uniform(0.0, _BLUR))
        noise = torch.from_numpy(self.rng.standard_normal(EMBEDDING_SIZE, dtype=np.float32))
        noise = functional.normalize(noise - (noise @ vector) * vector, dim=0)
        turned: torch.Tensor = np.cos(angle) * vector + np.sin(angle) * noise
        return turned


def typical_windows(
    clips: Sequence[Clip], cache: LatentCache, audio: torch.Tensor | None, each: int
) -> npt.NDArray[np.int64]:
    """Windows of ``each`` clips of every concept at most, in order; clips of no concept have none.

    The most typical: those whose audio embedding is the nearest to their concept's mean, and
    recordings before synthesised ones. What can be learnt in hours on two cores is some hundred
    windows (REPORT.md).
    """
    members: dict[str, list[int]] = {}
    for row, number in enumerate(cache.clip):
        if clips[number].concept:
            members.setdefault(clips[number].concept, []).append(row)
    kept = []
    for rows in members.values():
        likeness = torch.zeros(len(rows))
        real = torch.tensor([clips[cache.clip[row]].is_real for row in rows])
        if audio is not None:
            heard = audio[torch.from_numpy(cache.clip[rows].astype(np.int64))]
            likeness = heard @ (heard[real] if real.any() else heard).mean(dim=0)
        likeness += 2.0 * real
        best = likeness.argsort(descending=True, stable=True)[:each]
        kept += [rows[int(place)] for place in best]
    return np.array(sorted(kept), dtype=np.int64)


def lent_captions(clips: Sequence[Clip]) -> dict[str, tuple[str, ...]]:
    """What the synthesised clips of a concept are called: its recordings are called that, too."""
    lent: dict[str, dict[str, None]] = {}
    for clip in clips:
        if not clip.is_real:
            lent.setdefault(clip.concept, {}).update(dict.fromkeys(clip.captions))
    return {concept: tuple(captions) for concept, captions in lent.items()}


def window_probabilities(clips: Sequence[Clip], cache: LatentCache) -> npt.NDArray[np.float64]:
    """Real windows get their share; a concept's weight grows slower than its windows."""
    owners = [clips[number] for number in cache.clip]
    windows = Counter(owner.concept for owner in owners)
    weights = np.array([windows[owner.concept] ** (_CONCEPT_POWER - 1.0) for owner in owners])
    real = np.array([owner.is_real for owner in owners])
    for mask, share in ((real, _REAL_SHARE), (~real, 1.0 - _REAL_SHARE)):
        if mask.any():
            weights[mask] *= share / weights[mask].sum()
    return np.asarray(weights / weights.sum())


def load_examples(settings: Settings, clips: Sequence[Clip], scaling_factor: float) -> Examples:
    """Join the cached latents with the cached text (and, once made, audio) embeddings."""
    cache = load_latents(settings.folder("latents"))
    stored = torch.load(settings.folder("embeddings") / "text.pt", weights_only=True)
    position = {text: number for number, text in enumerate(stored["texts"])}
    audio_path = settings.folder("embeddings") / "audio.pt"
    audio = torch.load(audio_path, weights_only=True) if audio_path.exists() else None
    if audio is not None and len(audio) != len(clips):
        raise ValueError("the audio embeddings are of other clips than these")
    kept = typical_windows(clips, cache, audio, settings.concept_windows)
    cache = LatentCache(cache.mean[kept], cache.clip[kept])
    lent = lent_captions(clips)
    captions = [
        dict.fromkeys((*clip.captions, *(lent.get(clip.concept, ()) if clip.is_real else ())))
        for clip in clips
    ]
    return Examples(
        cache=cache,
        probabilities=window_probabilities(clips, cache),
        captions_of_clip=[np.array([position[t] for t in said]) for said in captions],
        words_of_clip=[np.array([position[t] for t in clip.words], np.int64) for clip in clips],
        text=stored["vectors"],
        audio=audio,
        empty=stored["vectors"][position[""]],
        scaling_factor=scaling_factor,
        rng=np.random.default_rng(settings.seed),
    )


def drawn_steps(scheduler: DDIMScheduler, count: int) -> torch.Tensor:
    """Steps [count]: where the text decides, evenly; for the details, log-normal in the ratio of
    noise to signal (Karras et al. 2022, table 1)."""
    signal = scheduler.alphas_cumprod
    ratios = 0.5 * torch.log((1.0 - signal) / signal)
    median, deviation = _NOISE_RATIO
    drawn = torch.searchsorted(ratios, math.log(median) + deviation * torch.randn(count))
    noisy = torch.randint(_TEXT_STEPS, len(signal), (count,))
    steps = torch.where(torch.rand(count) < _TEXT_SHARE, noisy, drawn)
    return steps.clamp_max(len(signal) - 1)


def diffusion_loss(
    unet: UNet2DConditionModel,
    scheduler: DDIMScheduler,
    latents: torch.Tensor,
    conditions: torch.Tensor,
    weights: torch.Tensor,
) -> torch.Tensor:
    """Weighted error of the predicted velocity, ``weights`` [56] one for each latent channel.

    Nearly clean steps count less (as in min-SNR weighting).
    """
    noise = torch.randn_like(latents)
    steps = drawn_steps(scheduler, len(latents))
    noisy = scheduler.add_noise(latents, noise, steps)
    target = scheduler.get_velocity(latents, noise, steps)
    output = unet(
        noisy.to(unet.dtype),
        steps,
        encoder_hidden_states=None,
        class_labels=conditions.to(unet.dtype),
    ).sample
    error = (weights[:, None, None] * (output.float() - target).square()).mean(dim=(1, 2, 3))
    alpha = scheduler.alphas_cumprod[steps]
    ratio = 1.0 / (1.0 - alpha)
    loss: torch.Tensor = (error * ratio.clamp_max(_SNR_LIMIT + 1.0) / ratio).mean()
    return loss


def channel_weights(cache: LatentCache) -> torch.Tensor:
    """Weight of each latent channel's error [56], their mean 1.

    The first component, the level of a patch, would have a third of the loss to itself.
    """
    sample = cache.mean[:: max(1, len(cache.mean) // 1000)].astype(np.float32)
    deviation = torch.from_numpy(sample.std(axis=(0, 2, 3))).clamp_min(1e-6)
    weights = deviation.pow(-0.5)
    return weights / weights.mean()


def build_optimiser(unet: UNet2DConditionModel) -> torch.optim.AdamW:
    """AdamW, with a rate of its own for the layer that reads the text."""
    reading = list(unet.class_embedding.parameters())
    others = [p for n, p in unet.named_parameters() if not n.startswith("class_embedding.")]
    groups: list[dict[str, Any]] = [
        {"params": reading, "factor": _CLASS_RATE},
        {"params": others},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=1e-3, fused=True)


@torch.no_grad()
def update_average(average: torch.nn.Module, model: torch.nn.Module, step: int) -> None:
    """Exponential moving average with AudioLDM's warm-up."""
    decay = min(_EMA_DECAY, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1.0 - decay)


def train_diffusion(
    settings: Settings, clips: Sequence[Clip], scaling_factor: float
) -> UNet2DConditionModel:
    """Train or resume; the averaged weights are what is saved as the model."""
    unet, scheduler = build_unet(settings), build_scheduler()
    average = copy.deepcopy(unet).requires_grad_(False)
    optimiser = build_optimiser(unet)
    folder = settings.folder("diffusion")
    parts = {"unet": unet, "average": average, "optimiser": optimiser}
    session = Session(folder, parts, settings.diffusion, settings.checkpoint_minutes)
    if settings.start_from and session.step == 0:
        for part in (unet, average):
            start_from(part, settings.start_from / "unet")
    torch.manual_seed(settings.seed + session.step)
    examples = load_examples(settings, clips, scaling_factor)
    examples.rng = np.random.default_rng(settings.seed + session.step)
    weights = channel_weights(examples.cache)
    half = HalfCopy(unet, cpu_has_fast_bfloat16())
    while session.is_running():
        latents, conditions = examples.batch(settings.diffusion.batch)
        session.apply_learning_rate(optimiser)
        loss = diffusion_loss(half.network, scheduler, latents, conditions, weights)
        descend(loss, unet.parameters(), optimiser, gather=half.hand_over)
        half.refresh()
        update_average(average, unet, session.step)
        session.tick({"loss": loss.item()})
    session.save()
    average.save_pretrained(folder / "model")
    return average
