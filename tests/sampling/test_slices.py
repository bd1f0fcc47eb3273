"""Chains end where rejection would, and depend on their own place alone."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp, norm

from pipeline.sampling.slices import ENOUGH, settled

SIZE = 6
PLACES = [(slot, 0) for slot in range(400)]


def above(level: float, sharp: float = 20.0) -> object:
    """Odds of a cell of draws whose first number, doubled with the second, lies above a level."""

    def log_odds(z: NDArray[np.float32], chains: NDArray[np.int64]) -> NDArray[np.float64]:
        place = (z[:, 0] + z[:, 1]) / np.sqrt(2) - level
        return np.asarray(-np.log1p(np.exp(-sharp * place.astype(np.float64))))

    return log_odds


def test_they_end_in_the_cell_as_natural_draws_do() -> None:
    ends = settled(3, PLACES, SIZE, above(1.5))
    rng = np.random.default_rng(0)
    natural = rng.standard_normal((200_000, SIZE))
    odds = above(1.5)(natural, np.arange(len(natural)))  # type: ignore[operator]
    kept = natural[odds >= np.log(ENOUGH)]
    for along in (0, 1, 2, 5):
        assert ks_2samp(ends[:, along], kept[:, along]).pvalue > 0.01
    assert ks_2samp(ends[:, 0] + ends[:, 1], kept[:, 0] + kept[:, 1]).pvalue > 0.01


@pytest.mark.parametrize("level", [4.0, 5.5])
def test_rarity_costs_nothing(level: float) -> None:
    """One draw in 30,000, and in 50 million."""
    calls = 0
    odds = above(level)

    def counted(z: NDArray[np.float32], chains: NDArray[np.int64]) -> NDArray[np.float64]:
        nonlocal calls
        calls += len(z)
        return odds(z, chains)  # type: ignore[no-any-return, operator]

    ends = settled(1, PLACES[:200], SIZE, counted)
    place = (ends[:, 0] + ends[:, 1]) / np.sqrt(2)
    edge = level + np.log(ENOUGH / (1 - ENOUGH)) / 20
    assert (place >= edge - 1e-4).all()
    assert place.mean() == pytest.approx(norm.pdf(edge) / norm.sf(edge), abs=0.05)
    assert calls < 200 * 2000


def test_a_cell_out_of_reach_is_given_up() -> None:
    ends = settled(1, PLACES[:5], SIZE, lambda z, chains: np.full(len(z), -50.0))
    assert ends.shape == (5, SIZE)


def test_a_chain_does_not_depend_on_the_others() -> None:
    together = settled(9, PLACES[:20], SIZE, above(2.0))
    alone = settled(9, PLACES[7:8], SIZE, above(2.0))
    assert np.array_equal(together[7], alone[0])
    assert not np.array_equal(settled(9, [(7, 1)], SIZE, above(2.0))[0], alone[0])
    assert not np.array_equal(settled(8, PLACES[7:8], SIZE, above(2.0))[0], alone[0])
