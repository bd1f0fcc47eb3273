"""Skin colour from pixels and a mask."""

import numpy as np

from pipeline.attributes.color import MONK_LAB, srgb_from_hex
from pipeline.attributes.skin import FEATURES, LightCorrection, skin_color, weighted_quantiles
from pipeline.attributes.taxonomy import MONK_HEX


def face(tone: int) -> tuple[np.ndarray, np.ndarray]:
    """A disc of one Monk tone on blue, and its mask."""
    y, x = np.mgrid[:32, :32]
    mask = ((x - 16) ** 2 + (y - 17) ** 2 < 100).astype(np.float64)
    cells = np.empty((32, 32, 3))
    cells[:] = (20, 60, 200)
    cells[mask > 0] = 255 * srgb_from_hex(MONK_HEX[tone - 1])
    return cells, mask


def test_the_median_ignores_backdrop_and_highlights() -> None:
    cells, mask = face(6)
    cells[14:18, 14:18] = 255
    found = skin_color(cells[None], mask[None], np.zeros(1))
    assert np.allclose(found.median[0], MONK_LAB[5])
    assert np.isclose(found.share[0], mask.mean())
    assert found.features.shape == (1, len(FEATURES))


def test_an_empty_mask_falls_back_to_the_centre_of_the_face() -> None:
    cells, _ = face(3)
    found = skin_color(cells[None], np.zeros((1, 32, 32)), np.zeros(1))
    assert np.allclose(found.median[0], MONK_LAB[2])
    assert found.share[0] == 0


def test_quantiles_follow_the_weights() -> None:
    values = np.array([[5.0, 1, 3, 2, 4]])
    weight = np.array([[0.0, 1, 1, 1, 1]])
    assert weighted_quantiles(values, weight, (0.25, 0.5, 1.0)).tolist() == [[1, 2, 4]]


def test_a_correction_maps_features_to_tones() -> None:
    weight = np.zeros((len(FEATURES), 3))
    weight[1, 0] = weight[4, 1] = weight[7, 2] = 1
    features = np.zeros((10, len(FEATURES)))
    features[:, [1, 4, 7]] = MONK_LAB - 4
    p = LightCorrection(weight, np.full(3, 4.0), spread=2.0).tones(features)
    assert p.argmax(1).tolist() == list(range(10))
