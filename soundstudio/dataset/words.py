"""Class names and file names as words."""

from __future__ import annotations


def plain_label(label: str) -> str:
    """A class name as words: chirping_birds → chirping birds."""
    return " ".join(label.replace("_", " ").split())
