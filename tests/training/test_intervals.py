"""Bootstrap intervals."""

import numpy as np

from pipeline.training.intervals import interval, mean_interval


def test_an_interval_holds_the_figure_and_narrows_with_more_rows() -> None:
    rng = np.random.default_rng(0)
    few, many = (mean_interval(rng.normal(size=n), rng) for n in (50, 5000))
    for value, low, high in (few, many):
        assert low < value < high
    assert many[2] - many[1] < 0.2 * (few[2] - few[1])


def test_both_ways_agree() -> None:
    x = np.arange(100.0)
    one = interval(lambda rows: float(x[rows].mean()), 100, np.random.default_rng(0))
    other = mean_interval(x, np.random.default_rng(0))
    assert one[0] == other[0] == 49.5
    assert np.allclose(one, other, atol=2)


def test_nothing_has_no_interval() -> None:
    assert mean_interval(np.zeros(0), np.random.default_rng(0)) == [0, 0, 0]
