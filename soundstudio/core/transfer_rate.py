"""How fast bytes arrive, and how long the rest will take."""

from __future__ import annotations

from collections import deque
from typing import Final

_WINDOW_S: Final = 8.0
_FIRST_WORD_S: Final = 0.5


class TransferRate:
    """The speed over the last eight seconds: steady enough to read, quick enough to be believed."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, done_bytes: int, now_s: float) -> None:
        """`done_bytes` are there at `now_s`. Fewer than before: another file, or a fresh start."""
        if self._seen and done_bytes < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now_s, done_bytes))
        while len(self._seen) > 2 and now_s - self._seen[1][0] >= _WINDOW_S:
            self._seen.popleft()

    @property
    def bytes_per_s(self) -> float:
        """0 until half a second was watched."""
        if len(self._seen) < 2:
            return 0.0
        (start_s, start), (end_s, end) = self._seen[0], self._seen[-1]
        return (end - start) / (end_s - start_s) if end_s - start_s >= _FIRST_WORD_S else 0.0

    def remaining_s(self, total_bytes: int) -> float | None:
        """Seconds until `total_bytes` are there; None if that cannot be said."""
        speed = self.bytes_per_s
        if not total_bytes or speed <= 0:
            return None
        return max(0.0, total_bytes - self._seen[-1][1]) / speed


def size_words(size_bytes: float) -> str:
    """ "1.7 GB", "38 MB", "4 kB"; decimal, as disks and servers count."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= factor:
            return (
                f"{size_bytes / factor:.1f} {unit}"
                if unit == "GB"
                else (f"{size_bytes / factor:.0f} {unit}")
            )
    return f"{size_bytes / 1e3:.0f} kB"


def time_words(seconds: float) -> str:
    """ "12 s", "4 min", "2 h 10 min"; rounded up, because nobody minds being early."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = -(-whole // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def transfer_words(done: int, total: int, rate: TransferRate) -> str:
    """ "38 MB of 1.7 GB, 12 MB/s, 2 min left"; what is unknown is left out."""
    words = f"{size_words(done)} of {size_words(total)}" if total else size_words(done)
    if rate.bytes_per_s > 0:
        words += f", {size_words(rate.bytes_per_s)}/s"
    remaining_s = rate.remaining_s(total)
    if remaining_s is not None and done < total:
        words += f", {time_words(remaining_s)} left"
    return words
