"""`soundstudio generate`, run as a user runs it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from soundstudio.cli import commands, main
from soundstudio.cli.generate import add_options, request_of
from soundstudio.core.catalogue import row_of_folder
from soundstudio.core.qualities import DRAFT, FINE, NORMAL, Quality
from soundstudio.core.requests import GenerationRequest
from soundstudio.core.settings import Settings
from soundstudio.engine.loading import load_model
from soundstudio.generation.generate import generate
from soundstudio.library import clips, wav_metadata

PROGRAM = [sys.executable, "-m", "soundstudio"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(model: Path, *words: str) -> int:
    quick = ["--model", str(model), "--duration", "0.5", "--steps", "2", "--dtype", "float32"]
    return main(["generate", *words, *quick])


def test_writes_what_it_says(tiny_model_folder: Path, capsys: Any) -> None:
    assert run(tiny_model_folder, "rain on a tin roof", "-o", "rain.wav", "--seed", "5") == 0
    out, err = capsys.readouterr()
    assert out == "rain.wav\n"
    assert err == ""
    info = soundfile.info("rain.wav")
    assert (info.samplerate, info.subtype, info.frames) == (48000, "PCM_24", 24000)
    said = wav_metadata.read(Path("rain.wav"))
    assert said.description == "rain on a tin roof"
    clip = clips.from_json(said.generation_json, Path("rain.wav"))
    assert clip is not None
    assert (clip.model_title, clip.variation_seed) == ("Tiny test model", 5)
    assert clip.prompt == "rain on a tin roof"
    assert [path.name for path in Path().iterdir()] == ["rain.wav"]


def test_native_float_is_untouched(tiny_model_folder: Path) -> None:
    words = ["--sample-rate", "native", "--format", "wav32f", "--seed", "9", "-o", "a.wav"]
    assert run(tiny_model_folder, "rain", *words) == 0
    request = GenerationRequest(
        prompt="rain", duration_s=0.5, steps=2, seed=9, guided_share=NORMAL.guided_share
    )
    model = load_model(row_of_folder(tiny_model_folder), "cpu", "float32")
    samples, rate = soundfile.read("a.wav", dtype="float32")
    assert rate == 16000
    np.testing.assert_array_equal(samples, next(generate(model, request)).samples)


def test_json_is_one_object(tiny_model_folder: Path, capsys: Any) -> None:
    assert run(tiny_model_folder, "rain", "-n", "2", "--seed", "1", "--json", "-o", "a.wav") == 0
    said = json.loads(capsys.readouterr().out)
    assert [Path(sound["path"]).name for sound in said["sounds"]] == ["a_1.wav", "a_2.wav"]
    assert [sound["seed"] for sound in said["sounds"]] == [1, 2]
    assert said["model"]["licence"] == "CC0-1.0"
    assert (said["device"], said["dtype"]) == ("cpu", "float32")
    again = GenerationRequest.from_dict(said["sounds"][0]["request"])
    assert again.prompt == "rain"


def test_a_failure_with_json(capsys: Any) -> None:
    assert main(["generate", "rain", "--model", "nosuch", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["kind"] == "ModelError"
    assert err.count("\n") == 1


def test_a_named_file_is_replaced_and_a_folder_never(tiny_model_folder: Path) -> None:
    Path("mine.wav").write_text("old")
    assert run(tiny_model_folder, "rain", "-o", "mine.wav") == 0
    assert soundfile.info("mine.wav").frames
    for _ in range(2):
        assert run(tiny_model_folder, "rain", "-o", "folder/", "--seed", "1") == 0
    assert len(list(Path("folder").glob("*.wav"))) == 2


def test_without_o_the_file_comes_here(tiny_model_folder: Path, capsys: Any) -> None:
    assert run(tiny_model_folder, "glass breaks", "--seed", "1") == 0
    (path,) = Path().glob("*.wav")
    assert capsys.readouterr().out == f"{path}\n"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ([], "prompt is empty"),
        (["rain", "--duration", "99"], "between 0.5 and 30 s"),
        (["rain", "--duration", "nan"], "between"),
        (["rain", "--duration", "soon"], "invalid float"),
        (["rain", "--steps", "0"], "number of steps"),
        (["rain", "--sampler", "magic"], "no sampler called"),
        (["rain", "--eta", "0.5"], "ddim sampler only"),
        (["rain", "--seed", "-1"], "seed must be"),
        (["rain", "--device", "tpu"], "invalid choice"),
        (["rain", "--sample-rate", "12"], "“12” is not one of native, 8000, 11025, 16000"),
        (["rain", "--sample-rate", "44101"], "“44101” is not one of native"),
        (["rain", "--sample-rate", "384000"], "176400, 192000"),
        (["rain", "--format", "mp3"], "invalid choice"),
        (["rain", "-o", "rain.mp3"], "only WAV files"),
        (["x" * 10_000], "10,000 characters"),
        (["rain", "--nosuch"], "unrecognized arguments"),
        (["--batch", "b.csv", "-o", "x.wav"], "cannot be read"),
    ],
)
def test_wrong_arguments(words: list[str], part: str, capsys: Any) -> None:
    code = main(["generate", *words])
    out, err = capsys.readouterr()
    assert part in err
    assert (err.count("\n"), err.startswith("soundstudio: "), out) == (1, True, "")
    assert code == (1 if "cannot be read" in part else 2)


def test_unwritable_places_are_found_before_the_model_is_loaded(capsys: Any) -> None:
    Path("file").touch()
    assert main(["generate", "rain", "--model", "nosuch", "-o", "file/x.wav"]) == 1
    assert "“nosuch”" not in capsys.readouterr().err
    Path("dir.wav").mkdir()
    assert main(["generate", "rain", "--model", "nosuch", "-o", "dir.wav"]) == 1


@pytest.mark.parametrize("kind", ["missing", "text", "empty", "folder"])
def test_a_bad_reference_clip_is_found_before_the_model_is_loaded(kind: str, capsys: Any) -> None:
    clip = Path("clip.wav")
    if kind == "text":
        clip.write_text("no sound at all")
    elif kind == "empty":
        clip.touch()
    elif kind == "folder":
        clip.mkdir()
    words = ["rain", "--model", "nosuch", "--like", "clip.wav", "--json"]
    assert main(["generate", *words]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["kind"] == "AudioFileError"
    assert "clip.wav" in err


def test_a_deaf_model_is_found_before_it_is_loaded(
    tiny_model_folder: Path, tmp_path: Path, capsys: Any
) -> None:
    deaf = tmp_path / "deaf"
    deaf.mkdir()
    shutil.copy(tiny_model_folder / "model_index.json", deaf)
    soundfile.write("clip.wav", np.zeros(1600), 16000)
    assert run(deaf, "rain", "--like", "clip.wav") == 1
    err = capsys.readouterr().err
    assert "deaf cannot listen to a reference clip" in err
    assert "starter" not in err


def test_the_model_stack_is_not_imported_for_a_bad_reference_clip() -> None:
    code = (
        "import sys; from soundstudio.cli import main; "
        "main(['generate', 'rain', '--like', 'nosuch.wav']); "
        "sys.exit(bool({'torch', 'diffusers', 'transformers'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_sample_rates_are_told(capsys: Any) -> None:
    assert main(["generate", "--help"]) == 0
    assert "native, 8000, 11025," in " ".join(capsys.readouterr().out.split())


def test_emoji_and_a_negative_prompt_of_nothing(tiny_model_folder: Path) -> None:
    assert run(tiny_model_folder, "🌧🌧 дождь", "--negative", "", "-o", "a.wav") == 0
    assert wav_metadata.read(Path("a.wav")).description == "🌧🌧 дождь"


def test_a_full_disk(tiny_model_folder: Path, tmp_path: Path, capsys: Any) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small disk")
    try:
        for out in (f"{disk}/", f"{disk}/a.wav"):
            assert run(tiny_model_folder, "rain", "-o", out) == 1
            err = capsys.readouterr().err
            assert "disk is full" in err
            assert ".part" not in err
            assert "a.wav" in err or out.endswith("/")
            assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_works_without_a_network(tiny_model_folder: Path) -> None:
    unshare = ["unshare", "--net", "--map-root-user"]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("no private network can be made here")
    words = ["rain", "--model", str(tiny_model_folder), "--steps", "1", "-o", "a.wav"]
    result = subprocess.run(
        [*unshare, *PROGRAM, "generate", *words], capture_output=True, check=False
    )
    assert (result.returncode, result.stdout) == (0, b"a.wav\n"), result.stderr
    assert result.stderr == b""


def test_interrupted_leaves_nothing(tiny_model_folder: Path) -> None:
    words = ["rain", "--model", str(tiny_model_folder), "--steps", "9", "-n", "64", "-o", "out/"]
    process = subprocess.Popen(
        [*PROGRAM, "generate", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline().decode().strip()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == b"soundstudio: interrupted.\n"
    assert [path.name for path in Path("out").iterdir()] == [Path(first).name]


def test_the_bar_is_drawn_on_a_terminal_only(tiny_model_folder: Path) -> None:
    master, slave = pty.openpty()
    words = ["rain", "--model", str(tiny_model_folder), "--steps", "2", "-o", "a.wav"]
    process = subprocess.Popen(
        [*PROGRAM, "generate", *words], stdout=subprocess.PIPE, stderr=slave,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    os.close(slave)
    out, _ = process.communicate(timeout=100)
    drawn = os.read(master, 1 << 16).decode()
    os.close(master)
    assert out == b"a.wav\n"
    assert "Generating" in drawn
    assert "2/2" in drawn
    assert drawn.endswith("\r")


def test_a_defect_is_one_line_too(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def fail(args: object) -> int:
        raise ValueError("two\nlines")

    parser = commands.build_parser()
    monkeypatch.setattr(commands, "build_parser", lambda: parser)
    args = parser.parse_args(["doctor"])
    args.run = fail
    monkeypatch.setattr(parser, "parse_args", lambda _: args)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "work"),
    [
        ([], NORMAL),
        (["--quality", "draft"], DRAFT),
        (["--quality", "fine", "--steps", "3"], dataclasses.replace(FINE, steps=3)),
        (["--steps", "3"], dataclasses.replace(NORMAL, steps=3)),
        (["--sampler", "euler"], dataclasses.replace(NORMAL, sampler="euler")),
        (["--guided-share", "0"], dataclasses.replace(NORMAL, guided_share=0.0)),
    ],
)
def test_quality_and_own_settings(words: list[str], work: Quality) -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)
    args = parser.parse_args(["rain", "--seed", "1", *words])
    request = request_of(args, Settings(), lambda _: 5.0)
    assert request == work.applied_to(request)
