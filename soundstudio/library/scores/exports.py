"""Scorings as files for other programs: JSON, and tables for spreadsheets and for papers.

The page for people is in `page`. Each function takes reports as `soundstudio score --json`
writes them, and raises ReportError if one is none, StorageError if the file cannot be written.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.atomic_file import written_whole
from soundstudio.core.errors import ReportError, StorageError
from soundstudio.core.score_words import ARROWS, DIRECTIONS, TITLES
from soundstudio.library.csv_cells import CSV_ENCODING, plain_cells
from soundstudio.library.naming import printable
from soundstudio.library.scores.groups import (
    APART,
    grouped,
    heard_of,
    keys_shown,
    with_interval,
)
from soundstudio.library.scores.reports import ClipRow, titled, understood

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from soundstudio.library.scores.groups import ScoreGroup
    from soundstudio.library.scores.reports import Report, ReportedScore

_COUNTS: Final = {
    "fd": ("generated", "reference"),
    "is": ("generated", "splits"),
    "kl": ("pairs",),
    "fad": ("generated", "reference", "frames_generated", "frames_reference"),
    "clap": ("generated",),
}


def write_json(reports: Sequence[dict[str, Any]], path: Path) -> None:
    """One report as it is, or several as the list `reports` of an object."""
    _some(reports)
    _write(path, json_text(reports[0] if len(reports) == 1 else {"reports": list(reports)}))


def json_text(value: dict[str, Any]) -> str:
    """An object as indented JSON with a line's end. Raises StorageError for NaN and the like."""
    try:
        text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
        # The name of a file need not be valid Unicode on Linux; escaped it survives.
        if not text.isascii() and re.search("[\ud800-\udfff]", text):
            text = json.dumps(value, ensure_ascii=True, indent=2, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StorageError(f"The report cannot be written as JSON: {error}.") from error
    return f"{text}\n"


def write_csv(reports: Sequence[dict[str, Any]], path: Path) -> None:
    """A line for each scoring: all numbers with their intervals, networks and counts."""
    _write(path, csv_text(titled(_some(reports))), CSV_ENCODING)


def csv_text(reports: Sequence[Report]) -> str:
    """The table of `write_csv`."""
    rows = [_scoring_cells(report) for report in reports]
    return _table(list(rows[0]), rows)


def write_clips_csv(report: dict[str, Any], path: Path) -> None:
    """A line for each generated clip of one scoring."""
    _write(path, clips_csv_text(understood(report)), CSV_ENCODING)


def clips_csv_text(report: Report) -> str:
    """The table of `write_clips_csv`: with each number the networks that it was heard with."""
    heads = [field.name for field in fields(ClipRow)]
    networks = {
        f"{key}_networks": score.backbone if (score := report.scores[key]) else "" for key in TITLES
    }
    return _table([*heads, *networks], [asdict(row) | networks for row in report.clips])


def write_latex(reports: Sequence[dict[str, Any]], path: Path) -> None:
    """A booktabs table like the paper's Table I, with intervals, in groups that compare."""
    _write(path, latex_text(titled(_some(reports))))


def latex_text(reports: Sequence[Report]) -> str:
    """The table of `write_latex`: `booktabs` is the only package that it needs."""
    keys, groups = keys_shown(reports), grouped(reports)
    columns = len(keys) + 2
    heads = [f"{TITLES[key]} {_LATEX_ARROWS[DIRECTIONS[key]]}" for key in keys]
    body: list[str] = []
    for group in groups:
        body += [r"\midrule", *_latex_group(group, keys, columns)]
    notes = [APART] if len(groups) > 1 else []
    notes += dict.fromkeys(group.note for group in groups if group.note)
    caption = " ".join(
        ["Scores of generated sounds, with intervals at 95\\,\\%.", *map(latex, notes)]
    )
    return "\n".join(
        [
            r"% Needs \usepackage{booktabs}; names in other scripts than Latin need LuaLaTeX.",
            r"\begin{table}",
            r"  \centering",
            f"  \\caption{{{caption}}}",
            f"  \\begin{{tabular}}{{lr{'l' * len(keys)}}}",
            r"    \toprule",
            f"    {' & '.join(['', 'Sounds', *heads])} \\\\",
            *(f"    {line}" for line in body),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _latex_group(group: ScoreGroup, keys: Sequence[str], columns: int) -> list[str]:
    lines = [f"\\multicolumn{{{columns}}}{{l}}{{\\emph{{{latex(group.heading)}}}}} \\\\"]
    for report in group.reports:
        cells = [_latex_score(report.scores[key]) for key in keys]
        # In braces: a name that begins with [ would be read as an option of the line's end.
        name = f"{{{latex(report.title)}}}"
        lines.append(f"{' & '.join([name, heard_of(report), *cells])} \\\\")
    return lines


def _latex_score(score: ReportedScore | None) -> str:
    if score is None:
        return "--"
    value, interval = (_latex_number(part) for part in with_interval(score))
    return f"{value} {{\\scriptsize ({interval})}}" if interval else value


def _latex_number(text: str) -> str:
    """A hyphen before a number is a minus sign."""
    return re.sub(r"-(?=[\d.])", "$-$", text)


_LATEX_ARROWS: Final = {"lower": r"$\downarrow$", "higher": r"$\uparrow$"}
_LATEX_ESCAPES: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "#": r"\#",
    "$": r"\$",
    "%": r"\%",
    "&": r"\&",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # Ligatures: two hyphens would become a dash, two quotes another quote, ?` another sign.
    "-": "-{}",
    "'": "'{}",
    "`": "`{}",
    "“": "``",
    "”": "''",
}


def latex(text: str) -> str:
    """`text` as LaTeX prints it literally."""
    return "".join(_LATEX_ESCAPES.get(letter, letter) for letter in printable(text))


def _scoring_cells(report: Report) -> dict[str, Any]:
    """One line of the table of scorings: column → cell."""
    cells: dict[str, Any] = {
        "scoring": report.title,
        "generated": report.generated_name,
        "reference": report.reference_name,
        "backbone": report.backbone,
        "networks": "; ".join(report.networks),
        "sounds_heard": len(report.heard),
        "sounds_failed": len(report.clips) - len(report.heard),
        "references_failed": len(report.references_failed),
    }
    for key, names in _COUNTS.items():
        score = report.scores[key]
        low, high = score.interval if score and score.interval else (None, None)
        cells[key] = score.value if score else None
        cells[f"{key}_better"] = f"{DIRECTIONS[key]} {ARROWS[DIRECTIONS[key]]}"
        cells |= {f"{key}_low": low, f"{key}_high": high}
        cells[f"{key}_networks"] = score.backbone if score else ""
        cells |= {f"{key}_{name}": score.counts.get(name) if score else None for name in names}
        cells[f"{key}_missing"] = "" if score else report.missing.get(key, "")
    cells |= report.numbers
    cells |= {"draws": report.draws, "seed": report.seed}
    cells["map_explained"] = report.sound_map.explained if report.sound_map else None
    cells["cautions"] = " | ".join(report.cautions)
    return cells


def _table(heads: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(heads)
    for row in rows:
        # Only texts are guarded: a negative number stays a number.
        writer.writerow(
            plain_cells(printable(cell))[0] if isinstance(cell, str) else cell
            for cell in (row[head] for head in heads)
        )
    return buffer.getvalue()


def _some(reports: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    if not reports:
        raise ReportError("There are no scorings to export.")
    return reports


def _write(path: Path, text: str, encoding: str = "utf-8") -> None:
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding=encoding, newline="")
