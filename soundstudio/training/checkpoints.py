"""Checkpoints of a run: the newest two, each whole or not there."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.atomic_file import TEMPORARY_SUFFIX
from soundstudio.core.errors import RunError, explain_os_error
from soundstudio.training.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

    from soundstudio.core.run_files import RunFolder

log = logging.getLogger(__name__)

CHECKPOINT_VERSION: Final = 1
_KEPT: Final = 2


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that training goes on from. notes: sentences about newer ones that were damaged."""

    step: int
    tensors: dict[str, torch.Tensor]
    facts: dict[str, Any]
    notes: tuple[str, ...] = field(default=())


def save_checkpoint(
    run: RunFolder, step: int, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]
) -> int:
    """Write the checkpoint of `step`, then forget all but the newest two; returns its bytes.

    Raises StorageError; the older ones are then still there.
    """
    path = run.checkpoints / f"step-{step:08d}.safetensors"
    try:
        run.checkpoints.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, "writing a checkpoint") from error
    size = write_tensors(path, tensors, {"version": CHECKPOINT_VERSION, "step": step, **facts})
    for old in _paths(run)[:-_KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()
    return size


def load_checkpoint(run: RunFolder) -> Checkpoint | None:
    """The newest checkpoint that is whole, None if none was written yet.

    A damaged one is removed, and a note says so.
    Raises RunError: all are damaged, or one is from a newer version.
    """
    notes: list[str] = []
    for path in reversed(_paths(run)):
        try:
            tensors, facts = read_tensors(path)
        except RunError as error:
            log.warning("%s", error.message)
            notes.append(
                f"The checkpoint {path.name} was damaged; the run goes on from the one before."
            )
            with contextlib.suppress(OSError):
                path.unlink()
            continue
        if facts["version"] > CHECKPOINT_VERSION:
            raise RunError(
                f"The run “{run.name}” was made by a newer version of Sound Studio; "
                "update to go on."
            )
        return Checkpoint(int(facts["step"]), tensors, facts, tuple(notes))
    if notes:
        raise RunError(
            f"All checkpoints of the run “{run.name}” are damaged.",
            "Start a new run under another name; the encoded clips are still there.",
        )
    return None


def newest_step(run: RunFolder) -> int:
    """The step of the newest checkpoint by its name, 0 if there is none: nothing is read."""
    paths = _paths(run)
    return int(paths[-1].stem.removeprefix("step-")) if paths else 0


def remove_leftovers(run: RunFolder) -> None:
    """Delete what a killed process was just writing. Only with the run's lock in hand."""
    for folder in (run.folder, run.checkpoints):
        if folder.is_dir():
            for path in folder.glob(f".*{TEMPORARY_SUFFIX}"):
                with contextlib.suppress(OSError):
                    path.unlink()


def _paths(run: RunFolder) -> list[Path]:
    return sorted(run.checkpoints.glob(f"step-{'[0-9]' * 8}.safetensors"))
