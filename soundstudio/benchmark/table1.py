"""Table I: a model without fine-tuning, conditioned on text and on audio, scored."""

from __future__ import annotations

import dataclasses
import functools
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from soundstudio.audio.files import Sound, write_wav
from soundstudio.benchmark import parallel
from soundstudio.benchmark.dataset import sha256_of_files
from soundstudio.benchmark.feature_store import BackboneSource, FeatureStore, digest_of
from soundstudio.benchmark.listening import Listener, hear_files
from soundstudio.benchmark.prompts import DEFAULT_TEMPLATE, TEMPLATES, prompt_of
from soundstudio.benchmark.provenance import model_digest
from soundstudio.benchmark.result_files import make_folder, read_json, write_json
from soundstudio.benchmark.score_facts import facts_of_scores
from soundstudio.core.errors import InvalidRequestError, ModelError
from soundstudio.core.finetuning import CONDITIONS, TrainingCondition
from soundstudio.core.processes import checked_processes
from soundstudio.dataset.findings import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.benchmark.dataset import DatasetClip
    from soundstudio.benchmark.parallel import Counting
    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.core.requests import GenerationRequest
    from soundstudio.engine.audioldm import AudioLDM
    from soundstudio.evaluation.backbones import ClipFeatures

FEWEST_CLIPS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Table1Plan:
    """Everything that determines the rows, but for the clips.

    settings: a request whose duration, steps, guidance, sampler and eta all generations share.
    """

    backbone: BackboneSource
    model: CatalogueRow
    settings: GenerationRequest
    conditions: tuple[TrainingCondition, ...] = CONDITIONS
    template: str = TEMPLATES[DEFAULT_TEMPLATE]
    device: str = "auto"
    dtype: str = "auto"
    seed: int = 0
    draws: int = 200
    processes: int = 1

    def validated(self) -> Table1Plan:
        """Return the plan itself. Raises InvalidRequestError, ModelError."""
        checked_processes(self.processes)
        dataclasses.replace(self.settings, prompt="any").validated()
        if not self.conditions:
            raise InvalidRequestError("Table I needs at least one condition.")
        if self.draws < 2:
            raise InvalidRequestError(f"An interval needs at least 2 draws, not {self.draws}.")
        if "audio" in self.conditions and "audio" not in self.model.capabilities:
            raise ModelError(
                f"{self.model.title} cannot listen: its folder has no audio tower of CLAP.",
                "Choose another model, or the text condition alone.",
            )
        return self


@dataclass(frozen=True, slots=True)
class Table1Rows:
    """A row for each condition, the clips that they stand on, and what could not be read."""

    rows: list[dict[str, Any]]
    clips: tuple[DatasetClip, ...]
    failures: dict[str, str]
    model_sha256: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """One sound to generate."""

    name: str
    request: GenerationRequest
    path: Path
    key: str

    @property
    def note_path(self) -> Path:
        """The request beside the sound; written last, so that it vouches for the sound."""
        return self.path.with_suffix(".json")


def run_table1(
    clips: Sequence[DatasetClip],
    plan: Table1Plan,
    folder: Path,
    progress: Counting = parallel.ignore_counting,
) -> Table1Rows:
    """Generate a sound for each clip and condition and score them against the clips.

    What lies in `folder` from an interrupted run is reused. `progress` is called after each sound;
    what it raises ends the work. Raises DatasetError, ModelError, OutOfMemoryError, DeviceError,
    StorageError, LostProcessError.
    """
    plan.validated()
    listener = Listener(FeatureStore(folder / "features"), plan.backbone, plan.processes, progress)
    hear = functools.partial(hear_files, listener, plan.settings.duration_s)
    reference, failures = hear({clip.name: clip.path for clip in clips}, "real sounds")
    readable = tuple(clip for clip in clips if clip.name in reference)
    if len(readable) < FEWEST_CLIPS:
        raise DatasetError(
            f"{len(readable)} of {len(clips)} clips can be read; two are the least.",
            next(iter(failures.values()), ""),
        )
    model_sha256 = model_digest(plan.model)
    pieces = [
        _piece(clip, condition, plan, folder, model_sha256)
        for condition in plan.conditions
        for clip in readable
    ]
    _generate_missing(pieces, plan, progress)
    generated, generated_failures = hear({p.name: p.path for p in pieces}, "generated sounds")
    rows = []
    for condition in plan.conditions:
        of_condition = {
            clip.name: generated[f"{condition}/{clip.name}"]
            for clip in readable
            if f"{condition}/{clip.name}" in generated
        }
        rows.append(_row(condition, of_condition, reference, plan))
    return Table1Rows(rows, readable, failures | generated_failures, model_sha256)


def _row(
    condition: TrainingCondition,
    generated: dict[str, ClipFeatures],
    reference: dict[str, ClipFeatures],
    plan: Table1Plan,
) -> dict[str, Any]:
    from soundstudio.evaluation.scores import compute_scores

    names = list(generated)
    scores = compute_scores(
        [generated[name] for name in names],
        [reference[name] for name in names],
        [(number, number) for number in range(len(names))],
        draws=plan.draws,
        seed=plan.seed,
    )
    return {"condition": condition, "clips": len(names), **facts_of_scores(scores)}


def _piece(
    clip: DatasetClip,
    condition: TrainingCondition,
    plan: Table1Plan,
    folder: Path,
    model_sha256: str,
) -> _Piece:
    """The generation for one clip. Both conditions start from the same noise."""
    seeds = np.random.SeedSequence([plan.seed, zlib.crc32(clip.name.encode())])
    request = dataclasses.replace(
        plan.settings,
        prompt=prompt_of(clip, plan.template) if condition == "text" else "",
        like=None if condition == "text" else str(clip.path.absolute()),
        like_weight=1.0,
        model=plan.model.id,
        seed=int(seeds.generate_state(1)[0]),
        variations=1,
    )
    facts = request.to_dict() | {
        "model": model_sha256,
        "dtype": plan.dtype,
        "like": None if condition == "text" else sha256_of_files([clip.path]),
    }
    path = folder / "generated" / condition / f"{clip.name}.wav"
    return _Piece(f"{condition}/{clip.name}", request, path, digest_of(facts))


def _generate_missing(pieces: Sequence[_Piece], plan: Table1Plan, progress: Counting) -> None:
    waiting = [
        piece
        for piece in pieces
        if not piece.path.is_file() or (read_json(piece.note_path) or {}).get("key") != piece.key
    ]
    for folder in {piece.path.parent for piece in waiting}:
        make_folder(folder)
    load = functools.partial(_load_model, plan.model, plan.device, plan.dtype)
    answers = parallel.work_through(waiting, load, _generate, plan.processes)
    for done, _ in enumerate(answers, start=1):
        progress("generating", done, len(waiting))


def _load_model(row: CatalogueRow, device: str, dtype: str) -> AudioLDM:
    from soundstudio.engine.loading import load_model

    return load_model(row, device, dtype)


def _generate(model: AudioLDM, piece: _Piece) -> None:
    """Write one sound at the model's rate, untouched, and its request beside it."""
    from soundstudio.generation.generate import generate

    # An older request must not vouch for a sound that is being replaced.
    piece.note_path.unlink(missing_ok=True)
    for sound in generate(model, piece.request):
        write_wav(piece.path, Sound(sound.samples, sound.sample_rate), "FLOAT")
        note = {"key": piece.key, "request": piece.request.to_dict(), "notes": list(sound.notes)}
        write_json(piece.note_path, note)
