"""Scoring in a real child process with the bundled backbone, and what can go wrong with it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from soundstudio.audio.files import Sound, write_wav
from soundstudio.core.errors import StudioError
from soundstudio.core.messages import (
    CancelJob,
    JobCancelled,
    JobFailed,
    JobStarted,
    Message,
    ScoreFinished,
    ScoreProgress,
    ScoreSets,
)
from soundstudio.core.score_requests import ScoreRequest, SetChoice
from soundstudio.library.scores.history import ScoreHistory
from soundstudio.worker.scoring import Scorer, sounds_of

if TYPE_CHECKING:
    from conftest import EngineProcess


def write_sounds(folder: Path, count: int, duration_s: float = 0.3) -> Path:
    folder.mkdir(parents=True)
    for number in range(count):
        t = np.arange(int(duration_s * 16000)) / 16000
        wave = 0.4 * np.sin(2 * np.pi * (200 + 150 * number) * t) * np.exp(-3 * t)
        write_wav(folder / f"{number}.wav", Sound(wave.astype(np.float32)[None], 16000), "PCM_16")
    return folder


def job(generated: SetChoice, tmp_path: Path, job_id: str = "one", **values: Any) -> ScoreSets:
    return ScoreSets(job_id, ScoreRequest(generated, **values), str(tmp_path / "history"), "cpu")


def test_two_folders_a_list_damage_and_the_cache(engine: EngineProcess, tmp_path: Path) -> None:
    generated = write_sounds(tmp_path / "made", 4)
    reference = write_sounds(tmp_path / "real", 5)
    (generated / "broken.wav").write_bytes(b"RIFF\0\0rubbish")
    made, real = SetChoice("made", str(generated)), SetChoice("real", str(reference))
    engine.send(job(made, tmp_path, reference=real))
    seen = engine.until(lambda m: isinstance(m, ScoreFinished | JobFailed))
    finished = seen[-1]
    assert isinstance(finished, ScoreFinished), finished
    (entry,) = ScoreHistory(tmp_path / "history").entries()
    assert (str(entry.path), entry.title) == (finished.path, "made against real")
    report = entry.report
    assert report["fd"]["interval"]["low"] <= report["fd"]["interval"]["high"]
    assert report["kl"]["counts"] == {"pairs": 4}
    assert (report["generated"], report["labels"]["generated"]) == (str(generated),) * 2
    assert [row["failure"] != "" for row in report["clips"]].count(True) == 1
    assert len(report["map"]["generated"]) == 4
    progress = [m for m in seen if isinstance(m, ScoreProgress)]
    assert progress[0].stage == "loading"
    assert progress[-1].stage == "computing"
    assert progress[-1].total == 10

    # A list of files, heard before: the networks are warm and every sound is in the cache.
    files = tuple(str(generated / f"{number}.wav") for number in range(3))
    engine.send(job(SetChoice("three", files=(*files, str(tmp_path / "gone.wav"))), tmp_path))
    finished = engine.until(lambda m: isinstance(m, ScoreFinished | JobFailed))[-1]
    assert isinstance(finished, ScoreFinished), finished
    report = json.loads(Path(finished.path).read_text(encoding="utf-8"))["report"]
    assert report["labels"] == {"generated": "three", "reference": None}
    names = {row["name"]: row["failure"] for row in report["clips"]}
    assert [name for name, failure in names.items() if failure] == ["gone.wav"]
    for name, failure in names.items():
        assert (Path(report["generated"]) / name).is_file() == (not failure)
    cached = list((tmp_path / "home" / "cache" / "features").rglob("*.npz"))
    assert len(cached) == 5  # the pairs are the same sounds

    # Cancelled within a clip.
    long = write_sounds(tmp_path / "long", 60, 20.0)
    engine.send(job(SetChoice("long", str(long)), tmp_path, "long"))
    engine.until(lambda m: isinstance(m, ScoreProgress) and m.stage == "listening" and m.done > 0)
    asked = time.monotonic()
    engine.send(CancelJob("long"))
    assert isinstance(engine.until(lambda m: isinstance(m, JobCancelled | ScoreFinished))[-1],
                      JobCancelled)  # fmt: skip
    assert time.monotonic() - asked < 10


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (SetChoice("x", "/nowhere/at/all"), "There is no folder"),
        (SetChoice("x", "{empty}"), "There are no sounds"),
        (SetChoice("x", "{empty}", fold="1"), "esc50"),
        (SetChoice("x", "{file}"), "is a file"),
    ],
)
def test_bad_folders_are_said_before_networks_are_loaded(
    tmp_path: Path, choice: SetChoice, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").touch()
    folder = choice.folder.format(empty=tmp_path / "empty", file=tmp_path / "file.txt")
    answers = scored(job(SetChoice("x", folder, fold=choice.fold), tmp_path))
    assert [type(answer) for answer in answers] == [JobStarted, JobFailed]
    assert words in answers[-1].message


def test_a_fold_of_esc50(tmp_path: Path) -> None:
    write_sounds(tmp_path / "esc" / "audio", 3)
    (tmp_path / "esc" / "meta").mkdir()
    (tmp_path / "esc" / "meta" / "esc50.csv").write_text(
        "filename,fold,target,category,esc10,src_file,take\n"
        "0.wav,1,0,dog,True,10,A\n1.wav,2,0,dog,True,11,A\n2.wav,2,1,rain,True,12,A\n",
        encoding="utf-8",
    )
    sounds = sounds_of(SetChoice("esc, fold 2", str(tmp_path / "esc"), fold="2"))
    assert [path.name for path in sounds.paths] == ["1.wav", "2.wav"]
    assert sounds.label == "esc, fold 2"
    with pytest.raises(StudioError, match="no sounds of fold 7"):
        sounds_of(SetChoice("esc, fold 7", str(tmp_path / "esc"), fold="7"))


class FakeBackboneThatFails:
    """Raises what it is given as soon as it is to hear."""

    name = "bundled"

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.facts = SimpleNamespace(fingerprint="f" * 64)

    def features(self, sound: Sound) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (MemoryError(), "OutOfMemoryError", "score fewer sounds"),
        (RuntimeError("CUDA out of memory. Tried …"), "OutOfMemoryError", "score fewer sounds"),
        (ZeroDivisionError(), "StudioError", "log"),
    ],
)
def test_failures_of_the_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str, words: str
) -> None:
    folder = write_sounds(tmp_path / "made", 1)
    backbone = FakeBackboneThatFails(error)
    monkeypatch.setattr("soundstudio.evaluation.backbones.load_bundled", lambda *_: backbone)
    answer = scored(job(SetChoice("made", str(folder)), tmp_path))[-1]
    assert isinstance(answer, JobFailed)
    assert answer.error_kind == kind
    assert words in answer.advice


def test_the_chosen_clap_is_what_hears(tmp_path: Path) -> None:
    made = SetChoice("made", str(write_sounds(tmp_path / "made", 1)))
    answer = scored(job(made, tmp_path, clap=str(tmp_path / "gone.pt")))[-1]
    assert isinstance(answer, JobFailed)
    assert "There is no file" in answer.message
    assert "gone.pt" in answer.message


def test_a_report_that_cannot_be_kept_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scorer, "_report", lambda *_: {"fd": None, "generated": "/x", "clips": []})
    (tmp_path / "history").touch()  # a file where the folder should be
    answer = scored(job(SetChoice("made", str(tmp_path)), tmp_path))[-1]
    assert isinstance(answer, ScoreFinished)
    assert answer.path == ""
    assert answer.problem
    assert answer.report == {"fd": None, "generated": "/x", "clips": []}


def scored(wish: ScoreSets) -> list[Any]:
    """What a scorer in this process answers."""
    answers: list[Message] = []
    inbox: Any = SimpleNamespace(
        is_closed=False, is_cancelled=lambda _: False, forget=lambda _: None
    )
    outbox: Any = SimpleNamespace(send=answers.append)
    Scorer(inbox, outbox).score(wish)
    return [answer for answer in answers if not isinstance(answer, ScoreProgress)]


def test_a_killed_process_leaves_the_history_readable(
    engine: EngineProcess, tmp_path: Path
) -> None:
    folder = write_sounds(tmp_path / "made", 12, 5.0)
    engine.send(job(SetChoice("made", str(folder)), tmp_path))
    engine.until(lambda m: isinstance(m, ScoreProgress) and m.stage == "listening")
    os.kill(engine.process.pid, 9)
    engine.wait()
    assert ScoreHistory(tmp_path / "history").entries() == []
