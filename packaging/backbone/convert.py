"""aisfx's checkpoint → the safetensors that the application ships.

    python packaging/backbone/convert.py UNPACKED_WHEEL [--out resources/backbones/aisfx]

UNPACKED_WHEEL is the folder that holds `aisfx/` and `aisfx-0.1.2.dist-info/`. README.md says what
is done and why.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import save_file

from soundstudio.evaluation.networks.sound_effects import SoundEffectNetwork

HEAD: Final = "prosfx"
CHECKPOINT_SHA256: Final = "499ea75909c932a2f94c35fa722fa4fabc5bcb7e84917209cc5f7402627b7eb5"
_NUMPY_NAMES: list[Any] = [np.float64(0).__reduce__()[0], np.dtype, np.dtype("int64").__class__]
"""The checkpoint holds class counts as NumPy scalars; nothing else may be unpickled."""


def main() -> int:
    """Convert, then print how far the shipped network is from the package's own."""
    parser = argparse.ArgumentParser(description="Convert aisfx's checkpoint to safetensors.")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=Path("resources/backbones/aisfx"))
    parser.add_argument("--dtype", choices=("float16", "float32"), default="float16")
    args = parser.parse_args()
    checkpoint = args.wheel / "aisfx" / "models" / "checkpoint.pth"
    found = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    if found != CHECKPOINT_SHA256:
        sys.stderr.write(f"not the checkpoint of aisfx 0.1.2: SHA-256 {found}\n")
        return 1
    with torch.serialization.safe_globals(_NUMPY_NAMES):
        weights, datasets = torch.load(checkpoint, map_location="cpu", weights_only=True)
    args.out.mkdir(parents=True, exist_ok=True)
    target = args.out / "aisfx.safetensors"
    state = shipped_state(weights, datasets[HEAD][0], getattr(torch, args.dtype))
    save_file(state, target, metadata={"source": "aisfx 0.1.2", "head": HEAD})
    licence = next((args.wheel / "aisfx-0.1.2.dist-info").rglob("LICENSE"))
    shutil.copyfile(licence, args.out / "LICENSE")
    embedding, logits = differences(args.wheel, weights, datasets, target)
    sys.stdout.write(
        f"{target}: {target.stat().st_size:,} bytes\n"
        f"largest difference relative to the largest value: "
        f"embedding {embedding:.2e}, logits {logits:.2e}\n"
    )
    return 0


def shipped_state(
    weights: dict[str, torch.Tensor], head: int, dtype: torch.dtype
) -> dict[str, torch.Tensor]:
    """The embedding network and one class head; matrices in `dtype`, vectors in float32."""
    state = {}
    for key, value in weights.items():
        name = key.replace(f"fc.{head}.", "head.", 1)
        if not name.startswith(("embedding_net.", "head.")):
            continue
        is_matrix = value.is_floating_point() and value.ndim > 1
        state[name] = value.to(dtype).contiguous() if is_matrix else value.contiguous()
    return state


def differences(
    wheel: Path, weights: dict[str, torch.Tensor], datasets: dict[str, Any], target: Path
) -> tuple[float, float]:
    """Package's network against ours on the same random mels, as shares of the largest value."""
    path = wheel / "aisfx" / "models" / "cnn2d.py"
    specification = importlib.util.spec_from_file_location("aisfx_cnn2d", path)
    if specification is None or specification.loader is None:
        raise FileNotFoundError(path)
    package = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(package)
    original = package.CrossNet(package.EmbeddingNet("max", 3, 1, 64), datasets, "cpu")
    original.load_state_dict(weights)
    original.eval()
    mel = torch.rand(8, 100, 96, generator=torch.Generator().manual_seed(0)) * 0.6
    with torch.inference_mode():
        expected = original(mel, HEAD)
        found = SoundEffectNetwork.load(target)(mel)
    return tuple(  # type: ignore[return-value]
        float((a - b).abs().max() / a.abs().max()) for a, b in zip(expected, found, strict=True)
    )


if __name__ == "__main__":
    sys.exit(main())
