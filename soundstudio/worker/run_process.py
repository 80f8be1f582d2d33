"""The fine-tuning process: it begins or resumes a run, outlives the window, and tells its folder.

`--finetune-run FOLDER [--steps N]`: whatever ends it is a sentence in the run's status.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from soundstudio.core.errors import OutOfMemoryError, StorageError, StudioError
from soundstudio.core.paths import user_folders
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.core.run_files import RunFolder, RunStatus, read_status
from soundstudio.core.run_lock import holder_of
from soundstudio.core.run_orders import is_asked_to_stop, read_order
from soundstudio.core.settings import chosen_models_folder, load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Carry out the run in a folder. Returns 0, or 1 after a failure that the status explains."""
    parser = argparse.ArgumentParser(prog="--finetune-run")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int)
    args = parser.parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    from soundstudio.worker.process import step_back

    step_back()
    run = RunFolder(args.folder)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        _carry_out(run, args.steps, stop)
    except Cancelled:
        _tell(run, RunStatus("stopped"))
    except StudioError as error:
        log.error("%s", error.sentence())
        _tell_error(run, error)
        return 1
    except MemoryError:
        log.exception("training")
        _tell_error(run, OutOfMemoryError("The memory ran out.", "Choose a smaller batch or LoRA."))
        return 1
    except Exception as error:  # the process border: it becomes a sentence
        log.exception("training")
        text = f"Something unexpected happened in training ({type(error).__name__}: {error})."
        _tell_error(run, StudioError(text, f"{run.log.name} in the run's folder says more."))
        return 1
    return 0


def _carry_out(run: RunFolder, steps: int | None, stop: threading.Event) -> None:
    def progress(_: Progress) -> None:
        if stop.is_set():
            raise Cancelled

    if not run.description.exists():
        log.info("beginning")
        _tell(run, RunStatus("preparing"))
        _begin(run)
    if stop.is_set() or is_asked_to_stop(run, os.getpid()):
        raise Cancelled
    if steps is not None:
        from soundstudio.training.new_run import change_settings

        change_settings(run, steps=steps)
    from soundstudio.worker.finetuning import carry_out

    carry_out(run, progress, log.info)


def _begin(run: RunFolder) -> None:
    """From what was ordered to a run."""
    from soundstudio.dataset.dataset import load_dataset
    from soundstudio.training.new_run import begin_run

    order = read_order(run)
    folders = user_folders()
    settings = load_settings(folders.settings_file)
    begin_run(
        order.name,
        order.settings,
        lambda: load_dataset(Path(order.dataset_file)),
        runs_folder=run.folder.parent,
        models_folder=chosen_models_folder(settings, folders),
        cache_folder=folders.cache / "training",
        is_claimed=True,
    )


def _tell_error(run: RunFolder, error: StudioError) -> None:
    facts = {"kind": error.kind, "message": error.message, "advice": error.advice}
    _tell(run, RunStatus("failed", error=facts))


def _tell(run: RunFolder, end: RunStatus) -> None:
    """State and error into the status, all else as it is; not into one that another writes."""
    from soundstudio.training.run_records import write_status

    if holder_of(run) not in (None, os.getpid()):
        return
    known = read_status(run) or RunStatus("preparing")
    changed = dataclasses.replace(known, state=end.state, error=end.error, pid=os.getpid())
    # A full disk: the lock that is free says that nobody works on the run.
    with contextlib.suppress(StorageError):
        write_status(run, changed)
