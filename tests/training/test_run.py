"""A run from its folder to its model, interrupted and not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstudio.core.catalogue import find_model
from soundstudio.core.requests import GenerationRequest
from soundstudio.core.run_files import read_curves, read_status
from soundstudio.engine.loading import load_model
from soundstudio.generation.generate import generate
from soundstudio.training.run import train_run

if TYPE_CHECKING:
    from conftest import RunMaker


def test_a_run_becomes_a_model_that_generates(make_run: RunMaker) -> None:
    run = make_run(validate_every=2)
    said: list[str] = []
    status = train_run(run, say=said.append)
    assert status.state == "finished"
    assert [row.step for row in read_curves(run)] == [1, 2, 3, 4]
    assert read_status(run) == status
    row = find_model("bells", make_run.models)
    assert row.kind == "fine-tuned"
    model = load_model(row, "cpu", "float32")
    (sound,) = generate(model, GenerationRequest(prompt="rain", duration_s=0.5, steps=2))
    assert len(sound.samples) == 8000
    print(said, read_curves(run))
