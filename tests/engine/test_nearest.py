"""The nearest by direction: blocks, lengths, and rows that do not count for each other."""

from __future__ import annotations

import numpy as np

from soundstudio.engine.nearest import nearest_of


def test_nearest_rows_in_blocks() -> None:
    rows = np.random.default_rng(0).normal(size=(1200, 3))
    nearest, cosine = nearest_of(rows * 2, rows)
    np.testing.assert_array_equal(nearest, np.arange(1200))
    np.testing.assert_allclose(cosine, 1.0)
    others, below = nearest_of(rows, rows, kin=np.arange(1200))
    assert not (others == np.arange(1200)).any()
    assert (below < 1.0).all()


def test_kin_do_not_count_in_any_block() -> None:
    rows = np.random.default_rng(1).normal(size=(1100, 4)).astype(np.float32)
    kin = np.array([f"recording {number // 3}" for number in range(len(rows))])
    nearest, cosine = nearest_of(rows, rows, kin=kin)
    assert not (kin[nearest] == kin).any()
    # The same by hand for the last row, which lies in the last block.
    last = rows[-1].astype(np.float64)
    cosines = rows @ last / np.linalg.norm(rows, axis=1) / np.linalg.norm(last)
    cosines[kin == kin[-1]] = -1.0
    assert nearest[-1] == cosines.argmax()
    np.testing.assert_allclose(cosine[-1], cosines.max(), rtol=1e-5)
    _, alone = nearest_of(rows[:3], rows[:3], kin=kin[:3])
    assert (alone == -np.inf).all()
