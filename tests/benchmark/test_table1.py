"""Table I from clips to rows: requests, resuming, what is missing, the paper's figures."""

from __future__ import annotations

import dataclasses
import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from fake_backbone import FakeSource
from tiny_model import build_tiny_model

from soundstudio.audio.files import read_sound
from soundstudio.benchmark import table1
from soundstudio.benchmark.layouts import read_dataset
from soundstudio.benchmark.paper_figures import table1_row
from soundstudio.benchmark.score_facts import METRICS
from soundstudio.benchmark.subsets import draw_subset
from soundstudio.benchmark.table1 import Table1Plan, run_table1
from soundstudio.benchmark.table1_report import report_table1, table_rows, write_table1
from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.errors import InvalidRequestError, ModelError
from soundstudio.core.progress import Cancelled
from soundstudio.core.requests import GenerationRequest
from soundstudio.engine.loading import load_model
from soundstudio.generation.generate import generate

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.benchmark.dataset import DatasetClip

pytestmark = pytest.mark.usefixtures("one_thread")

QUICK = GenerationRequest(prompt="", duration_s=0.5, steps=1)


@pytest.fixture
def clips(esc_folder: Path) -> tuple[DatasetClip, ...]:
    return read_dataset("esc50", esc_folder).clips[:4]


def plan_of(model: Path, **changes: Any) -> Table1Plan:
    values: dict[str, Any] = {
        "backbone": FakeSource(),
        "model": row_of_folder(model),
        "settings": QUICK,
        "device": "cpu",
        "dtype": "float32",
        "draws": 5,
    }
    return Table1Plan(**(values | changes))


def test_a_row_for_each_condition(
    clips: tuple[DatasetClip, ...], tiny_model_folder: Path, tmp_path: Path
) -> None:
    plan = plan_of(tiny_model_folder, template="This is {label}", seed=5)
    found = run_table1(clips, plan, tmp_path)
    assert [(row["condition"], row["clips"]) for row in found.rows] == [("text", 4), ("audio", 4)]
    for row in found.rows:
        assert row["fd"]["value"] > 0
        assert row["fad"]["counts"]["generated"] == 4
        assert row["is"] is None  # ten splits need ten clips
    texts = request_beside(tmp_path, "text", clips[3])
    sounds = request_beside(tmp_path, "audio", clips[3])
    assert (texts.prompt, texts.like) == ("This is chirping birds", None)
    assert (sounds.prompt, sounds.like, sounds.like_weight) == ("", str(clips[3].path), 1.0)
    assert texts.seed == sounds.seed
    assert len({request_beside(tmp_path, "text", clip).seed for clip in clips}) == 4
    # The sound is what its request says, untouched.
    model = load_model(row_of_folder(tiny_model_folder), "cpu", "float32")
    (again,) = generate(model, sounds)
    written = read_sound(tmp_path / "generated" / "audio" / f"{clips[3].name}.wav")
    np.testing.assert_array_equal(written.mono(), again.samples)
    assert written.sample_rate == 16000


def request_beside(folder: Path, condition: str, clip: DatasetClip) -> GenerationRequest:
    path = folder / "generated" / condition / f"{clip.name}.json"
    return GenerationRequest.from_dict(json.loads(path.read_text())["request"])


def made_by(
    monkeypatch: pytest.MonkeyPatch, clips: tuple[DatasetClip, ...], plan: Table1Plan, folder: Path
) -> list[str]:
    """The names of the sounds that a run generates."""
    names: list[str] = []
    generate_one = table1._generate
    with monkeypatch.context() as patch:
        patch.setattr(
            table1, "_generate", lambda model, p: (names.append(p.name), generate_one(model, p))
        )
        run_table1(clips, plan, folder)
    return names


def test_an_interrupted_run_goes_on(
    clips: tuple[DatasetClip, ...],
    tiny_model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_of(tiny_model_folder, conditions=("text",))

    def stop(what: str, done: int, total: int) -> None:
        if (what, done) == ("generating", 3):
            raise Cancelled

    with pytest.raises(Cancelled):
        run_table1(clips, plan, tmp_path, stop)
    assert made_by(monkeypatch, clips, plan, tmp_path) == [f"text/{clips[3].name}"]
    assert made_by(monkeypatch, clips, plan, tmp_path) == []
    # A sound whose request was not written is not trusted, nor one of another request or model.
    (tmp_path / "generated" / "text" / f"{clips[1].name}.json").unlink()
    (tmp_path / "generated" / "text" / f"{clips[2].name}.wav").unlink()
    assert made_by(monkeypatch, clips, plan, tmp_path) == [
        f"text/{clip.name}" for clip in clips[1:3]
    ]
    other = dataclasses.replace(plan, settings=dataclasses.replace(QUICK, steps=2))
    assert len(made_by(monkeypatch, clips, other, tmp_path)) == 4
    # The same name, other weights.
    model = build_tiny_model(tmp_path / tiny_model_folder.name, seed=1)
    assert len(made_by(monkeypatch, clips, dataclasses.replace(other, model=row_of_folder(model)),
                       tmp_path)) == 4  # fmt: skip


def test_an_old_request_never_vouches_for_a_new_sound(
    clips: tuple[DatasetClip, ...],
    tiny_model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_of(tiny_model_folder, conditions=("text",))
    other = dataclasses.replace(plan, settings=dataclasses.replace(QUICK, steps=2))
    run_table1(clips[:2], plan, tmp_path)

    def crash(*_: Any) -> None:
        raise Cancelled

    with monkeypatch.context() as patch:
        patch.setattr(table1, "write_json", crash)  # the sound is there, its request is not
        with pytest.raises(Cancelled):
            run_table1(clips[:2], other, tmp_path)
    assert made_by(monkeypatch, clips[:2], plan, tmp_path) == [f"text/{clips[0].name}"]


def test_two_processes_make_the_same_sounds(
    clips: tuple[DatasetClip, ...],
    tiny_model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As many threads as here: their number changes the last bits of sums.
    monkeypatch.setenv("OMP_NUM_THREADS", str(torch.get_num_threads()))
    plan = plan_of(tiny_model_folder, conditions=("audio",))
    alone = run_table1(clips[:2], plan, tmp_path / "1")
    both = run_table1(clips[:2], dataclasses.replace(plan, processes=2), tmp_path / "2")
    assert both.rows == alone.rows


def test_a_damaged_clip_is_left_out_and_named(
    esc_folder: Path, tiny_model_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "esc"
    shutil.copytree(esc_folder, folder)
    clips = read_dataset("esc50", folder).clips[:4]
    clips[1].path.write_text("no sound")
    found = run_table1(clips, plan_of(tiny_model_folder), tmp_path / "out")
    assert [row["clips"] for row in found.rows] == [3, 3]
    assert list(found.failures) == [clips[1].name]


def test_a_model_that_cannot_listen(clips: tuple[DatasetClip, ...], tmp_path: Path) -> None:
    model = build_tiny_model(tmp_path / "deaf", audio_tower=False)
    with pytest.raises(ModelError, match="cannot listen"):
        run_table1(clips, plan_of(model), tmp_path)
    found = run_table1(clips, plan_of(model, conditions=("text",)), tmp_path)
    assert [row["condition"] for row in found.rows] == ["text"]


@pytest.mark.parametrize(
    "changes",
    [
        {"conditions": ()},
        {"draws": 1},
        {"processes": 0},
        {"settings": dataclasses.replace(QUICK, steps=0)},
    ],
)
def test_impossible_plans_are_refused(
    clips: tuple[DatasetClip, ...], tiny_model_folder: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequestError):
        run_table1(clips, plan_of(tiny_model_folder, **changes), tmp_path)


def test_the_report_stands_beside_the_paper(
    esc_folder: Path, tiny_model_folder: Path, tmp_path: Path
) -> None:
    dataset = read_dataset("esc50", esc_folder)
    subset = draw_subset(dataset, "paper", count=4)
    plan = plan_of(tiny_model_folder)
    report = report_table1(dataset, subset, run_table1(subset.clips, plan, tmp_path), plan)
    assert report["rows"][0]["paper"] == {"fd": 60.63, "is": 5.55, "kl": 3.01, "fad": 5.95}
    assert report["rows"][1]["paper"]["fd"] == 47.46
    assert report["subset"]["note"].startswith("4 of 12 clips at random")
    assert len(report["model"]["sha256"]) == len(report["dataset"]["sounds_sha256"]) == 64
    said = " ".join(report["differences"])
    assert "4 clips were scored, the paper scored 400" in said
    assert "cannot be compared" in said
    rows = table_rows(report)
    assert [row[:3] for row in rows] == [
        ("condition", "from", "networks"),
        ("text", "here", "fake backbone"),
        ("text", "paper", "PANNs and VGGish"),
        ("audio", "here", "fake backbone"),
        ("audio", "paper", "PANNs and VGGish"),
    ]
    assert rows[2][3:] == ("60.63", "5.55", "3.01", "5.95")
    assert rows[1][4] == "-"
    paths = write_table1(tmp_path / "out", report)
    assert json.loads(paths[0].read_text()) == json.loads(json.dumps(report))
    lines = paths[1].read_text().splitlines()
    assert lines[0] == "condition,clips,metric,value,low,high,backbone"
    assert len(lines) == 1 + 2 * 3
    assert paths[2].read_bytes().startswith(b"\x89PNG")
    assert "PANNs, VGGish" in paths[3].read_text()


def test_the_papers_own_figures() -> None:
    row = table1_row("audioset", "audio")
    assert row is not None
    assert [row.scores[metric] for metric in METRICS] == [19.04, 6.72, 1.63, 1.52]
    assert table1_row("folder", "text") is None
