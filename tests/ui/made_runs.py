"""Folders of runs as the training leaves them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ui.conftest import write_tone

from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.core.paths import user_folders
from soundstudio.core.run_files import CurveRow, RunDescription, RunFolder, RunStatus
from soundstudio.core.run_sounds import ValidationSound

if TYPE_CHECKING:
    from pathlib import Path

PROMPTS = ("a dog barks", "rain on a tin roof")
NOTE = "The run overfits: on sounds it was not trained on it was best at step 20."


def sounds_of(run: RunFolder, step: int, *, copies: Path | None = None) -> None:
    """The sounds of a validation, louder the later."""
    sounds = []
    for number, prompt in enumerate(PROMPTS):
        file = f"{number:03d}-clip.wav"
        run.sounds(step).mkdir(parents=True, exist_ok=True)
        write_tone(run.sounds(step) / file, 0.6, 300 + 10 * step)
        is_copy = number == 0 and copies is not None
        sounds.append(ValidationSound(file, prompt, number, str(copies or ""), 0.5, 0.95, is_copy))
    rows = json.dumps([sound.to_dict() for sound in sounds])
    (run.sounds(step) / "sounds.json").write_text(rows, encoding="utf-8")


def validation(loss: float, fd: float) -> dict[str, Any]:
    return {
        "loss": loss, "training_loss": loss - 0.1, "copies": 0,
        "scores": {"fd": fd, "is": 1.5, "kl": 2.0, "fad": None},
    }  # fmt: skip


def write_run(name: str, rows: int = 40, every: int = 20, state: str = "stopped") -> RunFolder:
    """A run's folder as the training leaves it."""
    folders = user_folders()
    run = RunFolder(folders.runs / name)
    run.folder.mkdir(parents=True)
    settings = FinetuneSettings(steps=100, model="starter", batch_size=2, validate_every=every)
    description = RunDescription(
        name, "2026-03-04T05:06:07+00:00", settings,
        {"id": "starter", "title": "Starter model"}, str(folders.models), "/cache",
    )  # fmt: skip
    run.description.write_text(description.to_json(), encoding="utf-8")
    run.curves.write_text(
        "".join(
            CurveRow(
                step, 1.0 + 1.0 / step, 1e-3, 0.1,
                validation(0.8 - step / 100, 30.0 - step / 10) if step % every == 0 else None,
            ).to_json() + "\n"
            for step in range(1, rows + 1)
        ),
        encoding="utf-8",
    )  # fmt: skip
    run.before.write_text(json.dumps(validation(0.9, 35.0)), encoding="utf-8")
    status = RunStatus(
        state,  # type: ignore[arg-type]
        step=rows, steps=100, seconds_per_step=2.0, loss=1.025, notes=(NOTE,), model=name,
        best={"step": 20, "best_by": "loss", "value": 0.6},
        estimate={
            "method": "lora", "device": "cuda", "dtype": "bfloat16", "seconds": 7200.0,
            "seconds_per_step": 1.5, "memory_bytes": 5e9, "memory_free_bytes": None,
            "disk_bytes": 8e8, "disk_free_bytes": 9e10,
        },
    )  # fmt: skip
    run.status.write_text(json.dumps(status.to_dict()), encoding="utf-8")
    return run
