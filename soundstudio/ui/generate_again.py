"""From something that is there to the next request: a prompt, a clip's settings, its sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from soundstudio.ui.clip_rows import PendingRow

if TYPE_CHECKING:
    from soundstudio.library.clips import Clip
    from soundstudio.ui.parts import Parts


def try_prompt(parts: Parts, prompt: str) -> None:
    """Generate from this prompt."""
    parts.places.show("generate")
    parts.generate.set_prompt(prompt)
    parts.generation.generate()


def use_again(parts: Parts) -> None:
    """Put the current row's request into the panel, if it has one."""
    parts.places.show("generate")
    row = parts.model.rows.at(parts.table.current_row())
    if isinstance(row, PendingRow):
        job = parts.queue.job(row.job_id)
        if job is not None:
            parts.generate.set_request(job.request)
    elif row is not None and row.request is not None:
        parts.generate.set_request(row.request)


def more_like(parts: Parts, clip: Clip | None) -> None:
    """Take a clip as the reference, if the chosen model can listen."""
    if clip is not None and parts.generate.like.isEnabled():
        parts.places.show("generate")
        parts.generate.like.set_clip(clip.path)
        parts.generate.generate.setFocus()
