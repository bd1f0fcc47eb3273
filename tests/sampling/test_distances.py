"""Distances are nil of equal tables, bounded, and agree with worked examples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sampling.distances import (
    fairness_discrepancy,
    jensen_shannon,
    max_min_ratio,
    total_variation,
)

HALF = np.array([0.5, 0.5])


def test_worked_examples() -> None:
    assert np.isclose(total_variation(np.array([0.42, 0.58]), HALF), 0.08)
    assert np.isclose(fairness_discrepancy(np.array([0.8, 0.2]), HALF), np.sqrt(2) * 0.3)
    assert np.isclose(max_min_ratio(np.array([0.42, 0.03, 0.55]), np.full(3, 1 / 3)), 0.55 / 0.03)
    # 1/2 KL(p|m) + 1/2 KL(q|m) with p = [1, 0], q = m + (m - p) = [1/2, 1/2], m = [3/4, 1/4]
    known = 0.5 * np.log2(4 / 3) + 0.5 * (0.5 * np.log2(2 / 3) + 0.5 * np.log2(2))
    assert np.isclose(jensen_shannon(np.array([1.0, 0.0]), HALF), known)


def test_tables_that_share_no_cell_are_furthest() -> None:
    one, other = np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 1.0]])
    assert total_variation(one, other) == jensen_shannon(one, other) == 1
    assert np.isclose(fairness_discrepancy(one, other), np.sqrt(2))


def test_a_ratio_is_of_what_was_wanted_and_infinite_where_a_wanted_cell_is_empty() -> None:
    assert np.isclose(max_min_ratio(np.array([0.6, 0.4, 0.0]), np.array([0.6, 0.4, 0.0])), 1)
    assert max_min_ratio(np.array([1.0, 0.0]), HALF) == np.inf


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9))
def test_distances_of_many_tables_are_bounded_symmetric_and_blind_to_order(
    seed: int, cells: int
) -> None:
    rng = np.random.default_rng(seed)
    tables, target = rng.dirichlet(np.full(cells, 0.3), 4), rng.dirichlet(np.ones(cells))
    order = rng.permutation(cells)
    for distance, most in (
        (total_variation, 1),
        (jensen_shannon, 1),
        (fairness_discrepancy, np.sqrt(2)),
    ):
        found = distance(tables, target)
        assert found.shape == (4,)
        assert ((found > 0) & (found <= most)).all()
        assert np.allclose(found, [distance(target, table) for table in tables])
        assert np.allclose(found, distance(tables[:, order], target[order]))
        assert np.isclose(distance(target, target), 0)


def test_tables_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        total_variation(HALF, np.full(3, 1 / 3))
