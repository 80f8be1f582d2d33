"""The audio tower: a small HTSAT that learns to land where the locked text tower puts captions."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import soxr
import torch
from torch.nn import functional
from transformers import ClapAudioConfig, ClapAudioModelWithProjection, ClapFeatureExtractor

from recipe.examples import change_speed
from recipe.settings import EMBEDDING_SIZE, SAMPLE_RATE_HZ, Settings
from recipe.training import Session, descend, half_precision, start_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recipe.clips import Clip

log = logging.getLogger(__name__)

CLAP_RATE_HZ = 48_000
_CLIP_S = 10.0
_HEARD_S = 5.0
"""What the application lets the tower hear, repeated to fill it, then silence; it does that itself,
the extractor only carries the number. By LAION's rule a sound of 5.00 s is heard twice and one of
5.02 s once, which are different sounds to this tower (cosine 0.38); so heard, ESC-10's clips find
their label in 29 % of the cases instead of 18 %."""
_TEMPERATURE = 0.07
_HELD_OUT_EVERY = 15
_REAL_SHARE = 0.6


def build_feature_extractor() -> ClapFeatureExtractor:
    """laion_clap's unfused front end; the class's own defaults are wrong for it."""
    return ClapFeatureExtractor(
        feature_size=64,
        sampling_rate=CLAP_RATE_HZ,
        hop_length=480,
        fft_window_size=1024,
        max_length_s=10,
        frequency_min=50,
        frequency_max=14_000,
        truncation="rand_trunc",
        padding="repeatpad",
        window_s=_HEARD_S,
    )


def build_audio_tower(settings: Settings) -> ClapAudioModelWithProjection:
    """HTSAT with a quarter of the tiny model's width."""
    widths = settings.widths
    torch.manual_seed(settings.seed + 3)
    config = ClapAudioConfig(
        spec_size=256,
        patch_size=4,
        patch_stride=[4, 4],
        window_size=8,
        num_mel_bins=64,
        enable_fusion=False,
        patch_embeds_hidden_size=widths.audio_patch,
        depths=list(widths.audio_depths),
        num_attention_heads=list(widths.audio_heads),
        hidden_size=widths.audio_patch * 8,
        projection_dim=EMBEDDING_SIZE,
    )
    return ClapAudioModelWithProjection(config)


def features_of(
    extractor: ClapFeatureExtractor, waveform: npt.NDArray[np.float32]
) -> npt.NDArray[np.float16]:
    """Log mel [1001, 64] in dB of the first ten seconds of a 16 kHz signal, looped to fill."""
    short = waveform[: int(_CLIP_S * SAMPLE_RATE_HZ)]
    at_48k = soxr.resample(short, SAMPLE_RATE_HZ, CLAP_RATE_HZ, "HQ")
    inputs = extractor(at_48k, sampling_rate=CLAP_RATE_HZ, return_tensors="np")
    return np.asarray(inputs["input_features"][0, 0], dtype=np.float16)


def cache_features(settings: Settings, clips: Sequence[Clip]) -> npt.NDArray[np.float16]:
    """Features of every clip [clips, 1001, 64]; real clips get a second, changed version."""
    path = settings.folder("clap") / "features.npy"
    if path.exists():
        return np.asarray(np.load(path, mmap_mode="r"))
    extractor = build_feature_extractor()
    rng = np.random.default_rng(settings.seed)
    rows = [features_of(extractor, clip.waveform) for clip in clips]
    for clip in clips:
        if clip.is_real:
            factor = float(np.exp(rng.normal(0.0, 0.12)))
            rows.append(features_of(extractor, change_speed(clip.waveform, factor)))
    features = np.stack(rows)
    np.save(path, features)
    return features


def contrastive_loss(
    audio: torch.Tensor, text: torch.Tensor, same: torch.Tensor, scale: torch.Tensor
) -> torch.Tensor:
    """CLAP's loss in both directions; ``same`` [n, n] marks pairs that share a label."""
    logits = scale * audio @ text.T
    targets = same.float() / same.sum(dim=1, keepdim=True)
    forward = -(targets * logits.log_softmax(dim=1)).sum(dim=1).mean()
    backward = -(targets.T * logits.T.log_softmax(dim=1)).sum(dim=1).mean()
    return 0.5 * (forward + backward)


def shifted(features: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Augment [n, 1, 1001, 64]: circular shift in time, another level, a masked band."""
    shift = int(torch.randint(0, 1001, (1,), generator=generator))
    moved = features.roll(shift, dims=2)
    level_db = (torch.rand(len(moved), generator=generator) * 24 - 18)[:, None, None, None]
    moved = (moved + level_db).clamp_min(-100.0)
    low = int(torch.randint(0, 56, (1,), generator=generator))
    moved[:, :, :, low : low + 6] = -100.0
    return moved


def train_audio_tower(
    settings: Settings,
    clips: Sequence[Clip],
    text: torch.Tensor,
    positions: Sequence[npt.NDArray[np.int64]],
) -> ClapAudioModelWithProjection:
    """Train or resume. ``text`` [captions, 512] is locked; ``positions`` are each clip's rows."""
    tower = build_audio_tower(settings)
    scale = torch.nn.Parameter(torch.tensor(1.0 / _TEMPERATURE).log())
    holder = torch.nn.ParameterDict({"scale": scale})
    parameters = [*tower.parameters(), scale]
    optimiser = torch.optim.AdamW(parameters, betas=(0.9, 0.98), weight_decay=0.02)
    folder = settings.folder("clap")
    parts = {"tower": tower, "scale": holder, "optimiser": optimiser}
    features = cache_features(settings, clips)
    session = Session(folder, parts, settings.clap, settings.checkpoint_minutes)
    if settings.start_from and session.step == 0:
        start_from(tower, settings.start_from / "audio_encoder")
    rng = np.random.default_rng(settings.seed + session.step)
    generator = torch.Generator().manual_seed(session.step)
    owner, chances, labels = _sampling(clips, len(features))
    tower.train()
    while session.is_running():
        rows = rng.choice(len(owner), settings.clap.batch, p=chances)
        owners = owner[rows]
        chosen = [int(rng.choice(positions[clip])) for clip in owners]
        inputs = torch.from_numpy(features[rows].astype(np.float32))[:, None]
        session.apply_learning_rate(optimiser)
        with half_precision():
            output = tower(shifted(inputs, generator)).audio_embeds
        audio = functional.normalize(output.float(), dim=-1)
        same = torch.from_numpy(labels[owners][:, None] == labels[owners][None, :])
        loss = contrastive_loss(audio, text[chosen], same, scale.exp())
        pull = 1.0 - (audio * text[chosen]).sum(-1).mean()
        descend(loss + pull, parameters, optimiser)
        session.tick({"loss": loss.item(), "pull": pull.item()})
    session.save()
    tower.eval()
    tower.save_pretrained(folder / "model")
    accuracy = held_out_accuracy(tower, clips, features, text, positions)
    log.info("held-out clips whose own label is among the five nearest: %.2f", accuracy)
    return tower


def _sampling(
    clips: Sequence[Clip], rows: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Clip of each feature row, its chance of being drawn, and a label number per clip."""
    real = [number for number, clip in enumerate(clips) if clip.is_real]
    owner = np.array([*range(len(clips)), *real], dtype=np.int64)[:rows]
    is_real = np.array([clips[number].is_real for number in owner])
    chances = np.where(is_real, _REAL_SHARE / max(1, is_real.sum()), 0.0)
    chances += np.where(~is_real, (1 - _REAL_SHARE) / max(1, (~is_real).sum()), 0.0)
    chances[is_held_out(clips)[owner]] = 0.0
    names = {name: n for n, name in enumerate(dict.fromkeys(clip.label for clip in clips))}
    labels = np.array([names[clip.label] for clip in clips])
    return owner, chances / chances.sum(), labels


def is_held_out(clips: Sequence[Clip]) -> npt.NDArray[np.bool_]:
    """Every fifteenth real clip is kept from the audio tower, to measure it."""
    return np.array([c.is_real and n % _HELD_OUT_EVERY == 0 for n, c in enumerate(clips)])


@torch.no_grad()
def embed_features(
    tower: ClapAudioModelWithProjection, features: npt.NDArray[np.float16], batch: int = 32
) -> torch.Tensor:
    """Unit audio embeddings [rows, 512]."""
    tower.eval()
    parts = []
    for start in range(0, len(features), batch):
        inputs = torch.from_numpy(features[start : start + batch].astype(np.float32))[:, None]
        with half_precision():
            parts.append(tower(inputs).audio_embeds.float())
    return functional.normalize(torch.cat(parts), dim=-1)


def held_out_accuracy(
    tower: ClapAudioModelWithProjection,
    clips: Sequence[Clip],
    features: npt.NDArray[np.float16],
    text: torch.Tensor,
    positions: Sequence[npt.NDArray[np.int64]],
) -> float:
    """Share of held-out clips with a caption of their own among the five nearest plain ones."""
    held_out = np.flatnonzero(is_held_out(clips))
    if len(held_out) == 0:
        return 0.0
    audio = embed_features(tower, np.asarray(features[held_out]))
    plain = sorted({int(p[0]) for p in positions})
    nearest = (audio @ text[plain].T).topk(min(5, len(plain))).indices
    hits = [
        any(plain[int(i)] in positions[clip] for i in row)
        for clip, row in zip(held_out, nearest, strict=True)
    ]
    return float(np.mean(hits))
