"""A stand-in for the scoring process: speaks core's messages and does what the set's title says.

Titles: "crash" ends with os._exit while hearing, "hang" ignores cancel, "oom" reports it, "slow"
hears slowly, "full" cannot keep its report, "huge" has 10,000 clips; everything else succeeds.
Benchmarks go by the name of the dataset's folder: "crash", "hang" and "slow" as above, "fail" is
explained.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "library"))

from fake_process import cancelled, jobs, say, serve
from scored import report, write_benchmark

from soundstudio.core import messages as m
from soundstudio.library.scores.history import ScoreHistory

HUGE = 10_000


def report_of(job: m.ScoreSets) -> dict[str, Any]:
    wish = job.scoring
    folder = wish.generated.folder or str(Path(wish.generated.files[0]).parent)
    count = HUGE if wish.generated.title == "huge" else 3
    names = [f"sound {number:05d}.wav" for number in range(count)]
    if wish.generated.files:
        names = [Path(file).name for file in wish.generated.files]
    reference = wish.reference.folder if wish.reference else None
    references = names if count == HUGE else ("r.wav",)
    found = report(folder, reference, names, references if reference else ())
    if count == HUGE:
        for place, point in enumerate(found["map"]["generated"] + found["map"]["reference"]):
            point["x"], point["y"] = place * 7919 % 1000 / 10, place * 104729 % 1000 / 10
    return found


def score(job: m.ScoreSets) -> None:
    title = job.scoring.generated.title
    say(m.JobStarted(job.job_id))
    say(m.ScoreProgress(job.job_id, "loading", 0, 8))
    if title == "oom":
        say(m.JobFailed(job.job_id, "OutOfMemoryError", "Out of memory", "It ran out.", "Close."))
        return
    for step in range(9):
        if job.job_id in cancelled and title != "hang":
            say(m.JobCancelled(job.job_id))
            return
        say(m.ScoreProgress(job.job_id, "listening", step, 8))
        time.sleep(0.2 if title == "slow" else 0.005)
        if title == "crash" and step == 3:
            os._exit(3)
        while title == "hang" and step == 3:
            time.sleep(0.05)
    say(m.ScoreProgress(job.job_id, "computing", 8, 8))
    found = report_of(job)
    if title == "full":
        say(m.ScoreFinished(job.job_id, "", 0.1, "The disk is full.", found))
        return
    entry = ScoreHistory(Path(job.history)).add(found, title=job.scoring.title())
    say(m.ScoreFinished(job.job_id, str(entry.path), 0.1))


def run_benchmark(job: m.RunBenchmark) -> None:
    title = Path(job.benchmark.data).name
    say(m.JobStarted(job.job_id))
    if title == "fail":
        words = ("The dataset cannot be read", f"{title} does not hold it.", "Choose another.")
        say(m.JobFailed(job.job_id, "DatasetError", *words))
        return
    for step in range(9):
        if job.job_id in cancelled and title != "hang":
            say(m.JobCancelled(job.job_id))
            return
        say(m.BenchmarkProgress(job.job_id, "listening to untouched sounds", step, 8))
        time.sleep(0.2 if title == "slow" else 0.005)
        if title == "crash" and step == 3:
            os._exit(3)
        while title == "hang" and step == 3:
            time.sleep(0.05)
    path = write_benchmark(Path(job.benchmark.out), job.benchmark.benchmark)
    say(m.BenchmarkFinished(job.job_id, str(path), 0.1, "1 of 9 clips has no sound file here."))


def work() -> None:
    while True:
        message = jobs.get()
        if isinstance(message, m.ScoreSets):
            score(message)
        elif isinstance(message, m.RunBenchmark):
            run_benchmark(message)


if __name__ == "__main__":
    serve(work)
