"""Work over several processes: order, state, failures, and what each process may use."""

from __future__ import annotations

import functools
import os
import signal
from typing import TYPE_CHECKING

import pytest
from parallel_pieces import add, complain, die, load_number, surroundings

from soundstudio.benchmark import parallel
from soundstudio.benchmark.parallel import work_through
from soundstudio.core.errors import InvalidRequestError, StorageError
from soundstudio.core.processes import LostProcessError

if TYPE_CHECKING:
    from pathlib import Path


def test_one_process_is_this_one() -> None:
    assert list(work_through([1, 2, 3], lambda: 10, lambda state, piece: state + piece)) == [
        (0, 11), (1, 12), (2, 13),
    ]  # fmt: skip


def test_nothing_to_do_loads_nothing() -> None:
    def load() -> int:
        raise AssertionError

    assert list(work_through([], load, add, 4)) == []


def test_several_processes_load_once_each(tmp_path: Path) -> None:
    log = tmp_path / "log"
    answers = work_through(list(range(20)), functools.partial(load_number, log), add, 2)
    assert sorted(answers) == [(number, 100 + number) for number in range(20)]
    loads = log.read_text().splitlines()
    assert len(loads) == len(set(loads)) == 2
    assert str(os.getpid()) not in loads


def test_an_explained_failure_arrives_whole(tmp_path: Path) -> None:
    load = functools.partial(load_number, tmp_path / "log")
    with pytest.raises(StorageError, match="full") as failure:
        list(work_through([1, 2, 3], load, complain, 2))
    assert failure.value.advice == "Free some space."


def test_a_killed_process_is_an_explained_failure(tmp_path: Path) -> None:
    load = functools.partial(load_number, tmp_path / "log")
    with pytest.raises(LostProcessError, match="ended without an answer"):
        list(work_through([1, 2, 3], load, die, 2))


@pytest.mark.parametrize("processes", [0, -1, 65])
def test_an_impossible_number(processes: int) -> None:
    with pytest.raises(InvalidRequestError, match="between 1 and 64"):
        list(work_through([1], lambda: 0, add, processes))


def test_each_process_gets_its_card_and_its_share_of_cores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(parallel, "usable_cores", lambda: 8)
    expected = tuple(
        {"OMP_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": card} for card in ("3", "5", "3", "5")
    )
    assert parallel._surroundings(4) == expected
    seen = {answer for _, answer in work_through([0, 1], surroundings, surroundings, 2)}
    assert {cards for _, cards, _ in seen} <= {"3", "5"}
    assert {threads for threads, _, _ in seen} == {"4"}
    # Ctrl+C reaches the parent alone.
    assert {handler for _, _, handler in seen} == {str(signal.SIG_IGN)}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert parallel._surroundings(2) == ({"OMP_NUM_THREADS": "1"},) * 2
