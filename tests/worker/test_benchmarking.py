"""A benchmark in a real child process: progress, report, cancel and going on, failures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from soundstudio.core import messages as m
from soundstudio.core.benchmark_requests import BenchmarkRequest, CorruptionWishes
from soundstudio.library.benchmarks import read_benchmark

if TYPE_CHECKING:
    from worker.conftest import EngineProcess


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Six half seconds in two folders."""
    folder = tmp_path / "sounds"
    for number in range(6):
        path = folder / ("bell", "noise")[number % 2] / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng(number)
        t = np.arange(8000) / 16_000
        bell = np.sin(2 * np.pi * 300 * (number + 1) * t) * np.exp(-5 * t)
        samples = 0.3 * (bell if number % 2 == 0 else random.normal(size=len(t)) / 3)
        soundfile.write(path, samples.astype(np.float32), 16_000)
    return folder


def request_of(sounds: Path, tiny_model: Path, **changes: object) -> BenchmarkRequest:
    values: dict[str, object] = {
        "benchmark": "figure1", "dataset": "folder", "data": str(sounds),
        "out": str(sounds.parent / "out"), "models_folder": "", "clap": str(tiny_model),
        "device": "cpu", "shares": 3, "draws": 5, "corruptions": ("noise", "mask"),
        "corruption": CorruptionWishes(event_s=0.3),
    }  # fmt: skip
    return BenchmarkRequest(**(values | changes))  # type: ignore[arg-type]


def test_from_a_request_to_a_report_and_what_fails_is_said(
    engine: EngineProcess, sounds: Path, tiny_model_folder: Path
) -> None:
    wish = request_of(sounds, tiny_model_folder)
    engine.send(m.RunBenchmark("a", wish))
    seen = engine.until(m.BenchmarkProgress)
    engine.send(m.CancelJob("a"))
    seen += engine.until(m.JobCancelled)
    assert not (sounds.parent / "out" / "figure1.json").exists()
    engine.send(m.RunBenchmark("b", wish))
    told = engine.until(m.BenchmarkFinished)
    finished = told[-1]
    assert isinstance(finished, m.BenchmarkFinished)
    assert (finished.job_id, finished.note) == ("b", "")
    report = read_benchmark(Path(finished.path))
    assert [row[0] for row in report.rows] == ["corruption", "noise", "mask"]
    assert report.picture is not None
    steps = [each for each in told if isinstance(each, m.BenchmarkProgress)]
    assert all(0 <= each.done <= each.total for each in steps)
    assert len({each.what for each in steps}) >= 2
    # The third time everything is known, and nothing is heard again.
    features = sorted((sounds.parent / "out" / "features").rglob("*.npz"))
    times = [path.stat().st_mtime_ns for path in features]
    engine.send(m.RunBenchmark("c", wish))
    engine.until(m.BenchmarkFinished)
    assert sorted((sounds.parent / "out" / "features").rglob("*.npz")) == features
    assert [path.stat().st_mtime_ns for path in features] == times
    engine.send(m.RunBenchmark("d", request_of(sounds / "nowhere", tiny_model_folder)))
    failed = engine.until(m.JobFailed)[-1]
    assert isinstance(failed, m.JobFailed)
    assert "There is no folder" in failed.message
    engine.send(m.RunBenchmark("e", request_of(sounds, tiny_model_folder, backbone="paper")))
    failed = engine.until(m.JobFailed)[-1]
    assert isinstance(failed, m.JobFailed)
    assert "needs the weights" in failed.message
