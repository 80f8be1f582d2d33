"""`models download` from end to end, in a process of its own, against a loopback Hub."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from downloads.loopback_hub import Behaviour, loopback_hub

from soundstudio.cli import main
from soundstudio.core.file_digest import sha256_of_file
from soundstudio.core.paths import user_folders
from soundstudio.downloads.pins import write_pins

if TYPE_CHECKING:
    from pathlib import Path


MODEL = "audioldm-s-full-v2"


def test_a_model_is_downloaded_and_verified(tmp_path: Path, tiny_model_folder: Path) -> None:
    paths = (path for path in tiny_model_folder.rglob("*") if path.is_file())
    files = {path.relative_to(tiny_model_folder).as_posix(): path.read_bytes() for path in paths}
    with loopback_hub(Behaviour(files, cut_after=200_000)) as hub:
        env = os.environ | {
            "HF_ENDPOINT": hub.url,
            "HF_HUB_OFFLINE": "0",
            "SOUNDSTUDIO_HOME": str(tmp_path),
        }
        command = [sys.executable, "-m", "soundstudio", "models", "download", MODEL]
        done = subprocess.run(
            [*command, "--accept-licence", "--json"],
            env=env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "data/models" / MODEL
    assert json.loads(done.stdout) == {"downloaded": MODEL, "folder": str(folder)}
    weights = folder / "unet/diffusion_pytorch_model.safetensors"
    assert weights.read_bytes() == files["unet/diffusion_pytorch_model.safetensors"]


@pytest.mark.parametrize("is_damaged", [False, True])
def test_verify_compares_what_was_downloaded(
    tmp_path: Path, tiny_model_folder: Path, capsys: Any, is_damaged: bool
) -> None:
    models = user_folders().models
    folder = shutil.copytree(tiny_model_folder, models / MODEL)
    weights = folder / "vae/diffusion_pytorch_model.safetensors"
    write_pins(MODEL, models, {"vae/diffusion_pytorch_model.safetensors": sha256_of_file(weights)})
    if is_damaged:  # one bit of the last weight: still a number, still the right size
        body = weights.read_bytes()
        weights.write_bytes(body[:-4] + bytes([body[-4] ^ 1]) + body[-3:])
    assert main(["models", "verify", MODEL]) == int(is_damaged)
    out, err = capsys.readouterr()
    assert ("SHA-256 differs" in err) if is_damaged else ("one file agrees" in out)


def test_weights_are_listed_verified_and_removed(tmp_path: Path, capsys: Any) -> None:
    place = user_folders().models / ".weights" / "vggish"
    place.mkdir(parents=True)
    (place / "vggish-10086976.pth").write_bytes(b"not it")
    assert main(["models", "list", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert (rows["vggish"]["installed"], rows["vggish"]["kind"]) == (True, "weights")
    assert rows["audioldm-m-full-ckpt"]["bytes"] == 4_571_683_377
    assert main(["models", "verify", "vggish"]) == 1
    assert "SHA-256 differs" in capsys.readouterr().err
    assert main(["models", "remove", "vggish"]) == 0
    assert not place.exists()
