"""CLAP scores in the library: kept, sorted by, and given to a library from before them."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from soundstudio.core.messages import VariationReady
from soundstudio.core.requests import GenerationRequest
from soundstudio.library import schema
from soundstudio.library.clips import ClipQuery, from_json, to_json
from soundstudio.library.library import Library

if TYPE_CHECKING:
    import pytest

    from soundstudio.core.paths import UserFolders

RAIN = GenerationRequest(prompt="rain")


HandOver = Callable[..., VariationReady]


def add(library: Library, hand_over: HandOver, variation: int, score: float | None) -> int:
    ready = dataclasses.replace(hand_over(RAIN, variation), clap_score=score)
    return library.add_generated(ready, RAIN).id


def test_scores_are_kept_and_sort_with_the_unscored_last(
    library: Library, hand_over: HandOver
) -> None:
    ids = [add(library, hand_over, number, score) for number, score in enumerate((0.1, None, 0.4))]
    assert [library.clip(id_).clap_score for id_ in ids] == [0.1, None, 0.4]
    assert list(library.ids(ClipQuery(order="clap"))) == [ids[2], ids[0], ids[1]]
    clip = library.clip(ids[2])
    again = from_json(to_json(clip), clip.path)
    assert again is not None
    assert again.clap_score == 0.4


def test_a_library_of_the_previous_version_gets_the_column(
    folders: UserFolders, hand_over: HandOver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made by the previous version's own statements, with a clip in it."""
    folders.library_file.parent.mkdir(parents=True)
    connection = sqlite3.connect(folders.library_file, isolation_level=None)
    with monkeypatch.context() as before:
        before.setattr(schema, "SCHEMA_VERSION", 1)
        schema.migrate(connection)
    columns = {row[1] for row in connection.execute("PRAGMA table_info(clips)")}
    assert "clap_score" not in columns
    request = '{"prompt": "rain", "seed": 4}'
    connection.execute(
        "INSERT INTO clips (path, name, created_at, request, prompt, variation_seed, model_title, "
        "model_licence, device, dtype, sample_rate, duration_s, channels, peak_db, true_peak_db, "
        "rms_db, lufs, favourite, rating, tags, notes, trashed) VALUES ('clips/a.wav', 'old', "
        "'2026-01-02T03:04:05+00:00', ?, 'rain', 4, 'Starter model', 'CC', 'cpu', "
        "'float32', 16000, 1.0, 1, -1, -1, -20, NULL, 1, 3, '[]', '[]', 0)",
        (request,),
    )
    connection.close()
    library = Library.open(folders)
    try:
        old = library.clip(1)
        assert (old.name, old.rating, old.clap_score) == ("old", 3, None)
        assert old.request == GenerationRequest(prompt="rain", seed=4)
        new = add(library, hand_over, 0, 0.25)
        assert list(library.ids(ClipQuery(order="clap"))) == [new, 1]
    finally:
        library.close()
