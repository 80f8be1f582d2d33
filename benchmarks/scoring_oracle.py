"""Cnn14, VGGish and all four scores beside audioldm_eval 0.0.3, on the same random weights.

    python benchmarks/scoring_oracle.py ORACLE [--clips N] [--record]

ORACLE is a folder that holds the unpacked packages `audioldm_eval` 0.0.3 and `torchvggish` 0.2
(`pip download --no-deps`, then unpack both). Only their model and metric files are imported; their
downloads of weights never run. `--record` prints the numbers that the tests hold.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import types
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("oracle", type=Path)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--record", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        return compare(args.oracle, args.clips, Path(scratch), args.record)


def compare(oracle_folder: Path, clips: int, scratch: Path, record: bool) -> int:
    from evaluation.random_networks import cnn14_state, probe_waveform, vggish_state

    from soundstudio.audio.files import Sound
    from soundstudio.evaluation.backbones import load_paper
    from soundstudio.evaluation.scores import compute_scores

    panns, vggish = scratch / "panns.pth", scratch / "vggish.pth"
    torch.save({"model": cnn14_state()}, panns)
    torch.save(vggish_state(), vggish)
    oracle = Oracle(oracle_folder, scratch)
    ours = load_paper(panns, vggish, device="cpu")
    features, theirs = [], []
    for number in range(2 * clips):
        waveform = probe_waveform(number, 16_000 * (1 + number % 4))
        features.append(ours.features(Sound(waveform, 16_000)))
        theirs.append(oracle.features(waveform))
    worst = {
        name: max(
            float(np.abs(getattr(mine, name) - other[name]).max() / np.abs(other[name]).max())
            for mine, other in zip(features, theirs, strict=True)
        )
        for name in ("embedding", "logits", "frames")
    }
    print("largest difference, relative to the clip's largest value")
    for name, value in worst.items():
        print(f"  {name:<10} {value:.2e}")
    # The metrics on the same features: those of our networks.
    pairs = [(i, i) for i in range(clips)]
    scores = compute_scores(features[:clips], features[clips:], pairs, draws=20)
    expected = oracle.scores(features[:clips], features[clips:])
    for key, score in scores.by_key().items():
        value = score.value if score else float("nan")
        relative = abs(value - expected[key]) / max(abs(expected[key]), 1e-12)
        print(f"  {key:<4} {value:.9g}, audioldm_eval {expected[key]:.9g}: {relative:.1e}")
    if record:
        first = theirs[3]
        for name in worst:
            values = np.asarray(first[name]).ravel()
            print(name, values.shape, [float(v) for v in values[:: max(1, len(values) // 8)][:8]],
                  float(np.abs(values).sum()))  # fmt: skip
    return int(max(worst.values()) > 1e-5)


class Oracle:
    """audioldm_eval's and torchvggish's own code, filled with the random weights."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        from evaluation.random_networks import cnn14_state, vggish_state

        sys.path[:0] = [str(folder), str(folder / "torchvggish-0.2")]
        for name, path in (
            ("audioldm_eval", folder / "audioldm_eval"),
            ("audioldm_eval.feature_extractors", folder / "audioldm_eval/feature_extractors"),
            (
                "audioldm_eval.feature_extractors.panns",
                folder / "audioldm_eval/feature_extractors/panns",
            ),
            ("audioldm_eval.metrics", folder / "audioldm_eval/metrics"),
            ("torchvggish", folder / "torchvggish-0.2/torchvggish"),
        ):
            # The packages' own __init__ import what is not needed here (and wandb, ssr_eval …).
            package = types.ModuleType(name)
            package.__path__ = [str(path)]
            sys.modules[name] = package
        if importlib.util.find_spec("resampy") is None:
            sys.modules["resampy"] = types.ModuleType("resampy")  # all probes are at 16 kHz
        self._cnn14 = self._build_cnn14(cnn14_state(), scratch)
        module: Any = importlib.import_module("torchvggish.torchvggish")
        self._vggish = module._vgg(postprocess=False)
        self._vggish.load_state_dict(vggish_state())
        self._vggish.embeddings = torch.nn.Sequential(
            *list(self._vggish.embeddings.children())[:-1]
        )
        self._vggish.eval()
        self._input: Any = importlib.import_module("torchvggish.vggish_input")

    @staticmethod
    def _build_cnn14(state: dict[str, torch.Tensor], scratch: Path) -> Any:
        """Its constructor loads ./ckpt/…: it is given our random weights there."""
        import contextlib

        checkpoints = scratch / "ckpt"
        checkpoints.mkdir(exist_ok=True)
        for name in ("Cnn14_mAP=0.431.pth", "Cnn14_16k_mAP=0.438.pth"):
            torch.save({"model": state}, checkpoints / name)
        models: Any = importlib.import_module("audioldm_eval.feature_extractors.panns.models")
        with contextlib.chdir(scratch):
            network = models.Cnn14(
                features_list=["2048", "logits"], sample_rate=16000, window_size=512, hop_size=160,
                mel_bins=64, fmin=50, fmax=8000, classes_num=527,
            )  # fmt: skip
        return network.eval()

    def features(self, waveform: np.ndarray) -> dict[str, np.ndarray]:
        padded = waveform - waveform.mean()
        padded = np.pad(padded, (0, max(0, 32_000 - len(padded))))
        with torch.no_grad():
            out = self._cnn14(torch.from_numpy(padded)[None])
        # Here the evaluator records gradients.
        frames = self._vggish(self._input.waveform_to_examples(waveform, 16_000)).detach()
        return {
            "embedding": out["2048"][0].numpy(),
            "logits": out["logits"][0].numpy(),
            "frames": frames.numpy(),
        }

    def score_folders(self, generated: Path, reference: Path) -> dict[str, float]:
        """All four as its `main` computes them: a file a forward pass, one after the other."""
        import soundfile

        sets = []
        for folder in (generated, reference):
            found = []
            for path in sorted(folder.iterdir()):
                waveform, _ = soundfile.read(path, dtype="float32")
                found.append(SimpleNamespace(**self.features(waveform)))
            sets.append(found)
        return self.scores(*sets)

    @staticmethod
    def scores(generated: list[Any], reference: list[Any]) -> dict[str, float]:
        names = ("isc", "kl", "fid", "fad")
        isc, kl, fid, fad = (
            importlib.import_module(f"audioldm_eval.metrics.{name}") for name in names
        )
        tables = [
            {
                "2048": torch.from_numpy(np.stack([c.embedding for c in clips])).double(),
                "logits": torch.from_numpy(np.stack([c.logits for c in clips])).double(),
                "file_path_": [f"{i}.wav" for i in range(len(clips))],
            }
            for clips in (generated, reference)
        ]
        distance = fad.FrechetAudioDistance.__new__(fad.FrechetAudioDistance)
        frames = [np.concatenate([c.frames for c in clips]).astype(np.float64)
                  for clips in (generated, reference)]  # fmt: skip
        statistics = [distance.calculate_embd_statistics(f) for f in frames]
        kl_out = kl.calculate_kl(tables[0], tables[1], "logits", True)[0]
        return {
            "fd": fid.calculate_fid(tables[0], tables[1], "2048")["frechet_distance"],
            "is": isc.calculate_isc(tables[0], "logits", 2020, True, 10)["inception_score_mean"],
            "kl": kl_out["kullback_leibler_divergence_softmax"],
            "fad": float(distance.calculate_frechet_distance(*statistics[0], *statistics[1])),
        }


if __name__ == "__main__":
    sys.exit(main())
