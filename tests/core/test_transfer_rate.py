"""Speed and time left, as they are said."""

from __future__ import annotations

import pytest

from soundstudio.core.transfer_rate import TransferRate, size_words, time_words, transfer_words


def rate_of(*seen: tuple[float, int]) -> TransferRate:
    rate = TransferRate()
    for now_s, done in seen:
        rate.note(done, now_s)
    return rate


def test_the_speed_is_of_the_last_seconds() -> None:
    slow_then_fast = rate_of(*((float(s), s * 1000) for s in range(20)),
                             *((20.0 + s, 20_000 + s * 5000) for s in range(20)))  # fmt: skip
    assert slow_then_fast.bytes_per_s == pytest.approx(5000)
    assert slow_then_fast.remaining_s(165_000) == pytest.approx(10.0)


def test_nothing_is_said_too_early_or_of_an_unknown_end() -> None:
    assert rate_of((0.0, 0), (0.1, 5000)).bytes_per_s == 0
    assert rate_of((0.0, 0), (1.0, 5000)).remaining_s(0) is None
    assert rate_of((0.0, 5000), (9.0, 5000)).remaining_s(10_000) is None


def test_a_fresh_start_is_no_negative_speed() -> None:
    assert rate_of((0.0, 9000), (1.0, 10_000), (2.0, 0), (3.0, 500)).bytes_per_s == 500


def test_words() -> None:
    assert [size_words(n) for n in (4_000, 38_000_000, 1_683_921_352)] == [
        "4 kB",
        "38 MB",
        "1.7 GB",
    ]
    assert [time_words(s) for s in (0.2, 12, 61, 3600, 7800)] == [
        "1 s", "12 s", "2 min", "1 h 0 min", "2 h 10 min",
    ]  # fmt: skip
    rate = rate_of((0.0, 0), (1.0, 10_000_000))
    assert transfer_words(10_000_000, 100_000_000, rate) == "10 MB of 100 MB, 10 MB/s, 9 s left"
    assert transfer_words(10_000_000, 0, TransferRate()) == "10 MB"
