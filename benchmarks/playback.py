"""Sixty seconds of playback on a real sound server while all cores are busy: does it run dry?

    python benchmarks/playback.py [--seconds 60] [--busy PROCESSES]
    python benchmarks/playback.py --beside COMMAND …
    python benchmarks/playback.py --training

Starts jackd with its dummy driver (it paces exactly and needs no hardware), loops a tone through
the player, keeps the processors busy with BUSY processes of NumPy (all of them by default), with
COMMAND, or with a fine-tuning of the starter model as the window starts it, and reads the playhead
60 times a second as the window does. Prints a table; exit code 1 if the output ran dry.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shlex
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstudio.audio.player import Player

RATE = 48000
SERVER = "soundstudio-benchmark"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--threads", type=int, default=0, help="busy Python threads in here too")
    parser.add_argument("--beside", help="a command to run instead of the made-up load")
    parser.add_argument("--training", action="store_true", help="a fine-tuning as the load")
    arguments = parser.parse_args()
    os.environ["JACK_DEFAULT_SERVER"] = SERVER
    server = subprocess.Popen(
        ["jackd", "-r", "-n", SERVER, "-d", "dummy", "-r", str(RATE), "-p", "1024"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_server()
        return play_beside_load(arguments)
    finally:
        server.terminate()
        server.wait()


def wait_for_server() -> None:
    for _ in range(100):
        if subprocess.run(["jack_lsp"], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise SystemExit("jackd does not start here")


def play_beside_load(arguments: argparse.Namespace) -> int:
    from soundstudio.audio.files import Sound
    from soundstudio.audio.player import Player

    player = Player()
    player.open()
    if not player.state.is_usable:
        raise SystemExit(player.state.sentence)
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    load, stop_load = start_load(arguments)
    enough = threading.Event()
    threads = [threading.Thread(target=count, args=(enough,)) for _ in range(arguments.threads)]
    for thread in threads:
        thread.start()
        load += " and a Python thread"
    try:
        player.play(Sound(tone.astype(np.float32), RATE), loop=(0.0, 1.0))
        steps = watch(player, arguments.seconds)
    finally:
        enough.set()
        stop_load()
        underflows, state = player.underflows, player.state
        player.close()
    sys.stdout.write("| seconds | load | underflows | playhead read | worst step of it |\n")
    sys.stdout.write("|--:|---|--:|--:|--:|\n")
    sys.stdout.write(
        f"| {arguments.seconds:.0f} | {load} | {underflows} | {len(steps)} times | "
        f"{max(steps) * 1000:.0f} ms |\n"
    )
    return 0 if underflows == 0 and state.is_usable else 1


def watch(player: Player, seconds: float) -> list[float]:
    """How far the playhead went from one reading to the next, 60 times a second."""
    steps = []
    before = player.position_s()
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        time.sleep(1 / 60)
        now = player.position_s()
        steps.append((now - before) % 1.0)
        before = now
    return [step for step in steps if step < 0.5]


def start_load(arguments: argparse.Namespace) -> tuple[str, Callable[[], object]]:
    if arguments.training:
        return start_training()
    if arguments.beside:
        command = subprocess.Popen(
            shlex.split(arguments.beside), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return f"`{arguments.beside}`", lambda: (command.terminate(), command.wait())
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=multiply, daemon=True) for _ in range(arguments.busy)]
    for worker in workers:
        worker.start()

    def stop() -> None:
        for worker in workers:
            worker.terminate()
            worker.join()

    return f"{arguments.busy} processes of matrix products", stop


def start_training() -> tuple[str, Callable[[], object]]:
    from training_load import steps_of, training

    open_training = ExitStack()
    run = open_training.enter_context(training())
    before = steps_of(run)

    def stop() -> None:
        print(f"The fine-tuning made {steps_of(run) - before} steps meanwhile.")
        open_training.close()

    return "a fine-tuning of the starter model", stop


def count(enough: threading.Event) -> None:
    """Keep the interpreter's lock busy, as a window's worker threads may."""
    number = 0
    while not enough.is_set():
        number += 1


def multiply() -> None:
    matrix = np.random.default_rng(0).standard_normal((700, 700)).astype(np.float32)
    while True:
        matrix = matrix @ matrix
        matrix /= np.abs(matrix).max()


if __name__ == "__main__":
    sys.exit(main())
