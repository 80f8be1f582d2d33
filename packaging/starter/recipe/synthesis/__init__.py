"""Procedural sounds with captions, a module per group of families."""

from recipe.synthesis.registry import FAMILIES, Made, synthesise

__all__ = ["FAMILIES", "Made", "synthesise"]
