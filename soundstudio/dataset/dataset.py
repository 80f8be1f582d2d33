"""From a folder to a dataset, and the file that keeps one."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.atomic_file import written_whole
from soundstudio.core.progress import ProgressCallback, ignore_progress
from soundstudio.dataset.caption_sources import collect_captions
from soundstudio.dataset.captions import CaptionTable, finished_caption
from soundstudio.dataset.clips import SPLITS, DatasetClip, DatasetOptions, Split
from soundstudio.dataset.examine import SILENT_PEAK, ScannedClip
from soundstudio.dataset.findings import DatasetError, Finding, whole_findings
from soundstudio.dataset.recordings import recordings_of
from soundstudio.dataset.scan import Scan, scan_folder
from soundstudio.dataset.segments import is_silent, segments_of, suiting_segment_s
from soundstudio.dataset.splits import split_rows
from soundstudio.dataset.words import shown_name

__all__ = [
    "Dataset",
    "DatasetClip",
    "DatasetError",
    "DatasetOptions",
    "Finding",
    "Split",
    "build_dataset",
    "load_dataset",
    "read_dataset",
    "save_dataset",
]

if TYPE_CHECKING:
    from collections.abc import Sequence

DATASET_FORMAT: Final = "soundstudio dataset"
DATASET_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Dataset:
    """The segments to train on, in a fixed order, and what was found on the way to them."""

    folder: Path
    clips: tuple[DatasetClip, ...]
    findings: tuple[Finding, ...]
    options: DatasetOptions

    def of_split(self, split: Split) -> tuple[DatasetClip, ...]:
        return tuple(clip for clip in self.clips if clip.split == split)

    def counts(self) -> dict[Split, int]:
        """How many segments each split has."""
        found = Counter(clip.split for clip in self.clips)
        return {split: found[split] for split in SPLITS}

    def durations_s(self) -> dict[Split, float]:
        """How many seconds of sound each split has."""
        return {split: sum(clip.duration_s for clip in self.of_split(split)) for split in SPLITS}

    def labels(self) -> tuple[str, ...]:
        """All labels, sorted."""
        return tuple(sorted({clip.label for clip in self.clips if clip.label is not None}))


def read_dataset(
    folder: Path,
    options: DatasetOptions | None = None,
    progress: ProgressCallback = ignore_progress,
    *,
    processes: int | None = None,
) -> Dataset:
    """Scan a folder, find captions, split and cut: all in one.

    Progress and errors are those of `scan.scan_folder`; Cancelled raised from progress stops it.
    Raises InvalidRequestError for impossible options, DatasetError if nothing can be used.
    """
    options = (options or DatasetOptions()).validated()
    scan = scan_folder(folder, progress, min_duration_s=options.min_duration_s, processes=processes)
    table, findings = collect_captions(scan, options.caption_table)
    dataset = build_dataset(scan, table, options, findings)
    if not dataset.clips:
        raise DatasetError(
            f"Every clip of {folder} is left out.", "A table's column “left_out” says so."
        )
    return dataset


def build_dataset(
    scan: Scan, table: CaptionTable, options: DatasetOptions, findings: Sequence[Finding] = ()
) -> Dataset:
    """The dataset of a scan whose captions may have been edited; takes no time.

    table: a row for each clip of the scan, in its order. findings: about the captions.
    """
    chosen = _chosen(scan, table, options)
    recordings, counted = recordings_of(table.rows, scan.near, table.folder)
    rows = [table.rows[index] for index in chosen]
    segment_s = options.segment_s
    if segment_s is None:
        segment_s = suiting_segment_s(scan.clips[index].duration_s for index in chosen)
        options = dataclasses.replace(options, segment_s=segment_s)
    cut = {index: _audible_segments(scan.clips[index], segment_s) for index in chosen}
    # By segments: two hours in one file would otherwise count as little as a second.
    sizes = [len(cut[index][0]) for index in chosen]
    splits, remarks = split_rows(rows, [recordings[index] for index in chosen], options, sizes)
    if not chosen:
        remarks = [Finding("few clips", "Every clip is left out: there is nothing to train on.")]
    clips: list[DatasetClip] = []
    silent: list[Finding] = []
    for index, split in zip(chosen, splits, strict=True):
        segments, quiet = cut[index]
        if quiet:
            silent.append(_silence_finding(scan.clips[index].path, quiet, len(segments) + quiet))
        row = table.rows[index]
        caption = finished_caption(row.caption, options.template, options.replacements)
        clips += [
            DatasetClip(
                path=row.path,
                caption=caption,
                label=row.label,
                recording=recordings[index],
                split=split,
                start_s=start_s,
                duration_s=duration_s,
                content=scan.clips[index].content,
            )
            for start_s, duration_s in segments
        ]
    left_out = [
        Finding(
            "left out", f"{shown_name(row.path)} is left out by choice.", row.path, excludes=True
        )
        for row in table.rows
        if row.is_left_out
    ]
    found = [*scan.findings, *silent, *findings, *left_out, *remarks]
    if clips:
        found += whole_findings([(clip.path, clip.caption) for clip in clips], counted)
    return Dataset(scan.contents.folder, tuple(clips), tuple(found), options)


def _chosen(scan: Scan, table: CaptionTable, options: DatasetOptions) -> list[int]:
    """Which clips are used: of near duplicates the first that nobody left out, if only one."""
    chosen = [index for index, row in enumerate(table.rows) if not row.is_left_out]
    if options.keep_near_duplicates:
        return chosen
    firsts: dict[int, int] = {}
    for index in chosen:
        kind = index
        while kind in scan.near:
            kind = scan.near[kind]
        firsts.setdefault(kind, index)
    return sorted(firsts.values())


def _audible_segments(clip: ScannedClip, segment_s: float) -> tuple[list[tuple[float, float]], int]:
    """The segments with sound in them, and how many have none."""
    segments = segments_of(clip.duration_s, segment_s)
    peaks = clip.peaks.tolist()
    audible = [segment for segment in segments if not is_silent(*segment, peaks, SILENT_PEAK)]
    return audible, len(segments) - len(audible)


def _silence_finding(path: Path, silent: int, total: int) -> Finding:
    sentence = f"{silent} of {total} segments of {shown_name(path)} are silent and left out."
    return Finding("silent", sentence, path)


def save_dataset(dataset: Dataset, path: Path) -> None:
    """Write the dataset as JSON Lines: a head, then a line for each clip and each finding.

    Complete under its name or not there at all. Raises StorageError.
    """
    head = {
        "format": DATASET_FORMAT,
        "version": DATASET_VERSION,
        "folder": str(dataset.folder),
        "options": _plain(dataset.options),
        "clips": len(dataset.clips),
        "findings": len(dataset.findings),
    }
    rows = [head]
    rows += [{"clip": _plain(clip)} for clip in dataset.clips]
    rows += [{"finding": _plain(finding)} for finding in dataset.findings]
    with written_whole(path) as temporary, temporary.open("x", encoding="ascii") as file:
        # Pure ASCII: file names that are no text (lone surrogates) survive as escapes.
        file.writelines(json.dumps(row) + "\n" for row in rows)


def load_dataset(path: Path) -> Dataset:
    """Read what `save_dataset` wrote; whether the sounds are still there is not looked at.

    Raises DatasetError if the file is missing, damaged, or from a newer version.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise _damaged(path) from error
    try:
        head, *rows = [json.loads(line) for line in lines]
        if head["format"] != DATASET_FORMAT:
            raise _damaged(path)
        if head["version"] > DATASET_VERSION:
            raise DatasetError(
                f"{path.name} was written by a newer version of this application.",
                "Update the application.",
            )
        clips = tuple(_clip(row["clip"]) for row in rows if "clip" in row)
        findings = tuple(_finding(row["finding"]) for row in rows if "finding" in row)
        if (len(clips), len(findings)) != (head["clips"], head["findings"]):
            raise _damaged(path)
        return Dataset(Path(head["folder"]), clips, findings, _options(head["options"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> DatasetError:
    return DatasetError(
        f"{path.name} is damaged or not a dataset.", "Read the folder of clips again."
    )


def _plain(record: DatasetClip | Finding | DatasetOptions) -> dict[str, Any]:
    """The fields that differ from their defaults, as JSON knows them."""
    values = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if value != field.default:
            values[field.name] = str(value) if isinstance(value, Path) else value
    return values


def _clip(values: dict[str, Any]) -> DatasetClip:
    if values["split"] not in SPLITS:
        raise ValueError(values["split"])
    times = {name: float(values[name]) for name in ("start_s", "duration_s")}
    return DatasetClip(**(values | times | {"path": Path(values["path"])}))


def _finding(values: dict[str, Any]) -> Finding:
    paths: dict[str, Any] = {
        name: Path(values[name]) for name in ("path", "other") if name in values
    }
    return Finding(**(values | paths))


def _options(values: dict[str, Any]) -> DatasetOptions:
    changed: dict[str, Any] = {}
    if "caption_table" in values:
        changed["caption_table"] = Path(values["caption_table"])
    if "replacements" in values:
        changed["replacements"] = tuple((a, b) for a, b in values["replacements"])
    return DatasetOptions(**(values | changed))
