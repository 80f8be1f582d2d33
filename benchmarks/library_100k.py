"""How long a library of 100,000 clips takes to open and to search as somebody types.

    python benchmarks/library_100k.py [--clips N] [--keep FOLDER]

Rows are made up and inserted directly; each has a (tiny) WAV, so that nothing is missing.
Prints a Markdown table: median and worst of five fresh processes for opening, and the median and
worst over every prefix of a typed query for searching.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from soundstudio.core.paths import UserFolders
from soundstudio.core.requests import GenerationRequest
from soundstudio.library.clips import Clip, ClipQuery
from soundstudio.library.library import Library

WORDS = [
    "rain",
    "tin",
    "roof",
    "thunder",
    "distant",
    "dog",
    "barking",
    "heavy",
    "wooden",
    "door",
    "creaking",
    "slow",
    "metallic",
    "impact",
    "deep",
    "drone",
    "whoosh",
    "fast",
    "laser",
    "glass",
    "shattering",
    "footsteps",
    "gravel",
    "wind",
    "howling",
    "fire",
    "crackling",
    "engine",
    "starting",
    "crowd",
    "cheering",
    "bell",
    "church",
    "siren",
    "police",
    "water",
    "dripping",
    "cave",
    "birds",
    "morning",
]
TYPED = ("rain on a tin roof", "thunder dist", "d", "metallic impact", "zebra", "fire cr")
ORDERS = ("newest", "name", "rating", "duration")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--open-once", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.open_once:
        sys.stdout.write(f"{open_once(folders_in(arguments.open_once)):.6f}\n")
        return
    with tempfile.TemporaryDirectory() as temporary:
        root = arguments.keep or Path(temporary)
        folders = folders_in(root)
        if not folders.library_file.exists():
            fill(folders, arguments.clips)
        report(root, folders, arguments.clips)


def folders_in(root: Path) -> UserFolders:
    return UserFolders(root / "config", root / "data", root / "cache", root / "logs", root / "out")


def fill(folders: UserFolders, count: int) -> None:
    """Make up `count` clips of two years."""
    rng = random.Random(1)
    library = Library.open(folders)
    created = datetime(2024, 12, 1, tzinfo=UTC)
    with library._database.writing() as connection:
        for index in range(count):
            created += timedelta(minutes=rng.random() * 15)
            prompt = " ".join(rng.sample(WORDS, rng.randint(3, 8)))
            path = folders.clips / created.strftime("%Y-%m") / f"{prompt[:40]}_{index}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            clip = Clip(
                path=path,
                name=prompt[:60],
                created_at=created,
                request=GenerationRequest(prompt=prompt, seed=index),
                variation_seed=index,
                model_title="Starter model",
                model_licence="CC-BY-4.0",
                device="cpu",
                dtype="float32",
                sample_rate=16000,
                duration_s=rng.uniform(0.5, 30),
                rating=rng.choice((0, 0, 0, 1, 2, 3, 4, 5)),
                favourite=rng.random() < 0.05,
                tags=tuple(rng.sample(WORDS, rng.randint(0, 2))),
                is_trashed=rng.random() < 0.02,
            )
            library._insert(connection, clip)
    library.close()
    for folder in folders.clips.iterdir():  # as old as its clips
        moment = datetime.strptime(folder.name, "%Y-%m").replace(tzinfo=UTC) + timedelta(days=31)
        os.utime(folder, (moment.timestamp(), moment.timestamp()))


def open_once(folders: UserFolders) -> float:
    """Seconds to open the library and show its first page."""
    started = time.perf_counter()
    library = Library.open(folders)
    library.clips(library.ids()[:50])
    elapsed = time.perf_counter() - started
    library.close()
    return elapsed


def report(root: Path, folders: UserFolders, count: int) -> None:
    opened = []
    for _ in range(5):
        command = [sys.executable, __file__, "--open-once", str(root)]
        opened.append(float(subprocess.run(command, capture_output=True, check=True).stdout))
    unclean = unclean_opening(folders)
    library = Library.open(folders)
    searches = [
        timed(library, ClipQuery(text=text[:length]))
        for text in TYPED
        for length in range(1, len(text) + 1)
    ]
    orders = {
        order: max(timed(library, ClipQuery(order=order)) for _ in range(3))  # type: ignore[arg-type]
        for order in ORDERS
    }
    rated = timed(library, ClipQuery(text="rain", min_rating=3, order="rating"))
    newest = int(library.ids()[0])
    started = time.perf_counter()
    library.set_rating(newest, 3)
    change = time.perf_counter() - started
    library.close()
    rows = [
        ("open and show the first page, median", statistics.median(opened), "0.5"),
        ("… worst of five", max(opened), "0.5"),
        ("open after a crash (looks for files without a row)", unclean, ""),
        ("search as you type, median", statistics.median(searches), "0.1"),
        ("… worst prefix", max(searches), "0.1"),
        ("search with a rating, by rating", rated, "0.1"),
        *((f"all clips by {order}", seconds, "0.1") for order, seconds in orders.items()),
        ("change a rating", change, ""),
    ]
    size_mb = folders.library_file.stat().st_size / 1e6
    sys.stdout.write(f"{count:,} clips, {size_mb:.0f} MB of database\n\n")
    sys.stdout.write("| what | seconds | reach |\n|---|--:|--:|\n")
    for what, seconds, reach in rows:
        sys.stdout.write(f"| {what} | {seconds:.3f} | {reach} |\n")
    sys.stdout.write(json.dumps({what: round(seconds, 4) for what, seconds, _ in rows}) + "\n")


def unclean_opening(folders: UserFolders) -> float:
    """Open it beside a connection that is never closed, as after a crash."""
    other = Library.open(folders)
    other.clips(other.ids()[:1])
    elapsed = open_once(folders)
    other.close()
    return elapsed


def timed(library: Library, query: ClipQuery) -> float:
    """Seconds for the ids and the first page, as the window asks for them."""
    started = time.perf_counter()
    library.clips(library.ids(query)[:50])
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
