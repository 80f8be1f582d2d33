"""The typed messages between the window and its child processes: JSON, one message a line."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from soundstudio.core.benchmark_requests import BenchmarkRequest
from soundstudio.core.errors import StudioError
from soundstudio.core.requests import GenerationRequest
from soundstudio.core.score_requests import ScoreRequest

if TYPE_CHECKING:
    from soundstudio.core.progress import Stage

PROTOCOL_VERSION = 2
# The argument of the one child process that may reach the network.
ONLINE = "--online"

ScoreStage = Literal["loading", "listening", "computing"]
ModelAction = Literal["download", "import", "verify", "remove"]
ModelStage = Literal["downloading", "importing", "checking", "removing"]


class ProtocolError(Exception):
    """A line that is not a message of this protocol."""


@dataclass(frozen=True)
class Message:
    """Base of all messages; the class name is the type on the wire."""


# window -> engine


@dataclass(frozen=True)
class Generate(Message):
    """Carry out `request`; write each variation as a float32 WAV into `folder`."""

    job_id: str
    request: GenerationRequest
    folder: str
    device: str = "auto"
    dtype: str = "auto"


@dataclass(frozen=True)
class LoadModel(Message):
    """Load a model ahead of the first generation."""

    model: str
    device: str = "auto"
    dtype: str = "auto"


@dataclass(frozen=True)
class ScoreSets(Message):
    """Score two sets; keep the report in the folder `history`, under `scoring.title()`."""

    job_id: str
    scoring: ScoreRequest
    history: str
    device: str = "auto"


@dataclass(frozen=True)
class RunBenchmark(Message):
    """Carry out a benchmark of the paper, or go on with it."""

    job_id: str
    benchmark: BenchmarkRequest


@dataclass(frozen=True)
class WorkOnModel(Message):
    """Fetch, bring in, check or delete something in the folder `models_folder`.

    operand: its id in the catalogue; of an import the folder or .ckpt that the user has.
    """

    job_id: str
    action: ModelAction
    operand: str
    models_folder: str


@dataclass(frozen=True)
class CancelJob(Message):
    """Stop a job, running or waiting, within one step (a scoring: within one clip)."""

    job_id: str


@dataclass(frozen=True)
class Shutdown(Message):
    """End the process."""


# engine -> window


@dataclass(frozen=True)
class EngineReady(Message):
    """The first message: the process is up. torch is not imported yet."""

    protocol: int
    pid: int


@dataclass(frozen=True)
class ModelLoading(Message):
    """A model is being loaded."""

    model: str


@dataclass(frozen=True)
class ModelLoaded(Message):
    """A model is ready on a device."""

    model: str
    device: str
    device_title: str
    dtype: str
    seconds: float


@dataclass(frozen=True)
class LoadFailed(Message):
    """A `LoadModel` failed; the engine goes on."""

    model: str
    error_kind: str
    title: str
    message: str
    advice: str = ""


@dataclass(frozen=True)
class JobStarted(Message):
    """Work on a job begins."""

    job_id: str


@dataclass(frozen=True)
class JobProgress(Message):
    """Where a job stands (see `progress.Progress`)."""

    job_id: str
    stage: Stage
    step: int
    steps: int
    first_variation: int = 0
    variations: int = 1


@dataclass(frozen=True)
class PieceReady(Message):
    """The next stretch of a variation that is still being decoded, to be heard ahead of it.

    samples: from `start` on, of `total`, as `audio.growing_sound.packed` writes them. seconds: how
    long it took to make.
    """

    job_id: str
    variation: int
    start: int
    total: int
    sample_rate: int
    seconds: float
    samples: str


@dataclass(frozen=True)
class VariationReady(Message):
    """One variation lies at `path`: float32 WAV, the model's samples untouched.

    notes: what the user should know about this sound (nearly silent, prompt cut off …).
    clap_score: cosine of the condition and the sound, -1 to 1; None without an audio tower.
    """

    job_id: str
    variation: int
    seed: int
    path: str
    sample_rate: int
    duration_s: float
    model_title: str
    model_licence: str
    device: str
    dtype: str
    notes: tuple[str, ...] = ()
    clap_score: float | None = None


@dataclass(frozen=True)
class JobFinished(Message):
    """All variations of a job are there."""

    job_id: str
    seconds: float


@dataclass(frozen=True)
class JobCancelled(Message):
    """A job was stopped on request."""

    job_id: str


@dataclass(frozen=True)
class JobFailed(Message):
    """A job ended with an explained failure; the engine goes on."""

    job_id: str
    error_kind: str
    title: str
    message: str
    advice: str = ""

    @classmethod
    def from_error(cls, job_id: str, error: StudioError) -> JobFailed:
        return cls(job_id, error.kind, error.title, error.message, error.advice)


@dataclass(frozen=True)
class ScoreProgress(Message):
    """`done` of `total` sounds of both sets are heard; computing follows the last one."""

    job_id: str
    stage: ScoreStage
    done: int
    total: int


@dataclass(frozen=True)
class ScoreFinished(Message):
    """A scoring is done: its report lies at `path`, in the history.

    A report has a row for each clip and grows to megabytes, so it goes by file. If it could not be
    written, `path` is empty, `report` carries it, and `problem` says why in one sentence.
    """

    job_id: str
    path: str
    seconds: float
    problem: str = ""
    report: dict[str, Any] | None = None


@dataclass(frozen=True)
class BenchmarkProgress(Message):
    """What is being done, and `done` of `total` pieces of it are."""

    job_id: str
    what: str
    done: int
    total: int


@dataclass(frozen=True)
class BenchmarkFinished(Message):
    """A benchmark is done: its report lies at `path`, its other files beside it.

    note: a sentence about the dataset that qualifies the result, or empty.
    """

    job_id: str
    path: str
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class ModelProgress(Message):
    """`done` of `total` bytes while downloading or checking, megabytes of an import.

    total: 0 if it is not known.
    """

    job_id: str
    stage: ModelStage
    done: int
    total: int


@dataclass(frozen=True)
class ModelFinished(Message):
    """The work on a model is done; the sentence says what is there now."""

    job_id: str
    sentence: str


def encode(message: Message) -> bytes:
    """One line of UTF-8 JSON, newline included."""
    values = dataclasses.asdict(message)
    return (json.dumps({"type": type(message).__name__, **values}) + "\n").encode()


def decode(line: bytes) -> Message:
    """The message on one line. Raises ProtocolError."""
    try:
        values: dict[str, Any] = json.loads(line)
        kind = _Registry.kinds[values.pop("type")]
        if "request" in values:
            values["request"] = GenerationRequest.from_dict(values["request"])
        if "notes" in values:
            values["notes"] = tuple(values["notes"])
        if "scoring" in values:
            values["scoring"] = ScoreRequest.from_dict(values["scoring"])
        if "benchmark" in values:
            values["benchmark"] = BenchmarkRequest.from_dict(values["benchmark"])
        return kind(**values)
    except (ValueError, KeyError, TypeError, AttributeError, StudioError) as error:
        raise ProtocolError(f"not a message: {line[:200]!r} ({error})") from error


class _Registry:
    kinds: ClassVar[dict[str, type[Message]]] = {
        kind.__name__: kind for kind in Message.__subclasses__()
    }
