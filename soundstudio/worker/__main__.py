"""`python -m soundstudio.worker`: the engine process."""

from __future__ import annotations

import sys

from soundstudio.worker.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
