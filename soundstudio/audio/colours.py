"""Colour tables for spectrograms: 256 rows of red, green, blue and alpha, dark to light.

magma, inferno, viridis (S. van der Walt, N. Smith) and cividis (J. Nuñez, C. Anderton,
R. Renslow) are CC0; each is kept as 16 evenly spaced colours and interpolated.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

ColourTable = npt.NDArray[np.uint8]

_CONTROL_COLOURS: Final = {
    "magma": (
        "000004 0b0924 20114b 3b0f70 57157e 721f81 8c2981 a8327d "
        "c43c75 de4968 f1605d fa7f5e fe9f6d febf84 fddea0 fcfdbf"
    ),
    "inferno": (
        "000004 0c0826 240c4f 420a68 5d126e 781c6d 932667 ae305c "
        "c73e4c dd513a ed6925 f8850f fca50a fac62d f2e661 fcffa4"
    ),
    "viridis": (
        "440154 481a6c 472f7d 414487 39568c 31688e 2a788e 23888e "
        "1f988b 22a884 35b779 54c568 7ad151 a5db36 d2e21b fde725"
    ),
    "cividis": (
        "00204d 002c6a 0f386e 31446b 46506b 575c6d 666970 757575 "
        "848279 958f78 a69d75 b8ab70 cbba69 ddc95f f1d951 ffea46"
    ),
    "grey": "000000 ffffff",
    # Our own: night blue over steel into amber and white, so that noise stays cool and tones glow.
    "studio": "04060d 0a1730 12305c 1f4d80 4a6790 8c7a7d c98f4e f2b04a fbd993 fffaf0",
}
COLOUR_NAMES: Final = tuple(_CONTROL_COLOURS)


@lru_cache(maxsize=len(_CONTROL_COLOURS))
def colour_table(name: str) -> ColourTable:
    """The table of a name, uint8 [256, 4], read-only. Raises KeyError for an unknown name."""
    colours = np.array(
        [list(bytes.fromhex(colour)) for colour in _CONTROL_COLOURS[name].split()], dtype=float
    )
    knots = np.linspace(0.0, 255.0, len(colours))
    steps = np.arange(256)
    channels = [np.interp(steps, knots, colours[:, channel]) for channel in range(3)]
    table = np.rint(np.stack((*channels, np.full(256, 255.0)), axis=1)).astype(np.uint8)
    table.setflags(write=False)
    return np.asarray(table)


def lightness(table: ColourTable) -> npt.NDArray[np.float64]:
    """CIE L* (0 to 100) of each colour of a table [256]."""
    encoded = table[:, :3] / 255.0
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    cube = np.where(
        luminance > 216 / 24389, np.cbrt(luminance), (luminance * 24389 / 27 + 16) / 116
    )
    return np.asarray(116.0 * cube - 16.0)
