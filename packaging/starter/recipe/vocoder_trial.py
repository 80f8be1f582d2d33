"""Which way back from mel to sound is best: measured on real clips, tonal and noisy apart."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from recipe.assemble import load_vocoder
from soundstudio.audio.griffin_lim import invert_mel
from soundstudio.audio.mel import frame_signal, hann_periodic, log_mel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import SpeechT5HifiGan

    from recipe.clips import Clip
    from recipe.settings import Settings

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]
_CLIPS = 48
_ITERATIONS = 16
_LONGEST = 48_000
_SHORTEST = 6_400
_EXCERPT_FLOOR_DB = -80.0


def spectrum_db(waveform: FloatArray) -> FloatArray:
    """STFT levels [frames, 257] in dB, floored at -80."""
    frames = frame_signal(waveform, 512, 128) * hann_periodic(512)
    magnitude = np.abs(np.fft.rfft(frames, axis=1)) / 128.0
    level = 20.0 * np.log10(np.maximum(magnitude, 1e-4))
    return np.asarray(np.maximum(level, _EXCERPT_FLOOR_DB), dtype=np.float32)


def flatness(waveform: FloatArray) -> float:
    """Spectral flatness of the mean power spectrum: near 0 is tonal, near 1 is noise."""
    power = (10.0 ** (spectrum_db(waveform) / 10.0)).mean(axis=0) + 1e-10
    return float(np.exp(np.log(power).mean()) / power.mean())


def _ways(vocoder: SpeechT5HifiGan, mel: FloatArray) -> dict[str, FloatArray]:
    with torch.no_grad():
        guess = vocoder(torch.from_numpy(mel)[None]).reshape(-1).numpy()
    return {
        "HiFi-GAN alone": guess,
        "Griffin-Lim alone": invert_mel(mel, iterations=_ITERATIONS),
        "HiFi-GAN refined": invert_mel(mel, iterations=_ITERATIONS, start=guess),
    }


def try_vocoders(settings: Settings, clips: Sequence[Clip]) -> str:
    """A Markdown table: mel distance (nepers), log-spectral distance (dB), flatness error."""
    vocoder = load_vocoder(settings)
    rng = np.random.default_rng(settings.seed)
    usable = [clip for clip in clips if clip.is_real and len(clip.waveform) >= _SHORTEST]
    chosen = rng.choice(len(usable), min(_CLIPS, len(usable)), replace=False)
    rows: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for number in chosen:
        waveform = usable[int(number)].waveform[:_LONGEST]
        waveform = waveform[: len(waveform) // 160 * 160]
        mel, flat = log_mel(waveform), flatness(waveform)
        kind = "noisy" if flat > 0.1 else "tonal"
        for way, made in _ways(vocoder, mel).items():
            spectral = np.abs(spectrum_db(made[: len(waveform)]) - spectrum_db(waveform)).mean()
            melodic = np.abs(log_mel(made[: len(waveform)]) - mel).mean()
            error = abs(flatness(made) - flat)
            rows.setdefault((way, kind), []).append((float(melodic), float(spectral), error))
    lines = ["| way | clips | mel distance | spectral distance (dB) | flatness error |"]
    lines.append("|---|---|--:|--:|--:|")
    for (way, kind), values in sorted(rows.items()):
        melodic, spectral, error = np.mean(values, axis=0)
        lines.append(
            f"| {way} | {len(values)} {kind} | {melodic:.3f} | {spectral:.2f} | {error:.3f} |"
        )
    table = "\n".join(lines) + "\n"
    (settings.folder("vocoder") / "report.md").write_text(table, encoding="utf-8")
    log.info("ways from mel to sound\n%s", table)
    return table
