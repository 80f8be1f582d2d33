"""A real fine-tuning of the starter model, as the window orders it, to measure beside."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from soundstudio.audio.files import Sound, write_wav
from soundstudio.core.finetuning import FinetuneOrder, FinetuneSettings
from soundstudio.core.paths import HOME_VARIABLE
from soundstudio.core.run_files import RunFolder, read_status
from soundstudio.core.run_orders import claim_run
from soundstudio.dataset.dataset import read_dataset, save_dataset
from soundstudio.jobs.run_process import end_by_force, start_process

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 16000
CAPTIONS = ("rain on a tin roof", "a dog barks", "heavy thunder", "a church bell rings")
EVERY_STEP = 25
PATIENCE_S = 300


def training_order(home: Path, clips: int = 24, duration_s: float = 5.0) -> FinetuneOrder:
    """Clips in `home`, looked at as the wizard does, and the order to train on them.

    With a validation every 25 steps: its sounds, scores and checkpoint are part of the load.
    """
    folder = home / "clips to train on"
    for number in range(clips):
        caption = CAPTIONS[number % len(CAPTIONS)]
        write_wav(folder / f"{caption} {number}.wav", made_sound(number, duration_s), "PCM_16")
    file = home / "clips.jsonl"
    save_dataset(read_dataset(folder), file)
    settings = FinetuneSettings(method="full", steps=1_000_000, validate_every=EVERY_STEP)
    return FinetuneOrder("load", settings, str(file))


def made_sound(number: int, duration_s: float) -> Sound:
    """A tone of its own pitch in noise, fading: no two are near duplicates."""
    rng = np.random.default_rng(number)
    time_s = np.arange(round(duration_s * RATE)) / RATE
    tone = np.sin(2 * np.pi * rng.uniform(100, 3000) * time_s) * np.exp(-time_s * rng.uniform(0, 3))
    samples = 0.3 * tone + rng.uniform(0.01, 0.1) * rng.standard_normal(len(time_s))
    return Sound(samples.astype(np.float32)[None], RATE)


@contextmanager
def training() -> Iterator[RunFolder]:
    """A run whose process has made its first steps; it is ended in the end."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        os.environ[HOME_VARIABLE] = scratch  # the process keeps encoded clips and the model there
        run = claim_run(training_order(home), home / "runs")
        process = start_process(run)
        try:
            ends_at = time.monotonic() + PATIENCE_S
            while not has_begun(run):
                if process.poll() is not None or time.monotonic() > ends_at:
                    raise SystemExit(f"the training does not begin:\n{run.log.read_text()}")
                time.sleep(0.2)
            yield run
            if process.poll() is not None:
                raise SystemExit(f"the training ended:\n{run.log.read_text()}")
        finally:
            end_by_force(run, process)
            process.wait()


def has_begun(run: RunFolder) -> bool:
    return steps_of(run) > 0


def steps_of(run: RunFolder) -> int:
    """How many steps the run has made."""
    status = read_status(run)
    return status.step if status is not None else 0
