"""The recipe lives outside the package: put it on the path, and give it a few sounds."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

RECIPE_HOME = Path(__file__).resolve().parents[2] / "packaging" / "starter"
sys.path.insert(0, str(RECIPE_HOME))

_LABELS = ("dog bark", "rain heavy", "ui click", "explosion", "laser", "door close")


@pytest.fixture(scope="session")
def sounds_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve short files with a manifest in the starter set's layout."""
    folder = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(0)
    rows = []
    for number in range(12):
        label = _LABELS[number % len(_LABELS)]
        name = f"pack/{label.replace(' ', '-')}_{number:02d}.flac"
        (folder / "pack").mkdir(exist_ok=True)
        count = int(rng.uniform(0.3, 1.0) * 22_050)
        fade = np.exp(-np.arange(count) / 4000)
        sf.write(folder / name, 0.3 * fade * rng.standard_normal(count).clip(-3, 3), 22_050)
        rows.append(
            {
                "file": name,
                "caption": label,
                "label": label,
                "author": "nobody",
                "licence": "CC0",
                "source": f"made {number}",
                "duration_s": f"{count / 22_050:.3f}",
                "sample_rate": "22050",
            }
        )
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder
