"""Files that are no AudioLDM checkpoint, and imports that cannot end: nothing half remains."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from original_audioldm import OriginalAudioLDM
from original_sizes import Sizes
from tiny_model import save_tokenizer

from soundstudio.cli import main
from soundstudio.core.catalogue import catalogue
from soundstudio.core.errors import ModelError, StorageError
from soundstudio.core.progress import Cancelled, Progress
from soundstudio.engine import import_checkpoint as module
from soundstudio.engine.attention_heads import with_chosen_heads
from soundstudio.engine.import_checkpoint import import_checkpoint
from soundstudio.engine.model_folder import read_model_folder
from soundstudio.engine.roberta_tokenizer import find_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder, "bpe")
    return folder


@pytest.fixture(scope="module")
def state(tokenizer: Path) -> dict[str, torch.Tensor]:
    words = json.loads((tokenizer / "tokenizer.json").read_text())["model"]["vocab"]
    sizes = Sizes(
        multipliers=(1, 2), vae=(32, 32), vocoder=32, text=(64, 1, 64), depths=(1,),
        swin_heads=(2,), vocabulary=len(words),
    )  # fmt: skip
    return OriginalAudioLDM(sizes).state()


@pytest.fixture(scope="module")
def checkpoint(state: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("original") / "tiny.ckpt"
    torch.save({"state_dict": state}, path)
    return path


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The models folder, with a model in it that must stay as it is."""
    (tmp_path / "models" / "mine").mkdir(parents=True)
    (tmp_path / "models" / "mine" / "note.txt").write_text("untouched")
    return tmp_path / "models"


def assert_untouched(models: Path) -> None:
    assert [path.name for path in models.iterdir()] == ["mine"]
    assert (models / "mine" / "note.txt").read_text() == "untouched"


class Command:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.trace}",)


def cut(path: Path, fraction: float) -> None:
    with path.open("rb+") as file:
        file.truncate(int(path.stat().st_size * fraction))


def flip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda record: record.file_size)
    with path.open("rb+") as file:
        file.seek(largest.header_offset + largest.file_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def zip_of_a_model(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("audioldm/model_index.json", "{}")
        archive.writestr("audioldm/unet/config.json", "{}")


def without_zip_header(path: Path) -> None:
    torch.save({"a": torch.zeros(3)}, path, _use_new_zipfile_serialization=False)


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "half a file": (lambda p: cut(p, 0.5), "only a part"),
    "nearly whole": (lambda p: cut(p, 0.999), "only a part"),
    "empty": (lambda p: cut(p, 0.0), "not a checkpoint"),
    "text": (lambda p: p.write_text("hello " * 99), "not a checkpoint"),
    "a zipped model": (zip_of_a_model, "archive of other files.*Unpack"),
    "one bit": (flip, "is damaged"),
    "an ancient format": (without_zip_header, "not a checkpoint that torch wrote"),
    "a tensor": (lambda p: torch.save(torch.zeros(3), p), "another model"),
    "a list": (lambda p: torch.save([1, 2], p), "another model"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_refused(
    checkpoint: Path, models: Path, tmp_path: Path, tokenizer: Path, name: str
) -> None:
    path = shutil.copy(checkpoint, tmp_path / "bad.ckpt")
    harm, words = FILES[name]
    harm(path)
    with pytest.raises(ModelError) as refusal:
        import_checkpoint(path, models, tokenizer=tokenizer)
    sentence = refusal.value.sentence()
    assert "\n" not in sentence
    assert re.search(words, sentence)
    assert_untouched(models)


def without(*prefixes: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda state: {k: v for k, v in state.items() if not k.startswith(prefixes)}


def change(name: str, value: Callable[[torch.Tensor], Any]) -> Callable[[Any], dict[str, Any]]:
    return lambda state: state | {name: value(state[name])}


STATES: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], str]] = {
    "Stable Diffusion": (
        lambda s: s | {"cond_stage_model.transformer.x": torch.zeros(1)},
        r"Stable Diffusion",
    ),
    "AudioLDM 2": (lambda s: s | {"cond_stage_models.1.x": torch.zeros(1)}, "AudioLDM 2"),
    "CLAP": (lambda _: {"module.text_branch.x": torch.zeros(1)}, "(CLAP)"),
    "a UNet without film": (without("model.diffusion_model.film_emb"), "another model"),
    "no vocoder": (without("first_stage_model.vocoder."), "lacks vocoder"),
    "no CLAP": (without("cond_stage_model."), "lacks CLAP"),
    "no audio tower": (without("cond_stage_model.model.audio_branch."), "is missing"),
    "no scale": (without("scale_factor"), "scale factor"),
    "scale of nothing": (change("scale_factor", lambda t: t * 0), "scale factor"),
    "no EMA": (without("model_ema."), "--weights raw"),
    "one tensor less": (without("first_stage_model.decoder.mid.attn_1.q.bias"), "“vae”"),
    "one tensor more": (
        lambda s: s | {"first_stage_model.decoder.mid.attn_9.bias": torch.zeros(1)},
        "no place for",
    ),
    "another shape": (change("first_stage_model.decoder.conv_in.bias", lambda t: t[1:]), "“vae”"),
    "another vocoder": (
        change("first_stage_model.vocoder.ups.0.weight", lambda t: t[..., :9]),
        "upsamples with",
    ),
    "no number": (
        change("first_stage_model.decoder.conv_in.bias", lambda t: t * float("nan")),
        "invalid numbers",
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_a_foreign_or_incomplete_checkpoint_is_refused(
    state: dict[str, torch.Tensor], models: Path, tmp_path: Path, tokenizer: Path, name: str
) -> None:
    make, words = STATES[name]
    torch.save({"state_dict": make(state)}, tmp_path / "bad.ckpt")
    with pytest.raises(ModelError) as refusal:
        import_checkpoint(tmp_path / "bad.ckpt", models, tokenizer=tokenizer)
    assert words in refusal.value.sentence()
    assert_untouched(models)


def test_code_in_a_checkpoint_does_not_run(
    state: dict[str, torch.Tensor], models: Path, tmp_path: Path, tokenizer: Path
) -> None:
    trace = tmp_path / "trace"
    torch.save({"state_dict": state, "extra": Command(trace)}, tmp_path / "evil.ckpt")
    with pytest.raises(ModelError, match=r"would run code \(.*system\)"):
        import_checkpoint(tmp_path / "evil.ckpt", models, tokenizer=tokenizer)
    assert not trace.exists()
    assert_untouched(models)


def test_the_space_is_counted_before_anything_is_written(
    checkpoint: Path, models: Path, tokenizer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage(models))(10**12, 10**12, 1000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match="GB are free"):
        import_checkpoint(checkpoint, models, tokenizer=tokenizer)
    assert_untouched(models)


def test_a_disk_that_fills_up_leaves_nothing(
    checkpoint: Path, models: Path, tokenizer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="disk is full"):
        import_checkpoint(checkpoint, models, tokenizer=tokenizer)
    assert_untouched(models)


def test_a_folder_without_permission(checkpoint: Path, tokenizer: Path) -> None:
    """As nobody if the tests run as root, for whom there are no permissions."""
    with tempfile.TemporaryDirectory() as root:
        Path(root).chmod(0o755)
        source = shutil.copy(checkpoint, Path(root) / "a.ckpt")
        words = shutil.copytree(tokenizer, Path(root) / "words")
        words.chmod(0o755)
        models = Path(root) / "models"
        models.mkdir()
        models.chmod(0o555)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        try:
            with pytest.raises(StorageError, match="no permission"):
                import_checkpoint(source, models, tokenizer=words)
        finally:
            if is_root:
                os.seteuid(0)
        assert list(models.iterdir()) == []
        models.chmod(0o755)


def test_a_tokenizer_that_may_not_be_read(checkpoint: Path, models: Path, tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.symlink_to(words)  # a folder that nobody can look into, not even root
    with pytest.raises((ModelError, StorageError)):
        import_checkpoint(checkpoint, models, tokenizer=words)
    assert_untouched(models)


def test_a_taken_name_is_refused(checkpoint: Path, models: Path, tokenizer: Path) -> None:
    for name in ("mine", "starter", "../x", ".hidden"):
        with pytest.raises(ModelError, match=r"already|cannot be a model's name"):
            import_checkpoint(checkpoint, models, name=name, tokenizer=tokenizer)
    assert_untouched(models)


@pytest.mark.parametrize("stage", ["loading", "importing"])
def test_cancelling_leaves_nothing(
    checkpoint: Path, models: Path, tokenizer: Path, stage: str
) -> None:
    def cancel(where: Progress) -> None:
        if where.stage == stage and where.step >= where.steps // 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        import_checkpoint(checkpoint, models, tokenizer=tokenizer, progress=cancel)
    assert_untouched(models)


KILLED = """
import os, signal, sys
from pathlib import Path
from soundstudio.engine.import_checkpoint import import_checkpoint

def kill(where):
    if where.stage == "importing" and where.step >= where.steps // 2:
        os.kill(os.getpid(), signal.SIGKILL)

source, models, words = map(Path, sys.argv[1:])
import_checkpoint(source, models, tokenizer=words, progress=kill)
"""


def test_a_kill_leaves_no_model_and_the_next_import_cleans_up(
    checkpoint: Path, models: Path, tokenizer: Path
) -> None:
    command = [sys.executable, "-c", KILLED, str(checkpoint), str(models), str(tokenizer)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    (left,) = (path for path in models.iterdir() if path.name != "mine")
    assert [row.id for row in catalogue(models) if row.kind == "imported"] == []
    row = import_checkpoint(checkpoint, models, tokenizer=tokenizer)
    assert left.exists()  # it could be an import that is still going on
    for path in (left, *left.rglob("*")):
        os.utime(path, (0, 0))
    import_checkpoint(checkpoint, models, tokenizer=tokenizer, name="again")
    assert not left.exists()
    assert {path.name for path in models.iterdir()} == {"mine", "tiny", "again"}
    assert row.folder is not None
    assert set(read_model_folder(row.folder).parts) >= {"unet", "audio_encoder"}


def test_without_a_tokenizer_nothing_is_written(checkpoint: Path, models: Path) -> None:
    with pytest.raises(ModelError, match="320 tokens was found") as refusal:
        import_checkpoint(checkpoint, models)
    assert "roberta-base" in refusal.value.advice
    with pytest.raises(ModelError, match="holds no tokenizer"):
        import_checkpoint(checkpoint, models, tokenizer=models)
    assert_untouched(models)


def test_the_tokenizer_of_an_installed_model_serves(
    checkpoint: Path, models: Path, tokenizer: Path
) -> None:
    first = import_checkpoint(checkpoint, models, tokenizer=tokenizer)
    second = import_checkpoint(checkpoint, models, name="second")
    assert first.folder is not None
    assert second.folder is not None
    words = [folder / "tokenizer/tokenizer.json" for folder in (first.folder, second.folder)]
    assert words[0].read_bytes() == words[1].read_bytes()


def test_a_tokenizer_of_the_right_size_but_other_words_is_refused(tmp_path: Path) -> None:
    from tokenizers import pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = ["<s>", "<pad>", "</s>", "<unk>", *letters]
    words += [f"word{i}" for i in range(50264 - len(words))] + ["<mask>"]
    (tmp_path / "vocab.json").write_text(json.dumps({w: i for i, w in enumerate(words)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    config = {"vocab_size": 50265, "max_position_embeddings": 514, "pad_token_id": 1}
    with pytest.raises(ModelError, match="not RoBERTa's"):
        find_tokenizer(tmp_path, tmp_path / "models", config)


def test_the_command_imports_with_options(
    checkpoint: Path, tokenizer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["models", "import", str(checkpoint), "--name", "mine", "--json"]
    assert main([*words, "--tokenizer", str(tokenizer), "--heads", "published"]) == 0
    model = json.loads(capsys.readouterr().out)["imported"]
    assert model["id"] == "mine"
    card = json.loads((Path(model["folder"]) / "soundstudio.json").read_text())
    assert card["heads"] == "published"
    assert card["weights"] == "ema"
    assert main(words) == 1
    assert "already" in json.loads(capsys.readouterr().out)["error"]["message"]


@pytest.mark.parametrize(
    ("widths", "trained"),
    [
        ([128, 256, 384, 640], [4, 8, 12, 20]),
        ([192, 384, 576, 960], [6, 12, 18, 30]),
        ([256, 512, 768, 1280], [4, 8, 12, 20]),
    ],
)
def test_folders_of_the_hub_get_the_heads_of_training(
    widths: list[int], trained: list[int]
) -> None:
    config = {"block_out_channels": widths, "attention_head_dim": 8}
    assert with_chosen_heads(config, {})["attention_head_dim"] == trained
    assert with_chosen_heads(config, {"heads": "published"})["attention_head_dim"] == 8
    own = config | {"attention_head_dim": [2, 2, 2, 2]}
    assert with_chosen_heads(own, {}) == own
    other = config | {"block_out_channels": [16, 16, 24, 32]}
    assert with_chosen_heads(other, {}) == other


def test_the_choice_is_read_from_the_folder(tiny_model_folder: Path, tmp_path: Path) -> None:
    source = shutil.copytree(tiny_model_folder, tmp_path / "hub")
    config = source / "unet" / "config.json"
    values = json.loads(config.read_text()) | {"block_out_channels": [128, 256, 384, 640]}
    values["cross_attention_dim"] = values["block_out_channels"]
    config.write_text(json.dumps(values))
    heads = read_model_folder(source).parts["unet"].config["attention_head_dim"]
    assert heads == [4, 8, 12, 20]
    assert main(["models", "import", str(source), "--heads", "published", "--json"]) == 0
    copied = tmp_path / "home" / "data" / "models" / "hub"
    assert read_model_folder(copied).parts["unet"].config["attention_head_dim"] == 8
    assert json.loads((copied / "soundstudio.json").read_text())["title"] == "Tiny test model"
