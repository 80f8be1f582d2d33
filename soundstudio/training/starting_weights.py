"""The UNet that a training starts with: what of it learns, and from where."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from soundstudio.core.errors import ModelError
from soundstudio.engine.loading import build_part
from soundstudio.training.adapters import add_adapters
from soundstudio.training.draws import weights_seed
from soundstudio.training.frozen_layers import keep_less

if TYPE_CHECKING:
    from soundstudio.core.finetuning import FinetuneSettings
    from soundstudio.engine.model_folder import ModelFolder


def build_unet(files: ModelFolder, settings: FinetuneSettings) -> Any:
    """The UNet to train by the method of the settings, in float32; what learns requires gradients.

    Raises ModelError.
    """
    from soundstudio.training.quick_convolution import quicken_convolutions

    unet = _new_unet(files, settings) if settings.from_scratch else _model_unet(files)
    if settings.method == "lora":
        # What is frozen stays mapped from the model's file: the system may drop and read it again.
        add_adapters(unet, settings)
        keep_less(unet)
        return unet
    unet.requires_grad_(True)
    quicken_convolutions(unet)
    # Mapped from the model's file until now; training must not touch that.
    return _owned(unet)


def _model_unet(files: ModelFolder) -> Any:
    unet: Any = build_part(files.parts["unet"])
    return unet.float()


def _new_unet(files: ModelFolder, settings: FinetuneSettings) -> Any:
    """Of the model's shape, with random weights by the run's seed."""
    import torch

    from soundstudio.engine.narrow_convolution import mend_narrow_convolutions

    part = files.parts["unet"]
    unet_class = importlib.import_module("diffusers.models.unets.unet_2d_condition")
    config = {key: value for key, value in part.config.items() if not key.startswith("_")}
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(weights_seed(settings.seed))
            unet = unet_class.UNet2DConditionModel.from_config(config).float()
    except (TypeError, ValueError, KeyError) as error:
        raise ModelError(
            f"The model's UNet cannot be built from its configuration: {error}."
        ) from error
    mend_narrow_convolutions(unet)
    return unet


def _owned(unet: Any) -> Any:
    import torch

    with torch.no_grad():
        for parameter in unet.parameters():
            parameter.data = parameter.data.clone()
    return unet
