"""`soundstudio` opens the window; `soundstudio COMMAND` is the command line."""

from __future__ import annotations

import multiprocessing
import sys


def main(argv: list[str] | None = None) -> int:
    """Run what the arguments ask for and return the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["--worker"]:
        # How a frozen application, which has no `python -m`, starts its engine process.
        from soundstudio.worker.process import main as run_worker

        return run_worker(arguments[1:])
    if arguments[:1] == ["--finetune-rank"]:
        from soundstudio.worker.ranks import main as run_rank

        return run_rank(arguments[1:])
    if arguments[:1] == ["--finetune-run"]:
        # How the window starts a run, which outlives it.
        from soundstudio.worker.run_process import main as run_training

        return run_training(arguments[1:])
    from soundstudio.cli import files_to_open
    from soundstudio.cli import main as run_command

    files = files_to_open(arguments)
    if files is None:
        return run_command(arguments)
    from soundstudio.app import run_window

    return run_window(files)


if __name__ == "__main__":
    # In a frozen application `benchmark --processes` starts this file again.
    multiprocessing.freeze_support()
    sys.exit(main())
