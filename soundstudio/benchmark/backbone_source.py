"""Which networks a benchmark scores with: the bundled ones, or the paper's from two files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from soundstudio.benchmark.dataset import sha256_of_files
from soundstudio.core.errors import InvalidRequestError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from soundstudio.evaluation.backbones import Backbone

BackboneName = Literal["bundled", "paper"]


@dataclass(frozen=True, slots=True)
class ChosenBackbone:
    """A BackboneSource; `panns` and `vggish` are the weights of the paper's networks."""

    name: BackboneName = "bundled"
    panns: Path | None = None
    vggish: Path | None = None

    def validated(self) -> ChosenBackbone:
        """Return itself. Raises InvalidRequestError for a wrong choice, ModelError for no file."""
        given = [path for path in (self.panns, self.vggish) if path is not None]
        if self.name == "bundled" and given:
            raise InvalidRequestError(
                "Weights of PANNs and VGGish belong to the paper's backbone.",
                "Add --backbone paper.",
            )
        if self.name == "paper" and len(given) < 2:
            raise InvalidRequestError(
                "The paper's backbone needs the weights of PANNs Cnn14 and of VGGish.",
                "Give them with --panns and --vggish.",
            )
        for path in given:
            if not path.is_file():
                raise ModelError(f"There is no file {path}.", "Give the downloaded weights file.")
        return self

    def load(self) -> Backbone:
        """Load the networks. Raises ModelError."""
        from soundstudio.evaluation.backbones import load_bundled, load_paper

        if self.panns is None or self.vggish is None:
            return load_bundled()
        return load_paper(self.panns, self.vggish)

    def identity(self) -> str:
        """The name and the SHA-256 of the weights."""
        if self.panns is None or self.vggish is None:
            return f"bundled:{sha256_of_files(bundled_weights())}"
        return f"paper:{sha256_of_files([self.panns, self.vggish])}"


def bundled_weights() -> list[Path]:
    """The files of the bundled backbone."""
    from soundstudio.core.paths import resource

    folder = resource("backbone")
    return sorted(path for path in folder.rglob("*") if path.is_file())
