"""The benchmark's pictures, drawn with matplotlib without its global state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.atomic_file import written_whole
from soundstudio.benchmark.score_facts import METRICS, MetricName

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which people with any colour vision tell apart; markers differ, too.
_STYLES: Final[dict[str, tuple[str, str]]] = {
    "noise": ("#D55E00", "o"),
    "mask": ("#0072B2", "s"),
    "interference": ("#009E73", "^"),
    "disorder": ("#CC79A7", "D"),
}
TITLES: Final[dict[MetricName, str]] = {
    "fd": "FD (lower is better)",
    "is": "IS (higher is better)",
    "kl": "KL (lower is better)",
    "fad": "FAD (lower is better)",
}
OURS, PAPERS = "#0072B2", "#BBBBBB"


def draw_figure1(report: dict[str, Any]) -> Figure:
    """Four panels, one a metric; a curve with its interval for each corruption."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 7.5), layout="constrained")
    for axes, metric in zip(figure.subplots(2, 2).flat, METRICS, strict=True):
        axes.set_title(TITLES[metric])
        axes.set_xlabel("corrupted clips (%)")
        axes.grid(alpha=0.3)
        for corruption in report["protocol"]["corruptions"]:
            _draw_curve(axes, report["points"], corruption, metric)
        if not axes.lines:
            say(axes, f"no network for {metric.upper()}")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    dataset = report["dataset"]
    figure.suptitle(
        f"{dataset['title']}, {dataset['clips_used']} clips, {report['backbone']['name']} backbone"
    )
    return figure


def _draw_curve(
    axes: Axes, points: list[dict[str, Any]], corruption: str, metric: MetricName
) -> None:
    drawn = [
        (100 * point["share"], point[metric])
        for point in points
        if point["corruption"] == corruption and point[metric] is not None
    ]
    if not drawn:
        return
    colour, marker = _STYLES[corruption]
    shares = [share for share, _ in drawn]
    values = [score["value"] for _, score in drawn]
    axes.plot(shares, values, color=colour, marker=marker, markersize=4, label=corruption)
    bands = [score["interval"] or [score["value"]] * 2 for _, score in drawn]
    low, high = zip(*bands, strict=True)
    axes.fill_between(shares, low, high, color=colour, alpha=0.15, linewidth=0)


def draw_table1(report: dict[str, Any]) -> Figure:
    """Four panels, one a metric: our bars with their intervals beside the paper's."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 3.6), layout="constrained")
    rows = report["rows"]
    for axes, metric in zip(figure.subplots(1, 4).flat, METRICS, strict=True):
        axes.set_title(TITLES[metric], fontsize="medium")
        for place, row in enumerate(rows):
            _draw_bars(axes, place, row, metric)
        axes.set_xticks(range(len(rows)), [row["condition"] for row in rows])
    handles: dict[str, Any] = {}
    for axes in figure.axes:
        found, labels = axes.get_legend_handles_labels()
        handles |= dict(zip(labels, found, strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=2)
    model, dataset = report["model"]["title"], report["dataset"]["title"]
    figure.suptitle(f"{model} on {dataset}, {report['dataset']['clips_used']} clips")
    return figure


def _draw_bars(axes: Axes, place: int, row: dict[str, Any], metric: MetricName) -> None:
    score, paper = row[metric], row["paper"]
    if score is not None:
        value = score["value"]
        low, high = score["interval"] or (value, value)
        errors = [[max(0.0, value - low)], [max(0.0, high - value)]]
        label = f"here ({row['networks']})"
        axes.bar(place - 0.2, value, 0.38, color=OURS, yerr=errors, capsize=3, label=label)
    if paper is not None:
        label = "the paper's AudioLDM (PANNs, VGGish)"
        axes.bar(place + 0.2, paper[metric], 0.38, color=PAPERS, hatch="//", label=label)


def say(axes: Axes, text: str) -> None:
    """A sentence in the middle of an empty panel."""
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def save_picture(figure: Figure, path: Path) -> None:
    """Write PNG or SVG, by the suffix; the same data give the same file. Raises StorageError."""
    import matplotlib as mpl

    kind = path.suffix.lstrip(".")
    with (
        written_whole(path) as temporary,
        mpl.rc_context({"svg.hashsalt": "soundstudio", "svg.fonttype": "none"}),
    ):
        stamp = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(temporary, format=kind, dpi=150, metadata=stamp)
