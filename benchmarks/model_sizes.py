"""AudioLDM s, m and l at full size: time and memory, each run in a process of its own.

    python benchmarks/model_sizes.py [s m l] [--device cpu|cuda] [--duration S] [--quick]

Random weights in the published configurations, both towers included. For each size: the folder to
the first step, 5.12 s of sound as draft, normal and fine (unless --quick), a sound like a clip, and
the peak of the process's memory; of each quality also when decoding begins, and when the first
piece of the sound is there. Beside it AudioLDMPipeline in float32 with DDIM, whose 200 steps (the
authors' number) are reckoned from two runs of `--pipeline-steps` and half of them. A model's file
is made once and lies in the page cache when it is loaded ("warm disk").
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from engine_speed import finish, peak_gib
from generation_speed import PROMPT, S_SIZE, S_TOWER, TESTS

from soundstudio.audio.files import Sound, write_wav
from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.qualities import QUALITIES
from soundstudio.core.requests import GenerationRequest
from soundstudio.engine.surroundings import prepare_surroundings

if TYPE_CHECKING:
    from soundstudio.core.progress import Progress

LIBRARIES = (
    "diffusers.models.autoencoders.autoencoder_kl",
    "diffusers.models.unets.unet_2d_condition",
    "transformers.models.clap.modeling_clap",
    "transformers.models.speecht5.modeling_speecht5",
)
AUTHORS_STEPS = 200
VOCABULARY = 50_265
WIDTHS = {"s": (128, 256, 384, 640), "m": (192, 384, 576, 960), "l": (256, 512, 768, 1280)}
# CLAP's audio tower in AudioLDM-m: HTSAT-base.
M_TOWER = S_TOWER["audio"] | {
    "patch_embeds_hidden_size": 128, "depths": [2, 2, 12, 2], "hidden_size": 1024
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", choices=[*WIDTHS, []], default=[])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--pipeline-steps", type=int, default=20)
    parser.add_argument("--duration", type=float, default=5.12, metavar="S")
    parser.add_argument("--quick", action="store_true", help="draft only, no pipeline")
    parser.add_argument("--child", nargs=2, metavar=("WHAT", "FOLDER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    prepare_surroundings()
    if args.child is not None:
        what, folder = args.child
        facts = engine(Path(folder), args) if what == "engine" else pipeline(Path(folder), args)
        print(json.dumps(facts))
        return
    for size in args.sizes or list(WIDTHS):
        with tempfile.TemporaryDirectory() as scratch:
            folder = build(Path(scratch) / size, size)
            facts = in_a_process("engine", folder)
            if not args.quick:
                facts |= in_a_process("pipeline", folder)
        print(f"AudioLDM-{size}", json.dumps(facts, indent=1), flush=True)


def build(folder: Path, size: str) -> Path:
    """A folder of AudioLDM's published configuration with random weights."""
    sys.path.insert(0, str(TESTS))
    from tiny_model import build_tiny_model

    widths = list(WIDTHS[size])
    parts = S_SIZE | S_TOWER
    parts["unet"] = S_SIZE["unet"] | {"block_out_channels": widths, "cross_attention_dim": widths}
    parts["text"] = S_SIZE["text"] | {"vocab_size": VOCABULARY}
    if size == "m":
        parts["audio"] = M_TOWER
    build_tiny_model(folder, **parts)
    fill_vocabulary(folder / "tokenizer" / "tokenizer.json", VOCABULARY)
    return folder


def fill_vocabulary(path: Path, size: int) -> None:
    """Words that nobody says, so that the tokenizer is as large as the text tower."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    missing = size - tokenizer.get_vocab_size()
    tokenizer.add_tokens([f"\u2402{number}" for number in range(missing)])
    tokenizer.save(str(path))


def in_a_process(what: str, folder: Path) -> dict[str, Any]:
    options = [word for word in sys.argv[1:] if word not in WIDTHS]
    command = [sys.executable, __file__, "--child", what, str(folder), *options]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    facts: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return facts


def engine(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    asked = time.perf_counter()
    from soundstudio.engine.loading import load_model
    from soundstudio.generation.generate import generate

    # What loading imports by itself, here: a program's start is not a model's.
    for module in LIBRARIES:
        importlib.import_module(module)
    imported = time.perf_counter()
    model = load_model(row_of_folder(folder), args.device, args.dtype)
    facts: dict[str, Any] = {"device": model.device.title, "dtype": model.dtype}
    facts["import_s"] = imported - asked
    reached: list[tuple[str, int, float]] = []

    def progress(where: Progress) -> None:
        reached.append((where.stage, where.step, time.perf_counter()))

    def first(stage: str, step: int) -> float:
        return next(when for name, done, when in reached if (name, done) == (stage, step))

    def seconds(request: GenerationRequest) -> float:
        reached.clear()
        started = time.perf_counter()
        next(generate(model, request, progress))
        finish(args.device)
        return time.perf_counter() - started

    wish = GenerationRequest(prompt=PROMPT, duration_s=args.duration, seed=1)
    for quality in QUALITIES[:1] if args.quick else QUALITIES:
        started = time.perf_counter()
        facts[f"{quality.id}_s"] = seconds(quality.applied_to(wish))
        facts.setdefault("folder_to_first_step_s", first("sampling", 1) - imported)
        facts[f"{quality.id}_to_decoding_s"] = first("decoding", 0) - started
        facts[f"{quality.id}_to_first_piece_s"] = first("decoding", 1) - started
    # The first sound also sorts and transforms weights.
    facts["draft_again_s"] = seconds(replace(QUALITIES[0].applied_to(wish), seed=2))
    clip = folder / "clip.wav"
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 80_000)).astype(np.float32)
    write_wav(clip, Sound(noise, 16_000), "PCM_24")
    like = GenerationRequest(prompt="", like=str(clip), duration_s=args.duration, steps=1)
    facts["like_one_step_s"] = seconds(like)
    facts["engine_peak_gib"] = peak_gib(args.device)
    return facts


def pipeline(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    import torch

    from soundstudio.engine.devices import limit_threads

    sys.path.insert(0, str(TESTS))
    from pipeline_oracle import pipeline_of

    limit_threads()
    model = pipeline_of(folder).to(args.device)

    def seconds(steps: int) -> float:
        started = time.perf_counter()
        model(
            PROMPT,
            audio_length_in_s=args.duration,
            num_inference_steps=steps,
            guidance_scale=2.5,
            generator=[torch.Generator().manual_seed(1)],
        )
        finish(args.device)
        return time.perf_counter() - started

    seconds(1)
    many, few = seconds(args.pipeline_steps), seconds(args.pipeline_steps // 2)
    step = (many - few) / (args.pipeline_steps - args.pipeline_steps // 2)
    return {
        f"pipeline_{args.pipeline_steps}_steps_s": many,
        f"pipeline_{AUTHORS_STEPS}_steps_s_reckoned": many
        + step * (AUTHORS_STEPS - args.pipeline_steps),
        "pipeline_peak_gib": peak_gib(args.device),
    }


if __name__ == "__main__":
    main()
