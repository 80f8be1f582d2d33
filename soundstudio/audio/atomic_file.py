"""Writing a file so that it is either complete under its name or not there at all."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from typing import TYPE_CHECKING

from soundstudio.core.errors import StorageError, explain_os_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

TEMPORARY_SUFFIX = ".part"


@contextlib.contextmanager
def written_whole(path: Path, doing: str = "") -> Iterator[Path]:
    """Yield a temporary path beside `path`; on a clean exit it is synced and becomes `path`.

    If the block raises, the temporary file is removed and `path` stays as it was.
    Raises StorageError for a full disk, a missing permission and the like.
    """
    doing = doing or f"writing {path.name}"
    temporary = temporary_beside(path)
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise explain_os_error(error, doing) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """A hidden name in the same folder that nobody else uses; short, whatever `path` is called."""
    return path.with_name(f".{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")


def sync_file(path: Path) -> None:
    """Wait until the file's bytes are on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the folder's names are on the disk, where the system knows how."""
    if os.name == "nt":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        log.debug("folder %s cannot be synced", folder)
    finally:
        os.close(descriptor)


def check_writable(folder: Path) -> None:
    """Make the folder and write a file into it, before minutes are spent. Raises StorageError."""
    probe = folder / f".soundstudio-{os.getpid()}"
    doing = f"writing into {folder.absolute()}"
    try:
        if folder.exists() and not folder.is_dir():
            raise StorageError(f"{folder} is a file, not a folder.", "Choose another folder.")
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise explain_os_error(error, doing) from error
