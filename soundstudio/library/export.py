"""Clips and selections as files for a DAW: final, self-describing, never over another file."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import filecmp
import logging
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soundstudio.audio.atomic_file import sync_folder, temporary_beside
from soundstudio.audio.export_chain import ExportSpec, LevelKind, render, write_rendered
from soundstudio.audio.files import Sound, read_sound
from soundstudio.audio.loudness import measure
from soundstudio.core.errors import AudioFileError, StorageError, explain_os_error
from soundstudio.library import naming, ucs
from soundstudio.library.clip_files import name_of_request
from soundstudio.library.clips import Clip, to_json
from soundstudio.library.csv_cells import CSV_ENCODING, plain_cells
from soundstudio.library.wav_metadata import SoundMetadata, embed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from soundstudio.core.paths import UserFolders
    from soundstudio.core.settings import Settings

log = logging.getLogger(__name__)

LIBRARY_NAME: Final = "Sound Studio"
_LEVELS: Final[dict[str, tuple[LevelKind, float]]] = {
    "none": ("none", 0.0),
    "peak -1 dB": ("peak", -1.0),
    "peak -3 dB": ("peak", -3.0),
    "-16 LUFS": ("lufs", -16.0),
    "-23 LUFS": ("lufs", -23.0),
}
_FALLBACK_CATEGORY: Final = "DSGNMisc"


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """Where exports go, how they sound, what they are called and what they tell."""

    folder: Path
    spec: ExportSpec = field(default_factory=ExportSpec)
    uses_ucs_names: bool = True
    writes_prompt: bool = True
    designer: str = ""
    creator_id: str = ""
    source_id: str = ucs.NO_SOURCE


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The files of a batch, its table, and a sentence for each clip that could not be exported."""

    paths: tuple[Path, ...]
    table: Path | None
    failures: tuple[tuple[Clip, str], ...]


def make_spec(settings: Settings) -> ExportSpec:
    """How exports sound by the user's settings."""
    level, target_db = _LEVELS[settings.export_normalise]
    rate = None if settings.export_rate == "native" else int(settings.export_rate)
    return ExportSpec(
        format=settings.export_format,  # type: ignore[arg-type]  # one of the field's choices
        sample_rate=rate,
        level=level,
        level_target_db=target_db,
        trim=settings.export_trim,
        fade_ms=settings.export_fade_ms,
    )


def make_plan(settings: Settings, folders: UserFolders) -> ExportPlan:
    """Everything about exports by the user's settings."""
    folder = Path(settings.export_folder).expanduser() if settings.export_folder else None
    return ExportPlan(
        folder=folder or folders.exports,
        spec=make_spec(settings),
        uses_ucs_names=settings.ucs_names,
        writes_prompt=settings.export_prompt,
        designer=settings.designer,
        creator_id=settings.creator_id or settings.designer,
        source_id=settings.source_id or ucs.NO_SOURCE,
    )


def export_clip(clip: Clip, plan: ExportPlan, cat_id: str = "") -> Path:
    """Export a whole clip; the file is complete and closed when this returns.

    The same export done before gives the same file again; another file is never replaced.
    cat_id: a UCS category; suggested from the prompt when empty.
    Raises AudioFileError if the clip's file is gone, StorageError.
    """
    return _export(clip, read_sound(clip.path), plan, cat_id)


def export_selection(
    clip: Clip, start_s: float, end_s: float, plan: ExportPlan, cat_id: str = ""
) -> Path:
    """Export the part of a clip between two times (in either order) as a file of its own."""
    sound = read_sound(clip.path)
    return _export(clip, sound.between(min(start_s, end_s), max(start_s, end_s)), plan, cat_id)


def export_batch(
    clips: Sequence[Clip],
    plan: ExportPlan,
    progress: Callable[[int, int], None] | None = None,
    by_category: bool = False,
) -> BatchResult:
    """Export clips one after the other, with a CSV table of what they are.

    progress: told (done, of how many) before each; it cancels by raising, and what was finished
    until then stays and stands in the table. by_category: into folders category/subcategory.
    A clip whose file is gone is skipped and named in the result. Raises StorageError.
    """
    done: list[tuple[Clip, Path]] = []
    failures = []
    table = None
    try:
        for count, clip in enumerate(clips):
            if progress is not None:
                progress(count, len(clips))
            try:
                done.append((clip, export_clip(clip, _foldered(clip, plan, by_category))))
            except AudioFileError as error:
                failures.append((clip, error.sentence()))
        if progress is not None:
            progress(len(clips), len(clips))
    finally:
        if done:
            table = _write_table(done, plan)
    return BatchResult(tuple(path for _, path in done), table, tuple(failures))


def write_export(
    path: Path, sound: Sound, spec: ExportSpec, metadata: SoundMetadata, final_name: str = ""
) -> None:
    """Render `sound` and write it to `path` with its metadata; an existing file is replaced.

    final_name: what the user knows the file by, if `path` is not its last name.
    The file appears whole or not at all. Raises StorageError, AudioFileError.
    """
    rendered = render(sound, spec)
    temporary = temporary_beside(path)
    try:
        write_rendered(temporary, rendered, spec)
        embed(temporary, _with_levels(metadata, rendered, spec), path)
    except StorageError as error:
        message = error.message
        for hidden in (temporary.name, path.name):
            message = message.replace(hidden, final_name or path.name)
        raise StorageError(message, error.advice) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def export_metadata(clip: Clip, plan: ExportPlan, name: ucs.UcsName) -> SoundMetadata:
    """What an exported file says. Without the user's agreement no word of the prompt."""
    told = clip if plan.writes_prompt else _without_prompt(clip)
    category = ucs.category(name.cat_id)
    return SoundMetadata(
        title=name.fx_name,
        description=told.prompt or name.fx_name,
        comment=f"Model licence: {clip.model_licence}" if clip.model_licence else "",
        keywords=clip.tags,
        designer=plan.designer,
        library=LIBRARY_NAME,
        category=category.category if category else "",
        subcategory=category.subcategory if category else "",
        cat_id=name.cat_id,
        user_data=name.user_data,
        fx_name=name.fx_name,
        creator_id=name.creator_id,
        source_id=name.source_id,
        is_generated=clip.is_generated,
        model=clip.model_title,
        seed=clip.variation_seed if clip.is_generated else None,
        created_at=clip.created_at,
        generation_json=to_json(_without_private_paths(told)) if clip.is_generated else "",
    )


def export_name(clip: Clip, plan: ExportPlan, cat_id: str = "") -> tuple[ucs.UcsName, str]:
    """The UCS blocks of a clip's export and its file name without suffix."""
    row = ucs.category(cat_id)
    if row is None:
        row = next(iter(ucs.suggest(f"{clip.name} {clip.prompt}", 1)), None)
    category = row or ucs.category(_FALLBACK_CATEGORY)
    assert category is not None
    fx_name = clip.name
    if not plan.writes_prompt and _is_named_by_prompt(clip):
        fx_name = f"{category.category} {category.subcategory}".title()
    seed = str(clip.variation_seed) if clip.is_generated else ""
    name = ucs.UcsName(
        cat_id=category.cat_id,
        fx_name=fx_name,
        creator_id=plan.creator_id or ucs.NO_SOURCE,
        source_id=plan.source_id,
        user_data=seed,
    )
    if plan.uses_ucs_names:
        return name, ucs.ucs_file_name(name)
    parts = (naming.safe_name(fx_name, 180), seed)
    return name, "_".join(part for part in parts if part)


def _export(clip: Clip, sound: Sound, plan: ExportPlan, cat_id: str) -> Path:
    name, stem = export_name(clip, plan, cat_id)
    metadata = export_metadata(clip, plan, name)
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, f"exporting to {plan.folder}") from error
    temporary = temporary_beside(plan.folder / "export")
    try:
        write_export(temporary, sound, plan.spec, metadata, f"{stem}.wav")
        return _settle(temporary, plan.folder, stem)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _settle(finished: Path, folder: Path, stem: str) -> Path:
    """Give a finished file its name, or return the equal file that has it already."""
    for path in naming.candidates(folder, stem):
        if not path.exists():
            break
        if path.stat().st_size and filecmp.cmp(finished, path, shallow=False):
            return path
    path = naming.free_path(folder, stem)
    try:
        finished.replace(path)
        sync_folder(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise explain_os_error(error, f"exporting {path.name}") from error
    return path


def _with_levels(metadata: SoundMetadata, rendered: Sound, spec: ExportSpec) -> SoundMetadata:
    levels = measure(rendered)
    return dataclasses.replace(
        metadata,
        loop=(0, rendered.length) if spec.loop else metadata.loop,
        loudness_lufs=levels.lufs,
        true_peak_db=levels.true_peak_db,
        peak_db=levels.peak_db,
        rms_db=levels.rms_db,
    )


def _is_named_by_prompt(clip: Clip) -> bool:
    return clip.request is not None and clip.name == name_of_request(clip.request)


def _without_prompt(clip: Clip) -> Clip:
    if clip.request is None:
        return clip
    request = dataclasses.replace(clip.request, prompt="", negative_prompt="", like=None)
    name = "" if _is_named_by_prompt(clip) else clip.name
    return dataclasses.replace(clip, request=request, name=name)


def _without_private_paths(clip: Clip) -> Clip:
    """Keep the names of folders and clips on this disk, but not where they lie."""
    if clip.request is None:
        return clip
    like = Path(clip.request.like).name if clip.request.like else None
    request = dataclasses.replace(clip.request, like=like, model=Path(clip.request.model).name)
    return dataclasses.replace(clip, request=request, favourite=False, rating=0)


def _foldered(clip: Clip, plan: ExportPlan, by_category: bool) -> ExportPlan:
    if not by_category:
        return plan
    category = ucs.category(export_name(clip, plan)[0].cat_id)
    if category is None:
        return plan
    folder = plan.folder / naming.safe_name(category.category)
    return dataclasses.replace(plan, folder=folder / naming.safe_name(category.subcategory))


def _write_table(done: list[tuple[Clip, Path]], plan: ExportPlan) -> Path:
    stamp = datetime.now().strftime("%Y-%m-%d %H%M%S")
    table = naming.free_path(plan.folder, f"Sound Studio export {stamp}", ".csv")
    try:
        with table.open("w", encoding=CSV_ENCODING, newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ("file", "name", "prompt", "seed", "model", "licence", "category", "duration_s",
                 "tags")
            )  # fmt: skip
            for clip, path in done:
                name, _ = export_name(clip, plan)
                writer.writerow(
                    plain_cells(
                        path.relative_to(plan.folder).as_posix(),
                        name.fx_name,
                        clip.prompt if plan.writes_prompt else "",
                        str(clip.variation_seed) if clip.is_generated else "",
                        clip.model_title,
                        clip.model_licence,
                        name.cat_id,
                        f"{clip.duration_s:.3f}",
                        "; ".join(clip.tags),
                    )
                )
    except OSError as error:
        with contextlib.suppress(OSError):
            table.unlink(missing_ok=True)
        raise explain_os_error(error, f"writing {table.name}") from error
    return table
