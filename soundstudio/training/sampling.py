"""Sounds of the weights in training: the engine's own sampling with another UNet in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.requests import GenerationRequest
from soundstudio.engine.audioldm import AudioLDM, Condition
from soundstudio.engine.devices import Device, precision_of
from soundstudio.engine.loading import build_part

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from soundstudio.core.finetuning import FinetuneSettings
    from soundstudio.engine.devices import DeviceKind
    from soundstudio.engine.model_folder import ModelFolder


def sampling_model(files: ModelFolder, unet: Any, device: str) -> AudioLDM:
    """An AudioLDM in float32 whose UNet is `unet`; it has no text tower and embeds no prompts."""
    kind = cast("DeviceKind", device)
    return AudioLDM(
        row=row_of_folder(files.folder),
        files=files,
        device=Device(kind, kind),
        dtype="float32",
        precision=precision_of("float32"),
        text_tower=None,
        unet=unet,
        vae=build_part(files.parts["vae"]).float().to(device),
        vocoder=build_part(files.parts["vocoder"]).float().to(device),
    )


def sample_sound(
    model: AudioLDM,
    wanted: torch.Tensor,
    empty: torch.Tensor,
    settings: FinetuneSettings,
    seed: int,
    frames: int,
) -> npt.NDArray[np.float32]:
    """One sound [samples] of `frames` mel frames, from a unit embedding [embedding].

    Raises OutOfMemoryError, DeviceError.
    """
    length = frames * model.hop_samples
    request = GenerationRequest(
        prompt="",
        duration_s=length / model.sample_rate,
        guidance=settings.guidance,
        steps=settings.sampling_steps,
        seed=seed,
    )
    condition = Condition(wanted, empty if settings.guidance > 1 else None)
    latent = model.denoise(condition, request, [seed])[0]
    return model.decode(latent, length)
