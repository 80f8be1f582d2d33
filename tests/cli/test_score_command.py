"""`soundstudio score`, run as a user runs it, on real files: good ones and bad ones."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from evaluation.random_networks import cnn14_state, vggish_state
from evaluation.sounds import chord, silence, write_set
from laion_file import save_laion_clap

from soundstudio.audio.files import write_wav
from soundstudio.cli import main
from soundstudio.core.catalogue_table import find_item
from soundstudio.core.paths import user_folders
from soundstudio.evaluation import bundled_backbone
from soundstudio.evaluation.backbones import load_paper
from soundstudio.evaluation.frechet import frechet_distance_of_features

OPTIONS = {".json": "--json", ".csv": "--csv", ".tex": "--latex", ".html": "--html"}
PROGRAM = [sys.executable, "-m", "soundstudio"]


@pytest.fixture(autouse=True)
def tiny_clap(tiny_model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model stands for the starter model."""
    monkeypatch.setattr(bundled_backbone, "resource", lambda *parts: tiny_model_folder)


@pytest.fixture(scope="module")
def chords(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sets of ten chords; do not write into them."""
    folder = tmp_path_factory.mktemp("chords")
    write_set(folder / "a", range(10))
    write_set(folder / "b", range(5, 15))
    return folder


@pytest.fixture
def sets(chords: Path, tmp_path: Path) -> Path:
    """A copy of `chords` to spoil."""
    return Path(shutil.copytree(chords, tmp_path / "sets"))


def scored(*words: str, capsys: Any) -> dict[str, Any]:
    """The object that `--json -` prints."""
    capsys.readouterr()
    assert main(["score", *words, "--draws", "20", "--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    facts: dict[str, Any] = json.loads(out)
    return facts


def kinds(facts: dict[str, Any]) -> set[str]:
    return {warning["kind"] for warning in facts["warnings"]}


def failed(facts: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["failure"] for row in facts["clips"] if row["failure"]}


def test_a_table_and_files(sets: Path, tmp_path: Path, capsys: Any) -> None:
    files = [tmp_path / "out.json", tmp_path / "out.csv"]
    words = [str(sets / "a"), str(sets / "b"), "--json", str(files[0]), "--csv", str(files[1])]
    assert main(["score", *words, "--draws", "20"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    facts = json.loads(files[0].read_text("utf-8"))
    assert files[1].read_text("utf-8").count("\n") == 11
    for key, title in (("fd", "FD"), ("is", "IS"), ("kl", "KL"), ("fad", "FAD")):
        interval = facts[key]["interval"]
        assert interval["low"] <= facts[key]["value"] <= interval["high"]
        (row,) = [line for line in out.splitlines() if line.startswith(f"{title}  ")]
        assert f"{facts[key]['value']:.4g}" in row
        assert "bundled: " in row
        (sentence,) = [line for line in out.splitlines() if line.startswith(f"{title}: ")]
        assert sentence.endswith(" is better.")
    assert facts["warnings"][0]["message"] in out
    assert "Pull FD up most" in out


def test_again_from_the_cache_gives_the_same(sets: Path, capsys: Any, tmp_path: Path) -> None:
    first = scored(str(sets / "a"), str(sets / "b"), capsys=capsys)
    entries = list((tmp_path / "home/cache/features").rglob("*.npz"))
    assert len(entries) == 15  # five chords lie in both sets
    again = scored(str(sets / "a"), str(sets / "b"), capsys=capsys)
    assert again == first
    assert scored(str(sets / "a"), str(sets / "b"), "--no-cache", capsys=capsys) == first


def test_without_a_reference(sets: Path, capsys: Any) -> None:
    assert main(["score", str(sets / "a"), "--draws", "20"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[1].startswith("IS ")
    assert "FD" not in out


def test_paper_backbone(sets: Path, tmp_path: Path, capsys: Any) -> None:
    panns, vggish = tmp_path / "panns.pth", tmp_path / "vggish.pth"
    torch.save({"model": cnn14_state()}, panns)
    torch.save(vggish_state(), vggish)
    for folder in ("a", "b"):
        for path in sorted((sets / folder).iterdir())[2:]:
            path.unlink()
    words = ["--panns", str(panns), "--vggish", str(vggish)]
    facts = scored(str(sets / "a"), str(sets / "b"), *words, capsys=capsys)
    assert facts["fd"]["backbone"] == "paper: PANNs Cnn14 16 kHz"
    assert facts["fad"]["backbone"] == "paper: VGGish"
    assert "backbone" in kinds(facts)
    backbone = load_paper(panns, vggish, device="cpu")
    frames = [
        np.concatenate([backbone.features(chord(n)).frames for n in numbers])
        for numbers in (range(2), range(5, 7))
    ]
    # 16-bit files against float samples.
    assert facts["fad"]["value"] == pytest.approx(frechet_distance_of_features(*frames), rel=1e-2)


class TestExports:
    def test_beside_earlier_scorings(self, sets: Path, tmp_path: Path, capsys: Any) -> None:
        both = [str(sets / "a"), str(sets / "b"), "--draws", "20"]
        assert main(["score", *both, "--title", "first try", "--json", str(tmp_path / "1")]) == 0
        capsys.readouterr()
        files = [tmp_path / name for name in ("t.csv", "t.tex", "t.html")]
        words = ["--table", str(files[0]), "--latex", str(files[1]), "--html", str(files[2])]
        assert main(["score", *both, "--beside", str(tmp_path / "1"), *words]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        head, mine, earlier, *verdicts = out[out.index("  SET") :].splitlines()
        assert head.split() == ["SET", "SOUNDS", "FD", "↓", "IS", "↑", "KL", "↓", "FAD", "↓"]
        assert mine.split()[:2] == ["a", "10"]
        assert earlier.split()[:3] == ["first", "try", "10"]
        assert mine.split()[2:] == earlier.split()[3:]  # the same sounds
        assert [line.split(":")[0].strip() for line in verdicts] == ["FD", "IS", "KL", "FAD"]
        assert "not decided between “a” and “first try”" in verdicts[0]
        assert "on the same 10 names" in verdicts[0]
        report = json.loads((tmp_path / "1").read_text("utf-8"))
        lines = files[0].read_text("utf-8-sig").splitlines()
        assert [line.split(",")[0] for line in lines] == ["scoring", "a", "first try"]
        assert str(report["fd"]["value"]) in lines[2]
        assert "{first try} & 10 & " in files[1].read_text("utf-8")
        page = files[2].read_text("utf-8")
        assert page.count("<audio") == 20
        assert page.count("data:audio/mpeg;base64,") == 20

    def test_earlier_scorings_alone(self, sets: Path, tmp_path: Path, capsys: Any) -> None:
        for number, reference in enumerate(("b", "a")):
            words = [str(sets / "a"), str(sets / reference), "--draws", "20"]
            assert main(["score", *words, "--json", str(tmp_path / f"{number}.json")]) == 0
        capsys.readouterr()
        beside = [
            word for number in "01" for word in ("--beside", str(tmp_path / f"{number}.json"))
        ]
        assert main(["score", *beside, "--latex", str(tmp_path / "t.tex")]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert "Numbers of different groups cannot be compared" in out
        assert out.count("  SET") == 2
        assert (tmp_path / "t.tex").read_text("utf-8").count(r"\midrule") == 2

    def test_a_file_that_is_no_report(self, sets: Path, tmp_path: Path, capsys: Any) -> None:
        (tmp_path / "x.json").write_text('{"fd": 1}')
        for words in ([], [str(sets / "a")]):
            assert main(["score", *words, "--beside", str(tmp_path / "x.json")]) == 1
            out, err = capsys.readouterr()
            assert out == ""
            assert "x.json: This is not a report of scores" in err

    def test_the_report_is_found_from_anywhere(
        self, sets: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
    ) -> None:
        monkeypatch.chdir(sets)
        facts = scored("a", "b", capsys=capsys)
        assert (facts["generated"], facts["reference"]) == (str(sets / "a"), str(sets / "b"))
        places = facts["map"]["generated"]
        assert [place["name"] for place in places] == [row["name"] for row in facts["clips"]]
        assert len(facts["map"]["reference"]) == 10
        assert 0.0 < facts["map"]["explained"] <= 1.0
        # Five of ten chords lie in both sets, and at the same place.
        mine, others = (
            {(round(place["x"], 6), round(place["y"], 6)) for place in facts["map"][which]}
            for which in ("generated", "reference")
        )
        assert len(mine & others) == 5

    def test_a_name_that_is_no_text(self, sets: Path, tmp_path: Path, capsys: Any) -> None:
        name = os.fsdecode(b"t\xfcr.wav")
        (sets / "a/clip 00.wav").rename(sets / "a" / name)
        files = [tmp_path / name for name in ("o.json", "o.csv", "o.tex", "o.html")]
        options = [word for path in files for word in (OPTIONS[path.suffix], str(path))]
        assert main(["score", str(sets / "a"), str(sets / "b"), "--draws", "20", *options]) == 0
        assert capsys.readouterr().err == ""
        facts = json.loads(files[0].read_text("utf-8"))
        assert name in [row["name"] for row in facts["clips"]]
        assert scored(str(sets / "a"), capsys=capsys)["clips"][-1]["name"] == name


class TestBadSounds:
    def test_text_called_wav(self, sets: Path, capsys: Any) -> None:
        (sets / "a/text.wav").write_text("not a sound")
        facts = scored(str(sets / "a"), str(sets / "b"), capsys=capsys)
        assert "not a sound file" in failed(facts)["text.wav"]
        assert facts["fd"]["counts"]["generated"] == 10
        assert "failed" in kinds(facts)
        assert main(["score", str(sets / "a"), str(sets / "b"), "--draws", "5"]) == 0
        assert "Not heard\n  text.wav: " in capsys.readouterr().out

    def test_a_reference_that_is_text(self, sets: Path, tmp_path: Path, capsys: Any) -> None:
        (sets / "b/text.wav").write_text("not a sound")
        facts = scored(str(sets / "a"), str(sets / "b"), capsys=capsys)
        (missed,) = facts["references_failed"]
        assert missed["name"] == "text.wav"
        assert "not a sound file" in missed["failure"]
        files = ["--html", str(tmp_path / "t.html"), "--latex", str(tmp_path / "t.tex")]
        assert main(["score", str(sets / "a"), str(sets / "b"), "--draws", "5", *files]) == 0
        assert "Not heard\n  text.wav (reference): " in capsys.readouterr().out
        assert "text.wav (reference)</bdi>: " in (tmp_path / "t.html").read_text("utf-8")
        assert "1 of its sounds could not be heard" in (tmp_path / "t.tex").read_text("utf-8")

    def test_nothing_but_text(self, tmp_path: Path, sets: Path, capsys: Any) -> None:
        (tmp_path / "x").mkdir()
        (tmp_path / "x/text.wav").write_text("not a sound")
        for words in (
            [str(tmp_path / "x"), str(sets / "a")],
            [str(sets / "a"), str(tmp_path / "x")],
        ):
            assert main(["score", *words]) == 1
            assert "None of the 1 sound" in capsys.readouterr().err

    def test_samples_that_are_no_numbers(self, sets: Path, capsys: Any) -> None:
        samples = np.full(40_000, 0.1, dtype=np.float32)
        samples[5] = np.nan
        soundfile.write(sets / "a/nan.wav", samples, 16_000, subtype="FLOAT")
        facts = scored(str(sets / "a"), str(sets / "b"), capsys=capsys)
        assert "not numbers" in failed(facts)["nan.wav"]

    @pytest.mark.parametrize("level", [3e38, 32_767.0])
    def test_far_above_full_scale(self, sets: Path, level: float, capsys: Any) -> None:
        samples = np.full(40_000, level, dtype=np.float32)
        samples[::2] *= -1
        soundfile.write(sets / "a/huge.wav", samples, 16_000, subtype="FLOAT")
        facts = scored(str(sets / "a"), str(sets / "b"), capsys=capsys)
        assert "louder than full scale" in failed(facts)["huge.wav"]
        assert facts["fd"]["counts"]["generated"] == 10

    def test_fifty_milliseconds(self, sets: Path, capsys: Any) -> None:
        write_wav(sets / "a/short.wav", chord(3, 0.05), "PCM_16")
        facts = scored(str(sets / "a"), str(sets / "b"), capsys=capsys)
        assert failed(facts) == {}
        assert facts["fd"]["counts"]["generated"] == 11
        assert "short" in kinds(facts)

    def test_silence_and_clipping(self, sets: Path, capsys: Any) -> None:
        write_wav(sets / "a/silent.wav", silence(), "PCM_16")
        loud = chord(3)
        loud.samples[:] = np.clip(8 * loud.samples, -1, 1)
        write_wav(sets / "a/loud.wav", loud, "PCM_16")
        facts = scored(str(sets / "a"), str(sets / "b"), capsys=capsys)
        clips = {warning["kind"]: warning["clips"] for warning in facts["warnings"]}
        assert clips["silent"] == ["silent.wav"]
        assert clips["clipped"] == ["loud.wav"]

    def test_three_hours(self, sets: Path, capsys: Any) -> None:
        # FLAC of silence after a chord: three hours in a small file.
        with soundfile.SoundFile(sets / "a/long.flac", "w", 8_000, 1, "PCM_16") as file:
            file.write(chord(3, 60.0, 8_000).samples[0])
            for _ in range(180):
                file.write(np.zeros(8_000 * 60, dtype=np.int16))
        facts = scored(str(sets / "a"), str(sets / "b"), capsys=capsys)
        assert failed(facts) == {}
        (cut,) = [warning for warning in facts["warnings"] if warning["kind"] == "cut"]
        assert cut["clips"] == ["long.flac"]
        assert "first 60 s" in cut["message"]

    def test_other_rates_and_channels(self, sets: Path, capsys: Any) -> None:
        for path in (sets / "b").iterdir():
            samples, _ = soundfile.read(path)
            soundfile.write(path, np.stack([samples, samples], axis=1), 44_100)
        facts = scored(str(sets / "a"), str(sets / "b"), capsys=capsys)
        assert {"rate", "length"} <= kinds(facts)


class TestBadSets:
    def test_an_empty_folder(self, tmp_path: Path, sets: Path, capsys: Any) -> None:
        (tmp_path / "empty").mkdir()
        for words in ([str(tmp_path / "empty")], [str(sets / "a"), str(tmp_path / "empty")]):
            assert main(["score", *words]) == 1
            assert "There are no sounds in" in capsys.readouterr().err

    def test_no_folder_and_a_file(self, sets: Path, capsys: Any) -> None:
        assert main(["score", str(sets / "gone")]) == 1
        assert "There is no folder" in capsys.readouterr().err
        assert main(["score", str(sets / "a"), str(sets / "b/clip 00.wav")]) == 1
        assert "is a file" in capsys.readouterr().err

    def test_one_clip(self, tmp_path: Path, sets: Path, capsys: Any) -> None:
        folder = tmp_path / "one"
        # One frame of the 2 s that the tiny tower hears.
        write_wav(folder / "clip 00.wav", chord(0, 1.5), "PCM_16")
        facts = scored(str(folder), str(sets / "a"), capsys=capsys)
        assert [facts[key] is None for key in ("fd", "is", "kl", "fad")] == [
            True,
            True,
            False,
            True,
        ]
        assert set(facts["missing"]) == {"fd", "is", "fad", "clap"}
        assert facts["kl"]["interval"] is None
        assert main(["score", str(folder), str(sets / "a")]) == 0
        assert "FD: none. FD needs at least two sounds" in capsys.readouterr().out

    def test_equal_sets(self, sets: Path, capsys: Any) -> None:
        facts = scored(str(sets / "a"), str(sets / "a"), capsys=capsys)
        assert facts["fd"]["value"] == pytest.approx(0.0, abs=1e-6)
        assert facts["fad"]["value"] == pytest.approx(0.0, abs=1e-6)
        assert facts["kl"]["value"] == pytest.approx(0.0, abs=1e-3)
        assert "equal" in kinds(facts)

    def test_names_without_pairs(self, tmp_path: Path, sets: Path, capsys: Any) -> None:
        other = write_set(tmp_path / "other", range(20, 30), prefix="sound")
        shutil.copy(sets / "b/clip 03.wav", other)
        facts = scored(str(other), str(sets / "b"), capsys=capsys)
        assert facts["kl"] is None
        assert "Only 1 of 11" in facts["missing"]["kl"]
        assert "unpaired" in kinds(facts)
        page = tmp_path / "t.html"
        words = [str(other), str(sets / "b"), "--draws", "5", "--html", str(page)]
        assert main(["score", *words]) == 0
        assert capsys.readouterr().out.count("Only 1 of 11") == 1
        assert page.read_text("utf-8").count("Only 1 of 11") == 1

    def test_names_that_pair_by_accident(self, sets: Path, capsys: Any) -> None:
        facts = scored(str(sets / "a"), str(sets / "b"), capsys=capsys)
        assert facts["kl"]["counts"] == {"pairs": 10}
        assert "accidental" in kinds(facts)
        again = scored(str(sets / "a"), str(sets / "a"), capsys=capsys)
        assert "accidental" not in kinds(again)


class TestArguments:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--backbone", "paper"], "needs --panns and --vggish"),
            (["--backbone", "paper", "--panns", "x"], "needs --panns and --vggish"),
            (["--panns", "x"], "needs --panns and --vggish"),
            (["--backbone", "bundled", "--panns", "x"], "--panns is not for --backbone bundled"),
            (
                ["--backbone", "paper", "--panns", "x", "--vggish", "x", "--clap", "x"],
                "--clap is not for the backbone paper",
            ),
            (["--draws", "1"], "--draws must be"),
            (["--seed", "-1"], "--seed must not be"),
            (["--json"], "expected one argument"),
            (["--html", "-"], "--html needs the name of a file"),
            (["--latex", "-"], "--latex needs the name of a file"),
            (["--table", "-"], "--table needs the name of a file"),
        ],
    )
    def test_wrong_ones(self, sets: Path, words: list[str], said: str, capsys: Any) -> None:
        assert main(["score", str(sets / "a"), *words]) == 2
        assert said in capsys.readouterr().err

    def test_wrong_weights(self, sets: Path, tmp_path: Path, capsys: Any) -> None:
        panns, vggish = tmp_path / "panns.pth", tmp_path / "vggish.pth"
        words = ["--backbone", "paper", "--panns", str(panns), "--vggish", str(vggish)]
        for content, said in (
            (None, "no weights file"),
            ({"a": torch.zeros(2)}, "belongs to another network"),
        ):
            if content is not None:
                torch.save(content, panns)
            assert main(["score", str(sets / "a"), *words]) == 1
            err = capsys.readouterr().err
            assert said in err
            assert "Cnn14_16k_mAP=0.438.pth" in err

    @pytest.mark.parametrize(
        ("clap", "said"),
        [
            ("clap-htsat-tiny", "models download clap-htsat-tiny"),
            ("nothing", "no model called “nothing”"),
            ("page.html", "page.html is not a checkpoint"),
        ],
    )
    def test_a_clap_that_is_none(
        self, sets: Path, monkeypatch: pytest.MonkeyPatch, clap: str, said: str, capsys: Any
    ) -> None:
        monkeypatch.chdir(sets)
        (sets / "page.html").write_text("<html>")
        assert main(["score", str(sets / "a"), "--clap", clap]) == 1
        assert said in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ([], "GENERATED is missing"),
            (["--html", "x.html"], "GENERATED is missing"),
            (["--beside", "x.json", "--json", "-"], "--json needs GENERATED"),
            (["--beside", "x.json", "--csv", "c.csv"], "--csv needs GENERATED"),
            (["--beside", "x.json", "--title", "t"], "--title needs GENERATED"),
        ],
    )
    def test_nothing_to_score(self, words: list[str], said: str, capsys: Any) -> None:
        assert main(["score", *words]) == 2
        assert said in capsys.readouterr().err

    @pytest.mark.parametrize("option", ["--json", "--csv", "--table", "--latex", "--html"])
    def test_a_report_that_cannot_be_written(
        self, sets: Path, tmp_path: Path, option: str, capsys: Any
    ) -> None:
        for target in (tmp_path, tmp_path / "gone" / "out"):
            assert main(["score", str(sets / "a"), option, str(target)]) == 1
            assert "folder" in capsys.readouterr().err

    def test_failures_are_an_object_only_on_stdout(self, tmp_path: Path, capsys: Any) -> None:
        for words in (["--json", "-"], ["--json=-"]):
            assert main(["score", str(tmp_path / "gone"), *words]) == 1
            assert json.loads(capsys.readouterr().out)["error"]["kind"] == "ScoringError"
        assert main(["score", str(tmp_path / "gone"), "--json", str(tmp_path / "o")]) == 1
        assert capsys.readouterr().out == ""
        assert not (tmp_path / "o").exists()

    def test_prompts_from_a_table(self, sets: Path, tmp_path: Path, capsys: Any) -> None:
        (tmp_path / "p.csv").write_text("file,prompt\nclip 00.wav,rain\nclip 01.wav,a dog\n")
        facts = scored(str(sets / "a"), "--prompts", str(tmp_path / "p.csv"), capsys=capsys)
        assert facts["clap"]["counts"] == {"generated": 2}


def test_laions_clap_hears_for_fad_and_the_clap_score(
    sets: Path, tmp_path: Path, capsys: Any
) -> None:
    """By the catalogue's id from where the models page puts it, as by its path."""
    models = user_folders().models
    path, _ = save_laion_clap(models)
    place = find_item("clap-htsat-tiny").place(models) / path.name
    place.parent.mkdir(parents=True)
    path.rename(place)
    (tmp_path / "p.csv").write_text("file,prompt\nclip 00.wav,rain\nclip 01.wav,a dog\n")
    words = [str(sets / "a"), str(sets / "b"), "--prompts", str(tmp_path / "p.csv")]
    starter = scored(*words, capsys=capsys)
    laion = scored(*words, "--clap", "clap-htsat-tiny", capsys=capsys)
    assert scored(*words, "--clap", str(place), capsys=capsys)["fad"] == laion["fad"]
    heard = f"bundled: CLAP audio tower of {path.name}"
    assert laion["fad"]["backbone"] == laion["clap"]["backbone"] == heard
    assert laion["fd"] == starter["fd"]
    assert laion["fad"]["value"] != pytest.approx(starter["fad"]["value"], rel=0.01)
    assert laion["clap"]["counts"] == {"generated": 2}


def test_ctrl_c_ends_with_130_and_keeps_what_was_heard(sets: Path, tmp_path: Path) -> None:
    for number in range(60):
        write_wav(sets / f"a/more {number}.wav", chord(100 + number, 8.0), "PCM_16")
    home = tmp_path / "home"
    process = subprocess.Popen(
        [*PROGRAM, "score", str(sets / "a")],
        env={**os.environ, "SOUNDSTUDIO_HOME": str(home), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(home.rglob("*.npz")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err == "soundstudio: interrupted.\n"
    assert 1 <= len(list(home.rglob("*.npz"))) < 70
    assert not list(home.rglob("*.part"))
