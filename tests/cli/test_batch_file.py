"""`generate --batch`: a row a request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import soundfile

from soundstudio.cli import main
from soundstudio.library import wav_metadata


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)


def run(text: str, *words: str, encoding: str = "utf-8") -> int:
    Path("b.csv").write_text(text, encoding=encoding)
    return main(["generate", "--batch", "b.csv", *words])


def test_rows_have_their_own_options(tiny_model_folder: Path, capsys: Any) -> None:
    text = (
        "Prompt,Duration,seed,out,variations,sample rate\n"
        '"rain, heavy",1.0,7,wet,,\n'
        "wind,,8,blow.wav,2,native\n"
        "\n"
    )
    common = ["--model", str(tiny_model_folder), "--steps", "1", "--duration", "0.5"]
    assert run(text, *common, "-o", "out", "--json", encoding="utf-8-sig") == 0
    said = json.loads(capsys.readouterr().out)
    assert [Path(sound["path"]).relative_to(Path.cwd()).as_posix() for sound in said["sounds"]] == [
        "out/wet.wav",
        "out/blow_1.wav",
        "out/blow_2.wav",
    ]
    assert wav_metadata.read(Path("out/wet.wav")).description == "rain, heavy"
    assert [sound["seed"] for sound in said["sounds"]] == [7, 8, 9]
    assert soundfile.info("out/wet.wav").duration == 1.0
    assert soundfile.info("out/blow_2.wav").duration == 0.5
    assert soundfile.info("out/blow_2.wav").samplerate == 16000


def test_semicolons(tiny_model_folder: Path, capsys: Any) -> None:
    words = ["--model", str(tiny_model_folder), "--steps", "1", "--duration", "0.5"]
    assert run("prompt;out\nrain;a\nfire;b\n", *words) == 0
    assert capsys.readouterr().out == "a.wav\nb.wav\n"
    assert wav_metadata.read(Path("b.wav")).description == "fire"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "holds no rows"),
        ("prompt\n", "holds no rows"),
        ("prompt,colour\nrain,red\n", "Row 2 of b.csv: there is no option called “colour”."),
        (
            "prompt,steps\nrain,many\n",
            "Row 2 of b.csv: the number of steps “many” is not a whole number.",
        ),
        ("prompt,duration\nrain,abc\n", "Row 2 of b.csv: the duration “abc” is not a number."),
        ("prompt,duration\nrain,99\n", "Row 2 of b.csv: the duration must be between"),
        ("prompt,seed\n,5\n", "Row 2 of b.csv: the prompt is empty"),
        ("prompt,device\nrain,tpu\n", "the device “tpu” is not one of auto, cuda"),
        ("prompt,sample-rate\nrain,x\n", "Row 2 of b.csv: the sample rate “x” is not one of"),
        ("prompt,like\nrain,nosuch.wav\n", "Row 2 of b.csv: "),
        ("prompt,steps\na,x\nb,1\nc,y\n", "“x” is not a whole number; row 4: the number"),
        (
            "prompt,steps\n" + "a,x\n" * 7,
            "; row 6: the number of steps “x” is not a whole number; and 2 more.",
        ),
        ("prompt,out\nfine,a\nrain,../../b.wav\n", "Row 3 of b.csv: the file “../../b.wav” lies"),
        ("prompt,out\nrain,/tmp/b.wav\n", "“/tmp/b.wav” lies outside the folder of -o"),
        ("prompt,out\nrain,~/b.wav\n", "“~/b.wav” lies outside"),
        ("prompt,out\nrain,C:\\b.wav\n", "lies outside"),
        ("prompt,out\nrain,a\\..\\..\\b.wav\n", "lies outside"),
        ("prompt,out\nrain,.\n", "“.” in the column out is no file's name"),
        ("prompt\nrain, heavy\n", "Row 2 of b.csv has more cells"),
        ("prompt,out\nrain,a\nwind,A.wav\n", "names the file “A.wav” twice"),
        ('prompt\n"rain\n', "not a CSV file"),
        ("prompt,batch\nrain,x.csv\n", "no option called “batch”"),
    ],
)
def test_a_wrong_row_is_named_before_anything_is_made(text: str, part: str, capsys: Any) -> None:
    assert run(text, "--model", "nosuch") == 2
    out, err = capsys.readouterr()
    assert part in err
    assert (out, err.count("\n")) == ("", 1)


def test_a_prompt_beside_the_batch(capsys: Any) -> None:
    assert run("prompt\nrain\n", "fire") == 2
    assert "exclude each other" in capsys.readouterr().err


def test_not_a_text(capsys: Any) -> None:
    Path("b.csv").write_bytes(b"prompt\n\xff\xfe\x00")
    assert main(["generate", "--batch", "b.csv"]) == 2
    assert "UTF-8" in capsys.readouterr().err


def test_one_failure_does_not_stop_the_others(tiny_model_folder: Path, capsys: Any) -> None:
    text = "prompt,model,out\nrain,nosuch,a\nwind,,b\n"
    words = ["--model", str(tiny_model_folder), "--steps", "1", "--duration", "0.5", "--json"]
    assert run(text, *words) == 1
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert [failure["request"] for failure in said["failures"]] == [1]
    assert [Path(sound["path"]).name for sound in said["sounds"]] == ["b.wav"]
    assert "request 1 of 2" in err
