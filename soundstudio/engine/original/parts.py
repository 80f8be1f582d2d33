"""What a converter takes and gives: tensors by name, and how names are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from soundstudio.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    Tensors = Mapping[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class ConvertedPart:
    """One part of a model: its class's configuration, and its tensors by that class's names."""

    config: dict[str, Any]
    tensors: dict[str, torch.Tensor]


def below(tensors: Tensors, prefix: str) -> dict[str, torch.Tensor]:
    """The tensors whose names begin with `prefix`, without it."""
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def need(tensors: Tensors, name: str, part: str) -> torch.Tensor:
    """One tensor. Raises ModelError if it is missing."""
    if name not in tensors:
        raise missing(part, name)
    return tensors[name]


def missing(part: str, name: str) -> ModelError:
    return ModelError(
        f"The checkpoint is no whole AudioLDM: its {part} lacks {name}.",
        "Download it again, or choose one of AudioLDM's original .ckpt files.",
    )


def foreign(part: str, name: str) -> ModelError:
    return ModelError(
        f"The checkpoint is of another kind: no AudioLDM has {name} in its {part}.",
        "Choose one of AudioLDM's original .ckpt files.",
    )


def numbers_after(tensors: Tensors, prefix: str) -> list[int]:
    """The sorted numbers that follow `prefix` in the names: 0, 1 … of a list of layers."""
    found = set()
    for name in tensors:
        if name.startswith(prefix):
            number = name[len(prefix) :].partition(".")[0]
            if number.isdecimal():
                found.add(int(number))
    return sorted(found)
