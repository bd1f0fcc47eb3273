"""The continuum of presentation as shares of viewers."""

import numpy as np

from pipeline.training.presentation import is_ambiguous, seen_as_masculine


def test_viewers_agree_outside_the_ambiguous_middle_and_split_inside() -> None:
    shares = seen_as_masculine(np.array([0.1, 0.35, 0.5, 0.65, 0.9]))
    assert np.allclose(shares[1:4], [0.05, 0.5, 0.95])
    assert shares[0] < 0.001
    assert shares[4] > 0.999


def test_the_middle_includes_its_ends() -> None:
    m = np.array([0.3, 0.35, 0.5, 0.65, 0.7])
    assert is_ambiguous(m).tolist() == [False, True, True, True, False]
