"""An original checkpoint is fetched, gets its tokenizer, and becomes a model."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest
from downloads.loopback_hub import Behaviour, loopback_hub
from original_audioldm import OriginalAudioLDM
from original_sizes import Sizes
from tiny_model import save_tokenizer

from soundstudio.core.catalogue import find_model
from soundstudio.core.catalogue_table import TableFile, TableItem, find_item
from soundstudio.core.errors import DownloadError
from soundstudio.core.model_shelf import shelf
from soundstudio.downloads.install import install
from soundstudio.downloads.transfer import Patience

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ID = "audioldm-s-full-v2-ckpt"
NAME = "audioldm-full-s-v2.ckpt"
QUICK = Patience(timeout_s=0.5, attempts=3, first_pause_s=0.01)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A tiny checkpoint, and its tokenizer as roberta-base lays it out."""
    folder = tmp_path_factory.mktemp("original")
    size = save_tokenizer(folder, "bpe")["vocab_size"]
    original = OriginalAudioLDM(dataclasses.replace(Sizes(), vocabulary=size))
    words = json.loads((folder / "tokenizer.json").read_text())["model"]
    merges = [m if isinstance(m, str) else " ".join(m) for m in words["merges"]]
    return {
        NAME: original.save(folder / NAME).read_bytes(),
        "vocab.json": json.dumps(words["vocab"]).encode(),
        "merges.txt": "\n".join(["#version: 0.2", *merges, ""]).encode(),
    }


@pytest.fixture
def hub(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Behaviour]:
    vocabulary = len(json.loads(files["vocab.json"]))
    monkeypatch.setattr("soundstudio.downloads.install.ROBERTA_CONFIG", {"vocab_size": vocabulary})
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "no cache"))
    with loopback_hub(Behaviour(dict(files))) as behaviour:
        monkeypatch.setenv("HF_ENDPOINT", behaviour.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        yield behaviour


def checkpoint(hub: Behaviour) -> TableItem:
    file = TableFile(NAME, url=f"{hub.url}/{NAME}")
    return dataclasses.replace(find_item(ID), files=(file,), parameters=1)


def state_of(models: Path) -> str:
    return next(row.state for row in shelf(models) if row.id == ID)


def test_a_checkpoint_becomes_a_model(hub: Behaviour, tmp_path: Path) -> None:
    stages: list[str] = []
    assert state_of(tmp_path) == "absent"
    installed = install(checkpoint(hub), tmp_path, lambda stage, *_: stages.append(stage), QUICK)
    assert installed.is_model
    row = find_model(ID, tmp_path)
    assert (row.kind, row.folder) == ("original checkpoint", installed.folder)
    assert row.capabilities == ("text", "audio", "fine-tune")
    assert (installed.folder / "tokenizer" / "vocab.json").is_file()
    assert list(dict.fromkeys(stages)) == ["downloading", "importing"]
    assert state_of(tmp_path) == "installed"
    assert not list(tmp_path.rglob("*.ckpt"))


def test_laions_clap_comes_with_its_tokenizer(hub: Behaviour, tmp_path: Path) -> None:
    file = TableFile("clap.pt", url=f"{hub.url}/{NAME}")
    item = dataclasses.replace(find_item("clap-htsat-tiny"), files=(file,), hub_id="")
    hub.files["clap.pt"] = hub.files[NAME]
    installed = install(item, tmp_path, lambda *_: None, QUICK)
    assert not installed.is_model
    assert (find_item("roberta-tokenizer").place(tmp_path) / "vocab.json").is_file()


def test_without_a_tokenizer_it_waits(
    hub: Behaviour, files: dict[str, bytes], tmp_path: Path
) -> None:
    del hub.files["merges.txt"]
    with pytest.raises(DownloadError, match="tokenizer") as caught:
        install(checkpoint(hub), tmp_path, lambda *_: None, QUICK)
    assert "vocab.json and merges.txt" in caught.value.advice
    assert state_of(tmp_path) == "fetched"
    hub.files["merges.txt"] = files["merges.txt"]
    hub.ranges.clear()
    install(checkpoint(hub), tmp_path, lambda *_: None, QUICK)
    assert len(hub.ranges) == 2  # the tokenizer's files; the checkpoint was there
    assert state_of(tmp_path) == "installed"
