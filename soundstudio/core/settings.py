"""The user's settings: one table of fields, one typed and versioned TOML file."""

from __future__ import annotations

import dataclasses
import logging
import os
import tomllib
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from soundstudio.core.errors import SettingsError, explain_os_error
from soundstudio.core.paths import UserFolders, user_folders
from soundstudio.core.requests import STARTER_MODEL

log = logging.getLogger(__name__)

SETTINGS_VERSION = 1


def setting(default: Any, label: str, note: str = "", choices: tuple[Any, ...] = ()) -> Any:
    """A field of `Settings` with what a dialog needs: label, sentence, allowed values."""
    return field(default=default, metadata={"label": label, "note": note, "choices": choices})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the user can choose. Window geometry is kept elsewhere."""

    model: str = setting(STARTER_MODEL, "Model")
    device: str = setting(
        "auto", "Device", "Where the model runs.", choices=("auto", "cuda", "mps", "cpu")
    )
    dtype: str = setting(
        "auto",
        "Precision",
        "Auto takes the fastest one that the device computes well.",
        choices=("auto", "float32", "bfloat16", "float16"),
    )
    models_folder: str = setting("", "Models folder", "Empty: the application's data folder.")
    export_folder: str = setting("", "Export folder", "Empty: Music/Sound Studio.")
    export_format: str = setting("wav24", "Export format", choices=("wav16", "wav24", "wav32f"))
    export_rate: str = setting(
        "48000",
        "Export sample rate",
        "Native keeps the model's own rate.",
        choices=("native", "44100", "48000", "88200", "96000", "192000"),
    )
    export_normalise: str = setting(
        "none", "Level", choices=("none", "peak -1 dB", "peak -3 dB", "-16 LUFS", "-23 LUFS")
    )
    export_trim: bool = setting(False, "Trim silence at both ends")
    export_fade_ms: float = setting(3.0, "Fades", "Milliseconds at both ends, against clicks.")
    export_prompt: bool = setting(
        True, "Write the prompt into exported files", "A client may read it."
    )
    designer: str = setting("", "Your name", "Written into exported files and UCS names.")
    creator_id: str = setting("", "UCS creator ID")
    source_id: str = setting("NONE", "UCS source ID")
    ucs_names: bool = setting(True, "Name exported files by UCS")
    output_device: str = setting("", "Sound output", "Empty: the system's default.")
    audition_on_select: bool = setting(True, "Play a sound when it is selected")
    play_when_ready: bool = setting(True, "Play the first new sound as soon as it exists")
    score_backbone: str = setting("bundled", "Backbone", choices=("bundled", "paper"))
    panns_file: str = setting("", "Weights of PANNs")
    vggish_file: str = setting("", "Weights of VGGish")
    clap_file: str = setting("", "CLAP of LAION")
    theme: str = setting("system", "Appearance", choices=("system", "light", "dark"))
    spectrogram_colours: str = setting(
        "magma",
        "Spectrogram colours",
        choices=("magma", "inferno", "viridis", "cividis", "grey", "studio"),
    )
    spectrogram_scale: str = setting("mel", "Frequency scale", choices=("mel", "linear", "log"))
    spectrogram_floor_db: float = setting(-90.0, "Spectrogram floor")
    spectrogram_ceiling_db: float = setting(0.0, "Spectrogram ceiling")


def load_settings(path: Path) -> Settings:
    """Read the file; a missing one gives the defaults.

    A value of the wrong type or outside its choices falls back to its default with a log line.
    Raises SettingsError if the file is not TOML or was written by a newer version.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {error.strerror}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file {path} is damaged ({error}).",
            "Mend it or remove it; the defaults are used until then.",
        ) from error
    version = values.pop("version", SETTINGS_VERSION)
    if not isinstance(version, int) or version > SETTINGS_VERSION:
        raise SettingsError(
            f"The settings file {path} was written by a newer version of Sound Studio.",
            "Update Sound Studio; the defaults are used until then.",
        )
    return _from_values(values)


def chosen_models_folder(settings: Settings, folders: UserFolders) -> Path:
    """Where the user's models lie: the setting, or the data folder."""
    chosen = settings.models_folder
    return Path(chosen).expanduser() if chosen else folders.models


def current_models_folder() -> Path:
    """The same as the settings file says now. Raises SettingsError."""
    folders = user_folders()
    return chosen_models_folder(load_settings(folders.settings_file), folders)


def save_settings(settings: Settings, path: Path) -> None:
    """Write what differs from the defaults, atomically. Raises StorageError."""
    defaults = Settings()
    changed = {
        name.name: getattr(settings, name.name)
        for name in dataclasses.fields(Settings)
        if getattr(settings, name.name) != getattr(defaults, name.name)
    }
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            tomli_w.dump({"version": SETTINGS_VERSION, **changed}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise explain_os_error(error, f"writing the settings to {path}") from error


def _from_values(values: dict[str, Any]) -> Settings:
    types = typing.get_type_hints(Settings)
    accepted: dict[str, Any] = {}
    for row in dataclasses.fields(Settings):
        if row.name not in values:
            continue
        value = values.pop(row.name)
        if types[row.name] is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        choices = row.metadata["choices"]
        if type(value) is not types[row.name] or (choices and value not in choices):
            log.warning("setting %s has no use for %r; its default is used", row.name, value)
            continue
        accepted[row.name] = value
    for name in values:
        log.warning("unknown setting %s is ignored", name)
    return Settings(**accepted)
