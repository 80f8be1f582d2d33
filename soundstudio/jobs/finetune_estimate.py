"""What a fine-tuning will roughly take, from facts that are known without torch.

The fine-tuning process measures a few steps before the first and tells better numbers; these are
there before anything is started, so that nobody orders a week or 40 GB unknowingly.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import ModelError, StudioError
from soundstudio.core.run_files import RunFolder, read_description, read_status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from soundstudio.core.finetuning import FinetuneSettings
    from soundstudio.dataset.clips import DatasetClip

MEL_FRAMES_PER_S: Final = 100.0  # 16 kHz, hop 160
MEL_BANDS: Final = 64
_ENTRY_BYTES: Final = 600  # what a file of the cache takes beside its numbers
_CHECKPOINTS_ON_DISK: Final = 3
# A weight, its gradient, AdamW's two moments and the averaged copy, in float32.
_BYTES_PER_LEARNED: Final = 20
_LORA_SHARE: Final = 0.02
_ACTIVATIONS_KEPT: Final = (
    3.0  # of each convolution's output: what its backward pass needs around it
)
_PROCESS_BYTES: Final = (
    900_000_000  # torch and the libraries around it, by the process's own account
)
# A forward and a backward pass: three times a forward one; two operations a multiply-add.
_OPERATIONS: Final = 6
# A network reaches this share of what large matrices do.
_CPU_SHARE: Final = 0.45
_GPU_OPERATIONS_PER_S: Final = 1.2e13
_CLIPS_ENCODED_PER_S: Final = {"cpu": 5.0, "cuda": 60.0, "mps": 20.0}
_LEVEL: Final = re.compile(r"(down|up)_blocks\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class ModelSize:
    """A base model's UNet and VAE in numbers.

    macs_per_cell: multiply-adds of the UNet for one clip, for each cell of its latent; outputs: the
    numbers that its layers put out, likewise.
    """

    weights: int
    macs_per_cell: float
    outputs_per_cell: float
    latent_channels: int
    latent_scale: int
    embedding: int
    frame_unit: int
    folder_bytes: int
    has_audio_tower: bool


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What of a dataset decides about size and time."""

    train: int
    held_out: int
    texts: int
    longest_s: float


@dataclass(frozen=True, slots=True)
class RoughEstimate:
    """A guess; seconds are of all steps and validations, `preparing_s` before them.

    is_measured: whether the time of a step was measured in an earlier run of this model here.
    cache_now_bytes: what earlier runs have in the cache already.
    """

    seconds: float
    preparing_s: float
    is_measured: bool
    memory_bytes: int
    memory_free_bytes: int | None
    cache_bytes: int
    cache_now_bytes: int
    run_bytes: int
    disk_free_bytes: int
    epochs: float

    @property
    def disk_bytes(self) -> int:
        return self.cache_bytes + self.run_bytes

    @property
    def fits_disk(self) -> bool:
        return self.disk_bytes < self.disk_free_bytes

    @property
    def fits_memory(self) -> bool:
        return self.memory_free_bytes is None or self.memory_bytes < self.memory_free_bytes


def facts_of(clips: Sequence[DatasetClip]) -> ClipFacts:
    """Counts of a dataset's segments; tests are not encoded."""
    used = [clip for clip in clips if clip.split != "test"]
    train = sum(clip.split == "train" for clip in used)
    return ClipFacts(
        train=train,
        held_out=len(used) - train,
        texts=len({clip.caption for clip in used}) + 1,
        longest_s=max((clip.duration_s for clip in used), default=0.0),
    )


def size_of(folder: Path) -> ModelSize:
    """Read the configurations and the list of the UNet's tensors, no weights.

    Raises ModelError if the folder is no complete model.
    """
    try:
        unet = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))
        vae = json.loads((folder / "vae" / "config.json").read_text(encoding="utf-8"))
        tensors: dict[str, tuple[int, ...]] = {}
        for path in sorted((folder / "unet").glob("*.safetensors")):
            tensors |= _shapes(path)
        levels = len(unet["block_out_channels"])
        scale = 2 ** (len(vae["block_out_channels"]) - 1)
        macs, outputs = _work_per_cell(tensors, levels)
        return ModelSize(
            weights=sum(math.prod(shape) for shape in tensors.values()),
            macs_per_cell=macs,
            outputs_per_cell=outputs,
            latent_channels=int(unet["in_channels"]),
            latent_scale=scale,
            embedding=int(unet.get("projection_class_embeddings_input_dim") or 512),
            frame_unit=scale * 2 ** (levels - 1),
            folder_bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
            has_audio_tower=(folder / "audio_encoder" / "config.json").is_file(),
        )
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        raise ModelError(
            f"The model in {folder} is not complete: {error}.", "Choose another base model."
        ) from error


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The tensors of a safetensors file by its head: eight bytes of length, then JSON."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > 100 << 20:
            raise ValueError(f"{path.name} is damaged")
        head = json.loads(file.read(length))
    return {name: tuple(row["shape"]) for name, row in head.items() if name != "__metadata__"}


def _work_per_cell(tensors: Mapping[str, tuple[int, ...]], levels: int) -> tuple[float, float]:
    """Multiply-adds and output numbers of one pass, each for one cell of the latent."""
    macs = outputs = 0.0
    for name, shape in tensors.items():
        # Layers on the time and the condition see one vector a clip: nothing beside the others.
        if len(shape) < 2 or "time_emb" in name or "class_embedding" in name:
            continue
        share = 0.25 ** _level(name, levels)
        macs += math.prod(shape) * share
        outputs += shape[0] * share
    return macs, outputs


def _level(name: str, levels: int) -> int:
    """How often the latent was halved where a layer works."""
    if name.startswith("mid_block"):
        return levels - 1
    match = _LEVEL.match(name)
    if match is None:
        return 0
    number = int(match[2])
    return min(number, levels - 1) if match[1] == "down" else max(0, levels - 1 - number)


def operations_per_s(device: str) -> float:
    """How fast a network learns on the device: measured on a processor, a guess on a card."""
    if device != "cpu":
        return _GPU_OPERATIONS_PER_S * (0.25 if device == "mps" else 1.0)
    import numpy as np

    side = 512
    matrix = np.ones((side, side), np.float32)
    best_s = math.inf
    for _ in range(5):
        started = time.perf_counter()
        np.dot(matrix, matrix)
        best_s = min(best_s, time.perf_counter() - started)
    return _CPU_SHARE * 2 * side**3 / max(best_s, 1e-6)


def measured_example_s(runs_folder: Path, model: str) -> float | None:
    """Seconds a clip of a step took in the latest run of this model here, None without one."""
    found: list[tuple[float, float]] = []
    try:
        folders = [folder for folder in runs_folder.iterdir() if folder.is_dir()]
    except OSError:
        return None
    for folder in folders:
        run = RunFolder(folder)
        status = read_status(run)
        if status is None or status.seconds_per_step <= 0:
            continue
        try:
            description = read_description(run)
            made_s = run.status.stat().st_mtime
        except (StudioError, OSError):
            continue  # a damaged run says nothing; the list of runs shows it
        if description.base.get("id") == model and description.settings.method != "lora":
            example_s = status.seconds_per_step / description.settings.batch_size
            found.append((made_s, example_s))
    return max(found)[1] if found else None


def estimate(
    settings: FinetuneSettings,
    size: ModelSize,
    clips: ClipFacts,
    *,
    device: str,
    speed: float,
    example_s: float | None,
    folders: tuple[Path, Path],
    cache_now_bytes: int = 0,
) -> RoughEstimate:
    """folders: where the runs and where the cache lie; speed: of `operations_per_s`.

    example_s: what an earlier run took for a clip, or None.
    """
    frames = max(1, math.ceil(clips.longest_s * MEL_FRAMES_PER_S / size.frame_unit))
    cells = frames * size.frame_unit * MEL_BANDS / size.latent_scale**2
    guessed_s = _OPERATIONS * size.macs_per_cell * cells / speed
    one_s = guessed_s if example_s is None else example_s
    seconds = settings.steps * settings.batch_size * one_s
    if settings.validate_every:
        passes = settings.validation_sounds * settings.sampling_steps
        passes *= 2 if settings.guidance > 1 else 1
        seconds += settings.steps // settings.validate_every * passes * one_s / 3
    posterior = 8 * size.latent_channels * cells + _ENTRY_BYTES
    embedding = 4 * size.embedding + _ENTRY_BYTES
    count = clips.train + clips.held_out
    cache = count * posterior + clips.texts * embedding
    if size.has_audio_tower:
        cache += count * embedding
    learned = size.weights * (_LORA_SHARE if settings.method == "lora" else 1.0)
    at_once = settings.micro_batch or settings.batch_size
    memory = 4 * size.weights + _BYTES_PER_LEARNED * learned
    memory += 4 * _ACTIVATIONS_KEPT * size.outputs_per_cell * cells * at_once
    memory += _PROCESS_BYTES if device == "cpu" else 0
    run = 16 * learned * _CHECKPOINTS_ON_DISK + 4 * size.weights + size.folder_bytes
    runs_folder, cache_folder = folders
    return RoughEstimate(
        seconds=seconds,
        preparing_s=count / _CLIPS_ENCODED_PER_S.get(device, 5.0),
        is_measured=example_s is not None,
        memory_bytes=int(memory),
        memory_free_bytes=free_memory() if device == "cpu" else None,
        cache_bytes=int(cache),
        cache_now_bytes=cache_now_bytes,
        run_bytes=int(run),
        disk_free_bytes=min(free_disk(runs_folder), free_disk(cache_folder)),
        epochs=settings.steps * settings.batch_size / max(1, clips.train),
    )


def free_disk(folder: Path) -> int:
    """Free bytes of the disk on which the folder lies or will lie."""
    for place in (folder, *folder.parents):
        if place.exists():
            return shutil.disk_usage(place).free
    return 0


def free_memory() -> int | None:
    """Bytes that programs could still have; None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder; 0 if there is none."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(path, name)).st_size  # noqa: PTH116, PTH118 - fast
            except OSError:
                continue
    return total
