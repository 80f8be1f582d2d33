"""LAION's audio tower: equal to transformers', built with the network denied."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from soundstudio.core.errors import ModelError
from soundstudio.engine import laion_tower
from soundstudio.engine.laion_tower import LaionAudioTower, has_laion_clap

SCRIPT = Path(__file__).with_name("laion_equality.py")


def _without_network() -> list[str]:
    """The system's own way to cut a process off; the script's guard stands in any case."""
    unshare = [shutil.which("unshare") or "unshare", "-n"]
    try:
        allowed = subprocess.run([*unshare, "true"], check=False, capture_output=True)
    except OSError:
        return []
    return unshare if allowed.returncode == 0 else []


if sys.version_info < (3, 13):

    def test_it_equals_transformers_tower_and_asks_no_network(tmp_path: Path) -> None:
        assert has_laion_clap()
        root = str(SCRIPT.parents[2])
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "TRANSF"))}
        environment |= {"PYTHONPATH": root, "HF_HOME": str(tmp_path)}
        run = subprocess.run(
            [*_without_network(), sys.executable, str(SCRIPT)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        assert run.returncode == 0, run.stderr[-2000:]
        answer = json.loads(run.stdout)
        assert answer["missing"] == []
        assert not answer["imported"]
        assert answer["norm"] == pytest.approx(1.0, abs=1e-5)
        for name, difference in answer["differences"].items():
            assert difference < 1e-6, name
        assert answer["apart"] > 1e-4
        assert answer["towers"] == ["LaionAudioTower", "ClipEncoder"]


def test_without_laion_clap_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laion_tower.importlib.util, "find_spec", lambda _: None)
    state = {
        "audio_branch.patch_embed.proj.weight": torch.zeros(96, 1, 4, 4),
        "audio_projection.0.weight": torch.zeros(512, 768),
    }
    with pytest.raises(ModelError, match="laion-clap, which is not installed"):
        LaionAudioTower.load(state, "cpu")


def test_other_weights_are_refused() -> None:
    with pytest.raises(ModelError, match="no audio tower"):
        LaionAudioTower.load({"unet.weight": torch.zeros(1)}, "cpu")
