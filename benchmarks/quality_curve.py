"""What steps, samplers and shortcuts cost in quality: the bundled scores, setting by setting.

    python benchmarks/quality_curve.py ESC50_FOLDER --rows ROWS.jsonl [--sounds 8] [--model FOLDER]
    python benchmarks/quality_curve.py --rows ROWS.jsonl --picture docs/pictures/quality-curve.png

Each setting makes the same `--sounds` seeds of each class of a folder in ESC-50's layout, and is
scored against all its clips: FD, FAD, the share of sounds whose nearest real clip is of the right
class, and the mean CLAP score. `departure` is how far the sounds lie from those that the same seeds
end in with 100 steps of dpm++, in dB of the log-mel: what a shortcut changes, whether or not a
score hears it. The mean over all sounds hangs on the few that become others (silence instead of
noise is 50 dB); the median says what happens to most. Rows are appended as they come, so a run
that was stopped goes on where it was. `calls` is what one sound costs: half-batches that go through
the UNet.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from soundstudio.audio.files import Sound, read_sound
from soundstudio.audio.mel import log_mel
from soundstudio.benchmark.layouts import read_dataset
from soundstudio.benchmark.prompts import prompt_of
from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.paths import resource
from soundstudio.core.qualities import NORMAL
from soundstudio.core.requests import GenerationRequest, guided_of
from soundstudio.engine.loading import load_model
from soundstudio.engine.nearest import nearest_of
from soundstudio.engine.surroundings import prepare_surroundings
from soundstudio.evaluation.backbones import ClipFeatures, load_bundled
from soundstudio.evaluation.scores import compute_scores
from soundstudio.generation.generate import generate

if TYPE_CHECKING:
    from soundstudio.engine.audioldm import AudioLDM
    from soundstudio.evaluation.backbones import Backbone

DURATION_S = 5.0
DB_PER_NEPER = 20 / np.log(10)


@dataclass(frozen=True)
class Setting:
    """One point of the curve."""

    sampler: str
    steps: int
    guidance: float = 2.5
    guided_share: float = NORMAL.guided_share
    candidates: int = 1

    @property
    def name(self) -> str:
        parts = [self.sampler, f"{self.steps} steps"]
        if self.guided_share != Setting.guided_share and self.guidance > 1:
            parts.append(f"{self.guided_share:.0%} guided")
        if self.guidance != Setting.guidance:
            parts.append(f"guidance {self.guidance:g}")
        if self.candidates > 1:
            parts.append(f"best of {self.candidates}")
        return ", ".join(parts)

    @property
    def calls(self) -> int:
        """Half-batches through the UNet for one sound (heun evaluates twice but once)."""
        evaluations = 2 * self.steps - 1 if self.sampler == "heun" else self.steps
        guided = guided_of(self.guided_share, evaluations) if self.guidance > 1 else 0
        return (evaluations + guided) * self.candidates


EXACT = Setting("dpm++", 100)
SETTINGS = (
    EXACT,
    *(Setting("dpm++", steps) for steps in (4, 6, 8, 10, 12, 15, 20, 30, 50)),
    *(Setting("dpm++", steps, guided_share=1.0) for steps in (6, 15, 50)),
    *(Setting("dpm++", 15, guided_share=share) for share in (0.25, 0.75)),
    *(Setting("unipc", steps) for steps in (6, 8, 10, 15, 20)),
    *(Setting("ddim", steps) for steps in (20, 50)),
    *(Setting("dpm++", 15, guidance=scale) for scale in (1.0, 1.5, 3.5)),
    *(Setting("euler-a", steps) for steps in (20, 50)),
    *(Setting("euler", steps) for steps in (8, 20)),
    Setting("heun", 10),
    Setting("dpm++", 15, candidates=3),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--sounds", type=int, default=8, help="of each class (default: 8)")
    parser.add_argument("--model", type=Path, default=resource("models", "starter"))
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args()
    if args.folder is not None:
        prepare_surroundings()
        curve = Curve(args.folder, args.model, args.sounds, args.rows)
        for setting in SETTINGS:
            curve.measure(setting)
    rows = read_rows(args.rows)
    print_table(rows)
    if args.picture is not None:
        draw(rows, args.picture)


def read_rows(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row["name"]: row for row in rows}


class Curve:
    """Measures settings against the clips of a folder."""

    def __init__(self, folder: Path, model: Path, sounds: int, rows: Path) -> None:
        self.rows = rows
        self.sounds = sounds
        self.model: AudioLDM = load_model(row_of_folder(model))
        self.backbone: Backbone = load_bundled()
        clips = read_dataset("esc50", folder).clips
        self.labels = [prompt_of(clip) for clip in clips]
        print(f"listening to {len(clips)} clips", file=sys.stderr)
        self.real = [self.backbone.features(read_sound(clip.path)) for clip in clips]
        self.exact_path = rows.with_suffix(".exact.npy")

    def measure(self, setting: Setting) -> None:
        if setting.name in read_rows(self.rows):
            return
        labels, mels, scores = [], [], []
        features: list[ClipFeatures] = []
        for place, label in enumerate(sorted(set(self.labels))):
            request = GenerationRequest(
                prompt=label,
                duration_s=DURATION_S,
                sampler=setting.sampler,
                steps=setting.steps,
                guidance=setting.guidance,
                guided_share=setting.guided_share,
                candidates=setting.candidates,
                seed=1000 * place,
                variations=self.sounds,
            )
            for sound in generate(self.model, request):
                features.append(
                    self.backbone.features(Sound(sound.samples[None], sound.sample_rate))
                )
                mels.append(log_mel(sound.samples))
                labels.append(label)
                scores.append(sound.clap_score)
        if setting == EXACT:
            np.save(self.exact_path, np.stack(mels))
        row = {"name": setting.name, "calls": setting.calls, **vars(setting)}
        row |= self.scores_of(features, labels)
        row["clap"] = float(np.mean([score for score in scores if score is not None]))
        each = self.departures(np.stack(mels))
        row["departure_db"] = float(np.sqrt(np.mean(each**2)))
        row["median_departure_db"] = float(np.median(each))
        with self.rows.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)

    def scores_of(self, features: list[ClipFeatures], labels: list[str]) -> dict[str, float]:
        scores = compute_scores(features, self.real, draws=100).by_key()
        nearest, _ = nearest_of(
            np.stack([one.embedding for one in features]),
            np.stack([one.embedding for one in self.real]),
        )
        right = [self.labels[place] == label for place, label in zip(nearest, labels, strict=True)]
        found = {"accuracy": float(np.mean(right)), "sounds": float(len(labels))}
        for key in ("fd", "is", "fad"):
            score = scores[key]
            if score is not None:
                found[key] = score.value
                if score.interval is not None:
                    low, high = score.interval.low, score.interval.high
                    found |= {f"{key}_low": low, f"{key}_high": high}
        return found

    def departures(self, mels: np.ndarray) -> np.ndarray:
        """RMS [sounds] over the cells of a log-mel's difference from the exact one, in dB."""
        difference = mels - np.load(self.exact_path)
        rms: np.ndarray = np.sqrt(np.mean(difference**2, axis=(1, 2))) * DB_PER_NEPER
        return rms


def print_table(rows: dict[str, dict[str, Any]]) -> None:
    print("| setting | calls | FD | FAD | right class | CLAP | departure, dB | its median |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for row in rows.values():
        print(
            f"| {row['name']} | {row['calls']} | {row['fd']:.1f} | {row['fad']:.3f} "
            f"| {row['accuracy']:.2f} | {row['clap']:.3f} | {row['departure_db']:.1f} "
            f"| {row['median_departure_db']:.1f} |"
        )


def draw(rows: dict[str, dict[str, Any]], path: Path) -> None:
    """FD, right class and median departure by a sound's calls, a line for each sampler."""
    from matplotlib.figure import Figure

    measures = (
        ("fd", "FD (bundled)"),
        ("accuracy", "right class"),
        ("median_departure_db", "dB off"),
    )
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    plain = [r for r in rows.values() if r["guidance"] == Setting.guidance and r["candidates"] == 1]
    lines = sorted({(row["sampler"], row["guided_share"]) for row in plain})
    for axes, (key, title) in zip(figure.subplots(1, len(measures)), measures, strict=True):
        for sampler, share in lines:
            points = sorted(
                (row["calls"], row[key])
                for row in plain
                if (row["sampler"], row["guided_share"]) == (sampler, share)
            )
            name = f"{sampler}, {share:.0%} guided"
            axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=name)
        axes.set_xscale("log")
        axes.set_xlabel("half-batches through the UNet")
        axes.set_title(title)
        axes.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
