"""The pictures of Table II and Figure 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from soundstudio.benchmark.plots import OURS, PAPERS, TITLES, say
from soundstudio.benchmark.score_facts import METRICS, MetricName

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colour says what tells the model of a clip, the line how it began; markers differ, too.
_STYLES: Final[dict[tuple[str, str], tuple[str, str, str]]] = {
    ("pre-trained", "text"): ("#0072B2", "-", "o"),
    ("pre-trained", "audio"): ("#D55E00", "-", "s"),
    ("scratch", "text"): ("#56B4E9", "--", "^"),
    ("scratch", "audio"): ("#E69F00", "--", "D"),
}


def draw_table2(report: dict[str, Any]) -> Figure:
    """Four panels, one a metric: each arm's best score with its spread beside the paper's."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 7.5), layout="constrained")
    rows = report["rows"]
    ours = f"here ({report['backbone']['name']} backbone; bars: deviation over seeds)"
    for axes, metric in zip(figure.subplots(2, 2).flat, METRICS, strict=True):
        axes.set_title(TITLES[metric])
        for place, row in enumerate(rows):
            if (score := row[metric]) is not None:
                axes.bar(place - 0.2, score["mean"], 0.38, color=OURS, capsize=3,
                         yerr=score["deviation"], label=ours)  # fmt: skip
            if (paper := row["paper"]) is not None:
                axes.bar(place + 0.2, paper[metric], 0.38, color=PAPERS, hatch="//",
                         label="the paper's (PANNs, VGGish)")  # fmt: skip
        axes.set_xticks(range(len(rows)), [f"{row['start']},\n{row['condition']}" for row in rows])
    _finish(figure, report, 2)
    return figure


def draw_figure2(report: dict[str, Any]) -> Figure:
    """A row a metric: our curves with their spread, and the paper's best scores at their steps.

    Side by side and each on its own scales: the networks, and the steps, may be far apart. The
    paper prints no other points of its curves.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 13.0), layout="constrained")
    panels = figure.subplots(len(METRICS), 2)
    for (ours, papers), metric in zip(panels, METRICS, strict=True):
        ours.set_title(f"{TITLES[metric]}, here")
        papers.set_title("the paper's best scores (PANNs, VGGish)")
        for curve in report["curves"]:
            _draw_curve(ours, curve, metric)
        for row in report["rows"]:
            _draw_best(papers, row, metric)
        ours.set_xlabel("training steps")
        papers.set_xlabel("training steps (thousand)")
        if not ours.lines:
            say(ours, f"no score for {metric.upper()}")
        if not papers.lines:
            say(papers, "none for this dataset")
        for axes in (ours, papers):
            axes.grid(alpha=0.3)
    _finish(figure, report, 4)
    return figure


def _draw_curve(axes: Axes, curve: dict[str, Any], metric: MetricName) -> None:
    points = [(p["step"], p[metric]) for p in curve["points"] if p[metric] is not None]
    if not points:
        return
    colour, line, marker = _STYLES[curve["start"], curve["condition"]]
    steps = [step for step, _ in points]
    means = [score["mean"] for _, score in points]
    label = f"{curve['start']}, {curve['condition']}"
    axes.plot(steps, means, color=colour, linestyle=line, marker=marker, markersize=4, label=label)
    spreads = [score["deviation"] or 0.0 for _, score in points]
    low = [mean - spread for mean, spread in zip(means, spreads, strict=True)]
    high = [mean + spread for mean, spread in zip(means, spreads, strict=True)]
    axes.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)


def _draw_best(axes: Axes, row: dict[str, Any], metric: MetricName) -> None:
    if (paper := row["paper"]) is None:
        return
    colour, _, marker = _STYLES[row["start"], row["condition"]]
    label = f"{row['start']}, {row['condition']}"
    axes.plot([paper["step"] / 1000], [paper[metric]], color=colour, marker=marker, label=label)


def _finish(figure: Figure, report: dict[str, Any], columns: int) -> None:
    handles: dict[str, Any] = {}
    for axes in figure.axes:
        found, labels = axes.get_legend_handles_labels()
        # The first of a name: our curves have lines, the paper's points have none.
        handles = dict(zip(labels, found, strict=True)) | handles
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=columns)
    seeds = len(report["protocol"]["seeds"])
    figure.suptitle(
        f"{report['model']['title']} on {report['dataset']['title']}: "
        f"{report['training']['clips_used']} clips trained on, "
        f"{report['dataset']['clips_used']} held out, {seeds} seed{'s' * (seeds != 1)}"
    )
