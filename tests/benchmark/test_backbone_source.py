"""The choice of networks, and features on disk."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from soundstudio.audio.files import Sound
from soundstudio.benchmark.backbone_source import ChosenBackbone
from soundstudio.benchmark.feature_store import FeatureStore, digest_of
from soundstudio.core.errors import InvalidRequestError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("one_thread")

KEY = digest_of({"a": 1})


def test_the_bundled_backbone_travels_and_its_features_are_kept(
    tiny_model_folder: Path, tmp_path: Path
) -> None:
    source = ChosenBackbone(clap=tiny_model_folder, device="cpu").validated()
    assert pickle.loads(pickle.dumps(source)) == source
    facts = source.facts()
    assert facts["name"] == "bundled"
    assert len(facts["networks"]) == 2
    assert facts["fingerprint"] == source.load().facts.fingerprint
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    heard = source.load().features(Sound(noise, 16_000))
    store = FeatureStore(tmp_path)
    assert store.load(KEY) is None
    store.save(KEY, heard)
    again = store.load(KEY)
    assert again is not None
    for name in ("embedding", "logits", "frames"):
        np.testing.assert_array_equal(getattr(again, name), getattr(heard, name))
    assert (again.backbone, again.frames_backbone) == (heard.backbone, heard.frames_backbone)
    assert isinstance(again.backbone, str)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"panns": "a.pth"}, InvalidRequestError),
        ({"name": "paper"}, InvalidRequestError),
        ({"name": "paper", "panns": "a.pth"}, InvalidRequestError),
        ({"name": "paper", "panns": "a.pth", "vggish": "gone.pth"}, ModelError),
    ],
)
def test_wrong_choices(changes: dict[str, Any], error: type[Exception], tmp_path: Path) -> None:
    (tmp_path / "a.pth").touch()
    paths = {k: tmp_path / v for k, v in changes.items() if k != "name"}
    with pytest.raises(error):
        ChosenBackbone(**{"name": changes.get("name", "bundled"), **paths}).validated()


def test_digests_do_not_depend_on_the_order_of_facts() -> None:
    assert digest_of({"a": 1, "b": [2]}) == digest_of({"b": [2], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
