"""`soundstudio generate`: a prompt → WAV files."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from soundstudio.audio.atomic_file import check_writable
from soundstudio.cli.batch_file import read_batch
from soundstudio.cli.destination import SUFFIX, Destination, destination_of
from soundstudio.cli.reference_clip import check_listens, check_reference_clip
from soundstudio.cli.terminal import ProgressBar, write_json, write_line, write_problem
from soundstudio.core.catalogue import find_model, usual_duration_s
from soundstudio.core.errors import InvalidRequestError, StudioError
from soundstudio.core.paths import user_folders
from soundstudio.core.qualities import NORMAL, QUALITIES, find_quality
from soundstudio.core.requests import (
    ORIGINAL_CANDIDATES,
    SAMPLERS,
    GenerationRequest,
)
from soundstudio.core.settings import chosen_models_folder, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from soundstudio.core.settings import Settings
    from soundstudio.engine.audioldm import AudioLDM
    from soundstudio.generation.generate import GeneratedSound

FORMATS: Final = ("wav16", "wav24", "wav32f")
NATIVE: Final = "native"
SAMPLE_RATES: Final = (
    8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 176400, 192000,
)  # fmt: skip
_RATES_IN_WORDS: Final = ", ".join((NATIVE, *map(str, SAMPLE_RATES)))


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "generate",
        parents=[common],
        help="generate sounds from a prompt",
        description="Generate sounds from a prompt and write them as WAV files. "
        "Prints the path of each file.",
    )
    add_options(parser)
    parser.add_argument(
        "-o",
        "--out",
        metavar="FILE|DIR",
        help="a name ending in .wav, which is replaced if it exists; or a folder, "
        "where free names are found (default: the current folder)",
    )
    parser.add_argument(
        "--batch",
        metavar="FILE.csv",
        help="a row a request: column prompt, any option by its long name, out for the file's name",
    )
    parser.set_defaults(run=run, name="")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of one request; the columns of a batch file are these, too."""
    defaults = GenerationRequest(prompt="")
    add = parser.add_argument
    add("prompt", nargs="?", metavar="PROMPT", help="what to hear")
    add("--model", metavar="ID|FOLDER", help="default: the model of the settings")
    add("--negative", metavar="TEXT", default="", help="what not to hear")
    add("--like", metavar="CLIP", help="a sound file to resemble")
    add("--like-weight", metavar="0-1", type=float, default=defaults.like_weight,
        help="share of the clip beside the prompt (default: %(default)s)")  # fmt: skip
    add("--duration", metavar="S", type=float,
        help=f"seconds, 0.5 to 30 (default: {defaults.duration_s:g}, or of a fine-tuned model the "
        "length that it was trained on)")  # fmt: skip
    add("-n", "--variations", metavar="N", type=int, default=1, help="how many (default: 1)")
    add("--candidates", metavar="N", type=int, default=defaults.candidates,
        help="make N of each variation, keep the one nearest to the wish by the model's CLAP "
        f"(default: %(default)s; the original AudioLDM: {ORIGINAL_CANDIDATES})")  # fmt: skip
    add("--quality", choices=[quality.id for quality in QUALITIES],
        help=f"sampler and steps in one word (default: {NORMAL.id})")  # fmt: skip
    add("--steps", metavar="N", type=int, help="default: the quality's")
    add("--sampler", metavar="NAME",
        help=f"{', '.join(SAMPLERS)} (default: the quality's)")  # fmt: skip
    add("--guidance", metavar="W", type=float, default=defaults.guidance,
        help="how closely to follow the prompt, 1 and up (default: %(default)s)")  # fmt: skip
    add("--guided-share", metavar="0-1", type=float,
        help="share of the steps that it guides, the first (default: the quality's)")  # fmt: skip
    add("--seed", metavar="N", type=int,
        help="of the first variation; the next count on (default: by chance)")  # fmt: skip
    add("--eta", metavar="X", type=float, default=0.0, help="DDIM's noise, 0 to 1 (default: 0)")
    add("--device", choices=("auto", "cuda", "mps", "cpu"), help="default: as in the settings")
    add("--dtype", choices=("auto", "float32", "bfloat16", "float16"),
        help="default: as in the settings")  # fmt: skip
    add("--sample-rate", metavar="HZ|native", type=_sample_rate, default="48000",
        help=f"of the files: {_RATES_IN_WORDS} (default: %(default)s)")  # fmt: skip
    add("--format", choices=FORMATS, default="wav24",
        help="default: %(default)s; wav32f at the native rate is untouched")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Generate what the arguments ask for. Raises StudioError."""
    folders = user_folders()
    settings = load_settings(folders.settings_file)
    if args.batch is not None:
        return _run_batch(args, settings)
    request = request_of(args, settings, _usual_durations(settings))
    destination = destination_of(args.out)
    check_writable(destination.folder)
    check_reference_clip(request)
    studio = _Generation(settings)
    sounds = studio.carry_out(args, request, destination, silent=args.json)
    if args.json:
        write_json({**studio.facts(), "sounds": sounds})
    return 0


def _run_batch(args: argparse.Namespace, settings: Settings) -> int:
    if args.prompt:
        raise InvalidRequestError(
            "A prompt and --batch exclude each other.",
            "Put the prompt into the file, into the column “prompt”.",
        )
    path = Path(args.batch).expanduser()
    # A thousand rows of one model look for it once.
    usual_duration = functools.cache(_usual_durations(settings))

    def checked_request(row: argparse.Namespace) -> GenerationRequest:
        request = request_of(row, settings, usual_duration)
        check_reference_clip(request)
        return request

    batch = read_batch(path, args, add_options, checked_request)
    base = destination_of(args.out)
    if base.name:
        raise InvalidRequestError(
            "With --batch, -o names a folder.", "The column out names the files."
        )
    destinations = [_row_destination(base, row.name) for row, _ in batch]
    for folder in {destination.folder for destination in destinations}:
        check_writable(folder)
    studio = _Generation(settings)
    sounds: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    for number, ((row, request), place) in enumerate(
        zip(batch, destinations, strict=True), start=1
    ):
        try:
            sounds += studio.carry_out(row, request, place, silent=args.json)
        except StudioError as error:
            # The others are still wanted: a batch often runs while nobody is there.
            write_problem(f"request {number} of {len(batch)}: {error.sentence()}")
            failures.append({"request": number, "kind": error.kind, "message": error.message})
    if args.json:
        write_json({**studio.facts(), "sounds": sounds, "failures": failures})
    return 1 if failures else 0


def _usual_durations(settings: Settings) -> Callable[[str], float]:
    """Model → its usual duration in seconds."""
    models_folder = chosen_models_folder(settings, user_folders())
    return functools.partial(usual_duration_s, models_folder=models_folder)


def request_of(
    args: argparse.Namespace, settings: Settings, usual_duration: Callable[[str], float]
) -> GenerationRequest:
    """The request that the arguments describe. Raises InvalidRequestError."""
    import secrets

    seed = args.seed if args.seed is not None else secrets.randbelow(2**31)
    model = args.model or settings.model
    duration_s = args.duration
    if duration_s is None:
        duration_s = usual_duration(model)
    request = GenerationRequest(
        prompt=args.prompt or "",
        model=model,
        negative_prompt=args.negative,
        like=str(Path(args.like).expanduser().absolute()) if args.like else None,
        like_weight=args.like_weight,
        duration_s=duration_s,
        guidance=args.guidance,
        eta=args.eta,
        seed=seed,
        variations=args.variations,
        candidates=args.candidates,
    )
    return _with_work(request, args).validated()


def _with_work(request: GenerationRequest, args: argparse.Namespace) -> GenerationRequest:
    """The request with its quality, and with what of its settings was set beside it."""
    names = ("steps", "sampler", "guided_share")
    own = {name: value for name in names if (value := getattr(args, name)) is not None}
    made = find_quality(args.quality or NORMAL.id).applied_to(request)
    return dataclasses.replace(made, eta=request.eta, **own)


def _row_destination(base: Destination, name: str) -> Destination:
    if not name:
        return base
    path = base.folder / name
    named = path if path.suffix.lower() == SUFFIX else path.with_name(path.name + SUFFIX)
    return Destination(named.parent, named.name)


class _Generation:
    """Carries requests out with one model at a time, kept for the next request."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._models_folder = chosen_models_folder(settings, user_folders())
        self._model: AudioLDM | None = None
        self._key: tuple[str, str, str] | None = None
        self._started = time.monotonic()

    def carry_out(
        self,
        args: argparse.Namespace,
        request: GenerationRequest,
        destination: Destination,
        silent: bool,
    ) -> list[dict[str, Any]]:
        """Generate and write all variations; returns what `--json` says about each."""
        bar = ProgressBar(request.variations)
        sounds = []
        try:
            model = self._loaded(request, args, bar)
            from soundstudio.generation.generate import generate

            for sound in generate(model, request, bar):
                path = self._write(sound, model, request, destination, args)
                bar.clear()
                for note in sound.notes:
                    write_problem(f"{path.name}: {note}")
                if not silent:
                    write_line(str(path))
                sounds.append(_description(sound, path, request, args))
        finally:
            bar.clear()
        return sounds

    def facts(self) -> dict[str, Any]:
        """What `--json` says about the model and the time."""
        facts: dict[str, Any] = {"seconds": round(time.monotonic() - self._started, 3)}
        if (model := self._model) is not None:
            facts |= {
                "model": {
                    "id": model.row.id,
                    "title": model.row.title,
                    "licence": model.row.licence,
                },
                "device": model.device.kind,
                "device_title": model.device.title,
                "dtype": model.dtype,
            }
        return facts

    def _loaded(
        self, request: GenerationRequest, args: argparse.Namespace, bar: ProgressBar
    ) -> AudioLDM:
        row = find_model(request.model, self._models_folder)
        check_listens(row, request)
        key = (
            request.model,
            args.device or self._settings.device,
            args.dtype or self._settings.dtype,
        )
        if self._model is None or key != self._key:
            from soundstudio.engine.loading import load_model

            self._model = None  # two at once may not fit
            self._model = load_model(row, key[1], key[2], bar)
            self._key = key
        return self._model

    def _write(
        self,
        sound: GeneratedSound,
        model: AudioLDM,
        request: GenerationRequest,
        destination: Destination,
        args: argparse.Namespace,
    ) -> Path:
        from soundstudio.audio.export_chain import ExportSpec
        from soundstudio.audio.files import Sound
        from soundstudio.library.clip_files import name_of_request
        from soundstudio.library.clips import Clip
        from soundstudio.library.export import (
            export_metadata,
            export_name,
            make_plan,
            write_export,
        )

        samples = Sound(sound.samples[None], sound.sample_rate)
        clip = Clip(
            path=Path(),
            name=name_of_request(request),
            created_at=datetime.now(UTC),
            request=request,
            variation_seed=sound.seed,
            model_title=model.row.title,
            model_licence=model.row.licence,
            device=model.device.kind,
            dtype=model.dtype,
            sample_rate=sound.sample_rate,
            duration_s=samples.duration_s,
            notes=sound.notes,
            clap_score=sound.clap_score,
        )
        plan = make_plan(self._settings, user_folders())
        name, stem = export_name(clip, plan)
        rate = None if args.sample_rate == NATIVE else int(args.sample_rate)
        spec = ExportSpec(format=args.format, sample_rate=rate)
        with destination.path_for(sound.variation, request.variations, stem) as path:
            write_export(path, samples, spec, export_metadata(clip, plan, name))
            return path


def _description(
    sound: GeneratedSound, path: Path, request: GenerationRequest, args: argparse.Namespace
) -> dict[str, Any]:
    rate = sound.sample_rate if args.sample_rate == NATIVE else int(args.sample_rate)
    return {
        "path": str(path.absolute()),
        "variation": sound.variation,
        "seed": sound.seed,
        "duration_s": len(sound.samples) / sound.sample_rate,
        "sample_rate": rate,
        "format": args.format,
        "clap_score": sound.clap_score,
        "notes": list(sound.notes),
        "request": request.to_dict(),
    }


def _sample_rate(text: str) -> str:
    """`native`, or one of the rates that sounds have, in Hz (an argparse type)."""
    word = text.strip().lower()
    if word == NATIVE or word in map(str, SAMPLE_RATES):
        return word
    raise argparse.ArgumentTypeError(f"the sample rate “{text}” is not one of {_RATES_IN_WORDS}")
