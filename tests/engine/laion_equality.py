"""Run in a process without a network: LAION's tower and transformers', on the same weights."""

from __future__ import annotations

import json
import re
import socket
import sys
from typing import Any

RENAMED = (
    (r"^bn0\.", "batch_norm."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.attn\.relative", ".attention.self.relative"),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
)


def deny_network() -> None:
    def refuse(*_: Any) -> None:
        sys.stderr.write("the network was asked for")
        sys.stderr.flush()
        raise SystemExit(9)

    socket.socket.connect = refuse  # type: ignore[method-assign,assignment]
    socket.socket.connect_ex = refuse  # type: ignore[method-assign,assignment]
    socket.getaddrinfo = refuse  # type: ignore[assignment]


def transformers_names(state: dict[str, Any]) -> dict[str, Any]:
    """`audio_branch.*` and `audio_projection.*` → ClapAudioModelWithProjection's."""
    renamed = {}
    for name, value in state.items():
        if name.startswith("audio_projection."):
            new = name.replace(".0.", ".linear1.").replace(".2.", ".linear2.")
            renamed[new] = value
            continue
        new = name.removeprefix("audio_branch.")
        for pattern, replacement in RENAMED:
            new = re.sub(pattern, replacement, new)
        if ".attn.qkv." in new:
            for part, third in zip(("query", "key", "value"), value.chunk(3), strict=True):
                renamed["audio_model.audio_encoder." + new.replace(
                    ".attn.qkv.", f".attention.self.{part}.")] = third  # fmt: skip
        else:
            renamed["audio_model.audio_encoder." + new] = value
    return renamed


def laions_file(audio: dict[str, Any]) -> tuple[Any, Any]:
    """The audio tower of a file as LAION saves it: built by laion-clap, and without it."""
    import tempfile
    from pathlib import Path

    import torch

    from soundstudio.engine import laion_tower
    from soundstudio.engine.laion_clap import LaionClap

    text = {"text_branch.pooler.dense.weight": torch.zeros(1, 1)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "630k.pt"
        state = {f"module.{name}": value for name, value in (audio | text).items()}
        torch.save({"epoch": 1, "state_dict": state}, path)
        clap = LaionClap.read(path)
        by_laion = clap.audio_tower("cpu")
        laion_tower._SIZES.clear()  # type: ignore[attr-defined]
        return by_laion, clap.audio_tower("cpu")


def main() -> None:
    deny_network()
    import numpy as np
    import torch
    from transformers import ClapAudioConfig, ClapAudioModelWithProjection, ClapFeatureExtractor

    from soundstudio.engine.clap import ClipEncoder
    from soundstudio.engine.laion_tower import LaionAudioTower, _AudioConfig, _clap_part

    torch.manual_seed(0)
    branch = _clap_part("htsat").create_htsat_model(_AudioConfig("tiny"), False, "None")
    # What a new batch norm holds would hide a swapped mean.
    branch.bn0.running_mean.uniform_(-30, -10)
    branch.bn0.running_var.uniform_(50, 200)
    projection = torch.nn.Sequential(
        torch.nn.Linear(768, 512), torch.nn.ReLU(), torch.nn.Linear(512, 512)
    )
    state = {f"audio_branch.{name}": value for name, value in branch.state_dict().items()}
    state |= {f"audio_projection.{name}": v for name, v in projection.state_dict().items()}
    laion = LaionAudioTower.load(state, "cpu")
    other = ClapAudioModelWithProjection(ClapAudioConfig(enable_fusion=False)).eval()
    missing, _ = other.load_state_dict(transformers_names(state), strict=False)
    extractor = ClapFeatureExtractor(
        frequency_min=50, frequency_max=14_000, truncation="rand_trunc", padding="repeatpad"
    )
    theirs = ClipEncoder(other, extractor, "cpu")
    whole = laions_file(state)
    noise = np.random.default_rng(0).normal(0, 0.1, 48_000 * 11).astype(np.float32)
    differences = {}
    for name, sound in (("short", noise[:144_123]), ("long", noise)):
        apart = laion.embed(sound, 48_000) - theirs.embed(sound, 48_000)
        differences[name] = float(apart.abs().max())
        with_laion, without = (clap.embed(sound, 48_000) for clap in whole)
        differences[f"{name}, from LAION's file"] = float((with_laion - without).abs().max())
    first = laion.embed(noise, 48_000)
    answer = {
        "differences": differences,
        "missing": [name for name in missing if "relative_position_index" not in name],
        "norm": float(first.norm()),
        "apart": float((first - laion.embed(noise[::-1].copy() ** 3, 48_000)).abs().max()),
        "imported": "laion_clap" in sys.modules,
        "towers": [type(clap).__name__ for clap in whole],
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
