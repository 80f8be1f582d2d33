"""Checkpoints: whole or not there, and honest about damage. Real files, real limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from soundstudio.core.errors import RunError
from soundstudio.core.run_files import RunFolder
from soundstudio.core.run_lock import locked
from soundstudio.training.checkpoints import load_checkpoint, remove_leftovers, save_checkpoint
from soundstudio.training.tensor_file import read_tensors, write_tensors

ROOT = Path(__file__).resolve().parents[2]


def tensors(value: float) -> dict[str, torch.Tensor]:
    return {
        "a": torch.full((300, 4), value),
        "b": torch.tensor(value),
        "c": torch.arange(5),
        "d": torch.full((3,), value, dtype=torch.bfloat16),
        "e": torch.full((4, 6), value).T,
    }


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = tmp_path / "run"
    folder.mkdir()
    return RunFolder(folder)


def test_what_is_written_is_read_bit_for_bit(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    size = write_tensors(path, tensors(0.1), {"step": 3, "ä": ["“"]})
    assert size == path.stat().st_size
    found, facts = read_tensors(path)
    assert facts == {"step": 3, "ä": ["“"]}
    for name, value in tensors(0.1).items():
        assert torch.equal(found[name], value)
        assert found[name].dtype == value.dtype
        assert torch.equal(load_file(path)[name], value)  # the library reads it, too


def test_the_newest_two_are_kept(run: RunFolder) -> None:
    assert load_checkpoint(run) is None
    for step in (10, 20, 30):
        save_checkpoint(run, step, tensors(step), {"row": None})
    assert len(list(run.checkpoints.iterdir())) == 2
    found = load_checkpoint(run)
    assert found is not None
    assert found.step == 30
    assert found.notes == ()
    assert torch.equal(found.tensors["a"], tensors(30)["a"])


@pytest.mark.parametrize("damage", ["first bit", "header", "middle", "last bit", "cut", "empty"])
def test_a_damaged_newest_falls_back_and_says_so(run: RunFolder, damage: str) -> None:
    save_checkpoint(run, 10, tensors(10), {"row": None})
    save_checkpoint(run, 20, tensors(20), {"row": None})
    path = run.checkpoints / "step-00000020.safetensors"
    content = bytearray(path.read_bytes())
    place = {"first bit": 0, "header": 30, "middle": len(content) // 2, "last bit": -1}.get(damage)
    if place is not None:
        content[place] ^= 1
    elif damage == "cut":
        content = content[:-100]
    else:
        content = bytearray()
    path.write_bytes(content)
    found = load_checkpoint(run)
    assert found is not None
    assert found.step == 10
    assert torch.equal(found.tensors["a"], tensors(10)["a"])
    assert len(found.notes) == 1
    assert "step-00000020" in found.notes[0]
    assert not path.exists()


def test_when_all_are_damaged_the_run_says_so(run: RunFolder) -> None:
    for step in (10, 20):
        save_checkpoint(run, step, tensors(step), {"row": None})
    for path in run.checkpoints.iterdir():
        path.write_bytes(b"no tensors")
    with pytest.raises(RunError, match="All checkpoints"):
        load_checkpoint(run)


def test_a_checkpoint_of_a_newer_version_is_refused(run: RunFolder) -> None:
    run.checkpoints.mkdir()
    write_tensors(
        run.checkpoints / "step-00000010.safetensors", tensors(1), {"version": 99, "step": 10}
    )
    with pytest.raises(RunError, match="newer version"):
        load_checkpoint(run)


@pytest.mark.skipif(os.name == "nt", reason="file size limits are POSIX")
def test_a_full_disk_leaves_the_old_checkpoints_whole(run: RunFolder) -> None:
    """The limit holds for the child alone, and strikes in the middle of a file."""
    save_checkpoint(run, 10, tensors(10), {"row": None})
    before = {path.name: path.read_bytes() for path in run.checkpoints.iterdir()}
    program = f"""
import resource, sys, torch
from pathlib import Path
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
from soundstudio.core.errors import StorageError
from soundstudio.core.run_files import RunFolder
from soundstudio.training.checkpoints import save_checkpoint
try:
    save_checkpoint(RunFolder(Path({str(run.folder)!r})), 20, {{"a": torch.zeros(9000)}}, {{}})
except StorageError as error:
    print(error.sentence())
"""
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "step-00000020" in result.stdout
    assert {path.name: path.read_bytes() for path in run.checkpoints.iterdir()} == before


def test_what_a_killed_process_left_is_removed(run: RunFolder) -> None:
    save_checkpoint(run, 10, tensors(10), {"row": None})
    leftover = run.checkpoints / ".0123456789abcdef.part"
    leftover.write_bytes(b"half")
    remove_leftovers(run)
    assert not leftover.exists()
    assert load_checkpoint(run) is not None


def test_two_at_once_are_refused_and_a_dead_one_is_not_in_the_way(run: RunFolder) -> None:
    program = f"""
import time
from pathlib import Path
from soundstudio.core.run_files import RunFolder
from soundstudio.core.run_lock import locked
with locked(RunFolder(Path({str(run.folder)!r}))):
    print("held", flush=True)
    time.sleep(60)
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    with holder, holder.stdout:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunError, match=f"process {holder.pid}"), locked(run):
            pass
        holder.kill()
    with locked(run):
        assert run.lock.read_text(encoding="ascii") == f"{os.getpid()}\n"
    assert run.lock.read_text(encoding="ascii") == ""


def test_facts_are_json(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    write_tensors(path, {}, {"row": {"loss": 0.1 + 0.2}})
    assert json.dumps(read_tensors(path)[1]) == '{"row": {"loss": 0.30000000000000004}}'
