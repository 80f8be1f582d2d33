"""A validation: fixed losses, sounds of fixed prompts and seeds, scores, and copies among them."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from soundstudio.audio.atomic_file import written_whole
from soundstudio.audio.files import Sound, write_wav
from soundstudio.core.errors import explain_os_error
from soundstudio.core.progress import Progress, ProgressCallback, ignore_progress
from soundstudio.core.run_sounds import SOUNDS_FILE, ValidationSound
from soundstudio.engine.clap import ClipEncoder
from soundstudio.engine.failures import explained_failures
from soundstudio.training.copies import TrainingSounds
from soundstudio.training.draws import validation_noise
from soundstudio.training.encoding import EMPTY_PROMPT
from soundstudio.training.front_end import read_segment
from soundstudio.training.sampling import sample_sound, sampling_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from soundstudio.core.finetuning import FinetuneSettings
    from soundstudio.core.run_files import RunFolder
    from soundstudio.dataset.clips import DatasetClip
    from soundstudio.dataset.dataset import Dataset
    from soundstudio.engine.model_folder import ModelFolder
    from soundstudio.training.encodings import EncodingCache
    from soundstudio.training.objective import Objective
    from soundstudio.training.overfitting import LossPair

    FloatArray = npt.NDArray[np.float32]

log = logging.getLogger(__name__)

_LOSS_CLIPS: Final = 32
_LOSS_TIMESTEPS: Final = 4
MAX_REFERENCES: Final = 200
"""More validation clips than that, and than sounds are generated, are thinned out evenly: hearing
them takes time."""


class Score(Protocol):
    """Scores a folder of sounds against another; the layer above knows the networks.

    Answers the values of fd, is, kl and fad by these keys, None where one cannot be had.
    """

    def __call__(self, generated: Path, reference: Path) -> Mapping[str, float | None]: ...


class Validator:
    """Validates weights of one run, always with the same clips, noise, prompts and seeds."""

    def __init__(
        self,
        run: RunFolder,
        dataset: Dataset,
        files: ModelFolder,
        cache: EncodingCache,
        objective: Objective,
        settings: FinetuneSettings,
        score: Score | None = None,
    ) -> None:
        self._run = run
        self._files = files
        self._cache = cache
        self._objective = objective
        self._settings = settings
        self._score = score
        self._train = dataset.of_split("train")
        self._held_out = _references(dataset, settings)
        self._scaling = float(files.parts["vae"].config.get("scaling_factor", 1.0))
        self._training_sounds: TrainingSounds | None = None

    def run(
        self,
        step: int,
        unet: Any,
        device: str,
        progress: ProgressCallback = ignore_progress,
    ) -> dict[str, Any]:
        """What goes into the curves: loss, training_loss, scores, copies, the sounds' folder.

        unet: in evaluation mode. Raises StorageError, AudioFileError, OutOfMemoryError.
        """
        chosen = _thinned(self._train, min(_LOSS_CLIPS, max(1, len(self._held_out))))
        found: dict[str, Any] = {
            "loss": self.loss(_thinned(self._held_out, _LOSS_CLIPS), unet, device),
            "training_loss": self.loss(chosen, unet, device),
            "scores": {},
            "copies": 0,
        }
        sounds = self._generate(step, unet, device, progress)
        if sounds and self._score is not None and self._held_out:
            self._write_references()
            folder = self._run.sounds(step)
            found["scores"] = dict(self._score(folder, self._run.references))
        found["copies"] = sum(sound.is_copy for sound in sounds)
        return found

    def loss(self, clips: Sequence[DatasetClip], unet: Any, device: str) -> float | None:
        """Mean loss of clips with their captions, at evenly spread timesteps; None without clips.

        The noise depends on the seed and the clip's place only, so that values compare.
        """
        import torch

        if not clips:
            return None
        count = self._objective.timesteps
        steps = [int((k + 0.5) * count / _LOSS_TIMESTEPS) for k in range(_LOSS_TIMESTEPS)]
        timesteps = torch.tensor(steps, device=device)
        total = 0.0
        with torch.inference_mode(), explained_failures("validating"):
            for number, clip in enumerate(clips):
                posterior = self._cache.posterior(clip)
                if posterior is None:
                    continue
                mean = posterior.mean
                noise = validation_noise(self._settings.seed, number, len(steps), mean.shape)
                latents = torch.from_numpy(mean * np.float32(self._scaling)).to(device)
                conditions = self._text(clip.caption, device).expand(len(steps), -1)
                losses = self._objective.losses(
                    unet,
                    latents.expand(len(steps), -1, -1, -1),
                    torch.from_numpy(np.stack(noise)).to(device),
                    timesteps,
                    conditions,
                )
                total += float(losses.mean())
        return total / len(clips)

    def _generate(
        self, step: int, unet: Any, device: str, progress: ProgressCallback
    ) -> list[ValidationSound]:
        """Write the sounds and what is known about them; returns the latter."""
        settings = self._settings
        clips = _thinned(self._held_out or self._train, settings.validation_sounds)
        if not clips:
            return []
        folder = self._run.sounds(step)
        model = sampling_model(self._files, unet, device)
        listener = ClipEncoder.load(self._files, device) if self._files.has_audio_tower else None
        empty = self._text(EMPTY_PROMPT, device)
        sounds = []
        for number, clip in enumerate(clips):
            progress(Progress("sampling", number, len(clips)))
            seed = settings.seed + number
            wanted = self._text(clip.caption, device)
            samples = sample_sound(model, wanted, empty, settings, seed, self._cache.frames)
            # As long as the clip with this caption: the rest of its example was silence, too.
            samples = samples[: max(1, round(clip.duration_s * model.sample_rate))]
            name = _file_name(number if not self._held_out else self._held_out.index(clip), clip)
            write_wav(folder / name, Sound(samples, model.sample_rate), "FLOAT")
            sound = ValidationSound(name, clip.caption, seed)
            if listener is not None:
                sound = self._compared(
                    sound, listener.embed_condition(samples, model.sample_rate).cpu().numpy()
                )
            sounds.append(sound)
        progress(Progress("sampling", len(clips), len(clips)))
        with written_whole(folder / SOUNDS_FILE) as temporary:
            rows = [sound.to_dict() for sound in sounds]
            temporary.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
        return sounds

    def _compared(self, sound: ValidationSound, embedding: FloatArray) -> ValidationSound:
        if self._training_sounds is None:
            known = [(clip, self._cache.sound_embedding(clip)) for clip in self._train]
            pairs = [(clip, vector) for clip, vector in known if vector is not None]
            vectors = np.stack([vector for _, vector in pairs])
            self._training_sounds = TrainingSounds([clip for clip, _ in pairs], vectors)
        nearest = self._training_sounds.nearest(embedding)
        return ValidationSound(
            sound.file,
            sound.prompt,
            sound.seed,
            str(nearest.clip.path),
            nearest.clip.start_s,
            nearest.similarity,
            nearest.is_copy,
        )

    def _write_references(self) -> None:
        """The validation clips as WAV files, once, under the names of their generated partners."""
        folder = self._run.references
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain_os_error(error, "writing the validation clips") from error
        for number, clip in enumerate(self._held_out):
            path = folder / _file_name(number, clip)
            if not path.exists():
                write_wav(path, read_segment(clip), "PCM_24")

    def _text(self, text: str, device: str) -> Any:
        import torch

        vector = self._cache.text_embedding(text)
        if vector is None:
            raise KeyError(text)
        return torch.from_numpy(vector).to(device)


def reference_files(dataset: Dataset, settings: FinetuneSettings) -> dict[str, DatasetClip]:
    """The clips that a run's validations compare with, by the names of their files.

    A sound that is generated from a clip's caption has the same name in its own folder.
    """
    clips = _references(dataset, settings)
    return {_file_name(number, clip): clip for number, clip in enumerate(clips)}


def _references(dataset: Dataset, settings: FinetuneSettings) -> tuple[DatasetClip, ...]:
    most = max(MAX_REFERENCES, settings.validation_sounds)
    return _thinned(dataset.of_split("validation"), most)


def copies_note(validation: Mapping[str, Any], step: int) -> str:
    """A sentence if sounds of a validation copy training clips, otherwise nothing."""
    copies = int(validation.get("copies") or 0)
    if not copies:
        return ""
    what = "1 sound copies" if copies == 1 else f"{copies} sounds copy"
    return (
        f"At step {step:,} {what} training clips; sounds.json in the validation's folder names "
        "them."
    )


def value_of(validation: Mapping[str, Any], name: str) -> float | None:
    """The number called loss, fd, is, kl or fad of a validation, None if it has none."""
    value = validation.get("loss") if name == "loss" else validation["scores"].get(name)
    return None if value is None else float(value)


def _thinned(clips: Sequence[DatasetClip], count: int) -> tuple[DatasetClip, ...]:
    """At most `count` clips, evenly from all of them, in order."""
    if len(clips) <= count:
        return tuple(clips)
    places = [int((number + 0.5) * len(clips) / count) for number in range(count)]
    return tuple(clips[place] for place in places)


def _file_name(number: int, clip: DatasetClip) -> str:
    stem = "".join(letter if letter.isalnum() else "-" for letter in clip.path.stem)[:48]
    return f"{number:03d}-{stem}.wav"


def loss_pairs(rows: Sequence[Any]) -> list[LossPair]:
    """The losses of all validations that have both."""
    from soundstudio.training.overfitting import LossPair

    found = [(row.step, row.validation) for row in rows]
    return [
        LossPair(step, float(values["loss"]), float(values["training_loss"]))
        for step, values in found
        if values.get("loss") is not None and values.get("training_loss") is not None
    ]
