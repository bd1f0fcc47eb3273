"""How well realism tells good from bad."""

import numpy as np
import pytest
from numpy.typing import NDArray
from toys import Discs

from pipeline.training.corruptions import HELD_OUT, TRAINED
from pipeline.training.draws import natural_latents
from pipeline.training.realism import area_under_curve, realism_figures
from pipeline.training.renders import render_small


def test_the_area_counts_ordered_pairs() -> None:
    assert area_under_curve(np.array([3.0, 4]), np.array([1.0, 2])) == 1
    assert area_under_curve(np.array([1.0, 2]), np.array([3.0, 4])) == 0
    assert area_under_curve(np.array([1.0, 3]), np.array([2.0])) == 0.5
    assert area_under_curve(np.ones(4), np.ones(3)) == 0.5


def test_a_score_that_knows_the_backdrop_refuses_what_has_none() -> None:
    w = natural_latents(Discs(), 40, np.random.default_rng(0))
    faces = render_small(Discs(), w, np.full(40, 128))

    def score(images: NDArray[np.uint8]) -> NDArray[np.float64]:
        corner = images[:, -6:, :6].astype(np.float64) - (90, 90, 120)
        return 1 / (1 + np.abs(corner).mean((1, 2, 3)))

    found = realism_figures(score, faces, faces, seed=0)
    assert found["proper"] == 80
    assert found["trained"].keys() == {"all", *TRAINED}
    assert found["held_out"].keys() == {"all", *HELD_OUT}
    area, low, high = found["trained"]["negative"]["auc"]
    assert area == pytest.approx(1)
    assert low <= area <= high
    assert found["held_out"]["cells"]["refused"] > 0.9
    assert found["trained"]["erased"]["auc"][0] < 0.8
