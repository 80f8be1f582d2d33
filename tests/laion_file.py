"""A small CLAP, saved as LAION saves its own, with a tokenizer where the models page puts it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import torch
from original_clap import Clap
from original_sizes import Sizes
from tiny_model import save_tokenizer

from soundstudio.core.catalogue_table import TOKENIZER, WEIGHTS_FOLDER

if TYPE_CHECKING:
    from pathlib import Path


def save_laion_clap(
    models_folder: Path, sizes: Sizes | None = None, *, prefix: str = "module.", seed: int = 0
) -> tuple[Path, Clap]:
    """Write the file beside the tokenizer; the network that it holds."""
    tokenizer = models_folder / WEIGHTS_FOLDER / TOKENIZER
    tokenizer.mkdir(parents=True, exist_ok=True)
    vocabulary = save_tokenizer(tokenizer, "bpe")["vocab_size"]
    torch.manual_seed(seed)
    clap = Clap(dataclasses.replace(sizes or Sizes(), vocabulary=vocabulary)).eval()
    clap.audio_branch.bn0.running_mean.uniform_(-30, -10)
    clap.audio_branch.bn0.running_var.uniform_(50, 200)
    path = models_folder / "630k-audioset-best.pt"
    state = {prefix + name: tensor for name, tensor in clap.state_dict().items()}
    torch.save({"epoch": 45, "name": "a run", "state_dict": state}, path)
    return path, clap
