"""The tables of sounds in a page of scores: the generated ones, worst first, and the references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from soundstudio.core.score_words import class_note
from soundstudio.library.naming import escaped
from soundstudio.library.scores.groups import written
from soundstudio.library.scores.reports import not_heard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstudio.library.scores.reports import ClipRow, Report
    from soundstudio.library.scores.sounds import PageSound, PageSounds

MAX_ROWS: Final = 1000
_ABSENT: Final = '<span class="absent">not in this page</span>'


def clips_table(report: Report, sounds: PageSounds, shown: set[str]) -> list[str]:
    """The generated sounds, worst first, and those of both sets that could not be heard."""
    rows = report.worst_first()
    failed = not_heard(report.clips, report.references_failed)
    lines = ["<h3>Generated sounds, worst first</h3>", f"<p>{escaped(_order(rows))}</p>"]
    if len(rows) > MAX_ROWS:
        lines.append(f"<p>The first {MAX_ROWS:,} of {len(rows):,} are shown.</p>")
    columns = _columns(report, rows)
    heads = "".join(f'<th scope="col"{_hint(title, report)}>{title}</th>' for title in columns)
    lines += [
        '<div class="wide" tabindex="0" role="region" aria-label="Generated sounds"><table>',
        f'<thead><tr><th scope="col">Sound</th>{heads}</tr></thead><tbody>',
        *(_row(report, clip, columns, sounds, shown) for clip in rows[:MAX_ROWS]),
        "</tbody></table></div>",
    ]
    if failed:
        items = "".join(
            f"<li><bdi>{escaped(name)}</bdi>: {escaped(failure)}</li>" for name, failure in failed
        )
        lines += ["<h3>Not heard</h3>", f"<ul>{items}</ul>"]
    return lines


def references_table(report: Report, sounds: PageSounds, shown: set[str]) -> list[str]:
    """The reference sounds that are in the page, folded away."""
    if report.reference is None:
        return []
    names = {name: None for clip in report.heard for name in (clip.nearest, clip.paired_with)}
    if report.sound_map is not None:
        names |= {point.name: None for point in report.sound_map.reference}
    found = [(name, sounds.of(report, "reference", name)) for name in sorted(names) if name]
    rows = "".join(
        f'<tr><th scope="row"><bdi>{escaped(name)}</bdi></th><td>{_player(sound, shown)}</td></tr>'
        for name, sound in found
        if sound is not None
    )
    if not rows:
        return []
    return [
        "<details><summary>Reference sounds</summary><table>",
        '<thead><tr><th scope="col">Sound</th><th scope="col">Listen</th></tr></thead>',
        f"<tbody>{rows}</tbody></table></details>",
    ]


def _hint(title: str, report: Report) -> str:
    return f' title="{escaped(class_note(report.backbone))}"' if title == "Class" else ""


def _order(rows: Sequence[ClipRow]) -> str:
    if any(clip.fd_without is not None for clip in rows):
        return (
            "First the sounds without which FD would fall most. Nearest is the reference that was "
            "heard as most similar, from -1 to 1."
        )
    if any(clip.is_without is not None for clip in rows):
        return "First the sounds without which IS would rise most."
    return "There is no score by which to order them."


def _columns(report: Report, rows: Sequence[ClipRow]) -> list[str]:
    """The columns that any row has something in."""
    known = {
        "Change of FD without it": any(clip.fd_without is not None for clip in rows),
        "Change of IS without it": report.reference is None
        and any(clip.is_without is not None for clip in rows),
        "Nearest reference": any(clip.nearest for clip in rows),
        "Class": any(clip.sound_class is not None for clip in rows),
        "KL": any(clip.kl is not None for clip in rows),
        "Prompt": any(clip.prompt for clip in rows),
        "CLAP": any(clip.clap is not None for clip in rows),
    }
    return [title for title, is_known in known.items() if is_known]


def _row(
    report: Report, clip: ClipRow, columns: Sequence[str], sounds: PageSounds, shown: set[str]
) -> str:
    cells = {
        "Change of FD without it": _signed(clip.fd_without),
        "Change of IS without it": _signed(clip.is_without),
        "Nearest reference": _nearest(report, clip, sounds),
        "Class": _class(clip),
        "KL": "" if clip.kl is None else written(clip.kl),
        "Prompt": f"<bdi>{escaped(clip.prompt)}</bdi>" if clip.prompt else "",
        "CLAP": "" if clip.clap is None else f"{clip.clap:.2f}",
    }
    player = _player(sounds.of(report, "generated", clip.name), shown)
    return (
        f'<tr><th scope="row"><bdi>{escaped(clip.name)}</bdi>{player}</th>'
        + "".join(f"<td>{cells[title]}</td>" for title in columns)
        + "</tr>"
    )


def _player(sound: PageSound | None, shown: set[str]) -> str:
    """The sound's own player where it comes first, a button for that one later on."""
    if sound is None:
        return _ABSENT
    if sound.id in shown:
        return _button(sound)
    shown.add(sound.id)
    name = escaped(sound.name)
    return (
        f'<audio id="{sound.id}" controls preload="none" data-name="{name}" aria-label="{name}" '
        f'src="data:{sound.media_type};base64,{sound.data}"></audio>'
    )


def _button(sound: PageSound) -> str:
    label = escaped(f"Play {sound.name}")
    return (
        f'<button type="button" data-plays="{sound.id}" aria-pressed="false" '
        f'aria-label="{label}">▶</button>'
    )


def _nearest(report: Report, clip: ClipRow, sounds: PageSounds) -> str:
    if not clip.nearest:
        return ""
    sound = sounds.of(report, "reference", clip.nearest)
    button = _button(sound) if sound is not None else ""
    similarity = "" if clip.similarity is None else f" <small>{clip.similarity:.2f}</small>"
    return f"{button}<bdi>{escaped(clip.nearest)}</bdi>{similarity}"


def _class(clip: ClipRow) -> str:
    if clip.sound_class is None:
        return ""
    chance = clip.class_probability
    share = "" if chance is None else f" <small>{100 * chance:.0f} %</small>"
    return f"class {clip.sound_class}{share}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.3g}"
