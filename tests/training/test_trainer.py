"""One step: accumulation, averaged weights, memory, and the trial before the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from soundstudio.core.errors import InvalidRequestError, RunError
from soundstudio.core.finetuning import FinetuneSettings, is_better
from soundstudio.core.run_files import read_description
from soundstudio.training.preparation import make_accelerator, prepare
from soundstudio.training.probe import probe
from soundstudio.training.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import RunMaker

    from soundstudio.dataset.dataset import Dataset
    from soundstudio.training.trainer import Trainer


@pytest.fixture
def make_trainer(make_run: RunMaker, dataset: Dataset) -> Callable[..., Trainer]:
    def make(name: str, **changes: Any) -> Trainer:
        description = read_description(make_run(name, **changes))
        return prepare(make_accelerator(description.settings), description, dataset).trainer

    return make


def weights(trainer: Trainer) -> torch.Tensor:
    return torch.cat([value.detach().flatten() for value in trainer.plain_unet.parameters()])


def average(trainer: Trainer) -> torch.Tensor:
    return torch.cat([value.flatten() for value in trainer.average.parameters()])


def gradients(trainer: Trainer) -> torch.Tensor:
    parts = [p.grad.flatten() for p in trainer.plain_unet.parameters() if p.grad is not None]
    return torch.cat(parts)


def test_a_batch_in_pieces_is_the_batch(make_trainer: Callable[..., Trainer]) -> None:
    """Uneven pieces, too: five clips by two are two, two and one."""
    whole, pieces = (make_trainer(name, batch_size=5) for name in ("whole", "pieces"))
    loss, same = whole.accumulate(0, 5), pieces.accumulate(0, 2)
    assert same == pytest.approx(loss, rel=1e-5)
    torch.testing.assert_close(gradients(pieces), gradients(whole), atol=1e-5, rtol=1e-3)


def test_recomputed_activations_change_nothing(make_trainer: Callable[..., Trainer]) -> None:
    plain, saving = make_trainer("plain"), make_trainer("saving")
    saving.save_memory()
    assert saving.accumulate(0, 2) == pytest.approx(plain.accumulate(0, 2), rel=1e-6)
    torch.testing.assert_close(gradients(saving), gradients(plain), atol=1e-6, rtol=1e-4)


def test_steps_are_adamw_s(make_trainer: Callable[..., Trainer]) -> None:
    """Against torch's optimiser, driven by hand with the warm-up's learning rates.

    It divides by each gradient's own size: where that is next to nothing, the order of a sum
    shows in the step. A hundredth of the last step's rate is allowed for it.
    """
    trainer = make_trainer("run", learning_rate=1e-3, warmup_steps=2, max_gradient_norm=0.0)
    twin = make_trainer("twin")
    parameters = list(twin.plain_unet.parameters())
    optimiser = torch.optim.AdamW(parameters, betas=(0.9, 0.999), weight_decay=0.01)
    for step, rate in enumerate((5e-4, 1e-3, 1e-3)):
        trainer.step(step)
        twin.accumulate(step, 2)
        optimiser.param_groups[0]["lr"] = rate
        optimiser.step()
        optimiser.zero_grad()
    torch.testing.assert_close(weights(trainer), weights(twin), atol=1e-5, rtol=1e-5)


def mean_gradients(trainer: Trainer) -> torch.Tensor:
    """What the optimiser keeps of the gradients, in the order of the weights."""
    state = trainer.state()
    names = [name for name, _ in trainer.plain_unet.named_parameters()]
    return torch.cat([state[f"optimiser/{name}/exp_avg"].flatten() for name in names])


@pytest.mark.parametrize(("limit", "factor"), [(0.0, 1.0), (0.5, 0.5), (2.0, 1.0)])
def test_only_gradients_that_are_too_long_are_shortened(
    limit: float, factor: float, make_trainer: Callable[..., Trainer]
) -> None:
    """limit: in lengths of the gradient; 0 is no limit."""
    twin = make_trainer("twin")
    twin.accumulate(0, 2)
    expected = gradients(twin)
    trainer = make_trainer("run", max_gradient_norm=limit * float(expected.norm()))
    trainer.step(0)
    mean = mean_gradients(trainer) / (1 - trainer.settings.beta1)
    torch.testing.assert_close(mean, factor * expected, atol=1e-6, rtol=1e-3)


def test_a_gradient_that_is_no_number_changes_nothing(
    make_trainer: Callable[..., Trainer],
) -> None:
    trainer = make_trainer("run")
    first = next(trainer.plain_unet.parameters())
    hook = first.register_hook(lambda gradient: gradient * float("inf"))
    before = weights(trainer).clone()
    with pytest.raises(RunError, match="became invalid at step 1"):
        trainer.step(0)
    assert torch.equal(weights(trainer), before)
    hook.remove()
    trainer.step(0)
    assert not torch.equal(weights(trainer), before)


def test_the_average_is_the_original_s(make_trainer: Callable[..., Trainer]) -> None:
    """Fast at first: after n steps (1 + n) / (10 + n) of the old average stays."""
    trainer = make_trainer("run", ema_decay=0.3)
    expected = weights(trainer).clone()
    torch.testing.assert_close(average(trainer), expected)
    for step, decay in enumerate((2 / 11, 3 / 12, 0.3, 0.3)):
        trainer.step(step)
        expected = decay * expected + (1 - decay) * weights(trainer)
    torch.testing.assert_close(average(trainer), expected, atol=1e-7, rtol=1e-5)


def test_only_the_unet_learns(make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer("run")
    before = weights(trainer).clone()
    trainer.step(0)
    moved = (weights(trainer) != before).float().mean()
    assert moved > 0.95
    assert not any(value.requires_grad for value in trainer.average.parameters())


def test_the_base_model_s_file_stays_as_it_is(
    make_trainer: Callable[..., Trainer], make_run: RunMaker
) -> None:
    path = make_run.model / "unet" / "diffusion_pytorch_model.safetensors"
    before = path.read_bytes()
    trainer = make_trainer("run", learning_rate=0.1, warmup_steps=0)
    trainer.step(0)
    assert path.read_bytes() == before


def test_the_probe_leaves_weights_and_losses_alone(
    make_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    probed, plain = make_trainer("probed", batch_size=4), make_trainer("plain", batch_size=4)
    before = weights(probed).clone()
    found = probe(probed, probed.settings, tmp_path, 100)
    assert torch.equal(weights(probed), before)
    assert probed.step(0).loss == plain.step(0).loss
    assert (found.micro_batch, found.accumulation) == (4, 1)  # the tiny model fits anywhere
    assert found.seconds == pytest.approx(100 * found.seconds_per_step)  # without validations
    assert found.seconds_per_step > 0
    count = weights(probed).numel()
    assert found.checkpoint_bytes == 16 * count
    assert found.memory_bytes > 12 * count


def test_the_probe_takes_what_fits(
    make_trainer: Callable[..., Trainer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With memory for three examples at once, then for none, as the trial of one measures it."""
    from soundstudio.training import probe as probe_module

    one = 10_000_000
    trainer = make_trainer("three", batch_size=8)
    held = 12 * weights(trainer).numel()
    trial = Trial(1.0, one)
    monkeypatch.setattr(probe_module, "trial", lambda *_: trial)
    room = int((3.5 * one + held) / 0.7)
    monkeypatch.setattr(probe_module, "free_bytes", lambda _: room)
    found = probe(trainer, trainer.settings, tmp_path, 10)
    assert (found.micro_batch, found.accumulation) == (3, 3)
    assert not found.recomputes_activations
    assert found.seconds_per_step == 3.0
    monkeypatch.setattr(probe_module, "free_bytes", lambda _: int((0.5 * one + held) / 0.7))
    tight = make_trainer("tight", batch_size=8)
    found = probe(tight, tight.settings, tmp_path, 10)
    assert (found.micro_batch, found.accumulation) == (1, 8)
    assert found.recomputes_activations
    assert any("computed twice" in sentence for sentence in found.sentences())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 0}, "number of steps"),
        ({"batch_size": 0}, "batch size"),
        ({"learning_rate": float("nan")}, "learning rate"),
        ({"condition": "smell"}, "condition"),
        ({"best_by": "luck"}, "score"),
        ({"condition_dropout": 1.5}, "dropout"),
        ({"micro_batch": 9}, "micro-batch"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequestError, match=words):
        FinetuneSettings(**changes).validated()


def test_defaults_are_the_author_s() -> None:
    settings = FinetuneSettings()
    assert (settings.learning_rate, settings.batch_size) == (3e-5, 8)
    assert (settings.warmup_steps, settings.ema_decay) == (2000, 0.9999)
    assert (settings.weight_decay, settings.beta1, settings.beta2) == (0.01, 0.9, 0.999)
    assert settings.condition_dropout == 0.1
    assert settings.learning_rate_at(999) == pytest.approx(1.5e-5)
    assert settings.learning_rate_at(50_000) == 3e-5


def test_what_is_better() -> None:
    assert is_better("loss", 1.0, None)
    assert is_better("fd", 1.0, 2.0)
    assert not is_better("fd", 2.0, 1.0)
    assert is_better("is", 2.0, 1.0)
