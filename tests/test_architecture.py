"""The import contracts hold, and each of them is able to fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# One wrong line each: where it is put, what it says, which contract must break.
VIOLATIONS = [
    ("core/errors.py", "import PySide6", "Only app, ui and jobs know Qt"),
    ("core/errors.py", "import soundstudio.audio.files", "Imports only go downward"),
    ("library/library.py", "import torch", "The window never imports the model stack"),
    ("jobs/queue.py", "import soundstudio.worker.__main__", "Imports only go downward"),
    ("jobs/queue.py", "import soundstudio.generation.generate", "The window never imports"),
    ("engine/devices.py", "import soundstudio.library.library", "Imports only go downward"),
    ("worker/__main__.py", "import pyqtgraph", "Only app, ui and jobs know Qt"),
    ("cli/generate.py", "import soundstudio.app", "Imports only go downward"),
    ("evaluation/frechet.py", "import soundstudio.benchmark.prompts", "Imports only go downward"),
    ("benchmark/prompts.py", "import soundstudio.worker.loop", "Imports only go downward"),
    ("benchmark/prompts.py", "import pyqtgraph", "Only app, ui and jobs know Qt"),
    ("dataset/clips.py", "import torch", "The window never imports the model stack"),
    ("dataset/clips.py", "import PySide6", "Only app, ui and jobs know Qt"),
    ("dataset/clips.py", "import soundstudio.engine.devices", "The window never imports"),
    ("library/library.py", "import soundstudio.dataset.clips", "Imports only go downward"),
    ("ui/rail.py", "import soundstudio.benchmark.prompts", "The window never imports"),
    ("ui/rail.py", "import soundstudio.training.draws", "The window never imports"),
    ("training/run.py", "import soundstudio.evaluation.scoring", "Imports only go downward"),
    ("training/run.py", "import PySide6", "Only app, ui and jobs know Qt"),
]


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(program), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


def _copy_project(folder: Path) -> Path:
    shutil.copytree(
        ROOT / "soundstudio",
        folder / "soundstudio",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_contracts_hold() -> None:
    result = _lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("file", "line", "contract"), VIOLATIONS)
def test_contract_breaks(tmp_path: Path, file: str, line: str, contract: str) -> None:
    project = _copy_project(tmp_path)
    path = project / "soundstudio" / file
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}  # noqa\n", encoding="utf-8")
    result = _lint(project)
    assert result.returncode != 0
    broken = [row for row in result.stdout.splitlines() if row.endswith("BROKEN")]
    assert any(row.startswith(contract) for row in broken), result.stdout


def test_a_new_room_must_be_named(tmp_path: Path) -> None:
    project = _copy_project(tmp_path)
    (project / "soundstudio" / "drawer").mkdir()
    (project / "soundstudio" / "drawer" / "__init__.py").touch()
    assert _lint(project).returncode != 0


MAX_MODULE_LINES = 400


def test_modules_stay_small() -> None:
    folders = [ROOT / "soundstudio", ROOT / "packaging"]
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in folders
        for path in folder.rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_MODULE_LINES
    }
    assert not long
