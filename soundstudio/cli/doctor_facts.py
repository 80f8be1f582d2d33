"""The facts behind `soundstudio doctor`, each found without failing the others."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import platform
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.catalogue import catalogue
from soundstudio.core.errors import SettingsError, StudioError
from soundstudio.core.paths import user_folders
from soundstudio.core.settings import Settings, chosen_models_folder, load_settings

if TYPE_CHECKING:
    from soundstudio.core.catalogue import CatalogueRow

log = logging.getLogger(__name__)

_PACKAGES: Final = (
    "torch",
    "diffusers",
    "transformers",
    "accelerate",
    "peft",
    "tokenizers",
    "safetensors",
    "numpy",
    "scipy",
    "PySide6-Essentials",
    "pyqtgraph",
    "sounddevice",
    "soundfile",
    "soxr",
    "pyloudnorm",
    "laion-clap",
)
_GB: Final = 1e9
_LITTLE_DISK_GB: Final = 2.0
_LITTLE_MEMORY_GB: Final = 3.0


def application_version() -> str:
    """The installed version, or "unknown" for files that were only copied."""
    return _version("soundstudio") or "unknown"


def examine() -> dict[str, Any]:
    """Everything `doctor` tells, ready for JSON.

    problems: sentences on what keeps sounds from being made; slow: on what makes it slow.
    """
    problems: list[str] = []
    slow: list[str] = []
    settings = _settings(problems)
    facts = {
        "versions": {"soundstudio": application_version(), "python": platform.python_version()}
        | {name: _version(name) for name in _PACKAGES},
        "devices": _devices(problems, slow),
        "models": _models(settings, problems),
        "sound_output": _sound_output(),
        "computer": _computer(slow),
        "folders": {name: str(path) for name, path in asdict(user_folders()).items()},
    }
    return facts | {"slow": slow, "problems": problems}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _settings(problems: list[str]) -> Settings:
    try:
        return load_settings(user_folders().settings_file)
    except SettingsError as error:
        problems.append(error.sentence())
        return Settings()


def _devices(problems: list[str], slow: list[str]) -> list[dict[str, Any]]:
    from soundstudio.engine.surroundings import prepare_surroundings

    prepare_surroundings()
    try:
        from soundstudio.engine.devices import (
            choose_dtype,
            cpu_has_fast_bfloat16,
            devices,
            precision_of,
        )

        found = devices()
        has_fast_bfloat16 = cpu_has_fast_bfloat16()
    except (ImportError, OSError) as error:
        problems.append(f"torch cannot be imported: {error}.")
        return []
    if found[0].kind == "cpu":
        slow.append(
            "No graphics card is used: large models take minutes for a sound on the processor. "
            "A CUDA card needs its driver and a CUDA build of torch."
        )
        if not has_fast_bfloat16:
            slow.append(
                "The processor has no bfloat16 instructions, so it computes in float32, "
                "at about half the speed."
            )
    rows = []
    for device in found:
        dtype = choose_dtype(device, "auto")
        precision = asdict(precision_of(dtype))
        rows.append({**asdict(device), "dtype": dtype, "precision": precision})
    return rows


def _models(settings: Settings, problems: list[str]) -> list[dict[str, Any]]:
    folder = chosen_models_folder(settings, user_folders())
    rows = []
    usable = 0
    for row in catalogue(folder):
        state, sentence = _model_state(row)
        usable += state == "usable"
        rows.append({"id": row.id, "title": row.title, "state": state, "sentence": sentence})
        if state == "damaged":
            problems.append(f"{row.title}: {sentence}")
    if not usable:
        problems.append(
            "There is no usable model. The starter model belongs into resources/models/starter."
        )
    return rows


def _model_state(row: CatalogueRow) -> tuple[str, str]:
    from soundstudio.engine.model_folder import read_model_folder

    if row.folder is None:
        return "not installed", ""
    try:
        read_model_folder(row.folder)
    except StudioError as error:
        return "damaged", error.sentence()
    return "usable", ""


def _sound_output() -> dict[str, Any]:
    try:
        import sounddevice

        devices = [row for row in sounddevice.query_devices() if row["max_output_channels"] > 0]
        version = sounddevice.get_portaudio_version()[1]
    except (ImportError, OSError) as error:
        return {"devices": [], "sentence": f"PortAudio is missing ({error}): no sound output."}
    except Exception as error:  # sounddevice raises its own class for a failing sound system
        log.debug("query_devices", exc_info=True)
        return {"devices": [], "sentence": f"PortAudio failed: {error}."}
    names = [str(row["name"]) for row in devices]
    found = ", ".join(names) if names else "no output device; sounds can be exported all the same"
    return {"devices": names, "portaudio": version, "sentence": f"{version}: {found}."}


def _computer(slow: list[str]) -> list[dict[str, Any]]:
    from soundstudio.core.processes import usable_cores
    from soundstudio.engine.devices import processor_title

    cores = usable_cores()
    rows = [
        {
            "name": "system",
            "value": f"{platform.system()} {platform.release()} {platform.machine()}",
        },
        {"name": "processor", "value": f"{processor_title()}, {cores} of {os.cpu_count()} cores"},
    ]
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit() and int(threads) < cores:
        slow.append(f"OMP_NUM_THREADS={threads} leaves {cores - int(threads)} cores unused.")
    if (free_gb := _free_memory_gb()) is not None:
        rows.append({"name": "free memory", "value": f"{free_gb:.1f} GB"})
        if free_gb < _LITTLE_MEMORY_GB:
            slow.append(
                f"Only {free_gb:.1f} GB of memory are free; AudioLDM's own models need 3 GB."
            )
    data = user_folders().data
    with contextlib.suppress(OSError):
        existing = next(path for path in (data, *data.parents) if path.exists())
        disk_gb = shutil.disk_usage(existing).free / _GB
        rows.append({"name": "free disk", "value": f"{disk_gb:.1f} GB in {data}"})
        if disk_gb < _LITTLE_DISK_GB:
            slow.append(f"Only {disk_gb:.1f} GB are free in {existing}: the disk may fill up.")
    return rows


def _free_memory_gb() -> float | None:
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, ValueError):
            for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024 / _GB
    return None
