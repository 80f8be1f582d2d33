"""Which networks a benchmark scores with: the bundled ones, or the paper's from two files."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from soundstudio.core.errors import InvalidRequestError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.evaluation.backbones import Backbone, BackboneName


@dataclass(frozen=True, slots=True)
class ChosenBackbone:
    """A BackboneSource.

    panns, vggish: the weights of the paper's networks. clap: whose CLAP hears for FAD in
    the bundled backbone, a model folder or LAION's file; the starter model's by default.
    """

    name: BackboneName = "bundled"
    panns: Path | None = None
    vggish: Path | None = None
    clap: Path | None = None
    device: str = "auto"

    def validated(self) -> ChosenBackbone:
        """Return itself. Raises InvalidRequestError for a wrong choice, ModelError for no file."""
        given = [path for path in (self.panns, self.vggish) if path is not None]
        if self.name == "bundled" and given:
            raise InvalidRequestError(
                "Weights of PANNs and VGGish belong to the paper's backbone.",
                "Choose that backbone (--backbone paper).",
            )
        if self.name == "paper" and len(given) < 2:
            raise InvalidRequestError(
                "The paper's backbone needs the weights of PANNs Cnn14 and of VGGish.",
                "Choose both files (--panns and --vggish).",
            )
        for path in given:
            if not path.is_file():
                raise ModelError(f"There is no file {path}.", "Give the downloaded weights file.")
        return self

    def load(self) -> Backbone:
        """Load the networks. Raises ModelError, DeviceError."""
        from soundstudio.evaluation.backbones import load_bundled, load_paper

        if self.panns is not None and self.vggish is not None:
            return load_paper(self.panns, self.vggish, self.device)
        return load_bundled(self.clap, self.device)

    def facts(self) -> dict[str, Any]:
        """What a result must say about the networks; `fingerprint` names their features."""
        return _facts(self)


@functools.lru_cache(maxsize=4)
def _facts(source: ChosenBackbone) -> dict[str, Any]:
    # Loaded rather than looked up: only what was loaded can vouch for its features.
    backbone = source.load()
    facts = backbone.facts
    return {
        "name": backbone.name,
        "fingerprint": facts.fingerprint,
        "networks": [dataclasses.asdict(network) for network in facts.networks],
        "notes": [*facts.notes, *([facts.missing_frames] if facts.missing_frames else [])],
    }
