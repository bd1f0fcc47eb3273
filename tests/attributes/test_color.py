"""Colours against published values."""

import numpy as np
import pytest

from pipeline.attributes.color import (
    MONK_LAB,
    ita,
    lab_from_srgb,
    linear_from_srgb,
    monk_lab,
    monk_probabilities,
    srgb_from_hex,
)


@pytest.mark.parametrize(
    ("code", "lab"),
    [
        ("#000000", (0, 0, 0)),
        ("#ffffff", (100, 0, 0)),
        ("#777777", (50.03, 0, 0)),
        ("#ff0000", (53.24, 80.09, 67.20)),
        ("#00ff00", (87.73, -86.18, 83.18)),
        ("#0000ff", (32.30, 79.19, -107.86)),
    ],
)
def test_primaries_and_greys_have_their_published_lab(
    code: str, lab: tuple[float, float, float]
) -> None:
    assert lab_from_srgb(srgb_from_hex(code)) == pytest.approx(lab, abs=0.03)


def test_the_transfer_curve_meets_its_linear_foot() -> None:
    assert linear_from_srgb(np.array([0.0, 0.04045, 0.5, 1.0])) == pytest.approx(
        [0, 0.0031308, 0.2140411, 1], abs=1e-6
    )


def test_typology_angle_falls_from_light_to_dark_skin() -> None:
    assert ita(np.array([60.0, 10, 10])) == pytest.approx(45)
    angles = ita(MONK_LAB)
    assert angles[0] > 55
    assert angles[9] < -30
    assert np.all(np.diff(angles[2:9]) < 0)


def test_a_bluish_light_skin_still_counts_as_light() -> None:
    assert ita(np.array([80.0, 5, -3])) == pytest.approx(90)


def test_every_monk_colour_is_nearest_to_its_own_tone() -> None:
    p = monk_probabilities(MONK_LAB, spread=3.0)
    assert p.argmax(1).tolist() == list(range(10))
    assert np.allclose(p.sum(1), 1)
    assert monk_probabilities(MONK_LAB, spread=0.5).max(1).min() > 0.99


def test_fractional_tones_lie_between_their_neighbours() -> None:
    assert np.allclose(monk_lab(np.array([1.0, 10.0])), MONK_LAB[[0, 9]])
    assert np.allclose(monk_lab(np.array([5.5]))[0], (MONK_LAB[4] + MONK_LAB[5]) / 2)
