"""What the scores are called, which way is better, and each in one plain sentence."""

from __future__ import annotations

from typing import Final

TITLES: Final = {"fd": "FD", "is": "IS", "kl": "KL", "fad": "FAD", "clap": "CLAP score"}
DIRECTIONS: Final = {"fd": "lower", "is": "higher", "kl": "lower", "fad": "lower", "clap": "higher"}
MEANINGS: Final = {
    "fd": "how far the generated sounds as a whole lie from the reference; lower is better",
    "is": "how clearly each sound is something, and how varied all are; higher is better",
    "kl": "how differently a classifier hears each sound and its reference; lower is better",
    "fad": "how far the moments of both sets lie apart, sound quality above all; lower is better",
    "clap": "how well each sound answers its prompt, -1 to 1; higher is better",
}
ARROWS: Final = {"lower": "↓", "higher": "↑"}
CLASSES_NOTE: Final = (
    "The classifier's most likely class, and how sure it is. Classes have numbers: whoever trained "
    "the bundled network gives no names for its 78, and only equal numbers mean something."
)
PAPER_KEYS: Final = ("fd", "is", "kl", "fad")
"""The columns of the paper's Table I, in its order."""
