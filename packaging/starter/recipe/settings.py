"""Where the recipe works, how long each stage trains and how wide each network is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

SAMPLE_RATE_HZ = 16_000
HOP_SAMPLES = 160
MEL_BANDS = 64
LATENT_CHANNELS = 56
LATENT_FACTOR = 16
LATENT_BANDS = MEL_BANDS // LATENT_FACTOR
LATENT_FRAME_SAMPLES = HOP_SAMPLES * LATENT_FACTOR
EMBEDDING_SIZE = 512
WINDOW_FRAMES = 512
"""Every training example is 5.12 s of mel: 512 frames, 32 latent frames."""


@dataclass(frozen=True, slots=True)
class StageBudget:
    """How long a stage trains: whichever of the two limits comes first."""

    steps: int
    minutes: float
    batch: int
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Widths:
    """Channel counts of the networks; ``TINY_WIDTHS`` serves the tests."""

    vae: tuple[int, ...] = (16, 32, 96, 160, 144)
    vae_groups: int = 8
    unet: tuple[int, ...] = (128, 128, 224)
    unet_heads: tuple[int, ...] = (2, 2, 4)
    unet_groups: int = 16
    unet_embedding: int = 256
    vocoder: int = 768
    audio_patch: int = 32
    audio_depths: tuple[int, ...] = (1, 1, 2, 1)
    audio_heads: tuple[int, ...] = (2, 4, 8, 8)


TINY_WIDTHS = Widths(
    vae=(4, 16, 64, 80, 144),
    vae_groups=4,
    unet=(16, 16, 16),
    unet_heads=(1, 1, 2),
    unet_groups=4,
    unet_embedding=16,
    audio_patch=8,
    audio_depths=(1, 1, 1, 1),
    audio_heads=(1, 2, 2, 2),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the stages share."""

    work: Path
    sounds: Path
    library: Path | None = None
    ucs_table: Path | None = None
    minilm: Path | None = None
    aisfx: Path | None = None
    output: Path = Path("resources/models/starter")
    start_from: Path | None = None
    """A model folder whose weights a fresh training takes over."""
    seed: int = 20260
    threads: int = 2
    judge_seeds: tuple[int, ...] = (0, 1, 2, 3)
    judge_frames: int = 16
    synthetic_per_family: int = 40
    synthetic_windows: int = 1
    """How many of each synthetic family the UNet sees; the other networks hear all of them."""
    concept_windows: int = 3
    """How many recordings of each concept the UNet sees, the most typical ones."""
    checkpoint_minutes: float = 2.0
    synthesis_steps: int = 600
    """How long the kernels of the vocoder's linear part are fitted."""
    widths: Widths = field(default_factory=Widths)
    decoder: StageBudget = StageBudget(20_000, 45, 8, 2e-3)
    clap: StageBudget = StageBudget(4000, 14, 24, 5e-4)
    diffusion: StageBudget = StageBudget(400_000, 240, 64, 1e-3)

    def folder(self, stage: str) -> Path:
        """The work folder of a stage, made on first use."""
        path = self.work / stage
        path.mkdir(parents=True, exist_ok=True)
        return path


def tiny(settings: Settings) -> Settings:
    """The setting of the tests: every stage runs for two steps on the smallest networks."""
    budget = StageBudget(2, 1.0, 2, 1e-3)
    return replace(
        settings,
        widths=TINY_WIDTHS,
        synthetic_per_family=1,
        synthesis_steps=2,
        decoder=budget,
        clap=budget,
        diffusion=budget,
    )
