"""The command line: argument parsing only, one file a command."""

from soundstudio.cli.commands import files_to_open, main

__all__ = ["files_to_open", "main"]
