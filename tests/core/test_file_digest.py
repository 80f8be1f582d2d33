"""A file's digest is that of its bytes, whatever it is called and however long it is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from soundstudio.core.file_digest import sha256_of_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [0, 3, 1 << 20])
def test_the_digest_is_that_of_the_bytes(tmp_path: Path, size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    for name in ("a.wav", "雨"):
        (tmp_path / name).write_bytes(content)
        assert sha256_of_file(tmp_path / name) == hashlib.sha256(content).hexdigest()


def test_what_cannot_be_read_is_the_callers_to_explain(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sha256_of_file(tmp_path / "nothing")
    with pytest.raises(OSError, match=r"directory|denied"):
        sha256_of_file(tmp_path)
