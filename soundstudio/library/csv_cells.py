"""How tables are written so that spreadsheets read them, and run nothing that stands in them."""

from __future__ import annotations

from typing import Final

CSV_ENCODING: Final = "utf-8-sig"
"""Excel takes a file for UTF-8 only if it begins with a byte-order mark."""


def plain_cells(*cells: str) -> list[str]:
    """Cells that a spreadsheet takes for text, whatever they begin with."""
    return [f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
            for cell in cells]  # fmt: skip
