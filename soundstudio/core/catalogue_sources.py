"""Where the catalogue's downloads come from: a table of data.

Sizes and hashes stand where they are published; where none is, the download is pinned by what the
server lists. Sources: shared reference on AudioLDM, sections 1.1 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

AUDIOLDM_LICENCE: Final = "CC-BY-NC-SA-4.0"


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model on the Hub. parameters: UNet, VAE, vocoder and text tower together."""

    id: str
    title: str
    hub_id: str
    parameters: int
    licence: str = AUDIOLDM_LICENCE

    def weights_bytes(self, bytes_a_parameter: int) -> int:
        """What the weights alone need in memory: 4 bytes a parameter in float32, else 2."""
        return self.parameters * bytes_a_parameter


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file of weights that is no model. size_bytes 0: not published.

    sha256_start: as many of the hash's digits as are published.
    """

    id: str
    title: str
    file_name: str
    url: str
    licence: str
    size_bytes: int = 0
    sha256_start: str = ""


HUB_MODELS: Final = (
    HubModel("audioldm-s-full", "AudioLDM small", "cvssp/audioldm", 420_980_338),
    HubModel("audioldm-s-full-v2", "AudioLDM small v2", "cvssp/audioldm-s-full-v2", 420_980_338),
    HubModel("audioldm-m-full", "AudioLDM medium", "cvssp/audioldm-m-full", 651_898_354),
    HubModel("audioldm-l-full", "AudioLDM large", "cvssp/audioldm-l-full", 975_082_866),
)
WEIGHTS_FILES: Final = (
    WeightsFile(
        "panns-cnn14-16k",
        "PANNs Cnn14 16 kHz",
        "Cnn14_16k_mAP=0.438.pth",
        "https://zenodo.org/records/3987831/files/Cnn14_16k_mAP%3D0.438.pth?download=1",
        "CC-BY-4.0",
    ),
    WeightsFile(
        "vggish",
        "VGGish",
        "vggish-10086976.pth",
        "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth",
        "Apache-2.0",
        sha256_start="10086976",
    ),
)
