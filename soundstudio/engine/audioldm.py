"""AudioLDM's parts together: prompt → embedding → latents → waveform."""

from __future__ import annotations

import logging
import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.growing_sound import SoundPiece
from soundstudio.core.errors import DeviceError, ModelError
from soundstudio.core.progress import Progress, ProgressCallback, ignore_progress
from soundstudio.core.requests import guided_of
from soundstudio.engine.devices import torch_dtype
from soundstudio.engine.failures import explained_failures
from soundstudio.engine.heap import trim_heap
from soundstudio.engine.samplers import build_schedule
from soundstudio.engine.vocoding import pieces_of, vocode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt
    import torch

    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.core.requests import GenerationRequest
    from soundstudio.engine.clap import ClipEncoder
    from soundstudio.engine.devices import Device, DtypeName, Precision
    from soundstudio.engine.model_folder import ModelFolder
    from soundstudio.engine.text_tower import TextTower

log = logging.getLogger(__name__)

# The original implementation's guard: latents that ran away are clipped (LatentDiffusion's
# generate_sample in haoheliu/AudioLDM). AudioLDMPipeline has none, so neither has DDIM here.
_RUNAWAY: Final = 100.0
_CLIPPED_TO: Final = 10.0
_PROMPT_CACHE_SIZE: Final = 64


@dataclass(frozen=True, slots=True)
class Condition:
    """What the model is told: unit embeddings [embedding] for and against, and notes on them.

    against: None when guidance is off.
    """

    wanted: torch.Tensor
    against: torch.Tensor | None
    notes: tuple[str, ...] = ()


class AudioLDM:
    """A loaded model. Not thread-safe; one generation at a time."""

    def __init__(
        self,
        *,
        row: CatalogueRow,
        files: ModelFolder,
        device: Device,
        dtype: DtypeName,
        precision: Precision,
        text_tower: TextTower | None,
        **parts: Any,
    ) -> None:
        self.row = row
        self.files = files
        self.device = device
        self.dtype = dtype
        self.precision = precision
        self.text_tower = text_tower
        self.unet = parts["unet"]
        self.vae = parts["vae"]
        self.vocoder = parts["vocoder"]
        self._clip_encoder: ClipEncoder | None = None
        self._embedded: OrderedDict[str, tuple[torch.Tensor, str]] = OrderedDict()

    @property
    def sample_rate(self) -> int:
        return int(self.vocoder.config.sampling_rate)

    @property
    def hop_samples(self) -> int:
        """Samples that the vocoder makes of one mel frame."""
        return math.prod(self.vocoder.config.upsample_rates)

    @property
    def frames_per_latent(self) -> int:
        """Mel frames (and bands) that the VAE makes of one latent cell."""
        return int(2 ** (len(self.vae.config.block_out_channels) - 1))

    def length_samples(self, duration_s: float) -> int:
        return round(duration_s * self.sample_rate)

    def latent_shape(self, duration_s: float) -> tuple[int, int, int]:
        """[channels, time, frequency] of the latent that covers `duration_s`."""
        frames = math.ceil(self.length_samples(duration_s) / self.hop_samples)
        bands = int(self.vocoder.config.model_in_dim)
        time = math.ceil(frames / self.frames_per_latent)
        return int(self.unet.config.in_channels), time, bands // self.frames_per_latent

    def embed_prompt(self, prompt: str) -> tuple[torch.Tensor, str]:
        """The unit embedding [embedding] of `prompt`, and the part of it that did not fit."""
        if prompt in self._embedded:
            self._embedded.move_to_end(prompt)
            return self._embedded[prompt]
        if self.text_tower is None:
            raise TypeError("this model was loaded without its text tower")
        self._embedded[prompt] = self.text_tower.embed(prompt)
        if len(self._embedded) > _PROMPT_CACHE_SIZE:
            self._embedded.popitem(last=False)
        return self._embedded[prompt]

    @property
    def ear(self) -> ClipEncoder:
        """CLAP's audio tower, loaded when it is first asked for.

        Raises ModelError if the model has none.
        """
        from soundstudio.engine.clap import ClipEncoder

        if not self.files.has_audio_tower:
            raise ModelError(
                f"{self.row.title} cannot listen to a reference clip: it has no audio tower.",
                "Choose a model that can, or remove the clip.",
            )
        if self._clip_encoder is None:
            self._clip_encoder = ClipEncoder.load(self.files, self.device.kind)
        return self._clip_encoder

    def denoise(
        self,
        condition: Condition,
        request: GenerationRequest,
        seeds: Sequence[int],
        progress: ProgressCallback = ignore_progress,
        first_variation: int = 0,
    ) -> torch.Tensor:
        """Latents [seeds, channels, time, frequency], float32, on the device.

        Calls `progress` before the first step and after each; what it raises stops the work.
        All arithmetic but the UNet's own is float32. Raises OutOfMemoryError, DeviceError.
        """
        import torch

        if self.text_tower is not None:
            self.text_tower.rest()
        schedule = build_schedule(
            request.sampler, request.steps, self.files.scheduler, self.device.kind
        )
        generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        shape = (1, *self.latent_shape(request.duration_s))
        evaluations = len(schedule.timesteps)
        guided = guided_of(request.guided_share, evaluations)

        def report(done: int) -> None:
            # Some samplers evaluate the UNet twice in a step: people count steps.
            step = done * request.steps // evaluations
            progress(Progress("sampling", step, request.steps, first_variation, len(seeds)))

        with torch.inference_mode(), explained_failures("generating"):
            noise = torch.cat([torch.randn(shape, generator=g) for g in generators])
            latents = noise.to(self.device.kind) * schedule.initial_scale
            embeddings = _guided_batch(condition, len(seeds)).to(torch_dtype(self.precision.unet))
            wanted = embeddings[-len(seeds) :]
            report(0)
            for done, timestep in enumerate(schedule.timesteps, start=1):
                model_input = schedule.model_input(latents, timestep)
                rows = embeddings if done <= guided else wanted
                prediction = self._predict(model_input, timestep, rows, request.guidance)
                latents = schedule.step(prediction, timestep, latents, request.eta, generators)
                report(done)
            trim_heap()  # what the steps left behind: decoding makes the largest maps of all
            return self._checked(latents, clip=request.sampler != "ddim")

    def _predict(
        self,
        model_input: torch.Tensor,
        timestep: torch.Tensor,
        embeddings: torch.Tensor,
        guidance: float,
    ) -> torch.Tensor:
        """The UNet's prediction, guided: uncond + w (cond - uncond), both in one batch."""
        import torch

        count = model_input.shape[0]
        guided = embeddings.shape[0] == 2 * count
        batch = torch.cat([model_input, model_input]) if guided else model_input
        output: torch.Tensor = self.unet(
            batch.to(embeddings.dtype),
            timestep,
            encoder_hidden_states=None,
            class_labels=embeddings,
            return_dict=False,
        )[0]
        output = output.float()
        if not guided:
            return output
        against, wanted = output.chunk(2)
        return against + guidance * (wanted - against)

    def _checked(self, latents: torch.Tensor, clip: bool) -> torch.Tensor:
        import torch

        latents = latents.float()
        if not bool(torch.isfinite(latents).all()):
            advice = "Choose another sampler, fewer steps or a lower guidance."
            if self.dtype != "float32":
                advice = "Choose the precision float32, or a lower guidance."
            raise DeviceError(f"The model computed invalid numbers in {self.dtype}.", advice)
        if not clip:
            return latents
        # Each variation by itself: what one does must not depend on its neighbours.
        runaway = latents.abs().amax(dim=(1, 2, 3), keepdim=True) > _RUNAWAY
        return torch.where(runaway, latents.clamp(-_CLIPPED_TO, _CLIPPED_TO), latents)

    def decode(
        self,
        latent: torch.Tensor,
        length_samples: int,
        progress: ProgressCallback = ignore_progress,
        variation: int = 0,
        hear: Callable[[SoundPiece], None] | None = None,
    ) -> npt.NDArray[np.float32]:
        """The waveform [length_samples] of one latent [channels, time, frequency], untouched.

        Calls `progress` before the first piece and after each; what it raises stops the work.
        hear: is given each piece as soon as it is there.
        Raises OutOfMemoryError, DeviceError.
        """
        import numpy as np
        import torch

        def report(done: int, of: int) -> None:
            progress(Progress("decoding", done, of, variation))

        pieces = _Pieces(length_samples, self.sample_rate, hear)

        report(0, pieces_of(latent.shape[1] * self.frames_per_latent))
        with torch.inference_mode(), explained_failures("decoding the sound"):
            scaled = latent[None] / self.vae.config.scaling_factor
            mel = self.vae.decode(
                scaled.to(torch_dtype(self.precision.vae), memory_format=torch.channels_last),
                return_dict=False,
            )[0]
            mel = mel[0, 0].to(torch_dtype(self.precision.vocoder))
            trim_heap()
            pieces.begin()
            waveform = vocode(self.vocoder, mel, report, pieces.take)
            samples = waveform.float().cpu().numpy()[:length_samples]
        trim_heap()
        if not np.isfinite(samples).all():
            raise DeviceError(
                f"The model computed invalid numbers in {self.dtype}.",
                "Choose the precision float32.",
            )
        if len(samples) < length_samples:
            samples = np.pad(samples, (0, length_samples - len(samples)))
        return np.ascontiguousarray(samples, dtype=np.float32)


class _Pieces:
    """Cuts the vocoder's pieces to the sound's length and passes them on, with how long each took.

    What is no number is passed on to nobody: the whole will be refused.
    """

    def __init__(
        self, total: int, sample_rate: int, hear: Callable[[SoundPiece], None] | None
    ) -> None:
        self._total = total
        self._sample_rate = sample_rate
        self._hear = hear
        self._start = 0
        self._since_s = 0.0

    def begin(self) -> None:
        self._since_s = time.perf_counter()

    def take(self, waveform: torch.Tensor) -> None:
        import numpy as np

        if self._hear is None:
            return
        samples = waveform.float().cpu().numpy()[: self._total - self._start]
        now_s = time.perf_counter()
        if np.isfinite(samples).all():
            start, seconds = self._start, now_s - self._since_s
            self._hear(SoundPiece(samples, start, self._total, self._sample_rate, seconds))
        self._start += len(samples)
        self._since_s = now_s


def _guided_batch(condition: Condition, count: int) -> torch.Tensor:
    """Embeddings [2 count, embedding], the negative half first; [count, …] without guidance."""
    import torch

    rows = [condition.wanted.expand(count, -1)]
    if condition.against is not None:
        rows.insert(0, condition.against.expand(count, -1))
    return torch.cat(rows)
