"""What a scoring is made of: two sets of sounds, and what they are heard with."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from soundstudio.core.errors import ScoreRequestError

BackboneChoice = Literal["bundled", "paper"]
BACKBONE_TITLES: dict[BackboneChoice, str] = {
    "bundled": "Bundled (works at once)",
    "paper": "The paper's (PANNs, VGGish)",
}


@dataclass(frozen=True, slots=True)
class SetChoice:
    """One set: the sounds below a folder, or a list of files, or one fold of a dataset.

    title: what the set is called where it is shown. fold: of a folder in ESC-50's layout, "" for
    all of it.
    """

    title: str
    folder: str = ""
    files: tuple[str, ...] = ()
    fold: str = ""


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """Everything that determines a scoring.

    reference: None gives IS and the CLAP score only. panns, vggish: files of the paper's backbone.
    clap: LAION's file whose CLAP hears for the bundled one, "" for the starter model's.
    prompts: a CSV of files and their prompts, "" for what the sounds themselves say.
    draws, seed: of the intervals' resamples. is_cached: use the features of sounds heard before.
    """

    generated: SetChoice
    reference: SetChoice | None = None
    backbone: BackboneChoice = "bundled"
    panns: str = ""
    vggish: str = ""
    clap: str = ""
    prompts: str = ""
    draws: int = 200
    seed: int = 0
    is_cached: bool = True

    def validated(self) -> ScoreRequest:
        """Return the request itself, or raise `ScoreRequestError` with a clear sentence."""
        for choice, which in ((self.generated, "generated"), (self.reference, "reference")):
            if choice is not None and not choice.folder and not choice.files:
                raise ScoreRequestError(
                    f"The {which} set is empty.",
                    "Choose a folder, files, clips of the library or sounds of a run.",
                )
        if self.backbone == "paper" and not (self.panns and self.vggish):
            raise ScoreRequestError(
                "The paper's backbone needs the weights of PANNs and of VGGish.",
                "Choose both files under “More”, or use the bundled backbone.",
            )
        return self

    def title(self) -> str:
        """ "rain against forest"."""
        if self.reference is None:
            return self.generated.title
        return f"{self.generated.title} against {self.reference.title}"

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ScoreRequest:
        """The inverse of `dataclasses.asdict`. Raises ScoreRequestError."""
        try:
            generated, reference = values["generated"], values["reference"]
            return cls(
                **{
                    **values,
                    "generated": _choice(generated),
                    "reference": None if reference is None else _choice(reference),
                }
            )
        except (TypeError, KeyError) as error:
            raise ScoreRequestError(f"A scoring cannot be read: {error}.") from error


def _choice(values: dict[str, Any]) -> SetChoice:
    choice = SetChoice(**values)
    return dataclasses.replace(choice, files=tuple(str(file) for file in choice.files))
