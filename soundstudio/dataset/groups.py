"""Things that belong together because others tie them to each other (union and find)."""

from __future__ import annotations


class Groups:
    """Numbers 0 … count-1, each a group of its own at first."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def first(self, index: int) -> int:
        """The lowest number of the group of `index`."""
        parents = self._parents
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    def join(self, one: int, other: int) -> None:
        """From now on their groups are one."""
        low, high = sorted((self.first(one), self.first(other)))
        self._parents[high] = low
