"""What the frozen parts make of clips and captions, kept on the disk and found by content."""

from __future__ import annotations

import hashlib
import io
import logging
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from soundstudio.audio.atomic_file import written_whole
from soundstudio.audio.mel import AUDIOLDM_MEL
from soundstudio.core.errors import explain_os_error
from soundstudio.engine.clap import CONDITION_VERSION
from soundstudio.training.front_end import FRONT_END_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy.typing as npt

    from soundstudio.dataset.clips import DatasetClip
    from soundstudio.training.fingerprints import Fingerprints

    FloatArray = npt.NDArray[np.float32]

log = logging.getLogger(__name__)

_NO_ENTRY: Final = (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile)
_MEAN, _LOG_VARIANCE = "mean", "log_variance"


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """The VAE's normal distribution over latents: both [channels, time, frequency], unscaled."""

    mean: FloatArray
    log_variance: FloatArray

    def sample(self, noise: FloatArray) -> FloatArray:
        """The latent that unit noise of the same shape stands for."""
        return np.asarray(self.mean + np.exp(0.5 * self.log_variance) * noise, dtype=np.float32)


class EncodingCache:
    """A folder of entries that several runs and processes may share.

    An entry's name is a digest of all that its value depends on: the clip's bytes and place in
    them, the front end, and the weights of the network. Entries are written whole or not at all;
    a damaged one counts as missing and is made anew.
    """

    def __init__(self, folder: Path, fingerprints: Fingerprints, frames: int) -> None:
        self.folder = folder
        self.frames = frames
        self.seconds = frames * AUDIOLDM_MEL.hop_samples / AUDIOLDM_MEL.sample_rate_hz
        self._fingerprints = fingerprints

    def posterior(self, clip: DatasetClip) -> Posterior | None:
        """The clip's posterior, or None if there is no usable entry."""
        entry = self._read(self._posterior_path(clip), (_MEAN, _LOG_VARIANCE), rank=3)
        if entry is None or entry[0].shape != entry[1].shape:
            return None
        return Posterior(*entry)

    def keep_posterior(self, clip: DatasetClip, posterior: Posterior) -> None:
        """Raises StorageError."""
        values = {_MEAN: posterior.mean, _LOG_VARIANCE: posterior.log_variance}
        self._write(self._posterior_path(clip), values)

    def sound_embedding(self, clip: DatasetClip) -> FloatArray | None:
        """CLAP's unit embedding [embedding] of the clip's sound, or None."""
        entry = self._read(self._sound_path(clip), ("embedding",), rank=1)
        return None if entry is None else entry[0]

    def keep_sound_embedding(self, clip: DatasetClip, embedding: FloatArray) -> None:
        """Raises StorageError."""
        self._write(self._sound_path(clip), {"embedding": embedding})

    def text_embedding(self, text: str) -> FloatArray | None:
        """CLAP's unit embedding [embedding] of a text, or None."""
        entry = self._read(self._text_path(text), ("embedding",), rank=1)
        return None if entry is None else entry[0]

    def keep_text_embedding(self, text: str, embedding: FloatArray) -> None:
        """Raises StorageError."""
        self._write(self._text_path(text), {"embedding": embedding})

    def size_bytes(self, clips: Iterable[DatasetClip], texts: Iterable[str]) -> int:
        """Bytes on the disk of the entries of these clips and texts."""
        paths = {self._text_path(text) for text in texts}
        for clip in clips:
            paths |= {self._posterior_path(clip), self._sound_path(clip)}
        return sum(path.stat().st_size for path in paths if path.is_file())

    def _posterior_path(self, clip: DatasetClip) -> Path:
        key = _key("latent", _segment(clip), str(self.frames), str(FRONT_END_VERSION))
        return self._path("latents", self._fingerprints.vae, key)

    def _sound_path(self, clip: DatasetClip) -> Path:
        key = _key("sound", _segment(clip), str(FRONT_END_VERSION), str(CONDITION_VERSION))
        return self._path("sounds", self._fingerprints.audio, key)

    def _text_path(self, text: str) -> Path:
        return self._path("texts", self._fingerprints.text, _key("text", text))

    def _path(self, kind: str, fingerprint: str, key: str) -> Path:
        return self.folder / f"{kind}-{fingerprint[:24]}" / key[:2] / f"{key}.npz"

    def _read(self, path: Path, names: tuple[str, ...], rank: int) -> list[FloatArray] | None:
        try:
            # Read at once: zip's checksums find damage, and nothing stays open (Windows).
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as entry:
                arrays = [np.asarray(entry[name]) for name in names]
        except FileNotFoundError:
            return None
        except _NO_ENTRY as error:
            log.info("the cached entry %s is damaged: %s", path, error)
            return None
        for array in arrays:
            if array.dtype != np.float32 or array.ndim != rank or not np.isfinite(array).all():
                log.info("the cached entry %s holds %s %s", path, array.dtype, array.shape)
                return None
        return arrays

    def _write(self, path: Path, arrays: dict[str, FloatArray]) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        doing = "keeping encoded clips"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain_os_error(error, doing) from error
        with written_whole(path, doing) as temporary:
            temporary.write_bytes(buffer.getvalue())


def _segment(clip: DatasetClip) -> str:
    return f"{clip.content} {clip.start_s!r} {clip.duration_s!r}"


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
