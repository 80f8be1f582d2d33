"""What the Generate panel decides without Qt: seeds, how a request looks as a few words."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

from soundstudio.core.paths import resource
from soundstudio.core.requests import MAX_PROMPT_CHARACTERS, MAX_SEED, GenerationRequest

SAMPLER_TITLES = {
    "dpm++": "DPM-Solver++ (fast)",
    "ddim": "DDIM",
    "euler": "Euler",
    "euler-a": "Euler ancestral",
    "heun": "Heun (2× work)",
    "unipc": "UniPC",
    "pndm": "PNDM",
    "lms": "LMS",
    "ddpm": "DDPM (many steps)",
}


def new_seed() -> int:
    """A seed nobody chose."""
    return random.SystemRandom().randrange(MAX_SEED + 1)


def example_prompts() -> tuple[str, ...]:
    """The prompts that an empty start offers; none if the file is missing."""
    path = Path(resource("prompts", "examples.txt"))
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()
    return tuple(line.strip() for line in lines if line.strip())


def prompt_note(prompt: str) -> str:
    """How much room is left, said only when it gets short."""
    left = MAX_PROMPT_CHARACTERS - len(prompt)
    if left < 0:
        return f"{-left:,} characters too long"
    return f"{left:,} characters left" if left < 200 else ""


def one_line(text: str, most: int = 80) -> str:
    """A prompt for a menu or a row: one line, cut with an ellipsis."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"


def title_of(request: GenerationRequest) -> str:
    """What a job or a row is called before it has a name."""
    if request.prompt.strip():
        return one_line(request.prompt)
    return f"Like {Path(request.like).stem}" if request.like else "Untitled"


def with_eta_that_fits(request: GenerationRequest) -> GenerationRequest:
    """Eta belongs to DDIM; any other sampler runs without it."""
    return request if request.sampler == "ddim" else dataclasses.replace(request, eta=0.0)
