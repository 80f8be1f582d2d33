"""Scoring beside audioldm_eval 0.0.3: time, memory and the cache, on random weights.

    python benchmarks/scoring.py [ORACLE] [--pairs 400] [--seconds 5] [--only metrics,frechet,…]

ORACLE: the folder that `scoring_oracle.py` describes; without it there is no comparison with
audioldm_eval. Tables: `metrics` (all four on pairs of files, both in this process, one after the
other), `frechet` (2,048 dimensions against scipy's matrix root), `memory` (the peak of a process
that scores few and many clips), `cache` (the second scoring of a set).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg
import torch

if TYPE_CHECKING:
    from soundstudio.evaluation.statistics import GaussianStatistics

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

PARTS = ("metrics", "frechet", "memory", "cache")
RATE = 16_000
FEWEST = 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("oracle", type=Path, nargs="?")
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clips", type=int, default=10_000, help="of the memory table")
    parser.add_argument("--dimensions", type=int, default=2048)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory_of:
        return report_memory(args.memory_of)
    chosen = args.only.split(",")
    if unknown := set(chosen) - set(PARTS):
        parser.error(
            f"there is no table {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}"
        )
    if args.pairs < FEWEST or args.clips < 10 * FEWEST:
        parser.error(f"at least {FEWEST} pairs and {10 * FEWEST} clips make a score")
    print("| what | ours | other | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if "metrics" in chosen or "cache" in chosen:
            write_sets(folder, args.pairs, args.seconds)
            write_weights(folder)
        if "metrics" in chosen:
            metrics(folder, args.oracle)
        if "cache" in chosen:
            cached(folder)
        if "frechet" in chosen:
            frechet(args.dimensions)
        if "memory" in chosen:
            memory(folder, args.clips)
    return 0


def write_sets(folder: Path, pairs: int, seconds: float) -> None:
    from evaluation.random_networks import probe_waveform

    from soundstudio.audio.files import Sound, write_wav

    for place, name in enumerate(("generated", "reference")):
        for number in range(pairs):
            waveform = 0.6 * probe_waveform(2 * number + place, round(seconds * RATE))
            write_wav(folder / name / f"{number:05}.wav", Sound(waveform, RATE), "PCM_16")


def write_weights(folder: Path) -> None:
    from evaluation.random_networks import cnn14_state, vggish_state

    torch.save({"model": cnn14_state()}, folder / "panns.pth")
    torch.save(vggish_state(), folder / "vggish.pth")


def metrics(folder: Path, oracle_folder: Path | None) -> None:
    from soundstudio.evaluation.backbones import load_paper
    from soundstudio.evaluation.scoring import score_folders

    backbone = load_paper(folder / "panns.pth", folder / "vggish.pth", device="cpu")
    start = time.perf_counter()
    result = score_folders(folder / "generated", folder / "reference", backbone)
    ours_s = time.perf_counter() - start
    pairs = len(result.rows)
    if oracle_folder is None:
        print(f"| four metrics, {pairs} pairs | {ours_s:.1f} s | | |")
        return
    from scoring_oracle import Oracle

    oracle = Oracle(oracle_folder, folder)
    start = time.perf_counter()
    expected = oracle.score_folders(folder / "generated", folder / "reference")
    theirs_s = time.perf_counter() - start
    print(
        f"| four metrics, {pairs} pairs | {ours_s:.1f} s | audioldm_eval {theirs_s:.1f} s | "
        f"{theirs_s / ours_s:.2f} |"
    )
    for key, score in result.scores.by_key().items():
        if score is not None:
            difference = abs(score.value - expected[key]) / max(abs(expected[key]), 1e-12)
            print(f"| … {key} | {score.value:.8g} | {expected[key]:.8g} | {difference:.1e} off |")


def cached(folder: Path) -> None:
    from soundstudio.evaluation.backbones import load_bundled
    from soundstudio.evaluation.feature_cache import FeatureCache
    from soundstudio.evaluation.scoring import score_folders

    backbone = load_bundled(device="cpu")
    times = []
    for _ in range(2):
        start = time.perf_counter()
        score_folders(
            folder / "generated",
            folder / "reference",
            backbone,
            cache=FeatureCache(backbone, folder / "cache"),
        )
        times.append(time.perf_counter() - start)
    share = times[1] / times[0]
    print(f"| second scoring, bundled backbone | {times[1]:.2f} s | first {times[0]:.1f} s "
          f"| {share:.1%} of it |")  # fmt: skip


def frechet(dimensions: int) -> None:
    from soundstudio.evaluation.frechet import frechet_distance
    from soundstudio.evaluation.statistics import GaussianStatistics

    random = np.random.default_rng(0)
    sets = []
    for scale in (1.0, 1.3):
        mixing = random.normal(size=(dimensions, dimensions)) * scale / np.sqrt(dimensions)
        sets.append(
            GaussianStatistics.of(random.normal(size=(2 * dimensions, dimensions)) @ mixing)
        )
    for turn in ("first call", "second call"):
        start = time.perf_counter()
        ours = frechet_distance(*sets)
        ours_s = time.perf_counter() - start
        start = time.perf_counter()
        theirs = distance_by_root(*sets)
        theirs_s = time.perf_counter() - start
        print(
            f"| Fréchet distance, {dimensions} dimensions, {turn} | {ours_s:.2f} s | "
            f"sqrtm {theirs_s:.2f} s | {theirs_s / ours_s:.1f} "
            f"({abs(ours - theirs) / theirs:.1e} off) |"
        )


def distance_by_root(first: GaussianStatistics, second: GaussianStatistics) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = scipy.linalg.sqrtm(first.covariance @ second.covariance)
    shift = first.mean - second.mean
    return float(shift @ shift + np.trace(first.covariance + second.covariance - 2 * root.real))


def memory(folder: Path, clips: int) -> None:
    """The same few sounds under many names: what grows is what is kept of each."""
    from evaluation.random_networks import probe_waveform

    from soundstudio.audio.files import Sound, write_wav

    source = folder / "sounds"
    for number in range(8):
        sound = Sound(0.6 * probe_waveform(number, RATE), RATE)
        write_wav(source / f"{number}.wav", sound, "PCM_16")
    peaks = {}
    for count in (clips // 10, clips):
        names = folder / f"set {count}"
        for which, first in (("generated", 0), ("reference", 4)):
            (names / which).mkdir(parents=True)
            for number in range(count):
                sound = source / f"{first + number % 4}.wav"
                (names / which / f"{number:06}.wav").hardlink_to(sound)
        child = subprocess.run(
            [sys.executable, __file__, "--memory-of", str(names)],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if child.returncode:
            sys.exit(f"scoring {count:,} clips ended with {child.returncode}:\n{child.stderr}")
        peaks[count] = float(child.stdout.split()[-1])
    few, many = peaks.values()
    per_clip = (many - few) / (clips - clips // 10) * 1024
    print(
        f"| peak memory, {clips:,} clips | {many:.0f} MiB | "
        f"{clips // 10:,} clips {few:.0f} MiB | {per_clip:.1f} KiB a clip |"
    )


def report_memory(folder: Path) -> int:
    from soundstudio.evaluation.backbones import load_bundled
    from soundstudio.evaluation.feature_cache import FeatureCache
    from soundstudio.evaluation.scoring import score_folders

    backbone = load_bundled(device="cpu")
    cache = FeatureCache(backbone, folder.parent / "features")
    score_folders(folder / "generated", folder / "reference", backbone, cache=cache)
    # Linux's own peak of this program; getrusage's would be the parent's, before exec.
    file = Path("/proc/self/status")
    if not file.is_file():
        sys.exit("the peak of the memory is read from /proc, which only Linux has")
    status = file.read_text(encoding="ascii")
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    return 0


if __name__ == "__main__":
    sys.exit(main())
