"""The catalogue knows what lies on the disk and says what does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from soundstudio.core.catalogue import MODEL_CARD, MODEL_INDEX, catalogue, find_model
from soundstudio.core.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path


def make_folder(folder: Path, card: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / MODEL_INDEX).write_text("{}")
    if card:
        (folder / MODEL_CARD).write_text(card)
    return folder


def test_ids_are_unique_and_the_starter_is_first(tmp_path: Path) -> None:
    ids = [row.id for row in catalogue(tmp_path)]
    assert ids[0] == "starter"
    assert len(ids) == len(set(ids))


def test_installed_models_have_a_folder(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "audioldm-m-full")
    row = find_model("audioldm-m-full", tmp_path)
    assert row.folder == folder
    assert row.licence == "CC-BY-NC-SA-4.0"


def test_other_folders_join_the_list(tmp_path: Path) -> None:
    card = {"title": "My doors", "licence": "CC0-1.0", "kind": "fine-tuned", "parameters": 5}
    make_folder(tmp_path / "doors", json.dumps(card))
    row = find_model("doors", tmp_path)
    assert (row.title, row.licence, row.kind, row.parameters) == (
        "My doors",
        "CC0-1.0",
        "fine-tuned",
        5,
    )


@pytest.mark.parametrize(("card", "parameters"), [('{"parameters": 5}', 5), ("", 0)])
def test_the_starters_card_tells_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, card: str, parameters: int
) -> None:
    folder = make_folder(tmp_path / "starter", card)
    monkeypatch.setattr("soundstudio.core.catalogue.resource", lambda *_: folder)
    assert find_model("starter", tmp_path / "models").parameters == parameters


@pytest.mark.parametrize("card", ["{", "[]", '{"parameters": "many"}'])
def test_a_damaged_card_is_no_obstacle(tmp_path: Path, card: str) -> None:
    make_folder(tmp_path / "doors", card)
    assert find_model("doors", tmp_path).parameters == 0


def test_a_path_is_a_model_too(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "elsewhere" / "m")
    assert find_model(str(folder), tmp_path / "models").folder == folder


def test_audio_capability_needs_an_audio_tower(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a")
    assert "audio" not in find_model(str(folder), tmp_path).capabilities
    (folder / "audio_encoder").mkdir()
    (folder / "audio_encoder" / "config.json").write_text("{}")
    assert "audio" in find_model(str(folder), tmp_path).capabilities


def test_what_is_missing_is_explained(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="not installed"):
        find_model("audioldm-l-full", tmp_path)
    with pytest.raises(ModelError, match="not a model folder"):
        find_model(str(tmp_path / "empty"), tmp_path)
    with pytest.raises(ModelError, match="no model called"):
        find_model("unheard-of", tmp_path)
