"""One optimiser step of the training against two others: encoding anew, and plain diffusers.

    python benchmarks/training_step.py [--duration 5.12] [--batch 2] [--rounds 5] [--device cpu]
    python benchmarks/training_step.py --condition audio --dtype float32
    python benchmarks/training_step.py --tiny --rounds 2         # to try this program out

AudioLDM-s's sizes with random weights, full fine-tuning, in turns (A B C A B C) in one process:
A, the trainer's step on cached clips, as a run makes it; B, the same step of the same trainer, but
each batch goes through the VAE's encoder and CLAP anew, with the functions that fill the cache; C,
a loop over diffusers' parts with accelerate, written as diffusers' training examples are, whose
latents and embeddings lie ready in memory. All three learn with AdamW, average their weights and
compute in the same precision. Prints a Markdown table; exits with 1 if A is not at least 2 × as
fast as B, or more than 5 % slower than C.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from diffusers.optimization import get_scheduler
from diffusers.training_utils import EMAModel
from engine_speed import finish
from finetune_memory import made_clips
from generation_speed import S_SIZE, S_TOWER, TESTS

from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.core.run_files import read_description
from soundstudio.engine.clap import ClipEncoder
from soundstudio.engine.loading import build_part
from soundstudio.engine.surroundings import prepare_surroundings
from soundstudio.engine.text_tower import TextTower
from soundstudio.training.draws import Draws
from soundstudio.training.encoding import encode_posterior
from soundstudio.training.examples import Examples
from soundstudio.training.front_end import read_segment
from soundstudio.training.new_run import begin_run
from soundstudio.training.preparation import Prepared, make_accelerator, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from soundstudio.dataset.clips import DatasetClip
    from soundstudio.engine.model_folder import ModelFolder
    from soundstudio.training.encodings import Posterior

    FloatArray = npt.NDArray[np.float32]

LEAST_GAIN = 2.0
NOISE = 1.05  # so much slower than plain diffusers counts as the clock's doing
CLIPS = 8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--duration", type=float, default=5.12, help="of the clips, in seconds")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", choices=("cpu", "cuda", "mps"), default="cpu")
    parser.add_argument("--dtype", default="auto", help="as finetune's: auto, float32, bfloat16 …")
    parser.add_argument("--condition", choices=("text", "audio"), default="text")
    parser.add_argument("--tiny", action="store_true", help="a tiny model; nothing is judged")
    parser.add_argument("--profile", action="store_true", help="what A and C spend their time on")
    args = parser.parse_args()
    prepare_surroundings()
    sys.path.insert(0, str(TESTS))
    from tiny_model import build_tiny_model

    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        sizes = {} if args.tiny else S_SIZE | S_TOWER
        model = build_tiny_model(home / "model", **sizes)
        steps = make_steps(home, model, args)
        if args.profile:
            profile(steps)
            return 0
        seconds = in_turns(steps, args.rounds, args.device)
    gain, share = report(seconds)
    return 0 if args.tiny or (gain >= LEAST_GAIN and share <= NOISE) else 1


def make_steps(
    home: Path, model: Path, args: argparse.Namespace
) -> dict[str, Callable[[int], Any]]:
    """Name → what makes step number n, in the order of the turns."""
    settings = FinetuneSettings(
        model=str(model), method="full", condition=args.condition, batch_size=args.batch,
        micro_batch=args.batch, device=args.device, dtype=args.dtype,
    )  # fmt: skip
    dataset = made_clips(home / "clips", max(CLIPS, args.batch), args.duration)
    run = begin_run(
        "run",
        settings,
        lambda: dataset,
        runs_folder=home / "runs",
        models_folder=home / "models",
        cache_folder=home / "cache",
    )
    accelerator = make_accelerator(settings)
    prepared = prepare(accelerator, read_description(run), dataset)
    trainer = prepared.trainer
    cached = trainer.examples
    anew = examples_anew(prepared, dataset.clips)
    plain = PlainLoop(prepared.files, cached, dataset.clips, settings)
    print(
        f"Batch {args.batch}, clips of {args.duration:g} s, condition {args.condition}, "
        f"{trainer.weights / 1e6:.1f} million weights, {accelerator.device.type}, precision "
        f"{accelerator.mixed_precision.replace('no', 'float32')}, {torch.get_num_threads()} threads"
    )

    def ours(examples: Examples) -> Callable[[int], Any]:
        def step(number: int) -> float:
            trainer.examples = examples
            return trainer.step(number).loss

        return step

    losses = []
    for examples in (cached, anew):
        trainer.examples = examples
        losses.append(trainer.accumulate(0, args.batch))
        trainer.forget_gradients()
    if losses[0] != losses[1]:
        raise SystemExit(f"A and B do not make the same step: losses {losses[0]}, {losses[1]}")
    return {
        "A: ours, cached": ours(cached),
        "B: ours, encoding anew": ours(anew),
        "C: plain diffusers, cached": plain.step,
    }


class EncodingAnew:
    """Answers as the cache does, by asking the frozen networks every time."""

    def __init__(self, files: ModelFolder, frames: int, device: str) -> None:
        self._frames = frames
        self._vae: Any = build_part(files.parts["vae"]).float().to(device)
        self._reader = TextTower.load(files, device)
        self._listener = ClipEncoder.load(files, device)

    def posterior(self, clip: DatasetClip) -> Posterior:
        return encode_posterior(self._vae, read_segment(clip), self._frames)

    def text_embedding(self, text: str) -> FloatArray:
        return self._reader.embed(text)[0].cpu().numpy()

    def sound_embedding(self, clip: DatasetClip) -> FloatArray:
        sound = read_segment(clip)
        embedding: FloatArray = (
            self._listener.embed_condition(sound.mono(), sound.sample_rate).cpu().numpy()
        )
        return embedding


def examples_anew(prepared: Prepared, clips: Sequence[DatasetClip]) -> Examples:
    """The very same examples, drawn by the same chance, from networks in place of the cache."""
    settings = prepared.trainer.settings
    device = prepared.trainer.accelerator.device.type
    cache: Any = EncodingAnew(prepared.files, prepared.cache.frames, device)
    draws = Draws(
        settings.seed,
        len(clips),
        prepared.objective.timesteps,
        settings.batch_size,
        settings.condition_dropout,
    )
    scaling = float(prepared.files.parts["vae"].config.get("scaling_factor", 1.0))
    return Examples(cache, clips, draws, settings.condition, scaling, hears=True)


class PlainLoop:
    """What somebody writes who follows diffusers' training examples."""

    def __init__(
        self,
        files: ModelFolder,
        examples: Examples,
        clips: Sequence[DatasetClip],
        settings: FinetuneSettings,
    ) -> None:
        self.accelerator = make_accelerator(settings)
        self.scheduler = DDPMScheduler.from_pretrained(files.folder / "scheduler")
        heads = files.parts["unet"].config["attention_head_dim"]
        unet = UNet2DConditionModel.from_pretrained(files.folder / "unet", attention_head_dim=heads)
        unet.train()
        self.average = EMAModel(unet.parameters(), decay=settings.ema_decay, foreach=True)
        self.average.to(self.accelerator.device)
        optimizer = torch.optim.AdamW(
            unet.parameters(),
            lr=settings.learning_rate,
            betas=(settings.beta1, settings.beta2),
            weight_decay=settings.weight_decay,
        )
        warm_up = get_scheduler(
            "constant_with_warmup", optimizer, num_warmup_steps=settings.warmup_steps
        )
        self.scaling = float(files.parts["vae"].config.get("scaling_factor", 1.0))
        self.dropout = settings.condition_dropout
        rows = [(examples.posterior(clip), examples.condition(clip)) for clip in clips]
        data = torch.utils.data.TensorDataset(
            torch.stack([torch.from_numpy(posterior.mean) for posterior, _ in rows]),
            torch.stack([torch.from_numpy(posterior.log_variance) for posterior, _ in rows]),
            torch.stack([torch.from_numpy(condition) for _, condition in rows]),
        )
        loader = torch.utils.data.DataLoader(
            data, batch_size=settings.batch_size, shuffle=True, drop_last=True
        )
        self.unet, self.optimizer, self.loader, self.warm_up = self.accelerator.prepare(
            unet, optimizer, loader, warm_up
        )
        self.batches = iter(self.loader)

    def step(self, _: int) -> float:
        mean, log_variance, conditions = self.next_batch()
        latents = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        latents = latents * self.scaling
        keeps = torch.rand(len(conditions), 1, device=conditions.device) >= self.dropout
        noise = torch.randn_like(latents)
        timesteps = torch.randint(
            0, self.scheduler.config.num_train_timesteps, (len(latents),), device=latents.device
        )
        noisy = self.scheduler.add_noise(latents, noise, timesteps)
        prediction = self.unet(
            noisy,
            timesteps,
            encoder_hidden_states=None,
            class_labels=conditions * keeps,
            return_dict=False,
        )[0]
        loss = torch.nn.functional.mse_loss(prediction.float(), noise.float())
        self.accelerator.backward(loss)
        self.optimizer.step()
        self.warm_up.step()
        self.optimizer.zero_grad()
        self.average.step(self.unet.parameters())
        return loss.detach().item()

    def next_batch(self) -> Any:
        try:
            return next(self.batches)
        except StopIteration:
            self.batches = iter(self.loader)
            return next(self.batches)


def in_turns(
    steps: dict[str, Callable[[int], Any]], rounds: int, device: str
) -> dict[str, list[float]]:
    """Seconds of each step; the first round only warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    number = 0
    for turn in range(rounds + 1):
        for name, step in steps.items():
            started = time.perf_counter()
            step(number)
            finish(device)
            if turn:
                seconds[name].append(time.perf_counter() - started)
            number += 1
    return seconds


def report(seconds: dict[str, list[float]]) -> tuple[float, float]:
    """Print the table; how much faster A is than B, and what share of C's time it takes."""
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    cached, anew, plain = medians.values()
    print("\n| step | median, s | least to most | as long as A |\n|---|--:|--:|--:|")
    for name, taken in seconds.items():
        print(
            f"| {name} | {medians[name]:.3f} | {min(taken):.3f} to {max(taken):.3f} "
            f"| {medians[name] / cached:.2f} × |"
        )
    print(f"\nAgainst encoding anew {anew / cached:.2f} × as fast (asked: {LEAST_GAIN:g} ×).")
    print(f"Against plain diffusers {plain / cached:.2f} × as fast (asked: not slower).")
    return anew / cached, cached / plain


def profile(steps: dict[str, Callable[[int], Any]]) -> None:
    """What one step of A and of C spends its time on, by operator."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    if torch.cuda.is_available():
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    for name, step in steps.items():
        if name.startswith("B"):
            continue
        step(0)
        with torch.profiler.profile(activities=activities) as recorded:
            step(1)
        print(f"\n{name}")
        rows = recorded.key_averages()
        print(rows.table(sort_by="self_cpu_time_total", row_limit=16, max_name_column_width=48))


if __name__ == "__main__":
    sys.exit(main())
