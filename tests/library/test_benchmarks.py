"""The list of benchmarks that were run, and reports read again, damaged ones too."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from library.scored import benchmark_report, write_benchmark

from soundstudio.core.benchmark_requests import BenchmarkRequest, TrainingWishes
from soundstudio.core.errors import ReportError, StorageError
from soundstudio.library.benchmarks import MOST_KEPT, BenchmarkList, read_benchmark

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = BenchmarkRequest(
    benchmark="table2", dataset="esc50", data="/d/esc", out="/d/out", models_folder="/m", clips=9,
    training=TrainingWishes(seeds=(4, 5), train_folds=("1",), validate_fold="2"),
)  # fmt: skip


def test_what_was_run_comes_back_newest_first(tmp_path: Path) -> None:
    file = tmp_path / "data" / "benchmarks.json"
    assert BenchmarkList(file).entries() == []
    BenchmarkList(file).add(REQUEST)
    other = replace(REQUEST, benchmark="figure2")
    BenchmarkList(file).add(other)
    again = replace(REQUEST, clips=3)
    BenchmarkList(file).add(again)
    found = BenchmarkList(file).entries()
    # The one with the same report took the place of the first.
    assert [entry.request for entry in found] == [again, other]
    assert str(found[0].report).replace(os.sep, "/") == "/d/out/table2.json"
    assert [entry.request for entry in BenchmarkList(file).remove(found[0])] == [other]


def test_the_list_stays_short(tmp_path: Path) -> None:
    past = BenchmarkList(tmp_path / "benchmarks.json")
    for number in range(MOST_KEPT + 2):
        past.add(replace(REQUEST, out=f"/out/{number}"))
    found = past.entries()
    assert len(found) == MOST_KEPT
    assert found[0].request.out == f"/out/{MOST_KEPT + 1}"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"benchmarks": 5}', '{"benchmarks": [{}, 3]}'])
def test_a_damaged_list_is_empty_and_can_be_added_to(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "benchmarks.json"
    file.write_text(damage)
    assert BenchmarkList(file).entries() == []
    BenchmarkList(file).add(REQUEST)
    assert [entry.request for entry in BenchmarkList(file).entries()] == [REQUEST]


def test_one_entry_of_another_version_spares_the_others(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.json"
    BenchmarkList(file).add(REQUEST)
    value = json.loads(file.read_text())
    unknown = json.loads(json.dumps(value["benchmarks"][0]))
    unknown["request"]["future"] = 1
    strange = json.loads(json.dumps(value["benchmarks"][0]))
    strange["request"]["benchmark"] = "table9"
    file.write_text(json.dumps({"benchmarks": [unknown, strange, *value["benchmarks"]]}))
    assert [entry.request for entry in BenchmarkList(file).entries()] == [REQUEST]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(StorageError):
        BenchmarkList(tmp_path / "data" / "benchmarks.json").add(REQUEST)


def test_a_report_is_read_again(tmp_path: Path) -> None:
    found = read_benchmark(write_benchmark(tmp_path))
    assert found.facts == ("ESC-50, 1,234 clips", "Starter", "backbone bundled")
    assert found.rows[0] == ("corruption", "FD")
    assert found.lines == ("FD sees disorder. — holds (FD reacts)",)
    assert found.failures == ("torn.wav: It is damaged.",)
    assert found.picture == tmp_path / "figure1.png"
    assert found.finished_at is not None
    assert found.finished_at.year == 2026
    (tmp_path / "figure1.png").unlink()
    assert read_benchmark(tmp_path / "figure1.json").picture is None


CHANGES: list[dict[str, Any]] = [
    {"benchmark": "table9"}, {"summary": None}, {"dataset": {}}, {"failures": []},
    {"backbone": None}, {"differences": 5}, {"summary": {"head": "", "rows": [3], "lines": []}},
]  # fmt: skip


@pytest.mark.parametrize("changes", CHANGES)
def test_what_is_no_report_is_one_sentence(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "figure1.json"
    path.write_text(json.dumps(benchmark_report(**changes)))
    with pytest.raises(ReportError, match="not a benchmark's report"):
        read_benchmark(path)


def test_torn_and_missing_reports(tmp_path: Path) -> None:
    path = write_benchmark(tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ReportError, match="is damaged"):
        read_benchmark(path)
    with pytest.raises(StorageError):
        read_benchmark(tmp_path / "table1.json")
