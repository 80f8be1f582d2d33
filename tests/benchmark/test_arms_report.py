"""Table II's and Figure 2's verdicts and files, on made-up runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from fake_backbone import FakeSource

from soundstudio.benchmark.arms import ARMS, Arm, ArmRun, ArmsPlan, FinishedArms
from soundstudio.benchmark.arms_report import (
    answer_lines,
    best_rows,
    curve_rows,
    paper_lines,
    report_arms,
    spread_of,
    write_arms,
)
from soundstudio.benchmark.comparisons import answer_questions, difference, sentence_of
from soundstudio.benchmark.layouts import read_dataset
from soundstudio.benchmark.paper_figures import table2_row
from soundstudio.benchmark.training_split import FoldChoice, PreparedClips, draw_split
from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.dataset.clips import DatasetOptions
from soundstudio.dataset.dataset import Dataset as TrainingDataset

if TYPE_CHECKING:
    from pathlib import Path

TEXT, SOUND = Arm("pre-trained", "text"), Arm("pre-trained", "audio")
NEW_TEXT, NEW_SOUND = Arm("scratch", "text"), Arm("scratch", "audio")


def scores(fd: float, **others: float | None) -> dict[str, Any]:
    return {"fd": fd, "is": 5.0, "kl": 2.0, "fad": None, "accuracy": 0.5} | others


def by_seed(*fds: float, **others: float | None) -> dict[int, dict[str, Any]]:
    return {seed: scores(fd, **others) for seed, fd in enumerate(fds)}


def test_a_difference_against_its_spread() -> None:
    clear = difference(by_seed(10.0, 11.0, 12.0), by_seed(20.0, 21.5, 22.0), "fd")
    assert clear.outcome == "better"
    assert clear.mean == pytest.approx(10.1667, abs=1e-3)
    # Of the differences 10, 10.5, 10: deviation 0.2887, t(0.975, 2) = 4.3027, over the root of 3.
    assert clear.low == pytest.approx(10.1667 - 4.3027 * 0.28868 / 3**0.5, abs=1e-3)
    assert clear.high == pytest.approx(10.1667 + 4.3027 * 0.28868 / 3**0.5, abs=1e-3)
    assert difference(by_seed(20.0, 21.5, 22.0), by_seed(10.0, 11.0, 12.0), "fd").outcome == "worse"
    # The same mean, but the seeds disagree.
    wide = difference(by_seed(10.0, 11.0, 12.0), by_seed(11.0, 11.5, 41.0), "fd")
    assert wide.mean == pytest.approx(clear.mean)
    assert wide.outcome == "not decided"


def test_a_higher_inception_score_and_accuracy_are_better() -> None:
    low = {0: scores(1.0, **{"is": 3.0, "accuracy": 0.1}),
           1: scores(1.0, **{"is": 3.1, "accuracy": 0.1})}  # fmt: skip
    high = {0: scores(1.0, **{"is": 6.0, "accuracy": 0.9}),
            1: scores(1.0, **{"is": 6.1, "accuracy": 0.9})}  # fmt: skip
    assert difference(high, low, "is").outcome == "better"
    assert difference(high, low, "accuracy").outcome == "better"
    assert difference(low, high, "is").outcome == "worse"
    assert difference(low, high, "fd").outcome == "not decided"  # equal


def test_one_seed_or_no_score_decides_nothing() -> None:
    one = difference(by_seed(1.0), by_seed(100.0), "fd")
    assert (one.outcome, one.seeds, one.mean, one.low) == ("not decided", 1, 99.0, None)
    assert difference(by_seed(1.0, 1.0), by_seed(9.0, 9.0), "fad").seeds == 0
    # Seeds that only one arm has do not count.
    assert difference(by_seed(1.0, 1.0), {1: scores(9.0), 2: scores(9.0)}, "fd").seeds == 1


def verdicts(values: dict[Arm, dict[int, dict[str, Any]]]) -> dict[str, str]:
    return {a["question"]: a["verdict"] for a in answer_questions(values, {})}


def test_verdicts() -> None:
    values = {
        TEXT: by_seed(10.0, 10.1),
        SOUND: by_seed(20.0, 20.1),
        NEW_TEXT: by_seed(30.0, 30.1),
        NEW_SOUND: by_seed(20.0, 45.0),
    }
    assert verdicts(values) == {
        "pre-training, text": "yes",
        "pre-training, audio": "not decided",
        "text, pre-trained": "yes",
        "text, from scratch": "not decided",
    }
    assert verdicts({TEXT: by_seed(30.0, 30.1), NEW_TEXT: by_seed(10.0, 10.1)}) == {
        "pre-training, text": "no"
    }
    mixed = {TEXT: by_seed(10.0, 10.1, **{"is": 1.0}), NEW_TEXT: by_seed(30.0, 30.1)}
    assert verdicts(mixed) == {"pre-training, text": "in part"}
    # Accuracy is told, but the paper's metrics alone make the verdict.
    only = {TEXT: by_seed(9.0, 9.0, accuracy=0.9), NEW_TEXT: by_seed(9.0, 9.0, accuracy=0.1)}
    (answer,) = answer_questions(only, {})
    assert (answer["found"]["accuracy"]["outcome"], answer["verdict"]) == ("better", "not decided")


def test_a_verdict_in_words() -> None:
    paper = {TEXT: {"fd": 1.0, "is": 9.0, "kl": 3.0, "fad": 1.0},
             NEW_TEXT: {"fd": 2.0, "is": 8.0, "kl": 2.0, "fad": 2.0}}  # fmt: skip
    values = {TEXT: by_seed(10.0, 10.1), NEW_TEXT: by_seed(30.0, 30.1)}
    (answer,) = answer_questions(values, paper)
    assert answer["paper"] == {"fd": "better", "is": "better", "kl": "worse", "fad": "better"}
    line = sentence_of(answer)
    assert line.startswith("Trained on text, pre-training helps. — yes (FD better: +20 [")
    assert "FAD" not in line.partition(";")[0]
    assert line.endswith("; in the paper better in FD, IS, FAD")
    (single,) = answer_questions({TEXT: by_seed(10.0), NEW_TEXT: by_seed(30.0)}, {})
    assert "not decided (FD not decided: +20 with one seed" in sentence_of(single)


def test_the_papers_table() -> None:
    row = table2_row("esc50", "text", is_pretrained=True)
    assert row is not None
    assert row.scores == {"fd": 22.38, "is": 12.98, "kl": 1.56, "fad": 2.66}
    assert row.train_steps == 80_000
    scratch = table2_row("audiocaps", "audio", is_pretrained=False)
    assert scratch is not None
    assert (scratch.scores["fad"], scratch.train_steps) == (2.98, 480_000)
    assert table2_row("audioset", "text", is_pretrained=True) is None
    assert table2_row("folder", "text", is_pretrained=True) is None


def point(step: int, fd: float, **values: float | None) -> dict[str, Any]:
    return {"step": step, "loss": 0.5, "training_loss": 0.4, "copies": 0, **scores(fd, **values)}


def made_up_runs(seeds: tuple[int, ...]) -> tuple[ArmRun, ...]:
    """Pre-trained ones are best at step 10, others at step 20; seeds differ by a little."""
    runs = []
    for place, arm in enumerate(ARMS):
        for seed in seeds:
            middle, last = (10.0, 12.0) if arm.start == "pre-trained" else (90.0, 40.0)
            points = (
                point(0, fd=200.0, accuracy=0.02),
                point(10, fd=middle + place + seed / 10, accuracy=0.6),
                point(20, fd=last + place + seed / 10, accuracy=0.7),
            )
            runs.append(ArmRun(arm, seed, f"run{place}-{seed}", points, 0.8))
    return tuple(runs)


@pytest.fixture
def report_of(esc_folder: Path, tiny_model_folder: Path) -> Any:
    def make(benchmark: Any, seeds: tuple[int, ...] = (0, 1, 2)) -> dict[str, Any]:
        dataset = read_dataset("esc50", esc_folder)
        split = draw_split(dataset, "paper", folds=FoldChoice("3"))
        training = TrainingDataset(esc_folder, (), (), DatasetOptions())
        clips = PreparedClips(training, split.others, split.clips, {"torn": "It is torn."})
        plan = ArmsPlan(
            backbone=FakeSource(),
            model=row_of_folder(tiny_model_folder),
            settings=FinetuneSettings(best_by="fd", validation_sounds=4),
            seeds=seeds,
        )
        found = FinishedArms(made_up_runs(seeds), "a" * 64)
        return report_arms(benchmark, dataset, split, clips, found, plan)

    return make


def test_table2_stands_beside_the_paper(report_of: Any, tmp_path: Path) -> None:
    report = report_of("table2")
    row = report["rows"][0]
    assert (row["start"], row["condition"]) == ("pre-trained", "text")
    assert row["step"]["values"] == [10, 10, 10]
    assert row["fd"]["mean"] == pytest.approx(10.1)
    assert row["fd"]["deviation"] == pytest.approx(0.1)
    assert row["fad"] is None
    assert row["accuracy"]["mean"] == pytest.approx(0.6)
    assert row["accuracy_before"]["mean"] == pytest.approx(0.02)
    assert row["paper"] == {"step": 80_000, "fd": 22.38, "is": 12.98, "kl": 1.56, "fad": 2.66}
    rows = best_rows(report)
    assert rows[1] == (
        "pre-trained", "text", "here", "fake backbone", "10 ± 0", "10.10 ± 0.10", "5.00 ± 0.00",
        "2.00 ± 0.00", "-", "0.60 ± 0.00", "0.02 ± 0.00",
    )  # fmt: skip
    assert rows[2] == (
        "pre-trained", "text", "paper", "PANNs and VGGish", "80,000", "22.38", "12.98", "1.56",
        "2.66", "-", "-",
    )  # fmt: skip
    assert [row[4] for row in rows[1::2]] == ["10 ± 0", "10 ± 0", "20 ± 0", "20 ± 0"]
    assert len(rows) == 1 + 8
    said = " ".join(report["differences"])
    for words in ("4 clips are held out; the paper has 400", "cannot be compared", "3 seeds",
                  "chosen by itself"):  # fmt: skip
        assert words in said
    assert answer_lines(report)[0].startswith("Trained on text, pre-training helps. — yes")
    paths = write_arms(tmp_path, report)
    assert json.loads(paths[0].read_text()) == json.loads(json.dumps(report))
    lines = paths[1].read_text().splitlines()
    assert lines[0] == "start,condition,seeds,step,metric,mean,deviation,paper_step,paper"
    assert len(lines) == 1 + 4 * 4  # FAD is missing
    assert lines[1].startswith("pre-trained,text,3,10")
    assert lines[1].endswith(",80000,22.38")
    assert paths[2].read_bytes().startswith(b"\x89PNG")
    assert "PANNs, VGGish" in paths[3].read_text()


def test_figure2_by_step(report_of: Any, tmp_path: Path) -> None:
    report = report_of("figure2", (0,))
    curve = report["curves"][2]
    assert (curve["start"], curve["condition"]) == ("scratch", "text")
    assert [p["fd"]["mean"] for p in curve["points"]] == [200.0, 92.0, 42.0]
    assert curve["points"][1]["fd"]["deviation"] is None
    rows = curve_rows(report)
    assert len(rows) == 1 + 4 * 3
    assert rows[2][:4] == ("pre-trained", "text", "10", "10.00")
    assert paper_lines(report)[3] == (
        "The paper's best, scratch, audio: FD 44.75, IS 7.44, KL 3.31, FAD 4.02 at step 240,000 "
        "(PANNs and VGGish)"
    )
    assert all("not decided" in line for line in answer_lines(report))  # one seed
    paths = write_arms(tmp_path, report)
    assert [path.name for path in paths] == [
        "figure2.json", "figure2.csv", "figure2.png", "figure2.svg",
    ]  # fmt: skip
    lines = paths[1].read_text().splitlines()
    assert lines[0] == "start,condition,seed,step,metric,value"
    assert len(lines) == 1 + 4 * 3 * 5
    picture = paths[3].read_text()
    assert "no score for FAD" in picture
    assert "training steps (thousand)" in picture


def test_the_spread_of_nothing() -> None:
    assert spread_of([None, None]) is None
    assert spread_of([2.0, None]) == {"mean": 2.0, "deviation": None, "values": [2.0, None]}
