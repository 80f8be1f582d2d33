"""Curves and status on the disk, as another process meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soundstudio.core.run_files import (
    CurveRow,
    RunFolder,
    RunStatus,
    read_curves,
    read_status,
    run_folder,
)
from soundstudio.training.run_records import Curves, write_status

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def write_rows(run: RunFolder, first: int, last: int, loss: float) -> None:
    curves = Curves(run, first - 1)
    for step in range(first, last + 1):
        curves.append(CurveRow(step, loss, 1e-3, 0.1))
    curves.sync()
    curves.close()


def test_steps_that_are_made_again_replace_their_rows(run: RunFolder) -> None:
    """They may come out otherwise, with another learning rate or on a graphics card."""
    write_rows(run, 1, 5, loss=1.0)
    write_rows(run, 4, 6, loss=2.0)
    assert [(row.step, row.loss) for row in read_curves(run)] == [
        (1, 1.0), (2, 1.0), (3, 1.0), (4, 2.0), (5, 2.0), (6, 2.0),
    ]  # fmt: skip


def test_a_row_that_was_cut_off_is_dropped(run: RunFolder) -> None:
    write_rows(run, 1, 3, loss=1.0)
    with run.curves.open("a", encoding="utf-8") as file:
        file.write('{"step": 4, "lo')
    assert [row.step for row in read_curves(run)] == [1, 2, 3]
    write_rows(run, 4, 5, loss=1.5)
    assert [row.step for row in read_curves(run)] == [1, 2, 3, 4, 5]
    assert run.curves.read_text(encoding="utf-8").count("\n") == 5


def test_rows_are_appended_and_seen_at_once(run: RunFolder) -> None:
    write_rows(run, 1, 2, loss=1.0)
    before = run.curves.read_bytes()
    curves = Curves(run, 2)
    found = {"loss": 0.5, "training_loss": 0.4, "scores": {"fd": 3.0}, "copies": 0}
    curves.append(CurveRow(3, 0.1, 1e-3, 0.1, found))
    assert run.curves.read_bytes().startswith(before)
    assert read_curves(run)[-1].validation == found
    assert [row.step for row in curves.validations()] == [3]
    curves.append(CurveRow(3, 9.9, 1e-3, 0.1))
    assert len(read_curves(run)) == 3
    curves.close()


def test_a_status_is_read_as_it_was_written(run: RunFolder) -> None:
    assert read_status(run) is None
    status = RunStatus("training", 3, 10, pid=5, loss=0.5, notes=("Mind.",), best={"step": 2})
    write_status(run, status)
    assert read_status(run) == status
    run.status.write_text('{"state": ', encoding="utf-8")
    assert read_status(run) is None


def test_names(tmp_path: Path) -> None:
    assert run_folder(tmp_path, "rain-2.b").folder == tmp_path / "rain-2.b"
