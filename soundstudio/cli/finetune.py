"""`soundstudio finetune`: a folder of clips → a model."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstudio.cli.terminal import ProgressBar, write_json, write_line, write_problem
from soundstudio.core.errors import InvalidRequestError
from soundstudio.core.finetuning import BEST_BY, CONDITIONS, METHODS, FinetuneSettings
from soundstudio.core.paths import user_folders
from soundstudio.core.processes import checked_processes
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.core.run_files import RunFolder, read_description, run_folder
from soundstudio.core.settings import chosen_models_folder, load_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from soundstudio.core.run_files import RunStatus
    from soundstudio.core.settings import Settings
    from soundstudio.dataset.dataset import Dataset

_STOPPED: Final = 130
# What a run that goes on may be given anew; all else would make it another run.
CHANGEABLE: Final = ("steps", "learning_rate", "micro_batch", "device", "dtype")
_OPTIONS: Final[tuple[tuple[str, str, Any, str], ...]] = (
    ("steps", "N", int, "optimiser steps"),
    ("batch_size", "N", int, "clips a step, over all processes"),
    ("learning_rate", "X", float, "after the warm-up"),
    ("warmup_steps", "N", int, "over which the learning rate rises"),
    ("lora_rank", "N", int, "of the adapters of --method lora"),
    ("lora_alpha", "X", float, "of the adapters; alpha / rank is their factor"),
    ("weight_decay", "X", float, "AdamW's"),
    ("beta1", "X", float, "AdamW's"),
    ("beta2", "X", float, "AdamW's"),
    ("max_gradient_norm", "X", float, "longer gradients are shortened to it; 0 leaves them"),
    ("ema_decay", "X", float, "of the averaged weights, which are the ones kept"),
    ("condition_dropout", "X", float, "how often the empty prompt stands for the condition"),
    ("validate_every", "N", int, "steps; 0 never validates and keeps the last weights"),
    ("validation_sounds", "N", int, "generated at each validation"),
    ("sampling_steps", "N", int, "of each of these sounds"),
    ("guidance", "W", float, "of these sounds"),
    ("checkpoint_every", "N", int, "steps; after 60 s at the latest in any case"),
    ("micro_batch", "N", int, "clips at once; 0 measures what fits"),
    ("seed", "N", int, "of all that is drawn"),
)


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "finetune",
        parents=[common],
        help="train a model on a folder of your own clips",
        description="Train a model on a folder of clips with captions. The best weights become a "
        "model of the catalogue, which `generate --model NAME` uses. Ctrl+C stops after the step; "
        "--resume goes on, whatever ended the run.",
    )
    defaults = FinetuneSettings()
    add = parser.add_argument
    add("folder", nargs="?", metavar="FOLDER", help="of the clips; not needed with --resume")
    add("--name", metavar="NAME", required=True, help="of the run, and of the model it makes")
    add(
        "--from", dest="model", metavar="MODEL", help="id or folder (default: that of the settings)"
    )
    add("--from-scratch", action="store_const", const=True,
        help="begin with random weights; VAE, CLAP and vocoder are the model's")  # fmt: skip
    add("--condition", choices=CONDITIONS, help=f"in training (default: {defaults.condition})")
    add("--method", choices=METHODS,
        help="all weights of the UNet, or adapters beside them, which takes much less "
        f"memory (default: {defaults.method}, full if the memory holds it)")  # fmt: skip
    for name, metavar, kind, text in _OPTIONS:
        flag = "--" + name.replace("_", "-")
        add(flag, metavar=metavar, type=kind, help=f"{text} (default: {getattr(defaults, name)})")
    add("--best-by", choices=BEST_BY, help=f"chooses the weights (default: {defaults.best_by})")
    add("--captions", metavar="FILE.csv", help="captions, believed before all else")
    add("--template", metavar="TEXT", help="around captions, such as “the sound of {caption}”")
    add("--device", choices=("auto", "cuda", "mps", "cpu"), help="default: as in the settings")
    add("--dtype", choices=("auto", "float32", "bfloat16", "float16"),
        help="default: as in the settings")  # fmt: skip
    add("--processes", metavar="N", type=int, default=1, help="on this computer (default: 1)")
    add("--resume", action="store_true", help="go on with the run of this name")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Begin or resume a run and carry it out. Raises StudioError."""
    checked_processes(args.processes)
    from soundstudio.worker.finetuning import is_one_of_several

    settings = load_settings(user_folders().settings_file)
    started = time.monotonic()
    with _stop_request() as stop:
        desk = _Desk(args.json, stop)
        try:
            if is_one_of_several():
                status = _as_one_of_several(args, settings, desk)
            else:
                run_files = _prepared(args, settings, desk)
                status = _carried_out(run_files, args.processes, desk)
        finally:
            desk.bar.clear()
    if status is None:
        return 0
    return _report(args, status, time.monotonic() - started)


class _Desk:
    """Where a run's progress and sentences go, and whether the user wants it to stop."""

    def __init__(self, is_silent: bool, stop: threading.Event) -> None:
        self.bar = ProgressBar(1)
        self._is_silent = is_silent
        self._stop = stop

    def progress(self, where: Progress) -> None:
        self.bar(where)
        if self._stop.is_set():
            raise Cancelled

    def say(self, sentence: str) -> None:
        self.bar.clear()
        if not self._is_silent:
            write_line(sentence)


@contextlib.contextmanager
def _stop_request() -> Iterator[threading.Event]:
    """Set by the first Ctrl+C or termination; the next one interrupts at once."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    is_main = threading.current_thread() is threading.main_thread()
    for number in before if is_main else ():
        signal.signal(number, note)
    try:
        yield stop
    finally:
        for number, handler in before.items() if is_main else ():
            signal.signal(number, handler)


def _prepared(args: argparse.Namespace, settings: Settings, desk: _Desk) -> RunFolder:
    """The folder of the run that the arguments name, begun now or earlier."""
    return _resumed(args) if args.resume else _begun(args, settings, desk)


def _begun(args: argparse.Namespace, settings: Settings, desk: _Desk) -> RunFolder:
    from soundstudio.training.new_run import begin_run

    if args.folder is None:
        raise InvalidRequestError("A new run needs the folder of the clips.")
    folders = user_folders()
    values = _given(args)
    values.setdefault("model", settings.model)
    values.setdefault("device", settings.device)
    values.setdefault("dtype", settings.dtype)
    return begin_run(
        args.name,
        FinetuneSettings(**values).validated(),
        lambda: _read_clips(args, desk),
        runs_folder=folders.runs,
        models_folder=chosen_models_folder(settings, folders),
        cache_folder=folders.cache / "training",
    )


def _resumed(args: argparse.Namespace) -> RunFolder:
    from soundstudio.training.new_run import change_settings

    run_files = run_folder(user_folders().runs, args.name)
    known = read_description(run_files).settings.to_dict()
    given = _given(args)
    fixed = sorted(
        name for name, value in given.items() if name not in CHANGEABLE and value != known[name]
    )
    if fixed:
        flag = {"model": "from"}.get(fixed[0], fixed[0]).replace("_", "-")
        raise InvalidRequestError(
            f"A run that goes on keeps its --{flag}.", "Leave it away, or begin a new run."
        )
    change_settings(run_files, **{name: given[name] for name in CHANGEABLE if name in given})
    return run_files


def _given(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given on the command line."""
    names = FinetuneSettings().to_dict()
    return {name: getattr(args, name) for name in names if getattr(args, name, None) is not None}


def _read_clips(args: argparse.Namespace, desk: _Desk) -> Dataset:
    from soundstudio.dataset.dataset import DatasetOptions, read_dataset

    values: dict[str, Any] = {}
    if args.captions is not None:
        values["caption_table"] = Path(args.captions).expanduser()
    if args.template is not None:
        values["template"] = args.template
    dataset = read_dataset(
        Path(args.folder).expanduser(), DatasetOptions(**values).validated(), desk.progress
    )
    desk.bar.clear()
    for finding in dataset.findings:
        write_problem(finding.sentence)
    counts = dataset.counts()
    desk.say(
        f"Clips: {counts['train']} to train on, {counts['validation']} for validation, "
        f"{counts['test']} kept for tests."
    )
    return dataset


def _carried_out(run_files: RunFolder, processes: int, desk: _Desk) -> RunStatus:
    if processes > 1:
        from soundstudio.worker.ranks import train_in_processes

        return train_in_processes(run_files, processes, desk.progress, desk.say)
    from soundstudio.worker.finetuning import carry_out

    return carry_out(run_files, desk.progress, desk.say)


def _as_one_of_several(
    args: argparse.Namespace, settings: Settings, desk: _Desk
) -> RunStatus | None:
    """This process was started by `accelerate launch` or torchrun, on one machine or several.

    The first process alone begins the run, in a folder that all of them see; it alone reports.
    """
    from soundstudio.worker.finetuning import carry_out, join_others

    values = {"device": settings.device, "dtype": settings.dtype} | _given(args)
    accelerator = join_others(FinetuneSettings(**values))
    if accelerator.is_main_process:
        _prepared(args, settings, desk)
    accelerator.wait_for_everyone()
    run_files = run_folder(user_folders().runs, args.name)
    if accelerator.is_main_process:
        return carry_out(run_files, desk.progress, desk.say, accelerator)
    carry_out(run_files, accelerator=accelerator)
    return None


def _report(args: argparse.Namespace, status: RunStatus, seconds: float) -> int:
    is_stopped = status.state == "stopped"
    if args.json:
        facts = status.to_dict()
        facts.pop("pid")
        facts.pop("error")
        folder = user_folders().runs / args.name
        write_json({"run": args.name, "folder": str(folder), **facts, "seconds": round(seconds, 3)})
        return _STOPPED if is_stopped else 0
    if status.model:
        best = status.best or {}
        write_line(
            f"The weights of step {best.get('step', status.step):,} are the model “{status.model}”."
        )
    if is_stopped:
        write_line(
            f"Stopped after step {status.step:,} of {status.steps:,}; "
            f"`soundstudio finetune --name {args.name} --resume` goes on."
        )
        return _STOPPED
    return 0
