"""How the window speaks with a run: by files in its folder, for either may end before the other."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import InvalidRequestError, RunError, explain_os_error
from soundstudio.core.finetuning import FinetuneOrder, FinetuneSettings
from soundstudio.core.run_files import run_folder

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.core.run_files import RunFolder

_FORMAT: Final = "soundstudio order"


def claim_run(order: FinetuneOrder, runs: Path) -> RunFolder:
    """Make the folder of a run that shall begin, with its clips and what was ordered in it.

    The name is taken from then on; the fine-tuning process does the rest.
    Raises RunError (the name is taken), InvalidRequestError, StorageError; then there is no folder.
    """
    run = run_folder(runs, order.name)
    order.settings.validated()
    doing = f"making the folder of the run {order.name}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, doing) from error
    try:
        run.folder.mkdir()
    except FileExistsError as error:
        raise RunError(
            f"There is a run called “{order.name}” already.", "Choose another name."
        ) from error
    except OSError as error:
        raise explain_os_error(error, doing) from error
    values = {
        "format": _FORMAT,
        "name": order.name,
        "settings": order.settings.to_dict(),
        "dataset_file": str(run.dataset),
    }
    try:
        shutil.copyfile(order.dataset_file, run.dataset)
        run.order.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise explain_os_error(error, doing) from error
    return run


def read_order(run: RunFolder) -> FinetuneOrder:
    """What was ordered. Raises RunError if there is nothing, or it is damaged."""
    try:
        values = json.loads(run.order.read_text(encoding="utf-8"))
        if values["format"] != _FORMAT:
            raise ValueError(values["format"])
        settings = FinetuneSettings.from_dict(values["settings"])
        # Beside it, wherever the folder lies now.
        return FinetuneOrder(run.name, settings, str(run.dataset))
    except FileNotFoundError as error:
        raise RunError(f"There is no run called “{run.name}”.") from error
    except (OSError, ValueError, KeyError, TypeError, InvalidRequestError) as error:
        raise RunError(
            f"The run “{run.name}” cannot begin: {run.order.name} is damaged.",
            "Start a new run under another name.",
        ) from error


def ask_to_stop(run: RunFolder, pid: int) -> None:
    """Ask the process that works on a run to stop after its step. Raises StorageError.

    The request names the process: one that comes late stops no other.
    """
    try:
        run.stop_request.write_text(f"{pid}\n", encoding="ascii")
    except OSError as error:
        raise explain_os_error(error, f"asking the run {run.name} to stop") from error


def is_asked_to_stop(run: RunFolder, pid: int) -> bool:
    """Whether somebody asked this process to stop."""
    try:
        return run.stop_request.read_text(encoding="ascii").strip() == str(pid)
    except (OSError, ValueError):
        return False
