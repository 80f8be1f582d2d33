"""LoRA: what learns, what is kept, what becomes of it, and when it is chosen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from soundstudio.core.catalogue import find_model, read_card
from soundstudio.core.errors import InvalidRequestError, RunError
from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.core.run_files import RunFolder, read_curves, read_description, read_status
from soundstudio.engine.loading import load_model
from soundstudio.training import method as method_module
from soundstudio.training import starting_weights
from soundstudio.training.adapters import merged_weights
from soundstudio.training.checkpoints import load_checkpoint
from soundstudio.training.preparation import make_accelerator, prepare
from soundstudio.training.run import train_run
from soundstudio.training.tensor_file import read_tensors
from soundstudio.worker.ranks import train_in_processes

if TYPE_CHECKING:
    from conftest import RunMaker

    from soundstudio.dataset.dataset import Dataset
    from soundstudio.training.trainer import Trainer

ROOT = Path(__file__).resolve().parents[2]
LORA: dict[str, Any] = {"method": "lora", "lora_rank": 4, "lora_alpha": 32.0}


def trainer_of(make_run: RunMaker, dataset: Dataset, name: str, **changes: Any) -> Trainer:
    description = read_description(make_run(name, **changes))
    return prepare(make_accelerator(description.settings), description, dataset).trainer


def answer(unet: Any) -> torch.Tensor:
    """What a UNet says to a fixed noise, time and condition."""
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(2, 8, 16, 16, generator=generator)
    conditions = torch.nn.functional.normalize(torch.randn(2, 32, generator=generator))
    with torch.inference_mode():
        result: torch.Tensor = unet(
            latents, torch.tensor([3, 700]), encoder_hidden_states=None, class_labels=conditions
        ).sample
    return result


def checkpoint_tensors(run: RunFolder) -> dict[str, torch.Tensor]:
    found = load_checkpoint(run)
    assert found is not None
    return found.tensors


def assert_same_run(run: RunFolder, other: RunFolder) -> None:
    assert [(row.step, row.loss) for row in read_curves(run)] == [
        (row.step, row.loss) for row in read_curves(other)
    ]
    first, second = checkpoint_tensors(run), checkpoint_tensors(other)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    best, other_best = read_tensors(run.best)[0], read_tensors(other.best)[0]
    assert all(torch.equal(best[name], other_best[name]) for name in best)


def test_only_adapters_learn_and_the_average_shares_the_rest(
    make_run: RunMaker, dataset: Dataset
) -> None:
    trainer = trainer_of(make_run, dataset, "run", **LORA, learning_rate=1e-2, warmup_steps=0)
    start = trainer_of(make_run, dataset, "full", method="full").plain_unet.eval()
    trainer.plain_unet.eval()
    assert torch.equal(answer(trainer.plain_unet), answer(start))  # B is zero still
    trainer.plain_unet.train()
    before = {name: value.clone() for name, value in trainer.plain_unet.named_parameters()}
    for step in range(3):
        trainer.step(step)
    after = dict(trainer.plain_unet.named_parameters())
    moved = {name for name in after if not torch.equal(after[name], before[name])}
    adapters = {name for name in after if ".lora_" in name}
    assert moved == adapters
    ends = {name.split(".lora_")[0].rsplit(".", 1)[-1] for name in adapters}
    assert ends == {"to_q", "to_k", "to_v", "0", "time_emb_proj", "class_embedding"}
    averaged = dict(trainer.average.named_parameters())
    for name, value in averaged.items():
        assert (value is after[name]) == (name not in adapters), name
        assert torch.equal(value, after[name]) == (name not in adapters), name
    assert trainer.learned_weights == sum(after[name].numel() for name in adapters)


@pytest.mark.parametrize("is_mixed", [False, True])
@pytest.mark.parametrize("saves_memory", [False, True])
def test_frozen_layers_keep_less_and_compute_the_same(
    make_run: RunMaker,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    is_mixed: bool,
    saves_memory: bool,
) -> None:
    """Losses, gradients and answers are those of torch's own layers, from less memory."""
    lean = trainer_of(make_run, dataset, "lean", **LORA)
    monkeypatch.setattr(starting_weights, "keep_less", lambda _: None)
    plain = trainer_of(make_run, dataset, "plain", **LORA)
    losses, kept = [], []
    for trainer in (lean, plain):
        if saves_memory:
            trainer.save_memory()
        found = KeptForBackward()
        with found, torch.autocast("cpu", torch.bfloat16, enabled=is_mixed):
            losses.append(trainer.accumulate(0, 2))
        kept.append(found.bytes)
    assert losses[0] == losses[1]
    for name in lean._names:
        mine, theirs = (t.plain_unet.get_parameter(name).grad for t in (lean, plain))
        torch.testing.assert_close(mine, theirs, atol=1e-7, rtol=1e-5)
    assert torch.equal(answer(lean.average), answer(plain.average))
    if not saves_memory:
        assert kept[0] < 0.8 * kept[1]


class KeptForBackward(torch.autograd.graph.saved_tensors_hooks):
    """Counts the bytes of tensors that a forward pass keeps, weights left out."""

    def __init__(self) -> None:
        self.bytes = 0
        self._seen: dict[int, torch.Tensor] = {}
        super().__init__(self._keep, lambda tensor: tensor)

    def _keep(self, tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self._seen and not isinstance(tensor, torch.nn.Parameter):
            self._seen[storage.data_ptr()] = tensor
            self.bytes += storage.nbytes()
        return tensor


def test_the_average_of_adapters_is_the_original_s(make_run: RunMaker, dataset: Dataset) -> None:
    trainer = trainer_of(make_run, dataset, "run", **LORA, ema_decay=0.3)
    name = "class_embedding.lora_A.default.weight"
    expected = trainer.average.get_parameter(name).clone()
    for step, decay in enumerate((2 / 11, 3 / 12, 0.3)):
        trainer.step(step)
        now = trainer.plain_unet.get_parameter(name).detach()
        expected = decay * expected + (1 - decay) * now
    torch.testing.assert_close(trainer.average.get_parameter(name), expected)


def test_merged_weights_compute_the_same(make_run: RunMaker, dataset: Dataset) -> None:
    trainer = trainer_of(make_run, dataset, "run", **LORA, learning_rate=1e-2, warmup_steps=0)
    plain = trainer_of(make_run, dataset, "full", method="full").average
    start = answer(plain)
    for step in range(4):
        trainer.step(step)
    learned = answer(trainer.average)
    plain.load_state_dict(merged_weights(trainer.average))  # strict: a plain UNet's names, all
    torch.testing.assert_close(answer(plain), learned, atol=1e-5, rtol=1e-4)
    assert (learned - start).abs().max() > 1e-3  # it has learned something that could be lost
    torch.testing.assert_close(answer(trainer.average), learned, atol=0, rtol=0)  # untouched


def test_a_run_becomes_a_plain_model(make_run: RunMaker) -> None:
    """Small checkpoints of adapters alone; the model is read as any other."""
    run = make_run("bells", **LORA, validate_every=2)
    said: list[str] = []
    assert train_run(run, say=said.append).state == "finished"
    assert any(sentence.startswith("Method LoRA: adapters learn, 0.0247") for sentence in said)
    tensors = checkpoint_tensors(run)
    assert all(".lora_" in name for name in tensors)
    row = find_model("bells", make_run.models)
    model = load_model(row, "cpu", "float32")
    base = load_model(find_model(str(make_run.model), make_run.models), "cpu", "float32")
    learned = dict(model.unet.named_parameters())
    assert learned.keys() == dict(base.unet.named_parameters()).keys()
    changed = {
        name
        for name, value in base.unet.named_parameters()
        if not torch.equal(value, learned[name])
    }
    assert "class_embedding.weight" in changed
    assert "conv_in.weight" not in changed
    a, b = (tensors[f"average/class_embedding.lora_{side}.default.weight"] for side in "AB")
    expected = base.unet.class_embedding.weight + 32 / 4 * b @ a
    torch.testing.assert_close(learned["class_embedding.weight"], expected)
    full = make_run("full", validate_every=0)
    train_run(full)
    sizes = [max(path.stat().st_size for path in r.checkpoints.iterdir()) for r in (run, full)]
    assert sizes[0] < sizes[1] / 5
    settings: Any = read_card(make_run.models / "bells")["settings"]
    assert settings["method"] == "lora"
    words = (make_run.models / "bells" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "LoRA of rank 4, alpha 32, merged in" in words


TRAINING = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from soundstudio.core.run_files import RunFolder
from soundstudio.training.run import train_run
train_run(RunFolder(Path(sys.argv[1])))
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_killed_and_resumed_is_as_if_never_killed(make_run: RunMaker) -> None:
    changes = LORA | {"steps": 8, "validate_every": 4, "checkpoint_every": 2}
    whole, killed = make_run("whole", **changes), make_run("killed", **changes)
    train_run(whole)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", TRAINING, str(killed.folder)]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as child:
        deadline = time.monotonic() + 120
        while len(read_curves(killed)) < 3:
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
    assert len(read_curves(killed)) < 8
    assert train_run(killed).state == "finished"
    assert_same_run(whole, killed)


def test_two_processes_train_as_one_does(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    changes = LORA | {"steps": 3, "batch_size": 2, "micro_batch": 1}
    alone, together = make_run("alone", **changes), make_run("together", **changes)
    train_run(alone)
    assert train_in_processes(together, 2, lambda _: None, lambda _: None).state == "finished"
    for row, one in zip(read_curves(together), read_curves(alone), strict=True):
        assert row.loss == pytest.approx(one.loss, rel=1e-5)
    first, second = checkpoint_tensors(together), checkpoint_tensors(alone)
    name = "unet/class_embedding.lora_B.default.weight"
    torch.testing.assert_close(first[name], second[name], atol=2e-5, rtol=1e-3)


def test_full_is_chosen_where_it_fits(make_run: RunMaker) -> None:
    run = make_run(method="auto", steps=2)
    twin = make_run("twin", method="full", steps=2)
    status = train_run(run)
    assert status.estimate is not None
    assert status.estimate["method"] == "full"
    assert not any("LoRA" in note for note in status.notes)
    assert read_description(run).settings.method == "full"
    train_run(twin)
    assert_same_run(run, twin)  # the trial left no trace


def test_lora_is_chosen_where_full_does_not_fit_and_kept(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The free memory is made up; what full would need is measured."""

    def stop(where: Progress) -> None:
        if where.stage == "training" and where.step >= 1:
            raise Cancelled

    monkeypatch.setattr(method_module, "free_bytes", lambda _: 5_000_000)
    run = make_run(method="auto", lora_rank=4, steps=4)
    status = train_run(run, stop)
    assert status.state == "stopped"
    assert any("of 5 MB free" in note for note in status.notes)
    assert status.estimate is not None
    assert status.estimate["method"] == "lora"
    assert not status.estimate["recomputes_activations"]
    monkeypatch.undo()  # there is room now, but the run stays what it is
    assert train_run(run).state == "finished"
    assert read_description(run).settings.method == "lora"
    assert all(".lora_" in name for name in checkpoint_tensors(run))


def test_a_method_that_was_asked_for_is_not_questioned(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(method_module, "free_bytes", lambda _: 1)
    status = train_run(make_run(method="full", steps=1))
    assert status.estimate is not None
    assert status.estimate["method"] == "full"
    monkeypatch.undo()
    status = train_run(make_run("lora", **LORA, steps=1))
    assert status.estimate is not None
    assert status.estimate["method"] == "lora"


def test_a_full_checkpoint_is_no_adapter_s(make_run: RunMaker) -> None:
    run = make_run(steps=2, method="full")
    train_run(run)
    text = run.description.read_text(encoding="utf-8")
    changed = text.replace('"method": "full"', '"method": "lora"').replace(
        '"steps": 2', '"steps": 3'
    )
    run.description.write_text(changed, encoding="utf-8")
    with pytest.raises(RunError, match="of another model"):
        train_run(run)
    status = read_status(run)
    assert status is not None
    assert status.state == "failed"


def test_a_description_from_before_the_choice_is_a_full_run_s(make_run: RunMaker) -> None:
    run = make_run(method="auto")
    text = run.description.read_text(encoding="utf-8")
    run.description.write_text(text.replace('"method": "auto",', ""), encoding="utf-8")
    assert read_description(run).settings.method == "full"


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="from scratch"):
        FinetuneSettings(method="lora", from_scratch=True).validated()
    with pytest.raises(InvalidRequestError, match="rank"):
        FinetuneSettings(lora_rank=0).validated()
    with pytest.raises(InvalidRequestError, match="method"):
        FinetuneSettings(method="magic").validated()  # type: ignore[arg-type]
