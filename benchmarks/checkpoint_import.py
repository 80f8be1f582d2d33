"""Import of a checkpoint as large as audioldm-s-full, with random weights: time and memory.

    python benchmarks/checkpoint_import.py FOLDER

FOLDER needs about 5 GB; what was written there is deleted at the end.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))


def make(folder: Path) -> None:
    """The checkpoint, and a tokenizer that knows RoBERTa's numbers of two words."""
    import torch
    from original_audioldm import FirstStage, Unet
    from original_clap import Clap
    from original_sizes import FULL_S
    from tokenizers import pre_tokenizers

    state = {"scale_factor": torch.tensor(0.92)}
    with torch.device("meta"):
        unet, stage, clap = Unet(FULL_S), FirstStage(FULL_S), Clap(FULL_S)
    for prefix, module in (
        ("model.diffusion_model.", unet),
        ("first_stage_model.", stage),
        ("cond_stage_model.model.", clap),
    ):
        for name, tensor in module.state_dict().items():
            if not name.endswith(("index", "position_ids")):
                state[prefix + name] = torch.full(tensor.shape, 0.01, dtype=tensor.dtype)
    for name in unet.state_dict():
        key = "model_ema." + f"diffusion_model.{name}".replace(".", "")
        state[key] = state[f"model.diffusion_model.{name}"].clone()
    torch.save({"state_dict": state}, folder / "audioldm-s-full.ckpt")

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    steps = ["H e", "l l", "He ll", "Hell o", "Ġ w", "Ġw o", "Ġwo r", "Ġwor l", "Ġworl d"]
    made = [step.replace(" ", "") for step in steps]
    fixed = {31414: "Hello", 232: "Ġworld", 50264: "<mask>"}
    fixed |= dict(enumerate(["<s>", "<pad>", "</s>", "<unk>"]))
    others = iter([w for w in [*letters, *made] if w not in fixed.values()])
    words = {fixed.get(i) or next(others, f"word{i}"): i for i in range(50265)}
    (folder / "words").mkdir()
    (folder / "words" / "vocab.json").write_text(json.dumps(words))
    (folder / "words" / "merges.txt").write_text("#version: 0.2\n" + "\n".join(steps) + "\n")


def convert(folder: Path) -> None:
    """Import it; anonymous memory is what counts, mapped pages can be given back at any time."""
    peak = 0
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.05):
            status = Path("/proc/self/status").read_text()
            line = next(line for line in status.splitlines() if line.startswith("RssAnon"))
            peak = max(peak, int(line.split()[1]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    from soundstudio.engine.import_checkpoint import import_checkpoint

    begin = time.perf_counter()
    row = import_checkpoint(
        folder / "audioldm-s-full.ckpt", folder / "models", tokenizer=folder / "words"
    )
    seconds = time.perf_counter() - begin
    ended.set()
    watcher.join()
    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = (folder / "audioldm-s-full.ckpt").stat().st_size
    assert row.folder is not None
    written = sum(path.stat().st_size for path in row.folder.rglob("*") if path.is_file())
    print(f"file {size / 1e9:.2f} GB, written {written / 1e9:.2f} GB")
    print(f"{row.parameters:,} parameters, {seconds:.1f} s")
    print(f"peak {peak / 1e6:.2f} GB anonymous, {whole / 1e6:.2f} GB with mapped pages")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        {"make": make, "convert": convert}[sys.argv[2]](Path(sys.argv[1]))
    else:
        place = Path(sys.argv[1]) / "checkpoint-import"
        place.mkdir(parents=True)
        try:
            for step in ("make", "convert"):
                subprocess.run([sys.executable, __file__, str(place), step], check=True)
        finally:
            shutil.rmtree(place)
