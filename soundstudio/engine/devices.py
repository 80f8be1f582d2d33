"""Which device the model runs on, and in which precision: the one table of these decisions."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from soundstudio.core.errors import DeviceError
from soundstudio.core.processes import usable_cores

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

DeviceKind = Literal["cuda", "mps", "cpu"]
DtypeName = Literal["float32", "bfloat16", "float16"]
DEVICE_CHOICES: Final = ("auto", *get_args(DeviceKind))
DTYPE_CHOICES: Final = ("auto", *get_args(DtypeName))


@dataclass(frozen=True, slots=True)
class Device:
    """A device that is there. title: for people, such as the graphics card's name."""

    kind: DeviceKind
    title: str


@dataclass(frozen=True, slots=True)
class Precision:
    """The number format of each group of parts."""

    unet: DtypeName
    text: DtypeName
    vae: DtypeName
    vocoder: DtypeName


def precision_of(dtype: DtypeName) -> Precision:
    """What the parts compute in when the UNet computes in `dtype`.

    The UNet takes most of the time, and the VAE in bfloat16 is off by a tenth of a decibel in each
    band of the mel; in float16 it may overflow. The text tower steers everything, and a vocoder in
    bfloat16 hisses: its error is at -40 dB (measured on the starter's and AudioLDM-s' sizes).
    """
    vae: DtypeName = "bfloat16" if dtype == "bfloat16" else "float32"
    return Precision(unet=dtype, text="float32", vae=vae, vocoder="float32")


def choose_device(wanted: str) -> Device:
    """The device called `wanted`; "auto" takes CUDA, then MPS, then the processor.

    Raises DeviceError if it is unknown or not there.
    """
    if wanted not in DEVICE_CHOICES:
        raise DeviceError(
            f"There is no device called “{wanted}”.", f"Use one of {', '.join(DEVICE_CHOICES)}."
        )
    present = devices()
    if wanted == "auto":
        return present[0]
    for device in present:
        if device.kind == wanted:
            return device
    raise DeviceError(f"This computer has no usable {wanted} device.", _absent_advice(wanted))


def choose_dtype(device: Device, wanted: str) -> DtypeName:
    """The UNet's number format; "auto" takes the fastest that the device computes well.

    Raises DeviceError for a format that does not exist.
    """
    if wanted == "auto":
        return _fastest_dtype(device.kind)
    for name in get_args(DtypeName):
        if name == wanted:
            return name  # type: ignore[no-any-return]
    raise DeviceError(
        f"There is no precision called “{wanted}”.", f"Use one of {', '.join(DTYPE_CHOICES)}."
    )


@functools.cache
def devices() -> tuple[Device, ...]:
    """What this computer has, best first. Imports torch."""
    import torch

    found: list[Device] = []
    if torch.cuda.is_available():
        found.append(Device("cuda", torch.cuda.get_device_name()))
    if torch.backends.mps.is_available():
        found.append(Device("mps", "Apple GPU"))
    found.append(Device("cpu", processor_title()))
    return tuple(found)


def torch_dtype(name: DtypeName) -> torch.dtype:
    import torch

    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]


def cpu_has_fast_bfloat16() -> bool:
    """True if the processor multiplies bfloat16 itself (AVX512-BF16, AMX, ARM BF16).

    Without such instructions bfloat16 is emulated and slower than float32.
    """
    import torch

    if platform.machine().lower() in ("arm64", "aarch64"):
        return "bf16" in _cpu_flags()
    tests = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in tests)


def limit_threads() -> int:
    """Make torch use no more threads than there are cores for it; returns the number.

    More threads than cores (a container's quota) make every step several times slower.
    OMP_NUM_THREADS, if the user set it, is respected.
    """
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        cores = usable_cores()
        if torch.get_num_threads() > cores:
            torch.set_num_threads(cores)
    return torch.get_num_threads()


@functools.cache
def processor_title() -> str:
    """The processor's name as the system gives it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or "processor"


def _fastest_dtype(kind: DeviceKind) -> DtypeName:
    import torch

    if kind == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    if kind == "mps":
        return "float16"
    return "bfloat16" if cpu_has_fast_bfloat16() else "float32"


def _cpu_flags() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/cpuinfo").read_text(encoding="utf-8")
    return ""


def _absent_advice(wanted: str) -> str:
    if wanted == "cuda":
        return "Choose “auto” or “cpu”, or install a CUDA build of torch and the driver."
    if wanted == "mps" and sys.platform != "darwin":
        return "MPS exists on Apple computers only; choose “auto” or “cpu”."
    return "Choose “auto” or “cpu”."
