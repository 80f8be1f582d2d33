"""Labels and captions → prompts.

The paper does not say how it turned class labels into prompts; each template here is one reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import InvalidRequestError
from soundstudio.dataset.words import plain_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundstudio.benchmark.dataset import DatasetClip

TEMPLATES: Final[Mapping[str, str]] = {
    # AudioLDM's training code joins the display names and adds nothing else.
    "label": "{label}",
    # LAION-CLAP's template for zero-shot classification.
    "sound-of": "This is a sound of {label}.",
}
DEFAULT_TEMPLATE: Final = "label"
_FIELD: Final = "{label}"


def template_of(name: str) -> str:
    """A named template, or `name` itself if it holds {label}. Raises InvalidRequestError."""
    if name in TEMPLATES:
        return TEMPLATES[name]
    if _FIELD in name:
        return name
    raise InvalidRequestError(
        f"There is no prompt template called “{name}”.",
        f"Use one of {', '.join(TEMPLATES)}, or a sentence with {_FIELD} in it.",
    )


def prompt_of(clip: DatasetClip, template: str = TEMPLATES[DEFAULT_TEMPLATE]) -> str:
    """The clip's first caption; else its labels, joined by commas, in the template."""
    if clip.captions:
        return clip.captions[0]
    joined = ", ".join(plain_label(label) for label in clip.labels)
    # Not str.format: a label may hold braces.
    return template.replace(_FIELD, joined)
