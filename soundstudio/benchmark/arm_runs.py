"""The runs of Table II and Figure 2: begun, gone on with, validated and put on record.

Each arm and seed is a run of `soundstudio.training` in the result's folder. Finished ones leave a
record and are not made again; interrupted ones go on.
"""

from __future__ import annotations

import dataclasses
import functools
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from soundstudio.benchmark import parallel
from soundstudio.benchmark.arms import Arm, ArmRun, ArmsPlan, FinishedArms
from soundstudio.benchmark.feature_store import BackboneSource, FeatureStore, digest_of
from soundstudio.benchmark.provenance import model_digest
from soundstudio.benchmark.result_files import read_json, write_json
from soundstudio.benchmark.set_score import MEASURES, KeptBackbone, SetScore
from soundstudio.core.errors import InvalidRequestError, ModelError
from soundstudio.core.processes import is_given_up
from soundstudio.core.progress import Cancelled, Progress, ProgressCallback
from soundstudio.core.run_files import RunFolder, read_curves, read_description

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from soundstudio.benchmark.parallel import Counting
    from soundstudio.core.finetuning import FinetuneSettings
    from soundstudio.dataset.dataset import Dataset as TrainingDataset
    from soundstudio.training.encoding import Missing
    from soundstudio.training.encodings import EncodingCache

PROTOCOL: Final = 1
"""Counted up when the same choices would give other numbers, so that no old run is reused."""
# What a result does not depend on: where and how often something is kept, and what fits.
_IRRELEVANT: Final = ("model", "device", "checkpoint_every", "checkpoint_s", "micro_batch")


@dataclass(frozen=True, slots=True)
class _Piece:
    """One run to make. name: ends with a part of its key, so that other choices are other runs."""

    arm: Arm
    seed: int
    settings: FinetuneSettings
    key: str

    @property
    def name(self) -> str:
        start = self.arm.start.replace("-", "")
        return f"{start}-{self.arm.condition}-seed{self.seed}-{self.key[:8]}"


def run_arms(
    training: TrainingDataset,
    plan: ArmsPlan,
    folder: Path,
    progress: Counting = parallel.ignore_counting,
) -> FinishedArms:
    """Train and validate all arms with all seeds; what `folder` has of them is not made again.

    `progress` is called after each step, or in several processes after each run; what it raises
    ends the work, after a checkpoint. Raises RunError, ModelError, AudioFileError, StorageError,
    OutOfMemoryError, DeviceError, LostProcessError.
    """
    plan.validated()
    model_sha256 = model_digest(plan.model)
    pieces = _pieces(training, plan, model_sha256)
    desk = _Desk(folder, plan, training)
    waiting = [piece for piece in pieces if desk.read(piece) is None]
    if plan.processes > 1 and len(waiting) > 1:
        _encode_all(desk, progress)
    load = functools.partial(_load_backbone, plan.backbone)
    work = functools.partial(_carry_out, desk, _in_this_process(progress, plan.processes))
    answers = parallel.work_through(waiting, load, work, plan.processes)
    for done, _ in enumerate(answers, start=1):
        progress("fine-tuning", done, len(waiting))
    runs = []
    for piece in pieces:
        if (run := desk.read(piece)) is None:
            raise InvalidRequestError(f"The record of {piece.name} has vanished.", "Start again.")
        runs.append(run)
    return FinishedArms(tuple(runs), model_sha256)


def _pieces(training: TrainingDataset, plan: ArmsPlan, model_sha256: str) -> list[_Piece]:
    clips = [
        [clip.content, clip.caption, clip.label, clip.split, clip.start_s, clip.duration_s]
        for clip in training.clips
    ]
    shared = {
        "protocol": PROTOCOL,
        "model": model_sha256,
        "backbone": plan.backbone.facts()["fingerprint"],
        "clips": digest_of({"clips": clips}),
    }
    pieces = []
    for arm in plan.arms:
        for seed in plan.seeds:
            settings = dataclasses.replace(
                plan.settings,
                model=str(plan.model.folder),
                from_scratch=arm.start == "scratch",
                condition=arm.condition,
                seed=seed,
            )
            relevant = {k: v for k, v in settings.to_dict().items() if k not in _IRRELEVANT}
            pieces.append(_Piece(arm, seed, settings, digest_of(shared | {"settings": relevant})))
    return pieces


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where the runs and their records lie, and what all of them need."""

    folder: Path
    plan: ArmsPlan
    training: TrainingDataset

    def run_of(self, piece: _Piece) -> RunFolder:
        return RunFolder(self.folder / "runs" / piece.name)

    def record_of(self, piece: _Piece) -> Path:
        """Written last, so that it vouches for the run."""
        return self.folder / "arms" / f"{piece.name}.json"

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def read(self, piece: _Piece) -> ArmRun | None:
        """The finished run; None if there is none of these very choices."""
        record = read_json(self.record_of(piece))
        if record is None or record.get("key") != piece.key:
            return None
        points = tuple(record["points"])
        return ArmRun(piece.arm, piece.seed, piece.name, points, record["real_accuracy"])


def _load_backbone(source: BackboneSource) -> KeptBackbone:
    from soundstudio.engine.surroundings import prepare_surroundings

    prepare_surroundings()
    return KeptBackbone(source)


def _in_this_process(progress: Counting, processes: int) -> Counting | None:
    """Progress cannot be told across processes, and need not be picklable then."""
    return progress if processes == 1 else None


def _carry_out(
    desk: _Desk, progress: Counting | None, backbone: KeptBackbone, piece: _Piece
) -> None:
    """Begin a run or go on with it, up to its record. Raises Cancelled if somebody stopped it."""
    from soundstudio.engine.failures import free_unused_memory
    from soundstudio.training.run import train_run
    from soundstudio.training.validation import reference_files

    run = _begun(desk, piece)
    files = reference_files(desk.training, piece.settings)
    score = SetScore(
        FeatureStore(desk.folder / "features"),
        backbone,
        {name: clip.label for name, clip in files.items()},
    )
    report = _reporter(piece, progress)
    before = _before(run, desk, score, report)
    # What the earlier trainers held (cycles keep them) would be missing in this one's memory.
    free_unused_memory()
    status = train_run(run, report, score=score)
    if status.state != "finished":
        raise Cancelled
    points = [_point(0, before)]
    points += [_point(row.step, row.validation) for row in read_curves(run) if row.validation]
    record = {
        "key": piece.key,
        "arm": dataclasses.asdict(piece.arm),
        "seed": piece.seed,
        "settings": piece.settings.to_dict(),
        "base": read_description(run).base,
        "real_accuracy": score.real_accuracy(run.references),
        "points": points,
    }
    write_json(desk.record_of(piece), record)
    # Gigabytes with a large model. Curves, sounds and the best weights stay.
    shutil.rmtree(run.checkpoints, ignore_errors=True)
    shutil.rmtree(desk.models / run.name, ignore_errors=True)


def _begun(desk: _Desk, piece: _Piece) -> RunFolder:
    from soundstudio.training.new_run import begin_run, change_settings

    run = desk.run_of(piece)
    if run.description.is_file():
        kept = ("device", "checkpoint_every", "checkpoint_s", "micro_batch")
        change_settings(run, **{name: getattr(piece.settings, name) for name in kept})
        return run
    # Killed while it was being made: nothing of worth is in it yet.
    shutil.rmtree(run.folder, ignore_errors=True)
    return begin_run(
        piece.name,
        piece.settings,
        lambda: desk.training,
        runs_folder=run.folder.parent,
        models_folder=desk.models,
        cache_folder=desk.cache,
    )


def _before(
    run: RunFolder, desk: _Desk, score: SetScore, progress: ProgressCallback
) -> dict[str, Any]:
    """The validation of the weights that the run begins with, from its folder if it was made."""
    from soundstudio.core.run_lock import locked
    from soundstudio.training.preparation import make_accelerator, prepare
    from soundstudio.training.validation import Validator

    path = run.before
    if (known := read_json(path)) is not None:
        return known
    description = read_description(run)
    with locked(run):
        accelerator = make_accelerator(description.settings)
        prepared = prepare(accelerator, description, desk.training, progress)
        validator = Validator(
            run,
            desk.training,
            prepared.files,
            prepared.cache,
            prepared.objective,
            description.settings,
            score,
        )
        found = validator.run(0, prepared.trainer.average, accelerator.device.type, progress)
        write_json(path, found)
    return found


def _point(step: int, validation: dict[str, Any]) -> dict[str, Any]:
    point = {"step": step, **{name: validation["scores"].get(name) for name in MEASURES}}
    return point | {name: validation[name] for name in ("loss", "training_loss", "copies")}


def _reporter(piece: _Piece, progress: Counting | None) -> ProgressCallback:
    def report(where: Progress) -> None:
        if progress is not None:
            what = f"{piece.arm.title}, seed {piece.seed}"
            if where.stage != "training":
                what = f"{what}: {where.stage}"
            progress(what, where.step, where.steps)
        elif is_given_up():
            raise Cancelled

    return report


def _encode_all(desk: _Desk, progress: Counting) -> None:
    """Fill the cache that all runs share, so that they do not all encode the same clips."""
    from soundstudio.engine.model_folder import read_model_folder
    from soundstudio.training.encoding import find_missing
    from soundstudio.training.encodings import EncodingCache
    from soundstudio.training.fingerprints import fingerprints_of
    from soundstudio.training.front_end import training_frames

    plan = desk.plan
    if plan.model.folder is None:
        raise ModelError(f"{plan.model.title} is not installed.")
    files = read_model_folder(plan.model.folder)
    clips = desk.training.clips
    frames = training_frames(clips, files.parts["vae"].config, files.parts["unet"].config)
    cache = EncodingCache(desk.cache, fingerprints_of(files), frames)
    missing = find_missing(cache, clips, files)
    if not missing.count:
        return
    shares = [missing.share(rank, plan.processes) for rank in range(plan.processes)]
    encode: Callable[[None, Missing], None] = functools.partial(
        _encode, cache, plan.model.folder, plan.settings.device
    )
    answers = parallel.work_through(shares, _load_nothing, encode, plan.processes)
    for done, _ in enumerate(answers, start=1):
        progress("encoding", done, len(shares))


def _load_nothing() -> None:
    """Each share loads the networks that it needs."""
    from soundstudio.engine.surroundings import prepare_surroundings

    prepare_surroundings()


def _encode(cache: EncodingCache, model: Path, device: str, _: None, missing: Missing) -> None:
    from soundstudio.engine.devices import choose_device
    from soundstudio.engine.model_folder import read_model_folder
    from soundstudio.training.encoding import encode

    encode(cache, missing, read_model_folder(model), choose_device(device).kind)
