"""The rough estimate: sizes from files, the same entries as the real cache, runs that teach it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from soundstudio.core.errors import ModelError
from soundstudio.core.finetuning import FinetuneSettings
from soundstudio.core.paths import resource
from soundstudio.core.run_files import RunDescription, RunFolder, RunStatus
from soundstudio.dataset.clips import DatasetClip, Split
from soundstudio.jobs import finetune_estimate as reckon

STARTER = resource("models", "starter")
SPLITS: tuple[Split, ...] = ("train", "train", "train", "validation", "test")
CLIPS = [
    DatasetClip(
        Path(f"/{number}.wav"), f"sound {number % 2}", None, str(number), split, 0, 10.24, ""
    )
    for number, split in enumerate(SPLITS)
]


def estimated(
    settings: FinetuneSettings, tmp_path: Path, **changes: object
) -> reckon.RoughEstimate:
    size = reckon.size_of(STARTER)
    values: dict[str, object] = {
        "device": "cpu", "speed": 1e11, "example_s": None, "folders": (tmp_path, tmp_path),
    }  # fmt: skip
    return reckon.estimate(settings, size, reckon.facts_of(CLIPS), **(values | changes))  # type: ignore[arg-type]


def test_the_starters_size_is_read_without_its_weights() -> None:
    size = reckon.size_of(STARTER)
    file = STARTER / "unet" / "diffusion_pytorch_model.safetensors"
    # In float16 the file is twice as many bytes as weights, and its head.
    assert file.stat().st_size / 2 == pytest.approx(size.weights, rel=0.01)
    assert (size.latent_channels, size.latent_scale, size.frame_unit) == (56, 16, 64)
    assert size.has_audio_tower
    assert size.macs_per_cell > 1e6


def test_an_incomplete_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not complete"):
        reckon.size_of(tmp_path)
    (tmp_path / "unet").mkdir()
    (tmp_path / "vae").mkdir()
    for name in ("unet", "vae"):
        config = (STARTER / name / "config.json").read_text(encoding="utf-8")
        (tmp_path / name / "config.json").write_text(config, encoding="utf-8")
    (tmp_path / "unet" / "a.safetensors").write_bytes(b"\xff" * 20)
    with pytest.raises(ModelError, match="not complete"):
        reckon.size_of(tmp_path)


def test_clips_kept_for_tests_cost_nothing() -> None:
    facts = reckon.facts_of(CLIPS)
    assert (facts.train, facts.held_out, facts.texts, facts.longest_s) == (3, 1, 3, 10.24)


def test_cache_bytes_are_those_of_the_encodings(tmp_path: Path) -> None:
    """Four posteriors [56, 64, 4] twice in float32, four sounds and three texts of 512 numbers."""
    cache = estimated(FinetuneSettings(), tmp_path).cache_bytes
    assert cache == 4 * (8 * 56 * 64 * 4 + 600) + 7 * (4 * 512 + 600)


def test_more_work_takes_longer_and_lora_less_memory(tmp_path: Path) -> None:
    base = FinetuneSettings(steps=1000, validate_every=0)
    one = estimated(base, tmp_path)
    twice = estimated(dataclasses.replace(base, steps=2000), tmp_path)
    lora = estimated(dataclasses.replace(base, method="lora"), tmp_path)
    heard = estimated(dataclasses.replace(base, validate_every=100), tmp_path)
    assert twice.seconds == pytest.approx(2 * one.seconds)
    assert heard.seconds > one.seconds
    assert lora.memory_bytes < one.memory_bytes
    assert lora.run_bytes < one.run_bytes
    assert one.epochs == pytest.approx(1000 * 8 / 3)
    assert not one.is_measured


def test_an_earlier_run_of_the_model_tells_the_time(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs" / "doors")
    run.folder.mkdir(parents=True)
    (tmp_path / "runs" / "damaged").mkdir()
    (tmp_path / "runs" / "damaged" / "run.json").write_text("{", encoding="utf-8")
    status = RunStatus("finished", seconds_per_step=2.0)
    for folder in ("doors", "damaged"):
        path = tmp_path / "runs" / folder / "status.json"
        path.write_text(json.dumps(status.to_dict()), encoding="utf-8")
    settings = FinetuneSettings(batch_size=4, method="full")
    run.description.write_text(
        RunDescription("doors", "now", settings, {"id": "starter"}, "", "").to_json(),
        encoding="utf-8",
    )
    assert reckon.measured_example_s(tmp_path / "runs", "starter") == 0.5
    assert reckon.measured_example_s(tmp_path / "runs", "another") is None
    assert reckon.measured_example_s(tmp_path / "nowhere", "starter") is None
    settings = FinetuneSettings(steps=10, batch_size=4, validate_every=0)
    known = estimated(settings, tmp_path, example_s=0.5)
    assert known.is_measured
    assert known.seconds == 20.0


def test_free_space_is_that_of_the_disk_the_folder_will_lie_on(tmp_path: Path) -> None:
    free = reckon.free_disk(tmp_path / "not" / "there" / "yet")
    assert free == pytest.approx(reckon.free_disk(tmp_path), rel=0.05)
    (tmp_path / "a").write_bytes(b"12345")
    assert reckon.folder_bytes(tmp_path) == 5
    tight = dataclasses.replace(estimated(FinetuneSettings(), tmp_path), disk_free_bytes=1000)
    assert not tight.fits_disk


def test_this_computers_speed_is_measured() -> None:
    assert 1e8 < reckon.operations_per_s("cpu") < 1e14
    assert reckon.operations_per_s("cuda") > reckon.operations_per_s("mps")
