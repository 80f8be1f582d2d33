"""All sounds of a folder examined by several processes, and repetitions among them found."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from soundstudio.core.processes import LostProcessError, usable_cores, work_through
from soundstudio.core.progress import Progress, ProgressCallback, ignore_progress
from soundstudio.dataset.examine import Examined, ScannedClip, examine
from soundstudio.dataset.findings import DatasetError, Finding
from soundstudio.dataset.fingerprint import near_pairs
from soundstudio.dataset.folder import FolderContents, look_into
from soundstudio.dataset.groups import Groups
from soundstudio.dataset.words import shown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_BATCH_FILES: Final = 16
_BATCH_BYTES: Final = 32 << 20
_MAX_PROCESSES: Final = 8
_MIN_S_BETWEEN_REPORTS: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """What a folder holds.

    clips: all that can be used, in the order of their paths; exact duplicates are not among them.
    near: for a clip that nearly repeats earlier ones, the earliest of these (indices into clips).
    """

    contents: FolderContents
    clips: tuple[ScannedClip, ...]
    near: dict[int, int]
    findings: tuple[Finding, ...]


def scan_folder(
    folder: Path,
    progress: ProgressCallback = ignore_progress,
    *,
    min_duration_s: float = 0.05,
    processes: int | None = None,
) -> Scan:
    """Read every sound below `folder` once; nothing there is changed.

    progress: stage "scanning", files examined of all; Cancelled raised from it stops the scan.
    processes: None takes all cores, 1 works in this process. Raises DatasetError if there is no
    such folder, it vanishes, or it holds no sound that can be used.
    """
    contents = look_into(folder)
    work = functools.partial(_examine_batch, min_duration_s=min_duration_s)
    examined = examine_all(contents.sounds, work, progress, processes)
    # Their number alone would be no news if the disk was unplugged.
    if not contents.folder.is_dir():
        raise DatasetError(
            f"The folder {shown_name(contents.folder)} vanished while it was read.",
            "Is the disk still connected?",
        )
    usable = [one.clip for one in examined if one.clip is not None]
    clips, repeated = _without_duplicates(usable)
    near, remarks = _near_duplicates(clips)
    findings = [*contents.findings, *repeated, *remarks]
    findings += [finding for one in examined for finding in one.findings]
    findings.sort(key=lambda finding: (str(finding.path), finding.kind))
    if not clips:
        raise DatasetError(_nothing_sentence(contents, findings), "Choose another folder.")
    return Scan(contents, tuple(clips), near, tuple(findings))


def examine_all(
    paths: Sequence[Path],
    work: Callable[[None, Sequence[Path]], list[Examined]],
    progress: ProgressCallback = ignore_progress,
    processes: int | None = None,
) -> list[Examined]:
    """Every path by `work`, which takes a batch; a batch that kills its process is narrowed down.

    A file on which a process ends (a decoder that crashes) becomes a finding of its own.
    """
    count = processes or min(usable_cores(), _MAX_PROCESSES)
    # In processes of their own even a few: a window must neither wait nor crash with a decoder.
    apart = processes != 1
    done: dict[Path, Examined] = {}
    report = _Reports(progress, len(paths))
    report(0)
    try:
        for _, batch in work_through(_batches(paths), _no_state, work, count, apart=apart):
            done |= {one.path: one for one in batch}
            report(len(done))
    except LostProcessError:
        _narrow_down([path for path in paths if path not in done], work, done, report)
    return [done[path] for path in paths]


def _narrow_down(
    paths: list[Path],
    work: Callable[[None, Sequence[Path]], list[Examined]],
    done: dict[Path, Examined],
    report: _Reports,
) -> None:
    """One file after the other in one process; the file on which it ends is named."""
    while paths:
        pieces = [[path] for path in paths]
        try:
            for _, batch in work_through(pieces, _no_state, work, 1, apart=True):
                done |= {one.path: one for one in batch}
                report(len(done))
        except LostProcessError:
            culprit = next(path for path in paths if path not in done)
            sentence = f"{shown_name(culprit)} is damaged: it makes the reading program crash."
            finding = Finding("damaged", sentence, culprit, excludes=True)
            done[culprit] = Examined(culprit, None, (finding,))
        paths = [path for path in paths if path not in done]


class _Reports:
    """Passes progress on, not more often than somebody can see."""

    def __init__(self, progress: ProgressCallback, total: int) -> None:
        self._progress = progress
        self._total = total
        self._last_s = -_MIN_S_BETWEEN_REPORTS

    def __call__(self, done: int) -> None:
        now_s = time.monotonic()
        if done in (0, self._total) or now_s - self._last_s >= _MIN_S_BETWEEN_REPORTS:
            self._last_s = now_s
            self._progress(Progress("scanning", done, self._total))


def _no_state() -> None:
    """Examining needs nothing loaded."""


def _examine_batch(_: None, paths: Sequence[Path], *, min_duration_s: float) -> list[Examined]:
    return [examine(path, min_duration_s) for path in paths]


def _batches(paths: Sequence[Path]) -> list[list[Path]]:
    """Some files at a time, not too many bytes at once; the largest first, so that none is last."""
    sized = sorted(((_size(path), path) for path in paths), key=lambda entry: -entry[0])
    batches: list[list[Path]] = []
    room_bytes = 0
    for size, path in sized:
        if not batches or len(batches[-1]) == _BATCH_FILES or size > room_bytes:
            batches.append([])
            room_bytes = _BATCH_BYTES
        batches[-1].append(path)
        room_bytes -= size
    return batches


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _without_duplicates(
    clips: Sequence[ScannedClip],
) -> tuple[list[ScannedClip], list[Finding]]:
    """The first of those with the very same samples, in the order of paths; the others named."""
    first: dict[str, ScannedClip] = {}
    findings = []
    for clip in clips:
        original = first.setdefault(clip.audio, clip)
        if original is not clip:
            sentence = (
                f"{shown_name(clip.path)} holds the very same sound as {shown_name(original.path)}."
            )
            findings.append(
                Finding("duplicate", sentence, clip.path, excludes=True, other=original.path)
            )
    return list(first.values()), findings


def _near_duplicates(clips: Sequence[ScannedClip]) -> tuple[dict[int, int], list[Finding]]:
    """For each clip like an earlier one, directly or by others, an earlier one of its kind."""
    pairs = near_pairs([clip.picture for clip in clips], [clip.audible_s for clip in clips])
    near: dict[int, int] = {}
    for earlier, later in pairs:  # sorted: the earliest partner comes first
        near.setdefault(later, earlier)
    groups = Groups(len(clips))
    for pair in pairs:
        groups.join(*pair)
    for index in range(len(clips)):
        # Of many alike not all pairs are known: one may be tied to an earlier one by a later.
        if index not in near and (first := groups.first(index)) != index:
            near[index] = first
    findings = []
    for later, earlier in near.items():
        path, other = clips[later].path, clips[earlier].path
        sentence = f"{shown_name(path)} sounds nearly the same as {shown_name(other)}."
        findings.append(Finding("near duplicate", sentence, path, other=other))
    return near, findings


def _nothing_sentence(contents: FolderContents, findings: Sequence[Finding]) -> str:
    name = shown_name(contents.folder)
    refused = [finding for finding in findings if finding.excludes]
    if not refused:
        return f"There are no sounds in {name}."
    count = len({finding.path for finding in refused})
    if count == 1:
        return f"The only sound file in {name} cannot be used. {refused[0].sentence}"
    return f"None of the {count} sound files in {name} can be used; for one: {refused[0].sentence}"
