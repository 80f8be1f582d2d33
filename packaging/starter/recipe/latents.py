"""Windows of every clip as cached latents, so that diffusion never sees a waveform."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL

from recipe.examples import window_of
from recipe.front_end import LogMel
from recipe.settings import HOP_SAMPLES, WINDOW_FRAMES, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from recipe.clips import Clip

log = logging.getLogger(__name__)

_BATCH = 16


@dataclass(frozen=True, slots=True)
class LatentCache:
    """Posterior means [windows, 56, 32, 4] and the clip of each window."""

    mean: npt.NDArray[np.float16]
    clip: npt.NDArray[np.int32]


def planned_windows(clips: Sequence[Clip], synthetic_each: int) -> list[int]:
    """Clip number of every window: each real clip once, ``synthetic_each`` of every family.

    Hours on two cores are enough for a thousand windows, not for six thousand (REPORT.md).
    """
    seen: Counter[str] = Counter()
    plan = []
    for number, clip in enumerate(clips):
        seen[clip.label] += not clip.is_real
        if clip.is_real or seen[clip.label] <= synthetic_each:
            plan.append(number)
    return plan


@torch.no_grad()
def encode_windows(vae: AutoencoderKL, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    """Posterior mean of waveforms [batch, samples]; its deviation is the same everywhere."""
    mel = LogMel()(torch.from_numpy(windows))[:, None]
    mean: npt.NDArray[np.float16] = vae.encode(mel).latent_dist.mean.half().numpy()
    return mean


def cache_latents(settings: Settings, clips: Sequence[Clip]) -> None:
    """Encode every planned window in parts, so that a cut loses one part at most."""
    folder = settings.folder("latents")
    vae = AutoencoderKL.from_pretrained(settings.folder("vae") / "encoder").eval()
    plan = planned_windows(clips, settings.synthetic_windows)
    length = WINDOW_FRAMES * HOP_SAMPLES
    part_size = 512
    for part in range(0, len(plan), part_size):
        path = folder / f"part-{part // part_size:04d}.npz"
        if path.exists():
            continue
        numbers = plan[part : part + part_size]
        means = []
        for start in range(0, len(numbers), _BATCH):
            rows = []
            for offset, number in enumerate(numbers[start : start + _BATCH]):
                rng = np.random.default_rng((settings.seed, part + start + offset))
                rows.append(window_of(clips[number], length, rng))
            means.append(encode_windows(vae, np.stack(rows)))
        partial = path.with_name("partial.npz")
        np.savez(
            partial,
            mean=np.concatenate(means),
            clip=np.array(numbers, dtype=np.int32),
        )
        partial.replace(path)
        log.info("%d of %d windows", part + len(numbers), len(plan))


def load_latents(folder: Path) -> LatentCache:
    """All parts together, in half precision."""
    parts = [np.load(path) for path in sorted(folder.glob("part-*.npz"))]
    if not parts:
        raise FileNotFoundError(f"no latents in {folder}: run the stage 'latents' first")
    return LatentCache(
        np.concatenate([part["mean"] for part in parts]),
        np.concatenate([part["clip"] for part in parts]),
    )
