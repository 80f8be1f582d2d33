"""The engine process from outside: what it answers, how it is cancelled, when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
import soundfile

from soundstudio.audio.growing_sound import unpacked
from soundstudio.core.messages import (
    CancelJob,
    EngineReady,
    Generate,
    JobCancelled,
    JobFailed,
    JobFinished,
    JobProgress,
    JobStarted,
    LoadFailed,
    LoadModel,
    Message,
    ModelLoaded,
    ModelLoading,
    PieceReady,
    Shutdown,
    VariationReady,
    encode,
)
from soundstudio.core.requests import GenerationRequest

if TYPE_CHECKING:
    from conftest import EngineProcess


def job(model: Path | str, folder: Path, job_id: str = "one", **changes: Any) -> Generate:
    values: dict[str, Any] = {"prompt": "rain", "duration_s": 0.5, "steps": 3}
    request = GenerationRequest(**(values | {"model": str(model)} | changes))
    return Generate(job_id, request, str(folder), dtype="float32")


def of(messages: list[Message], kind: type[Message]) -> list[Any]:
    return [message for message in messages if isinstance(message, kind)]


def test_a_job_from_start_to_end(
    engine: EngineProcess, tiny_model_folder: Path, tmp_path: Path
) -> None:
    wish = job(tiny_model_folder, tmp_path / "sounds", variations=2, seed=5)
    engine.send(wish)
    seen = engine.until(JobFinished)
    assert isinstance(seen[0], EngineReady)
    assert [type(message) for message in seen if not isinstance(message, JobProgress)] == [
        EngineReady,
        JobStarted,
        ModelLoading,
        ModelLoaded,
        VariationReady,
        VariationReady,
        JobFinished,
    ]
    steps = [
        (message.first_variation, message.step)
        for message in of(seen, JobProgress)
        if message.stage == "sampling"
    ]
    assert steps == [(variation, step) for variation in (0, 1) for step in (0, 1, 2, 3)]
    for number, ready in enumerate(of(seen, VariationReady)):
        samples, rate = soundfile.read(ready.path, dtype="float32")
        assert (ready.variation, ready.seed, rate) == (number, 5 + number, 16000)
        assert samples.shape == (8000,)
        assert soundfile.info(ready.path).subtype == "FLOAT"
        assert ready.model_licence == "CC0-1.0"
        assert ready.dtype == "float32"


def test_pieces_of_a_long_first_sound_come_ahead_of_it(
    engine: EngineProcess, tiny_model_folder: Path, tmp_path: Path
) -> None:
    engine.send(job(tiny_model_folder, tmp_path, variations=2, duration_s=10.0, steps=2))
    seen = engine.until(JobFinished)
    ready = of(seen, VariationReady)
    pieces = of(seen, PieceReady)
    assert [(piece.variation, piece.total) for piece in pieces] == [(0, 160_000)] * 2
    assert seen.index(pieces[-1]) < seen.index(ready[0])
    samples = np.concatenate([unpacked(piece.samples) for piece in pieces])
    np.testing.assert_array_equal(samples, soundfile.read(ready[0].path, dtype="float32")[0])


def test_the_model_stays_warm_and_alone_equals_in_a_batch(
    engine: EngineProcess, tiny_model_folder: Path, tmp_path: Path
) -> None:
    engine.send(job(tiny_model_folder, tmp_path, variations=2, seed=8))
    batch = of(engine.until(JobFinished), VariationReady)
    engine.send(job(tiny_model_folder, tmp_path, "two", seed=9))
    seen = engine.until(JobFinished)
    assert not of(seen, ModelLoading)
    (alone,) = of(seen, VariationReady)
    np.testing.assert_array_equal(soundfile.read(alone.path)[0], soundfile.read(batch[1].path)[0])


def test_cancel_a_running_and_a_waiting_job(
    engine: EngineProcess, tiny_model_folder: Path, tmp_path: Path
) -> None:
    engine.send(
        job(tiny_model_folder, tmp_path, "long", steps=1000, sampler="euler"),
        job(tiny_model_folder, tmp_path, "waiting"),
        job(tiny_model_folder, tmp_path, "last"),
    )
    engine.until(lambda m: isinstance(m, JobProgress) and m.stage == "sampling" and m.step >= 2)
    engine.send(CancelJob("waiting"), CancelJob("long"))
    seen = engine.until(JobFinished)
    assert [message.job_id for message in of(seen, JobCancelled)] == ["long", "waiting"]
    assert [message.job_id for message in of(seen, JobStarted)] == ["last"]
    late = [message.step for message in of(seen, JobProgress) if message.job_id == "long"]
    assert max(late, default=0) < 900


def test_failures_are_typed_and_the_engine_goes_on(
    engine: EngineProcess, tiny_model_folder: Path, tmp_path: Path
) -> None:
    engine.send(
        job("nosuch", tmp_path, "model"),
        job(tiny_model_folder, tmp_path, "range", duration_s=99),
        Generate("device", GenerationRequest(prompt="a", model=str(tiny_model_folder)), "x", "tpu"),
        job(tiny_model_folder, tmp_path, "like", like=str(tmp_path / "gone.wav")),
        b"garbage\n",
        b'{"type": "Generate"}\n',
        b"\xff\xfe\x00\n",
        LoadModel(str(tmp_path)),
        job(tiny_model_folder, tmp_path, "good"),
    )
    seen = engine.until(JobFinished)
    kinds = {message.job_id: message.error_kind for message in of(seen, JobFailed)}
    assert kinds == {
        "model": "ModelError",
        "range": "InvalidRequestError",
        "device": "DeviceError",
        "like": "AudioFileError",
    }
    assert all(message.message.endswith((".", "”.")) for message in of(seen, JobFailed))
    assert of(seen, LoadFailed)[0].error_kind == "ModelError"
    engine.send(Shutdown())
    assert engine.wait() == 0
    engine.close()
    assert sum(b"not a message" in line for line in engine.log) == 3
    assert not any(b"Traceback" in line for line in engine.log)


def test_a_folder_that_cannot_be_written(
    engine: EngineProcess, tiny_model_folder: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    engine.send(job(tiny_model_folder, blocked))
    assert of(engine.until(JobFailed), JobFailed)[0].error_kind == "StorageError"


def test_a_full_disk(engine: EngineProcess, tiny_model_folder: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small disk")
    try:
        engine.send(job(tiny_model_folder, disk, duration_s=5.0))
        (failed,) = of(engine.until(JobFailed), JobFailed)
        assert failed.error_kind == "StorageError"
        assert "disk is full" in failed.message
        assert not list(disk.iterdir())
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_ends_with_its_stdin(engine: EngineProcess) -> None:
    engine.until(EngineReady)
    assert engine.process.stdin is not None
    engine.process.stdin.close()
    assert engine.wait() == 0


def test_imports_no_torch_before_the_first_job(engine: EngineProcess) -> None:
    engine.until(EngineReady)
    maps = psutil.Process(engine.process.pid).memory_maps()
    assert not any("libtorch" in row.path for row in maps)


PARENT = """
import os, subprocess, sys
worker = subprocess.Popen([sys.executable, "-m", "soundstudio.worker"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
worker.stdin.write(bytes.fromhex(sys.argv[1])); worker.stdin.flush()
for line in worker.stdout:
    if b'"sampling"' in line:
        print(worker.pid, flush=True)
        break
for line in worker.stdout:
    pass
"""


def test_ends_when_its_parent_is_killed_during_a_generation(
    tiny_model_folder: Path, tmp_path: Path
) -> None:
    long_job = encode(job(tiny_model_folder, tmp_path, steps=1000, variations=64))
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, long_job.hex()],
        stdout=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert parent.stdout is not None
    worker = psutil.Process(int(parent.stdout.readline()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    try:
        worker.wait(timeout=60)
    finally:
        if worker.is_running():
            worker.kill()
    assert not list(Path(tmp_path).glob("*.part"))


def test_survives_ctrl_c(engine: EngineProcess, tiny_model_folder: Path, tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("no SIGINT between processes")
    engine.until(EngineReady)
    engine.process.send_signal(signal.SIGINT)
    engine.send(job(tiny_model_folder, tmp_path))
    started = time.monotonic()
    assert of(engine.until(JobFinished), JobFinished)[0].seconds <= time.monotonic() - started + 1
