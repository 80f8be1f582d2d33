"""The tokenizer: equal to transformers', never one of five words, honest about what it drops."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Literal

import pytest
from tiny_model import save_tokenizer

from soundstudio.core.errors import ModelError
from soundstudio.engine.prompt_tokenizer import PromptTokenizer

if TYPE_CHECKING:
    from pathlib import Path

PROMPTS = ["", "rain on a tin roof", "Église, 3 × 🌧!", "  two  spaces ", "a\nb", "<s> ]"]


@pytest.mark.parametrize("kind", ["bpe", "wordpiece"])
def test_equals_transformers(tmp_path: Path, kind: Literal["bpe", "wordpiece"]) -> None:
    from transformers import AutoTokenizer

    config = save_tokenizer(tmp_path, kind) | {"max_position_embeddings": 66}
    ours = PromptTokenizer.load(tmp_path, config)
    theirs = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    for prompt in PROMPTS:
        assert list(ours.encode(prompt).ids) == theirs(prompt).input_ids


def test_the_older_layout_of_two_files_gives_the_same_ids(tmp_path: Path) -> None:
    config = save_tokenizer(tmp_path / "new", "bpe")
    model = json.loads((tmp_path / "new/tokenizer.json").read_text())["model"]
    old = tmp_path / "old"
    old.mkdir()
    (old / "vocab.json").write_text(json.dumps(model["vocab"]))
    merges = [" ".join(merge) for merge in model["merges"]]
    (old / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]))
    new_layout = PromptTokenizer.load(tmp_path / "new", config)
    old_layout = PromptTokenizer.load(old, config)
    for prompt in PROMPTS:
        assert old_layout.encode(prompt) == new_layout.encode(prompt)


def test_a_vocabulary_of_another_size_is_refused(tmp_path: Path) -> None:
    """What transformers builds, silently, when the files are missing: five tokens."""
    config = save_tokenizer(tmp_path, "bpe")
    with pytest.raises(ModelError, match="50,265"):
        PromptTokenizer.load(tmp_path, config | {"vocab_size": 50265})


def test_a_tokenizer_that_encodes_all_alike_is_refused(tmp_path: Path) -> None:
    config = save_tokenizer(tmp_path, "wordpiece")
    path = tmp_path / "tokenizer.json"
    values = json.loads(path.read_text())
    values["pre_tokenizer"] = None  # every sentence is then one unknown word
    path.write_text(json.dumps(values))
    with pytest.raises(ModelError, match="cannot tell two prompts apart"):
        PromptTokenizer.load(tmp_path, config)


@pytest.mark.parametrize("content", ["", "{", '{"version": "1.0"}', "\0\1"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: str) -> None:
    config = save_tokenizer(tmp_path, "bpe")
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError, match="damaged"):
        PromptTokenizer.load(tmp_path, config)


def test_a_long_prompt_is_cut_and_the_rest_is_told(tmp_path: Path) -> None:
    config = save_tokenizer(tmp_path, "bpe") | {"max_position_embeddings": 66}
    tokenizer = PromptTokenizer.load(tmp_path, config)
    prompt = "rain on a tin roof " * 40 + "and a bell"
    encoded = tokenizer.encode(prompt)
    assert len(encoded.ids) == 64  # two rows of the position table are lost to padding
    assert encoded.dropped.endswith("and a bell")
    assert not encoded.dropped.startswith("rain on a tin roof " * 30)
    assert tokenizer.encode("rain").dropped == ""


def test_the_files_padding_and_truncation_have_no_say(tmp_path: Path) -> None:
    config = save_tokenizer(tmp_path / "a", "bpe")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    from tokenizers import Tokenizer

    fast = Tokenizer.from_file(str(tmp_path / "b/tokenizer.json"))
    fast.enable_padding(length=60)
    fast.enable_truncation(4)
    fast.save(str(tmp_path / "b/tokenizer.json"))
    plain, padded = (PromptTokenizer.load(tmp_path / name, config) for name in "ab")
    assert padded.encode("rain on a tin roof") == plain.encode("rain on a tin roof")
