"""`soundstudio finetune`: from a folder of WAV files to a model, and every wrong way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from soundstudio.audio.files import Sound, probe, write_wav
from soundstudio.cli import main
from soundstudio.core.paths import user_folders
from soundstudio.core.run_files import RunFolder, read_curves, read_description

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Ten short sounds of two classes, a folder each."""
    folder = tmp_path / "clips"
    for number in range(10):
        rng = np.random.default_rng(number)
        time_s = np.arange(6400) / 16000
        tone = 0.3 * np.sin(2 * np.pi * (150 + 170 * number) * time_s)
        samples = (tone + 0.05 * rng.standard_normal(6400)).astype(np.float32)
        path = folder / ("rain" if number % 2 else "dog barks") / f"take {number}.wav"
        write_wav(path, Sound(samples[None], 16000), "PCM_16")
    return folder


@pytest.fixture
def command(clips: Path, tiny_model_folder: Path) -> Callable[..., list[str]]:
    """The arguments of a small fine-tuning, with others behind."""

    def arguments(*more: str, name: str = "mine") -> list[str]:
        small = "--steps 4 --batch-size 2 --validate-every 2 --validation-sounds 1"
        small += " --sampling-steps 2 --device cpu --dtype float32 --warmup-steps 2"
        model = str(tiny_model_folder)
        return ["finetune", str(clips), "--name", name, "--from", model, *small.split(), *more]

    return arguments


def run_of(name: str = "mine") -> RunFolder:
    return RunFolder(user_folders().runs / name)


def failure(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr."""
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("soundst")]
    return lines[-1]


def test_from_a_folder_to_a_model_to_a_sound(
    command: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command("--json")) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["run"] == facts["model"] == "mine"
    assert facts["state"] == "finished"
    assert facts["step"] == facts["steps"] == 4
    assert facts["best"]["step"] in (2, 4)
    assert facts["estimate"]["dtype"] == "float32"
    scores = [row.validation["scores"] for row in read_curves(run_of()) if row.validation]
    assert len(scores) == 2  # heard by the bundled networks
    assert set(scores[0]) == {"fd", "is", "kl", "fad"}
    assert main(["models", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["models"]
    assert [row["kind"] for row in rows if row["id"] == "mine"] == ["fine-tuned"]
    sound = tmp_path / "rain.wav"
    options = ["--steps", "2", "--device", "cpu", "-o", str(sound)]
    assert main(["generate", "rain", "--model", "mine", *options]) == 0
    trained_s = json.loads((user_folders().models / "mine" / "soundstudio.json").read_text())[
        "trained_s"
    ]
    assert trained_s == 0.64  # the clips' 0.4 s, and silence up to what the networks halve
    assert probe(sound).duration_s == 0.6


def test_it_says_what_it_found_chose_and_will_take(
    command: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command("--validate-every", "0")) == 0
    out = capsys.readouterr().out
    for words in (
        "Clips: 8 to train on, 1 for validation, 1 kept for tests.",
        "MB will be added",
        "Training on cpu in float32: 2 at once.",
        "Time: about",
        "Memory: about",
        "Disk:",
        "The weights of step 4 are the model “mine”.",
    ):
        assert words in out


def test_settings_reach_the_run(command: Callable[..., list[str]], clips: Path) -> None:
    options = ["--condition", "audio", "--from-scratch", "--learning-rate", "1e-4", "--seed", "5"]
    options += ["--best-by", "fad", "--template", "the sound of {caption}", "--steps", "1"]
    assert main(command(*options, "--validate-every", "0")) == 0
    settings = read_description(run_of()).settings
    assert settings.condition == "audio"
    assert settings.from_scratch
    assert (settings.learning_rate, settings.seed, settings.best_by) == (1e-4, 5, "fad")
    card = json.loads((user_folders().models / "mine" / "soundstudio.json").read_text())
    assert card["captions"] == ["the sound of dog barks", "the sound of rain"]


def test_lora_from_the_command_line(
    command: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--method", "lora", "--lora-rank", "4", "--validate-every", "0"]
    assert main(command(*options)) == 0
    assert "Method LoRA: adapters learn" in capsys.readouterr().out
    settings = read_description(run_of()).settings
    assert (settings.method, settings.lora_rank) == ("lora", 4)
    resume = ["finetune", "--name", "mine", "--resume"]
    assert main([*resume, "--method", "full"]) == 2
    assert "keeps its --method" in failure(capsys)
    assert main(command("--method", "lora", "--from-scratch", name="new")) == 2
    assert "from scratch there are none" in failure(capsys)


def test_a_resumed_run_keeps_what_it_is(
    command: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command()) == 0
    assert main(command()) == 1
    assert "There is a run called “mine” already" in failure(capsys)
    resume = ["finetune", "--name", "mine", "--resume"]
    assert main([*resume, "--batch-size", "8"]) == 2
    assert "keeps its --batch-size" in failure(capsys)
    assert main([*resume, "--steps", "6", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["step"] == 6
    assert [row.step for row in read_curves(run_of())] == [1, 2, 3, 4, 5, 6]
    assert main(["finetune", "--name", "other", "--resume"]) == 1
    assert "There is no run called “other”" in failure(capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--name", "x"], "needs the folder"),
        (["nowhere", "--name", "x"], "nowhere"),
        (["{clips}", "--name", "../x"], "cannot be the name"),
        (["{clips}", "--name", "starter"], "already"),
        (["{clips}", "--name", "x", "--from", "nothing"], "no model called"),
        (["{clips}", "--name", "x", "--steps", "0"], "number of steps"),
        (["{clips}", "--name", "x", "--processes", "0"], "number of processes"),
        (["{clips}", "--name", "x", "--condition", "smell"], "smell"),
        (["{clips}"], "--name"),
    ],
)
def test_wrong_ways(
    clips: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    given = [word.replace("{clips}", str(clips)) for word in arguments]
    assert main(["finetune", *given]) in (1, 2)
    assert words in failure(capsys)
    assert not user_folders().runs.exists() or not any(user_folders().runs.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="SIGINT to one process is POSIX")
def test_ctrl_c_stops_after_the_step_and_resume_goes_on(
    command: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    options = ["--steps", "5000", "--checkpoint-every", "1000", "--validate-every", "0", "--json"]
    child = subprocess.Popen(
        [sys.executable, "-m", "soundstudio", *command(*options)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
    )
    run = run_of()
    deadline = time.monotonic() + 200
    while len(read_curves(run)) < 2:
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=60)
    facts: dict[str, Any] = json.loads(out)
    assert child.returncode == 130
    assert facts["state"] == "stopped"
    assert facts["step"] == len(read_curves(run)) < 5000
    more = str(facts["step"] + 1)
    assert main(["finetune", "--name", "mine", "--resume", "--steps", more, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "finished"
    assert [row.step for row in read_curves(run)] == list(range(1, facts["step"] + 2))


def test_processes_of_a_launcher_train_together(
    command: Callable[..., list[str]], tmp_path: Path
) -> None:
    """The same command under torchrun, as on several machines: one run, one report."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launcher += ["--nproc-per-node", "2", "--no-python", sys.executable, "-m", "soundstudio"]
    interface = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
    result = subprocess.run(
        [*launcher, *command("--json")],
        cwd=ROOT,
        env=os.environ | interface | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    facts = json.loads(result.stdout)
    assert facts["estimate"]["processes"] == 2
    assert facts["model"] == "mine"
    assert [row.step for row in read_curves(run_of())] == [1, 2, 3, 4]
