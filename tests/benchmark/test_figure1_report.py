"""Figure 1's files: all numbers, the same picture for the same numbers, and what was not done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from fake_backbone import FakeSource

from soundstudio.benchmark.corruption import CorruptionChoices
from soundstudio.benchmark.figure1 import Figure1Plan, run_figure1
from soundstudio.benchmark.figure1_report import answer_rows, report_figure1, write_figure1
from soundstudio.benchmark.layouts import read_dataset

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def report(esc_folder: Path, tmp_path: Path) -> dict[str, Any]:
    dataset = read_dataset("esc50", esc_folder)
    plan = Figure1Plan(
        backbone=FakeSource(),
        corruptions=("mask", "disorder"),
        shares=(1.0, 0.0, 0.5),
        choices=CorruptionChoices(event_s=0.3, griffin_lim_iterations=2),
        draws=5,
        seed=3,
    )
    return report_figure1(dataset, run_figure1(dataset.clips, plan, tmp_path), plan)


def test_everything_is_on_record(report: dict[str, Any]) -> None:
    assert report["protocol"]["seed"] == 3
    assert report["protocol"]["shares"] == [0.0, 0.5, 1.0]
    assert report["protocol"]["noise_spread"] == "variance"
    assert report["backbone"]["fingerprint"] == "fake"
    assert len(report["dataset"]["sounds_sha256"]) == 64
    assert {"python", "numpy", "torch", "soundstudio"} <= set(report["versions"])
    assert [row["claim"] for row in report["claims"]] == [
        "mask", "disorder-seen", "disorder-unseen",
    ]  # fmt: skip
    assert {(row["corruption"], row["metric"]) for row in report["answers"]} == {
        (corruption, metric)
        for corruption in ("mask", "disorder")
        for metric in ("fd", "is", "kl", "fad")
    }
    for answer in report["answers"]:
        assert (answer["is_above_chance"] is None) == (answer["metric"] == "kl")
    rows = answer_rows(report)
    assert [row[0] for row in rows] == ["corruption", "mask", "disorder"]
    end = next(p for p in report["points"] if (p["corruption"], p["share"]) == ("mask", 1.0))
    low, high = end["kl"]["interval"]
    assert rows[1][3].endswith(f"({end['kl']['value']:.3g} [{low:.3g}, {high:.3g}])")


def test_files(report: dict[str, Any], tmp_path: Path) -> None:
    paths = write_figure1(tmp_path / "a", report)
    assert [path.name for path in paths] == [
        "figure1.json", "figure1.csv", "figure1.png", "figure1.svg",
    ]  # fmt: skip
    assert json.loads(paths[0].read_text()) == json.loads(json.dumps(report))
    lines = paths[1].read_text().splitlines()
    assert lines[0] == "corruption,share,clips,corrupted,metric,value,low,high,backbone"
    assert len(lines) == 1 + 2 * 3 * 4
    assert lines[1].startswith("mask,0.0,12,0,fd,")
    svg = paths[3].read_text()
    for word in ("FD (lower is better)", "disorder", "12 clips, fake backbone"):
        assert word in svg
    again = write_figure1(tmp_path / "b", report)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths]


def test_a_metric_without_a_network(report: dict[str, Any], tmp_path: Path) -> None:
    for point in report["points"]:
        point["fad"] = None
    report["answers"] = [row for row in report["answers"] if row["metric"] != "fad"]
    assert "no network for FAD" in write_figure1(tmp_path, report)[3].read_text()
    assert answer_rows(report)[1][4] == "-"
