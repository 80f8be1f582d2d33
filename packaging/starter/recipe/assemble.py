"""Put the parts together as a diffusers folder in half precision, with credits and a model card."""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import json
import logging
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from diffusers import AudioLDMPipeline, AutoencoderKL, UNet2DConditionModel
from transformers import (
    BertTokenizer,
    ClapAudioModelWithProjection,
    ClapTextModelWithProjection,
    SpeechT5HifiGan,
)

from recipe.clap import build_feature_extractor
from recipe.clips import read_manifest
from recipe.diffusion import build_scheduler, build_unet
from soundstudio.core.catalogue import MODEL_CARD

if TYPE_CHECKING:
    from recipe.settings import Settings

log = logging.getLogger(__name__)

_TEXTS = Path(__file__).resolve().parent / "texts"
_PACKAGES = ("torch", "diffusers", "transformers", "numpy", "scipy", "soxr")


def load_unet(settings: Settings) -> UNet2DConditionModel:
    """The finished average, or the one in the newest checkpoint of a training under way."""
    checkpoint = settings.folder("diffusion") / "checkpoint.pt"
    unet = build_unet(settings)
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    unet.load_state_dict(state["parts"]["average"])
    return unet.eval()


def load_vocoder(settings: Settings) -> SpeechT5HifiGan:
    """The computed vocoder."""
    folder = settings.folder("vocoder") / "model"
    vocoder: SpeechT5HifiGan = SpeechT5HifiGan.from_pretrained(folder)
    return vocoder.eval()


def build_pipeline(settings: Settings) -> AudioLDMPipeline:
    """All parts of AudioLDM in single precision."""
    text = settings.folder("text")
    return AudioLDMPipeline(
        vae=AutoencoderKL.from_pretrained(settings.folder("vae") / "model").eval(),
        text_encoder=ClapTextModelWithProjection.from_pretrained(text / "model").eval(),
        tokenizer=BertTokenizer.from_pretrained(text / "tokenizer"),
        unet=load_unet(settings),
        scheduler=build_scheduler(),
        vocoder=load_vocoder(settings),
    )


def write_credits(settings: Settings, folder: Path) -> None:
    """Every clip that the weights were trained on, with author, licence and source."""
    rows = read_manifest(settings.sounds)
    fields = ["file", "author", "licence", "source"]
    with (folder / "CREDITS.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fields, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    licences = Counter(row["licence"] for row in rows)
    authors = sorted({row["author"] for row in rows if row["author"]}, key=str.lower)
    lines = ["# Credits", "", (_TEXTS / "credits.md").read_text(encoding="utf-8").strip(), ""]
    lines += [f"- {licence}: {count} clips" for licence, count in licences.most_common()]
    lines += ["", "Authors, each clip with its source in `CREDITS.csv`:", ""]
    lines += [f"- {author}" for author in authors]
    (folder / "CREDITS.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def hash_of(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sizes(folder: Path) -> list[str]:
    lines = ["| file | bytes | SHA-256 |", "|---|--:|---|"]
    for path in sorted(folder.rglob("*.safetensors")):
        name = path.relative_to(folder).as_posix()
        lines.append(f"| {name} | {path.stat().st_size:,} | `{hash_of(path)}` |")
    return lines


def _report(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else "Not measured yet.\n"


def write_card(settings: Settings, folder: Path, parameters: dict[str, int]) -> None:
    """The model card: what it is, how it was made, how it was judged and what it cannot do."""
    table = _report(settings.folder("judge") / "report.md")
    ways = _report(settings.folder("vocoder") / "report.md")
    steps = {}
    for stage in ("vae", "clap", "diffusion"):
        path = settings.folder(stage) / "checkpoint.pt"
        if path.exists():
            state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
            steps[stage] = f"{state['step']} steps, {state['trained_s'] / 60:.0f} min"
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    sections = [
        (_TEXTS / "card.md").read_text(encoding="utf-8").strip(),
        "## Judged by an ear that took no part in training\n\n" + table.strip(),
        "## From mel to sound\n\n" + ways.strip(),
        "## Parts\n\n" + "\n".join(f"- {name}: {n:,} parameters" for name, n in parameters.items()),
        "## Training\n\n"
        + "\n".join(f"- {name}: {text}" for name, text in steps.items())
        + f"\n- seed {settings.seed}; {versions}",
        "## Files\n\n" + "\n".join(_sizes(folder)),
    ]
    (folder / "MODEL_CARD.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def assemble(settings: Settings) -> None:
    """Write the folder beside its place and swap it in, so that no half folder is ever read."""
    partial = settings.output.with_name(settings.output.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    pipeline = build_pipeline(settings)
    parameters = {
        name: sum(p.numel() for p in part.parameters())
        for name, part in pipeline.components.items()
        if isinstance(part, torch.nn.Module)
    }
    pipeline.to(torch.float16).save_pretrained(partial)
    audio = settings.folder("clap") / "model"
    if audio.exists():
        tower = ClapAudioModelWithProjection.from_pretrained(audio).half()
        parameters["audio_encoder"] = sum(p.numel() for p in tower.parameters())
        tower.save_pretrained(partial / "audio_encoder")
        build_feature_extractor().save_pretrained(partial / "feature_extractor")
    _clean_configs(partial)
    _without_spaces(partial / "tokenizer" / "tokenizer.json")
    write_credits(settings, partial)
    shutil.copy(_TEXTS / "licence.md", partial / "LICENSE.md")
    write_card(settings, partial, parameters)
    row = {
        "title": "Starter model",
        "licence": "CC-BY-4.0",
        "parameters": sum(parameters.values()),
    }
    (partial / MODEL_CARD).write_text(json.dumps(row, indent=2) + "\n", encoding="utf-8")
    _check_index(partial)
    shutil.rmtree(settings.output, ignore_errors=True)
    partial.replace(settings.output)
    size = sum(path.stat().st_size for path in settings.output.rglob("*") if path.is_file())
    log.info("%s: %.1f MB, %s", settings.output, size / 1e6, parameters)


def _clean_configs(folder: Path) -> None:
    """Say float32 in transformers' configs: it loads what they say, diffusers always float32.

    Otherwise a plain ``from_pretrained`` joins half and single precision parts and fails. Paths of
    the machine that it was made on go.
    """
    for path in folder.glob("*/config.json"):
        config = json.loads(path.read_text(encoding="utf-8"))
        config.pop("_name_or_path", None)
        if "dtype" in config:
            config["dtype"] = "float32"
        path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _without_spaces(path: Path) -> None:
    """A vocabulary with a line for each token is half as large again: 0.2 MB here."""
    values = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text, encoding="utf-8")


def _check_index(folder: Path) -> None:
    """The index must name the tokenizer's class, and the tokenizer must be whole."""
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    if index["tokenizer"] != ["transformers", "BertTokenizer"]:
        raise ValueError(f"unexpected tokenizer in model_index.json: {index['tokenizer']}")
    tokenizer = BertTokenizer.from_pretrained(folder / "tokenizer")
    wanted = json.loads((folder / "text_encoder/config.json").read_text(encoding="utf-8"))
    if len(tokenizer) != wanted["vocab_size"]:
        raise ValueError(f"tokenizer of {len(tokenizer)}, text tower of {wanted['vocab_size']}")
