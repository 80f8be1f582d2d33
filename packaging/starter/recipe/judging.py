"""Generate what the judge's prompts ask for, and judge it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import soundfile as sf
import torch
from diffusers import AudioLDMPipeline

from recipe.clips import load_clips
from recipe.judge import (
    Reference,
    Score,
    centred,
    forbidden_prompts,
    judged_categories,
    load_reference,
    markdown,
    nearest_categories,
    overall,
    prompts_of,
    recentre,
    save_report,
    scores,
)
from recipe.judge_embedding import SoundEffectEmbedding, embed_sounds
from recipe.sampling import decode, sample_latents, starting_noise
from recipe.settings import SAMPLE_RATE_HZ, Settings
from recipe.text_tower import embed_texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Trial:
    """How the judged sounds are made."""

    frames: int = 16
    guidance: float = 3.0
    steps: int = 20
    seeds: tuple[int, ...] = (0, 1, 2, 3)
    prompts_each: int = 5
    keep_waves: bool = True


def cached_reference(settings: Settings, ear: SoundEffectEmbedding) -> Reference:
    """The real clips' embeddings, computed once."""
    path = settings.folder("judge") / "reference.npz"
    if not path.exists():
        folders = [settings.sounds, *([settings.library] if settings.library else [])]
        made = load_reference(folders, ear)
        np.savez(path, vectors=made.vectors, category=made.category, recording=made.recording)
    stored = np.load(path)
    return Reference(stored["vectors"], stored["category"], stored["recording"])


def generate(
    pipeline: AudioLDMPipeline, prompts: Sequence[str], trial: Trial
) -> list[list[FloatArray]]:
    """For each prompt one waveform per seed."""
    texts = embed_texts(pipeline.text_encoder, pipeline.tokenizer, [*prompts, ""])
    made = []
    for number, prompt in enumerate(prompts):
        noise = starting_noise([seed * 1000 + number for seed in trial.seeds], trial.frames)
        latents = sample_latents(
            pipeline.unet,
            noise,
            texts[number : number + 1].expand(len(trial.seeds), -1),
            texts[-1:],
            guidance=trial.guidance,
            steps=trial.steps,
        )
        waves = list(decode(pipeline.vae, pipeline.vocoder, latents)[1])
        made.append(waves)
        if number % 10 == 9:
            log.info("%d of %d prompts, last: %s", number + 1, len(prompts), prompt)
    return made


def keep(folder: Path, prompt: str, waves: Sequence[FloatArray]) -> None:
    """Write the sounds for listening."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, wave in enumerate(waves):
        sf.write(folder / f"{prompt.replace(' ', '-')}-{seed}.flac", wave * 0.9, SAMPLE_RATE_HZ)


def run_trial(settings: Settings, pipeline: AudioLDMPipeline, trial: Trial) -> list[Score]:
    """Generate and score; the rows are worst first."""
    captions = [
        caption
        for name in ("real", "synthetic")
        for clip in load_clips(settings.folder("clips") / name)
        for caption in clip.captions
    ]
    known = forbidden_prompts(captions)
    if known:
        raise ValueError(f"prompts that occur in captions: {known}")
    ear = SoundEffectEmbedding(settings.aisfx)
    reference, mean = centred(cached_reference(settings, ear))
    judged = judged_categories(reference)
    asked = [item for n, item in enumerate(prompts_of(judged)) if n % 5 < trial.prompts_each]
    made = generate(pipeline, [prompt for _, prompt in asked], trial)
    answers: dict[int, list[int]] = {number: [] for number in judged}
    for (number, prompt), waves in zip(asked, made, strict=True):
        vectors = recentre(embed_sounds(ear, waves, SAMPLE_RATE_HZ), mean)
        answers[number] += [int(a) for a in nearest_categories(reference, vectors)]
        if trial.keep_waves:
            keep(settings.folder("judge") / "sounds", prompt, waves)
    return scores(reference, {k: np.array(v) for k, v in answers.items()}, judged)


def judge(settings: Settings) -> None:
    """The whole judgement of the assembled folder, written as a report."""
    pipeline = AudioLDMPipeline.from_pretrained(settings.output, torch_dtype=torch.float32)
    trial = Trial(seeds=settings.judge_seeds, frames=settings.judge_frames)
    rows = run_trial(settings, pipeline, trial)
    save_report(rows, settings.folder("judge") / "report")
    real, made, ratio = overall(rows)
    log.info("real %.3f, made %.3f, ratio %.3f\n%s", real, made, ratio, markdown(rows))
