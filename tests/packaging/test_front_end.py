"""The torch front end of the training equals the application's."""

from __future__ import annotations

import numpy as np
import torch
from recipe.front_end import LogMel

from soundstudio.audio.mel import log_mel


def test_torch_equals_numpy() -> None:
    signal = np.random.default_rng(1).normal(0, 0.1, 8_000).astype(np.float32)
    made = LogMel()(torch.from_numpy(signal)[None])[0].numpy()
    np.testing.assert_allclose(made, log_mel(signal), atol=2e-3)
