"""Where things lie: resources that ship, and the user's folders."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

APP_NAME = "Sound Studio"
HOME_VARIABLE = "SOUNDSTUDIO_HOME"


def resources_folder() -> Path:
    """The folder of shipped data, in a frozen application, an installed wheel or a checkout."""
    package = Path(__file__).resolve().parents[1]
    frozen = getattr(sys, "_MEIPASS", None)
    candidates = [package / "resources", package.parent / "resources"]
    if frozen is not None:
        candidates.insert(0, Path(frozen) / "resources")
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"no resources folder among {[str(folder) for folder in candidates]}")


def resource(*parts: str) -> Path:
    """The path of one shipped file or folder, such as `resource("ucs", "ucs-8.2.1.csv")`."""
    return resources_folder().joinpath(*parts)


@dataclass(frozen=True, slots=True)
class UserFolders:
    """The user's folders. None of them is created here."""

    config: Path
    data: Path
    cache: Path
    logs: Path
    exports: Path

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.toml"

    @property
    def window_state_file(self) -> Path:
        return self.config / "window.ini"

    @property
    def library_file(self) -> Path:
        return self.data / "library.sqlite"

    @property
    def clips(self) -> Path:
        return self.data / "clips"

    @property
    def handover(self) -> Path:
        """Where the engine lays new sounds before the library takes them in (same disk)."""
        return self.data / "handover"

    @property
    def models(self) -> Path:
        return self.data / "models"

    @property
    def runs(self) -> Path:
        return self.data / "runs"

    @property
    def finetune(self) -> Path:
        """What the Fine-tune place keeps until a run begins: answers, and datasets."""
        return self.data / "finetune"

    @property
    def scorings(self) -> Path:
        """The history of scorings."""
        return self.data / "scorings"

    @property
    def benchmarks_file(self) -> Path:
        """Which benchmarks were run in the window."""
        return self.data / "benchmarks.json"


def user_folders() -> UserFolders:
    """The platform's folders, or all of them under $SOUNDSTUDIO_HOME if that is set."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        root = Path(home).expanduser().absolute()
        return UserFolders(
            root / "config", root / "data", root / "cache", root / "logs", root / "exports"
        )
    dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False, roaming=False)
    return UserFolders(
        config=Path(dirs.user_config_dir),
        data=Path(dirs.user_data_dir),
        cache=Path(dirs.user_cache_dir),
        logs=Path(dirs.user_log_dir),
        exports=Path(dirs.user_music_dir) / APP_NAME,
    )
