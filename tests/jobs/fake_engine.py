"""A stand-in for the engine process: speaks core's messages and does what the prompt says.

Prompts: "crash" ends with os._exit mid-generation, "hang" ignores cancel, "oom" and "fail"
report failures, "slow" takes long steps, "noise" prints rubbish between messages; everything
else succeeds with a short tone.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import soundfile

from soundstudio.core import messages as m

STEPS = 8
_lock = threading.Lock()
_cancelled: set[str] = set()
_jobs: SimpleQueue[m.Message | None] = SimpleQueue()


def say(message: m.Message) -> None:
    with _lock:
        sys.stdout.buffer.write(m.encode(message))
        sys.stdout.buffer.flush()


def tone(path: Path, seed: int, duration_s: float) -> None:
    t = np.arange(int(duration_s * 16000)) / 16000
    rng = np.random.default_rng(seed)
    hum = np.sin(2 * np.pi * (220 + seed % 7 * 110) * t) * np.exp(-2 * t)
    wave = (0.4 * hum + 0.05 * rng.standard_normal(t.size)).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, 16000, subtype="FLOAT")


def variation(job: m.Generate, index: int) -> bool:
    prompt = job.request.prompt
    for step in range(STEPS + 1):
        if job.job_id in _cancelled and prompt != "hang":
            say(m.JobCancelled(job.job_id))
            return False
        say(m.JobProgress(job.job_id, "sampling", step, STEPS, index, 1))
        time.sleep(0.2 if prompt == "slow" else 0.005)
        if prompt == "crash" and step == 3:
            os._exit(3)
        while prompt == "hang" and step == 3:
            time.sleep(0.05)
    say(m.JobProgress(job.job_id, "decoding", 0, 1, index, 1))
    seed = job.request.seed_of(index)
    path = Path(job.folder) / f"{index:02d}.wav"
    tone(path, seed, job.request.duration_s)
    say(
        m.VariationReady(
            job.job_id,
            index,
            seed,
            str(path),
            16000,
            job.request.duration_s,
            "Fake model",
            "CC0-1.0",
            "cpu",
            "float32",
        )
    )
    return True


def generate(job: m.Generate) -> None:
    if job.job_id in _cancelled:
        say(m.JobCancelled(job.job_id))
        return
    say(m.JobStarted(job.job_id))
    if job.request.prompt == "noise":
        sys.stdout.write("a library says hello\n")
        sys.stdout.flush()
    if job.request.prompt == "oom":
        say(
            m.JobFailed(
                job.job_id,
                "OutOfMemoryError",
                "Out of memory",
                "The CPU has not enough memory.",
                "Make fewer variations.",
            )
        )
        return
    if job.request.prompt == "fail":
        say(
            m.JobFailed(
                job.job_id,
                "ModelError",
                "The model cannot be used",
                "The starter model is not installed.",
                "Install it.",
            )
        )
        return
    for index in range(job.request.variations):
        if not variation(job, index):
            return
    say(m.JobFinished(job.job_id, 0.1))


def work() -> None:
    loaded = False
    while (message := _jobs.get()) is not None:
        if not loaded and isinstance(message, (m.Generate, m.LoadModel)):
            model = message.model if isinstance(message, m.LoadModel) else message.request.model
            say(m.ModelLoading(model))
            say(m.ModelLoaded(model, "cpu", "Fake CPU", "float32", 0.01))
            loaded = True
        if isinstance(message, m.Generate):
            generate(message)
    os._exit(0)


def main() -> None:
    if "--die-at-start" in sys.argv:
        os._exit(7)
    say(m.EngineReady(m.PROTOCOL_VERSION, os.getpid()))
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    for line in sys.stdin.buffer:
        message = m.decode(line)
        if isinstance(message, m.CancelJob):
            _cancelled.add(message.job_id)
        elif isinstance(message, m.Shutdown):
            break
        else:
            _jobs.put(message)
    os._exit(0)


if __name__ == "__main__":
    main()
