"""The window's door, `models`, `doctor`, and what all commands share."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from soundstudio.cli import files_to_open, main
from soundstudio.cli.commands import build_parser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = [sys.executable, "-m", "soundstudio"]


def test_files_and_nothing_open_the_window(tmp_path: Path) -> None:
    sound = tmp_path / "a.wav"
    sound.touch()
    assert files_to_open([]) == []
    assert files_to_open([str(sound)]) == [str(sound)]
    assert files_to_open(["generate", str(sound)]) is None
    assert files_to_open(["--version"]) is None
    assert files_to_open([str(tmp_path / "gone.wav")]) is None


def test_an_unknown_word_is_wrong_in_one_line(capsys: Any) -> None:
    assert main(["nosuch"]) == 2
    assert capsys.readouterr().err.startswith("soundstudio: there is no command and no file")


def test_help_and_version(capsys: Any) -> None:
    for words in (["--help"], ["generate", "--help"], ["models", "list", "--help"], ["--version"]):
        assert main(words) == 0
    assert "Sound Studio 0" in capsys.readouterr().out


def every_parser(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from every_parser(child)


def test_no_help_shows_a_doubled_percent_sign() -> None:
    parsers = list(every_parser(build_parser()))
    assert len(parsers) > 10
    # argparse resolves %% in the help of options and leaves it alone in descriptions.
    assert [p.prog for p in parsers if "%%" in p.format_help()] == []


def test_the_parser_needs_no_model_stack() -> None:
    code = (
        "import sys; from soundstudio.cli import main; main(['models', 'list']); "
        "sys.exit(bool({'torch', 'diffusers', 'transformers', 'PySide6'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("words", [["models", "list"], ["models", "list", "--json"], ["--help"]])
def test_output_that_nobody_reads_is_no_accident(words: list[str]) -> None:
    process = subprocess.Popen([*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_a_failure_that_nobody_reads_stays_one() -> None:
    process = subprocess.Popen(
        [*PROGRAM, "models", "--nosuch", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait() == 2
    assert process.stderr is not None
    process.stderr.close()


@pytest.mark.parametrize(
    "words",
    [
        ["nosuch", "--json"],
        ["--json"],
        ["generate", "--json", "rain", "--duration", "soon"],
        ["generate", "rain", "--json", "--nosuch"],
        ["generate", "rain", "--duration", "99", "--json"],
        ["models", "verify", "--json"],
    ],
)
def test_wrong_arguments_are_an_object_with_json(words: list[str], capsys: Any) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert list(said) == ["error"]
    assert said["error"]["kind"] == "InvalidRequestError"
    assert said["error"]["message"] in err
    assert err.count("\n") == 1


def test_json_as_a_prompt_is_none(capsys: Any) -> None:
    assert main(["generate", "--duration", "99", "--", "--json"]) == 2
    assert capsys.readouterr().out == ""


def test_an_interruption_is_an_object_with_json(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def interrupt(folder: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("soundstudio.cli.models.shelf", interrupt)
    assert main(["models", "list", "--json"]) == 130
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["kind"] == "Interrupted"
    assert err == "soundstudio: interrupted.\n"


def listed(capsys: Any) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["models", "list", "--json"]) == 0
    return {row["id"]: row for row in json.loads(capsys.readouterr().out)["models"]}


def test_the_life_of_an_imported_model(
    tiny_model_folder: Path, tmp_path: Path, capsys: Any
) -> None:
    source = shutil.copytree(tiny_model_folder, tmp_path / "mine")
    assert main(["models", "import", str(source)]) == 0
    row = listed(capsys)["mine"]
    assert (row["kind"], row["installed"], row["title"]) == ("imported", True, "Tiny test model")
    assert main(["models", "verify", "mine"]) == 0
    assert main(["models", "import", str(source)]) == 1
    assert "already" in capsys.readouterr().err
    assert main(["models", "remove", "mine", "--json"]) == 0
    assert "mine" not in listed(capsys)
    assert source.is_dir()
    assert main(["models", "remove", "mine"]) == 1


def test_a_bad_import_leaves_nothing(tiny_model_folder: Path, tmp_path: Path, capsys: Any) -> None:
    source = shutil.copytree(tiny_model_folder, tmp_path / "mine")
    (source / "vae/diffusion_pytorch_model.safetensors").write_bytes(b"")
    assert main(["models", "import", str(source)]) == 1
    assert "damaged" in capsys.readouterr().err
    assert "mine" not in listed(capsys)


def test_verify_finds_invalid_numbers(tiny_model_folder: Path, tmp_path: Path, capsys: Any) -> None:
    from safetensors.torch import load_file, save_file

    source = shutil.copytree(tiny_model_folder, tmp_path / "mine")
    path = source / "unet/diffusion_pytorch_model.safetensors"
    state = {name: tensor.clone() for name, tensor in load_file(path).items()}
    state["conv_in.bias"][0] = float("nan")
    save_file(state, path)
    assert main(["models", "verify", str(source)]) == 1
    assert "conv_in.bias" in capsys.readouterr().err


def test_what_cannot_be_removed(tiny_model_folder: Path, capsys: Any) -> None:
    assert main(["models", "remove", str(tiny_model_folder)]) == 1
    assert "models folder" in capsys.readouterr().err
    assert tiny_model_folder.is_dir()


def test_a_download_needs_the_licence_to_be_accepted(tmp_path: Path, capsys: Any) -> None:
    assert main(["models", "download", "audioldm-s-full"]) == 1
    err = capsys.readouterr().err
    assert "--accept-licence" in err
    assert "CC-BY-NC-SA-4.0" in err
    assert not (tmp_path / "home/data/models").exists()


def test_an_unknown_download_is_refused(capsys: Any) -> None:
    assert main(["models", "download", "unheard-of", "--accept-licence"]) == 1
    assert "no download called" in capsys.readouterr().err


def test_doctor_tells_the_same_in_both_forms(capsys: Any) -> None:
    code = main(["doctor", "--json"])
    facts = json.loads(capsys.readouterr().out)
    assert code == (1 if facts["problems"] else 0)
    assert facts["versions"]["torch"]
    assert facts["devices"][-1]["kind"] == "cpu"
    assert facts["devices"][-1]["precision"]["vocoder"] == "float32"
    main(["doctor"])
    text = capsys.readouterr().out
    for heading in ("Versions", "Devices", "Models", "Sound output", "Computer", "Slow"):
        assert f"\n{heading}\n" in text
    assert facts["devices"][-1]["title"] in text


def test_doctor_names_a_damaged_model(tiny_model_folder: Path, tmp_path: Path, capsys: Any) -> None:
    models = tmp_path / "home/data/models"
    broken = shutil.copytree(tiny_model_folder, models / "broken")
    (broken / "unet/config.json").unlink()
    assert main(["doctor", "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert any("unet/config.json is missing" in problem for problem in problems)


def test_a_damaged_settings_file_is_explained(tmp_path: Path, capsys: Any) -> None:
    config = tmp_path / "home/config"
    config.mkdir(parents=True)
    (config / "settings.toml").write_text("= nonsense")
    assert main(["generate", "rain"]) == 1
    assert "settings" in capsys.readouterr().err
    assert main(["doctor", "--json"]) == 1
    assert any("settings" in row for row in json.loads(capsys.readouterr().out)["problems"])


@pytest.mark.parametrize("action", ["import", "verify", "remove", "download"])
def test_actions_need_their_operand(action: str) -> None:
    assert main(["models", action]) == 2
