"""Peak memory of full fine-tuning and of LoRA, each in a process of its own.

    python benchmarks/finetune_memory.py [--duration 10] [--batch 2] [--steps 2] [--tiny]

AudioLDM-s's sizes with random weights, on the processor in float32: a run from its folder to its
finished model, without validations. Prints a table, and exits with 1 if LoRA's peak is more than
half of full fine-tuning's. The clips are encoded beforehand, in a third process, so that the peaks
are those of training.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from generation_speed import S_SIZE, TESTS

from soundstudio.audio.files import Sound, write_wav
from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.dataset.clips import DatasetClip, DatasetOptions
from soundstudio.dataset.dataset import Dataset
from soundstudio.training.new_run import begin_run

ALLOWED_SHARE = 0.5
ENCODING = """
import sys
from pathlib import Path
from soundstudio.core.run_files import RunFolder, read_description
from soundstudio.dataset.dataset import load_dataset
from soundstudio.training import preparation
run = RunFolder(Path(sys.argv[1]))
description = read_description(run)
preparation.make_trainer = lambda *_: (None, "")
accelerator = preparation.make_accelerator(description.settings)
preparation.prepare(accelerator, description, load_dataset(run.dataset))
"""
TRAINING = """
import json, resource, sys
from pathlib import Path
from soundstudio.core.run_files import RunFolder
from soundstudio.training.run import train_run
run = RunFolder(Path(sys.argv[1]))
status = train_run(run, say=lambda text: print(text, file=sys.stderr))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
peak *= 1 if sys.platform == "darwin" else 1024
size = max(path.stat().st_size for path in run.checkpoints.iterdir())
print(json.dumps({"peak": peak, "checkpoint": size, **status.estimate}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--duration", type=float, default=10.0, help="of the clips, in seconds")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--tiny", action="store_true", help="to try this program out")
    args = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    from tiny_model import build_tiny_model

    print(f"Batch {args.batch}, clips of {args.duration:g} s, {args.steps} steps\n")
    print("| method | million weights learn | peak, MB | estimated, MB | checkpoint, MB "
          "| s a step | s in all |\n|---|---|---|---|---|---|---|")  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        sizes = {} if args.tiny else S_SIZE
        model = build_tiny_model(home / "model", audio_tower=False, **sizes)
        clips = made_clips(home / "clips", args.batch, args.duration)
        peaks = {}
        for method in ("full", "lora"):
            settings = FinetuneSettings(
                model=str(model), method=method, steps=args.steps, batch_size=args.batch,
                micro_batch=args.batch, validate_every=0, device="cpu", dtype="float32",
            )  # fmt: skip
            run = begin_run(
                method,
                settings,
                lambda: clips,
                runs_folder=home / "runs",
                models_folder=home / "models",
                cache_folder=home / "cache",
            )
            if method == "full":
                subprocess.run([sys.executable, "-c", ENCODING, str(run.folder)], check=True)
            started = time.perf_counter()
            answer = subprocess.run(
                [sys.executable, "-c", TRAINING, str(run.folder)],
                check=True,
                stdout=subprocess.PIPE,
            )
            found = json.loads(answer.stdout.splitlines()[-1])
            peaks[method] = found["peak"]
            print(
                f"| {method} | {found['learned_weights'] / 1e6:.2f} | {found['peak'] / 1e6:,.0f} "
                f"| {found['memory_bytes'] / 1e6:,.0f} | {found['checkpoint'] / 1e6:,.1f} "
                f"| {found['seconds_per_step']:.2f} | {time.perf_counter() - started:.0f} |",
                flush=True,
            )
    share = peaks["lora"] / peaks["full"]
    print(f"\nLoRA's peak is {share:.0%} of full fine-tuning's.")
    return int(share > ALLOWED_SHARE)


def made_clips(folder: Path, count: int, duration_s: float) -> Dataset:
    """Noise: the memory does not care what is heard."""
    clips = []
    for number in range(count):
        samples = np.random.default_rng(number).standard_normal((1, round(duration_s * 16000)))
        path = folder / f"{number}.wav"
        write_wav(path, Sound(0.1 * samples.astype(np.float32), 16000), "PCM_16")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        clips.append(
            DatasetClip(
                path=path,
                caption="rain on a tin roof",
                label=None,
                recording=path.name,
                split="train",
                start_s=0.0,
                duration_s=duration_s,
                content=digest,
            )
        )
    return Dataset(folder, tuple(clips), (), DatasetOptions())


if __name__ == "__main__":
    sys.exit(main())
