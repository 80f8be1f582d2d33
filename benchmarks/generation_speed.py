"""How fast sounds come: our loop against diffusers' AudioLDMPipeline, and from a cold start.

    python benchmarks/generation_speed.py                  # the starter model
    python benchmarks/generation_speed.py FOLDER           # any model folder
    python benchmarks/generation_speed.py --random-s       # AudioLDM-s' size, random weights

Both programs run in one process in turns (A B A B), with the same folder, prompt, steps, sampler
and threads; the table gives the medians and their ratio. Cold starts are whole processes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.paths import resource
from soundstudio.core.requests import GenerationRequest
from soundstudio.engine.surroundings import prepare_surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

TESTS = Path(__file__).resolve().parents[1] / "tests"
PROMPT = "rain on a tin roof"
# AudioLDM-s as published: 421 M parameters.
S_SIZE: dict[str, dict[str, Any]] = {
    "unet": {
        "block_out_channels": [128, 256, 384, 640],
        "cross_attention_dim": [128, 256, 384, 640],
        "layers_per_block": 2,
        "norm_num_groups": 32,
        "projection_class_embeddings_input_dim": 512,
    },
    "vae": {"block_out_channels": [128, 256, 512], "layers_per_block": 2, "norm_num_groups": 32},
    "vocoder": {
        "upsample_initial_channel": 1024,
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5]] * 3,
    },
    "text": {
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
        "max_position_embeddings": 514,
        "projection_dim": 512,
    },
}
# CLAP's audio tower in AudioLDM-s: HTSAT-tiny.
S_TOWER: dict[str, dict[str, Any]] = {
    "audio": {
        "spec_size": 256,
        "window_size": 8,
        "num_mel_bins": 64,
        "patch_embeds_hidden_size": 96,
        "depths": [2, 2, 6, 2],
        "num_attention_heads": [4, 8, 16, 32],
        "hidden_size": 768,
        "projection_dim": 512,
    },
    "features": {"feature_size": 64, "max_length_s": 10},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=resource("models", "starter"))
    parser.add_argument("--random-s", action="store_true")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--duration", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cold-starts", type=int, default=3)
    args = parser.parse_args()
    prepare_surroundings()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder
        if args.random_s:
            sys.path.insert(0, str(TESTS))
            from tiny_model import build_tiny_model

            folder = build_tiny_model(Path(scratch) / "s", audio_tower=False, **S_SIZE)
        print(f"{folder.name}, {args.duration:g} s, {args.steps} steps of dpm++")
        print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
        cold = [cold_start(folder, args, Path(scratch)) for _ in range(args.cold_starts)]
        warm = in_turns(folder, args)
    report(cold, warm)


def cold_start(folder: Path, args: argparse.Namespace, scratch: Path) -> float:
    """Seconds of a whole process from nothing to a sound on the disk."""
    command = [sys.executable, "-m", "soundstudio", "generate", PROMPT, "--model", str(folder)]
    options = ["--steps", str(args.steps), "--duration", str(args.duration)]
    started = time.perf_counter()
    subprocess.run(
        [*command, *options, "-o", str(scratch / "cold.wav")], check=True, capture_output=True
    )
    return time.perf_counter() - started


def in_turns(folder: Path, args: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of each warm generation, the programs one after the other in every round."""
    request = GenerationRequest(prompt=PROMPT, steps=args.steps, duration_s=args.duration)
    programs = {
        "ours, auto": ours(folder, request, "auto"),
        "AudioLDMPipeline": theirs(folder, request),
        "ours, float32": ours(folder, request, "float32"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(args.rounds + 1):
        for name, program in programs.items():
            started = time.perf_counter()
            program(number)
            if number:  # the first round warms up
                seconds[name].append(time.perf_counter() - started)
    return seconds


def ours(folder: Path, request: GenerationRequest, dtype: str) -> Callable[[int], None]:
    import dataclasses

    from soundstudio.engine.loading import load_model
    from soundstudio.generation.generate import generate

    model = load_model(row_of_folder(folder), "cpu", dtype)
    print(f"ours, {dtype}: {json.dumps(dataclasses.asdict(model.precision))}")
    return lambda seed: list(generate(model, dataclasses.replace(request, seed=seed)))[:0] and None


def theirs(folder: Path, request: GenerationRequest) -> Callable[[int], None]:
    import torch

    warnings.simplefilter("ignore")
    from diffusers import AudioLDMPipeline, DPMSolverMultistepScheduler

    pipeline = AudioLDMPipeline.from_pretrained(
        folder, local_files_only=True, torch_dtype=torch.float32
    )
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(
        pipeline.scheduler.config, timestep_spacing="trailing", steps_offset=0
    )
    pipeline.set_progress_bar_config(disable=True)

    def run(seed: int) -> None:
        pipeline(
            request.prompt,
            audio_length_in_s=request.duration_s,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            generator=torch.Generator().manual_seed(seed),
        )

    return run


def report(cold: list[float], warm: dict[str, list[float]]) -> None:
    print("\n| what | seconds | least to most | AudioLDMPipeline takes |\n|---|---|---|---|")
    if cold:
        print(f"| cold start to the file | {statistics.median(cold):.2f} | {span(cold)} | |")
    base = statistics.median(warm["AudioLDMPipeline"])
    for name, seconds in warm.items():
        middle = statistics.median(seconds)
        print(f"| {name} | {middle:.2f} | {span(seconds)} | {base / middle:.2f} × as long |")
    print(f"\nload average after: {os.getloadavg()[0]:.1f}")


def span(seconds: list[float]) -> str:
    return f"{min(seconds):.2f} to {max(seconds):.2f}"


if __name__ == "__main__":
    main()
