"""Where generated files go: what `-o FILE|DIR` means."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import InvalidRequestError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX: Final = ".wav"


@dataclass(frozen=True, slots=True)
class Destination:
    """A folder, and the file's name in it; without one, free names are made up."""

    folder: Path
    name: str = ""

    @contextlib.contextmanager
    def path_for(self, variation: int, variations: int, suggested: str) -> Iterator[Path]:
        """Yield the path of one variation.

        A named file is replaced, as other tools do, and numbered from 1 if there are several
        variations; otherwise `suggested` becomes a name that no file has.
        Raises StorageError; then, or if the block raises, no new file is left behind.
        """
        from soundstudio.library.naming import free_path

        if self.name:
            stem = Path(self.name).stem
            number = f"_{variation + 1}" if variations > 1 else ""
            path = self.folder / f"{stem}{number}{SUFFIX}"
            if path.is_dir():
                raise StorageError(f"{path} is a folder.", "Choose another name.")
            yield path
            return
        path = free_path(self.folder, suggested)
        try:
            yield path
        except BaseException:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            raise


def destination_of(out: str | None) -> Destination:
    """What `-o` names: an existing folder, a name that ends in .wav, or a folder to be made.

    Without it, the current folder. Raises InvalidRequestError for other suffixes.
    """
    if not out:
        return Destination(Path())
    path = Path(out).expanduser()
    if path.is_dir() or out.endswith(("/", os.sep)):
        return Destination(path)
    if path.suffix.lower() == SUFFIX:
        return Destination(path.parent, path.name)
    if path.suffix:
        raise InvalidRequestError(
            f"{path.name} has the suffix {path.suffix}, but only WAV files are written.",
            "Let the name end in .wav, or name a folder.",
        )
    return Destination(path)
