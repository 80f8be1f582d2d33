"""Colour tables must rise in lightness, or loud and soft are told apart wrongly."""

from __future__ import annotations

import numpy as np
import pytest

from soundstudio.audio.colours import COLOUR_NAMES, colour_table, lightness


@pytest.mark.parametrize("name", COLOUR_NAMES)
def test_lightness_rises_all_the_way(name: str) -> None:
    table = colour_table(name)
    assert table.shape == (256, 4)
    assert table.dtype == np.uint8
    assert (table[:, 3] == 255).all()
    steps = lightness(table)
    assert np.diff(steps).min() > -0.35  # rounding to bytes may step back by a third of a unit
    assert np.diff(steps[::8]).min() > 0.3
    assert steps[-1] - steps[0] > 55


def test_names_match_the_settings() -> None:
    import dataclasses

    from soundstudio.core.settings import Settings

    fields = {field.name: field for field in dataclasses.fields(Settings)}
    assert set(fields["spectrogram_colours"].metadata["choices"]) == set(COLOUR_NAMES)


def test_tables_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        colour_table("magma")[0, 0] = 1
    with pytest.raises(KeyError):
        colour_table("rainbow")


def test_lightness_of_known_colours() -> None:
    table = np.array([[0, 0, 0, 255], [255, 255, 255, 255], [119, 119, 119, 255]], np.uint8)
    np.testing.assert_allclose(lightness(table), [0.0, 100.0, 50.03], atol=0.05)
