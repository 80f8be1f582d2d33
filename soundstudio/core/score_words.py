"""What the scores are called, which way is better, and each in one plain sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TITLES: Final = {"fd": "FD", "is": "IS", "kl": "KL", "fad": "FAD", "clap": "CLAP score"}
DIRECTIONS: Final = {"fd": "lower", "is": "higher", "kl": "lower", "fad": "lower", "clap": "higher"}
MEANINGS: Final = {
    "fd": "how far the generated sounds as a whole lie from the reference; lower is better",
    "is": "how clearly each sound is something, and how varied all are; higher is better",
    "kl": "how differently a classifier hears each sound and its reference; lower is better",
    "fad": "how far both sets lie apart from moment to moment, sound quality above all; lower is "
    "better",
    "clap": "how well each sound answers its prompt, -1 to 1; higher is better",
}
ARROWS: Final = {"lower": "↓", "higher": "↑"}
_CLASS_NAMES: Final = {
    "bundled": "whoever trained the bundled network gives no names for its 78",
    "paper": "PANNs' 527 are AudioSet's, in the order of its class_labels_indices.csv",
}
BESIDE_KEYS: Final = ("fd_infinite", "kernel_distance", "fad_kernel_distance", "is_deviation")
"""Numbers beside the scores."""
PAPER_KEYS: Final = ("fd", "is", "kl", "fad")
"""The columns of the paper's Table I, in its order."""


def class_note(backbone: str) -> str:
    """What the numbers of classes are, by the backbone that says them."""
    names = _CLASS_NAMES.get(backbone, "this backbone gives them no names")
    return (
        "The classifier's most likely class, and how sure it is. Classes have numbers: "
        f"{names}; equal numbers are equal classes."
    )


def words_beside_fd(
    numbers: Mapping[str, float | None], written: Callable[[float], str] = "{:.4g}".format
) -> str | None:
    """A sentence with what stands beside FD, by key; None if nothing does.

    written: how a number is written.
    """
    endless, kernel = numbers["fd_infinite"], numbers["kernel_distance"]
    parts = []
    if endless is not None:
        parts.append(f"extrapolated to endlessly many sounds {written(endless)}")
    if kernel is not None:
        parts.append(f"kernel distance, which has no bias, {written(kernel)}")
    return f"Beside FD: {'; '.join(parts)}." if parts else None
