"""A stand-in for the engine process: speaks core's messages and does what the prompt says.

Prompts: "crash" ends with os._exit mid-generation, "hang" ignores cancel, "oom" and "fail"
report failures, "slow" takes long steps, "noise" prints rubbish between messages; "pieces"
hands the sound over in three pieces first ("pieces crash" ends after the first), everything else
succeeds with a short tone.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import soundfile
from fake_process import cancelled, jobs, say, serve

from soundstudio.audio.growing_sound import packed
from soundstudio.core import messages as m

STEPS = 8


def tone(path: Path, seed: int, duration_s: float) -> None:
    t = np.arange(int(duration_s * 16000)) / 16000
    rng = np.random.default_rng(seed)
    hum = np.sin(2 * np.pi * (220 + seed % 7 * 110) * t) * np.exp(-2 * t)
    wave = (0.4 * hum + 0.05 * rng.standard_normal(t.size)).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, 16000, subtype="FLOAT")


def pieces_of(path: Path) -> list[tuple[int, np.ndarray]]:
    samples = soundfile.read(path, dtype="float32")[0]
    third = len(samples) // 3 + 1
    return [(start, samples[start : start + third]) for start in range(0, len(samples), third)]


def variation(job: m.Generate, index: int) -> bool:
    prompt = job.request.prompt
    for step in range(STEPS + 1):
        if job.job_id in cancelled and prompt != "hang":
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
    if prompt.startswith("pieces") and index == 0:
        for start, samples in pieces_of(path):
            if job.job_id in cancelled:
                say(m.JobCancelled(job.job_id))
                return False
            total = round(job.request.duration_s * 16000)
            say(m.PieceReady(job.job_id, 0, start, total, 16000, 0.01, packed(samples)))
            time.sleep(0.4)
            if prompt == "pieces crash":
                os._exit(3)
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
    if job.job_id in cancelled:
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
    while True:
        message = jobs.get()
        if not loaded and isinstance(message, (m.Generate, m.LoadModel)):
            model = message.model if isinstance(message, m.LoadModel) else message.request.model
            say(m.ModelLoading(model))
            say(m.ModelLoaded(model, "cpu", "Fake CPU", "float32", 0.01))
            loaded = True
        if isinstance(message, m.Generate):
            generate(message)


if __name__ == "__main__":
    serve(work)
