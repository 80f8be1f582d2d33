"""The environment of the model stack: offline, quiet, threads that share the processor."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

from soundstudio.engine.surroundings import prepare_surroundings, without_collections


def test_sets_what_the_user_has_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    prepare_surroundings()
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


def test_the_process_that_downloads_is_online(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "x")  # so that it is put back after the test
        monkeypatch.delenv(name)
    prepare_surroundings(is_offline=False)
    prepare_surroundings()  # as loading a model does later
    assert (os.environ["HF_HUB_OFFLINE"], os.environ["TRANSFORMERS_OFFLINE"]) == ("0", "0")


def test_is_ready_before_torch_is_imported() -> None:
    """Too late would be without effect and without a word."""
    code = (
        "import sys, os; import soundstudio.engine.loading, soundstudio.generation.generate;"
        "assert 'torch' not in sys.modules;"
        "from soundstudio.engine.surroundings import prepare_surroundings;"
        "prepare_surroundings(); assert os.environ['OMP_WAIT_POLICY'] == 'PASSIVE'"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OMP")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_collections_come_back_after_a_failure() -> None:
    def fail() -> None:
        with without_collections():
            assert not gc.isenabled()
            raise ValueError("x")

    assert gc.isenabled()
    with pytest.raises(ValueError, match="x"):
        fail()
    assert gc.isenabled()
