"""Several scorings side by side on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from soundstudio.cli.terminal import write_line, write_table
from soundstudio.core.score_words import ARROWS, DIRECTIONS, TITLES

if TYPE_CHECKING:
    from collections.abc import Sequence


def show_side_by_side(reports: Sequence[dict[str, Any]]) -> None:
    """A table for each group of scorings that compare, and whether they really differ."""
    from soundstudio.library.naming import printable
    from soundstudio.library.scores.differences import differences
    from soundstudio.library.scores.groups import (
        APART,
        grouped,
        heard_of,
        keys_shown,
        with_interval,
    )
    from soundstudio.library.scores.reports import titled

    understood = titled(reports)
    keys, groups = keys_shown(understood), grouped(understood)
    heads = [f"{TITLES[key]} {ARROWS[DIRECTIONS[key]]}" for key in keys]
    write_line("\nSide by side, with 95 % intervals")
    if len(groups) > 1:
        write_line(APART)
    for group in groups:
        write_line(f"\n{printable(group.heading)}")
        rows: list[tuple[str, ...]] = [("  SET", "SOUNDS", *heads)]
        for report in group.reports:
            scores = [report.scores[key] for key in keys]
            parts = [with_interval(score) if score else ("none", "") for score in scores]
            cells = [f"{value} ({interval})" if interval else value for value, interval in parts]
            rows.append((f"  {printable(report.title)}", heard_of(report), *cells))
        write_table(rows)
        if group.note:
            write_line(f"  {group.note}")
        for found in differences(group):
            write_line(f"  {printable(found.sentence())}")
