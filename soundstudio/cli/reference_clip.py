"""`--like`: what can be known about the clip and the model before the model is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import ModelError

if TYPE_CHECKING:
    from soundstudio.core.catalogue import CatalogueRow
    from soundstudio.core.requests import GenerationRequest

# A damaged beginning is found at once, and a long file costs no more than a short one.
_LISTENED_S: Final = 60.0


def check_reference_clip(request: GenerationRequest) -> None:
    """Read the clip, if there is one. Raises AudioFileError."""
    if request.like is None:
        return
    from soundstudio.audio.files import read_sound

    read_sound(Path(request.like), _LISTENED_S)


def check_listens(row: CatalogueRow, request: GenerationRequest) -> None:
    """Refuse what needs an ear of a model without one. Raises ModelError."""
    if "audio" in row.capabilities:
        return
    if request.candidates > 1:
        raise ModelError(
            f"{row.title} cannot choose the best of {request.candidates} candidates: it has no "
            "audio tower.",
            "Leave --candidates away, or choose a model that can with --model.",
        )
    if request.like is None:
        return
    raise ModelError(
        f"{row.title} cannot listen to a reference clip: it has no audio tower.",
        "Leave --like away, or choose a model that can with --model.",
    )
