"""CLAP's text tower by itself: what it answers after a rest, and what it gives back meanwhile."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import torch

from soundstudio.core.errors import ModelError
from soundstudio.engine import text_tower
from soundstudio.engine.model_folder import read_model_folder
from soundstudio.engine.text_tower import TextTower

MAPS = Path("/proc/self/maps")


@pytest.fixture
def folder(tiny_model_folder: Path, tmp_path: Path) -> Path:
    """A folder that nothing else in this process has mapped."""
    return Path(shutil.copytree(tiny_model_folder, tmp_path / "model"))


def is_mapped(folder: Path) -> bool:
    return str(folder / "text_encoder") in MAPS.read_text()


def test_answers_alike_after_a_rest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_tower, "_LARGE_BYTES", 0)
    tower = TextTower.load(read_model_folder(folder))
    before, dropped = tower.embed("rain on a tin roof")
    assert dropped == ""
    assert float(before.norm()) == pytest.approx(1.0)
    tower.rest()
    tower.rest()
    torch.testing.assert_close(tower.embed("rain on a tin roof")[0], before, rtol=0, atol=0)


@pytest.mark.skipif(sys.platform != "linux", reason="reads what is mapped from /proc")
def test_a_rest_lets_a_large_file_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tower = TextTower.load(read_model_folder(folder))
    tower.rest()
    assert is_mapped(folder)  # small: it costs more to come back than to stay
    monkeypatch.setattr(text_tower, "_LARGE_BYTES", 0)
    tower.rest()
    assert not is_mapped(folder)


def test_says_when_its_file_is_gone_after_a_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_tower, "_LARGE_BYTES", 0)
    tower = TextTower.load(read_model_folder(folder))
    tower.rest()
    shutil.rmtree(folder)
    with pytest.raises(ModelError, match="cannot be read"):
        tower.embed("rain")
