"""One HTML file to send to somebody: the scores, what they mean, the map, and the sounds.

It asks for nothing from anywhere: style, script and sounds are inside, and its content policy
forbids the browser every request and every script but its own.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.atomic_file import written_whole
from soundstudio.core.errors import ReportError
from soundstudio.core.paths import APP_NAME, resource
from soundstudio.core.score_words import ARROWS, DIRECTIONS, MEANINGS, PAPER_KEYS, TITLES
from soundstudio.library.naming import escaped
from soundstudio.library.scores.charts import comparison_svg, map_svg
from soundstudio.library.scores.differences import differences
from soundstudio.library.scores.groups import (
    APART,
    grouped,
    heard_of,
    keys_shown,
    with_interval,
    written,
)
from soundstudio.library.scores.page_tables import clips_table, references_table
from soundstudio.library.scores.reports import titled
from soundstudio.library.scores.sounds import MAX_SOUND_S, PageSounds, gather

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from soundstudio.library.scores.groups import ScoreGroup
    from soundstudio.library.scores.reports import Report

MAX_PAGE_BYTES: Final = 18_000_000
"""An attachment grows by a third in the mail, and many mailboxes take 25 MB."""
_NAMES_SHOWN: Final = 3
_NOTICES_BYTES: Final = 4000
"""What the sentences about the sounds take at most, names that are no monsters given."""


def write_html(
    reports: Sequence[dict[str, Any]],
    path: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
    max_bytes: int = MAX_PAGE_BYTES,
) -> None:
    """Write one self-contained page of one scoring, or of several beside each other.

    The sounds are read from where the reports say that they lie; the page says which are not in
    it, because they would make it larger than `max_bytes` or cannot be read any more.
    progress: told (done, of how many sounds); it cancels by raising, and no file is left then.
    Encoding takes some tenths of a second for each sound: call it off the window's thread.

    Raises ReportError if one is no report, StorageError.
    """
    if not reports:
        raise ReportError("There are no scorings to export.")
    understood = titled(reports)
    bare = len(_page(understood, PageSounds(), max_bytes).encode())
    with written_whole(path) as temporary:
        temporary.touch()  # what cannot be written is said before minutes are spent
        sounds = gather(understood, max_bytes - bare - _NOTICES_BYTES, progress)
        page = _page(understood, sounds, max_bytes)
        temporary.write_text(page, encoding="utf-8", newline="\n")


def _page(reports: Sequence[Report], sounds: PageSounds, max_bytes: int) -> str:
    is_one = len(reports) == 1
    title = f"Scores of “{reports[0].title}”" if is_one else f"Scores of {len(reports)} sets"
    style, script = (_resource(name) for name in ("page.css", "page.js"))
    shown: set[str] = set()
    body = [
        f"<header><h1>{escaped(title)}</h1>",
        *_notices(sounds, max_bytes),
        "</header><main>",
        *([] if is_one else _side_by_side(reports)),
        *(
            line
            for number, report in enumerate(reports)
            for line in _scoring(report, sounds, shown, number, has_title=not is_one)
        ),
        f"</main><footer><p>Made with {APP_NAME}.</p></footer>",
        '<p id="status" role="status" aria-live="polite"></p>',
        f"<script>{script}</script>",
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escaped(title)}</title>",
            f"<style>{style}</style></head><body>",
            *body,
            "</body></html>",
            "",
        ]
    )


def _policy(style: str, script: str) -> str:
    """No request at all, and no script but the page's own, whatever a name may smuggle in."""
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    )
    return (
        f"default-src 'none'; media-src data:; style-src 'sha256-{style_hash}'; "
        f"script-src 'sha256-{script_hash}'; base-uri 'none'; form-action 'none'"
    )


def _resource(name: str) -> str:
    return resource("score_page", name).read_text(encoding="utf-8")


def _notices(sounds: PageSounds, max_bytes: int) -> list[str]:
    """Where the sounds come from, and which are not here or not whole."""
    makers = [f"{maker}, by {count:,} of the files" for maker, count in sounds.makers.most_common()]
    made = (
        "The sounds called generated are not recordings: a generative model is scored here by "
        f"them. They were made by {'; '.join(makers)}."
        if makers
        else "The sounds called generated are what a model is scored by here; their files do not "
        "say which one made them."
    )
    sentences = [
        made,
        "Reference sounds are the recordings that they are compared with; these keep their own "
        "licences when you pass this page on.",
    ]
    if sounds.left_out:
        sentences.append(
            f"{_named(sounds.left_out)} {_are(sounds.left_out)} left out, because this page would "
            f"be larger than {max_bytes / 1e6:g} MB with every sound. The worst sounds and the "
            "references that they are nearest to come first."
        )
    if sounds.unreadable:
        sentences.append(
            f"{_named(sounds.unreadable)} {_are(sounds.unreadable)} not here: the files were "
            "moved, deleted or damaged since they were scored."
        )
    if sounds.cut:
        sentences.append(
            f"Of {_named(sounds.cut)} only the first {MAX_SOUND_S:g} seconds are here."
        )
    return [f'<p class="notice">{escaped(sentence)}</p>' for sentence in sentences]


def _named(names: Sequence[str]) -> str:
    """ "4 sounds (a.wav, b.wav, c.wav and 1 more)"."""
    rest = len(names) - _NAMES_SHOWN
    more = f" and {rest:,} more" if rest > 0 else ""
    count = "1 sound" if len(names) == 1 else f"{len(names):,} sounds"
    return f"{count} ({', '.join(names[:_NAMES_SHOWN])}{more})"


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _side_by_side(reports: Sequence[Report]) -> list[str]:
    groups, keys = grouped(reports), keys_shown(reports)
    lines = ['<section aria-labelledby="beside"><h2 id="beside">Side by side</h2>']
    if len(groups) > 1:
        lines.append(f'<p class="caution">{escaped(APART)}</p>')
    for group in groups:
        lines += _group(group, keys)
    return [*lines, "</section>"]


def _group(group: ScoreGroup, keys: Sequence[str]) -> list[str]:
    heads = "".join(f'<th scope="col">{TITLES[key]} {_arrow(key)}</th>' for key in keys)
    rows = [
        f'<tr><th scope="row"><bdi>{escaped(report.title)}</bdi></th>'
        f"<td>{heard_of(report)}</td>"
        + "".join(f"<td>{_score_text(report, key)}</td>" for key in keys)
        + "</tr>"
        for report in group.reports
    ]
    note = [f'<p class="caution">{escaped(group.note)}</p>'] if group.note else []
    charts = [
        f"<figure><figcaption>{TITLES[key]} {_arrow(key)}, with 95 % intervals</figcaption>"
        f"{svg}</figure>"
        for key in (keys if len(group.reports) > 1 else ())
        if (svg := comparison_svg(group.reports, key))
    ]
    return [
        f"<h3>{escaped(group.heading)}</h3>",
        *note,
        '<div class="wide" tabindex="0" role="region" aria-label="Scores side by side"><table>',
        f'<thead><tr><th scope="col">Set</th><th scope="col">Sounds</th>{heads}</tr></thead>',
        f"<tbody>{''.join(rows)}</tbody></table></div>",
        *_differences(group),
        *charts,
    ]


def _differences(group: ScoreGroup) -> list[str]:
    found = [f"<li>{escaped(entry.sentence())}</li>" for entry in differences(group)]
    if not found:
        return []
    return ["<h4>Do they really differ?</h4>", f"<ul>{''.join(found)}</ul>"]


def _score_text(report: Report, key: str) -> str:
    score = report.scores[key]
    if score is None:
        return "none"
    value, interval = with_interval(score)
    return f"{value} <small>({interval})</small>" if interval else value


def _arrow(key: str) -> str:
    """An arrow that is read aloud as what it means."""
    direction = DIRECTIONS[key]
    return f'<span role="img" aria-label="({direction} is better)">{ARROWS[direction]}</span>'


def _scoring(
    report: Report, sounds: PageSounds, shown: set[str], number: int, *, has_title: bool
) -> list[str]:
    """All of one scoring. shown: ids of sounds that have their player in the page already."""
    title, label = "", f'aria-label="{escaped(report.title)}"'
    if has_title:
        title = f'<h2 id="set{number}"><bdi>{escaped(report.title)}</bdi></h2>'
        label = f'aria-labelledby="set{number}"'
    return [
        f"<section {label}>{title}",
        f"<p>{escaped(_made_of(report))}</p>",
        *_numbers(report),
        *_cautions(report),
        *_map(report, sounds),
        *clips_table(report, sounds, shown),
        *references_table(report, sounds, shown),
        "</section>",
    ]


def _made_of(report: Report) -> str:
    generated = f"{len(report.heard):,} generated sounds of “{report.generated_name}”"
    if report.reference is None:
        return f"{generated}."
    counts = [
        s.counts["reference"] for s in report.scores.values() if s and "reference" in s.counts
    ]
    count = f"{counts[0]:,}" if counts else "the"
    return f"{generated} against {count} reference sounds of “{report.reference_name}”."


def _numbers(report: Report) -> list[str]:
    """Each score with its sentence; why one is missing."""
    keys = [key for key in TITLES if key in PAPER_KEYS or report.scores[key] is not None]
    return ['<dl class="numbers">', *(_number(report, key) for key in keys), "</dl>"]


def _number(report: Report, key: str) -> str:
    score = report.scores[key]
    meaning = f"{TITLES[key]} says {MEANINGS[key]}."
    head = f"<div><dt>{TITLES[key]} {_arrow(key)}</dt>"
    if score is None:
        reason = report.missing.get(key, "")
        return f'{head}<dd class="value">none</dd><dd>{escaped(reason or meaning)}</dd></div>'
    value, interval = with_interval(score)
    between = f'<dd class="between">95 % interval {interval}</dd>' if interval else ""
    beside = ""
    if key == "fd" and (endless := report.numbers["fd_infinite"]) is not None:
        beside = f" Extrapolated to endlessly many sounds: {written(endless)}."
    counts = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in score.counts.items())
    facts = f"Heard with {score.backbone}; from {counts}."
    return (
        f'{head}<dd class="value">{value}</dd>{between}<dd>{escaped(meaning + beside)}</dd>'
        f'<dd class="facts">{escaped(facts)}</dd></div>'
    )


def _cautions(report: Report) -> list[str]:
    # Why a score is missing stands in its own place.
    said = [sentence for sentence in report.cautions if sentence not in report.missing.values()]
    if not said:
        return []
    items = "".join(f"<li>{escaped(sentence)}</li>" for sentence in said)
    return ["<h3>Mind</h3>", f'<ul class="cautions">{items}</ul>']


def _map(report: Report, sounds: PageSounds) -> list[str]:
    if report.sound_map is None:
        return [
            "<h3>Map</h3>",
            "<p>There is none: this scoring was made before maps were. Score the sounds again to "
            "get one.</p>",
        ]
    explained = f"{100 * report.sound_map.explained:.0f} %"
    return [
        "<h3>Map</h3>",
        '<figure class="mapped">',
        map_svg(report, sounds),
        '<figcaption><p class="legend"><span class="key generated">generated</span> '
        '<span class="key reference">reference</span> '
        '<span class="key">small and hollow: without its sound</span></p>'
        "<p>Each point is a sound; press one to hear it, go to others with the arrow keys. Points "
        "that lie apart were heard as different. Points that lie together may still differ in "
        f"what the map leaves out: it shows {explained} of all variance. FD counts all of it.</p>"
        "<noscript><p>The map plays no sounds without JavaScript; the tables do.</p></noscript>"
        "</figcaption></figure>",
    ]
