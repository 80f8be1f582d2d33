"""One tree of errors that a user can read: a title, a sentence, and what to do about it."""

from __future__ import annotations


class StudioError(Exception):
    """An explained failure.

    `message` says in one sentence what happened; `advice` says what to do, or is empty.
    `kind` names the class across the process border.
    """

    title = "Something went wrong"

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    @property
    def kind(self) -> str:
        return type(self).__name__

    def sentence(self) -> str:
        """Message and advice on one line, for a terminal."""
        return " ".join(part for part in (self.message, self.advice) if part).replace("\n", " ")


class InvalidRequestError(StudioError):
    """A generation request that cannot be carried out as it stands."""

    title = "This cannot be generated"


class ModelError(StudioError):
    """A model that is missing, incomplete, damaged or of another kind."""

    title = "The model cannot be used"


class DownloadError(StudioError):
    """A download that a server refused, cut, or served damaged."""

    title = "The download did not succeed"


class OutOfMemoryError(StudioError):
    """The device ran out of memory."""

    title = "Out of memory"


class DeviceError(StudioError):
    """A device that is not there or failed."""

    title = "The device cannot be used"


class AudioFileError(StudioError):
    """A sound file that cannot be read or written."""

    title = "The sound file cannot be used"


class AudioDeviceError(StudioError):
    """No audio output, or one that failed."""

    title = "No sound output"


class StorageError(StudioError):
    """A full disk, an unwritable folder, a file that vanished."""

    title = "The file cannot be stored"


class LibraryError(StudioError):
    """A library database that is damaged, or from a newer version."""

    title = "The library cannot be opened"


class SettingsError(StudioError):
    """A settings file that cannot be understood."""

    title = "The settings cannot be read"


class ScoreRequestError(StudioError):
    """A scoring that cannot be carried out as it stands."""

    title = "This cannot be scored"


class ReportError(StudioError):
    """A report of scores that is damaged, none at all, or from a newer version."""

    title = "The scores cannot be read"


class RunError(StudioError):
    """A fine-tuning that cannot begin or go on."""

    title = "The fine-tuning cannot go on"


class EngineCrashedError(StudioError):
    """The engine process ended without being asked to."""

    title = "The engine stopped"


def explain_os_error(error: OSError, doing: str) -> StorageError:
    """Turn an `OSError` met while `doing` something ("writing rain.wav") into a clear sentence."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(
            f"The disk is full: {doing} was not finished.",
            "Free some space or choose another folder, then try again.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StorageError(
            f"There is no permission for {doing}.", "Choose a folder that you may write to."
        )
    if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
        return StorageError(
            f"{doing[:1].upper()}{doing[1:]} failed: a file and a folder stand in each other's way."
        )
    if error.errno == errno.ENOENT:
        return StorageError(f"A file or folder needed for {doing} does not exist.")
    return StorageError(f"{doing[:1].upper()}{doing[1:]} failed: {error.strerror or error}.")
