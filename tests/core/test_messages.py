"""Messages survive the wire; anything else is a ProtocolError."""

from __future__ import annotations

import pytest

from soundstudio.core import messages
from soundstudio.core.benchmark_requests import BenchmarkRequest, TrainingWishes
from soundstudio.core.errors import OutOfMemoryError
from soundstudio.core.messages import Generate, JobFailed, ProtocolError, VariationReady
from soundstudio.core.requests import GenerationRequest
from soundstudio.core.score_requests import ScoreRequest, SetChoice

EXAMPLES = [
    Generate("j1", GenerationRequest(prompt="drip\n“drop” 🌧️", seed=7), "/tmp/x", "cpu", "float32"),
    messages.LoadModel("starter"),
    messages.ScoreSets(
        "s1", ScoreRequest(SetChoice("é", files=("/ü.wav",)), SetChoice("r", "/r")), "/h", "cpu"
    ),
    messages.ScoreProgress("s1", "listening", 3, 20),
    messages.ScoreFinished("s1", "", 2.0, "The disk is full.", {"fd": None}),
    messages.RunBenchmark(
        "b1",
        BenchmarkRequest(
            benchmark="table2",
            dataset="esc50",
            data="/é",
            out="/o",
            models_folder="/m",
            training=TrainingWishes(seeds=(3, 4), starts=("scratch",)),
        ),
    ),
    messages.BenchmarkProgress("b1", "listening to real sounds", 3, 20),
    messages.BenchmarkFinished("b1", "/o/table2.json", 2.0, "1 of 9 clips is missing."),
    messages.WorkOnModel("m1", "import", "/é/model.ckpt", "/models"),
    messages.ModelProgress("m1", "downloading", 5_000_000_000, 0),
    messages.ModelFinished("m1", "AudioLDM small is installed."),
    messages.CancelJob("j1"),
    messages.Shutdown(),
    messages.EngineReady(messages.PROTOCOL_VERSION, 123),
    messages.ModelLoading("starter"),
    messages.ModelLoaded("starter", "cpu", "CPU, 2 threads", "float32", 1.5),
    messages.LoadFailed("x", "ModelError", "t", "m", "a"),
    messages.JobStarted("j1"),
    messages.JobProgress("j1", "sampling", 3, 20, 1, 2),
    messages.PieceReady("j1", 0, 81_920, 160_000, 16000, 0.7, "AACAPwAAAAA="),
    VariationReady("j1", 0, 7, "/a.wav", 16000, 5.0, "S", "CC", "cpu", "float32", ("quiet",)),
    messages.JobFinished("j1", 2.0),
    messages.JobCancelled("j1"),
    JobFailed.from_error("j1", OutOfMemoryError("Not enough.", "Make it shorter.")),
]


def test_every_message_has_an_example() -> None:
    assert {type(example) for example in EXAMPLES} == set(messages.Message.__subclasses__())


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda m: type(m).__name__)
def test_round_trip_on_one_line(message: messages.Message) -> None:
    line = messages.encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert messages.decode(line) == message


def test_a_failure_carries_its_kind() -> None:
    failed = JobFailed.from_error("j", OutOfMemoryError("Not enough.", "Make it shorter."))
    assert (failed.error_kind, failed.advice) == ("OutOfMemoryError", "Make it shorter.")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe\n",
        b"loading weights\n",
        b"[1]\n",
        b'{"type": "Unheard"}\n',
        b'{"type": "JobStarted"}\n',
        b'{"type": "JobStarted", "job_id": "1", "more": 2}\n',
        b'{"type": "ScoreSets", "job_id": "1", "scoring": {}, "history": ""}\n',
        b'{"type": "Generate", "job_id": "1", "request": {}, "folder": ""}\n',
    ],
)
def test_garbage_is_a_protocol_error(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        messages.decode(line)
