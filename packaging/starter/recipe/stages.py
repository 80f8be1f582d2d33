"""The stages of the recipe in order; each finds what earlier ones left in the work folder."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import torch
from diffusers import AutoencoderKL
from transformers import BertTokenizer, ClapTextModelWithProjection

from recipe.assemble import assemble
from recipe.captions import concept_of_family
from recipe.clap import cache_features, embed_features, train_audio_tower
from recipe.clips import Clip, load_clips, load_real, save_clips
from recipe.diffusion import train_diffusion
from recipe.judging import judge
from recipe.latents import cache_latents
from recipe.synthesis import synthesise
from recipe.text_tower import embed_texts, make_text_tower
from recipe.vae import fit_encoder, train_decoder
from recipe.vocoder import make_vocoder
from recipe.vocoder_trial import try_vocoders

if TYPE_CHECKING:
    from collections.abc import Callable

    from recipe.settings import Settings

log = logging.getLogger(__name__)


def make_clips(settings: Settings) -> None:
    """Read the real clips and synthesise the others, once."""
    folder = settings.folder("clips")
    if not (folder / "real.json").exists():
        save_clips(folder / "real", load_real(settings.sounds, settings.ucs_table))
    if not (folder / "synthetic.json").exists():
        made = synthesise(settings.synthetic_per_family, settings.seed)
        clips = [
            Clip(m.name, m.family, m.captions, m.waveform, False, concept_of_family(m.family))
            for m in made
        ]
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
    clips = gather_clips(settings)
    words = dict.fromkeys(word for clip in clips for word in clip.words)
    texts = list(dict.fromkeys([*captions_of(clips), *words, ""]))
    vectors = embed_texts(tower, tokenizer, texts)
    torch.save({"texts": texts, "vectors": vectors}, settings.folder("embeddings") / "text.pt")


def run_audio_tower(settings: Settings) -> None:
    """Train the audio tower on the cached captions, then embed every clip with it."""
    clips = gather_clips(settings)
    stored = torch.load(settings.folder("embeddings") / "text.pt", weights_only=True)
    position = {text: number for number, text in enumerate(stored["texts"])}
    positions = [np.array([position[text] for text in clip.captions]) for clip in clips]
    tower = train_audio_tower(settings, clips, stored["vectors"], positions)
    features = cache_features(settings, clips)[: len(clips)]
    torch.save(embed_features(tower, features), settings.folder("embeddings") / "audio.pt")


def run_diffusion(settings: Settings) -> None:
    """Train the UNet on what the other stages have cached."""
    vae = AutoencoderKL.from_pretrained(settings.folder("vae") / "encoder")
    train_diffusion(settings, gather_clips(settings), float(vae.config.scaling_factor))


STAGES: dict[str, Callable[[Settings], object]] = {
    "clips": make_clips,
    "text": lambda settings: make_text_tower(settings, captions_of(gather_clips(settings))),
    "encoder": lambda settings: fit_encoder(settings, gather_clips(settings)),
    "decoder": lambda settings: train_decoder(settings, gather_clips(settings)),
    "vocoder": make_vocoder,
    "vocoder-trial": lambda settings: try_vocoders(settings, gather_clips(settings)),
    "latents": lambda settings: cache_latents(settings, gather_clips(settings)),
    "embeddings": cache_text,
    "clap": run_audio_tower,
    "diffusion": run_diffusion,
    "assemble": assemble,
    "judge": judge,
}


def run_stage(name: str, settings: Settings) -> None:
    """Run one stage by name."""
    log.info("stage %s", name)
    STAGES[name](settings)
