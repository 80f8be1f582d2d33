"""Weight files: read without running anything in them, and checked against their network."""

from __future__ import annotations

import logging
import pickle
import struct
import warnings
from typing import TYPE_CHECKING, Any, Final

import torch

from soundstudio.core.errors import ModelError
from soundstudio.core.file_digest import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

log = logging.getLogger(__name__)

# What unpickling arbitrary bytes ends in.
_UNREADABLE: Final = (
    pickle.UnpicklingError, OSError, EOFError, ValueError, RuntimeError, LookupError, TypeError,
    AttributeError, AssertionError, struct.error,
)  # fmt: skip


def sha256_of(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes. Raises ModelError if it cannot be read."""
    try:
        return sha256_of_file(path)
    except OSError as error:
        raise ModelError(
            f"The weights file {path} cannot be read: {error.strerror or error}."
        ) from error


def read_state(path: Path, expected: str) -> dict[str, torch.Tensor]:
    """The tensors of a .pth or .safetensors file; `expected` names the file that is wanted.

    PANNs' files hold them under the key `model`. Raises ModelError.
    """
    if not path.is_file():
        raise ModelError(f"There is no weights file {path}.", f"Expected is {expected}.")
    try:
        content = _content(path)
    except _UNREADABLE as error:
        log.info("%s: %s", path, error)
        raise ModelError(
            f"{path.name} is damaged, or holds more than weights.", f"Expected is {expected}."
        ) from error
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        content = content["model"]
    if not isinstance(content, dict) or not all(
        isinstance(value, torch.Tensor) for value in content.values()
    ):
        raise ModelError(f"{path.name} holds no table of weights.", f"Expected is {expected}.")
    return {str(key): value for key, value in content.items()}


def _content(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except SafetensorError as error:
            raise ValueError(str(error)) from error
    with warnings.catch_warnings():
        # torch guesses aloud at what a foreign file may be; the caller says what it is not.
        warnings.simplefilter("ignore")
        return torch.load(path, map_location="cpu", weights_only=True)


def fill(
    network: torch.nn.Module, state: Mapping[str, torch.Tensor], file_name: str, expected: str
) -> None:
    """Load `state` into `network`, as float32; every tensor must fit and be finite.

    Raises ModelError, which says what was expected and what does not fit.
    """
    wanted = network.state_dict()
    missing = [key for key in wanted if key not in state]
    unknown = [key for key in state if key not in wanted]
    wrong = [
        f"{key} is {list(state[key].shape)} instead of {list(value.shape)}"
        for key, value in wanted.items()
        if key in state and state[key].shape != value.shape
    ]
    problems = [f"{key} is missing" for key in missing] + wrong
    problems += [f"{key} has no place" for key in unknown]
    if problems:
        raise ModelError(
            f"{file_name} belongs to another network: {problems[0]}"
            + (f" (and {len(problems) - 1} more)." if len(problems) > 1 else "."),
            f"Expected is {expected}.",
        )
    for key, value in state.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ModelError(
                f"{file_name} is damaged: {key} holds values that are not numbers.",
                f"Expected is {expected}.",
            )
    network.load_state_dict(dict(state))
    network.requires_grad_(False)
    network.eval()
