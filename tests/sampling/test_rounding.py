"""Tables of any shape, full or sparse, round with exact margins and every cell within one."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.errors import SpecError
from pipeline.sampling.rounding import OutOfTime, _by_exchange, apportion, controlled_rounding


@st.composite
def tables(draw: st.DrawFn) -> NDArray[np.float64]:
    """Tables with a whole sum, up to four axes, some with most cells empty."""
    shape = draw(st.lists(st.integers(1, 5), min_size=0, max_size=4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kept = rng.random(shape) < draw(st.sampled_from([1, 0.6]))
    weights = np.asarray(rng.exponential(size=shape) * kept) + 1e-3 * (np.sum(kept) == 0)
    count = draw(st.integers(1, 200) | st.integers(1, 10**8))
    return np.asarray(weights / weights.sum() * count)


@settings(max_examples=200, deadline=None)
@given(tables())
def test_margins_are_exact_and_cells_within_one(exact: NDArray[np.float64]) -> None:
    whole = controlled_rounding(exact)
    count = round(float(exact.sum()))
    assert whole.dtype == np.int64
    assert whole.shape == exact.shape
    assert whole.sum() == count
    assert whole.min() >= 0
    assert np.abs(whole - exact).max() <= 1 + 1e-6
    for axis in range(exact.ndim):
        others = tuple(i for i in range(exact.ndim) if i != axis)
        assert (whole.sum(others) == apportion(exact.sum(others), count)).all()


@pytest.mark.parametrize(("count", "whole"), [(10, [3, 3, 4]), (1, [0, 0, 1]), (100, [30, 30, 40])])
def test_apportioning_gives_the_rest_to_the_largest_fraction(count: int, whole: list[int]) -> None:
    assert apportion(np.array([0.3, 0.3, 0.4]) * count, count).tolist() == whole


def test_whole_tables_stay_as_they_are() -> None:
    exact = np.arange(24.0).reshape(2, 3, 4)
    assert (controlled_rounding(exact) == exact).all()


def test_exchanges_that_run_dry_are_left_to_the_programme() -> None:
    exact = np.zeros((5, 5))
    for row, columns in enumerate(((0, 3), (2, 4), (0, 1), (3, 4), (1, 2))):
        exact[row, columns] = 0.5
    assert _by_exchange(exact, [np.ones(5, np.int64)] * 2) is None
    whole = controlled_rounding(exact)
    assert (whole.sum(0) == 1).all()
    assert (whole.sum(1) == 1).all()
    assert not whole[exact == 0].any()


def test_an_empty_cell_is_filled_only_where_no_table_exists_without_it() -> None:
    exact = np.zeros((2, 2, 2))
    for cell in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)):
        exact[cell] = 0.5
    whole = controlled_rounding(exact)
    assert whole.sum() == 2
    assert all((whole.sum(axes) == 1).all() for axes in ((0, 1), (0, 2), (1, 2)))
    # Where there are no empty cells those at a whole number move, but not below the least.
    for least in (0, 2):
        more = controlled_rounding(exact + 2, least)
        assert np.abs(more - exact - 2).max() <= 1
        assert more.min() >= least
        assert all((more.sum(axes) == 9).all() for axes in ((0, 1), (0, 2), (1, 2)))


def test_rows_of_large_tables_are_not_filled_in_order() -> None:
    """Ties are broken at even steps: any two axes together are balanced too."""
    whole = controlled_rounding(np.full((10, 10, 50), 0.2))
    pairs = whole.sum(2)
    assert pairs.min() >= 9
    assert pairs.max() <= 11


def test_what_cannot_be_rounded_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        success = False

    monkeypatch.setattr("pipeline.sampling.rounding._by_exchange", lambda *_: None)
    monkeypatch.setattr("pipeline.sampling.rounding.milp", lambda *_, **__: Nothing)
    with pytest.raises(SpecError, match="balance: no whole numbers of faces in 2 cells"):
        controlled_rounding(np.array([0.5, 0.5]))


def test_a_table_that_is_hard_to_round_is_given_up_when_its_time_is_over() -> None:
    rng, bins = np.random.default_rng(0), 120
    exact = np.zeros((bins, bins, bins))
    cells = [np.concatenate([rng.permutation(bins) for _ in range(4)]) for _ in range(3)]
    np.add.at(exact, tuple(cells), 1 / 4)  # sparse and uneven: the programme searches long
    with pytest.raises(OutOfTime, match="found in time"):
        controlled_rounding(exact, until=time.monotonic() + 3)
