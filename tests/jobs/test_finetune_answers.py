"""The wizard's answers over a restart: whole, in any script, and nothing worse than a new start."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import TYPE_CHECKING

import pytest

from soundstudio.core.errors import StorageError
from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.jobs.finetune_answers import Answers, load_answers, save_answers

if TYPE_CHECKING:
    from pathlib import Path


def test_answers_come_back_as_they_were(tmp_path: Path) -> None:
    answers = Answers(
        folder=str(tmp_path / "звуки"),
        step="captions",
        caption_table="/somewhere/captions.csv",
        template="the sound of {caption}",
        keep_near_duplicates=False,
        validation_share=0.2,
        name="doors",
        settings=FinetuneSettings(steps=700, method="lora", condition="audio"),
        chosen=("method", "steps"),
        choices=(
            (os.fsdecode(b"bad \xff.wav"), "edited", "雨"),
            ("b.wav", "folder name", "rain"),
        ),
        left_out=(("b.wav", True), ("c.wav", False)),
    )
    path = tmp_path / "data" / "answers.json"
    save_answers(answers, path)
    assert load_answers(path) == answers
    assert load_answers(path).candidates()[tmp_path / "звуки" / "b.wav"].source == "folder name"
    assert load_answers(path).ticks()[tmp_path / "звуки" / "b.wav"]


def test_answers_of_before_clips_could_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    save_answers(Answers(name="doors", left_out=(("b.wav", True),)), path)
    values = json.loads(path.read_text(encoding="ascii"))
    del values["left_out"]
    path.write_text(json.dumps(values), encoding="ascii")
    assert load_answers(path) == Answers(name="doors")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"version": 99}', '{"version": 1, "folder": 3}', "\x00"]
)
def test_damage_is_a_first_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "answers.json"
    path.write_text(content, encoding="ascii")
    assert load_answers(path) == Answers()
    assert load_answers(tmp_path / "none.json") == Answers()


def test_a_template_without_its_field_is_the_plain_one(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    save_answers(dataclasses.replace(Answers(), template="nothing"), path)
    assert load_answers(path).template == "{caption}"


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be", encoding="ascii")
    with pytest.raises(StorageError, match="Keeping the answers failed"):
        save_answers(Answers(), tmp_path / "data" / "answers.json")
