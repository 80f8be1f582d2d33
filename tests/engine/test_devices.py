"""Devices and number formats: what auto takes, and what is said about those that are not there."""

from __future__ import annotations

import pytest
import torch

from soundstudio.core.errors import DeviceError
from soundstudio.core.processes import usable_cores
from soundstudio.engine import devices
from soundstudio.engine.devices import (
    Device,
    choose_device,
    choose_dtype,
    limit_threads,
    precision_of,
)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(DeviceError, match="tpu"):
        choose_device("tpu")
    with pytest.raises(DeviceError, match="int3"):
        choose_dtype(Device("cpu", "x"), "int3")


def test_an_absent_device_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "devices", lambda: (Device("cpu", "x"),))
    for name in ("cuda", "mps"):
        with pytest.raises(DeviceError, match=name) as refusal:
            choose_device(name)
        assert "cpu" in refusal.value.advice


def test_auto_takes_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    present = (Device("cuda", "card"), Device("cpu", "x"))
    monkeypatch.setattr(devices, "devices", lambda: present)
    assert choose_device("auto").title == "card"
    assert choose_device("cpu").title == "x"


@pytest.mark.parametrize(("has_instructions", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_the_processor_decides_about_bfloat16(
    monkeypatch: pytest.MonkeyPatch, has_instructions: bool, dtype: str
) -> None:
    monkeypatch.setattr(devices, "cpu_has_fast_bfloat16", lambda: has_instructions)
    assert choose_dtype(Device("cpu", "x"), "auto") == dtype
    assert choose_dtype(Device("cpu", "x"), "float32") == "float32"


def test_text_and_vocoder_stay_exact() -> None:
    for dtype in ("float32", "bfloat16", "float16"):
        precision = precision_of(dtype)
        assert precision.unet == dtype
        assert precision.text == precision.vocoder == "float32"
        assert precision.vae == ("bfloat16" if dtype == "bfloat16" else "float32")


def test_no_more_threads_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    torch.set_num_threads(2)
    monkeypatch.setattr(devices, "usable_cores", lambda: 1)
    assert limit_threads() == 1
    torch.set_num_threads(2)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert limit_threads() == 2


def test_cores_are_counted() -> None:
    assert usable_cores() >= 1
