"""Runs the frozen parts over a dataset, once: VAE posteriors and CLAP embeddings into the cache."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.progress import Progress, ProgressCallback, ignore_progress
from soundstudio.engine.clap import ClipEncoder
from soundstudio.engine.failures import explained_failures
from soundstudio.engine.loading import build_part
from soundstudio.engine.text_tower import TextTower
from soundstudio.training.encodings import Posterior
from soundstudio.training.front_end import read_segment, segment_mel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.audio.files import Sound
    from soundstudio.dataset.clips import DatasetClip
    from soundstudio.engine.model_folder import ModelFolder
    from soundstudio.training.encodings import EncodingCache


log = logging.getLogger(__name__)

EMPTY_PROMPT: Final = ""
_ENTRY_BYTES: Final = 600  # what a file of the cache takes beside its numbers


@dataclass(frozen=True, slots=True)
class Missing:
    """What the cache lacks. bytes_needed: on the disk, to be added."""

    posteriors: tuple[DatasetClip, ...]
    sounds: tuple[DatasetClip, ...]
    texts: tuple[str, ...]
    bytes_needed: int

    @property
    def count(self) -> int:
        return len(self.posteriors) + len(self.sounds) + len(self.texts)

    def share(self, rank: int, processes: int) -> Missing:
        """What process number `rank` of several encodes."""
        return Missing(
            self.posteriors[rank::processes],
            self.sounds[rank::processes],
            self.texts[rank::processes],
            self.bytes_needed // processes,
        )


def texts_of(clips: Sequence[DatasetClip]) -> tuple[str, ...]:
    """All captions, once each, and the empty prompt."""
    return tuple(dict.fromkeys([EMPTY_PROMPT, *(clip.caption for clip in clips)]))


def find_missing(cache: EncodingCache, clips: Sequence[DatasetClip], files: ModelFolder) -> Missing:
    """Read all entries; those that are not there or damaged are missing."""
    posteriors = tuple(clip for clip in clips if cache.posterior(clip) is None)
    sounds: tuple[DatasetClip, ...] = ()
    if files.has_audio_tower:
        sounds = tuple(clip for clip in clips if cache.sound_embedding(clip) is None)
    texts = tuple(text for text in texts_of(clips) if cache.text_embedding(text) is None)
    vae, unet = files.parts["vae"].config, files.parts["unet"].config
    cells = cache.frames * int(files.parts["vocoder"].config.get("model_in_dim", 64))
    scale = 2 ** (len(vae["block_out_channels"]) - 1)
    latent = int(unet["in_channels"]) * cells // scale**2
    embedding = int(unet["projection_class_embeddings_input_dim"])
    needed = len(posteriors) * (8 * latent + _ENTRY_BYTES)
    needed += (len(sounds) + len(texts)) * (4 * embedding + _ENTRY_BYTES)
    return Missing(posteriors, sounds, texts, needed)


def encode(
    cache: EncodingCache,
    missing: Missing,
    files: ModelFolder,
    device: str,
    progress: ProgressCallback = ignore_progress,
) -> None:
    """Fill the cache. Loads only the networks that have something to do.

    Each clip goes through by itself, so that its value does not depend on its neighbours. What was
    done stays if `progress` raises. Raises AudioFileError, ModelError, StorageError,
    OutOfMemoryError, DeviceError.
    """
    done = 0

    def report() -> None:
        nonlocal done
        done += 1
        progress(Progress("encoding", done, missing.count))

    if missing.count:
        progress(Progress("encoding", 0, missing.count))
    if missing.posteriors:
        vae = build_part(files.parts["vae"]).float().to(device)
        for clip in missing.posteriors:
            cache.keep_posterior(clip, encode_posterior(vae, read_segment(clip), cache.frames))
            report()
        del vae
    if missing.sounds:
        listener = ClipEncoder.load(files, device)
        for clip in missing.sounds:
            sound = read_segment(clip)
            embedding = listener.embed_condition(sound.mono(), sound.sample_rate)
            cache.keep_sound_embedding(clip, embedding.cpu().numpy())
            report()
        del listener
    if missing.texts:
        reader = TextTower.load(files, device)
        for text in missing.texts:
            cache.keep_text_embedding(text, reader.embed(text)[0].cpu().numpy())
            report()


def encode_posterior(vae: Any, sound: Sound, frames: int) -> Posterior:
    """The VAE's posterior of a sound, padded or cut to `frames` mel frames, in float32."""
    import torch

    mel = torch.from_numpy(segment_mel(sound, frames))[None, None]
    with torch.inference_mode(), explained_failures("encoding the clips"):
        distribution = vae.encode(mel.to(next(vae.parameters()).device)).latent_dist
        mean, log_variance = distribution.mean[0], distribution.logvar[0]
        return Posterior(mean.float().cpu().numpy(), log_variance.float().cpu().numpy())
