"""The stages of the recipe in order; each finds what earlier ones left in the work folder."""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from diffusers import AutoencoderKL
from transformers import BertTokenizer, ClapTextModelWithProjection

from .clips import Clip, load_clips, load_real, save_clips
from .diffusion import train_diffusion
from .latents import cache_latents
from .settings import Settings
from .synthesis import synthesise
from .text_tower import embed_texts, train_text_tower
from .vae import train_vae
from .vocoder import train_vocoder

log = logging.getLogger(__name__)


def make_clips(settings: Settings) -> None:
    """Read the real clips and synthesise the others, once."""
    folder = settings.folder("clips")
    if not (folder / "real.json").exists():
        save_clips(folder / "real", load_real(settings.sounds))
    if not (folder / "synthetic.json").exists():
        made = synthesise(settings.synthetic_per_family, settings.seed)
        clips = [Clip(m.name, m.family, m.captions, m.waveform, False) for m in made]
        save_clips(folder / "synthetic", clips)


def gather_clips(settings: Settings) -> list[Clip]:
    """Real clips first, then the synthetic ones."""
    make_clips(settings)
    folder = settings.folder("clips")
    return load_clips(folder / "real") + load_clips(folder / "synthetic")


def captions_of(clips: list[Clip]) -> list[str]:
    """Distinct captions of all clips."""
    return list(dict.fromkeys(text for clip in clips for text in clip.captions))


def cache_text(settings: Settings) -> None:
    """Embed every caption and the empty prompt once."""
    folder = settings.folder("text")
    tower = ClapTextModelWithProjection.from_pretrained(folder / "model")
    tokenizer = BertTokenizer.from_pretrained(folder / "tokenizer")
    texts = [*captions_of(gather_clips(settings)), ""]
    vectors = embed_texts(tower, tokenizer, texts)
    torch.save({"texts": texts, "vectors": vectors}, settings.folder("embeddings") / "text.pt")


def run_diffusion(settings: Settings) -> None:
    """Train the UNet on what the other stages have cached."""
    vae = AutoencoderKL.from_pretrained(settings.folder("vae") / "model")
    train_diffusion(settings, gather_clips(settings), float(vae.config.scaling_factor))


STAGES: dict[str, Callable[[Settings], object]] = {
    "clips": make_clips,
    "text": lambda settings: train_text_tower(settings, captions_of(gather_clips(settings))),
    "vae": lambda settings: train_vae(settings, gather_clips(settings)),
    "vocoder": lambda settings: train_vocoder(settings, gather_clips(settings)),
    "latents": lambda settings: cache_latents(settings, gather_clips(settings)),
    "embeddings": cache_text,
    "diffusion": run_diffusion,
}


def run_stage(name: str, settings: Settings) -> None:
    """Run one stage by name."""
    log.info("stage %s", name)
    STAGES[name](settings)
