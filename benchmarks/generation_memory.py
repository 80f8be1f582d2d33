"""300 generations in a row through the engine process: its memory must not grow.

    python benchmarks/generation_memory.py [FOLDER] [--count 300]

Prints a table, and exits with 1 if the memory after the last generation is more than 2 % above
that after the 20th.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from soundstudio.core.messages import (
    Generate,
    JobFailed,
    JobFinished,
    VariationReady,
    decode,
    encode,
)
from soundstudio.core.requests import GenerationRequest

TESTS = Path(__file__).resolve().parents[1] / "tests"
SETTLED_AFTER = 20
ALLOWED_GROWTH = 1.02


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="default: a tiny random model")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--steps", type=int, default=4)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder
        if folder is None:
            sys.path.insert(0, str(TESTS))
            from tiny_model import build_tiny_model

            folder = build_tiny_model(Path(scratch) / "tiny")
        sizes = memory_after_each(folder, args.count, args.steps, Path(scratch))
    settled, last = sizes[SETTLED_AFTER - 1], sizes[-1]
    print("| after generation | engine process, MB |\n|---|---|")
    for number in sorted({1, SETTLED_AFTER, 50, 100, 200, args.count}):
        if number <= args.count:
            print(f"| {number} | {sizes[number - 1]:.1f} |")
    print(f"\nmost after the {SETTLED_AFTER}th: {max(sizes[SETTLED_AFTER:]):.1f} MB")
    return int(last > settled * ALLOWED_GROWTH)


def memory_after_each(folder: Path, count: int, steps: int, scratch: Path) -> list[float]:
    """Resident MB of the engine process after each of `count` generations."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "soundstudio.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    process = psutil.Process(worker.pid)
    sizes = []
    for number in range(count):
        request = GenerationRequest(
            prompt=f"rain on roof number {number}", model=str(folder), steps=steps, seed=number
        )
        worker.stdin.write(encode(Generate(str(number), request, str(scratch))))
        worker.stdin.flush()
        while not isinstance(message := decode(worker.stdout.readline()), JobFinished):
            if isinstance(message, JobFailed):
                raise SystemExit(message.message)
            if isinstance(message, VariationReady):
                Path(message.path).unlink()
        sizes.append(process.memory_info().rss / 1e6)
    worker.stdin.close()
    worker.wait()
    return sizes


if __name__ == "__main__":
    sys.exit(main())
