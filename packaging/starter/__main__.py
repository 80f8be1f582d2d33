"""Make the starter model: ``python packaging/starter --work DIR --sounds DIR``."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for entry in (str(ROOT), str(Path(__file__).resolve().parent)):
    if entry not in sys.path:
        sys.path.insert(0, entry)

from recipe.command_line import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
