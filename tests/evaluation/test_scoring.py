"""Two folders of real files to a whole result, with prompts, rows and reports."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from evaluation.sounds import chord, silence, write_set

from soundstudio.audio.files import write_wav
from soundstudio.core.errors import ModelError, StorageError
from soundstudio.core.requests import GenerationRequest
from soundstudio.core.score_words import DIRECTIONS, MEANINGS, TITLES
from soundstudio.engine.model_folder import read_model_folder
from soundstudio.engine.text_tower import TextTower
from soundstudio.evaluation.prompts import (
    clap_scores,
    prompt_in_file,
    prompts_of,
    read_prompts,
)
from soundstudio.evaluation.score_report import as_csv, as_json
from soundstudio.evaluation.scoring import ScoringOptions, ScoringResult, score_folders
from soundstudio.library import wav_metadata
from soundstudio.library.clips import Clip, to_json
from soundstudio.library.wav_metadata import SoundMetadata

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.evaluation.backbones import Backbone


@pytest.fixture(scope="module")
def result(bundled: Backbone, tmp_path_factory: pytest.TempPathFactory) -> ScoringResult:
    """Eleven chords against the same chords and one more; one of each set is no sound."""
    folder = tmp_path_factory.mktemp("scoring")
    write_set(folder / "a", range(11))
    write_set(folder / "b", range(12))
    (folder / "a/bad.wav").write_text("no sound at all")
    (folder / "b/bad.wav").write_text("nor this")
    write_wav(folder / "a/clip 00.wav", silence(), "PCM_16")
    options = ScoringOptions(draws=20, prompts={"clip 03": "rain", "clip 04": "thunder"})
    return score_folders(folder / "a", folder / "b", bundled, options=options)


def test_all_scores_and_their_backbones(result: ScoringResult) -> None:
    assert result.scores.missing == {}
    backbones = {key: score.backbone for key, score in result.scores.by_key().items() if score}
    assert backbones["fd"] == backbones["is"] == backbones["kl"] == "bundled: aisfx 0.1.2"
    assert backbones["fad"].startswith("bundled: CLAP")


def test_a_failed_clip_is_in_no_number_and_in_the_rows(result: ScoringResult) -> None:
    fd = result.scores.fd
    assert fd is not None
    assert fd.counts == {"generated": 11, "reference": 12}
    (row,) = [row for row in result.rows if row.failure]
    assert row.name == "bad.wav"
    assert row.kl is None
    assert [c.clips for c in result.cautions if c.kind == "failed"] == [("bad.wav",)] * 2


def test_rows_belong_to_their_clips(result: ScoringResult) -> None:
    rows = {row.name: row for row in result.rows}
    # "bad.wav" stands before "clip …": the indices of heard clips and of files differ.
    for number in range(1, 11):
        row = rows[f"clip {number:02}.wav"]
        assert row.nearest == row.paired_with == row.name
        assert row.similarity == pytest.approx(1.0)
        assert row.kl == pytest.approx(0.0, abs=1e-3)
    silent = rows["clip 00.wav"]
    assert silent.kl is not None
    assert silent.kl > 0.1
    changes = {name: row.fd_without for name, row in rows.items() if row.fd_without is not None}
    assert min(changes, key=lambda name: changes[name]) == "clip 00.wav"


def test_clap_is_given_where_prompts_are_known(result: ScoringResult) -> None:
    assert result.clap is not None
    assert result.clap.counts == {"generated": 2}
    known = {row.name: row.clap for row in result.rows if row.clap is not None}
    assert set(known) == {"clip 03.wav", "clip 04.wav"}
    assert result.clap.value == pytest.approx(np.mean(list(known.values())))
    assert result.clap.interval is not None


def test_json_is_plain_and_whole(result: ScoringResult) -> None:
    facts = json.loads(json.dumps(as_json(result), allow_nan=False))
    for key in ("fd", "is", "kl", "fad"):
        assert set(facts[key]) == {"value", "interval", "backbone", "counts"}
        assert facts[key]["interval"]["low"] <= facts[key]["value"]
    assert len(facts["clips"]) == 12
    assert {warning["kind"] for warning in facts["warnings"]} >= {"failed", "few", "silent"}
    assert [network["weights_sha256"] != "" for network in facts["networks"]] == [True, True]


def test_csv_has_a_line_for_each_clip(result: ScoringResult) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(result))))
    assert [row["name"] for row in rows][:2] == ["bad.wav", "clip 00.wav"]
    assert rows[0]["failure"].startswith("bad.wav is not a sound file")
    assert rows[4]["prompt"] == "rain"
    assert float(rows[4]["kl"]) == pytest.approx(0.0, abs=1e-3)


def test_every_score_is_explained() -> None:
    assert set(TITLES) == set(DIRECTIONS) == set(MEANINGS) == {"fd", "is", "kl", "fad", "clap"}
    for key, meaning in MEANINGS.items():
        assert meaning.endswith(f"{DIRECTIONS[key]} is better")


def test_without_a_reference(bundled: Backbone, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "a", range(10))
    result = score_folders(folder, None, bundled)
    assert [key for key, score in result.scores.by_key().items() if score] == ["is"]
    assert result.rows[0].nearest == ""
    assert "reference" not in {caution.kind for caution in result.cautions}


class TestPrompts:
    def test_what_a_generated_file_says(self, tmp_path: Path) -> None:
        write_wav(tmp_path / "a.wav", chord(0, 0.2), "PCM_16")
        assert prompt_in_file(tmp_path / "a.wav") == ""
        wav_metadata.embed(tmp_path / "a.wav", SoundMetadata(generation_json='{"version": 1}'))
        assert prompt_in_file(tmp_path / "a.wav") == ""
        (tmp_path / "b.wav").write_text("no wav")
        assert prompt_in_file(tmp_path / "b.wav") == ""
        assert prompt_in_file(tmp_path / "c.flac") == ""

    def test_what_the_application_wrote(self, tmp_path: Path) -> None:
        clip = Clip(
            path=tmp_path / "a.wav",
            name="a",
            created_at=datetime(2026, 1, 2, tzinfo=UTC),
            request=GenerationRequest(prompt="rain on a tin roof"),
        )
        text = to_json(clip)
        write_wav(tmp_path / "a.wav", chord(0, 0.2), "PCM_16")
        wav_metadata.embed(tmp_path / "a.wav", SoundMetadata(generation_json=text))
        assert prompts_of([tmp_path / "a.wav"]) == ["rain on a tin roof"]

    @pytest.mark.parametrize("head", ["file,prompt", "Filename,Caption", "out,seed,prompt"])
    def test_tables(self, tmp_path: Path, head: str) -> None:
        middle = ",5" if "seed" in head else ""
        (tmp_path / "p.csv").write_text(f'\ufeff{head}\nsub/A.WAV{middle},"rain, hard"\n', "utf-8")
        table = read_prompts(tmp_path / "p.csv")
        assert table == {"a": "rain, hard"}
        assert prompts_of([tmp_path / "x" / "a.flac", tmp_path / "b.wav"], table) == [
            "rain, hard",
            "",
        ]

    def test_a_table_without_the_columns(self, tmp_path: Path) -> None:
        (tmp_path / "p.csv").write_text("a,b\n1,2\n")
        with pytest.raises(StorageError, match="no columns"):
            read_prompts(tmp_path / "p.csv")
        with pytest.raises(StorageError, match="cannot be read"):
            read_prompts(tmp_path / "gone.csv")
        (tmp_path / "p.csv").write_bytes(b"\xff\xfe\x00\xd8")
        with pytest.raises(StorageError, match="cannot be read"):
            read_prompts(tmp_path / "p.csv")

    def test_cosines(self, tiny_model_folder: Path) -> None:
        tower = TextTower.load(read_model_folder(tiny_model_folder))
        rain = tower.embed("rain on a tin roof")[0].numpy()
        assert np.linalg.norm(rain) == pytest.approx(1.0)
        frames = [np.stack([rain, rain]).astype(np.float32), -rain[None].astype(np.float32)]
        prompt = "rain on a tin roof"
        np.testing.assert_allclose(clap_scores(tower, [prompt] * 2, frames), [1, -1], atol=1e-6)
        assert np.isnan(clap_scores(tower, [""], frames[:1])).all()
        with pytest.raises(ModelError, match="different dimensions"):
            clap_scores(tower, ["rain"], [np.ones((1, 3), dtype=np.float32)])
