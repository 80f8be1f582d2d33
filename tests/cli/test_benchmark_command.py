"""`soundstudio benchmark`, run as a user runs it, on small copies of datasets."""

from __future__ import annotations

import dataclasses
import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from soundstudio.benchmark import layouts
from soundstudio.benchmark.corruption import CorruptionChoices
from soundstudio.cli import benchmark, main
from soundstudio.cli.commands import build_parser
from soundstudio.core.benchmark_requests import (
    DATASETS,
    BenchmarkRequest,
    CorruptionWishes,
    GenerationWishes,
    TrainingWishes,
)
from soundstudio.core.finetuning import CONDITIONS

RATE = 16_000
QUICK_FIGURE = ("--points", "3", "--draws", "5", "--event-duration", "0.3")
QUICK_TABLE = ("--duration", "0.5", "--steps", "1", "--draws", "5", "--dtype", "float32")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six half seconds in two folders, and a file that is none."""
    folder = tmp_path_factory.mktemp("sounds")
    for number in range(6):
        path = folder / ("bell", "noise")[number % 2] / f"{number}.wav"
        path.parent.mkdir(exist_ok=True)
        random = np.random.default_rng(number)
        t = np.arange(RATE // 2) / RATE
        bell = np.sin(2 * np.pi * 300 * (number + 1) * t) * np.exp(-5 * t)
        samples = 0.3 * (bell if number % 2 == 0 else random.normal(size=len(t)) / 3)
        soundfile.write(path, samples.astype(np.float32), RATE)
    (folder / "bell" / "torn.wav").write_text("no sound")
    return folder


@pytest.fixture
def words(sounds: Path, tmp_path: Path, tiny_model_folder: Path) -> list[str]:
    return [
        "--dataset", "folder", "--data", str(sounds), "-o", str(tmp_path / "out"),
        "--clap", str(tiny_model_folder), "--device", "cpu",
    ]  # fmt: skip


def test_an_option_that_is_left_alone_leaves_the_protocol_alone() -> None:
    args = build_parser().parse_args(
        ["benchmark", "figure1", "--dataset", "folder", "--data", ".", "-o", "."]
    )
    request = benchmark.request_of(args)
    assert request.corruption == CorruptionWishes()
    for field in dataclasses.fields(CorruptionWishes):
        assert hasattr(CorruptionChoices(), field.name)
    assert layouts.DATASET_KINDS == DATASETS


def test_every_option_of_the_command_line_reaches_the_request() -> None:
    words = "--dataset esc50 --data d -o o --clips 7 --seed 3 --backbone paper --panns p --vggish v"
    shared = [*words.split(), "--subset", "held-out", "--processes", "2", "--device", "cpu"]

    def request(kind: str, *more: str) -> BenchmarkRequest:
        found = benchmark.request_of(build_parser().parse_args(["benchmark", kind, *shared, *more]))
        assert BenchmarkRequest.from_dict(json.loads(json.dumps(found.to_dict()))) == found
        assert (found.dataset, found.data, found.out, found.clips) == ("esc50", "d", "o", 7)
        assert (found.seed, found.subset, found.processes, found.device) == (
            3,
            "held-out",
            2,
            "cpu",
        )
        assert (found.backbone, found.panns, found.vggish) == ("paper", "p", "v")
        return found

    figure = request("figure1", "--corruption", "mask", "mask", "--points", "5", "--events", "2")
    assert (figure.corruptions, figure.shares, figure.corruption.events) == (("mask",), 5, 2)
    table = request("table1", "--duration", "2", "--steps", "9", "--eta", "0.5", "--draws", "8")
    assert table.generation == GenerationWishes(duration_s=2.0, steps=9, eta=0.5)
    assert (table.draws, table.conditions, table.dtype) == (8, CONDITIONS, "auto")
    arms = request("table2", "--start", "scratch", "--condition", "audio", "--seeds", "5,6",
                   "--validate-fold", "4", "--train-folds", "1,2", "--sounds", "3",
                   "--warmup-steps", "11")  # fmt: skip
    assert arms.training == TrainingWishes(
        starts=("scratch",), seeds=(5, 6), validate_fold="4", train_folds=("1", "2"), sounds=3,
        warmup_steps=11,
    )  # fmt: skip
    assert arms.conditions == ("audio",)


def test_figure1_says_what_it_found(words: list[str], tmp_path: Path, capsys: Any) -> None:
    assert main(["benchmark", "figure1", *words, *QUICK_FIGURE]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert "with 95 % intervals. Heard with aisfx" in lines[0]
    assert lines[0].endswith(" (FAD, CLAP score).")
    assert lines[1].split() == ["corruption", "FD", "IS", "KL", "FAD"]
    assert [line.split()[0] for line in lines[2:6]] == ["noise", "mask", "interference", "disorder"]
    assert any(line.startswith("FD sees disorder. — ") for line in lines)
    assert lines[-1] == str(tmp_path / "out" / "figure1.svg")
    assert err.count("\n") == 1
    assert "bell__torn.wav was left out" in err
    report = json.loads((tmp_path / "out" / "figure1.json").read_text())
    assert report["dataset"]["clips_used"] == 6
    assert list(report["failures"]) == ["bell__torn.wav"]
    assert report["points"][0]["fad"]["backbone"].startswith("bundled: CLAP")
    assert report["subset"]["name"] == "paper"


def test_figure1_again_in_json(words: list[str], tmp_path: Path, capsys: Any) -> None:
    chosen = ["--corruption", "mask", "--snr", "6", "--seed", "4", "--clips", "4", "--json"]
    assert main(["benchmark", "figure1", *words, *QUICK_FIGURE, *chosen]) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["protocol"]["snr_db"], first["protocol"]["seed"]) == (6.0, 4)
    assert first["protocol"]["corruptions"] == ["mask"]
    assert [Path(path).name for path in first["files"]] == [
        "figure1.json", "figure1.csv", "figure1.png", "figure1.svg",
    ]  # fmt: skip
    before = sorted((tmp_path / "out" / "features").rglob("*.npz"))
    assert main(["benchmark", "figure1", *words, *QUICK_FIGURE, *chosen]) == 0
    second = json.loads(capsys.readouterr().out)
    assert second["points"] == first["points"]
    assert sorted((tmp_path / "out" / "features").rglob("*.npz")) == before


def test_table1(words: list[str], tmp_path: Path, capsys: Any, tiny_model_folder: Path) -> None:
    model = ["--model", str(tiny_model_folder)]
    assert main(["benchmark", "table1", *words, *QUICK_TABLE, *model]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1].split() == [
        "condition", "from", "networks", "FD", "IS", "KL", "FAD",
    ]  # fmt: skip
    assert [line.split()[:2] for line in out.splitlines()[2:4]] == [
        ["text", "here"], ["audio", "here"],
    ]  # fmt: skip
    assert "torn.wav was left out" in err
    made = sorted(path.name for path in (tmp_path / "out" / "generated" / "text").glob("*.wav"))
    assert len(made) == 6
    json_words = ["--condition", "text", "--template", "sound-of", "--json"]
    assert main(["benchmark", "table1", *words, *QUICK_TABLE, *model, *json_words]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["protocol"]["template"] == "This is a sound of {label}."
    assert report["model"]["title"] == "Tiny test model"
    assert [row["condition"] for row in report["rows"]] == ["text"]


QUICK_ARMS = (
    "--start", "pre-trained", "--condition", "text", "--seeds", "0,1", "--steps", "2",
    "--validate-every", "1", "--batch-size", "1", "--warmup-steps", "1", "--sampling-steps", "1",
    "--dtype", "float32",
)  # fmt: skip


def test_table2_killed_between_two_runs_and_then_figure2(
    words: list[str], tmp_path: Path, capsys: Any, tiny_model_folder: Path
) -> None:
    quick = ["--model", str(tiny_model_folder), *QUICK_ARMS]
    records = tmp_path / "out" / "arms"
    program = [sys.executable, "-m", "soundstudio", "benchmark", "table2", *words, *quick]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(records.glob("*.json")):
            time.sleep(0.01)
        process.kill()
    (first,) = records.glob("*.json")
    written = first.stat().st_mtime_ns
    assert main(["benchmark", "table2", *words, *quick]) == 0
    assert first.stat().st_mtime_ns == written
    assert len(list(records.glob("*.json"))) == 2
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith("Tiny test model on sounds")
    assert ": 2 of 7 clips at random" in lines[0]
    assert lines[1].split()[:5] == ["start", "condition", "from", "networks", "step"]
    assert "pre-trained  text       here  bundled backbone" in lines[2]
    assert "±" in lines[2]
    assert lines[-1] == str(tmp_path / "out" / "table2.svg")
    assert "torn.wav was left out" in err
    report = json.loads((tmp_path / "out" / "table2.json").read_text())
    assert report["protocol"]["seeds"] == [0, 1]
    assert report["protocol"]["best_by"] == "fd"
    assert len(report["model"]["sha256"]) == len(report["training"]["sounds_sha256"]) == 64
    runs = sorted((tmp_path / "out" / "runs").iterdir())
    times = [(run / "curves.jsonl").stat().st_mtime_ns for run in runs]
    assert main(["benchmark", "figure2", *words, *quick, "--json"]) == 0
    figure = json.loads(capsys.readouterr().out)
    assert figure["runs"] == report["runs"]
    assert [point["step"] for point in figure["curves"][0]["points"]] == [0, 1, 2]
    assert [Path(path).name for path in figure["files"]] == [
        "figure2.json", "figure2.csv", "figure2.png", "figure2.svg",
    ]  # fmt: skip
    assert [(run / "curves.jsonl").stat().st_mtime_ns for run in runs] == times


@pytest.mark.parametrize(
    ("more", "code", "sentence"),
    [
        (["figure1", "--points", "1"], 2, "at least two shares"),
        (["figure1", "--mask-share", "0.7"], 2, "must fit"),
        (["figure1", "--corruption", "rust"], 2, "rust"),
        (["figure1", "--seed", "-1"], 2, "“-1” is not a whole number"),
        (["figure1", "--clips", "0"], 2, "at least 1"),
        (["figure1", "--backbone", "paper"], 2, "needs the weights"),
        (["figure1", "--panns", "a.pth"], 2, "belong to the paper's backbone"),
        (["figure1", "--dataset", "esc50"], 1, "does not hold ESC-50"),
        (["figure1", "--data", "/nowhere"], 1, "There is no folder /nowhere"),
        (["table1", "--model", "nosuch"], 1, "no model called"),
        (["table1", "--template", "nosuch"], 2, "no prompt template"),
        (["table3"], 2, "table3"),
        (["table2", "--subset", "all"], 2, "nothing to train on"),
        (["table2", "--validate-fold", "9"], 2, "no fold “9”"),
        (["table2", "--train-folds", "1"], 2, "Add --validate-fold"),
        (["figure2", "--seeds", "1,x"], 2, "“x” is not a whole number"),
        (["figure2", "--validate-every", "0"], 2, "nothing to score"),
        (["table2", "--model", "nosuch"], 1, "no model called"),
        ([], 2, "BENCHMARK"),
    ],
)
def test_wrong_arguments(
    more: list[str], code: int, sentence: str, words: list[str], capsys: Any
) -> None:
    kind, rest = more[:1], more[1:]
    assert main(["benchmark", *kind, *(words if kind else []), *rest]) == code
    out, err = capsys.readouterr()
    assert sentence in err
    assert err.count("\n") == 1
    assert out == ""


def test_missing_sounds_are_told_first(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "esc50.csv").write_text(
        "filename,fold,category,src_file\na.wav,1,dog,7\nb.wav,1,cat,8\n"
    )
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "a.wav").write_text("no sound")
    code = main(
        ["benchmark", "figure1", "--dataset", "esc50", "--data", str(tmp_path), "-o",
         str(tmp_path / "out")]
    )  # fmt: skip
    assert code == 1
    err = capsys.readouterr().err.splitlines()
    assert "1 of 2 clips have no sound file here: b.wav." in err[0]
    assert "0 of 1 clips can be read" in err[1]


def test_a_terminal_sees_a_bar_that_goes_away(words: list[str]) -> None:
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "soundstudio", "benchmark", "figure1", *words, *QUICK_FIGURE,
               "--corruption", "mask"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=slave) as process:
        os.close(slave)
        seen = b""
        try:
            while part := os.read(master, 65536):
                seen += part
        except OSError:  # the other end is closed
            pass
        assert process.wait() == 0
    os.close(master)
    text = seen.decode()
    assert "Listening to untouched sounds" in text
    assert "7/7" in text
    # The bar is wiped before the next line is written.
    assert re.search(r"\r +\rsoundstudio: bell__torn", text)
