"""The engine against diffusers' AudioLDMPipeline in float32, at AudioLDM-s' size, on one device.

    python benchmarks/engine_speed.py                       # random weights, processor
    python benchmarks/engine_speed.py --device cuda         # the same on a graphics card
    python benchmarks/engine_speed.py FOLDER --steps 50     # any model folder

A B A B in one process: same folder, noise, steps and sampler (DDIM, eta 0), so that the sounds can
be compared as well. Tells the ratio of the medians, the difference of the sounds, the peak of
memory, load to first step, how long a cancellation takes, and with --profile what a run spends its
time on. `generation_speed.py` has cold starts and the precision that is chosen by itself.
"""

from __future__ import annotations

import argparse
import resource as process_resources
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from generation_speed import PROMPT, S_SIZE, TESTS

from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.core.requests import GenerationRequest
from soundstudio.engine.loading import load_model
from soundstudio.engine.surroundings import prepare_surroundings
from soundstudio.generation.generate import generate

if TYPE_CHECKING:
    import numpy as np

    from soundstudio.engine.audioldm import AudioLDM


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--duration", type=float, default=5.12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    prepare_surroundings()
    sys.path.insert(0, str(TESTS))
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder
        if folder is None:
            from tiny_model import build_tiny_model

            folder = build_tiny_model(Path(scratch) / "s", audio_tower=False, **S_SIZE)
        measure(folder, args)


def measure(folder: Path, args: argparse.Namespace) -> None:
    request = GenerationRequest(
        prompt=PROMPT, sampler="ddim", steps=args.steps, duration_s=args.duration, seed=7
    )
    started = time.perf_counter()
    model = load_model(row_of_folder(folder), args.device, "float32")
    loaded_s = time.perf_counter() - started
    asked = time.perf_counter()
    stopped_s = stop_after(model, request, 1)
    first_step_s = time.perf_counter() - asked
    print(f"load to first step: {loaded_s + first_step_s:.2f} s ({loaded_s:.2f} s of it loading)")
    print(f"from a cancellation to the end of the work: {stopped_s * 1000:.1f} ms")
    if args.profile:
        profile(model, request)
    print(f"peak of memory, engine alone: {peak_gib(args.device):.2f} GiB")
    in_turns(model, folder, request, args)
    print(f"peak of memory, both: {peak_gib(args.device):.2f} GiB")


def stop_after(model: AudioLDM, request: GenerationRequest, steps: int) -> float:
    """Seconds from the wish to cancel, uttered while a step runs, to the end of the work."""
    wished = 0.0

    def progress(where: Progress) -> None:
        nonlocal wished
        if where.stage == "sampling" and where.step == steps - 1:
            wished = time.perf_counter()  # the worst moment: the next step just begins
        if where.stage == "sampling" and where.step == steps:
            raise Cancelled

    try:
        list(generate(model, request, progress))
    except Cancelled:
        finish(model.device.kind)
    return time.perf_counter() - wished


def in_turns(
    model: AudioLDM, folder: Path, request: GenerationRequest, args: argparse.Namespace
) -> None:
    from pipeline_oracle import pipeline_of, relative_rms

    pipeline = pipeline_of(folder).to(args.device)
    seconds: dict[str, list[float]] = {"engine": [], "AudioLDMPipeline": []}
    sounds: dict[str, np.ndarray] = {}
    for number in range(args.rounds + 1):
        for name, taken in seconds.items():
            started = time.perf_counter()
            is_ours = name == "engine"
            sounds[name] = ours(model, request) if is_ours else theirs(pipeline, request)
            finish(args.device)
            if number:  # the first round warms up
                taken.append(time.perf_counter() - started)
    for name, taken in seconds.items():
        print(f"{name}: {statistics.median(taken):.2f} s ({min(taken):.2f} to {max(taken):.2f})")
    ratio = statistics.median(seconds["AudioLDMPipeline"]) / statistics.median(seconds["engine"])
    print(f"AudioLDMPipeline takes {ratio:.2f} × as long")
    print(
        f"difference: {relative_rms(sounds['engine'], sounds['AudioLDMPipeline']):.1e} of the RMS"
    )


def ours(model: AudioLDM, request: GenerationRequest) -> np.ndarray:
    return next(generate(model, request)).samples


def theirs(pipeline: Any, request: GenerationRequest) -> np.ndarray:
    sounds: np.ndarray = pipeline(
        request.prompt,
        audio_length_in_s=request.duration_s,
        num_inference_steps=request.steps,
        guidance_scale=request.guidance,
        generator=[torch.Generator().manual_seed(request.seed)],
    ).audios
    return sounds[0]


def profile(model: AudioLDM, request: GenerationRequest) -> None:
    """What one step and one decoding spend their time on, by operator."""
    import dataclasses

    activities = [torch.profiler.ProfilerActivity.CPU]
    if model.device.kind == "cuda":
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=activities) as recorded:
        ours(model, dataclasses.replace(request, steps=1))
        finish(model.device.kind)
    order = "self_cuda_time_total" if model.device.kind == "cuda" else "self_cpu_time_total"
    print(recorded.key_averages().table(sort_by=order, row_limit=8, max_name_column_width=40))


def finish(device: str) -> None:
    """Wait for what a graphics card still computes."""
    if device == "cuda":
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()


def peak_gib(device: str) -> float:
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**30
    used = process_resources.getrusage(process_resources.RUSAGE_SELF).ru_maxrss
    return used * (1 if sys.platform == "darwin" else 1024) / 2**30


if __name__ == "__main__":
    main()
