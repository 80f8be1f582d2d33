"""`models download` from end to end, in a process of its own, against a loopback Hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from downloads.loopback_hub import Behaviour, loopback_hub

if TYPE_CHECKING:
    from pathlib import Path


def test_a_model_is_downloaded(tmp_path: Path) -> None:
    files = {"model_index.json": b"{}", "unet/model.safetensors": os.urandom(1 << 18)}
    with loopback_hub(Behaviour(files, cut_after=200_000)) as hub:
        env = os.environ | {
            "HF_ENDPOINT": hub.url,
            "HF_HUB_OFFLINE": "0",
            "SOUNDSTUDIO_HOME": str(tmp_path),
        }
        command = [sys.executable, "-m", "soundstudio", "models", "download", "audioldm-s-full"]
        done = subprocess.run(
            [*command, "--accept-licence", "--json"],
            env=env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "data/models/audioldm-s-full"
    assert json.loads(done.stdout) == {"downloaded": "audioldm-s-full", "folder": str(folder)}
    assert (folder / "unet/model.safetensors").read_bytes() == files["unet/model.safetensors"]
