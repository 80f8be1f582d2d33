"""A reader for tests that ends its process on some files; other processes import it from here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from soundstudio.dataset.examine import Examined, examine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def examine_or_die(_: None, paths: Sequence[Path]) -> list[Examined]:
    examined = []
    for path in paths:
        if path.name.startswith("deadly"):
            os._exit(11)
        examined.append(examine(path, 0.05))
    return examined
