"""Reports as `soundstudio score --json` writes them, for the tests of history and exports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from soundstudio.audio.files import Sound, write_wav

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NASTY = (
    "<script>alert(1)</script>.wav",
    "\"><img src=x onerror='1'>.wav",
    "50%_of & {this} #1 $x$ ~^\\.wav",
    "=2+5.wav",
    "雨 é \u202egnp.wav",
)


def score(value: float, backbone: str = "bundled: aisfx 0.1.2", **counts: int) -> dict[str, Any]:
    interval = {"low": value - 0.5, "high": value + 1.0, "level": 0.95, "draws": 200}
    return {"value": value, "interval": interval, "backbone": backbone, "counts": counts}


def row(name: str, pull: float, nearest: str = "", **more: Any) -> dict[str, Any]:
    return {
        "name": name, "failure": "", "nearest": nearest, "similarity": 0.5 if nearest else None,
        "sound_class": 7, "class_probability": 0.25, "fd_without": pull, "is_without": 0.01,
        "fad_without": -0.1, "paired_with": "", "kl": 1.25, "prompt": "", "clap": None, **more,
    }  # fmt: skip


def report(
    generated: str | Path,
    reference: str | Path | None = None,
    names: Sequence[str] = ("a.wav", "b.wav"),
    references: Sequence[str] = ("r.wav",),
    **changes: Any,
) -> dict[str, Any]:
    """Scores of `names`, the first of which pulls FD up most, each nearest to some reference."""
    count = len(names)
    return {
        "generated": str(generated),
        "reference": None if reference is None else str(reference),
        "backbone": "bundled",
        "networks": [
            {"title": "aisfx 0.1.2", "metrics": ["fd", "is", "kl"], "weights_sha256": "ab" * 32},
            {"title": "CLAP", "metrics": ["fad"], "weights_sha256": "cd" * 32},
        ],
        "fd": score(12.3456, generated=count, reference=len(references)),
        "is": score(2.5, generated=count, splits=10),
        "kl": score(1.75, pairs=count),
        "fad": score(0.01234, "bundled: CLAP", generated=count, reference=len(references),
                     frames_generated=3, frames_reference=4),
        "clap": None,
        "missing": {"clap": "No prompts are known."},
        "fd_infinite": -1.5,
        "kernel_distance": 0.25,
        "is_deviation": 0.125,
        "draws": 200,
        "seed": 0,
        "warnings": [{"kind": "few", "message": "2 sounds are few.", "clips": []}],
        "clips": [
            row(name, place - 5.0, references[place % len(references)] if references else "")
            for place, name in enumerate(names)
        ],
        "map": {
            "method": "principal components",
            "explained": 0.4321,
            "generated": [
                {"name": name, "x": 2.0 + place, "y": -1.0 * place}
                for place, name in enumerate(names)
            ],
            "reference": [
                {"name": name, "x": -2.0 - place, "y": 0.5} for place, name in enumerate(references)
            ],
        },
        **changes,
    }  # fmt: skip


def write_tone(path: Path, duration_s: float = 0.5, rate: int = 16_000, channels: int = 1) -> Path:
    """A tone in a little noise, not silent and not equal for all names."""
    random = np.random.default_rng(sum(path.name.encode("utf-8", "surrogateescape")))
    time = np.arange(round(duration_s * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * random.integers(200, 900) * time)
    noise = 0.02 * random.standard_normal((channels, len(time)))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, Sound((tone + noise).astype(np.float32), rate), "PCM_16")
    return path


def benchmark_report(name: str = "figure1", **changes: Any) -> dict[str, Any]:
    """What of a benchmark's report is read again; real ones hold much more."""
    return {
        "benchmark": name,
        "finished_at": "2026-01-02T03:04:05+00:00",
        "dataset": {"title": "ESC-50", "clips_used": 1234},
        "model": {"title": "Starter"},
        "backbone": {"name": "bundled"},
        "summary": {
            "head": "ESC-50: 1234 clips.",
            "rows": [["corruption", "FD"], ["noise", "reacts (12.3)"], ["mask", "flat (0.1)"]],
            "lines": ["FD sees disorder. — holds (FD reacts)"],
        },
        "differences": ["The networks are not the paper's."],
        "failures": {"torn.wav": "It is damaged."},
        **changes,
    }


def write_benchmark(folder: Path, name: str = "figure1", **changes: Any) -> Path:
    """A finished benchmark's files, with a picture of two by two pixels; its report's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(benchmark_report(name, **changes)), encoding="utf-8")
    path.with_suffix(".png").write_bytes(
        bytes.fromhex(
            "89504e470d0a1a0a0000000d4948445200000002000000020802000000fdd49a7300000012494441"
            "54789c63f8cfc0c0d0f09f01420100217204fd5355a6770000000049454e44ae426082"
        )
    )
    return path
