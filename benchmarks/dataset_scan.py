"""How long it takes to read a folder of clips into a dataset.

    python benchmarks/dataset_scan.py [--clips N] [--processes N] [--keep FOLDER]

Makes different clips of 0.5 to 8 s in a temporary folder (WAV 16 and 24 bits, FLAC, Ogg, MP3; 16 to
48 kHz, one and two channels; every hundredth nearly repeats another) and reads them. Prints a
Markdown table of the scan, of captions, splits and segments together, and of how soon a scan ends
that is cancelled half-way.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import soundfile

from soundstudio.core.processes import usable_cores
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.dataset.caption_sources import collect_captions
from soundstudio.dataset.dataset import DatasetOptions, build_dataset
from soundstudio.dataset.scan import scan_folder

KINDS = (
    *[("wav", "PCM_16")] * 9, *[("wav", "PCM_24")] * 3, *[("flac", "PCM_16")] * 5,
    *[("ogg", "VORBIS")] * 2, ("mp3", "MPEG_LAYER_III"),
)  # fmt: skip
RATES_HZ = (44_100, 44_100, 48_000, 22_050, 16_000)
REPEATED_EVERY = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=usable_cores())
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    if arguments.keep:
        measure(arguments.keep, arguments.clips, arguments.processes)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.clips, arguments.processes)


def measure(folder: Path, count: int, processes: int) -> None:
    if not any(folder.glob("folder*")):
        with ProcessPoolExecutor(processes) as pool:
            list(pool.map(make_clip, [folder] * count, range(count), chunksize=50))
    start_s = time.perf_counter()
    scan = scan_folder(folder, processes=processes)
    scanned_s = time.perf_counter()
    table, findings = collect_captions(scan)
    dataset = build_dataset(scan, table, DatasetOptions(), findings)
    built_s = time.perf_counter()
    minutes = sum(clip.duration_s for clip in scan.clips) / 60
    rows = [
        ("clips read", f"{len(scan.contents.sounds):,} ({minutes:.0f} minutes of sound)"),
        ("scan", f"{scanned_s - start_s:.1f} s with {processes} processes"),
        ("… for 10,000 clips", f"{(scanned_s - start_s) * 10_000 / count:.1f} s"),
        ("near duplicates found", f"{len(scan.near)} of {repeats(count)} planted"),
        ("captions, splits, segments", f"{built_s - scanned_s:.1f} s ({dataset.counts()})"),
        ("a cancelled scan ends after", f"{cancelled_s(folder, processes):.2f} s"),
    ]
    sys.stdout.write("| what | measured |\n|---|---|\n")
    sys.stdout.writelines(f"| {what} | {value} |\n" for what, value in rows)


def repeats(count: int) -> int:
    return len(range(REPEATED_EVERY, count, REPEATED_EVERY))


def make_clip(folder: Path, number: int) -> None:
    """A few decaying tones over noise; a repetition is the sound before at half the level."""
    is_repetition = number > 0 and number % REPEATED_EVERY == 0
    random = np.random.default_rng(number - 1 if is_repetition else number)
    rate = int(random.choice(RATES_HZ))
    seconds = float(np.exp(random.uniform(np.log(0.5), np.log(8))))
    t = np.arange(round(seconds * rate), dtype=np.float32) / rate
    sound = random.normal(size=len(t)).astype(np.float32) * np.float32(random.uniform(0.001, 0.05))
    for _ in range(4):
        onset, decay = random.uniform(0, seconds), random.uniform(1, 20)
        hz = np.exp(random.uniform(np.log(80), np.log(5000)))
        after = np.maximum(t - onset, 0)
        tone = np.exp(-decay * after) * (t >= onset) * np.sin(2 * np.pi * hz * after)
        sound += 0.2 * tone.astype(np.float32)
    kind, subtype = KINDS[int(random.integers(len(KINDS)))]
    frames = np.stack([sound] * int(random.integers(1, 3)), axis=1)
    inner = folder / f"folder {number % 37}"
    inner.mkdir(exist_ok=True)
    path = inner / f"{'abcdefgh'[number % 8] * 4} sound {number:05}.{kind}"
    soundfile.write(path, frames * (0.5 if is_repetition else 1), rate, subtype)


def cancelled_s(folder: Path, processes: int) -> float:
    """From the wish to stop to the end."""
    wished_s = []

    def cancel(progress: Progress) -> None:
        if progress.step > progress.steps / 2:
            wished_s.append(time.perf_counter())
            raise Cancelled

    try:
        scan_folder(folder, cancel, processes=processes)
    except Cancelled:
        return time.perf_counter() - wished_s[0]
    raise AssertionError("the scan was not cancelled")


if __name__ == "__main__":
    main()
