"""A blind comparison of two models: who is A and who is B, the votes, and what they are worth."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Literal

Model = Literal["base", "new"]
Letter = Literal["A", "B"]


@dataclass(slots=True)
class BlindTest:
    """One vote a pair; a later vote on the same pair replaces the earlier one.

    Which model is A is drawn anew for each pair. votes: the model that was preferred, None for no
    difference, by the pair's key.
    """

    chance: random.Random = field(default_factory=random.SystemRandom)
    votes: dict[str, Model | None] = field(default_factory=dict)
    _new_is_a: dict[str, bool] = field(default_factory=dict)

    def model_of(self, pair: str, letter: Letter) -> Model:
        """The model behind a letter."""
        if pair not in self._new_is_a:
            self._new_is_a[pair] = self.chance.random() < 0.5
        return "new" if self._new_is_a[pair] == (letter == "A") else "base"

    def vote(self, pair: str, letter: Letter | None) -> None:
        """Prefer a letter; None: they are equally good."""
        self.votes[pair] = self.model_of(pair, letter) if letter else None

    def count(self, model: Model | None) -> int:
        return sum(vote == model for vote in self.votes.values())

    def chance_of_this(self) -> float | None:
        """How likely a preference this clear is if both are equally good: two-sided sign test.

        Pairs without a difference count for neither. None without any preference.
        """
        new, base = self.count("new"), self.count("base")
        total = new + base
        if not total:
            return None
        tail = sum(math.comb(total, k) for k in range(max(new, base), total + 1))
        return float(min(1.0, 2 * tail / 2**total))

    def sentence(self) -> str:
        """The votes in words, with what they are worth."""
        new, base, same = (self.count(which) for which in ("new", "base", None))
        chance = self.chance_of_this()
        if chance is None:
            return "No vote for either model yet." if not same else f"No difference: {same}."
        words = f"New model {new}, base model {base}"
        if same:
            words += f", no difference {same}"
        share = f"{chance * 100:.0f} %" if chance >= 0.01 else "under 1 %"
        if chance < 0.05:
            return f"{words}. By guessing alone it would be that clear in {share} of such tests."
        return f"{words}. That may be chance: guessing is that clear in {share} of such tests."
