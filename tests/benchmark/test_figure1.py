"""Figure 1 from clips to points: caching, resuming, cancelling, damaged clips."""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from fake_backbone import FakeSource

from soundstudio.benchmark.corruption import CorruptionChoices
from soundstudio.benchmark.figure1 import Figure1Plan, run_figure1
from soundstudio.benchmark.layouts import read_dataset
from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.progress import Cancelled
from soundstudio.dataset.findings import DatasetError

if TYPE_CHECKING:
    from pathlib import Path

QUICK = CorruptionChoices(event_s=0.3, griffin_lim_iterations=2)


def plan_of(log: Path | None = None, **changes: Any) -> Figure1Plan:
    values: dict[str, Any] = {
        "backbone": FakeSource(log),
        "shares": (0.0, 0.5, 1.0),
        "choices": QUICK,
        "draws": 5,
    }
    return Figure1Plan(**(values | changes))


def test_every_corruption_at_every_share(esc_folder: Path, tmp_path: Path) -> None:
    clips = read_dataset("esc50", esc_folder).clips
    series = run_figure1(clips, plan_of(), tmp_path)
    assert [(point["corruption"], point["corrupted"]) for point in series.points] == [
        (name, count)
        for name in ("noise", "mask", "interference", "disorder")
        for count in (0, 6, 12)
    ]
    for point in series.points:
        assert point["clips"] == 12
        if point["share"] == 0.0:
            assert point["fd"]["value"] == pytest.approx(0.0, abs=1e-6)
            assert point["fad"]["value"] == pytest.approx(0.0, abs=1e-6)
            assert point["kl"]["value"] == pytest.approx(0.0, abs=1e-3)
    # Four corruptions, and what they are compared with: untouched clips and ordered sequences.
    assert len(list((tmp_path / "features").rglob("*.npz"))) == 12 * 6
    by_key = {(point["corruption"], point["share"]): point for point in series.points}
    for name in ("noise", "mask", "interference"):
        values = [by_key[name, share]["fd"]["value"] for share in (0.0, 0.5, 1.0)]
        assert values == sorted(values)
        assert values[2] > 0.1
        assert by_key[name, 1.0]["fd"]["interval"][0] > 0.0


def test_a_second_run_listens_to_nothing(esc_folder: Path, tmp_path: Path) -> None:
    clips = read_dataset("esc50", esc_folder).clips
    log = tmp_path / "loads"
    first = run_figure1(clips, plan_of(log), tmp_path)
    loads = log.read_text()
    again = run_figure1(clips, plan_of(log), tmp_path)
    assert log.read_text() == loads
    assert again.points == first.points
    # Another backbone, seed or choice must never be answered with these features.
    for changes in (
        {"backbone": FakeSource(log, "other")},
        {"seed": 1},
        {"choices": dataclasses.replace(QUICK, mask_share=0.2)},
    ):
        before = log.read_text()
        run_figure1(clips, plan_of(log, **{"corruptions": ("mask",)} | changes), tmp_path)
        assert log.read_text() != before


def test_points_follow_features_that_change(esc_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "esc"
    shutil.copytree(esc_folder, folder)
    clips = read_dataset("esc50", folder).clips
    plan = plan_of(corruptions=("mask",))
    before = run_figure1(clips, plan, tmp_path / "out").points
    shutil.copy(clips[0].path, clips[1].path)
    assert run_figure1(clips, plan, tmp_path / "out").points != before


def test_an_interrupted_run_goes_on_where_it_stopped(esc_folder: Path, tmp_path: Path) -> None:
    clips = read_dataset("esc50", esc_folder).clips
    plan = plan_of(corruptions=("noise",))
    seen: list[tuple[str, int, int]] = []

    def stop(what: str, done: int, total: int) -> None:
        if (what, done) == ("listening to corrupted sounds", 5):
            raise Cancelled

    with pytest.raises(Cancelled):
        run_figure1(clips, plan, tmp_path, stop)
    run_figure1(clips, plan, tmp_path, lambda *where: seen.append(where))
    assert [where for where in seen if where[0].startswith("listening")] == [
        ("listening to corrupted sounds", done, 7) for done in range(1, 8)
    ]
    whole = run_figure1(clips, plan, tmp_path / "whole").points
    assert run_figure1(clips, plan, tmp_path).points == whole


def test_damaged_features_are_made_again(esc_folder: Path, tmp_path: Path) -> None:
    clips = read_dataset("esc50", esc_folder).clips
    plan = plan_of(corruptions=("mask",))
    before = run_figure1(clips, plan, tmp_path).points
    stored = sorted((tmp_path / "features").rglob("*.npz"))
    stored[0].write_bytes(b"")
    stored[1].write_bytes(stored[1].read_bytes()[:200])
    (tmp_path / "points" / "mask-0.5000.json").write_text("{")
    assert run_figure1(clips, plan, tmp_path).points == before


def test_a_damaged_clip_leaves_every_series_and_is_named(esc_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "esc"
    shutil.copytree(esc_folder, folder)
    clips = read_dataset("esc50", folder).clips
    clips[3].path.write_text("no sound")
    series = run_figure1(clips, plan_of(), tmp_path / "out")
    assert list(series.failures) == [clips[3].name]
    assert "not a sound file" in series.failures[clips[3].name]
    assert {point["clips"] for point in series.points} == {11}


def test_nothing_readable_is_an_error(esc_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "esc"
    shutil.copytree(esc_folder, folder)
    clips = read_dataset("esc50", folder).clips
    for clip in clips[1:]:
        clip.path.write_bytes(b"")
    with pytest.raises(DatasetError, match="1 of 12 clips can be read"):
        run_figure1(clips, plan_of(), tmp_path / "out")


def test_two_processes_give_the_same_points(esc_folder: Path, tmp_path: Path) -> None:
    clips = read_dataset("esc50", esc_folder).clips
    alone = run_figure1(clips, plan_of(corruptions=("interference",)), tmp_path / "1")
    log = tmp_path / "loads"
    plan = plan_of(log, corruptions=("interference",), processes=2)
    assert run_figure1(clips, plan, tmp_path / "2").points == alone.points
    assert log.read_text() == "loaded\n" * 4  # two processes, clean and corrupted sounds


@pytest.mark.parametrize(
    "changes",
    [
        {"shares": (0.0,)},
        {"shares": (0.0, 1.5)},
        {"corruptions": ()},
        {"processes": 0},
        {"draws": 1},
        {"choices": CorruptionChoices(mask_share=0.6)},
        {"choices": CorruptionChoices(events=1)},
    ],
)
def test_impossible_plans_are_refused(
    esc_folder: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    clips = read_dataset("esc50", esc_folder).clips
    with pytest.raises(InvalidRequestError):
        run_figure1(clips, plan_of(**changes), tmp_path)
