"""Networks against numbers of the original code on the same random weights, and wrong files.

The numbers of Cnn14 and VGGish were printed by `benchmarks/scoring_oracle.py --record`, which fills
audioldm_eval 0.0.3's and torchvggish 0.2's own classes with the weights of `random_networks.py`;
those of the bundled network by aisfx 0.1.2's own class on its own weights.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from evaluation.random_networks import probe_waveform
from safetensors.torch import save_file

from soundstudio.core.errors import ModelError
from soundstudio.evaluation.networks import sound_effects, vggish, weight_files
from soundstudio.evaluation.networks.cnn14 import Cnn14
from soundstudio.evaluation.networks.inference import prepare_for_inference
from soundstudio.evaluation.networks.vggish import VGGish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROBE = 3  # its length: 4 s
EMBEDDING = [5.279371, 1.601559, 9.099586, 0.0, 5.126412, 1.711853, 9.102029, 0.0]
LOGITS = [7.242831, 12.03264, -40.248627, -15.83476, -23.641821, -13.975703, 16.017002, -41.677166]


def check(found: np.ndarray, sample: list[float], absolute_sum: float) -> None:
    """Every eighth of the values, and the sum of all magnitudes, agree to 1e-5."""
    flat = found.ravel()
    largest = float(np.abs(flat).max())
    np.testing.assert_allclose(flat[:: len(flat) // 8][:8], sample, rtol=1e-5, atol=1e-5 * largest)
    assert float(np.abs(flat.astype(np.float64)).sum()) == pytest.approx(absolute_sum, rel=1e-5)


prepared = pytest.mark.parametrize("change", [lambda _: None, prepare_for_inference])


class TestCnn14:
    @prepared
    def test_evaluator(
        self, paper_files: tuple[Path, Path], change: Callable[[torch.nn.Module], None]
    ) -> None:
        waveform = probe_waveform(PROBE, 64_000)
        network = Cnn14.load(paper_files[0])
        change(network)
        with torch.inference_mode():
            embedding, logits = network(torch.from_numpy(waveform - waveform.mean())[None])
        check(
            embedding.numpy(),
            [7.159007549285889, 1.5166410207748413, 6.909998416900635, 3.7038700580596924,
             9.268956184387207, 0.0, 0.0, 0.0],
            3028.10693359375,
        )  # fmt: skip
        check(
            logits.numpy(),
            [0.4599451422691345, 4.495260715484619, 5.769546985626221, -2.4562089443206787,
             0.6765299439430237, 4.014947414398193, 1.7479535341262817, 0.31124699115753174],
            1549.9256591796875,
        )  # fmt: skip

    def test_the_32_khz_file_is_told_apart(self, tmp_path: Path) -> None:
        torch.save(
            {"model": {"spectrogram_extractor.stft.conv_real.weight": torch.zeros(513, 1, 1024)}},
            tmp_path / "Cnn14_mAP=0.431.pth",
        )
        with pytest.raises(ModelError, match="32 kHz") as caught:
            Cnn14.load(tmp_path / "Cnn14_mAP=0.431.pth")
        assert "Cnn14_16k_mAP=0.438.pth" in caught.value.advice

    def test_vggish_in_its_place(self, paper_files: tuple[Path, Path]) -> None:
        with pytest.raises(ModelError, match="another network") as caught:
            Cnn14.load(paper_files[1])
        assert "Cnn14_16k_mAP=0.438.pth" in caught.value.advice


class TestVGGish:
    @prepared
    def test_evaluator(
        self, paper_files: tuple[Path, Path], change: Callable[[torch.nn.Module], None]
    ) -> None:
        network = VGGish.load(paper_files[1])
        change(network)
        (frames,) = network.listen([probe_waveform(PROBE, 64_000)])
        assert frames.shape == (4, 128)
        check(
            frames,
            [0.8090108036994934, -2.2787728309631348, 1.2218470573425293, -2.2670998573303223,
             1.4948832988739014, -1.8437201976776123, 1.646714687347412, -2.7327535152435303],
            1390.039306640625,
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("samples", "frames"),
        [(800, 1), (15_600, 1), (15_360 + 15_599, 1), (15_360 + 15_600, 2), (80_000, 5)],
    )
    def test_frames(self, samples: int, frames: int) -> None:
        examples = vggish.log_mel_examples(np.zeros(samples, dtype=np.float32))
        assert examples.shape == (frames, 96, 64)
        np.testing.assert_allclose(examples, np.log(0.01), rtol=1e-6)

    def test_cnn14_in_its_place(self, paper_files: tuple[Path, Path]) -> None:
        with pytest.raises(ModelError, match="another network") as caught:
            VGGish.load(paper_files[0])
        assert "vggish-10086976.pth" in caught.value.advice


class TestSoundEffects:
    @prepared
    def test_package(self, change: Callable[[torch.nn.Module], None]) -> None:
        network = sound_effects.SoundEffectNetwork.load()
        change(network)
        mel = torch.rand(2, 100, 96, generator=torch.Generator().manual_seed(0)) * 0.6
        with torch.inference_mode():
            embedding, logits = network(mel)
        # The shipped matrices are float16: 4e-4 of the largest value.
        for found, sample in ((embedding, EMBEDDING), (logits, LOGITS)):
            picked = found.numpy().ravel()[:: found.numel() // 8][:8]
            np.testing.assert_allclose(picked, sample, atol=5e-4 * float(found.abs().max()))

    def test_front_end_of_a_tone(self) -> None:
        # A sine of amplitude 1 on bin 93 (2002.6 Hz): its power is (sum of the window / 2)².
        time = np.arange(44_100) / 44_100
        tone = np.sin(2 * np.pi * 93 * 44_100 / 2048 * time).astype(np.float32)
        mel = sound_effects.log_mel(tone)
        assert mel.shape == (1 + 44_100 // 1024, 96)
        window = np.hanning(2048)
        bank = sound_effects._filterbank()
        spectrum = np.square(
            np.abs(np.fft.rfft(tone[10 * 1024 - 1024 : 10 * 1024 + 1024] * window))
        )
        assert spectrum[93] == pytest.approx((window.sum() / 2) ** 2, rel=1e-3)
        expected = np.log10(1e4 * (bank @ spectrum) + 1.0) / 9.457798957824707
        np.testing.assert_allclose(mel[10], expected, atol=1e-5)
        np.testing.assert_allclose(bank.sum(axis=1)[bank.any(axis=1)], 1.0, rtol=1e-5)

    @pytest.mark.parametrize(("frames", "blocks"), [(3, 1), (100, 1), (149, 1), (150, 2), (260, 4)])
    def test_blocks(self, frames: int, blocks: int) -> None:
        mel = np.arange(frames * 96, dtype=np.float32).reshape(frames, 96)
        cut = sound_effects.mel_blocks(mel)
        assert cut.shape == (blocks, 100, 96)
        last = 50 * (blocks - 1)
        kept = min(frames - last, 100)
        np.testing.assert_array_equal(cut[-1][:kept], mel[last : last + kept])
        assert not cut[-1][kept:].any()


class TestWeightFiles:
    def test_a_missing_file_says_what_was_expected(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match="no weights file") as caught:
            weight_files.read_state(tmp_path / "gone.pth", "the file of the moon")
        assert caught.value.advice == "Expected is the file of the moon."

    def test_text_called_pth(self, tmp_path: Path) -> None:
        path = tmp_path / "weights.pth"
        path.write_text("hello")
        with pytest.raises(ModelError, match="damaged, or holds more than weights"):
            weight_files.read_state(path, "x")

    def test_text_called_safetensors(self, tmp_path: Path) -> None:
        path = tmp_path / "weights.safetensors"
        path.write_text("hello, this is long enough")
        with pytest.raises(ModelError, match="damaged, or holds more than weights"):
            weight_files.read_state(path, "x")

    def test_nothing_in_a_file_is_run(self, tmp_path: Path) -> None:
        class Trap:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                return (open, (str(tmp_path / "sprung"), "w"))  # type: ignore[return-value]

        path = tmp_path / "weights.pth"
        path.write_bytes(pickle.dumps(Trap()))
        with pytest.raises(ModelError):
            weight_files.read_state(path, "x")
        torch.save({"a": Trap()}, path)
        (tmp_path / "sprung").unlink(missing_ok=True)
        with pytest.raises(ModelError):
            weight_files.read_state(path, "x")
        assert not (tmp_path / "sprung").exists()

    def test_a_file_without_tensors(self, tmp_path: Path) -> None:
        torch.save([1, 2], tmp_path / "weights.pth")
        with pytest.raises(ModelError, match="no table of weights"):
            weight_files.read_state(tmp_path / "weights.pth", "x")

    def test_values_that_are_no_numbers(self, tmp_path: Path) -> None:
        network = torch.nn.Linear(2, 2)
        save_file({"weight": torch.full((2, 2), torch.nan), "bias": torch.zeros(2)},
                  tmp_path / "w.safetensors")  # fmt: skip
        state = weight_files.read_state(tmp_path / "w.safetensors", "x")
        with pytest.raises(ModelError, match="weight holds values that are not numbers"):
            weight_files.fill(network, state, "w.safetensors", "x")

    def test_every_misfit_is_counted(self) -> None:
        with pytest.raises(ModelError, match=r"bias is missing \(and 2 more\)"):
            weight_files.fill(
                torch.nn.Linear(2, 2),
                {"weight": torch.zeros(3, 2), "odd": torch.zeros(1)},
                "f",
                "x",
            )
